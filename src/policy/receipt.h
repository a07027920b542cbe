#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "policy/access.h"

namespace tenon::policy {

enum class Verdict : uint8_t {
  Allowed,
  Denied,
  /// Allowed by a rule in mode `observe`; `enforce` would have denied it.
  Observed,
};

/// Like decisions of one call, counted.
struct Decision {
  Access access{};
  Verdict verdict{};
  /// What was asked for, as a capability string. Values of variables, headers and query strings are never in it.
  std::string capability;
  /// The rule that decided, with where it stands: "filesystem:read:/data/** (policy.toml:12)"; for what no rule names, what would have to be added.
  std::string rule;
  uint64_t count = 0;
};

}  // namespace tenon::policy
