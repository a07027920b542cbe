#include "wasi/descriptor_limit.h"

#include <climits>

#include <sys/resource.h>

namespace tenon::wasi {

bool may_have_descriptor(int descriptor) {
  // Where so few may be open that this is near the last one, there is nothing to share.
  if (descriptor < descriptors_left) return true;
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur > INT_MAX) return true;
  const int last = static_cast<int>(limit.rlim_cur) - descriptors_left;
  return last <= descriptors_left || descriptor < last;
}

}  // namespace tenon::wasi
