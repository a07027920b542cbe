#include "policy/budget.h"

#include <benchmark/benchmark.h>

namespace tenon::policy {
namespace {

/// What each host call pays: in a call of its own (0), and below that many others.
void charge_host_call(benchmark::State& state) {
  auto budget = Budget::create({.host_calls = UINT64_MAX - 1});
  for (int64_t i = 0; i < state.range(0); ++i) budget = *Budget::create_sub(budget, {});
  for (auto _ : state) benchmark::DoNotOptimize(budget->charge_host_call());
}
BENCHMARK(charge_host_call)->Arg(0)->Arg(1)->Arg(3);

void charge_bytes(benchmark::State& state) {
  auto budget = Budget::create({.bytes_out = UINT64_MAX - 1});
  for (auto _ : state) benchmark::DoNotOptimize(budget->charge_out(1));
}
BENCHMARK(charge_bytes);

void open_and_close_handle(benchmark::State& state) {
  auto budget = Budget::create({.handles = 100});
  for (auto _ : state) {
    benchmark::DoNotOptimize(budget->open_handle());
    budget->close_handle();
  }
}
BENCHMARK(open_and_close_handle);

void create_sub_budget(benchmark::State& state) {
  auto budget = Budget::create({});
  for (auto _ : state) benchmark::DoNotOptimize(Budget::create_sub(budget, {}));
}
BENCHMARK(create_sub_budget);

}  // namespace
}  // namespace tenon::policy
