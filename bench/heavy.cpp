// Rows `compile.12mb`, `load.12mb` and `meter.*`.
#include <sys/stat.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "guests.h"
#include "tenon/typed.h"
#include "timing.h"

namespace tenon::bench {

namespace {

std::string read_file(const std::filesystem::path& path) {
  std::ifstream input(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(input), std::istreambuf_iterator<char>()};
}

double time_create(const Engine& engine, std::string_view bytes) {
  const auto start = Clock::now();
  keep(must(Component::create(engine, std::as_bytes(std::span(bytes))), "the big component"));
  return milliseconds_since(start);
}

/// From the product's cache: the component is hashed, its code read, checked and mapped.
double load(const Guests& guests) {
  EngineConfig cached = config(usual);
  cached.cache_folder = guests.big.parent_path() / "compile-cache";
  const Engine engine = must(Engine::create(cached), "engine with a cache");
  const std::string bytes = read_file(guests.big);
  time_create(engine, bytes);  // fills the cache the first time
  std::vector<double> times;
  for (int i = 0; i < 5; i++) times.push_back(time_create(engine, bytes));
  return median(std::move(times));
}

double guest_loop(const Guests& guests, Meter meter, std::string_view name) {
  const Engine engine = must(Engine::create(config(meter)), "engine");
  const auto store = make_store(engine, meter);
  const Component component = load_component(engine, guests.directory / "meter.wat");
  const Instance instance = must(Linker(engine).instantiate(*store, component), "meter.wat");
  if (name == "spin") {
    const auto func = must(instance.get_func<void(uint32_t)>(name), name);
    return nanoseconds([&](uint32_t n) { must(func.call(n), name); });
  }
  const auto func = must(instance.get_func<uint64_t(uint32_t)>(name), name);
  return nanoseconds([&](uint32_t n) { keep(must(func.call(n), name)); });
}

double meter(const Guests& guests, Meter on, std::string_view name) {
  return guest_loop(guests, on, name) / guest_loop(guests, {.epoch = false, .fuel = false}, name);
}

}  // namespace

std::optional<double> run_heavy(const Guests& guests, std::string_view row) {
  constexpr Meter epoch = {.epoch = true, .fuel = false};
  constexpr Meter fuel = {.epoch = false, .fuel = true};
  if (row == "compile.12mb") return time_create(guests.engine, read_file(guests.big));
  if (row == "load.12mb") return load(guests);
  if (row == "meter.epoch") return meter(guests, epoch, "spin");
  if (row == "meter.epoch.multiply") return meter(guests, epoch, "multiply");
  if (row == "meter.fuel") return meter(guests, fuel, "spin");
  if (row == "meter.fuel.multiply") return meter(guests, fuel, "multiply");
  return std::nullopt;
}

}  // namespace tenon::bench
