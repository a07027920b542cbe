#include "component/scopes.h"

#include <algorithm>

namespace tenon::component {

bool CallScopes::is_live(uint64_t serial) const {
  // Serials grow with depth.
  const auto found = std::ranges::lower_bound(scopes_, serial, {}, &Scope::serial);
  return found != scopes_.end() && found->serial == serial;
}

void CallScopes::give_back(HandleCounter& counter, uint32_t first) {
  for (size_t i = first; i < lenders_.size(); ++i) {
    if (lenders_[i].table != nullptr) {
      lenders_[i].table->undo_lend(counter, lenders_[i].index);
    } else {
      --lenders_[i].resource->lend_count;
    }
  }
  lenders_.resize(first);
}

void CallScopes::unwind(HandleCounter& counter, uint32_t depth) {
  if (scopes_.size() <= depth) return;
  give_back(counter, scopes_[depth].lenders);
  scopes_.resize(depth);
}

}  // namespace tenon::component
