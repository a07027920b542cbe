#include "wasi/refusal.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace tenon::wasi {

namespace {

/// Interfaces whose functions cannot fail.
constexpr std::array<std::pair<std::string_view, policy::Access>, 5> infallible = {{
    {"wasi:clocks/monotonic-clock", policy::Access::ClockMonotonic},
    {"wasi:clocks/wall-clock", policy::Access::ClockWall},
    {"wasi:random/random", policy::Access::RandomSecure},
    {"wasi:random/insecure", policy::Access::RandomInsecure},
    {"wasi:random/insecure-seed", policy::Access::RandomInsecure},
}};

std::string capability_of(policy::Access access) {
  const policy::AccessName name = policy::name_of(access);
  std::string text(name.domain);
  if (!name.action.empty()) text.append(":").append(name.action);
  return text;
}

std::string reason_of(const policy::Guard& guard, policy::Access access) {
  const auto& decisions = guard.decisions();
  const auto found = std::ranges::find_if(
      decisions, [access](const policy::Decision& decision) { return decision.access == access && decision.verdict == policy::Verdict::Denied; });
  return found == decisions.end() ? std::string() : found->rule;
}

}  // namespace

std::vector<RefusedImport> refused_imports(const Component& component, policy::Guard& guard) {
  std::vector<RefusedImport> refused;
  for (const Item& import : component.imports()) {
    const std::string_view name = import.name();
    const auto known = std::ranges::find(infallible, name.substr(0, name.find('@')), &std::pair<std::string_view, policy::Access>::first);
    if (known == infallible.end()) continue;
    std::vector<std::string> functions;
    for (const Item& item : import.exports()) {
      if (item.kind() == ItemKind::Func) functions.emplace_back(item.name());
    }
    if (functions.empty()) continue;
    // To be linked is a use already: a policy that is learned from this call must allow it again. The clock that needs no rule is noted when it is read.
    const bool needs_no_rule = known->second == policy::Access::ClockMonotonic && guard.would_allow(known->second);
    if (needs_no_rule || guard.allow(known->second)) continue;
    refused.push_back({std::string(name), std::move(functions), known->second, reason_of(guard, known->second)});
  }
  return refused;
}

Result<> check_imports(const Component& component, policy::Guard& guard) {
  const std::vector<RefusedImport> refused = refused_imports(component, guard);
  if (refused.empty()) return {};
  std::string list;
  for (const RefusedImport& each : refused) {
    list += fmt::format("{}{} ({}) needs {}", list.empty() ? "" : "; ", each.import, fmt::join(each.functions, ", "), capability_of(each.access));
    if (!each.reason.empty()) list += ": " + each.reason;
  }
  return fail(ErrorKind::Denied, "imports that are not granted: " + list);
}

std::string denial(const policy::Guard& guard, policy::Access access) {
  const std::string reason = reason_of(guard, access);
  return capability_of(access) + " is not granted" + (reason.empty() ? "" : ": " + reason);
}

}  // namespace tenon::wasi
