#pragma once

#include <cstdint>
#include <string_view>

#include "tenon/receipt.h"

namespace tenon::policy {

/// What a capability's target names.
enum class TargetKind : uint8_t { None, Path, Endpoint, Host, Url, Name };

/// "filesystem", "read" and what the target is. The action is empty where a domain has one alone, and for `http`, whose action is the method.
struct AccessName {
  std::string_view domain;
  std::string_view action;
  TargetKind target;
};

/// The row of `access` in access.def.
AccessName name_of(Access access);

}  // namespace tenon::policy
