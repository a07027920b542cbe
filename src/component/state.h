#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "component/handles.h"
#include "component/host_resources.h"
#include "component/names.h"
#include "component/near_list.h"
#include "component/plan.h"
#include "component/scopes.h"
#include "engine/cache.h"
#include "engine/raw.h"
#include "tenon/component.h"
#include "tenon/core.h"
#include "tenon/detail/call.h"
#include "tenon/engine.h"
#include "tenon/linker.h"
#include "tenon/resource.h"
#include "tenon/store.h"

/// What a component, a resolved component, a store and an instance consist of. The public classes are handles to these.
namespace tenon::detail {

class PreState;
class StoreState;

/// A node of the tree that `Item` shows.
struct ItemNode {
  std::string_view name;
  ItemKind kind = ItemKind::Type;
  const TypeTable* types = nullptr;
  const FuncTypeNode* func = nullptr;
  std::optional<TypeIndex> type;
  /// Owned by the component, shared by all uses of one instance or component type.
  const std::vector<Item>* exports = nullptr;
  const std::vector<Item>* imports = nullptr;
};

/// What a host function of the plan needs to know when the guest calls it. Lives as long as the component; shared by all instances.
struct TrampolineRecord {
  const ComponentState* component = nullptr;
  const component::Trampoline* trampoline = nullptr;
  /// LowerImport.
  const component::CanonicalOptions* options = nullptr;
  const FuncShape* shape = nullptr;
  const FuncTypeNode* type = nullptr;
  component::RuntimeImportIndex import{};
  /// context.get and context.set, which are no trampolines of the plan.
  uint32_t context_slot = 0;
  /// The component instance whose `may_leave` must hold; absent for what adapters call and for resource.rep.
  std::optional<component::RuntimeComponentInstanceIndex> checked;
};

/// A component: plan, compiled modules, host functions. Immutable; shared.
class ComponentState final {
 public:
  /// `recipe` is null when `source` is the component itself.
  static Result<std::shared_ptr<const ComponentState>> create(const Engine& engine, std::span<const std::byte> source, const ComponentRecipe* recipe,
                                                              const ComponentOptions& options);
  ~ComponentState();

  const Engine& engine() const { return engine_; }
  const component::Plan& plan() const { return plan_; }
  const TypeTable& types() const { return *plan_.types; }
  const std::vector<core::Module>& modules() const { return modules_; }
  const tn_host_set* host_set() const { return host_set_; }
  const FuncShape& shape(component::FuncTypeIndex type, bool is_64) const { return (is_64 ? shapes64_ : shapes32_)[at(type)]; }
  /// The destructor that the plan gives a resource defined here.
  const component::DefineResource& definition(component::DefinedResourceIndex index) const { return *definitions_[at(index)]; }
  /// Static module of each core instance; absent for instances of imported modules.
  std::optional<component::StaticModuleIndex> module_of(component::RuntimeInstanceIndex index) const { return module_of_[at(index)]; }
  /// Where an adapter holds the flags of a component instance; absent when none does.
  struct FlagsExport {
    component::RuntimeInstanceIndex instance{};
    uint32_t ordinal = 0;
  };
  const std::optional<FlagsExport>& flags_export(component::RuntimeComponentInstanceIndex index) const { return flags_exports_[at(index)]; }
  /// How a core instance is made, as far as it is known without a store.
  struct Preparation {
    /// The module prepared for instantiation when all that it imports are host functions; null otherwise.
    tn_instance_pre* prepared = nullptr;
    /// The imports, when all are host functions and exports of instances of static modules; absent otherwise.
    std::optional<std::vector<tn_extern>> imports;
  };
  const Preparation& preparation(component::RuntimeInstanceIndex index) const { return preparations_[at(index)]; }
  /// Static module of each core instance; null for instances of imported modules.
  std::span<const tn_module* const> instance_modules() const { return instance_modules_; }

  std::span<const Item> imports() const { return component_imports_[at(plan_.type)]; }
  std::span<const Item> exports() const { return component_exports_[at(plan_.type)]; }
  size_t code_bytes() const;
  Error unsupported_error() const;
  static Component handle(std::shared_ptr<const ComponentState> state) { return Component(std::move(state)); }
  const std::vector<std::string>& unsupported() const { return unsupported_; }
  /// Whether built-ins are all that cannot run: the component can be instantiated with functions that trap in their place.
  bool can_trap_unsupported() const { return can_trap_unsupported_; }
  /// The host set's function for context.get or context.set.
  uint32_t context_function(const component::ContextIntrinsic& which) const {
    return static_cast<uint32_t>(plan_.trampolines.size()) + 2 * which.slot + (which.is_set ? 1 : 0);
  }
  const component::NameMap<component::ExportIndex>& export_names() const { return export_names_; }
  /// The names in an exported instance; null when the item is no instance.
  const component::NameMap<component::ExportIndex>* instance_names(component::ExportIndex index) const;

 private:
  explicit ComponentState(const Engine& engine) : engine_(engine) {}
  /// Plan and modules out of the cache; false, and nothing changed, when they are not there.
  bool take_cached(engine::CodeCache& cache, const engine::CacheKey& key);
  Result<> compile();
  Result<> make_trampolines();
  TrampolineRecord record_of(const component::Trampoline& trampoline, std::span<const component::RuntimeImportIndex> lowered) const;
  void prepare_instances();
  void index_plan();
  void index_exports();
  std::vector<Item> make_items(const std::vector<component::NamedExtern>& named);

  Engine engine_;
  /// One of the two holds the plan's bytes.
  component::PlanBuffer buffer_;
  std::vector<std::byte> cached_plan_;
  component::Plan plan_;
  std::vector<core::Module> modules_;
  std::vector<TrampolineRecord> records_;
  std::vector<Preparation> preparations_;
  std::vector<const tn_module*> instance_modules_;
  tn_host_set* host_set_ = nullptr;
  std::vector<FuncShape> shapes32_;
  std::vector<FuncShape> shapes64_;
  std::vector<const component::DefineResource*> definitions_;
  std::vector<std::optional<component::StaticModuleIndex>> module_of_;
  std::vector<std::optional<FlagsExport>> flags_exports_;
  std::vector<std::unique_ptr<ItemNode>> nodes_;
  std::vector<std::vector<Item>> instance_items_;
  std::vector<std::vector<Item>> component_imports_;
  std::vector<std::vector<Item>> component_exports_;
  std::vector<std::string> unsupported_;
  bool can_trap_unsupported_ = true;
  component::NameMap<component::ExportIndex> export_names_;
  std::vector<std::unique_ptr<component::NameMap<component::ExportIndex>>> instance_names_;
};

/// A component with its imports resolved. Immutable; shared.
class PreState final {
 public:
  struct ImportedResource {
    ResourceType type;
    std::shared_ptr<const ResourceDestructor> destructor;
  };

  std::shared_ptr<const ComponentState> component;
  /// By `RuntimeImportIndex`: one of the two, or none for resources.
  std::vector<std::shared_ptr<const HostFunction>> functions;
  std::vector<std::optional<core::Module>> modules;
  /// By `ResourceIndex`, imported ones.
  std::vector<ImportedResource> resources;
};

/// An owned handle of a host's resource on its way from a guest to the host: as a handle that the host would hold, or as a representation.
struct TakenResource {
  std::shared_ptr<component::HostResource> handle;
  std::shared_ptr<const ResourceDestructor> destructor;
  uint32_t representation = 0;
};

/// What the component model adds to a store. Owned by the store, made when its first component is instantiated.
class StoreState final : public engine::StoreExtension {
 public:
  explicit StoreState(Store& store);
  ~StoreState() override;
  /// No guest runs any more; the destructors of the host's resources that are left do.
  void end() noexcept override;
  bool is_ending() const { return is_ending_; }
  /// The state of a store, made when there is none.
  static StoreState& of(Store& store);
  /// From what host functions are given; the state is there, because an instance runs.
  static StoreState& current_of(void* data) { return *static_cast<StoreState*>(engine::extension_of_data(data)); }

  Store& store() const { return store_; }
  tn_context* context() const { return context_; }
  uint64_t number() const { return number_; }
  uint64_t lift_bytes() const { return lift_bytes_; }
  void set_lift_bytes(uint64_t bytes) { lift_bytes_ = bytes; }
  /// Whether 32-bit memories never move: all that they can grow to is reserved.
  bool memories_stay() const { return memories_stay_; }

  /// Ends a handle of the host's own resource that the host holds. An error is the destructor's.
  Result<> drop(component::HostResource& resource);

  /// Ends an instance that did not start: its handles of the host's resources, and its record.
  void discard(InstanceState& instance);

  /// Notes an owned handle of a host's resource that the lifting in progress took out of a guest's table; one lifting is in progress at a time.
  void note_taken(TakenResource taken) { taken_.push_back(std::move(taken)); }
  /// A lifting begins, or has handed on what it took.
  void forget_taken() { taken_.clear(); }
  /// A lifting failed: nobody has what it took. Runs the destructors in the order of the taking; the first failure is the cause, so theirs are not told.
  void drop_taken();

  component::HandleCounter handles;
  component::CallScopes scopes;
  component::HeldResources held;
  /// The instance whose guest code runs now: the one that was entered last. Instances only call each other through the host.
  InstanceState* current = nullptr;

  /// Takes an instance over.
  InstanceState& add(std::unique_ptr<InstanceState> instance);
  bool has_instances() const { return newest_ != nullptr; }

 private:
  Store& store_;
  tn_context* context_;
  uint64_t number_;
  uint64_t lift_bytes_;
  /// The instance that was made last; each owns the one before it.
  std::unique_ptr<InstanceState> newest_;
  std::vector<TakenResource> taken_;
  /// The engine keeps core instances as long as the store, and those of discarded instances have functions that point into their component.
  std::vector<std::shared_ptr<const ComponentState>> kept_;
  bool memories_stay_;
  bool is_ending_ = false;
};

/// A live instance. Owned by its store.
class InstanceState final {
 public:
  /// Makes an instance that has not started.
  static std::unique_ptr<InstanceState> create(StoreState& store, std::shared_ptr<const PreState> pre);
  ~InstanceState();
  InstanceState(const InstanceState&) = delete;
  InstanceState& operator=(const InstanceState&) = delete;

  /// Runs the initializers. On failure the instance is poisoned.
  Result<> start();

  StoreState& store() const { return store_; }
  tn_context* context() const { return store_.context(); }
  const ComponentState& component() const { return *pre_->component; }
  const component::Plan& plan() const { return component().plan(); }
  const PreState& pre() const { return *pre_; }
  Component public_component() const;

  bool is_poisoned() const { return poisoned_; }
  void poison() { poisoned_ = true; }
  bool is_entered() const { return entered_; }
  /// Whether the engine has functions that point into the instance's component.
  bool has_code_in_engine() const { return has_code_in_engine_; }
  void set_entered(bool entered) { entered_ = entered; }

  tn_memory_view memory(component::RuntimeMemoryIndex index) const { return seen_[at(index)] = tn_memory_data(context(), &memories_[at(index)]); }
  /// What `memory` gave last; nothing before. Right for a memory that stays where it is, but for what it grew since.
  const tn_memory_view& seen_memory(component::RuntimeMemoryIndex index) const { return seen_[at(index)]; }
  tn_func realloc(component::RuntimeReallocIndex index) const { return reallocs_[at(index)]; }

  bool may_leave(component::RuntimeComponentInstanceIndex index) const {
    const ComponentInstance& instance = tables_[at(index)];
    return instance.shares_flags ? read_flags(index) : instance.may_leave;
  }
  void set_may_leave(component::RuntimeComponentInstanceIndex index, bool may_leave) {
    ComponentInstance& instance = tables_[at(index)];
    if (instance.shares_flags) [[unlikely]] {
      write_flags(index, may_leave);
    } else {
      instance.may_leave = may_leave;
    }
  }

  /// How often a component instance asked that no asynchronous call enter it (`CanonicalABI.md`, `backpressure.{inc,dec}`). Synchronous calls enter all
  /// the same, so nothing waits for it yet.
  uint16_t& backpressure(component::RuntimeComponentInstanceIndex index) { return tables_[at(index)].backpressure; }

  /// The two words of the running task (`CanonicalABI.md`, `context.{get,set}`). A call into another component instance has its own.
  uint32_t& context_word(uint32_t slot) { return context_words_[slot]; }
  void push_context();
  void pop_context();
  void reset_context() { context_words_ = {}; }

  component::HandleTable& handles(component::ResourceTableIndex table) { return tables_[at(plan().resource_tables[at(table)].instance)].handles; }
  /// The identity of a resource here.
  ResourceType resource(component::ResourceIndex index) const;
  ResourceType resource(component::ResourceTableIndex table) const { return resource(plan().resource_tables[at(table)].resource); }
  /// Whether a table is of the component instance that defines its resource: borrows are then bare representations.
  bool is_own_resource(component::ResourceTableIndex table) const;
  /// The destructor of a host's resource that this instance was linked with; null when there is none, and for resources of the guest.
  std::shared_ptr<const ResourceDestructor> host_destructor(component::ResourceIndex index) const;
  /// Ends the handles of the host's resources in all tables; the guest cannot run any more. Tables last to first, in each the highest index first.
  void drop_host_handles();
  /// Runs the destructor of a resource as this instance sees it, from whoever drops it: one of its component instances, or the host.
  Result<> destroy(component::ResourceIndex index, uint32_t representation, std::optional<component::RuntimeComponentInstanceIndex> from);

  /// A lifted export, resolved on first use.
  Result<LiftedFunc*> lifted(component::ExportIndex index);
  Result<core::Module> module(component::ExportIndex index) const;

  /// Made with room behind it, which is more than its size tells.
  static void operator delete(void* pointer) { ::operator delete(pointer); }

 private:
  friend class StoreState;

  struct ComponentInstance {
    component::HandleTable handles;
    /// The global that adapters share with the host, once it was looked for.
    tn_global flags{};
    bool has_flags = false;
    /// The global counts, not `may_leave`.
    bool shares_flags = false;
    bool may_leave = true;
    uint16_t backpressure = 0;
  };

  /// Bytes for the lists of an instance of `plan`.
  static size_t room(const component::Plan& plan);
  InstanceState(StoreState& store, std::shared_ptr<const PreState> pre);

  Result<> step(const component::Initializer& initializer);
  Result<> instantiate(const component::InstantiateStaticModule& step);
  Result<> instantiate(const component::InstantiateImportedModule& step);
  Result<tn_instance> instantiate(const core::Module& module, std::span<const tn_extern> imports);
  Result<tn_extern> find(const component::CoreDef& def);
  Result<tn_extern> find(const component::CoreExport& source);
  Result<tn_func> find_func(const component::CoreDef& def);
  Result<tn_global> make_global(int32_t initial);
  /// Absent only when an adapter lacks what the plan says it has.
  const tn_global* flags(component::RuntimeComponentInstanceIndex index) const;
  bool read_flags(component::RuntimeComponentInstanceIndex index) const;
  void write_flags(component::RuntimeComponentInstanceIndex index, bool may_leave);

  StoreState& store_;
  std::shared_ptr<const PreState> pre_;
  uint64_t number_;
  /// The instance that its store made before this one.
  std::unique_ptr<InstanceState> older_;
  // In the room behind this object, because many instances live at a time.
  component::NearList<tn_instance> instances_;
  component::NearList<tn_memory> memories_;
  component::NearList<tn_memory_view> seen_;
  component::NearList<tn_func> reallocs_;
  component::NearList<tn_func> post_returns_;
  component::NearList<tn_func> destructors_;
  component::NearList<ComponentInstance> tables_;
  /// By `ExportIndex`; made on first use.
  component::NearList<std::unique_ptr<LiftedFunc>> lifted_;
  /// Of plans for concurrent tasks only: their adapters share it.
  std::unique_ptr<tn_global> task_may_block_;
  std::array<uint32_t, 2> context_words_{};
  std::vector<std::array<uint32_t, 2>> outer_context_words_;
  bool poisoned_ = false;
  bool entered_ = false;
  bool has_code_in_engine_ = false;
};

/// Calls a core function; `count` is the larger of the numbers of parameters and results.
inline Result<> call_core(const StoreState& store, tn_func func, RawValue* values, size_t count) {
  static_assert(sizeof(RawValue) == sizeof(tn_val));
  return engine::call(store.store(), func, reinterpret_cast<tn_val*>(values), count);
}

/// Enters an instance for a call that lifts and lowers nothing: start functions, destructors.
class Entry final {
 public:
  Entry(StoreState& store, InstanceState& instance);
  ~Entry();
  Entry(const Entry&) = delete;
  Entry& operator=(const Entry&) = delete;

  /// Ends the scope. Without it the destructor leaves by force.
  Result<> leave();

 private:
  StoreState& store_;
  InstanceState& instance_;
  InstanceState* previous_;
  uint32_t depth_;
  bool was_entered_;
  bool left_ = false;
};

/// The function behind a built-in; one that cannot run traps when it is called.
tn_host_function trampoline_function(component::TrampolineKind kind);
tn_host_function context_function(bool is_set);

}  // namespace tenon::detail
