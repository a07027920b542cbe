#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace tenon::policy {

/// What a capability's target names.
enum class TargetKind : uint8_t { None, Path, Endpoint, Host, Url, Name };

/// What a guest can be allowed to do; the table is access.def.
enum class Access : uint8_t {
#define TENON_ACCESS(name, domain, action, target) name,
#include "policy/access.def"
#undef TENON_ACCESS
};

inline constexpr size_t access_count = 0
#define TENON_ACCESS(name, domain, action, target) +1
#include "policy/access.def"
#undef TENON_ACCESS
    ;

/// "filesystem", "read" and what the target is. The action is empty where a domain has one alone, and for `http`, whose action is the method.
struct AccessName {
  std::string_view domain;
  std::string_view action;
  TargetKind target;
};

AccessName name_of(Access access);

}  // namespace tenon::policy
