#include "policy/access.h"

#include <array>

namespace tenon::policy {

AccessName name_of(Access access) {
  static constexpr std::array<AccessName, access_count> names = {{
#define TENON_ACCESS(name, domain, action, target) {domain, action, TargetKind::target},
#include "policy/access.def"
#undef TENON_ACCESS
  }};
  return names[static_cast<size_t>(access)];
}

}  // namespace tenon::policy
