#pragma once

#include <chrono>
#include <cstdint>
#include <tuple>

#include "tenon/typed.h"

namespace tenon::wasi {

/// `datetime` of wasi:clocks/wall-clock: a time since 1970-01-01T00:00:00Z. `nanoseconds` is below 1,000,000,000 when it is the host's; a guest may send any.
struct Datetime {
  uint64_t seconds = 0;
  uint32_t nanoseconds = 0;

  /// Times before 1970 become 1970.
  static Datetime of(std::chrono::nanoseconds since_1970) {
    if (since_1970.count() <= 0) return {};
    const auto count = static_cast<uint64_t>(since_1970.count());
    return {count / 1'000'000'000, static_cast<uint32_t>(count % 1'000'000'000)};
  }
};

}  // namespace tenon::wasi

namespace tenon {

template <>
struct RecordTraits<wasi::Datetime> {
  static constexpr auto fields = std::make_tuple(field("seconds", &wasi::Datetime::seconds), field("nanoseconds", &wasi::Datetime::nanoseconds));
};

}  // namespace tenon
