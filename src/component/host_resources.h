#pragma once

#include <cstdint>
#include <memory>

#include "component/handles.h"
#include "tenon/linker.h"
#include "tenon/resource.h"

namespace tenon::detail {
class InstanceState;
}

namespace tenon::component {

enum class ResourceIndex : uint32_t;

/// A handle that the host holds: what `ResourceAny::state` points to.
struct HostResource {
  enum class State : uint8_t { Live, GivenAway, Dropped };

  ResourceType type;
  uint32_t representation = 0;
  /// The number of the store it is of; the pointers below are good only together with that store.
  uint64_t store = 0;
  /// Owned handles of a guest's resource: the instance whose destructor ends it, that of resource `resource` there. Null: none.
  detail::InstanceState* instance = nullptr;
  ResourceIndex resource{};
  /// Owned handles of the host's own resources that a guest gave away: the destructor that the instance was linked with. Null: none.
  std::shared_ptr<const ResourceDestructor> destructor = nullptr;
  /// Calls that have it as a borrow now; it cannot be given away meanwhile.
  uint32_t lend_count = 0;
  /// Borrowed handles: the serial number of the call that they are good for. Zero for owned ones.
  uint64_t scope = 0;
  State state = State::Live;

  /// For `HeldResources`.
  HostResource* older = nullptr;
  HostResource* newer = nullptr;
  std::shared_ptr<HostResource> held = nullptr;
};

/// The owned handles of a store that have a destructor of the host's and are in the host's hands, so that those which the host forgot are ended with the
/// store. Each takes a unit of the store's `HandleCounter`, as it did in the guest's table that it came from.
class HeldResources {
 public:
  HeldResources() = default;
  ~HeldResources();
  HeldResources(const HeldResources&) = delete;
  HeldResources& operator=(const HeldResources&) = delete;

  /// A handle that was removed from a guest's table just before.
  void add(HandleCounter& counter, std::shared_ptr<HostResource> resource);
  /// One that the host gave away or dropped, or that was never added.
  void remove(HandleCounter& counter, HostResource& resource);
  /// The one that was added last; null when there is none. It stays.
  std::shared_ptr<HostResource> newest() const { return newest_ == nullptr ? nullptr : newest_->held; }

 private:
  HostResource* newest_ = nullptr;
};

}  // namespace tenon::component
