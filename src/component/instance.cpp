#include "tenon/instance.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "component/state.h"

namespace tenon {

using component::at;

namespace {

std::string range_text(uint64_t address, size_t bytes, uint64_t size) {
  return "bytes " + std::to_string(address) + " to " + std::to_string(address + bytes) + " are not inside of the memory of " + std::to_string(size);
}

/// The names that there are, for a message.
template <class Map>
std::string list_names(const Map& names) {
  std::string text;
  for (const auto& [name, index] : names.entries()) {
    if (text.size() > 400) return text + ", …";
    text += (text.empty() ? "" : ", ") + name;
  }
  return text.empty() ? "nothing" : text;
}

Result<ExportIndex> find_in(const Component& component, const detail::ComponentState& state, std::string_view name) {
  if (const auto found = component.find_export(name)) return *found;
  if (const size_t hash = name.find('#'); hash != std::string_view::npos) {
    if (const auto found = component.find_export(name.substr(0, hash), name.substr(hash + 1))) return *found;
  }
  return fail(ErrorKind::NotFound, "there is no export \"" + std::string(name) + "\"; the component exports " + list_names(state.export_names()));
}

Result<ExportIndex> find_in(const Component& component, const detail::ComponentState& state, std::string_view instance, std::string_view name) {
  if (const auto found = component.find_export(instance, name)) return *found;
  const auto* index = state.export_names().find(instance);
  const auto* names = index == nullptr ? nullptr : state.instance_names(*index);
  if (names == nullptr)
    return fail(ErrorKind::NotFound,
                "there is no exported instance \"" + std::string(instance) + "\"; the component exports " + list_names(state.export_names()));
  return fail(ErrorKind::NotFound, "there is no export \"" + std::string(name) + "\" in \"" + std::string(instance) + "\"; it exports " + list_names(*names));
}

}  // namespace

void set_component_limits(Store& store, const ComponentLimits& limits) {
  detail::StoreState& state = detail::StoreState::of(store);
  state.set_lift_bytes(limits.lift_bytes);
  state.handles.set_limit(limits.handles);
}

uint64_t MemoryView::size() const { return instance_->memory(component::RuntimeMemoryIndex(memory_)).size; }

std::span<std::byte> MemoryView::data() const {
  const tn_memory_view view = instance_->memory(component::RuntimeMemoryIndex(memory_));
  return {reinterpret_cast<std::byte*>(view.data), view.size};
}

Result<> MemoryView::read(uint64_t address, std::span<std::byte> to) const {
  const std::span<const std::byte> all = data();
  if (address > all.size() || to.size() > all.size() - address) return fail(ErrorKind::InvalidInput, range_text(address, to.size(), all.size()));
  if (!to.empty()) std::memcpy(to.data(), all.data() + address, to.size());
  return {};
}

Result<> MemoryView::write(uint64_t address, std::span<const std::byte> from) const {
  const std::span<std::byte> all = data();
  if (address > all.size() || from.size() > all.size() - address) return fail(ErrorKind::InvalidInput, range_text(address, from.size(), all.size()));
  if (!from.empty()) std::memcpy(all.data() + address, from.data(), from.size());
  return {};
}

FuncType Func::type() const { return lifted_->func_type(); }

std::optional<MemoryView> Func::memory() const {
  if (!lifted_->options->memory) return std::nullopt;
  return MemoryView(*lifted_->instance, static_cast<uint32_t>(*lifted_->options->memory));
}

namespace {

bool lower_arguments(detail::GuestCall& call, FuncType type, std::span<const Value> arguments) {
  detail::Guest& guest = call.guest();
  if (!call.shape().params_in_memory) {
    detail::RawValue* flat = call.values();
    for (size_t i = 0; i < arguments.size(); ++i) {
      if (!detail::lower_flat(guest, type.node().params[i].type, arguments[i], flat)) return false;
    }
    return true;
  }
  uint64_t area = 0;
  if (!call.allocate_params(area)) return false;
  for (size_t i = 0; i < arguments.size(); ++i) {
    if (!detail::lower_memory(guest, type.node().params[i].type, arguments[i], area + call.shape().offsets[i])) return false;
  }
  return true;
}

bool lift_result(detail::GuestCall& call, FuncType type, std::optional<Value>& result) {
  if (!type.node().result) return true;
  result.emplace();
  if (!call.shape().result_in_memory) {
    const detail::RawValue* flat = call.values();
    return detail::lift_flat(call.guest(), *type.node().result, flat, *result);
  }
  uint64_t area = 0;
  return call.result_address(area) && detail::lift_memory(call.guest(), *type.node().result, area, *result);
}

/// The words for an argument that does not fit: lowering only noticed it.
Error explain(Error error, FuncType type, std::span<const Value> arguments) {
  if (error.kind() != ErrorKind::InvalidInput) return error;
  for (size_t i = 0; i < arguments.size(); ++i) {
    if (auto checked = check(arguments[i], type.param_type(i)); !checked) return std::move(checked).error().wrap("argument " + std::string(type.param_name(i)));
  }
  return error;
}

}  // namespace

Result<std::optional<Value>> Func::call(std::span<const Value> arguments) const {
  const FuncType type = lifted_->func_type();
  if (arguments.size() != type.param_count())
    return fail(ErrorKind::InvalidInput, "expected " + std::to_string(type.param_count()) + " argument(s), got " + std::to_string(arguments.size()));
  detail::GuestCall call(*lifted_);
  std::optional<Value> result;
  if (call.enter() && lower_arguments(call, type, arguments) && call.invoke() && lift_result(call, type, result) && call.leave()) return result;
  return std::unexpected(explain(call.take_error(), type, arguments));
}

Result<Func> Instance::get_func(ExportIndex index) const {
  TENON_TRY(detail::LiftedFunc * lifted, state_->lifted(component::ExportIndex(index.index_)));
  return Func(*lifted);
}

Result<Func> Instance::get_func(std::string_view name) const {
  TENON_TRY(const ExportIndex index, find_in(component(), state_->component(), name));
  auto found = get_func(index);
  return found ? std::move(found) : std::unexpected(std::move(found).error().wrap(name));
}

Result<Func> Instance::get_func(std::string_view instance, std::string_view name) const {
  TENON_TRY(const ExportIndex index, find_in(component(), state_->component(), instance, name));
  auto found = get_func(index);
  return found ? std::move(found) : std::unexpected(std::move(found).error().wrap(name));
}

Result<core::Module> Instance::get_module(std::string_view name) const {
  TENON_TRY(const ExportIndex index, find_in(component(), state_->component(), name));
  return state_->module(component::ExportIndex(index.index_));
}

static Result<ResourceType> resource_at(const detail::InstanceState& state, component::ExportIndex index) {
  const auto* exported = std::get_if<component::ExportedType>(&state.plan().export_items[at(index)]);
  const auto* table = exported == nullptr ? nullptr : std::get_if<component::ResourceTableIndex>(&exported->type);
  if (table == nullptr || !state.plan().resource_tables[at(*table)].is_concrete) return fail(ErrorKind::InvalidInput, "the export is not a resource");
  return state.resource(*table);
}

Result<ResourceType> Instance::get_resource(std::string_view name) const {
  TENON_TRY(const ExportIndex index, find_in(component(), state_->component(), name));
  return resource_at(*state_, component::ExportIndex(index.index_));
}

Result<ResourceType> Instance::get_resource(std::string_view instance, std::string_view name) const {
  TENON_TRY(const ExportIndex index, find_in(component(), state_->component(), instance, name));
  return resource_at(*state_, component::ExportIndex(index.index_));
}

Component Instance::component() const { return state_->public_component(); }
Store& Instance::store() const { return state_->store().store(); }
bool Instance::is_poisoned() const { return state_->is_poisoned(); }

}  // namespace tenon
