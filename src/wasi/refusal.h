#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "policy/guard.h"
#include "tenon/component.h"
#include "tenon/result.h"

namespace tenon::wasi {

/// An import that has no way to answer "no", and that the guard does not allow.
struct RefusedImport {
  /// "wasi:random/random@0.2.6".
  std::string import;
  std::vector<std::string> functions;
  policy::Access access{};
  /// The rule that denies it, or what has to be added to allow it.
  std::string reason;
};

/// The imports of `component` that keep it from being instantiated under `guard`: random numbers and clocks, whose functions return no error. An interface of
/// which only types are imported is none. Each denial is noted in the guard.
std::vector<RefusedImport> refused_imports(const Component& component, policy::Guard& guard);

/// Error: `Denied` with all refused imports at once, and for each what to add.
Result<> check_imports(const Component& component, policy::Guard& guard);

/// "random:secure is not granted: …", for an access that the guard denied: with the rule that denies it, or what has to be added to allow it.
std::string denial(const policy::Guard& guard, policy::Access access);

}  // namespace tenon::wasi
