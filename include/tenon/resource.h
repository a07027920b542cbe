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
/// back. Until a guest has it, the resource is the host's own and no destructor is known for it. The thread of the store.
ResourceAny make_resource(Store& store, ResourceType type, uint32_t representation);

/// The representation behind a handle of the host's own `type`.
///
/// Errors: `InvalidInput` when the handle is of another type or store, was given away, dropped, or its call is over (borrows).
Result<uint32_t> resource_representation(Store& store, const ResourceAny& resource, ResourceType type);

/// The type of a handle. `InvalidInput` for an empty one.
Result<ResourceType> resource_type(const ResourceAny& resource);

/// Ends an owned handle and runs its destructor, in the guest or in the host. A borrowed handle is only forgotten.
///
/// The host's own resources are ended, by the destructor that `LinkerInstance::define_resource` was given, exactly once:
/// 1. when a guest drops its handle (an error of the destructor traps the guest), or the host the one that a guest gave it;
/// 2. when a call fails that has taken the handle out of a guest's table but never handed it on: arguments of a host function that did not run because a
///    later one was wrong, results of a guest of which another was wrong. Then in the order in which they were taken, after the guest was left;
/// 3. when an instance fails to start, and when the store ends, for handles that nobody dropped. In the store's end first those that the host got from
///    guests, the newest first; then those in the tables of instances, poisoned ones too, the newest instance first, in each table the highest handle first.
/// In 2 and 3 the destructor's error has nobody to be told and is ignored. In the store's end the store still answers, but no guest runs: calls fail with
/// `Trap` ("cannot enter component instance") and instantiations with `InvalidInput`. So whatever a destructor uses must outlive the stores, or the
/// destructor must notice that it is gone (`Store::data` null, say).
/// A host function that takes `HostOwn` has the resource itself, as soon as it runs: nothing is ended behind its back.
///
/// A guest's resource whose handle is never dropped lives until the store ends; the store's end runs no guest, its destructors neither.
///
/// Errors: `InvalidInput` when the handle is of another store, was given away or dropped before, or is lent to a call; `Trap` when the destructor
/// traps or the guest may not be entered.
Result<> drop_resource(Store& store, const ResourceAny& resource);

}  // namespace tenon
