#include "policy/access.h"

#include <array>
#include <cstddef>
#include <cstdint>

namespace tenon::policy {

namespace {

// The enumerators are public and the table is not: each has its row, in the same order.
enum class Row : uint8_t {
#define TENON_ACCESS(name, domain, action, target) name,
#include "policy/access.def"
#undef TENON_ACCESS
  End,
};
#define TENON_ACCESS(name, domain, action, target) static_assert(static_cast<size_t>(Row::name) == static_cast<size_t>(Access::name));
#include "policy/access.def"
#undef TENON_ACCESS
static_assert(static_cast<size_t>(Row::End) == access_count);

}  // namespace

AccessName name_of(Access access) {
  static constexpr std::array<AccessName, access_count> names = {{
#define TENON_ACCESS(name, domain, action, target) {domain, action, TargetKind::target},
#include "policy/access.def"
#undef TENON_ACCESS
  }};
  return names[static_cast<size_t>(access)];
}

}  // namespace tenon::policy
