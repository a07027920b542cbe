#pragma once

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "tenon/result.h"

namespace tenon::wasi {

class Context;

/// What a handle of a host's resource stands for. Lives in its context's table until the guest drops its last handle or the store ends.
class Resource {
 public:
  Resource() = default;
  virtual ~Resource() = default;
  Resource(const Resource&) = delete;
  Resource& operator=(const Resource&) = delete;

  /// Called before the guest's last handle ends; may wait, as a stream does that still has bytes to bring out. Errors trap the guest.
  virtual Result<> settle(Context&) { return {}; }

 private:
  friend class ResourceTable;
  static constexpr uint32_t no_parent = UINT32_MAX;
  uint32_t parent_ = no_parent;
  uint32_t children_ = 0;
};

/// The resources of one store by their representation. The component runtime checks that a handle is live and of its type before it is asked here, so a
/// representation and its class are right by then. One thread at a time.
///
/// A child uses its parent (a pollable its stream, a stream its socket): a parent that is dropped first is a trap of the guest.
class ResourceTable final {
 public:
  ResourceTable() = default;
  /// Ends children before their parents.
  ~ResourceTable();
  ResourceTable(const ResourceTable&) = delete;
  ResourceTable& operator=(const ResourceTable&) = delete;

  uint32_t add(std::unique_ptr<Resource> resource);
  /// Keeps `parent` from being dropped while the new resource lives.
  uint32_t add_child(std::unique_ptr<Resource> resource, uint32_t parent);

  template <class T>
  T& get(uint32_t representation) const {
    return static_cast<T&>(*slots_[representation]);
  }
  /// Takes a resource that the guest gave away for good. Error: `Trap` while it has children.
  template <class T>
  Result<std::unique_ptr<T>> take(uint32_t representation) {
    TENON_TRY(std::unique_ptr<Resource> taken, remove(representation));
    return std::unique_ptr<T>(static_cast<T*>(taken.release()));
  }
  Result<std::unique_ptr<Resource>> remove(uint32_t representation);

  size_t size() const { return slots_.size() - free_.size(); }

 private:
  std::vector<std::unique_ptr<Resource>> slots_;
  std::vector<uint32_t> free_;
};

}  // namespace tenon::wasi
