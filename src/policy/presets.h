#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "policy/budget.h"
#include "tenon/result.h"

namespace tenon::policy {

/// Limits under a name: Sentinel's `WasmResourceLimits`, with the `WasmAgentConfig` that goes with them. `strict` has no configuration of its own there and
/// takes the default one.
///
/// Sentinel's `max_tables` and `max_memories` count for each core instance here. A component is made of several core modules (its own, adapters, shims), and
/// counted over the whole store one table would refuse ordinary components.
struct Preset {
  std::string_view name;
  BudgetLimits limits;
  /// Sentinel's `max_function_size`. It measures files by ten times that: what is larger is not loaded.
  uint64_t function_bytes_max = 0;
  uint64_t component_bytes_max = 0;
  bool fuel_enabled = true;
  /// Whether guests can be ended from outside; without it fuel alone ends a busy loop.
  bool epoch_enabled = true;
  std::chrono::microseconds epoch_tick_interval{1000};
  bool cache_enabled = true;
  /// Instances that live at a time.
  uint32_t instances_max = 0;
};

/// `default`, `minimal`, `strict`, `high_performance`.
std::span<const Preset> presets();
/// Error: `NotFound` for another name, listing these.
Result<Preset> find_preset(std::string_view name);

/// Sets one limit by its name in a file, from its text: `set_limit(limits, "memory-limit", "256MB")`. The names are those of `to_string(Limit)`, for memory
/// also `memory`, for time and memory also AirsSys's `execution-timeout` and `memory-limit`, and Sentinel's `max_memory`, `max_execution_time`, `max_fuel`,
/// `max_table_elements`, `max_tables` and `max_memories`.
///
/// Errors: `NotFound` for another name; `InvalidInput` for text that is no such quantity or is too large for the limit, naming both.
Result<> set_limit(BudgetLimits& limits, std::string_view name, std::string_view text);

/// Where both limit something, the lower value holds.
BudgetLimits lower_of(const BudgetLimits& one, const BudgetLimits& other);

/// A line for each limit that is set: "memory-bytes = \"256MiB\"".
std::string to_text(const BudgetLimits& limits);

}  // namespace tenon::policy
