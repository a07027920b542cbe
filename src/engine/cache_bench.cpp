#include "engine/cache.h"

#include <benchmark/benchmark.h>
#include <stdlib.h>

#include <initializer_list>
#include <string>
#include <vector>

#include "engine/test_guests.h"

namespace tenon::engine {
namespace {

using Bytes = std::vector<std::byte>;

void append(Bytes& bytes, std::initializer_list<int> values) {
  for (int value : values) bytes.push_back(static_cast<std::byte>(value));
}

void append_size(Bytes& bytes, size_t value) {
  for (; value >= 0x80; value >>= 7) bytes.push_back(static_cast<std::byte>((value & 0x7f) | 0x80));
  bytes.push_back(static_cast<std::byte>(value));
}

void append_section(Bytes& module, int id, const Bytes& body) {
  append(module, {id});
  append_size(module, body.size());
  module.insert(module.end(), body.begin(), body.end());
}

/// A module of about 30 MB of machine code: 40,000 functions that mix loads into a number, each a little different.
Bytes large_module() {
  constexpr size_t functions = 40'000;
  Bytes module;
  append(module, {0, 'a', 's', 'm', 1, 0, 0, 0});
  Bytes types;
  append(types, {1, 0x60, 2, 0x7f, 0x7f, 1, 0x7f});
  append_section(module, 1, types);
  Bytes declared;
  append_size(declared, functions);
  declared.resize(declared.size() + functions);
  append_section(module, 3, declared);
  Bytes memory;
  append(memory, {1, 0, 1});
  append_section(module, 5, memory);
  Bytes code;
  append_size(code, functions);
  for (size_t i = 0; i < functions; ++i) {
    Bytes body;
    append(body, {0});
    for (int step = 0; step < 24; ++step) append(body, {0x20, 0, 0x20, 1, 0x28, 2, step * 4, 0x6a, 0x41, static_cast<int>(i % 31 + 1), 0x77, 0x21, 0});
    append(body, {0x20, 0, 0x0b});
    append_size(code, body.size());
    code.insert(code.end(), body.begin(), body.end());
  }
  append_section(module, 10, code);
  return module;
}

void load_30mb(benchmark::State& state) {
  std::string folder = std::filesystem::temp_directory_path() / "tenon-cache-bench-XXXXXX";
  if (mkdtemp(folder.data()) == nullptr) return state.SkipWithError("no folder");
  Engine engine = make_engine();
  auto cache = *CodeCache::open(folder, uint64_t{1} << 30);
  core::Module module = *core::Module::create(engine, large_module());
  CacheKey key = CodeCache::key(engine, "bench", {});
  if (!cache->save(key, "bench", {}, std::span(&module, 1))) state.SkipWithError("not saved");
  state.counters["code_bytes"] = static_cast<double>(module.code_bytes());
  for (auto _ : state) {
    auto entry = cache->load(engine, key);
    if (!entry) state.SkipWithError("not loaded");
    benchmark::DoNotOptimize(entry);
  }
  std::filesystem::remove_all(folder);
}
BENCHMARK(load_30mb)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace tenon::engine
