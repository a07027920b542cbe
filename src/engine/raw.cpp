#include "engine/raw.h"

namespace tenon::engine {

Result<tn_instance> instantiate(Store& store, const core::Module& module, const tn_host_set* set, const tn_instances& made,
                                std::span<const tn_extern> imports) {
  if (!may_enter(store)) return std::unexpected(stack_exhausted(store));
  TENON_CHECK_OK(Access::count_instance(store, module));
  const CallScope scope(store);
  tn_instance instance{};
  tn_error* error = tn_instantiate(Access::context(store), Access::native(module), set, made, imports.data(), imports.size(), &instance);
  if (error != nullptr) return std::unexpected(take_error(store, error));
  return instance;
}

Result<tn_instance> instantiate(Store& store, const core::Module& module, const tn_instance_pre& pre) {
  if (!may_enter(store)) return std::unexpected(stack_exhausted(store));
  TENON_CHECK_OK(Access::count_instance(store, module));
  const CallScope scope(store);
  tn_instance instance{};
  if (tn_error* error = tn_instance_pre_instantiate(Access::context(store), &pre, &instance); error != nullptr)
    return std::unexpected(take_error(store, error));
  return instance;
}

Result<tn_extern> get_export(Store& store, const tn_instance& instance, const core::Module& module, size_t index) {
  tn_extern item{};
  tn_error* error = tn_instance_export(Access::context(store), &instance, Access::native(module), index, &item);
  if (error != nullptr) return std::unexpected(take_error(error));
  return item;
}

}  // namespace tenon::engine
