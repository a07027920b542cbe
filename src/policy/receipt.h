#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/access.h"
#include "policy/error_names.h"
#include "tenon/result.h"

namespace tenon::policy {

enum class Verdict : uint8_t {
  Allowed,
  Denied,
  /// Allowed by a rule in mode `observe`; `enforce` would have denied it.
  Observed,
};

/// "allowed", "denied", "observed".
std::string_view to_string(Verdict verdict);

/// Like decisions of one call, counted.
struct Decision {
  Access access{};
  Verdict verdict{};
  /// What was asked for, as a capability string. Values of variables, headers and query strings are never in it.
  std::string capability;
  /// The rule that decided, with where it stands: "filesystem:read:/data/** (policy.toml:12)"; for what no rule names, what would have to be added.
  std::string rule;
  uint64_t count = 0;

  bool operator==(const Decision&) const = default;
};

/// How a call ended. Codes alone: a message may quote what a guest handled, and that is not for receipts.
struct Outcome {
  /// Absent when the call succeeded.
  std::optional<Reason> reason;
  /// With what status the guest ended itself (`wasi:cli/exit`), 0 too.
  std::optional<uint32_t> exit_status;

  bool operator==(const Outcome&) const = default;
};

/// What a call touched and spent. Calls that failed or were interrupted have one too.
///
/// It holds numbers, codes, and the capabilities and rules of its decisions; nothing in it can carry the value of a variable, a header or a query string.
struct Receipt {
  Outcome outcome;
  bool is_deterministic = false;
  /// Absent when it was not metered.
  std::optional<uint64_t> fuel;
  std::chrono::nanoseconds wall{0};
  /// Of the processor, by the thread that ran the call; absent when more than one did.
  std::optional<std::chrono::nanoseconds> cpu;
  uint64_t memory_bytes_peak = 0;
  uint64_t bytes_in = 0;
  uint64_t bytes_out = 0;
  uint64_t host_calls = 0;
  /// Those of the whole call, in the order of their first occurrence.
  std::vector<Decision> decisions;
  /// What they spent is in the figures above too.
  std::vector<Receipt> sub_calls;

  /// How often each kind of capability was asked for, by the decisions.
  std::array<uint64_t, access_count> asked() const;
  uint64_t count(Verdict verdict) const;

  bool operator==(const Receipt&) const = default;
};

/// One JSON object without line breaks; docs/receipt.md has its fields.
std::string to_json(const Receipt& receipt);

/// Some lines for people, each ending in a line break.
std::string to_text(const Receipt& receipt);

/// Reads what `to_json` wrote. Errors: `InvalidInput`, naming the field, for anything else; `LimitExceeded` past 16 MiB of text or 64 levels of sub-calls.
Result<Receipt> parse_receipt(std::string_view text);

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
