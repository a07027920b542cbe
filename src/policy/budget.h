#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string_view>

#include "tenon/policy.h"
#include "tenon/result.h"

namespace tenon::policy {

/// One limit of a budget, in the order of `BudgetLimits`.
enum class Limit : uint8_t { Time, Fuel, MemoryBytes, TableElements, Tables, Memories, Instances, BytesIn, BytesOut, HostCalls, Handles, SubCalls, Depth };
inline constexpr size_t limit_count = 13;

/// As in messages and JSON: "host-calls".
std::string_view to_string(Limit limit);

/// A call's budget: one node of a tree. What a call spends is charged to all budgets above it; a sub-call gets at most what is left of its parent.
///
/// Threads: each budget is charged by the thread of its call, sub-budgets by threads of their own side by side; the first sub-budget is made by the thread
/// that charges its parent. The figures (`spent`, `left`, `peak`) may be asked from any thread. A charge to a budget with
/// none above it and none below is one plain step, otherwise one atomic step for each.
class Budget final {
  struct Private {
    explicit Private() = default;
  };

 public:
  /// What `left` answers where nothing is limited.
  static constexpr uint64_t unlimited = std::numeric_limits<uint64_t>::max();

  /// The time begins to run here.
  static std::shared_ptr<Budget> create(const BudgetLimits& limits);
  /// A budget for a sub-call. Errors: `LimitExceeded` when sub-calls or depth are used up, naming the limit.
  static Result<std::shared_ptr<Budget>> create_sub(const std::shared_ptr<Budget>& parent, const BudgetLimits& limits);
  Budget(Private, const BudgetLimits& limits, std::shared_ptr<Budget> parent);
  /// Gives back to those above what is still held: handles, memory, table elements.
  ~Budget();
  Budget(const Budget&) = delete;
  Budget& operator=(const Budget&) = delete;

  /// Each charges this budget and those above it. Errors: `LimitExceeded`, naming the limit and its number. A host call or handle that is refused counts
  /// nowhere; of bytes and fuel that go over a limit those up to it count, so that no count is higher than a limit that it has. Nothing wraps.
  Result<> charge_host_call() {
    if (count_one(Limit::HostCalls)) [[likely]]
      return {};
    return refuse(Limit::HostCalls);
  }
  Result<> charge_in(uint64_t bytes) { return charge(Limit::BytesIn, bytes); }
  Result<> charge_out(uint64_t bytes) { return charge(Limit::BytesOut, bytes); }
  Result<> charge_fuel(uint64_t units) { return charge(Limit::Fuel, units); }
  Result<> open_handle() {
    if (count_one(Limit::Handles)) [[likely]]
      return {};
    return refuse(Limit::Handles);
  }
  void close_handle();

  /// How many of `bytes` may still be read or written before a limit is reached: reads and writes are cut to it, so that the last one ends exactly there.
  uint64_t left_in() const { return left(Limit::BytesIn); }
  uint64_t left_out() const { return left(Limit::BytesOut); }

  /// Sets aside up to `wanted` units of fuel of this budget and those above, for a store that counts them down by itself: what one call has taken, another
  /// cannot. The answer is how many were taken; `settle_fuel` tells how many of them were spent and gives back the others.
  uint64_t take_fuel(uint64_t wanted = unlimited);
  void settle_fuel(uint64_t taken, uint64_t spent);

  /// Tells how much the call's store holds now, in place of what was told before. Its limits are the store's to keep; here it lowers what sub-calls get.
  void hold_memory(uint64_t bytes) { hold(Limit::MemoryBytes, bytes); }
  void hold_table_elements(uint64_t elements) { hold(Limit::TableElements, elements); }

  /// Absolute, the earliest of this budget's and its parents'.
  std::optional<std::chrono::steady_clock::time_point> deadline() const { return deadline_; }

  /// What this budget and those above leave: for `Time` nanoseconds until the deadline, for `Tables`, `Memories` and `Instances` the lowest limit; `unlimited`
  /// when none of them limits it.
  uint64_t left(Limit limit) const;
  /// What the call and its sub-calls have spent, or hold now (memory, table elements, handles); for `Time` nanoseconds since the budget was made, for
  /// `Depth` how deep it lies itself. `Tables`, `Memories` and `Instances` are counted by stores, 0 here.
  uint64_t spent(Limit limit) const;
  /// For memory, table elements and handles the most that was held at a time; for the others as `spent`.
  uint64_t peak(Limit limit) const;
  /// This budget's own limit, without those above it.
  std::optional<uint64_t> limit(Limit limit) const;

  /// The limit that a charge to this budget was refused for last, its own or one above it.
  std::optional<Limit> refused() const {
    const uint8_t limit = refused_.load(std::memory_order_relaxed);
    return limit < limit_count ? std::optional(static_cast<Limit>(limit)) : std::nullopt;
  }

  const Budget* parent() const { return parent_.get(); }

 private:
  using Counter = std::atomic<uint64_t>;
  static size_t index(Limit limit) { return static_cast<size_t>(limit); }
  Counter& counter(Limit limit) { return spent_[index(limit)]; }

  /// One more of `limit` here and above, or nothing anywhere.
  bool count_one(Limit limit) {
    if (shared_.load(std::memory_order_relaxed)) [[unlikely]]
      return count_one_shared(limit);
    Counter& own = counter(limit);
    const uint64_t before = own.load(std::memory_order_relaxed);
    if (before >= limits_[index(limit)]) [[unlikely]]
      return false;
    if (parent_ != nullptr && !parent_->count_one_shared(limit)) [[unlikely]]
      return false;
    own.store(before + 1, std::memory_order_relaxed);
    if (limit == Limit::Handles) note_peak(limit, before + 1);
    return true;
  }
  bool count_one_shared(Limit limit);
  Result<> charge(Limit limit, uint64_t amount) {
    if (parent_ == nullptr && !shared_.load(std::memory_order_relaxed)) [[likely]] {
      Counter& own = counter(limit);
      const uint64_t before = own.load(std::memory_order_relaxed);
      if (const uint64_t most = limits_[index(limit)]; before <= most && amount <= most - before) [[likely]] {
        own.store(before + amount, std::memory_order_relaxed);
        return {};
      }
    }
    if (count_up_to(limit, amount) == amount) [[likely]]
      return {};
    return refuse(limit);
  }
  /// Counts as much of `amount` here and above as all of the limits leave, and answers how much that is. What nothing limits never lacks room.
  uint64_t count_up_to(Limit limit, uint64_t amount);
  uint64_t add_shared(Limit limit, uint64_t amount);
  void subtract(Limit limit, uint64_t amount);
  void note_peak(Limit limit, uint64_t now) {
    Counter& peak = peaks_[index(limit)];
    uint64_t known = peak.load(std::memory_order_relaxed);
    while (now > known && !peak.compare_exchange_weak(known, now, std::memory_order_relaxed)) {
    }
  }
  void hold(Limit limit, uint64_t amount);
  /// The error for a limit that this budget or one above it has reached.
  [[gnu::cold, gnu::noinline]] std::unexpected<Error> refuse(Limit limit) const;

  std::array<uint64_t, limit_count> limits_;
  /// Has sub-budgets, which charge it from their threads.
  std::atomic<bool> shared_ = false;
  const std::shared_ptr<Budget> parent_;
  std::array<Counter, limit_count> spent_{};
  std::array<Counter, limit_count> peaks_{};
  /// What this call's own store holds, of what is held by the whole tree below.
  std::array<uint64_t, limit_count> held_{};
  mutable std::atomic<uint8_t> refused_ = limit_count;
  std::chrono::steady_clock::time_point start_;
  std::optional<std::chrono::steady_clock::time_point> deadline_;
};

}  // namespace tenon::policy
