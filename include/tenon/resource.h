#pragma once

#include <cstdint>

#include "tenon/result.h"
#include "tenon/value.h"

namespace tenon {

class Store;

/// Which resource a handle is of. A guest's resource is another one in each instance; a host's is made once and may serve any number of linkers.
class ResourceType {
 public:
  /// A new type, different from all others. Any thread.
  static ResourceType create_host();

  bool is_host() const { return index_ == host_index; }
  bool operator==(const ResourceType&) const = default;

  /// For the runtime: the resource `index` of the instance with number `owner`.
  ResourceType(uint64_t owner, uint32_t index) : owner_(owner), index_(index) {}

 private:
  static constexpr uint32_t host_index = UINT32_MAX;
  uint64_t owner_;
  uint32_t index_;
};

/// A new owned handle of a host-defined resource, to be passed to a guest. `representation` is the host's own number for it; its destructor gets it
/// back. The thread of the store.
ResourceAny make_resource(Store& store, ResourceType type, uint32_t representation);

/// The representation behind a handle of the host's own `type`.
///
/// Errors: `InvalidInput` when the handle is of another type or store, was given away, dropped, or its call is over (borrows).
Result<uint32_t> resource_representation(Store& store, const ResourceAny& resource, ResourceType type);

/// The type of a handle. `InvalidInput` for an empty one.
Result<ResourceType> resource_type(const ResourceAny& resource);

/// Ends an owned handle and runs its destructor, in the guest or in the host. A borrowed handle is only forgotten. Handles that are never dropped leave
/// their resource alive until the store ends; the store's end runs no destructor.
///
/// Errors: `InvalidInput` when the handle is of another store, was given away or dropped before, or is lent to a call; `Trap` when the destructor
/// traps or the guest may not be entered.
Result<> drop_resource(Store& store, const ResourceAny& resource);

}  // namespace tenon
