// Makes an instance: the plan's initializers in order over the core engine.

#include <algorithm>
#include <atomic>
#include <memory>
#include <span>
#include <string>
#include <variant>

#include "component/state.h"
#include "tenon/instance.h"

namespace tenon::detail {

using component::at;
using component::CoreDef;
using component::CoreExport;
using component::ResourceIndex;
using component::RuntimeComponentInstanceIndex;

namespace {

/// Numbers for what must be told apart over all stores: instances (whose resources are types of their own) and stores.
uint64_t next_number() {
  static std::atomic<uint64_t> next{1};
  return next.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace

/// The engine reserves 4 GiB for a memory unless it is told otherwise.
static bool reserves_all(const EngineConfig& config) { return config.memory_reservation_bytes.value_or(uint64_t{1} << 32) >= uint64_t{1} << 32; }

StoreState::StoreState(Store& store)
    : store_(store),
      context_(engine::Access::context(store)),
      number_(next_number()),
      lift_bytes_(lift_bytes_max_default),
      memories_stay_(reserves_all(store.engine().config())) {}
StoreState::~StoreState() {
  // One after the other: left to themselves, each would end the one before it from its own destructor, however many there are.
  while (newest_ != nullptr) newest_ = std::move(newest_->older_);
}

InstanceState& StoreState::add(std::unique_ptr<InstanceState> instance) {
  instance->older_ = std::move(newest_);
  newest_ = std::move(instance);
  return *newest_;
}

void StoreState::end() noexcept {
  is_ending_ = true;
  for (InstanceState* each = newest_.get(); each != nullptr; each = each->older_.get()) each->poison();
  // What fails now has nobody to be told.
  while (const std::shared_ptr<component::HostResource> resource = held.newest()) (void)drop(*resource);
  for (InstanceState* each = newest_.get(); each != nullptr; each = each->older_.get()) each->drop_host_handles();
}

Result<> StoreState::drop(component::HostResource& resource) {
  const std::shared_ptr<const ResourceDestructor> destructor = std::move(resource.destructor);
  resource.state = component::HostResource::State::Dropped;
  const uint32_t representation = resource.representation;
  held.remove(handles, resource);
  return destructor ? (*destructor)(store_, representation) : Result<>();
}

void StoreState::discard(InstanceState& instance) {
  instance.drop_host_handles();
  // Nobody else points to it: the host gets handles of an instance's own resources from its exports only, which were not there yet.
  const std::shared_ptr<const ComponentState>& component = instance.pre().component;
  if (instance.has_code_in_engine() && std::ranges::find(kept_, component) == kept_.end()) kept_.push_back(component);
  std::unique_ptr<InstanceState>* owner = &newest_;
  while (owner->get() != &instance) owner = &(*owner)->older_;
  *owner = std::move(instance.older_);
}

void StoreState::drop_taken() {
  // A destructor may let other guests run, whose liftings use the list.
  for (const TakenResource& taken : std::exchange(taken_, {})) {
    if (taken.handle == nullptr) {
      (void)(*taken.destructor)(store_, taken.representation);
    } else if (taken.handle->state == component::HostResource::State::Live) {
      (void)drop(*taken.handle);
    }
  }
}

StoreState& StoreState::of(Store& store) {
  if (engine::extension_of(store) == nullptr) engine::set_extension(store, std::make_unique<StoreState>(store));
  return *static_cast<StoreState*>(engine::extension_of(store));
}

Entry::Entry(StoreState& store, InstanceState& instance)
    : store_(store), instance_(instance), previous_(std::exchange(store.current, &instance)), depth_(store.scopes.push()), was_entered_(instance.is_entered()) {
  instance.set_entered(true);
}

Entry::~Entry() {
  if (!left_) {
    store_.scopes.unwind(store_.handles, depth_);
    instance_.poison();
  }
  instance_.set_entered(was_entered_);
  store_.current = previous_;
}

Result<> Entry::leave() {
  TENON_CHECK_OK(store_.scopes.finish(store_.handles));
  store_.scopes.pop();
  left_ = true;
  return {};
}

size_t InstanceState::room(const component::Plan& plan) {
  using component::NearList;
  const component::Counts& counts = plan.counts;
  return NearList<tn_instance>::bytes(counts.instances) + NearList<tn_memory>::bytes(counts.memories) + NearList<tn_memory_view>::bytes(counts.memories) +
         NearList<tn_func>::bytes(size_t{counts.reallocs} + counts.post_returns + plan.defined_resource_instances.size()) +
         NearList<ComponentInstance>::bytes(counts.component_instances) + NearList<std::unique_ptr<LiftedFunc>>::bytes(plan.export_items.size());
}

std::unique_ptr<InstanceState> InstanceState::create(StoreState& store, std::shared_ptr<const PreState> pre) {
  void* const memory = ::operator new(sizeof(InstanceState) + room(pre->component->plan()));
  return std::unique_ptr<InstanceState>(::new (memory) InstanceState(store, std::move(pre)));
}

InstanceState::InstanceState(StoreState& store, std::shared_ptr<const PreState> pre) : store_(store), pre_(std::move(pre)), number_(next_number()) {
  const component::Counts& counts = plan().counts;
  std::byte* at = reinterpret_cast<std::byte*>(this) + sizeof(InstanceState);
  at = instances_.make(at, counts.instances);
  at = memories_.make(at, counts.memories);
  at = seen_.make(at, counts.memories);
  at = reallocs_.make(at, counts.reallocs);
  at = post_returns_.make(at, counts.post_returns);
  at = destructors_.make(at, plan().defined_resource_instances.size());
  at = tables_.make(at, counts.component_instances);
  lifted_.make(at, plan().export_items.size());
}

InstanceState::~InstanceState() {
  tables_.destroy();
  lifted_.destroy();
}

Result<> InstanceState::start() {
  for (const component::Initializer& initializer : plan().initializers) {
    if (auto done = step(initializer); !done) {
      poison();
      return done;
    }
  }
  return {};
}

Result<> InstanceState::step(const component::Initializer& initializer) {
  return std::visit(
      [this](const auto& it) -> Result<> {
        using Step = std::decay_t<decltype(it)>;
        if constexpr (std::is_same_v<Step, component::InstantiateStaticModule> || std::is_same_v<Step, component::InstantiateImportedModule>) {
          return instantiate(it);
        } else if constexpr (std::is_same_v<Step, component::ExtractMemory>) {
          TENON_TRY(const tn_extern found, find(it.source));
          if (found.kind != TN_MEMORY) return fail(ErrorKind::Unsupported, "the memory of canonical options is shared between threads");
          memories_[at(it.index)] = found.of.memory;
          return {};
        } else if constexpr (std::is_same_v<Step, component::ExtractRealloc>) {
          TENON_TRY(reallocs_[at(it.index)], find_func(it.def));
          return {};
        } else if constexpr (std::is_same_v<Step, component::ExtractPostReturn>) {
          TENON_TRY(post_returns_[at(it.index)], find_func(it.def));
          return {};
        } else if constexpr (std::is_same_v<Step, component::DefineResource>) {
          // Represented by an i32: components with others are refused before, see `unsupported_uses`.
          if (it.destructor) {
            TENON_TRY(destructors_[at(it.index)], find_func(*it.destructor));
          }
          return {};
        } else {
          // Lowerings find their function in `PreState`; tables and callbacks are for asynchronous calls, which are refused before.
          return {};
        }
      },
      initializer);
}

Result<> InstanceState::instantiate(const component::InstantiateStaticModule& step) {
  const core::Module& module = component().modules()[at(step.module)];
  // What the flags say so far is what the adapter's globals begin with: between calls everything may be left.
  for (const component::OwnFlags& flags : step.flags) tables_[at(flags.instance)].shares_flags = true;
  has_code_in_engine_ = true;
  // Start functions run inside of their component instance; adapters have none and call nothing.
  std::optional<Entry> entry;
  if (step.instance) {
    entry.emplace(store_, *this);
    reset_context();
  }
  const ComponentState::Preparation& preparation = component().preparation(step.index);
  if (preparation.prepared != nullptr) {
    TENON_TRY(instances_[at(step.index)], engine::instantiate(store_.store(), module, *preparation.prepared));
  } else if (preparation.imports) {
    TENON_TRY(instances_[at(step.index)], instantiate(module, *preparation.imports));
  } else {
    std::vector<tn_extern> imports;
    imports.reserve(step.arguments.size());
    for (const CoreDef& argument : step.arguments) {
      TENON_TRY(tn_extern found, find(argument));
      imports.push_back(found);
    }
    TENON_TRY(instances_[at(step.index)], instantiate(module, imports));
  }
  return entry ? entry->leave() : Result<>();
}

Result<> InstanceState::instantiate(const component::InstantiateImportedModule& step) {
  const core::Module& module = *pre_->modules[at(step.import)];
  std::vector<tn_extern> imports;
  const size_t count = tn_module_import_count(engine::Access::native(module));
  for (size_t i = 0; i < count; ++i) {
    const tn_module_item item = tn_module_import(engine::Access::native(module), i);
    const auto named = [&item](const component::NamedArgument& argument) {
      return argument.module == engine::text_of(item.module) && argument.name == engine::text_of(item.name);
    };
    const auto argument = std::ranges::find_if(step.arguments, named);
    if (argument == step.arguments.end())
      return fail(ErrorKind::InvalidInput,
                  "module import `" + std::string(engine::text_of(item.module)) + "::" + std::string(engine::text_of(item.name)) + "` not defined");
    TENON_TRY(tn_extern found, find(argument->def));
    imports.push_back(found);
  }
  has_code_in_engine_ = true;
  std::optional<Entry> entry;
  if (step.instance) {
    entry.emplace(store_, *this);
    reset_context();
  }
  TENON_TRY(instances_[at(step.index)], instantiate(module, imports));
  return entry ? entry->leave() : Result<>();
}

Result<tn_instance> InstanceState::instantiate(const core::Module& module, std::span<const tn_extern> imports) {
  const std::span<const tn_module* const> modules = component().instance_modules();
  const tn_instances made{.instances = instances_.data(), .modules = modules.data(), .count = modules.size()};
  return engine::instantiate(store_.store(), module, component().host_set(), made, imports);
}

Result<tn_global> InstanceState::make_global(int32_t initial) {
  tn_global made{};
  if (tn_error* error = tn_global_new(context(), TN_TYPE_I32, 1, tn_val{.i32 = initial}, &made); error != nullptr)
    return std::unexpected(engine::take_error(error));
  return made;
}

void InstanceState::push_context() {
  outer_context_words_.push_back(context_words_);
  reset_context();
}

void InstanceState::pop_context() {
  context_words_ = outer_context_words_.back();
  outer_context_words_.pop_back();
}

Result<tn_extern> InstanceState::find(const CoreExport& source) {
  const tn_instance& instance = instances_[at(source.instance)];
  const auto module = component().module_of(source.instance);
  if (module && source.ordinal) return engine::get_export(store_.store(), instance, component().modules()[at(*module)], *source.ordinal);
  tn_extern found{};
  if (tn_error* error = tn_instance_export_named(context(), &instance, engine::bytes_of(source.name), &found); error != nullptr)
    return std::unexpected(engine::take_error(error));
  return found;
}

Result<tn_extern> InstanceState::find(const CoreDef& def) {
  if (const auto* source = std::get_if<CoreExport>(&def)) return find(*source);
  tn_extern made{};
  made.kind = TN_HOST_FUNC;
  if (const auto* trampoline = std::get_if<component::TrampolineRef>(&def)) {
    made.of.index = static_cast<uint32_t>(at(trampoline->trampoline));
    return made;
  }
  if (const auto* intrinsic = std::get_if<component::ContextIntrinsic>(&def)) {
    made.of.index = component().context_function(*intrinsic);
    return made;
  }
  // Globals that adapters share with the host: made when the first adapter asks. Both are 1 in a task that the host starts.
  made.kind = TN_GLOBAL;
  if (const auto* flags = std::get_if<component::InstanceFlags>(&def)) {
    ComponentInstance& instance = tables_[at(flags->instance)];
    if (!instance.has_flags) {
      TENON_TRY(instance.flags, make_global(1));
      instance.has_flags = instance.shares_flags = true;
    }
    made.of.global = instance.flags;
    return made;
  }
  if (task_may_block_ == nullptr) {
    TENON_TRY(const tn_global global, make_global(1));
    task_may_block_ = std::make_unique<tn_global>(global);
  }
  made.of.global = *task_may_block_;
  return made;
}

Result<tn_func> InstanceState::find_func(const CoreDef& def) {
  TENON_TRY(const tn_extern found, find(def));
  if (found.kind == TN_FUNC) return found.of.func;
  if (found.kind == TN_HOST_FUNC) {
    has_code_in_engine_ = true;
    tn_func made{};
    if (tn_error* error = tn_host_set_func(component().host_set(), context(), found.of.index, &made); error != nullptr)
      return std::unexpected(engine::take_error(error));
    return made;
  }
  return fail(ErrorKind::InvalidInput, "a core definition is no function");
}

const tn_global* InstanceState::flags(RuntimeComponentInstanceIndex index) const {
  ComponentInstance& instance = tables_[at(index)];
  if (instance.has_flags) return &instance.flags;
  const auto& source = component().flags_export(index);
  if (!source) return nullptr;
  const core::Module& module = component().modules()[at(*component().module_of(source->instance))];
  const auto found = engine::get_export(store_.store(), instances_[at(source->instance)], module, source->ordinal);
  if (!found || found->kind != TN_GLOBAL) return nullptr;
  instance.flags = found->of.global;
  instance.has_flags = true;
  return &instance.flags;
}

bool InstanceState::read_flags(RuntimeComponentInstanceIndex index) const {
  const tn_global* const global = flags(index);
  tn_val value{};
  if (global != nullptr) tn_error_free(tn_global_get(context(), global, &value));
  return value.i32 != 0;
}

void InstanceState::write_flags(RuntimeComponentInstanceIndex index, bool may_leave) {
  if (const tn_global* const global = flags(index)) tn_error_free(tn_global_set(context(), global, tn_val{.i32 = may_leave ? 1 : 0}));
}

ResourceType InstanceState::resource(ResourceIndex index) const {
  if (const auto defined = plan().defined_resource(index)) return ResourceType(number_, static_cast<uint32_t>(at(*defined)));
  return pre_->resources[at(index)].type;
}

bool InstanceState::is_own_resource(component::ResourceTableIndex table) const {
  const component::ResourceTable& entry = plan().resource_tables[at(table)];
  const auto defined = plan().defined_resource(entry.resource);
  return defined && plan().defined_resource_instances[at(*defined)] == entry.instance;
}

std::shared_ptr<const ResourceDestructor> InstanceState::host_destructor(ResourceIndex index) const {
  return plan().defined_resource(index) ? nullptr : pre_->resources[at(index)].destructor;
}

void InstanceState::drop_host_handles() {
  for (size_t i = tables_.size(); i > 0; --i) {
    while (const auto taken = tables_[i - 1].handles.take_last_owned(store_.handles)) {
      if (const auto destructor = host_destructor(plan().resource_tables[at(taken->first)].resource)) (void)(*destructor)(store_.store(), taken->second);
    }
  }
}

Result<> InstanceState::destroy(ResourceIndex index, uint32_t representation, std::optional<RuntimeComponentInstanceIndex> from) {
  const auto defined = plan().defined_resource(index);
  if (!defined) {
    const auto& destructor = pre_->resources[at(index)].destructor;
    return destructor ? (*destructor)(store_.store(), representation) : Result<>();
  }
  const tn_func destructor = destructors_[at(*defined)];
  if (destructor.raw == nullptr) return {};
  // A component instance that drops what it defines itself stays in its task.
  const RuntimeComponentInstanceIndex home = plan().defined_resource_instances[at(*defined)];
  const bool has_task = plan().is_concurrent && from != home;
  if (has_task) push_context();
  RawValue values[1] = {RawValue::of(representation)};
  TENON_CHECK_OK(call_core(store_, destructor, values, 1));
  if (has_task) pop_context();
  return {};
}

Result<LiftedFunc*> InstanceState::lifted(component::ExportIndex index) {
  std::unique_ptr<LiftedFunc>& slot = lifted_[at(index)];
  if (slot) return slot.get();
  const auto* item = std::get_if<component::LiftedFunction>(&plan().export_items[at(index)]);
  if (item == nullptr) return fail(ErrorKind::InvalidInput, "the export is not a function");
  const component::CanonicalOptions& options = plan().options[at(item->options)];
  auto made = std::make_unique<LiftedFunc>(LiftedFunc{.instance = this,
                                                      .options = &options,
                                                      .shape = &component().shape(item->type, options.is_64),
                                                      .types = &component().types(),
                                                      .type = &plan().func_types[at(item->type)]});
  TENON_TRY(const tn_func core, find_func(item->func));
  made->core = core.raw;
  if (options.post_return) made->post_return = post_returns_[at(*options.post_return)].raw;
  slot = std::move(made);
  return slot.get();
}

Result<core::Module> InstanceState::module(component::ExportIndex index) const {
  const component::Export& item = plan().export_items[at(index)];
  if (const auto* owned = std::get_if<component::ExportedStaticModule>(&item)) return component().modules()[at(owned->module)];
  if (const auto* imported = std::get_if<component::ExportedImportedModule>(&item)) return *pre_->modules[at(imported->import)];
  return fail(ErrorKind::InvalidInput, "the export is not a core module");
}

}  // namespace tenon::detail

namespace tenon {

Result<Instance> InstancePre::instantiate(Store& store) const {
  if (engine::raw(store.engine()) != engine::raw(state_->component->engine())) return fail(ErrorKind::InvalidInput, "the component is of another engine");
  detail::StoreState& state = detail::StoreState::of(store);
  if (state.is_ending()) return fail(ErrorKind::InvalidInput, "the store is ending");
  detail::InstanceState& instance = state.add(detail::InstanceState::create(state, state_));
  if (auto started = instance.start(); !started) {
    state.discard(instance);
    return std::unexpected(std::move(started).error());
  }
  return Instance(instance);
}

}  // namespace tenon
