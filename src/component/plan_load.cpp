#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/utf8.h"
#include "component/plan.h"
#include "component/plan_check.h"

namespace tenon::component {
namespace {

constexpr uint32_t plan_magic = 'T' | 'N' << 8 | 'P' << 16 | uint32_t{'L'} << 24;
constexpr uint32_t plan_version = 2;
constexpr uint32_t absent = UINT32_MAX;
/// The translator stops at the same number (`limits::COMPONENT_INSTANCES_MAX`).
constexpr uint32_t component_instances_max = 100'000;
constexpr uint32_t trampoline_kinds = static_cast<uint32_t>(TrampolineKind::ThreadYieldThenPromote) + 1;

/// The sizes of a plan's tables, in the order of the buffer.
struct TableSizes {
  uint32_t values, funcs, instances, components, modules, core_funcs, resource_tables, futures, streams, error_contexts, static_modules, initializers,
      trampolines, options, imports, runtime_imports, exports, export_items, imported_resources, defined_resources;
};

/// Reads a plan's words in order. The first thing that is wrong is kept; after it every read answers zero, so that the code that reads stays straight and
/// loops end because counts are compared with the words that are left.
class Loader {
 public:
  Loader(std::span<const std::byte> buffer, ModuleBytes modules) : buffer_(buffer), modules_(modules) {}

  Result<Plan> run() &&;

 private:
  void wrong(std::string_view what) {
    if (wrong_.empty()) wrong_ = std::string(what) + " at word " + std::to_string(next_);
  }

  uint32_t word() {
    if (next_ >= words_) {
      wrong("it ends too early");
      return 0;
    }
    uint32_t value = 0;
    std::memcpy(&value, buffer_.data() + next_ * 4, 4);
    if (!wrong_.empty()) return 0;
    next_++;
    return value;
  }

  uint64_t long_word() {
    const uint64_t low = word();
    return low | uint64_t{word()} << 32;
  }

  /// A number of records of at least `words_each` words each, which must fit into what is left.
  uint32_t count(uint32_t words_each = 1) {
    const uint32_t value = word();
    if (value > (words_ - next_) / words_each) {
      wrong("a count is larger than the plan");
      return 0;
    }
    return value;
  }

  uint32_t below(uint32_t limit, std::string_view what) {
    const uint32_t value = word();
    if (value < limit) return value;
    wrong(std::string(what) + " is out of range");
    return 0;
  }

  template <class Index>
  Index index(uint32_t limit, std::string_view what) {
    return static_cast<Index>(below(limit, what));
  }

  template <class Index>
  std::optional<Index> optional(uint32_t limit, std::string_view what) {
    if (next_ < words_ && peek() == absent) {
      next_++;
      return std::nullopt;
    }
    return index<Index>(limit, what);
  }

  uint32_t peek() const {
    uint32_t value = 0;
    std::memcpy(&value, buffer_.data() + next_ * 4, 4);
    return value;
  }

  std::string string() {
    const uint32_t offset = word();
    const uint32_t length = word();
    if (offset > pool_.size() || length > pool_.size() - offset) {
      wrong("a string is out of range");
      return {};
    }
    std::string text(pool_.substr(offset, length));
    if (!base::is_utf8(text)) wrong("a string is not UTF-8");
    return text;
  }

  template <class Record, class Read>
  std::vector<Record> table(uint32_t size, Read read) {
    std::vector<Record> records;
    // Each record is at least one word.
    if (size > words_ - next_) {
      wrong("a table is larger than the plan");
      return records;
    }
    records.reserve(size);
    for (uint32_t i = 0; i < size && wrong_.empty(); i++) records.push_back(read());
    return records;
  }

  Result<> header();
  StaticModule static_module();
  CoreExternType core_extern();
  std::vector<ModuleImport> module_imports();
  std::vector<ModuleExport> module_exports();
  CoreExport core_export(CoreExternKind expected);
  CoreExport core_export();
  CoreDef def();
  /// A function that can be called: an export of that kind or a trampoline.
  CoreDef func_def();
  Initializer initializer();
  InstantiateStaticModule instantiate_static();
  OwnFlags own_flags(const StaticModule& module);
  InstantiateImportedModule instantiate_imported();
  DefineResource define_resource();
  Trampoline trampoline();
  CanonicalOptions canonical_options();
  NamedExtern named_extern();
  std::vector<NamedExtern> named_externs();
  ExternType extern_type();
  RuntimeImport runtime_import();
  NamedExport named_export(uint32_t limit);
  Export export_item(uint32_t index);
  void value_types();
  FuncTypeNode func_type();
  CoreFuncType core_func_type();
  std::vector<CoreValueType> core_value_types();
  ResourceTable resource_table();
  AsyncTable async_table();
  TypeIndex value_type();
  std::optional<TypeIndex> optional_value_type();
  RuntimeComponentInstanceIndex component_instance() { return index<RuntimeComponentInstanceIndex>(plan_.counts.component_instances, "a component instance"); }

  void check_trampoline(const Trampoline& trampoline);

  std::span<const std::byte> buffer_;
  size_t words_ = 0;
  size_t next_ = 0;
  std::string_view pool_;
  std::span<const std::byte> blob_;
  const ModuleBytes modules_;
  /// Bytes of all core modules, there or left out.
  uint64_t blob_bytes_ = 0;
  std::string wrong_;

  TableSizes sizes_{};
  Plan plan_;
  std::shared_ptr<TypeTable> types_ = std::make_shared<TypeTable>();
  /// The plan's numbers of value types to those of the table, which adds tuples for maps.
  std::vector<TypeIndex> value_types_;
  /// The static module of each core instance that was made so far; absent for an imported module's.
  std::vector<uint32_t> instance_modules_;
  /// Component instances whose flags an adapter holds.
  std::set<size_t> flags_owned_;
};

Result<> Loader::header() {
  constexpr size_t fixed_words = 7 + 9 + 20 + 1;
  if (buffer_.size() < fixed_words * 4) return fail(ErrorKind::InvalidInput, "a plan of " + std::to_string(buffer_.size()) + " bytes is too short");
  words_ = fixed_words;
  if (word() != plan_magic) return fail(ErrorKind::InvalidInput, "not a plan: the magic number is missing");
  if (const uint32_t version = word(); version != plan_version) {
    return fail(ErrorKind::InvalidInput, "a plan of version " + std::to_string(version) + ", expected " + std::to_string(plan_version));
  }
  plan_.is_concurrent = below(2, "flags") != 0;
  const uint64_t words = word();
  const uint64_t pool = word();
  const uint64_t blob = long_word();
  const uint64_t pool_padded = (pool + 7) / 8 * 8;
  if (words < fixed_words || words > buffer_.size() / 4 || words % 2 != 0 || pool_padded > buffer_.size() - words * 4 ||
      (modules_ == ModuleBytes::Present ? blob : 0) != buffer_.size() - words * 4 - pool_padded) {
    return fail(ErrorKind::InvalidInput, "the parts of a plan do not add up to its " + std::to_string(buffer_.size()) + " bytes");
  }
  words_ = words;
  pool_ = {reinterpret_cast<const char*>(buffer_.data()) + words * 4, pool};
  blob_bytes_ = blob;
  if (modules_ == ModuleBytes::Present) blob_ = buffer_.last(blob);
  Counts& counts = plan_.counts;
  for (uint32_t* counter : {&counts.instances, &counts.component_instances, &counts.memories, &counts.tables, &counts.reallocs, &counts.callbacks,
                            &counts.post_returns, &counts.lowerings, &counts.resources}) {
    *counter = word();
  }
  TableSizes& sizes = sizes_;
  for (uint32_t* size : {&sizes.values,
                         &sizes.funcs,
                         &sizes.instances,
                         &sizes.components,
                         &sizes.modules,
                         &sizes.core_funcs,
                         &sizes.resource_tables,
                         &sizes.futures,
                         &sizes.streams,
                         &sizes.error_contexts,
                         &sizes.static_modules,
                         &sizes.initializers,
                         &sizes.trampolines,
                         &sizes.options,
                         &sizes.imports,
                         &sizes.runtime_imports,
                         &sizes.exports,
                         &sizes.export_items,
                         &sizes.imported_resources,
                         &sizes.defined_resources}) {
    *size = word();
    if (*size > words_) wrong("a table is larger than the plan");
  }
  // Each of these is made by an initializer of its own.
  for (const uint32_t made : {counts.instances, counts.memories, counts.tables, counts.reallocs, counts.callbacks, counts.post_returns, counts.lowerings}) {
    if (made > sizes.initializers) wrong("more run-time indexes than initializers");
  }
  if (counts.component_instances > component_instances_max) wrong("too many component instances");
  plan_.type = index<ComponentTypeIndex>(sizes_.components, "the type of the component");
  return {};
}

CoreExternType Loader::core_extern() {
  CoreExternType type;
  type.kind = static_cast<CoreExternKind>(below(5, "the kind of a core item"));
  const bool is_func = type.kind == CoreExternKind::Func || type.kind == CoreExternKind::Tag;
  if (is_func)
    type.func = index<CoreFuncTypeIndex>(sizes_.core_funcs, "a core signature");
  else
    word();
  type.value = static_cast<CoreValueType>(below(8, "a core value type"));
  type.value_name = string();
  const uint32_t flags = word();
  type.is_mutable = (flags & 1) != 0;
  type.is_shared = (flags & 2) != 0;
  type.is_64 = (flags & 4) != 0;
  type.page_size_log2 = static_cast<uint8_t>(flags >> 8 & 0xff);
  type.minimum = long_word();
  const uint64_t maximum = long_word();
  if ((flags & 8) != 0) type.maximum = maximum;
  return type;
}

std::vector<ModuleImport> Loader::module_imports() {
  return table<ModuleImport>(count(), [this] {
    ModuleImport import;
    import.module = string();
    import.name = string();
    import.type = core_extern();
    return import;
  });
}

std::vector<ModuleExport> Loader::module_exports() {
  return table<ModuleExport>(count(), [this] {
    ModuleExport item;
    item.name = string();
    item.type = core_extern();
    return item;
  });
}

StaticModule Loader::static_module() {
  StaticModule module;
  const uint64_t offset = long_word();
  const uint64_t size = long_word();
  if (offset > blob_bytes_ || size > blob_bytes_ - offset) {
    wrong("a core module is out of range");
  } else if (modules_ == ModuleBytes::Present) {
    module.bytes = blob_.subspan(offset, size);
  }
  module.is_adapter = below(2, "a flag") != 0;
  module.imports = module_imports();
  module.exports = module_exports();
  return module;
}

/// An export of an instance that an earlier initializer made, with the kind that it has there.
CoreExport Loader::core_export() {
  CoreExport item;
  const auto made = static_cast<uint32_t>(instance_modules_.size());
  item.instance = index<RuntimeInstanceIndex>(made, "a core instance");
  item.kind = static_cast<CoreExternKind>(below(5, "the kind of a core item"));
  item.name = string();
  if (!wrong_.empty()) return item;
  const uint32_t module = instance_modules_[at(item.instance)];
  if (module == absent) {
    item.ordinal = optional<uint32_t>(0, "an export's position");
    return item;
  }
  const auto& exports = plan_.static_modules[module].exports;
  const uint32_t ordinal = below(static_cast<uint32_t>(exports.size()), "an export's position");
  if (!wrong_.empty()) return item;
  if (exports[ordinal].name != item.name || exports[ordinal].type.kind != item.kind) wrong("an export is another than its name says");
  item.ordinal = ordinal;
  return item;
}

CoreExport Loader::core_export(CoreExternKind expected) {
  CoreExport item = core_export();
  if (item.kind != expected) wrong("an export is of another kind");
  return item;
}

CoreDef Loader::def() {
  switch (below(5, "the kind of a definition")) {
    case 0: return core_export();
    case 1: return InstanceFlags{component_instance()};
    case 2: return TrampolineRef{index<TrampolineIndex>(sizes_.trampolines, "a trampoline")};
    case 3: {
      const bool is_set = below(2, "a flag") != 0;
      return ContextIntrinsic{is_set, below(2, "a context slot")};
    }
    default: return TaskMayBlock{};
  }
}

CoreDef Loader::func_def() {
  CoreDef found = def();
  const auto* item = std::get_if<CoreExport>(&found);
  const bool callable = item != nullptr ? item->kind == CoreExternKind::Func : std::holds_alternative<TrampolineRef>(found);
  if (!callable && !std::holds_alternative<ContextIntrinsic>(found)) wrong("a definition is not a function");
  return found;
}

OwnFlags Loader::own_flags(const StaticModule& module) {
  OwnFlags made;
  made.instance = component_instance();
  made.ordinal = below(static_cast<uint32_t>(module.exports.size()), "an export's position");
  if (!wrong_.empty()) return made;
  const CoreExternType& type = module.exports[made.ordinal].type;
  if (!module.is_adapter || type.kind != CoreExternKind::Global || type.value != CoreValueType::I32 || !type.is_mutable)
    wrong("flags are no global of an adapter");
  if (!flags_owned_.insert(at(made.instance)).second) wrong("a component instance has its flags twice");
  return made;
}

InstantiateStaticModule Loader::instantiate_static() {
  InstantiateStaticModule made;
  made.index = index<RuntimeInstanceIndex>(plan_.counts.instances, "a core instance");
  made.module = index<StaticModuleIndex>(sizes_.static_modules, "a core module");
  made.instance = optional<RuntimeComponentInstanceIndex>(plan_.counts.component_instances, "a component instance");
  made.arguments = table<CoreDef>(count(), [this] { return def(); });
  if (!wrong_.empty()) return made;
  made.flags = table<OwnFlags>(count(2), [this, &made] { return own_flags(plan_.static_modules[at(made.module)]); });
  if (made.arguments.size() != plan_.static_modules[at(made.module)].imports.size()) wrong("a core module gets another number of imports than it has");
  if (at(made.index) != instance_modules_.size()) wrong("core instances are out of order");
  instance_modules_.push_back(static_cast<uint32_t>(made.module));
  return made;
}

InstantiateImportedModule Loader::instantiate_imported() {
  InstantiateImportedModule made;
  made.index = index<RuntimeInstanceIndex>(plan_.counts.instances, "a core instance");
  made.import = index<RuntimeImportIndex>(sizes_.runtime_imports, "an import");
  made.instance = optional<RuntimeComponentInstanceIndex>(plan_.counts.component_instances, "a component instance");
  made.arguments = table<NamedArgument>(count(), [this] {
    NamedArgument argument;
    argument.module = string();
    argument.name = string();
    argument.def = def();
    return argument;
  });
  if (at(made.index) != instance_modules_.size()) wrong("core instances are out of order");
  instance_modules_.push_back(absent);
  return made;
}

DefineResource Loader::define_resource() {
  DefineResource made;
  made.index = index<DefinedResourceIndex>(sizes_.defined_resources, "a defined resource");
  made.representation = static_cast<CoreValueType>(below(2, "a resource's representation"));
  made.instance = component_instance();
  if (below(2, "a flag") != 0) made.destructor = func_def();
  return made;
}

Initializer Loader::initializer() {
  const Counts& counts = plan_.counts;
  switch (below(9, "the kind of an initializer")) {
    case 0: return instantiate_static();
    case 1: return instantiate_imported();
    case 2: {
      const auto lowered = index<LoweredIndex>(counts.lowerings, "a lowering");
      return LowerImport{lowered, index<RuntimeImportIndex>(sizes_.runtime_imports, "an import")};
    }
    case 3: {
      const auto memory = index<RuntimeMemoryIndex>(counts.memories, "a memory");
      return ExtractMemory{memory, core_export(CoreExternKind::Memory)};
    }
    case 4: {
      const auto realloc = index<RuntimeReallocIndex>(counts.reallocs, "a realloc");
      return ExtractRealloc{realloc, func_def()};
    }
    case 5: {
      const auto callback = index<RuntimeCallbackIndex>(counts.callbacks, "a callback");
      return ExtractCallback{callback, func_def()};
    }
    case 6: {
      const auto post_return = index<RuntimePostReturnIndex>(counts.post_returns, "a post-return");
      return ExtractPostReturn{post_return, func_def()};
    }
    case 7: {
      const auto table = index<RuntimeTableIndex>(counts.tables, "a table");
      return ExtractTable{table, core_export(CoreExternKind::Table)};
    }
    default: return define_resource();
  }
}

Trampoline Loader::trampoline() {
  const Counts& counts = plan_.counts;
  Trampoline made;
  made.kind = static_cast<TrampolineKind>(below(trampoline_kinds, "the kind of a trampoline"));
  made.type = index<CoreFuncTypeIndex>(sizes_.core_funcs, "a core signature");
  made.instance = optional<RuntimeComponentInstanceIndex>(counts.component_instances, "a component instance");
  made.options = optional<OptionsIndex>(sizes_.options, "canonical options");
  made.lowered = optional<LoweredIndex>(counts.lowerings, "a lowering");
  made.func_type = optional<FuncTypeIndex>(sizes_.funcs, "a function type");
  made.transcode = static_cast<Transcode>(below(static_cast<uint32_t>(Transcode::Utf8ToUtf16) + 1, "a transcoder"));
  made.from_memory = optional<RuntimeMemoryIndex>(counts.memories, "a memory");
  made.to_memory = optional<RuntimeMemoryIndex>(counts.memories, "a memory");
  made.resource_table = optional<ResourceTableIndex>(sizes_.resource_tables, "a resource table");
  made.stream_table = optional<StreamTableIndex>(sizes_.streams, "a stream table");
  made.future_table = optional<FutureTableIndex>(sizes_.futures, "a future table");
  made.error_context_table = optional<ErrorContextTableIndex>(sizes_.error_contexts, "an error-context table");
  made.results = optional_value_type();
  made.start_table = optional<RuntimeTableIndex>(counts.tables, "a table");
  made.memory = optional<RuntimeMemoryIndex>(counts.memories, "a memory");
  made.callback = optional<RuntimeCallbackIndex>(counts.callbacks, "a callback");
  made.post_return = optional<RuntimePostReturnIndex>(counts.post_returns, "a post-return");
  const uint32_t flags = below(16, "flags");
  made.from_64 = (flags & 1) != 0;
  made.to_64 = (flags & 2) != 0;
  made.is_async = (flags & 4) != 0;
  made.is_cancellable = (flags & 8) != 0;
  check_trampoline(made);
  return made;
}

/// What the kind cannot do without must be there, so that those who provide it need not ask.
void Loader::check_trampoline(const Trampoline& made) {
  const auto need = [this](bool present) {
    if (!present) wrong("a trampoline lacks a parameter");
  };
  using enum TrampolineKind;
  switch (made.kind) {
    case LowerImport: need(made.lowered && made.func_type && made.options); return;
    case Transcoder: need(made.from_memory && made.to_memory); return;
    case ResourceNew:
    case ResourceRep:
    case ResourceDrop: need(made.instance && made.resource_table); return;
    case TaskReturn: need(made.instance && made.options && made.results); return;
    case WaitableSetWait:
    case WaitableSetPoll: need(made.instance && made.options); return;
    case StreamRead:
    case StreamWrite: need(made.instance && made.stream_table && made.options); return;
    case StreamNew:
    case StreamCancelRead:
    case StreamCancelWrite:
    case StreamDropReadable:
    case StreamDropWritable: need(made.instance && made.stream_table); return;
    case FutureRead:
    case FutureWrite: need(made.instance && made.future_table && made.options); return;
    case FutureNew:
    case FutureCancelRead:
    case FutureCancelWrite:
    case FutureDropReadable:
    case FutureDropWritable: need(made.instance && made.future_table); return;
    case ErrorContextNew:
    case ErrorContextDebugMessage: need(made.instance && made.error_context_table && made.options); return;
    case ErrorContextDrop: need(made.instance && made.error_context_table); return;
    case ThreadNewIndirect: need(made.instance && made.start_table); return;
    case ResourceTransferOwn:
    case ResourceTransferBorrow:
    case PrepareCall:
    case SyncStartCall:
    case AsyncStartCall:
    case FutureTransfer:
    case StreamTransfer:
    case ErrorContextTransfer:
    case Trap:
    case EnterSyncCall:
    case ExitSyncCall: return;
    default: need(made.instance.has_value()); return;
  }
}

CanonicalOptions Loader::canonical_options() {
  const Counts& counts = plan_.counts;
  CanonicalOptions made;
  made.instance = component_instance();
  made.string_encoding = static_cast<StringEncoding>(below(3, "a string encoding"));
  made.memory = optional<RuntimeMemoryIndex>(counts.memories, "a memory");
  made.realloc = optional<RuntimeReallocIndex>(counts.reallocs, "a realloc");
  made.callback = optional<RuntimeCallbackIndex>(counts.callbacks, "a callback");
  made.post_return = optional<RuntimePostReturnIndex>(counts.post_returns, "a post-return");
  const uint32_t flags = below(8, "flags");
  made.is_async = (flags & 1) != 0;
  made.is_cancellable = (flags & 2) != 0;
  made.is_64 = (flags & 4) != 0;
  made.core_type = index<CoreFuncTypeIndex>(sizes_.core_funcs, "a core signature");
  return made;
}

TypeIndex Loader::value_type() { return value_types_[below(static_cast<uint32_t>(value_types_.size()), "a value type")]; }

std::optional<TypeIndex> Loader::optional_value_type() {
  const auto found = optional<uint32_t>(static_cast<uint32_t>(value_types_.size()), "a value type");
  return found ? std::optional(value_types_[*found]) : std::nullopt;
}

ExternType Loader::extern_type() {
  switch (static_cast<ExternKind>(below(7, "the kind of a type"))) {
    case ExternKind::Component: return index<ComponentTypeIndex>(sizes_.components, "a component type");
    case ExternKind::Instance: return index<InstanceTypeIndex>(sizes_.instances, "an instance type");
    case ExternKind::Func: return index<FuncTypeIndex>(sizes_.funcs, "a function type");
    case ExternKind::Type: return value_type();
    case ExternKind::Module: return index<ModuleTypeIndex>(sizes_.modules, "a module type");
    case ExternKind::CoreFunc: return index<CoreFuncTypeIndex>(sizes_.core_funcs, "a core signature");
    case ExternKind::Resource: break;
  }
  return index<ResourceTableIndex>(sizes_.resource_tables, "a resource table");
}

NamedExtern Loader::named_extern() {
  NamedExtern item;
  item.name = string();
  item.type = extern_type();
  item.implements = string();
  return item;
}

std::vector<NamedExtern> Loader::named_externs() {
  return table<NamedExtern>(count(), [this] { return named_extern(); });
}

RuntimeImport Loader::runtime_import() {
  RuntimeImport made;
  made.import = index<ImportIndex>(sizes_.imports, "an import");
  made.path = table<std::string>(count(), [this] { return string(); });
  return made;
}

NamedExport Loader::named_export(uint32_t limit) {
  NamedExport item;
  item.name = string();
  item.index = index<ExportIndex>(limit, "an export");
  item.implements = string();
  return item;
}

/// An instance's exports come before it, so that no instance can hold itself.
Export Loader::export_item(uint32_t position) {
  switch (below(5, "the kind of an export")) {
    case 0: {
      LiftedFunction made;
      made.type = index<FuncTypeIndex>(sizes_.funcs, "a function type");
      made.options = index<OptionsIndex>(sizes_.options, "canonical options");
      made.func = func_def();
      return made;
    }
    case 1: {
      const auto type = index<ModuleTypeIndex>(sizes_.modules, "a module type");
      return ExportedStaticModule{type, index<StaticModuleIndex>(sizes_.static_modules, "a core module")};
    }
    case 2: {
      const auto type = index<ModuleTypeIndex>(sizes_.modules, "a module type");
      return ExportedImportedModule{type, index<RuntimeImportIndex>(sizes_.runtime_imports, "an import")};
    }
    case 3: {
      ExportedInstance made;
      made.type = index<InstanceTypeIndex>(sizes_.instances, "an instance type");
      made.exports = table<NamedExport>(count(), [this, position] { return named_export(position); });
      return made;
    }
    default: return ExportedType{extern_type()};
  }
}

/// The number of parts that a type of `kind` has, or absent when any number is right.
std::optional<uint32_t> parts_of(TypeKind kind) {
  switch (kind) {
    case TypeKind::List:
    case TypeKind::FixedLengthList:
    case TypeKind::Option:
    case TypeKind::Future:
    case TypeKind::Stream: return 1;
    case TypeKind::Map:
    case TypeKind::Result: return 2;
    case TypeKind::Own:
    case TypeKind::Borrow:
    case TypeKind::ErrorContext: return 0;
    default: return std::nullopt;
  }
}

/// Whether a part of a type of `kind` must have a type, must not, or may.
bool part_fits(TypeKind kind, bool has_type) {
  switch (kind) {
    case TypeKind::Enum:
    case TypeKind::Flags: return !has_type;
    case TypeKind::Variant:
    case TypeKind::Result:
    case TypeKind::Future:
    case TypeKind::Stream: return true;
    default: return has_type;
  }
}

void Loader::value_types() {
  constexpr auto primitives = static_cast<uint32_t>(TypeKind::List);
  for (uint32_t i = 0; i < primitives; i++) value_types_.push_back(static_cast<TypeIndex>(i));
  for (uint32_t i = 0; i < sizes_.values && wrong_.empty(); i++) {
    TypeNode node;
    node.kind = static_cast<TypeKind>(below(static_cast<uint32_t>(TypeKind::ErrorContext) + 1, "the kind of a value type"));
    if (node.kind < TypeKind::List) wrong("a value type without parts is in the table");
    node.length = word();
    node.resource = word();
    const uint32_t parts = count(3);
    for (uint32_t p = 0; p < parts && wrong_.empty(); p++) {
      TypeField field;
      field.name = string();
      field.type = optional_value_type();
      if (!part_fits(node.kind, field.type.has_value())) wrong("a part of a type has or lacks a type");
      node.fields.push_back(std::move(field));
    }
    const uint32_t limit = node.kind == TypeKind::Future                                 ? sizes_.futures
                           : node.kind == TypeKind::Stream                               ? sizes_.streams
                           : node.kind == TypeKind::ErrorContext                         ? sizes_.error_contexts
                           : node.kind == TypeKind::Own || node.kind == TypeKind::Borrow ? sizes_.resource_tables
                                                                                         : 1;
    if (node.resource >= limit) wrong("the table of a handle type is out of range");
    if (parts_of(node.kind).value_or(parts) != parts) wrong("a type has another number of parts than its kind");
    if ((node.kind == TypeKind::Variant || node.kind == TypeKind::Enum) && parts == 0) wrong("a variant without cases");
    if (!wrong_.empty()) return;
    value_types_.push_back(types_->add(std::move(node)));
    if (types_->node(value_types_.back()).depth > max_type_depth) wrong("types nest too deeply");
  }
}

FuncTypeNode Loader::func_type() {
  FuncTypeNode made;
  made.is_async = below(2, "a flag") != 0;
  made.result = optional_value_type();
  made.params = table<Param>(count(3), [this] {
    Param param;
    param.name = string();
    param.type = value_type();
    return param;
  });
  return made;
}

std::vector<CoreValueType> Loader::core_value_types() {
  return table<CoreValueType>(count(), [this] { return static_cast<CoreValueType>(below(8, "a core value type")); });
}

CoreFuncType Loader::core_func_type() {
  CoreFuncType made;
  made.is_plain = below(2, "a flag") != 0;
  made.params = core_value_types();
  made.results = core_value_types();
  return made;
}

ResourceTable Loader::resource_table() {
  ResourceTable made;
  made.is_concrete = below(2, "a flag") != 0;
  if (made.is_concrete) {
    made.resource = index<ResourceIndex>(plan_.counts.resources, "a resource");
    made.instance = component_instance();
  } else {
    made.abstract = word();
    word();
  }
  return made;
}

AsyncTable Loader::async_table() {
  AsyncTable made;
  made.payload = optional_value_type();
  made.instance = component_instance();
  return made;
}

Result<Plan> Loader::run() && {
  TENON_CHECK_OK(header());
  Plan& plan = plan_;
  // Types first: everything else names them by number.
  value_types();
  plan.func_types = table<FuncTypeNode>(sizes_.funcs, [this] { return func_type(); });
  plan.instance_types = table<InstanceType>(sizes_.instances, [this] { return InstanceType{named_externs()}; });
  plan.component_types = table<ComponentType>(sizes_.components, [this] {
    ComponentType type;
    type.imports = named_externs();
    type.exports = named_externs();
    return type;
  });
  plan.module_types = table<ModuleType>(sizes_.modules, [this] {
    ModuleType type;
    type.imports = module_imports();
    type.exports = module_exports();
    return type;
  });
  plan.core_func_types = table<CoreFuncType>(sizes_.core_funcs, [this] { return core_func_type(); });
  plan.resource_tables = table<ResourceTable>(sizes_.resource_tables, [this] { return resource_table(); });
  plan.future_tables = table<AsyncTable>(sizes_.futures, [this] { return async_table(); });
  plan.stream_tables = table<AsyncTable>(sizes_.streams, [this] { return async_table(); });
  plan.error_context_tables = table<RuntimeComponentInstanceIndex>(sizes_.error_contexts, [this] { return component_instance(); });

  plan.static_modules = table<StaticModule>(sizes_.static_modules, [this] { return static_module(); });
  plan.initializers = table<Initializer>(sizes_.initializers, [this] { return initializer(); });
  plan.trampolines = table<Trampoline>(sizes_.trampolines, [this] { return trampoline(); });
  plan.options = table<CanonicalOptions>(sizes_.options, [this] { return canonical_options(); });
  plan.imports = table<NamedExtern>(sizes_.imports, [this] { return named_extern(); });
  plan.runtime_imports = table<RuntimeImport>(sizes_.runtime_imports, [this] { return runtime_import(); });
  plan.exports = table<NamedExport>(sizes_.exports, [this] { return named_export(sizes_.export_items); });
  plan.export_items = table<Export>(sizes_.export_items, [this, position = uint32_t{0}]() mutable { return export_item(position++); });
  plan.imported_resources =
      table<RuntimeImportIndex>(sizes_.imported_resources, [this] { return index<RuntimeImportIndex>(sizes_.runtime_imports, "an import"); });
  plan.defined_resource_instances = table<RuntimeComponentInstanceIndex>(sizes_.defined_resources, [this] { return component_instance(); });

  if (size_t{sizes_.imported_resources} + sizes_.defined_resources != plan.counts.resources) wrong("the resources do not add up");
  if (!wrong_.empty()) return fail(ErrorKind::InvalidInput, "a damaged plan: " + wrong_);
  plan.types = std::move(types_);
  TENON_CHECK_OK(check_plan(plan));
  return std::move(plan_);
}

}  // namespace

Result<Plan> load(std::span<const std::byte> buffer, ModuleBytes modules) { return Loader(buffer, modules).run(); }

std::span<const std::byte> without_modules(const PlanBuffer& buffer) {
  // Head of a plan: magic, version, flags, words, bytes of the pool; the pool is padded to 8 bytes and the modules follow.
  uint32_t head[5];
  std::memcpy(head, buffer.bytes().data(), sizeof(head));
  return buffer.bytes().first(size_t{head[3]} * 4 + (size_t{head[4]} + 7) / 8 * 8);
}

}  // namespace tenon::component
