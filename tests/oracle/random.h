#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace tenon::oracle {

/// splitmix64: the same numbers from the same seed on every machine, which a standard distribution does not promise.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}

  uint64_t next() {
    state_ += 0x9e3779b97f4a7c15;
    uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  /// Less than `n`, which is not zero.
  uint64_t below(uint64_t n) { return next() % n; }
  /// From `low` to `high`, both included.
  int64_t between(int64_t low, int64_t high) { return low + static_cast<int64_t>(below(static_cast<uint64_t>(high - low) + 1)); }
  /// True once in `n` times.
  bool once_in(uint64_t n) { return below(n) == 0; }
  template <class T>
  const T& pick(std::span<const T> items) {
    return items[below(items.size())];
  }

 private:
  uint64_t state_;
};

}  // namespace tenon::oracle
