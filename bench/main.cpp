// `tenon_bench GUESTS BIG.wasm` prints its settings as a line of JSON, then reads names of rows, one a line, and answers each with
// `{"row": …, "value": …}`, as its peer does (peer/src/main.rs), so that run.py can let both take turns. It reads and writes with C's files: C++'s streams
// would be a part of what `memory.process` finds.
#include <cstdio>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "guests.h"

namespace {

bool read_line(std::string& line) {
  line.clear();
  int character = std::fgetc(stdin);
  if (character == EOF) return false;
  for (; character != EOF && character != '\n'; character = std::fgetc(stdin)) line += static_cast<char>(character);
  return true;
}

void write_line(const std::string& line) {
  std::puts(line.c_str());
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  using namespace tenon::bench;
  if (argc != 3) {
    std::fputs("usage: tenon_bench GUESTS BIG.wasm\n", stderr);
    return 2;
  }
  const Guests guests{.directory = argv[1], .big = argv[2], .engine = must(tenon::Engine::create(config(usual)), "engine")};
  write_line(settings_json());
  std::string row;
  while (read_line(row)) {
    std::optional<double> value = run_calls(guests, row);
    if (!value) value = run_resources(guests, row);
    if (!value) value = run_start(guests, row);
    if (!value) value = run_heavy(guests, row);
    nlohmann::json answer{{"row", row}, {"value", nullptr}};
    if (value) answer["value"] = *value;
    write_line(answer.dump());
  }
  return 0;
}
