#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "tenon/result.h"

namespace tenon::policy {

/// What a call may spend. What is absent is not limited by this budget.
struct BudgetLimits {
  std::optional<std::chrono::nanoseconds> time;
  std::optional<uint64_t> fuel;
  /// Over all linear memories together.
  std::optional<uint64_t> memory_bytes;
  std::optional<uint64_t> table_elements;
  std::optional<uint32_t> tables;
  std::optional<uint32_t> instances;
  /// Bytes that the guest reads from and writes to files, streams and sockets.
  std::optional<uint64_t> bytes_in;
  std::optional<uint64_t> bytes_out;
  std::optional<uint64_t> host_calls;
  /// Handles of the host's resources that live at a time.
  std::optional<uint32_t> handles;
  std::optional<uint32_t> sub_calls;
  std::optional<uint32_t> depth;
};

/// A call's budget: one node of a tree. What a call spends is charged to all budgets above it; a sub-call gets at most what is left of its parent. The charges
/// may come from several threads (sub-calls that run side by side).
class Budget final {
 public:
  static std::shared_ptr<Budget> create(const BudgetLimits& limits);
  /// A budget for a sub-call. Errors: `LimitExceeded` when sub-calls or depth are used up, naming the limit.
  static Result<std::shared_ptr<Budget>> create_sub(const std::shared_ptr<Budget>& parent, const BudgetLimits& limits);

  /// Each charges this budget and those above it. Errors: `LimitExceeded`, naming the limit and its number; what was charged stays charged.
  Result<> charge_host_call();
  Result<> charge_in(uint64_t bytes);
  Result<> charge_out(uint64_t bytes);
  Result<> charge_fuel(uint64_t units);
  Result<> open_handle();
  void close_handle();

  /// How many of `bytes` may still be read or written before a limit is reached: reads and writes are cut to it, so that the last one ends exactly there.
  uint64_t left_in() const;
  uint64_t left_out() const;

  /// Absolute, the earliest of this budget's and its parents'.
  std::optional<std::chrono::steady_clock::time_point> deadline() const;
};

}  // namespace tenon::policy
