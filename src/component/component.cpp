#include "tenon/component.h"

#include <string>

#include "component/core_types.h"
#include "component/state.h"
#include "engine/cache.h"

namespace tenon {

using component::at;
using component::ExternType;
using component::StaticModuleIndex;
using component::TrampolineKind;

std::string to_string(FuncType type) {
  std::string text = type.is_async() ? "async func(" : "func(";
  for (size_t i = 0; i < type.param_count(); ++i) {
    text += (i == 0 ? "" : ", ") + std::string(type.param_name(i)) + ": " + to_string(type.param_type(i));
  }
  text += ")";
  if (const auto result = type.result()) text += " -> " + to_string(*result);
  return text;
}

std::string_view to_string(ItemKind kind) {
  switch (kind) {
    case ItemKind::Func: return "func";
    case ItemKind::Instance: return "instance";
    case ItemKind::Component: return "component";
    case ItemKind::Module: return "module";
    case ItemKind::Type: return "type";
    case ItemKind::Resource: return "resource";
  }
  return "";
}

std::string_view Item::name() const { return node_->name; }
ItemKind Item::kind() const { return node_->kind; }
std::optional<FuncType> Item::func() const { return node_->func != nullptr ? std::optional(FuncType(*node_->types, *node_->func)) : std::nullopt; }
std::optional<Type> Item::type() const { return node_->type ? std::optional(Type(*node_->types, *node_->type)) : std::nullopt; }
std::span<const Item> Item::exports() const { return node_->exports != nullptr ? std::span<const Item>(*node_->exports) : std::span<const Item>(); }
std::span<const Item> Item::imports() const { return node_->imports != nullptr ? std::span<const Item>(*node_->imports) : std::span<const Item>(); }

namespace detail {

namespace {

constexpr size_t recipe_name_bytes_max = 32;

Result<> check_size(std::span<const std::byte> bytes, const ComponentOptions& options) {
  if (bytes.size() <= options.bytes_max) return {};
  return fail(ErrorKind::LimitExceeded, "the component is " + std::to_string(bytes.size()) + " bytes, the limit is " + std::to_string(options.bytes_max));
}

}  // namespace

Result<std::shared_ptr<const ComponentState>> ComponentState::create(const Engine& engine, std::span<const std::byte> source, const ComponentRecipe* recipe,
                                                                     const ComponentOptions& options) {
  if (recipe != nullptr && (recipe->name.empty() || recipe->name.size() > recipe_name_bytes_max))
    return fail(ErrorKind::InvalidInput, "a recipe's name has " + std::to_string(recipe->name.size()) + " bytes, expected 1 to 32");
  TENON_CHECK_OK(check_size(source, options));
  auto made = std::shared_ptr<ComponentState>(new ComponentState(engine));
  engine::CodeCache* cache = options.proposals == nullptr ? engine::Access::cache(engine) : nullptr;
  const std::string_view cache_label = recipe != nullptr ? recipe->name : "component";
  // No name of a recipe is what is made without one.
  const std::string key_label = recipe != nullptr ? "recipe " + std::string(recipe->name) : "component";
  const engine::CacheKey key = cache != nullptr ? engine::CodeCache::key(engine, key_label, source) : engine::CacheKey();
  const bool cached = cache != nullptr && made->take_cached(*cache, key);
  if (!cached) {
    std::vector<std::byte> derived;
    if (recipe != nullptr) {
      TENON_TRY(derived, recipe->make(source));
      TENON_CHECK_OK(check_size(derived, options));
    }
    const component::TranslateOptions all;
    TENON_TRY(made->buffer_, component::translate(recipe != nullptr ? derived : source, options.proposals != nullptr ? *options.proposals : all));
    TENON_TRY(made->plan_, component::load(made->buffer_.bytes()));
  }
  made->index_plan();
  made->index_exports();
  if (!made->unsupported_.empty() && !options.accept_async) return std::unexpected(made->unsupported_error());
  if (!cached) {
    TENON_CHECK_OK(made->compile());
    // A cache that cannot be written is no failure of the compilation.
    if (cache != nullptr) (void)cache->save(key, cache_label, component::without_modules(made->buffer_), made->modules_);
  }
  if (made->can_trap_unsupported_) {
    TENON_CHECK_OK(made->make_trampolines());
    made->prepare_instances();
  }
  return std::shared_ptr<const ComponentState>(std::move(made));
}

ComponentState::~ComponentState() {
  for (const Preparation& preparation : preparations_) tn_instance_pre_free(preparation.prepared);
  tn_host_set_free(host_set_);
}

Error ComponentState::unsupported_error() const {
  std::string list;
  for (const std::string& name : unsupported_) list += (list.empty() ? "" : ", ") + name;
  return Error(ErrorKind::Unsupported, "the component uses what cannot run yet: " + list);
}

bool ComponentState::take_cached(engine::CodeCache& cache, const engine::CacheKey& key) {
  auto entry = cache.load(engine_, key);
  if (!entry) return false;
  auto plan = component::load(entry->plain, component::ModuleBytes::LeftOut);
  if (!plan || plan->static_modules.size() != entry->modules.size()) return false;
  cached_plan_ = std::move(entry->plain);
  plan_ = *std::move(plan);
  modules_ = std::move(entry->modules);
  return true;
}

Result<> ComponentState::compile() {
  for (size_t i = 0; i < plan_.static_modules.size(); ++i) {
    // The component is cached whole, so its modules are not looked for one by one.
    tn_module* module = nullptr;
    if (tn_error* error = tn_module_compile(engine::raw(engine_), engine::bytes_of(plan_.static_modules[i].bytes), &module); error != nullptr) {
      return std::unexpected(engine::take_error(error).wrap("core module " + std::to_string(i)));
    }
    modules_.push_back(engine::Access::module(engine_, engine::OwnedModule(module)));
  }
  return {};
}

/// Everything that can be looked up from the plan alone.
void ComponentState::index_plan() {
  for (const FuncTypeNode& type : plan_.func_types) {
    shapes32_.push_back(shape_of(*plan_.types, type, false));
    shapes64_.push_back(shape_of(*plan_.types, type, true));
  }
  for (const component::UnsupportedUse& use : component::unsupported_uses(plan_)) {
    unsupported_.push_back(use.name);
    can_trap_unsupported_ = can_trap_unsupported_ && use.kind == component::UnsupportedUse::Kind::BuiltIn;
  }
  definitions_.resize(plan_.defined_resource_instances.size());
  module_of_.resize(plan_.counts.instances);
  flags_exports_.resize(plan_.counts.component_instances);
  for (const component::Initializer& initializer : plan_.initializers) {
    if (const auto* step = std::get_if<component::InstantiateStaticModule>(&initializer)) {
      module_of_[at(step->index)] = step->module;
      for (const component::OwnFlags& flags : step->flags) flags_exports_[at(flags.instance)] = {.instance = step->index, .ordinal = flags.ordinal};
    }
    if (const auto* step = std::get_if<component::DefineResource>(&initializer)) definitions_[at(step->index)] = step;
  }
}

void ComponentState::index_exports() {
  for (const component::NamedExport& named : plan_.exports) export_names_.insert(named.name, named.index);
  instance_names_.resize(plan_.export_items.size());
  for (size_t i = 0; i < plan_.export_items.size(); ++i) {
    const auto* instance = std::get_if<component::ExportedInstance>(&plan_.export_items[i]);
    if (instance == nullptr) continue;
    instance_names_[i] = std::make_unique<component::NameMap<component::ExportIndex>>();
    for (const component::NamedExport& named : instance->exports) instance_names_[i]->insert(named.name, named.index);
  }
  // One list of items for each instance and component type, however often it is used: a tree of its own for each use could be exponentially large.
  instance_items_.resize(plan_.instance_types.size());
  component_imports_.resize(plan_.component_types.size());
  component_exports_.resize(plan_.component_types.size());
  for (size_t i = 0; i < plan_.instance_types.size(); ++i) instance_items_[i] = make_items(plan_.instance_types[i].exports);
  for (size_t i = 0; i < plan_.component_types.size(); ++i) {
    component_imports_[i] = make_items(plan_.component_types[i].imports);
    component_exports_[i] = make_items(plan_.component_types[i].exports);
  }
}

std::vector<Item> ComponentState::make_items(const std::vector<component::NamedExtern>& named) {
  std::vector<Item> items;
  for (const component::NamedExtern& each : named) {
    auto node = std::make_unique<ItemNode>(ItemNode{});
    node->name = each.name;
    node->types = plan_.types.get();
    if (const auto* index = std::get_if<component::ComponentTypeIndex>(&each.type)) {
      node->kind = ItemKind::Component;
      node->imports = &component_imports_[at(*index)];
      node->exports = &component_exports_[at(*index)];
    } else if (const auto* instance = std::get_if<component::InstanceTypeIndex>(&each.type)) {
      node->kind = ItemKind::Instance;
      node->exports = &instance_items_[at(*instance)];
    } else if (const auto* func = std::get_if<component::FuncTypeIndex>(&each.type)) {
      node->kind = ItemKind::Func;
      node->func = &plan_.func_types[at(*func)];
    } else if (const auto* type = std::get_if<TypeIndex>(&each.type)) {
      node->type = *type;
    } else if (std::holds_alternative<component::ResourceTableIndex>(each.type)) {
      node->kind = ItemKind::Resource;
    } else {
      node->kind = ItemKind::Module;
    }
    items.emplace_back(*node);
    nodes_.push_back(std::move(node));
  }
  return items;
}

const component::NameMap<component::ExportIndex>* ComponentState::instance_names(component::ExportIndex index) const {
  return instance_names_[at(index)].get();
}

size_t ComponentState::code_bytes() const {
  size_t bytes = 0;
  for (const core::Module& module : modules_) bytes += module.code_bytes();
  return bytes;
}

namespace {

/// Whose `may_leave` a built-in looks at. What only adapters call needs no check; resource.rep and backpressure may always be called.
std::optional<component::RuntimeComponentInstanceIndex> checked_instance(const component::Trampoline& trampoline, const component::Plan& plan) {
  switch (trampoline.kind) {
    case TrampolineKind::LowerImport: return plan.options[at(*trampoline.options)].instance;
    case TrampolineKind::ResourceRep:
    case TrampolineKind::BackpressureInc:
    case TrampolineKind::BackpressureDec: return std::nullopt;
    default: return trampoline.instance;
  }
}

/// The type codes of a core function's parameters and results.
struct TypeCodes {
  std::vector<uint8_t> params;
  std::vector<uint8_t> results;
};

TypeCodes codes_of(const component::CoreFuncType& type) {
  TypeCodes codes;
  for (const component::CoreValueType param : type.params) codes.params.push_back(component::type_code(param));
  for (const component::CoreValueType result : type.results) codes.results.push_back(component::type_code(result));
  return codes;
}

}  // namespace

TrampolineRecord ComponentState::record_of(const component::Trampoline& trampoline, std::span<const component::RuntimeImportIndex> lowered) const {
  TrampolineRecord record{.component = this, .trampoline = &trampoline, .checked = checked_instance(trampoline, plan_)};
  if (trampoline.kind != TrampolineKind::LowerImport) return record;
  record.options = &plan_.options[at(*trampoline.options)];
  record.type = &plan_.func_types[at(*trampoline.func_type)];
  record.shape = &shape(*trampoline.func_type, record.options->is_64);
  record.import = lowered[at(*trampoline.lowered)];
  return record;
}

/// One set of host functions: the plan's trampolines in their order, and then, for concurrent plans, context.get and context.set of both slots.
Result<> ComponentState::make_trampolines() {
  std::vector<component::RuntimeImportIndex> lowered(plan_.counts.lowerings);
  for (const component::Initializer& initializer : plan_.initializers) {
    if (const auto* step = std::get_if<component::LowerImport>(&initializer)) lowered[at(step->index)] = step->import;
  }
  std::vector<TypeCodes> codes;
  std::vector<tn_host_function> functions;
  for (const component::Trampoline& trampoline : plan_.trampolines) {
    records_.push_back(record_of(trampoline, lowered));
    codes.push_back(codes_of(plan_.core_func_types[at(trampoline.type)]));
    functions.push_back(trampoline_function(trampoline.kind));
  }
  for (uint32_t i = 0; plan_.is_concurrent && i < 4; ++i) {
    const bool is_set = i % 2 == 1;
    records_.push_back(TrampolineRecord{.component = this, .context_slot = i / 2, .checked = std::nullopt});
    codes.push_back(is_set ? TypeCodes{{TN_TYPE_I32}, {}} : TypeCodes{{}, {TN_TYPE_I32}});
    functions.push_back(detail::context_function(is_set));
  }
  std::vector<tn_host_definition> definitions;
  for (size_t i = 0; i < records_.size(); ++i) {
    definitions.push_back({.params = {codes[i].params.data(), codes[i].params.size()},
                           .results = {codes[i].results.data(), codes[i].results.size()},
                           .function = functions[i],
                           .env = &records_[i]});
  }
  if (tn_error* error = tn_host_set_new(engine::Access::native(engine_), definitions.data(), definitions.size(), &host_set_); error != nullptr)
    return std::unexpected(engine::take_error(error));
  return {};
}

/// What of an instantiation is the same in every store is done once. A module that imports nothing but host functions is prepared whole, so that instantiating
/// it checks no types.
void ComponentState::prepare_instances() {
  preparations_.resize(plan_.counts.instances);
  instance_modules_.resize(plan_.counts.instances);
  for (const component::Initializer& initializer : plan_.initializers) {
    const auto* step = std::get_if<component::InstantiateStaticModule>(&initializer);
    if (step == nullptr) continue;
    const tn_module* const module = engine::Access::native(modules_[at(step->module)]);
    instance_modules_[at(step->index)] = module;
    std::vector<tn_extern> imports;
    std::vector<uint32_t> indices;
    for (const component::CoreDef& argument : step->arguments) {
      tn_extern import{};
      if (const auto* trampoline = std::get_if<component::TrampolineRef>(&argument)) {
        import.kind = TN_HOST_FUNC;
        import.of.index = static_cast<uint32_t>(at(trampoline->trampoline));
        indices.push_back(import.of.index);
      } else if (const auto* source = std::get_if<component::CoreExport>(&argument); source != nullptr && source->ordinal) {
        import.kind = TN_EXPORT;
        import.of.export_of = {.instance = static_cast<uint32_t>(at(source->instance)), .ordinal = *source->ordinal};
      } else {
        break;
      }
      imports.push_back(import);
    }
    Preparation& preparation = preparations_[at(step->index)];
    // A module whose import names repeat cannot be prepared and is instantiated the other way.
    if (indices.size() == step->arguments.size()) tn_error_free(tn_instance_pre_new(module, host_set_, indices.data(), indices.size(), &preparation.prepared));
    if (preparation.prepared == nullptr && imports.size() == step->arguments.size()) preparation.imports = std::move(imports);
  }
}

Component InstanceState::public_component() const { return ComponentState::handle(pre_->component); }

}  // namespace detail

Result<Component> Component::create(const Engine& engine, std::span<const std::byte> bytes, const ComponentOptions& options) {
  TENON_TRY(auto state, detail::ComponentState::create(engine, bytes, nullptr, options));
  return Component(std::move(state));
}

Result<Component> Component::create(const Engine& engine, std::span<const std::byte> source, const ComponentRecipe& recipe, const ComponentOptions& options) {
  TENON_TRY(auto state, detail::ComponentState::create(engine, source, &recipe, options));
  return Component(std::move(state));
}

std::span<const Item> Component::imports() const { return state_->imports(); }
std::span<const Item> Component::exports() const { return state_->exports(); }
const std::vector<std::string>& Component::unsupported() const { return state_->unsupported(); }
size_t Component::code_bytes() const { return state_->code_bytes(); }

std::optional<tenon::ExportIndex> Component::find_export(std::string_view name) const {
  const component::ExportIndex* const found = state_->export_names().find(name);
  return found != nullptr ? std::optional(tenon::ExportIndex(static_cast<uint32_t>(*found))) : std::nullopt;
}

std::optional<tenon::ExportIndex> Component::find_export(std::string_view instance, std::string_view name) const {
  const component::ExportIndex* const outer = state_->export_names().find(instance);
  const auto* const names = outer == nullptr ? nullptr : state_->instance_names(*outer);
  const component::ExportIndex* const found = names == nullptr ? nullptr : names->find(name);
  return found != nullptr ? std::optional(tenon::ExportIndex(static_cast<uint32_t>(*found))) : std::nullopt;
}

}  // namespace tenon
