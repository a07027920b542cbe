#include "policy/budget.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/check.h"

namespace tenon::policy {

namespace {

using std::chrono::nanoseconds;
using std::chrono::steady_clock;

template <class T>
uint64_t or_unlimited(const std::optional<T>& limit) {
  return limit ? uint64_t{*limit} : Budget::unlimited;
}

uint64_t nanoseconds_of(nanoseconds time) { return static_cast<uint64_t>(std::max(time, nanoseconds(0)).count()); }

/// What is named in a message: "host calls", and what there is of it.
std::string_view words_of(Limit limit) {
  switch (limit) {
    case Limit::Time: return "nanoseconds";
    case Limit::Fuel: return "units of fuel";
    case Limit::MemoryBytes: return "bytes of memory";
    case Limit::TableElements: return "table elements";
    case Limit::Tables: return "tables";
    case Limit::Memories: return "memories";
    case Limit::Instances: return "instances";
    case Limit::BytesIn: return "bytes in";
    case Limit::BytesOut: return "bytes out";
    case Limit::HostCalls: return "host calls";
    case Limit::Handles: return "open handles";
    case Limit::SubCalls: return "sub-calls";
    case Limit::Depth: return "levels of sub-calls";
  }
  return "units";
}

}  // namespace

std::string_view to_string(Limit limit) {
  switch (limit) {
    case Limit::Time: return "time";
    case Limit::Fuel: return "fuel";
    case Limit::MemoryBytes: return "memory-bytes";
    case Limit::TableElements: return "table-elements";
    case Limit::Tables: return "tables";
    case Limit::Memories: return "memories";
    case Limit::Instances: return "instances";
    case Limit::BytesIn: return "bytes-in";
    case Limit::BytesOut: return "bytes-out";
    case Limit::HostCalls: return "host-calls";
    case Limit::Handles: return "handles";
    case Limit::SubCalls: return "sub-calls";
    case Limit::Depth: return "depth";
  }
  return "unknown";
}

std::shared_ptr<Budget> Budget::create(const BudgetLimits& limits) { return std::make_shared<Budget>(Private(), limits, nullptr); }

Result<std::shared_ptr<Budget>> Budget::create_sub(const std::shared_ptr<Budget>& parent, const BudgetLimits& limits) {
  if (parent->limits_[index(Limit::Depth)] == 0) return parent->refuse(Limit::Depth);
  // From here on the child's thread charges the parent too.
  parent->shared_.store(true, std::memory_order_relaxed);
  if (!parent->count_one_shared(Limit::SubCalls)) return parent->refuse(Limit::SubCalls);
  return std::make_shared<Budget>(Private(), limits, parent);
}

Budget::Budget(Private, const BudgetLimits& limits, std::shared_ptr<Budget> parent)
    : limits_{limits.time ? nanoseconds_of(*limits.time) : unlimited,
              or_unlimited(limits.fuel),
              or_unlimited(limits.memory_bytes),
              or_unlimited(limits.table_elements),
              or_unlimited(limits.tables),
              or_unlimited(limits.memories),
              or_unlimited(limits.instances),
              or_unlimited(limits.bytes_in),
              or_unlimited(limits.bytes_out),
              or_unlimited(limits.host_calls),
              or_unlimited(limits.handles),
              or_unlimited(limits.sub_calls),
              or_unlimited(limits.depth)},
      parent_(std::move(parent)),
      start_(steady_clock::now()) {
  if (limits.time) {
    const nanoseconds time = std::max(*limits.time, nanoseconds(0));
    deadline_ = time < steady_clock::time_point::max() - start_ ? start_ + time : steady_clock::time_point::max();
  }
  if (parent_ == nullptr) return;
  if (parent_->deadline_ && (!deadline_ || *parent_->deadline_ < *deadline_)) deadline_ = parent_->deadline_;
  counter(Limit::Depth).store(parent_->spent_[index(Limit::Depth)].load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  uint64_t& depth = limits_[index(Limit::Depth)];
  if (const uint64_t above = parent_->limits_[index(Limit::Depth)]; above != unlimited) depth = std::min(depth, above - 1);
}

Budget::~Budget() {
  for (Limit limit : {Limit::Handles, Limit::MemoryBytes, Limit::TableElements}) {
    const uint64_t held = spent_[index(limit)].load(std::memory_order_relaxed);
    for (Budget* above = parent_.get(); above != nullptr && held != 0; above = above->parent_.get()) above->subtract(limit, held);
  }
}

bool Budget::count_one_shared(Limit limit) {
  for (Budget* budget = this; budget != nullptr; budget = budget->parent_.get()) {
    Counter& count = budget->counter(limit);
    const uint64_t most = budget->limits_[index(limit)];
    uint64_t before = count.load(std::memory_order_relaxed);
    while (before < most && !count.compare_exchange_weak(before, before + 1, std::memory_order_relaxed)) {
    }
    if (before >= most) {
      for (Budget* below = this; below != budget; below = below->parent_.get()) below->subtract(limit, 1);
      return false;
    }
    if (limit == Limit::Handles) budget->note_peak(limit, before + 1);
  }
  return true;
}

void Budget::close_handle() {
  Budget* budget = this;
  if (!shared_.load(std::memory_order_relaxed)) {
    Counter& own = counter(Limit::Handles);
    const uint64_t before = own.load(std::memory_order_relaxed);
    TENON_CHECK(before > 0, "a handle is closed that was not opened");
    own.store(before - 1, std::memory_order_relaxed);
    budget = parent_.get();
  }
  for (; budget != nullptr; budget = budget->parent_.get()) budget->subtract(Limit::Handles, 1);
}

uint64_t Budget::add_shared(Limit limit, uint64_t amount) {
  Counter& count = counter(limit);
  uint64_t before = count.load(std::memory_order_relaxed);
  uint64_t after = 0;
  do {
    after = amount > unlimited - before ? unlimited : before + amount;
  } while (!count.compare_exchange_weak(before, after, std::memory_order_relaxed));
  return after;
}

uint64_t Budget::count_up_to(Limit limit, uint64_t amount) {
  // Cut first, so that what a limit cuts is nothing that a counter without one could not hold.
  uint64_t counted = std::min(amount, left(limit));
  for (Budget* budget = this; budget != nullptr; budget = budget->parent_.get()) {
    const uint64_t most = budget->limits_[index(limit)];
    Counter& count = budget->counter(limit);
    uint64_t before = count.load(std::memory_order_relaxed);
    uint64_t part = 0;
    uint64_t after = 0;
    do {
      const uint64_t room = before < most ? most - before : 0;
      part = most == unlimited ? counted : std::min(counted, room);
      after = before + std::min(part, unlimited - before);
    } while (!count.compare_exchange_weak(before, after, std::memory_order_relaxed));
    for (Budget* below = this; below != budget && part < counted; below = below->parent_.get()) below->subtract(limit, counted - part);
    counted = part;
  }
  return counted;
}

void Budget::subtract(Limit limit, uint64_t amount) {
  const uint64_t before = counter(limit).fetch_sub(amount, std::memory_order_relaxed);
  TENON_CHECK(before >= amount, fmt::format("{} {} are given back, {} are held", amount, words_of(limit), before));
}

uint64_t Budget::take_fuel(uint64_t wanted) {
  uint64_t granted = wanted;
  for (Budget* budget = this; budget != nullptr; budget = budget->parent_.get()) {
    const uint64_t most = budget->limits_[index(Limit::Fuel)];
    if (most == unlimited) continue;
    Counter& spent = budget->counter(Limit::Fuel);
    uint64_t before = spent.load(std::memory_order_relaxed);
    uint64_t part = 0;
    do {
      part = before < most ? std::min(granted, most - before) : 0;
    } while (!spent.compare_exchange_weak(before, before + part, std::memory_order_relaxed));
    for (Budget* below = this; below != budget && part < granted; below = below->parent_.get()) {
      if (below->limits_[index(Limit::Fuel)] != unlimited) below->subtract(Limit::Fuel, granted - part);
    }
    granted = part;
  }
  return granted;
}

void Budget::settle_fuel(uint64_t taken, uint64_t spent) {
  spent = std::min(spent, taken);
  for (Budget* budget = this; budget != nullptr; budget = budget->parent_.get()) {
    if (budget->limits_[index(Limit::Fuel)] == unlimited) {
      budget->add_shared(Limit::Fuel, spent);
    } else {
      budget->subtract(Limit::Fuel, taken - spent);
    }
  }
}

void Budget::hold(Limit limit, uint64_t amount) {
  uint64_t& held = held_[index(limit)];
  for (Budget* budget = this; budget != nullptr; budget = budget->parent_.get()) {
    if (amount < held) {
      budget->subtract(limit, held - amount);
    } else {
      budget->note_peak(limit, budget->add_shared(limit, amount - held));
    }
  }
  held = amount;
}

uint64_t Budget::left(Limit limit) const {
  if (limit == Limit::Time) {
    if (!deadline_) return unlimited;
    if (*deadline_ == steady_clock::time_point::max()) return unlimited;
    return nanoseconds_of(*deadline_ - steady_clock::now());
  }
  if (limit == Limit::Depth) return limits_[index(limit)];
  uint64_t least = unlimited;
  for (const Budget* budget = this; budget != nullptr; budget = budget->parent_.get()) {
    const uint64_t most = budget->limits_[index(limit)];
    if (most == unlimited) continue;
    const uint64_t spent = budget->spent_[index(limit)].load(std::memory_order_relaxed);
    least = std::min(least, spent < most ? most - spent : 0);
  }
  return least;
}

uint64_t Budget::spent(Limit limit) const {
  if (limit == Limit::Time) return nanoseconds_of(steady_clock::now() - start_);
  return spent_[index(limit)].load(std::memory_order_relaxed);
}

uint64_t Budget::peak(Limit limit) const {
  if (limit != Limit::Handles && limit != Limit::MemoryBytes && limit != Limit::TableElements) return spent(limit);
  return peaks_[index(limit)].load(std::memory_order_relaxed);
}

std::optional<uint64_t> Budget::limit(Limit limit) const {
  const uint64_t most = limits_[index(limit)];
  return most == unlimited ? std::nullopt : std::optional(most);
}

std::unexpected<Error> Budget::refuse(Limit limit) const {
  refused_.store(static_cast<uint8_t>(limit), std::memory_order_relaxed);
  if (limit == Limit::Depth)
    return fail(ErrorKind::LimitExceeded,
                fmt::format("the budget allows no deeper sub-call, this call lies {} deep", spent_[index(limit)].load(std::memory_order_relaxed)));
  // What is over its limit comes before what has merely reached it.
  const Budget* found = nullptr;
  for (const Budget* budget = this; budget != nullptr; budget = budget->parent_.get()) {
    const uint64_t spent = budget->spent_[index(limit)].load(std::memory_order_relaxed);
    const uint64_t most = budget->limits_[index(limit)];
    if (spent > most) {
      found = budget;
      break;
    }
    if (spent == most && found == nullptr) found = budget;
  }
  if (found == nullptr) found = this;
  return fail(ErrorKind::LimitExceeded,
              fmt::format("the budget{} of {} {} is used up", found == this ? "" : " of a call above", found->limits_[index(limit)], words_of(limit)));
}

}  // namespace tenon::policy
