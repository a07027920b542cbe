// `tenon_bench GUESTS BIG.wasm` prints its settings as a line of JSON, then reads names of rows, one a line, and answers each with
// `{"row": …, "value": …}`, as its peer does (peer/src/main.rs), so that run.py can let both take turns.
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "guests.h"

int main(int argc, char** argv) {
  using namespace tenon::bench;
  if (argc != 3) {
    std::cerr << "usage: tenon_bench GUESTS BIG.wasm\n";
    return 2;
  }
  const Guests guests{.directory = argv[1], .big = argv[2], .engine = must(tenon::Engine::create(config(usual)), "engine")};
  std::cout << settings_json() << std::endl;
  std::string row;
  while (std::getline(std::cin, row)) {
    std::optional<double> value = run_calls(guests, row);
    if (!value) value = run_resources(guests, row);
    if (!value) value = run_start(guests, row);
    if (!value) value = run_heavy(guests, row);
    nlohmann::json answer{{"row", row}, {"value", nullptr}};
    if (value) answer["value"] = *value;
    std::cout << answer.dump() << std::endl;
  }
  return 0;
}
