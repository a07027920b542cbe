#pragma once

#include <string>
#include <vector>

#include "policy/capability.h"
#include "policy/rules.h"
#include "tenon/result.h"

namespace tenon::policy {

/// Why something is allowed or denied: what each layer says, and what would have to be written.
struct Explanation {
  struct Step {
    RuleLayer::Key key{};
    Verdict verdict{};
    /// The rule that decided in this layer; null when none matches. Lives as long as the rules.
    const Rule* rule = nullptr;
    /// "the operator allows it: filesystem:read:/data (policy.toml:12)".
    std::string text;
  };

  /// What was asked, in its one form.
  std::string capability;
  Verdict verdict{};
  std::vector<Step> steps;
  /// What to write or take away, a line for each layer that denies: `add "env:read:HOME" to allow in [default] of policy.toml`. Empty when nothing denies.
  std::vector<std::string> advice;

  /// Some lines for people, each ending in a line break.
  std::string to_text() const;
};

/// Explains how `rules` decide about one thing: a path, a variable, a host and port, a method and URL. A host is taken to have been looked up and to have a
/// public address, or with
/// `+private` and its like one of that kind; a port that is missing is 443, a scheme https, a transport TCP.
///
/// Errors: `InvalidInput` when `asked` stands for more than one thing, or for what nothing here asks about (`tool`, `ai`, …).
Result<Explanation> explain(const Rules& rules, const Capability& asked);

}  // namespace tenon::policy
