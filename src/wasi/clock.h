#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "tenon/wasi_config.h"

namespace tenon::wasi {

class WaitSet;

/// The clocks of one store: the machine's, or ones that repeat. Both begin when the clock is made; the thread of the store.
///
/// A clock that repeats stands still but for two rules: reading it advances it by a step, and a wait for a moment on it advances it to that moment at once.
class Clock final {
 public:
  explicit Clock(const std::optional<Deterministic>& rule);

  bool is_virtual() const { return rule_.has_value(); }

  /// Nanoseconds since the start.
  uint64_t monotonic_now();
  /// Since 1970-01-01T00:00:00Z.
  std::chrono::nanoseconds wall_now();
  /// How far apart two answers are at least, in nanoseconds.
  uint64_t resolution() const;

  /// Whether the monotonic clock shows `instant` or later; no reading, so it does not advance.
  bool has_come(uint64_t instant) const;
  /// Makes a wait end at `instant` of the monotonic clock.
  void add_to(WaitSet& set, uint64_t instant) const;
  /// Clocks that repeat only.
  void advance_to(uint64_t instant);

 private:
  uint64_t real_now() const;

  std::optional<Deterministic> rule_;
  std::chrono::steady_clock::time_point start_;
  uint64_t virtual_now_ = 0;
};

}  // namespace tenon::wasi
