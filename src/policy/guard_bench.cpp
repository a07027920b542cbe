#include "policy/guard.h"

#include <benchmark/benchmark.h>

#include <string>
#include <vector>

namespace tenon::policy {
namespace {

/// 64 grants of one access, the one that matches at the end.
Guard guard_of(const std::string& before, const std::string& after) {
  std::vector<std::string> grants;
  for (int i = 0; i < 64; ++i) grants.push_back(before + std::to_string(i) + after);
  return Guard(*Rules::from_grants(grants), Budget::create({}));
}

void path_tree(benchmark::State& state) {
  Guard guard = guard_of("filesystem:read:/data/project", "/**");
  for (auto _ : state) benchmark::DoNotOptimize(guard.allow_path(Access::FilesystemRead, "/data/project63/src/policy/guard.cpp"));
}
BENCHMARK(path_tree);

void path_glob(benchmark::State& state) {
  Guard guard = guard_of("filesystem:read:/data/**/project", "/*.cpp");
  for (auto _ : state) benchmark::DoNotOptimize(guard.allow_path(Access::FilesystemRead, "/data/x/project63/guard.cpp"));
}
BENCHMARK(path_glob);

void path_denied(benchmark::State& state) {
  Guard guard = guard_of("filesystem:read:/data/project", "/**");
  for (auto _ : state) benchmark::DoNotOptimize(guard.allow_path(Access::FilesystemRead, "/data/project64/src/policy/guard.cpp"));
}
BENCHMARK(path_denied);

/// More distinct paths than are told one by one.
void path_many(benchmark::State& state) {
  Guard guard = guard_of("filesystem:read:/data/project", "/**");
  std::vector<std::string> paths;
  for (int i = 0; i < 1000; ++i) paths.push_back("/data/project63/src/file" + std::to_string(i) + ".cpp");
  size_t next = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(guard.allow_path(Access::FilesystemRead, paths[next]));
    next = next + 1 == paths.size() ? 0 : next + 1;
  }
}
BENCHMARK(path_many);

void address_by_name(benchmark::State& state) {
  Guard guard = guard_of("network:outbound:api", ".example.com:443");
  const IpAddress address = *parse_address("93.184.216.34");
  guard.note_resolved("api63.example.com", address);
  for (auto _ : state) benchmark::DoNotOptimize(guard.allow_address(Access::NetworkOutbound, Transport::Tcp, address, 443));
}
BENCHMARK(address_by_name);

void http(benchmark::State& state) {
  Guard guard = guard_of("http:GET:https://api.example.com/v", "");
  for (auto _ : state) benchmark::DoNotOptimize(guard.allow_http({"GET", "https", "api.example.com", 443, "/v63/models/list"}));
}
BENCHMARK(http);

void no_target(benchmark::State& state) {
  Guard guard = guard_of("env:read:A", "");
  for (auto _ : state) benchmark::DoNotOptimize(guard.allow(Access::ClockMonotonic));
}
BENCHMARK(no_target);

}  // namespace
}  // namespace tenon::policy
