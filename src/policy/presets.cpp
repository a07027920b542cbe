#include "policy/presets.h"

#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <type_traits>
#include <utility>

#include <fmt/format.h>

#include "policy/units.h"

namespace tenon::policy {

namespace {

using namespace std::chrono_literals;

constexpr uint64_t kib = 1024;
constexpr uint64_t mib = 1024 * kib;
/// How many times the size of a function a file may have.
constexpr uint64_t component_factor = 10;

struct Numbers {
  uint64_t memory_bytes;
  std::chrono::nanoseconds time;
  uint64_t fuel;
  uint64_t table_elements;
  uint32_t tables;
  uint32_t memories;
  uint64_t function_bytes;
};
struct Switches {
  bool epoch;
  std::chrono::microseconds tick;
  bool cache;
  uint32_t instances;
};

Preset make(std::string_view name, const Numbers& numbers, const Switches& switches) {
  return {.name = name,
          .limits = {.time = numbers.time,
                     .fuel = numbers.fuel,
                     .memory_bytes = numbers.memory_bytes,
                     .table_elements = numbers.table_elements,
                     .tables = numbers.tables,
                     .memories = numbers.memories},
          .function_bytes_max = numbers.function_bytes,
          .component_bytes_max = component_factor * numbers.function_bytes,
          .fuel_enabled = true,
          .epoch_enabled = switches.epoch,
          .epoch_tick_interval = switches.tick,
          .cache_enabled = switches.cache,
          .instances_max = switches.instances};
}

constexpr Switches default_switches{.epoch = true, .tick = 1ms, .cache = true, .instances = 4};

enum class Form : uint8_t { Duration, Bytes, Count };

struct Name {
  std::string_view text;
  Limit limit;
};

constexpr std::array<Name, 9> other_names = {{{"memory", Limit::MemoryBytes},
                                              {"execution-timeout", Limit::Time},
                                              {"memory-limit", Limit::MemoryBytes},
                                              {"max_execution_time", Limit::Time},
                                              {"max_fuel", Limit::Fuel},
                                              {"max_memory", Limit::MemoryBytes},
                                              {"max_table_elements", Limit::TableElements},
                                              {"max_tables", Limit::Tables},
                                              {"max_memories", Limit::Memories}}};

std::optional<Limit> find_limit(std::string_view name) {
  for (size_t i = 0; i < limit_count; ++i) {
    if (to_string(static_cast<Limit>(i)) == name) return static_cast<Limit>(i);
  }
  const auto found = std::ranges::find(other_names, name, &Name::text);
  return found == other_names.end() ? std::nullopt : std::optional(found->limit);
}

Form form_of(Limit limit) {
  if (limit == Limit::Time) return Form::Duration;
  return limit == Limit::MemoryBytes || limit == Limit::BytesIn || limit == Limit::BytesOut ? Form::Bytes : Form::Count;
}

/// Calls `visit` with each limit and its field, of several sets of limits at once.
template <class Visit, class... Limits>
void for_each(const Visit& visit, Limits&... limits) {
  visit(Limit::Time, limits.time...);
  visit(Limit::Fuel, limits.fuel...);
  visit(Limit::MemoryBytes, limits.memory_bytes...);
  visit(Limit::TableElements, limits.table_elements...);
  visit(Limit::Tables, limits.tables...);
  visit(Limit::Memories, limits.memories...);
  visit(Limit::Instances, limits.instances...);
  visit(Limit::BytesIn, limits.bytes_in...);
  visit(Limit::BytesOut, limits.bytes_out...);
  visit(Limit::HostCalls, limits.host_calls...);
  visit(Limit::Handles, limits.handles...);
  visit(Limit::SubCalls, limits.sub_calls...);
  visit(Limit::Depth, limits.depth...);
}

}  // namespace

std::span<const Preset> presets() {
  static const std::array<Preset, 4> all = {
      make("default", {64 * mib, 100ms, 10'000'000, 10'000, 1, 1, mib}, default_switches),
      make("minimal", {16 * mib, 50ms, 1'000'000, 1'000, 1, 1, 256 * kib}, {.epoch = false, .tick = 10ms, .cache = false, .instances = 1}),
      make("strict", {8 * mib, 10ms, 100'000, 100, 1, 1, 64 * kib}, default_switches),
      make("high_performance", {256 * mib, 500ms, 100'000'000, 100'000, 4, 1, 4 * mib}, {.epoch = true, .tick = 100us, .cache = true, .instances = 8})};
  return all;
}

Result<Preset> find_preset(std::string_view name) {
  std::string names;
  for (const Preset& preset : presets()) {
    if (preset.name == name) return preset;
    names += (names.empty() ? "" : ", ") + std::string(preset.name);
  }
  return fail(ErrorKind::NotFound, fmt::format("there is no preset \"{}\", only {}", name.substr(0, 40), names));
}

Result<> set_limit(BudgetLimits& limits, std::string_view name, std::string_view text) {
  const auto limit = find_limit(name);
  if (!limit) return fail(ErrorKind::NotFound, fmt::format("there is no limit \"{}\"", name.substr(0, 40)));
  uint64_t value = 0;
  if (form_of(*limit) == Form::Duration) {
    auto parsed = parse_duration(text);
    if (!parsed) return std::unexpected(std::move(parsed).error().wrap(name));
    value = static_cast<uint64_t>(parsed->count());
  } else {
    auto parsed = form_of(*limit) == Form::Bytes ? parse_bytes(text) : parse_count(text);
    if (!parsed) return std::unexpected(std::move(parsed).error().wrap(name));
    value = *parsed;
  }
  Result<> done;
  for_each(
      [&](Limit each, auto& field) {
        using Number = typename std::remove_reference_t<decltype(field)>::value_type;
        if (each != *limit) return;
        if constexpr (std::is_same_v<Number, uint32_t>) {
          if (value > std::numeric_limits<uint32_t>::max()) {
            done = fail(ErrorKind::InvalidInput, fmt::format("{}: {} is more than {}", name, value, std::numeric_limits<uint32_t>::max()));
            return;
          }
        }
        field = Number(value);
      },
      limits);
  return done;
}

BudgetLimits lower_of(const BudgetLimits& one, const BudgetLimits& other) {
  BudgetLimits lower = one;
  for_each(
      [](Limit, auto& ours, const auto& theirs) {
        if (theirs && (!ours || *theirs < *ours)) ours = theirs;
      },
      lower, other);
  return lower;
}

std::string to_text(const BudgetLimits& limits) {
  std::string text;
  for_each(
      [&text](Limit limit, const auto& field) {
        if (!field) return;
        if constexpr (std::is_same_v<std::decay_t<decltype(*field)>, std::chrono::nanoseconds>) {
          text += fmt::format("{} = \"{}\"\n", to_string(limit), format_duration(*field));
        } else {
          text += form_of(limit) == Form::Bytes ? fmt::format("{} = \"{}\"\n", to_string(limit), format_bytes(*field))
                                                : fmt::format("{} = {}\n", to_string(limit), *field);
        }
      },
      limits);
  return text;
}

}  // namespace tenon::policy
