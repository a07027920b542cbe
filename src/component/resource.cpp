#include "tenon/resource.h"

#include <atomic>

#include "component/state.h"

namespace tenon {

using component::HostResource;

ResourceType ResourceType::create_host() {
  static std::atomic<uint64_t> next{1};
  return ResourceType(next.fetch_add(1, std::memory_order_relaxed), host_index);
}

namespace {

/// A handle that may still be used in `store`.
Result<HostResource*> use(detail::StoreState& store, const ResourceAny& resource) {
  auto* const held = static_cast<HostResource*>(resource.state.get());
  if (held == nullptr) return fail(ErrorKind::InvalidInput, "the resource handle is empty");
  if (held->store != store.number()) return fail(ErrorKind::InvalidInput, "the resource handle is of another store");
  if (held->state != HostResource::State::Live) return fail(ErrorKind::InvalidInput, "host resource already consumed");
  if (held->scope != 0 && !store.scopes.is_live(held->scope)) return fail(ErrorKind::InvalidInput, "the borrowed resource handle outlived its call");
  return held;
}

}  // namespace

ResourceAny make_resource(Store& store, ResourceType type, uint32_t representation) {
  auto made = std::make_shared<HostResource>(HostResource{.type = type, .representation = representation, .store = detail::StoreState::of(store).number()});
  return ResourceAny{.state = std::move(made), .owned = true};
}

Result<uint32_t> resource_representation(Store& store, const ResourceAny& resource, ResourceType type) {
  TENON_TRY(const HostResource* held, use(detail::StoreState::of(store), resource));
  if (!(held->type == type) || !type.is_host()) return fail(ErrorKind::InvalidInput, "mismatched resource types");
  return held->representation;
}

Result<ResourceType> resource_type(const ResourceAny& resource) {
  const auto* const held = static_cast<const HostResource*>(resource.state.get());
  if (held == nullptr) return fail(ErrorKind::InvalidInput, "the resource handle is empty");
  return held->type;
}

Result<> drop_resource(Store& store, const ResourceAny& resource) {
  detail::StoreState& state = detail::StoreState::of(store);
  TENON_TRY(HostResource * held, use(state, resource));
  if (held->scope != 0) {
    held->state = HostResource::State::Dropped;
    return {};
  }
  if (held->lend_count != 0) return fail(ErrorKind::InvalidInput, "cannot remove owned resource while borrowed");
  // What the host defined is ended by the destructor that the instance was linked with which gave it away; what the guest defined, inside of the guest.
  if (held->instance == nullptr) return state.drop(*held);
  detail::InstanceState& instance = *held->instance;
  if (instance.is_poisoned() || instance.is_entered()) return fail(ErrorKind::Trap, "wasm trap: cannot enter component instance");
  held->state = HostResource::State::Dropped;
  detail::Entry entry(state, instance);
  if (instance.plan().is_concurrent) instance.reset_context();
  TENON_CHECK_OK(instance.destroy(held->resource, held->representation, std::nullopt));
  return entry.leave();
}

}  // namespace tenon
