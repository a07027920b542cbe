#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "tenon/result.h"
#include "tenon/types.h"

/// What a component comes down to before it runs: a flat list of steps over core WebAssembly.
///
/// The translator (native/src/plan) validates a component, resolves its nested components and aliases, fuses the calls between components into core
/// *adapter* modules, and writes one buffer. This header is that buffer as plain structs, checked: every index in a `Plan` is in range, every enumerator
/// is one of its type, whatever bytes it came from. Names are those of wasmtime-environ's `component::{Component, Trampoline, CoreDef …}`.
namespace tenon::component {

// Index spaces. Each is a type of its own, so that none can be taken for another.
enum class StaticModuleIndex : uint32_t {};  ///< `Plan::static_modules`
enum class ImportIndex : uint32_t {};  ///< `Plan::imports`: what the component itself names
enum class RuntimeImportIndex : uint32_t {};  ///< `Plan::runtime_imports`: functions and modules, dug out of imported instances
enum class ExportIndex : uint32_t {};  ///< `Plan::export_items`
enum class TrampolineIndex : uint32_t {};  ///< `Plan::trampolines`
enum class OptionsIndex : uint32_t {};  ///< `Plan::options`
enum class LoweredIndex : uint32_t {};  ///< n-th `LowerImport` initializer, < `Counts::lowerings`
enum class RuntimeInstanceIndex : uint32_t {};  ///< core instances, in the order of their initializers, < `Counts::instances`
enum class RuntimeComponentInstanceIndex : uint32_t {};  ///< component instances, each with flags and handle tables, < `Counts::component_instances`
enum class RuntimeMemoryIndex : uint32_t {};  ///< < `Counts::memories`
enum class RuntimeTableIndex : uint32_t {};  ///< < `Counts::tables`
enum class RuntimeReallocIndex : uint32_t {};  ///< < `Counts::reallocs`
enum class RuntimeCallbackIndex : uint32_t {};  ///< < `Counts::callbacks`
enum class RuntimePostReturnIndex : uint32_t {};  ///< < `Counts::post_returns`
enum class ResourceIndex : uint32_t {};  ///< imported resources first, then the defined ones, < `Counts::resources`
enum class DefinedResourceIndex : uint32_t {};  ///< `Plan::defined_resource_instances`
enum class ResourceTableIndex : uint32_t {};  ///< `Plan::resource_tables`; `TypeNode::resource` of own and borrow
enum class FutureTableIndex : uint32_t {};  ///< `Plan::future_tables`; `TypeNode::resource` of future
enum class StreamTableIndex : uint32_t {};  ///< `Plan::stream_tables`; `TypeNode::resource` of stream
enum class ErrorContextTableIndex : uint32_t {};  ///< `Plan::error_context_tables`; `TypeNode::resource` of error-context
enum class FuncTypeIndex : uint32_t {};  ///< `Plan::func_types`
enum class InstanceTypeIndex : uint32_t {};  ///< `Plan::instance_types`
enum class ComponentTypeIndex : uint32_t {};  ///< `Plan::component_types`
enum class ModuleTypeIndex : uint32_t {};  ///< `Plan::module_types`
enum class CoreFuncTypeIndex : uint32_t {};  ///< `Plan::core_func_types`

/// The position that a typed index stands for: `plan.options[at(index)]`.
template <class Index>
  requires std::is_enum_v<Index>
constexpr size_t at(Index index) {
  return static_cast<size_t>(index);
}

// Core types.

enum class CoreValueType : uint8_t { I32, I64, F32, F64, V128, FuncRef, ExternRef, OtherRef };

struct CoreFuncType {
  std::vector<CoreValueType> params;
  std::vector<CoreValueType> results;
  /// False when a reference type has no spelling in `CoreValueType`; such a signature is only compared, never called by the host.
  bool is_plain = true;

  bool operator==(const CoreFuncType&) const = default;
};

enum class CoreExternKind : uint8_t { Func, Table, Memory, Global, Tag };

/// The type of something that a core module imports or exports. Only the fields of its kind have a meaning.
struct CoreExternType {
  CoreExternKind kind = CoreExternKind::Func;
  /// Func and tag.
  CoreFuncTypeIndex func{};
  /// Global: the value's type. Table: the element's.
  CoreValueType value = CoreValueType::I32;
  /// The value or element type in text form: "i32", "(ref null $func)".
  std::string value_name;
  bool is_mutable = false;
  /// Table and memory: elements or pages.
  uint64_t minimum = 0;
  std::optional<uint64_t> maximum;
  bool is_shared = false;
  bool is_64 = false;
  uint8_t page_size_log2 = 16;
};

struct ModuleImport {
  std::string module;
  std::string name;
  CoreExternType type;
};

struct ModuleExport {
  std::string name;
  CoreExternType type;
};

/// The type of a core module that the component imports or exports.
struct ModuleType {
  std::vector<ModuleImport> imports;
  std::vector<ModuleExport> exports;
};

/// A core module inside of the component, or an adapter made for it.
struct StaticModule {
  /// The binary; a view of the buffer that the plan was loaded from.
  std::span<const std::byte> bytes;
  /// An adapter needs multi-memory and no component instance; a guest's own module gets neither extra features nor trust.
  bool is_adapter = false;
  /// In the order in which the module lists them; the arguments of `InstantiateStaticModule` are in the same order.
  std::vector<ModuleImport> imports;
  std::vector<ModuleExport> exports;
};

// Definitions of core items.

/// An export of a core instance.
struct CoreExport {
  RuntimeInstanceIndex instance{};
  CoreExternKind kind = CoreExternKind::Func;
  std::string name;
  /// Position in `StaticModule::exports`; absent when the instance is of an imported module, whose exports are found by name.
  std::optional<uint32_t> ordinal;

  bool operator==(const CoreExport&) const = default;
};

/// The mutable i32 global of a component instance that holds `may_leave`, made by the host because no adapter could define it; shared by the host and all
/// adapters.
struct InstanceFlags {
  RuntimeComponentInstanceIndex instance{};
  bool operator==(const InstanceFlags&) const = default;
};

/// A function that the host provides.
struct TrampolineRef {
  TrampolineIndex trampoline{};
  bool operator==(const TrampolineRef&) const = default;
};

/// `context.get` or `context.set` of one slot of the current task's thread-local words. Async components only.
struct ContextIntrinsic {
  bool is_set = false;
  uint32_t slot = 0;
  bool operator==(const ContextIntrinsic&) const = default;
};

/// The mutable i32 global that says whether the running task may block. Async components only.
struct TaskMayBlock {
  bool operator==(const TaskMayBlock&) const = default;
};

using CoreDef = std::variant<CoreExport, InstanceFlags, TrampolineRef, ContextIntrinsic, TaskMayBlock>;

// Initializers: to be done in order when the component is instantiated.

/// An export that holds the flags of a component instance from the moment on at which the adapter that defines it is there.
struct OwnFlags {
  RuntimeComponentInstanceIndex instance{};
  /// Position in `StaticModule::exports`: a mutable i32 global.
  uint32_t ordinal = 0;
};

struct InstantiateStaticModule {
  RuntimeInstanceIndex index{};
  StaticModuleIndex module{};
  /// The component instance whose module this is; absent for adapters.
  std::optional<RuntimeComponentInstanceIndex> instance;
  std::vector<CoreDef> arguments;
  /// Adapters only. No component instance has its flags in two of them.
  std::vector<OwnFlags> flags;
};

struct NamedArgument {
  std::string module;
  std::string name;
  CoreDef def;
};

struct InstantiateImportedModule {
  RuntimeInstanceIndex index{};
  RuntimeImportIndex import{};
  std::optional<RuntimeComponentInstanceIndex> instance;
  /// What the module's type asks for; the real module may want less, never more.
  std::vector<NamedArgument> arguments;
};

/// Makes lowering `index` ready: its trampoline calls `import`, which is a function.
struct LowerImport {
  LoweredIndex index{};
  RuntimeImportIndex import{};
};

struct ExtractMemory {
  RuntimeMemoryIndex index{};
  CoreExport source;
};

struct ExtractTable {
  RuntimeTableIndex index{};
  CoreExport source;
};

struct ExtractRealloc {
  RuntimeReallocIndex index{};
  CoreDef def;
};

struct ExtractCallback {
  RuntimeCallbackIndex index{};
  CoreDef def;
};

struct ExtractPostReturn {
  RuntimePostReturnIndex index{};
  CoreDef def;
};

/// A resource type comes to life; its destructor, if any, can be called from here on.
struct DefineResource {
  DefinedResourceIndex index{};
  /// I32 or I64.
  CoreValueType representation = CoreValueType::I32;
  std::optional<CoreDef> destructor;
  RuntimeComponentInstanceIndex instance{};
};

using Initializer = std::variant<InstantiateStaticModule, InstantiateImportedModule, LowerImport, ExtractMemory, ExtractRealloc, ExtractCallback,
                                 ExtractPostReturn, ExtractTable, DefineResource>;

// Functions that the host provides.

/// utf8, utf16, and latin1+utf16 (`CanonicalABI.md`, "canonopt").
enum class StringEncoding : uint8_t { Utf8, Utf16, CompactUtf16 };

/// How a string crosses from one component to another.
enum class Transcode : uint8_t {
  CopyUtf8,
  CopyUtf16,
  CopyLatin1,
  Latin1ToUtf16,
  Latin1ToUtf8,
  Utf16ToCompactProbablyUtf16,
  Utf16ToCompactUtf16,
  Utf16ToLatin1,
  Utf16ToUtf8,
  Utf8ToCompactUtf16,
  Utf8ToLatin1,
  Utf8ToUtf16,
};

enum class TrampolineKind : uint8_t {
#define TENON_TRAMPOLINE(kind, name, needs) kind,
#include "component/trampolines.def"
#undef TENON_TRAMPOLINE
};

/// The name of a built-in as the specification writes it, without "canon": "resource.new".
std::string_view to_string(TrampolineKind kind);
std::string_view to_string(Transcode transcode);
std::string_view to_string(StringEncoding encoding);
std::string_view to_string(CoreValueType type);
std::string_view to_string(CoreExternKind kind);

/// Whether the built-in belongs to tasks, streams, futures, error contexts or threads.
bool is_async(TrampolineKind kind);

/// A function that the host provides, with all that it was declared with. A field that the kind has no use for is absent or zero.
struct Trampoline {
  TrampolineKind kind = TrampolineKind::Trap;
  /// Its core signature.
  CoreFuncTypeIndex type{};
  /// The component instance that calls it.
  std::optional<RuntimeComponentInstanceIndex> instance;
  std::optional<OptionsIndex> options;

  /// LowerImport.
  std::optional<LoweredIndex> lowered;
  std::optional<FuncTypeIndex> func_type;

  /// Transcoder: `from_memory` is read, `to_memory` written.
  Transcode transcode = Transcode::CopyUtf8;
  std::optional<RuntimeMemoryIndex> from_memory;
  std::optional<RuntimeMemoryIndex> to_memory;
  bool from_64 = false;
  bool to_64 = false;

  /// resource.*
  std::optional<ResourceTableIndex> resource_table;
  /// stream.*, future.*, error-context.*
  std::optional<StreamTableIndex> stream_table;
  std::optional<FutureTableIndex> future_table;
  std::optional<ErrorContextTableIndex> error_context_table;

  /// task.return: a tuple.
  std::optional<TypeIndex> results;
  /// subtask.cancel, stream.cancel-*, future.cancel-*.
  bool is_async = false;
  /// thread.*
  bool is_cancellable = false;
  /// thread.new-indirect.
  std::optional<RuntimeTableIndex> start_table;

  /// prepare-call, sync-start-call, async-start-call.
  std::optional<RuntimeMemoryIndex> memory;
  std::optional<RuntimeCallbackIndex> callback;
  std::optional<RuntimePostReturnIndex> post_return;
};

/// Canonical options (`CanonicalABI.md`, "canonopt"). With memory64 the guest's pointers and lengths are 64 bits wide.
struct CanonicalOptions {
  RuntimeComponentInstanceIndex instance{};
  StringEncoding string_encoding = StringEncoding::Utf8;
  std::optional<RuntimeMemoryIndex> memory;
  std::optional<RuntimeReallocIndex> realloc;
  std::optional<RuntimeCallbackIndex> callback;
  std::optional<RuntimePostReturnIndex> post_return;
  bool is_async = false;
  bool is_cancellable = false;
  bool is_64 = false;
  /// The signature of the core function that is lifted, or into which is lowered.
  CoreFuncTypeIndex core_type{};
};

// Component-level types, imports and exports.

enum class ExternKind : uint8_t { Component, Instance, Func, Type, Module, CoreFunc, Resource };

std::string_view to_string(ExternKind kind);

/// The type of an import or export: which alternative says what it is. `TypeIndex` is a value type that was given a name.
using ExternType = std::variant<ComponentTypeIndex, InstanceTypeIndex, FuncTypeIndex, TypeIndex, ModuleTypeIndex, CoreFuncTypeIndex, ResourceTableIndex>;

inline ExternKind kind_of(const ExternType& type) { return static_cast<ExternKind>(type.index()); }

/// A name with its type, as in instance and component types.
struct NamedExtern {
  std::string name;
  ExternType type;
  /// The interface that the name implements ("implements" names); empty when none.
  std::string implements;
};

struct InstanceType {
  std::vector<NamedExtern> exports;
};

struct ComponentType {
  std::vector<NamedExtern> imports;
  std::vector<NamedExtern> exports;
};

/// What a lowering or a module instantiation takes from outside: an import, or an export of an imported instance reached by `path`.
struct RuntimeImport {
  ImportIndex import{};
  std::vector<std::string> path;
  /// What stands at the end of the path: a function, a core module or a resource.
  ExternType type;
};

struct NamedExport {
  std::string name;
  ExportIndex index{};
  std::string implements;
};

struct LiftedFunction {
  FuncTypeIndex type{};
  CoreDef func;
  OptionsIndex options{};
};

struct ExportedStaticModule {
  ModuleTypeIndex type{};
  StaticModuleIndex module{};
};

struct ExportedImportedModule {
  ModuleTypeIndex type{};
  RuntimeImportIndex import{};
};

struct ExportedInstance {
  InstanceTypeIndex type{};
  std::vector<NamedExport> exports;
};

struct ExportedType {
  ExternType type;
};

using Export = std::variant<LiftedFunction, ExportedStaticModule, ExportedImportedModule, ExportedInstance, ExportedType>;

/// The type of the handles in one component instance's table. A concrete one exists at run time; an abstract one only stands in a type.
struct ResourceTable {
  bool is_concrete = false;
  /// Concrete.
  ResourceIndex resource{};
  RuntimeComponentInstanceIndex instance{};
  /// Abstract: tells apart the uninstantiable resources of component and instance types.
  uint32_t abstract = 0;
};

/// A table of stream or future ends of one component instance.
struct AsyncTable {
  std::optional<TypeIndex> payload;
  RuntimeComponentInstanceIndex instance{};
};

struct Counts {
  uint32_t instances = 0;
  uint32_t component_instances = 0;
  uint32_t memories = 0;
  uint32_t tables = 0;
  uint32_t reallocs = 0;
  uint32_t callbacks = 0;
  uint32_t post_returns = 0;
  uint32_t lowerings = 0;
  uint32_t resources = 0;
};

/// A plan. Immutable once loaded; safe to read from any thread. Movable; `static_modules` view the buffer that it was loaded from, whose owner keeps it.
struct Plan {
  /// Whether it was translated for tasks that run concurrently, which a component that uses async, streams or futures needs.
  bool is_concurrent = false;
  Counts counts;

  std::vector<StaticModule> static_modules;
  std::vector<Initializer> initializers;
  std::vector<Trampoline> trampolines;
  std::vector<CanonicalOptions> options;

  std::vector<NamedExtern> imports;
  std::vector<RuntimeImport> runtime_imports;
  std::vector<NamedExport> exports;
  std::vector<Export> export_items;

  /// Imported resources, by `ResourceIndex`; those defined here come after them.
  std::vector<RuntimeImportIndex> imported_resources;
  /// The component instance that defines each resource.
  std::vector<RuntimeComponentInstanceIndex> defined_resource_instances;

  /// Value types; shared so that a `Type` may outlive the plan.
  std::shared_ptr<const TypeTable> types;
  std::vector<FuncTypeNode> func_types;
  std::vector<InstanceType> instance_types;
  std::vector<ComponentType> component_types;
  std::vector<ModuleType> module_types;
  std::vector<CoreFuncType> core_func_types;
  std::vector<ResourceTable> resource_tables;
  std::vector<AsyncTable> future_tables;
  std::vector<AsyncTable> stream_tables;
  std::vector<RuntimeComponentInstanceIndex> error_context_tables;
  /// The type of the component itself: imports and exports with all names, types included.
  ComponentTypeIndex type{};

  /// The resource that this component itself defines, or absent when `index` is an imported one.
  std::optional<DefinedResourceIndex> defined_resource(ResourceIndex index) const {
    if (at(index) < imported_resources.size()) return std::nullopt;
    return DefinedResourceIndex(static_cast<uint32_t>(at(index) - imported_resources.size()));
  }
  ResourceIndex resource_index(DefinedResourceIndex index) const { return ResourceIndex(static_cast<uint32_t>(at(index) + imported_resources.size())); }
};

// Making, loading and printing plans.

/// The bytes of a plan, made by `translate`. Owns them; move-only. Can be written beside compiled code and loaded again.
class PlanBuffer final {
 public:
  PlanBuffer() = default;
  PlanBuffer(PlanBuffer&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)), capacity_(std::exchange(other.capacity_, 0)) {}
  PlanBuffer& operator=(PlanBuffer&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(capacity_, other.capacity_);
    return *this;
  }
  ~PlanBuffer();

  std::span<const std::byte> bytes() const { return {data_, size_}; }

 private:
  friend Result<PlanBuffer> translate(std::span<const std::byte> component, const struct TranslateOptions& options);

  std::byte* data_ = nullptr;
  size_t size_ = 0;
  size_t capacity_ = 0;
};

/// Features of validation beyond those that Wasmtime 48 has on by default. All of them are off in its default configuration and on in the
/// command line that the component-model repository gives for its tests, or needed by a value type that this host supports.
struct TranslateOptions {
  bool maps = true;
  bool fixed_length_lists = true;
  bool implements = true;
  /// 64-bit memories behind canonical options, and resources represented by an i64.
  bool memory64 = true;
  /// `async` ABI without a callback, more async built-ins, threads, error contexts. A component that uses one can be read but not run.
  bool async_stackful = true;
  bool more_async_builtins = true;
  bool threading = true;
  bool error_context = true;
  /// Canonical options for garbage-collected values, of which functions without parameters and results run: off here too, because nothing more is specified.
  bool garbage_collection = false;
};

/// Validates `component` (a binary) and makes its plan.
///
/// A component is translated for synchronous calls; one that does not validate so is tried again with tasks, streams and futures, and its plan then has
/// `is_concurrent`.
/// Errors: `InvalidInput` when the bytes are no component, or when it does not validate (the message says what and at which offset);
/// `Unsupported` when it is valid but the translator cannot read it; `LimitExceeded` when it is larger than the translator takes.
Result<PlanBuffer> translate(std::span<const std::byte> component, const TranslateOptions& options = {});

/// Validates `wasm`, a component or a core module, whole: function bodies too, which `translate` leaves to the compiler of the core modules.
///
/// Errors: `InvalidInput`, saying what is wrong and at which offset; `LimitExceeded` when it is larger than the validator takes.
Result<> validate(std::span<const std::byte> wasm, const TranslateOptions& options = {});

/// Whether a plan's buffer still holds the core modules, which nobody needs once they are compiled.
enum class ModuleBytes : uint8_t { Present, LeftOut };

/// The part of a plan that is worth keeping beside compiled modules.
std::span<const std::byte> without_modules(const PlanBuffer& buffer);

/// Reads a plan and checks all of it. `buffer` must outlive the plan. With `LeftOut` the static modules' `bytes` are empty.
///
/// Errors: `InvalidInput` when the bytes are not a plan of this version, or any index, name or enumerator in it is out of range.
Result<Plan> load(std::span<const std::byte> buffer, ModuleBytes modules = ModuleBytes::Present);

/// The plan as text, for people and tests: one line an item, stable between runs.
std::string dump(const Plan& plan);

/// A reason why a component cannot run here: it uses a function, a built-in or a value of the asynchronous part of the component model, or a resource that is
/// represented by an i64. For the latter the specification has no destructor (`canon_resource_drop` gives it a u32) and no borrow (`lower_borrow` gives the
/// representation as an i32) yet, and Wasmtime 48, where memory64 is on, refuses to compile `resource.new` and `resource.rep`.
struct UnsupportedUse {
  enum class Kind : uint8_t { ImportedFunction, ExportedFunction, BuiltIn, ValueType, Resource };
  Kind kind = Kind::BuiltIn;
  /// "wasi:http/handler@0.3.0#handle", "stream.new", "future<u8>", "a resource represented by an i64".
  std::string name;

  bool operator==(const UnsupportedUse&) const = default;
};

/// What `plan` uses that cannot run; empty when it can. Each name once, functions first.
std::vector<UnsupportedUse> unsupported_uses(const Plan& plan);

}  // namespace tenon::component
