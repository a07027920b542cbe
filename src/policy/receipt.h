#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

#include "policy/budget.h"
#include "tenon/receipt.h"

namespace tenon::policy {

/// Takes the figures of a call's start, and makes its receipt at the end.
class Meter final {
 public:
  /// What is known of the call at its end beside its budget and decisions.
  struct End {
    Outcome outcome;
    /// Absent when fuel is not metered.
    std::optional<uint64_t> fuel = std::nullopt;
    uint64_t memory_bytes_peak = 0;
    bool is_deterministic = false;
    std::vector<Receipt> sub_calls = {};
  };

  /// The clocks begin to run here.
  Meter();

  Receipt finish(End end, const Budget& budget, const std::vector<Decision>& decisions) const;

 private:
  std::chrono::steady_clock::time_point wall_start_;
  std::chrono::nanoseconds cpu_start_;
  /// Whose processor time that is.
  uint64_t thread_;
};

}  // namespace tenon::policy
