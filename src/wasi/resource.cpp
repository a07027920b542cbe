#include "wasi/resource.h"

namespace tenon::wasi {

ResourceTable::~ResourceTable() {
  for (size_t i = 0; i < slots_.size(); i++) {
    // A parent that loses its last child here, and was passed by, goes with it.
    for (size_t slot = i; slots_[slot] != nullptr && slots_[slot]->children_ == 0;) {
      const uint32_t parent = slots_[slot]->parent_;
      slots_[slot].reset();
      if (parent == Resource::no_parent) break;
      slots_[parent]->children_--;
      if (parent > i) break;
      slot = parent;
    }
  }
}

uint32_t ResourceTable::add(std::unique_ptr<Resource> resource) {
  if (free_.empty()) {
    slots_.push_back(std::move(resource));
    return static_cast<uint32_t>(slots_.size() - 1);
  }
  const uint32_t slot = free_.back();
  free_.pop_back();
  slots_[slot] = std::move(resource);
  return slot;
}

uint32_t ResourceTable::add_child(std::unique_ptr<Resource> resource, uint32_t parent) {
  resource->parent_ = parent;
  slots_[parent]->children_++;
  return add(std::move(resource));
}

Result<std::unique_ptr<Resource>> ResourceTable::remove(uint32_t representation) {
  if (slots_[representation]->children_ != 0) return fail(ErrorKind::Trap, "a resource was dropped before those that were made from it");
  std::unique_ptr<Resource> removed = std::move(slots_[representation]);
  free_.push_back(representation);
  if (removed->parent_ != Resource::no_parent) slots_[removed->parent_]->children_--;
  return removed;
}

}  // namespace tenon::wasi
