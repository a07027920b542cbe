// `tenon_bench_wasi GUESTS PROGRAMS WORK URL`: as `tenon_bench` (main.cpp), the rows of WASI and policy. A program of its own, so that the others' memory is
// that of the component runtime alone. `tenon_bench_wasi serve` is the server of wasi.http.
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "http_server.h"
#include "wasi.h"

int main(int argc, char** argv) {
  using namespace tenon::bench;
  if (argc == 2 && argv[1] == std::string_view("serve")) return serve_http();
  if (argc != 5) {
    std::cerr << "usage: tenon_bench_wasi GUESTS PROGRAMS WORK URL, or tenon_bench_wasi serve\n";
    return 2;
  }
  const WasiGuests guests{.guests = {.directory = argv[1], .big = {}, .engine = must(tenon::Engine::create(config(usual)), "engine")},
                          .programs = argv[2],
                          .work = argv[3],
                          .url = argv[4]};
  std::cout << settings_json() << std::endl;
  std::string row;
  while (std::getline(std::cin, row)) {
    std::optional<double> value = run_wasi(guests, row);
    if (!value) value = run_policy(guests, row);
    nlohmann::json answer{{"row", row}, {"value", nullptr}};
    if (value) answer["value"] = *value;
    std::cout << answer.dump() << std::endl;
  }
  return 0;
}
