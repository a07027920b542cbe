#include "wasi/wait.h"

#include <algorithm>

namespace tenon::wasi {

void WaitSet::merge_descriptors() {
  if (descriptors_.size() < 2) return;
  std::ranges::sort(descriptors_, {}, &pollfd::fd);
  size_t last = 0;
  for (size_t i = 1; i < descriptors_.size(); i++) {
    if (descriptors_[i].fd == descriptors_[last].fd) {
      descriptors_[last].events = static_cast<short>(descriptors_[last].events | descriptors_[i].events);
    } else {
      descriptors_[++last] = descriptors_[i];
    }
  }
  descriptors_.resize(last + 1);
}

}  // namespace tenon::wasi
