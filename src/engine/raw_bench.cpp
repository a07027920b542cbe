#include "engine/raw.h"

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <string>

#include "engine/test_guests.h"

namespace tenon::engine {
namespace {

EngineConfig pooled() {
  EngineConfig config;
  config.allocation = Allocation::Pooled;
  return config;
}

void call_nop(benchmark::State& state) {
  Guest guest("(module (func (export \"nop\")))", pooled());
  auto nop = guest.get<void()>("nop");
  for (auto _ : state) benchmark::DoNotOptimize(nop.call());
}
BENCHMARK(call_nop);

void call_add(benchmark::State& state) {
  Guest guest("(module (func (export \"add\") (param i32 i32) (result i32) local.get 0 local.get 1 i32.add))", pooled());
  auto add = guest.get<int32_t(int32_t, int32_t)>("add");
  for (auto _ : state) benchmark::DoNotOptimize(add.call(1, 2));
}
BENCHMARK(call_add);

void read_memory_view(benchmark::State& state) {
  Guest guest("(module (memory (export \"m\") 1))", pooled());
  auto memory = *guest.instance.get_memory("m");
  for (auto _ : state) benchmark::DoNotOptimize(memory.data());
}
BENCHMARK(read_memory_view);

tn_error* answer(void*, void*, tn_context*, tn_val* values, size_t) noexcept {
  values[0].i32 = 1;
  return nullptr;
}

/// `count` host functions of one type, and a module that imports them all beside `extra` and calls the first.
struct Imports {
  explicit Imports(size_t count, std::string_view extra) : engine(make_engine(pooled())), module(make_module(engine, text(count, extra))) {
    constexpr uint8_t i32 = TN_TYPE_I32;
    std::vector<tn_host_definition> definitions(count, {.params = {&i32, 1}, .results = {&i32, 1}, .function = answer, .env = nullptr});
    tn_host_set* made = nullptr;
    if (tn_host_set_new(raw(engine), definitions.data(), count, &made) == nullptr) set.reset(made);
    for (uint32_t i = 0; i < count; ++i) {
      indices.push_back(i);
      tn_extern import{};
      import.kind = TN_HOST_FUNC;
      import.of.index = i;
      imports.push_back(import);
    }
  }

  static std::string text(size_t count, std::string_view extra) {
    std::string module = "(module";
    for (size_t i = 0; i < count; ++i) module += fmt::format("(import \"h\" \"f{}\" (func $f{} (param i32) (result i32)))", i, i);
    return module + fmt::format("{} (memory 1) (func (export \"run\") (result i32) (call $f0 (i32.const 1))))", extra);
  }

  Engine engine;
  core::Module module;
  OwnedHostSet set;
  std::vector<uint32_t> indices;
  std::vector<tn_extern> imports;
};

void run(benchmark::State& state, Store& store, const core::Module& module, const tn_instance& instance) {
  auto item = get_export(store, instance, module, 0);
  tn_val value{};
  if (!item || !call(store, item->of.func, &value, 1)) state.SkipWithError("the guest failed");
}

void host_call(benchmark::State& state) {
  Imports setup(1, "");
  auto store = *Store::create(setup.engine);
  tn_instance instance = *instantiate(*store, setup.module, setup.set.get(), {}, setup.imports);
  tn_func func = get_export(*store, instance, setup.module, 0)->of.func;
  tn_val value{};
  for (auto _ : state) benchmark::DoNotOptimize(call(*store, func, &value, 1));
}
BENCHMARK(host_call);

void store_alone(benchmark::State& state) {
  Engine engine = make_engine(pooled());
  for (auto _ : state) benchmark::DoNotOptimize(Store::create(engine));
}
BENCHMARK(store_alone);

void start_prepared(benchmark::State& state) {
  Imports setup(static_cast<size_t>(state.range(0)), "");
  tn_instance_pre* made = nullptr;
  if (tn_instance_pre_new(raw(setup.module), setup.set.get(), setup.indices.data(), setup.indices.size(), &made) != nullptr)
    return state.SkipWithError("not prepared");
  OwnedInstancePre pre(made);
  for (auto _ : state) {
    auto store = *Store::create(setup.engine);
    run(state, *store, setup.module, *instantiate(*store, setup.module, *pre));
  }
}
BENCHMARK(start_prepared)->Arg(1)->Arg(40);

void start_mixed(benchmark::State& state) {
  Imports setup(static_cast<size_t>(state.range(0)), "(import \"h\" \"flags\" (global (mut i32)))");
  for (auto _ : state) {
    auto store = *Store::create(setup.engine);
    tn_extern global{};
    global.kind = TN_GLOBAL;
    tn_val one{};
    if (tn_global_new(context_of(*store), TN_TYPE_I32, 1, one, &global.of.global) != nullptr) state.SkipWithError("no global");
    std::vector<tn_extern> imports = setup.imports;
    imports.push_back(global);
    run(state, *store, setup.module, *instantiate(*store, setup.module, setup.set.get(), {}, imports));
  }
}
BENCHMARK(start_mixed)->Arg(1)->Arg(40);

}  // namespace
}  // namespace tenon::engine
