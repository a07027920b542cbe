#pragma once

#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "policy/access.h"
#include "policy/host_pattern.h"
#include "policy/path_pattern.h"
#include "tenon/result.h"

namespace tenon::policy {

/// Longer texts are no capabilities.
inline constexpr size_t capability_bytes_max = 8192;

/// Names joined by `/`, such as "pkg/item", in the domains that nothing here asks for; `*` and `**` as in paths.
struct WordPattern {
  PathPattern path;
  bool operator==(const WordPattern&) const = default;
};

/// A capability string `domain:action:target`, parsed; docs/policy.md has the grammar.
///
///     filesystem:read:/data/**    network:outbound:api.example.com:443    http:GET:https://api.example.com/v1    env:read:APP_*    clock:wall    args
///
/// A value. What is equal prints alike, and what is printed parses to an equal one.
struct Capability {
  /// The targets: of `filesystem`, `network`, `network:resolve`, `http`, `env`, and the domains that nothing here asks for; or none.
  using Target = std::variant<std::monostate, PathPattern, EndpointPattern, HostPattern, UrlPattern, NamePattern, WordPattern>;

  std::string domain;
  /// Empty for `args`; the method in upper case for `http`; "*" for all actions of the domain, where they take the same target.
  std::string action;
  Target target;

  /// Errors: `InvalidInput`, saying what is wrong and, where it is known, what to write.
  static Result<Capability> parse(std::string_view text);

  /// Whether it is about `access`, whatever the target. For `http` the method is not looked at.
  bool concerns(Access access) const;
  std::string to_string() const;
  bool operator==(const Capability&) const = default;
};

/// What `--grant` and `allow` take: a capability, or the name of a bundle of them.
///
/// `command` is what an ordinary program imports: args, process:exit, clock:*, random:*. `inherit-network` is all that the machine can reach and listen at, by
/// sockets and HTTP, loopback, private and metadata addresses too. Errors: `InvalidInput`.
Result<std::vector<Capability>> parse_grant(std::string_view text);

/// The names of the bundles.
std::span<const std::string_view> bundle_names();

}  // namespace tenon::policy
