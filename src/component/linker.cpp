#include "tenon/linker.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>

#include "component/core_types.h"
#include "component/names.h"
#include "component/state.h"
#include "tenon/instance.h"

namespace tenon {

using component::at;
using component::ExternType;
using component::InstanceTypeIndex;
using component::NamedExtern;
using component::ResourceIndex;

namespace detail {

struct ResourceDefinition {
  ResourceType type;
  std::shared_ptr<const ResourceDestructor> destructor;
};

class LinkerScope;

using Definition = std::variant<std::shared_ptr<const HostFunction>, std::unique_ptr<LinkerScope>, core::Module, ResourceDefinition>;

/// The names of one level.
class LinkerScope {
 public:
  component::NameMap<Definition> names;
};

namespace {

std::string_view kind_name(const Definition& definition) {
  constexpr std::string_view names[] = {"func", "instance", "module", "resource"};
  return names[definition.index()];
}

/// A host function over `Value`s.
class DynamicFunction final : public HostFunction {
 public:
  explicit DynamicFunction(HostCallback callback) : callback_(std::move(callback)) {}

  Result<> check(FuncType, const ResourceLookup&) const override { return {}; }
  bool call(HostFrame& frame) const noexcept override {
    std::vector<Value> arguments(frame.type().param_count());
    if (!lift(frame, arguments)) return false;
    frame.begin_body();
    HostCall host_call(frame.store(), frame.type());
    auto result = callback_(host_call, arguments);
    if (!result) return frame.guest().fail(std::move(result).error());
    return lower(frame, *result);
  }

 private:
  static bool lift(HostFrame& frame, std::span<Value> arguments) {
    const auto& params = frame.type().node().params;
    if (!frame.shape().params_in_memory) {
      const RawValue* flat = frame.values();
      for (size_t i = 0; i < arguments.size(); ++i) {
        if (!lift_flat(frame.guest(), params[i].type, flat, arguments[i])) return false;
      }
      return true;
    }
    uint64_t area = 0;
    if (!frame.params_address(area)) return false;
    for (size_t i = 0; i < arguments.size(); ++i) {
      if (!lift_memory(frame.guest(), params[i].type, area + frame.shape().offsets[i], arguments[i])) return false;
    }
    return true;
  }

  static bool lower(HostFrame& frame, const std::optional<Value>& result) {
    const auto type = frame.type().result();
    if (result.has_value() != type.has_value())
      return frame.guest().fail(ErrorKind::InvalidInput, type ? "the host function returned no value, expected " + to_string(*type)
                                                              : "the host function returned a value, expected none");
    if (!frame.finish()) return false;
    if (!type) return true;
    bool good = false;
    if (!frame.shape().result_in_memory) {
      RawValue* flat = frame.values();
      good = lower_flat(frame.guest(), type->index(), *result, flat);
    } else {
      uint64_t area = 0;
      good = frame.result_address(area) && lower_memory(frame.guest(), type->index(), *result, area);
    }
    if (good || frame.guest().error_kind() != ErrorKind::InvalidInput) return good;
    // Lowering only noticed that the value does not fit; this finds the words.
    if (auto checked = tenon::check(*result, *type); !checked) {
      frame.guest().take_error();
      return frame.guest().fail(std::move(checked).error().wrap("the host function's result"));
    }
    return false;
  }

  HostCallback callback_;
};

/// Checks and resolves the imports of one component.
class Resolver final : public ResourceLookup {
 public:
  Resolver(const ComponentState& component, const LinkerScope& root) : component_(component), plan_(component.plan()), root_(root) {
    resources_.resize(plan_.counts.resources);
  }

  Result<std::shared_ptr<const PreState>> run(std::shared_ptr<const ComponentState> shared) {
    for (const NamedExtern& import : plan_.imports) {
      if (auto checked = check(import.type, find(root_, import), import.name, ""); !checked) {
        if (!error_) error_ = std::move(checked).error().wrap("import `" + import.name + "`");
      }
    }
    if (!missing_.empty()) {
      std::string list;
      for (const std::string& name : missing_) list += (list.empty() ? "" : ", ") + name;
      return fail(ErrorKind::NotFound, "not provided: " + list + " (a matching implementation was not found in the linker)");
    }
    if (error_) return std::unexpected(std::move(*error_));
    auto pre = std::make_shared<PreState>();
    pre->component = std::move(shared);
    for (const component::RuntimeImport& import : plan_.runtime_imports) resolve(import, *pre);
    for (size_t i = 0; i < plan_.imported_resources.size(); ++i) {
      if (!resources_[i]) return fail(ErrorKind::NotFound, "not provided: resource " + std::to_string(i));
      pre->resources.push_back({.type = resources_[i]->type, .destructor = resources_[i]->destructor});
    }
    return std::shared_ptr<const PreState>(std::move(pre));
  }

  const std::vector<std::string>& missing() const { return missing_; }

  std::optional<ResourceType> find(const TypeNode& node) const override {
    const component::ResourceTable& table = plan_.resource_tables[node.resource];
    if (!table.is_concrete || !resources_[at(table.resource)]) return std::nullopt;
    return resources_[at(table.resource)]->type;
  }

 private:
  static const Definition* find(const LinkerScope& scope, const NamedExtern& import) {
    if (const Definition* found = scope.names.find(import.name)) return found;
    return import.implements.empty() ? nullptr : scope.names.find(import.implements);
  }

  Result<> mismatch(std::string_view expected, const Definition& actual) {
    return fail(ErrorKind::InvalidInput, "expected " + std::string(expected) + " found " + std::string(kind_name(actual)));
  }
  Result<> absent(const std::string& name) {
    missing_.push_back(name);
    return {};
  }

  /// `name` is how a missing item is listed, with the instance that it is in.
  Result<> check(const ExternType& expected, const Definition* actual, const std::string& name, const std::string& instance) {
    const std::string full = instance.empty() ? name : instance + "#" + name;
    if (const auto* index = std::get_if<InstanceTypeIndex>(&expected)) return check_instance(*index, actual, full);
    if (const auto* func = std::get_if<component::FuncTypeIndex>(&expected)) {
      if (actual == nullptr) return absent(full);
      const auto* function = std::get_if<std::shared_ptr<const HostFunction>>(actual);
      if (function == nullptr) return mismatch("function", *actual);
      auto checked = (*function)->check(FuncType(component_.types(), plan_.func_types[at(*func)]), *this);
      return checked ? checked : std::unexpected(std::move(checked).error().wrap("type mismatch"));
    }
    if (const auto* module = std::get_if<component::ModuleTypeIndex>(&expected)) {
      if (actual == nullptr) return absent(full);
      const auto* given = std::get_if<core::Module>(actual);
      if (given == nullptr) return mismatch("module", *actual);
      return component::match(plan_.module_types[at(*module)], engine::Access::native(*given), plan_.core_func_types);
    }
    if (const auto* table = std::get_if<component::ResourceTableIndex>(&expected)) return check_resource(plan_.resource_tables[at(*table)], actual, full);
    if (std::holds_alternative<component::ComponentTypeIndex>(expected)) return actual == nullptr ? absent(full) : mismatch("component", *actual);
    if (std::holds_alternative<TypeIndex>(expected)) {
      // A value type that is exported by an instance has no definition; one that is imported by itself neither.
      return {};
    }
    return fail(ErrorKind::Unsupported, "an import of this kind cannot be provided");
  }

  Result<> check_instance(InstanceTypeIndex index, const Definition* actual, const std::string& name) {
    const auto* scope = actual == nullptr ? nullptr : std::get_if<std::unique_ptr<LinkerScope>>(actual);
    if (actual != nullptr && scope == nullptr) return mismatch("instance", *actual);
    for (const NamedExtern& each : plan_.instance_types[at(index)].exports) {
      const Definition* const inner = scope == nullptr ? nullptr : find(**scope, each);
      if (auto checked = check(each.type, inner, each.name, name); !checked)
        return std::unexpected(std::move(checked).error().wrap("instance export `" + each.name + "` has the wrong type"));
    }
    return {};
  }

  /// The first mention of an imported resource gives it its identity; a later one, of an `(eq …)` type, must agree if it is there at all.
  Result<> check_resource(const component::ResourceTable& table, const Definition* actual, const std::string& name) {
    if (!table.is_concrete) return {};
    std::optional<ResourceDefinition>& known = resources_[at(table.resource)];
    if (actual == nullptr) return known ? Result<>() : absent(name);
    const auto* given = std::get_if<ResourceDefinition>(actual);
    if (given == nullptr) return mismatch("resource", *actual);
    if (!known) {
      known = *given;
    } else if (!(known->type == given->type)) {
      return fail(ErrorKind::InvalidInput, "mismatched resource types");
    }
    return {};
  }

  /// The export of that name, which is there: paths were followed when the plan was loaded.
  const NamedExtern* named(InstanceTypeIndex index, std::string_view name) {
    auto& exports = exports_[index];
    if (exports.empty()) {
      for (const NamedExtern& each : plan_.instance_types[at(index)].exports) exports.emplace(each.name, &each);
    }
    return exports.at(name);
  }

  /// All is there and fits: picks what the plan's steps take, found in the same way.
  void resolve(const component::RuntimeImport& import, PreState& pre) {
    const NamedExtern* item = &plan_.imports[at(import.import)];
    const Definition* found = find(root_, *item);
    for (const std::string& name : import.path) {
      item = named(std::get<InstanceTypeIndex>(item->type), name);
      const auto* scope = found == nullptr ? nullptr : std::get_if<std::unique_ptr<LinkerScope>>(found);
      found = scope == nullptr ? nullptr : find(**scope, *item);
    }
    const auto* function = found == nullptr ? nullptr : std::get_if<std::shared_ptr<const HostFunction>>(found);
    const auto* module = found == nullptr ? nullptr : std::get_if<core::Module>(found);
    pre.functions.push_back(function == nullptr ? nullptr : *function);
    pre.modules.push_back(module == nullptr ? std::nullopt : std::optional(*module));
  }

  const ComponentState& component_;
  const component::Plan& plan_;
  const LinkerScope& root_;
  std::vector<std::optional<ResourceDefinition>> resources_;
  std::unordered_map<InstanceTypeIndex, std::unordered_map<std::string_view, const NamedExtern*>> exports_;
  std::vector<std::string> missing_;
  std::optional<Error> error_;
};

}  // namespace
}  // namespace detail

struct Linker::State {
  explicit State(const Engine& which) : engine(which) {}

  Engine engine;
  detail::LinkerScope root;
  bool allow_shadowing = false;
  bool trap_unsupported_builtins = false;

  Result<> define(detail::LinkerScope& scope, std::string_view name, detail::Definition definition) {
    if (!allow_shadowing && scope.names.find_exact(name) != nullptr) return fail(ErrorKind::InvalidInput, "\"" + std::string(name) + "\" is defined twice");
    scope.names.insert(name, std::move(definition));
    return {};
  }

  /// Puts a function that traps, or an empty resource, in place of what is missing.
  Result<> stub(detail::LinkerScope& scope, const component::Plan& plan, const NamedExtern& item, const std::string& instance) {
    if (const auto* type = std::get_if<InstanceTypeIndex>(&item.type)) {
      detail::Definition* found = scope.names.find(item.name);
      if (found == nullptr) found = &scope.names.insert(item.name, std::make_unique<detail::LinkerScope>());
      auto* inner = std::get_if<std::unique_ptr<detail::LinkerScope>>(found);
      if (inner == nullptr) return {};
      for (const NamedExtern& each : plan.instance_types[at(*type)].exports) TENON_CHECK_OK(stub(**inner, plan, each, item.name));
      return {};
    }
    if (scope.names.find(item.name) != nullptr) return {};
    const std::string full = instance.empty() ? item.name : instance + "#" + item.name;
    if (std::holds_alternative<component::FuncTypeIndex>(item.type)) {
      auto trap = [full](HostCall&, std::span<Value>) -> Result<std::optional<Value>> {
        return fail(ErrorKind::Trap, "unknown import: `" + full + "` has not been defined");
      };
      scope.names.insert(item.name, std::make_shared<const detail::DynamicFunction>(std::move(trap)));
    } else if (std::holds_alternative<component::ResourceTableIndex>(item.type)) {
      scope.names.insert(item.name, detail::ResourceDefinition{.type = ResourceType::create_host(), .destructor = nullptr});
    } else if (!std::holds_alternative<TypeIndex>(item.type)) {
      return fail(ErrorKind::InvalidInput,
                  "unable to define " + std::string(component::to_string(component::kind_of(item.type))) + " imports as traps: " + full);
    }
    return {};
  }
};

Linker::Linker(const Engine& engine) : state_(std::make_unique<State>(engine)) {}
Linker::Linker(Linker&&) noexcept = default;
Linker& Linker::operator=(Linker&&) noexcept = default;
Linker::~Linker() = default;

LinkerInstance Linker::root() { return LinkerInstance(*this, state_->root); }
void Linker::set_allow_shadowing(bool allow) { state_->allow_shadowing = allow; }
void Linker::set_trap_unsupported_builtins(bool trap) { state_->trap_unsupported_builtins = trap; }

Result<> LinkerInstance::define_func(std::string_view name, HostCallback callback) {
  return define_func(name, std::make_shared<const detail::DynamicFunction>(std::move(callback)));
}

Result<> LinkerInstance::define_func(std::string_view name, std::shared_ptr<const detail::HostFunction> function) {
  return linker_->state_->define(*scope_, name, std::move(function));
}

Result<> LinkerInstance::define_resource(std::string_view name, ResourceType type, ResourceDestructor destructor) {
  detail::ResourceDefinition made{.type = type, .destructor = nullptr};
  if (destructor) made.destructor = std::make_shared<const ResourceDestructor>(std::move(destructor));
  return linker_->state_->define(*scope_, name, std::move(made));
}

Result<> LinkerInstance::define_module(std::string_view name, const core::Module& module) { return linker_->state_->define(*scope_, name, module); }

Result<LinkerInstance> LinkerInstance::instance(std::string_view name) {
  detail::Definition* found = scope_->names.find_exact(name);
  if (found == nullptr) found = &scope_->names.insert(name, std::make_unique<detail::LinkerScope>());
  auto* const inner = std::get_if<std::unique_ptr<detail::LinkerScope>>(found);
  if (inner == nullptr) return fail(ErrorKind::InvalidInput, "\"" + std::string(name) + "\" is defined and is no instance");
  return LinkerInstance(*linker_, **inner);
}

std::vector<std::string> Linker::missing(const Component& component) const {
  detail::Resolver resolver(*component.state_, state_->root);
  static_cast<void>(resolver.run(component.state_).has_value());
  return resolver.missing();
}

Result<> Linker::define_unknown_imports_as_traps(const Component& component) {
  for (const NamedExtern& import : component.state_->plan().imports) TENON_CHECK_OK(state_->stub(state_->root, component.state_->plan(), import, ""));
  return {};
}

Result<InstancePre> Linker::instantiate_pre(const Component& component) const {
  const bool runs = component.unsupported().empty() || (state_->trap_unsupported_builtins && component.state_->can_trap_unsupported());
  if (!runs) return std::unexpected(component.state_->unsupported_error());
  detail::Resolver resolver(*component.state_, state_->root);
  TENON_TRY(auto state, resolver.run(component.state_));
  return InstancePre(component, std::move(state));
}

Result<Instance> Linker::instantiate(Store& store, const Component& component) const {
  TENON_TRY(const InstancePre pre, instantiate_pre(component));
  return pre.instantiate(store);
}

}  // namespace tenon
