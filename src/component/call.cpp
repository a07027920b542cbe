// Calls across the border (`CanonicalABI.md`, `canon lift`, `canon lower`): the order of checks is Wasmtime's.

#include "tenon/detail/call.h"

#include <algorithm>

#include "component/state.h"

namespace tenon::detail {

namespace {

using component::ResourceTableIndex;

bool uses_memory(const TypeTable& types, TypeIndex type) {
  const TypeNode& node = types.node(type);
  switch (node.kind) {
    case TypeKind::String:
    case TypeKind::List:
    case TypeKind::Map: return true;
    default: return std::ranges::any_of(node.fields, [&types](const TypeField& field) { return field.type && uses_memory(types, *field.type); });
  }
}

ResourceTableIndex table_of(const TypeNode& node) { return ResourceTableIndex(node.resource); }

bool keep(Guest& guest, Error error) { return guest.fail(std::move(error)); }

/// A borrow that was lent from an owned handle is given back at the end of the innermost call.
Result<uint32_t> lift_borrow(InstanceState& instance, ResourceTableIndex table, uint32_t index) {
  component::HandleTable& handles = instance.handles(table);
  TENON_TRY(const component::HandleTable::Lent lent, handles.lend(instance.store().handles, index, table));
  if (lent.owned) instance.store().scopes.add_lender(handles, index);
  return lent.rep;
}

Result<uint32_t> lift_own(InstanceState& instance, ResourceTableIndex table, uint32_t index) {
  TENON_TRY(const component::HandleTable::Removed removed, instance.handles(table).remove(instance.store().handles, index, table));
  if (removed.owned) return removed.rep;
  instance.store().scopes.drop_borrow(removed.scope);
  return fail(ErrorKind::Trap, "cannot lift own resource from a borrow");
}

Result<uint32_t> lower_borrow(InstanceState& instance, ResourceTableIndex table, uint32_t representation) {
  // The defining instance works with its own representation.
  if (instance.is_own_resource(table)) return representation;
  component::CallScopes& scopes = instance.store().scopes;
  TENON_TRY(const uint32_t index, instance.handles(table).insert_borrow(instance.store().handles, table, representation, scopes.current()));
  scopes.add_borrow();
  return index;
}

/// Notes an owned handle of the host's own resource until it is known that the call did not fail.
void note_taken(InstanceState& instance, ResourceTableIndex table, uint32_t representation) {
  auto destructor = instance.host_destructor(instance.plan().resource_tables[at(table)].resource);
  if (destructor) instance.store().note_taken({.handle = nullptr, .destructor = std::move(destructor), .representation = representation});
}

/// An owned handle of the host's that did not fit into the guest's table is nobody's any more.
Result<uint32_t> insert_own(InstanceState& instance, ResourceTableIndex table, uint32_t representation) {
  auto inserted = instance.handles(table).insert_own(instance.store().handles, table, representation);
  if (!inserted) {
    if (const auto destructor = instance.host_destructor(instance.plan().resource_tables[at(table)].resource))
      (void)(*destructor)(instance.store().store(), representation);
  }
  return inserted;
}

/// What a host's handle stands for in a call that it is lent to, or given away to.
Result<component::HostResource*> usable(InstanceState& instance, ResourceTableIndex table, const ResourceAny& any) {
  auto* const resource = static_cast<component::HostResource*>(any.state.get());
  if (resource->store != instance.store().number()) return fail(ErrorKind::InvalidInput, "the resource handle is of another store");
  if (!(resource->type == instance.resource(table))) return fail(ErrorKind::InvalidInput, "mismatched resource types");
  if (resource->state != component::HostResource::State::Live) return fail(ErrorKind::InvalidInput, "host resource already consumed");
  if (resource->scope != 0 && !instance.store().scopes.is_live(resource->scope))
    return fail(ErrorKind::InvalidInput, "the borrowed resource handle outlived its call");
  return resource;
}

Result<uint32_t> lower_handle(InstanceState& instance, const TypeNode& type, const ResourceAny& any) {
  const ResourceTableIndex table = table_of(type);
  TENON_TRY(component::HostResource* const resource, usable(instance, table, any));
  StoreState& store = instance.store();
  if (type.kind != TypeKind::Own) {
    if (resource->scope == 0) {
      ++resource->lend_count;
      store.scopes.add_lender(std::static_pointer_cast<component::HostResource>(any.state));
    }
    return lower_borrow(instance, table, resource->representation);
  }
  if (!any.owned || resource->scope != 0) return fail(ErrorKind::InvalidInput, "cannot lower a `borrow` resource into an `own`");
  if (resource->lend_count != 0) return fail(ErrorKind::InvalidInput, "cannot remove owned resource while borrowed");
  resource->state = component::HostResource::State::GivenAway;
  store.held.remove(store.handles, *resource);
  return insert_own(instance, table, resource->representation);
}

Result<ResourceAny> lift_handle(InstanceState& instance, const TypeNode& type, uint32_t index) {
  const ResourceTableIndex table = table_of(type);
  const bool as_own = type.kind == TypeKind::Own;
  TENON_TRY(const uint32_t representation, as_own ? lift_own(instance, table, index) : lift_borrow(instance, table, index));
  StoreState& store = instance.store();
  const component::ResourceIndex resource = instance.plan().resource_tables[at(table)].resource;
  auto made = std::make_shared<component::HostResource>(
      component::HostResource{.type = instance.resource(resource), .representation = representation, .store = store.number(), .resource = resource});
  if (!as_own) {
    made->scope = store.scopes.serial();
  } else if (!made->type.is_host()) {
    made->instance = &instance;
  } else {
    made->destructor = instance.host_destructor(resource);
    if (made->destructor) {
      store.held.add(store.handles, made);
      store.note_taken({.handle = made, .destructor = nullptr});
    }
  }
  return ResourceAny{.state = std::move(made), .owned = as_own};
}

InstanceState& instance_of(Guest& guest) { return static_cast<LiveGuest&>(guest).instance(); }

/// `cx.opts.realloc`: the guest cannot leave while it runs.
bool run_realloc(LiveGuest& guest, uint64_t old_address, uint64_t old_size, uint32_t alignment, uint64_t new_size, uint64_t& address) {
  InstanceState& instance = guest.instance();
  const component::CanonicalOptions& options = guest.options();
  RawValue values[4] = {RawValue::of(old_address), RawValue::of(old_size), RawValue::of(alignment), RawValue::of(new_size)};
  const bool may_leave = instance.may_leave(options.instance);
  instance.set_may_leave(options.instance, false);
  // Realloc is a call of its own.
  const bool has_context = instance.plan().is_concurrent;
  if (has_context) [[unlikely]]
    instance.push_context();
  if (auto called = call_core(instance.store(), instance.realloc(*options.realloc), values, 4); !called) return keep(guest, std::move(called).error());
  if (has_context) [[unlikely]]
    instance.pop_context();
  instance.set_may_leave(options.instance, may_leave);
  const uint64_t result = guest.pointer(values[0]);
  guest.refresh();
  if (result % alignment != 0) return guest.trap("realloc return: result not aligned");
  if (!guest.contains(result, new_size)) return guest.trap("realloc return: beyond end of memory");
  address = result;
  return true;
}

bool call_realloc(Guest& base, uint64_t old_address, uint64_t old_size, uint32_t alignment, uint64_t new_size, uint64_t& address) {
  auto& guest = static_cast<LiveGuest&>(base);
  if (!guest.options().realloc || !guest.options().memory) return guest.trap("no realloc in the canonical options");
  if (!guest.is_64() && (new_size > UINT32_MAX || old_size > UINT32_MAX))
    return guest.fail(ErrorKind::LimitExceeded, "allocation of " + std::to_string(new_size) + " bytes does not fit into a 32-bit memory");
  if (run_realloc(guest, old_address, old_size, alignment, new_size, address)) [[likely]]
    return true;
  guest.set_broken();
  return false;
}

template <class T>
bool give(Guest& guest, Result<T> result, T& out) {
  if (!result) return keep(guest, std::move(result).error());
  out = std::move(*result);
  return true;
}

bool lift_handle_step(Guest& guest, const TypeNode& type, uint32_t index, ResourceAny& resource) {
  return give(guest, lift_handle(instance_of(guest), type, index), resource);
}

bool lower_handle_step(Guest& guest, const TypeNode& type, const ResourceAny& resource, uint32_t& index) {
  return give(guest, lower_handle(instance_of(guest), type, resource), index);
}

bool lift_representation_step(Guest& guest, const TypeNode& type, uint32_t index, uint32_t& representation) {
  InstanceState& instance = instance_of(guest);
  const ResourceTableIndex table = table_of(type);
  if (type.kind != TypeKind::Own) return give(guest, lift_borrow(instance, table, index), representation);
  if (!give(guest, lift_own(instance, table, index), representation)) return false;
  note_taken(instance, table, representation);
  return true;
}

bool lower_representation_step(Guest& guest, const TypeNode& type, uint32_t representation, uint32_t& index) {
  InstanceState& instance = instance_of(guest);
  const ResourceTableIndex table = table_of(type);
  if (type.kind == TypeKind::Own) return give(guest, insert_own(instance, table, representation), index);
  return give(guest, lower_borrow(instance, table, representation), index);
}

constexpr GuestOperations live_operations{
    &call_realloc, &lift_handle_step, &lower_handle_step, &lift_representation_step, &lower_representation_step, [](Guest& guest) {
      static_cast<LiveGuest&>(guest).look();
    }};

}  // namespace

FuncShape shape_of(const TypeTable& types, const FuncTypeNode& type, bool is_64) {
  FuncShape shape;
  uint64_t flat = 0;
  uint64_t size = 0;
  for (const Param& param : type.params) {
    const CanonicalLayout& layout = types.node(param.type).layout;
    const uint32_t alignment = is_64 ? layout.align64 : layout.align32;
    flat += layout.flat_count.value_or(flat_params_max + 1);
    size = (size + alignment - 1) / alignment * alignment;
    shape.offsets.push_back(static_cast<uint32_t>(std::min<uint64_t>(size, CanonicalLayout::oversized)));
    size += is_64 ? layout.size64 : layout.size32;
    shape.params_alignment = std::max(shape.params_alignment, alignment);
    shape.params_use_memory = shape.params_use_memory || uses_memory(types, param.type);
  }
  size = (size + shape.params_alignment - 1) / shape.params_alignment * shape.params_alignment;
  shape.params_size = static_cast<uint32_t>(std::min<uint64_t>(size, CanonicalLayout::oversized));
  shape.params_in_memory = flat > flat_params_max;
  shape.params_use_memory = shape.params_use_memory || shape.params_in_memory;
  shape.flat_params = shape.params_in_memory ? 1 : static_cast<uint8_t>(flat);
  if (type.result) {
    const CanonicalLayout& layout = types.node(*type.result).layout;
    shape.result_size = is_64 ? layout.size64 : layout.size32;
    shape.result_alignment = is_64 ? layout.align64 : layout.align32;
    shape.result_in_memory = layout.flat_count.value_or(flat_params_max + 1) > flat_results_max;
    shape.flat_results = shape.result_in_memory ? 1 : *layout.flat_count;
    shape.result_uses_memory = shape.result_in_memory || uses_memory(types, *type.result);
  }
  return shape;
}

LiveGuest::LiveGuest(InstanceState& instance, const component::CanonicalOptions& options)
    : Guest(live_operations, instance.component().types(), static_cast<TextEncoding>(options.string_encoding), options.is_64, instance.store().lift_bytes()),
      instance_(&instance),
      options_(&options),
      stays_(!options.is_64 && instance.store().memories_stay()) {
  if (!stays_ || !options.memory) return;
  const tn_memory_view& seen = instance.seen_memory(*options.memory);
  set_memory(seen.data, seen.size);
}

void LiveGuest::look() {
  if (!options_->memory) return;
  const tn_memory_view view = instance_->memory(*options_->memory);
  set_memory(view.data, view.size);
}

GuestCall::GuestCall(LiftedFunc& func) : func_(&func), guest_(*func.instance, *func.options) {}

GuestCall::~GuestCall() {
  if (!entered_) return;
  StoreState& store = func_->instance->store();
  // Before the function ran, a failure is the host's own as long as the guest's realloc behaved. A borrow that was lowered already stays in the guest's table,
  // where it would outlive what it was lent from: such a guest must not run again.
  if (invoked_ || guest_.is_broken() || !store.scopes.finish(store.handles)) func_->instance->poison();
  store.scopes.unwind(store.handles, depth_);
  close();
  if (lifting_) store.drop_taken();
}

void GuestCall::close() {
  func_->instance->set_entered(false);
  func_->instance->store().current = previous_;
  entered_ = false;
}

bool GuestCall::enter() {
  InstanceState& instance = *func_->instance;
  if (instance.is_poisoned() || instance.is_entered()) [[unlikely]]
    return guest_.trap("wasm trap: cannot enter component instance");
  StoreState& store = instance.store();
  depth_ = store.scopes.push();
  previous_ = std::exchange(store.current, &instance);
  instance.set_entered(true);
  entered_ = true;
  if (instance.plan().is_concurrent) [[unlikely]]
    instance.reset_context();
  return true;
}

bool GuestCall::allocate_params(uint64_t& address) {
  if (shape().params_size >= CanonicalLayout::oversized) return guest_.fail(ErrorKind::LimitExceeded, "parameters are too large for the guest's memory");
  if (!guest_.realloc(0, 0, shape().params_alignment, shape().params_size, address)) return false;
  values_[0] = RawValue::of(address);
  return true;
}

bool GuestCall::invoke() {
  StoreState& store = func_->instance->store();
  const size_t count = std::max<size_t>(shape().flat_params, shape().flat_results);
  invoked_ = true;
  if (auto called = call_core(store, tn_func{func_->core}, values_.data(), count); !called) [[unlikely]]
    return keep(guest_, std::move(called).error());
  if (auto finished = store.scopes.finish(store.handles); !finished) [[unlikely]]
    return keep(guest_, std::move(finished).error());
  if (shape().result_uses_memory) guest_.refresh();
  store.forget_taken();
  lifting_ = true;
  return true;
}

bool GuestCall::result_address(uint64_t& address) {
  address = guest_.pointer(values_[0]);
  if (address % shape().result_alignment != 0) return guest_.trap("return pointer not aligned");
  return check_area(guest_, address, shape().result_size, 1);
}

bool GuestCall::leave() {
  InstanceState& instance = *func_->instance;
  StoreState& store = instance.store();
  if (func_->post_return != nullptr) {
    // Post-return may call neither imports nor built-ins.
    instance.set_may_leave(func_->options->instance, false);
    if (auto called = call_core(store, tn_func{func_->post_return}, values_.data(), shape().flat_results); !called) [[unlikely]]
      return keep(guest_, std::move(called).error());
    instance.set_may_leave(func_->options->instance, true);
  }
  store.forget_taken();
  store.scopes.pop();
  close();
  return true;
}

Store& HostFrame::store() { return guest_.instance().store().store(); }

bool HostFrame::params_address(uint64_t& address) {
  address = guest_.pointer(values_[0]);
  return check_area(guest_, address, shape_->params_size, shape_->params_alignment);
}

bool HostFrame::finish() {
  StoreState& store = guest_.instance().store();
  if (auto finished = store.scopes.finish(store.handles); !finished) return keep(guest_, std::move(finished).error());
  if (shape_->result_uses_memory) guest_.refresh();
  return true;
}

bool HostFrame::result_address(uint64_t& address) {
  address = result_area_;
  return check_area(guest_, address, shape_->result_size, shape_->result_alignment);
}

}  // namespace tenon::detail
