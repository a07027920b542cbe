#pragma once

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "tenon/component.h"
#include "tenon/engine.h"
#include "tenon/instance.h"
#include "tenon/linker.h"
#include "tenon/result.h"
#include "tenon/store.h"

namespace tenon::bench {

/// What the engine counts; everything else is the same for all rows (peer/src/settings.rs).
struct Meter {
  bool epoch = true;
  bool fuel = false;
};

/// What every row but `meter.*` runs with.
inline constexpr Meter usual = {};

inline constexpr uint32_t pool_instances = 2'000;
inline constexpr uint64_t pool_memory_bytes = uint64_t{64} << 20;
inline constexpr uint64_t keep_resident_bytes = 16 << 10;
inline constexpr uint64_t table_elements = 20'000;

/// A benchmark cannot go on after a failure: says it and ends.
template <class T>
T must(Result<T> result, std::string_view what) {
  if (!result) {
    std::fprintf(stderr, "%.*s: %s\n", static_cast<int>(what.size()), what.data(), result.error().message().c_str());
    std::exit(1);
  }
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

EngineConfig config(Meter meter);
std::string settings_json();

/// What host functions of the rows write to: they find it through the store's data pointer.
struct State {
  uint64_t logged = 0;
};

std::unique_ptr<Store> make_store(const Engine& engine, Meter meter);
Component load_component(const Engine& engine, const std::filesystem::path& file);

/// Where the guests are, and the engine of all rows but `meter.*`.
struct Guests {
  std::filesystem::path directory;
  std::filesystem::path big;
  Engine engine;
};

/// A store with one live guest.
struct Live {
  std::unique_ptr<Store> store;
  Instance instance;

  Live(const Guests& guests, std::string_view file, const Linker& linker)
      : store(make_store(guests.engine, usual)), instance(must(linker.instantiate(*store, load_component(guests.engine, guests.directory / file)), file)) {}
};

// The rows, by the file that has them; nothing when the name is another's.
std::optional<double> run_calls(const Guests& guests, std::string_view row);
std::optional<double> run_resources(const Guests& guests, std::string_view row);
std::optional<double> run_start(const Guests& guests, std::string_view row);
std::optional<double> run_heavy(const Guests& guests, std::string_view row);

}  // namespace tenon::bench
