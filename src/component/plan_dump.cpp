#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "component/plan.h"

namespace tenon::component {
namespace {

template <class... Parts>
struct Overloaded : Parts... {
  using Parts::operator()...;
};

/// Writes a plan as text, one line an item; names are quoted because they may hold anything.
class Dumper {
 public:
  explicit Dumper(const Plan& plan) : plan_(plan) {}

  std::string run() &&;

 private:
  template <class... Arguments>
  void line(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    fmt::format_to(std::back_inserter(text_), format, std::forward<Arguments>(arguments)...);
    text_ += '\n';
  }

  static std::string quoted(std::string_view name);
  std::string type(TypeIndex index) const { return tenon::to_string(Type(*plan_.types, index)); }
  std::string handle_type(TypeIndex index) const;
  std::string func(FuncTypeIndex index) const;
  std::string core_func(CoreFuncTypeIndex index) const;
  std::string core_extern(const CoreExternType& type) const;
  std::string extern_type(const ExternType& type) const;
  static std::string core_export(const CoreExport& item);
  static std::string def(const CoreDef& def);
  static std::string implements(const std::string& name) { return name.empty() ? "" : " implements " + quoted(name); }

  void modules();
  void types();
  void initializers();
  void trampolines();
  void options();
  void imports();
  void exports();
  void export_line(const NamedExport& item, size_t indent);

  const Plan& plan_;
  std::string text_;
};

std::string Dumper::quoted(std::string_view name) {
  std::string text = "\"";
  for (const char c : name) {
    if (c == '"' || c == '\\') text += '\\';
    if (static_cast<unsigned char>(c) < 0x20)
      text += fmt::format("\\{:02x}", c);
    else
      text += c;
  }
  return text + '"';
}

/// As `type`, with the table of a handle: "own resource-table 3".
std::string Dumper::handle_type(TypeIndex index) const {
  const TypeNode& node = plan_.types->node(index);
  if (node.kind == TypeKind::Own || node.kind == TypeKind::Borrow) return fmt::format("{}<table {}>", tenon::to_string(node.kind), node.resource);
  return type(index);
}

std::string Dumper::func(FuncTypeIndex index) const {
  const FuncTypeNode& node = plan_.func_types[at(index)];
  std::string text = node.is_async ? "async func(" : "func(";
  for (size_t i = 0; i < node.params.size(); i++) {
    text += fmt::format("{}{}: {}", i == 0 ? "" : ", ", node.params[i].name, handle_type(node.params[i].type));
  }
  text += ')';
  if (node.result) text += " -> " + handle_type(*node.result);
  return text;
}

std::string Dumper::core_func(CoreFuncTypeIndex index) const {
  const CoreFuncType& node = plan_.core_func_types[at(index)];
  const auto list = [](const std::vector<CoreValueType>& types) {
    std::string text;
    for (const CoreValueType type : types) text += fmt::format("{}{}", text.empty() ? "" : " ", to_string(type));
    return text;
  };
  return fmt::format("[{}] -> [{}]", list(node.params), list(node.results));
}

std::string Dumper::core_extern(const CoreExternType& type) const {
  const std::string bits = type.is_64 ? " i64" : "";
  const std::string limits = fmt::format(" {}..{}", type.minimum, type.maximum ? std::to_string(*type.maximum) : "");
  switch (type.kind) {
    case CoreExternKind::Func:
    case CoreExternKind::Tag: return fmt::format("{} {}", to_string(type.kind), core_func(type.func));
    case CoreExternKind::Global: return fmt::format("global {}{}", type.is_mutable ? "mut " : "", type.value_name);
    case CoreExternKind::Table: return fmt::format("table{}{} {}", bits, limits, type.value_name);
    case CoreExternKind::Memory: break;
  }
  const std::string page = type.page_size_log2 == 16 ? "" : fmt::format(" page 2^{}", type.page_size_log2);
  return fmt::format("memory{}{}{}{}", bits, limits, page, type.is_shared ? " shared" : "");
}

std::string Dumper::extern_type(const ExternType& type) const {
  return std::visit(Overloaded{
                        [](ComponentTypeIndex index) { return fmt::format("component-type {}", at(index)); },
                        [](InstanceTypeIndex index) { return fmt::format("instance-type {}", at(index)); },
                        [this](FuncTypeIndex index) { return func(index); },
                        [this](TypeIndex index) { return "type " + handle_type(index); },
                        [](ModuleTypeIndex index) { return fmt::format("module-type {}", at(index)); },
                        [this](CoreFuncTypeIndex index) { return "core func " + core_func(index); },
                        [](ResourceTableIndex index) { return fmt::format("resource table {}", at(index)); },
                    },
                    type);
}

std::string Dumper::core_export(const CoreExport& item) { return fmt::format("instance {} {} {}", at(item.instance), to_string(item.kind), quoted(item.name)); }

std::string Dumper::def(const CoreDef& def) {
  return std::visit(Overloaded{
                        [](const CoreExport& item) { return core_export(item); },
                        [](const InstanceFlags& flags) { return fmt::format("flags of component-instance {}", at(flags.instance)); },
                        [](const TrampolineRef& ref) { return fmt::format("trampoline {}", at(ref.trampoline)); },
                        [](const ContextIntrinsic& context) { return fmt::format("context.{} {}", context.is_set ? "set" : "get", context.slot); },
                        [](TaskMayBlock) { return std::string("task-may-block"); },
                    },
                    def);
}

void Dumper::modules() {
  for (size_t i = 0; i < plan_.static_modules.size(); i++) {
    const StaticModule& module = plan_.static_modules[i];
    line("{} {}: {} bytes", module.is_adapter ? "adapter" : "module", i, module.bytes.size());
    for (const ModuleImport& import : module.imports) line("  import {} {}: {}", quoted(import.module), quoted(import.name), core_extern(import.type));
    for (const ModuleExport& item : module.exports) line("  export {}: {}", quoted(item.name), core_extern(item.type));
  }
}

void Dumper::types() {
  for (size_t i = 0; i < plan_.resource_tables.size(); i++) {
    const ResourceTable& table = plan_.resource_tables[i];
    if (table.is_concrete)
      line("resource-table {}: resource {} in component-instance {}", i, at(table.resource), at(table.instance));
    else
      line("resource-table {}: abstract {}", i, table.abstract);
  }
  const auto async_tables = [this](std::string_view name, const std::vector<AsyncTable>& tables) {
    for (size_t i = 0; i < tables.size(); i++) {
      line("{}-table {}: {} in component-instance {}", name, i, tables[i].payload ? type(*tables[i].payload) : "nothing", at(tables[i].instance));
    }
  };
  async_tables("future", plan_.future_tables);
  async_tables("stream", plan_.stream_tables);
  for (size_t i = 0; i < plan_.error_context_tables.size(); i++) {
    line("error-context-table {}: in component-instance {}", i, at(plan_.error_context_tables[i]));
  }
  for (size_t i = 0; i < plan_.instance_types.size(); i++) {
    line("instance-type {}", i);
    for (const NamedExtern& item : plan_.instance_types[i].exports)
      line("  export {}: {}{}", quoted(item.name), extern_type(item.type), implements(item.implements));
  }
  for (size_t i = 0; i < plan_.component_types.size(); i++) {
    line("component-type {}", i);
    for (const NamedExtern& item : plan_.component_types[i].imports)
      line("  import {}: {}{}", quoted(item.name), extern_type(item.type), implements(item.implements));
    for (const NamedExtern& item : plan_.component_types[i].exports)
      line("  export {}: {}{}", quoted(item.name), extern_type(item.type), implements(item.implements));
  }
  for (size_t i = 0; i < plan_.module_types.size(); i++) {
    line("module-type {}", i);
    for (const ModuleImport& item : plan_.module_types[i].imports) line("  import {} {}: {}", quoted(item.module), quoted(item.name), core_extern(item.type));
    for (const ModuleExport& item : plan_.module_types[i].exports) line("  export {}: {}", quoted(item.name), core_extern(item.type));
  }
  for (size_t i = 0; i < plan_.imported_resources.size(); i++) line("resource {}: runtime-import {}", i, at(plan_.imported_resources[i]));
  for (size_t i = 0; i < plan_.defined_resource_instances.size(); i++) {
    line("resource {}: defined in component-instance {}", i + plan_.imported_resources.size(), at(plan_.defined_resource_instances[i]));
  }
}

void Dumper::initializers() {
  for (const Initializer& step : plan_.initializers) {
    std::visit(Overloaded{
                   [this](const InstantiateStaticModule& made) {
                     const bool is_adapter = plan_.static_modules[at(made.module)].is_adapter;
                     line("instance {} = {} {}{}", at(made.index), is_adapter ? "adapter" : "module", at(made.module),
                          made.instance ? fmt::format(" in component-instance {}", at(*made.instance)) : "");
                     for (const CoreDef& argument : made.arguments) line("  with {}", def(argument));
                     for (const OwnFlags& flags : made.flags) {
                       line("  holds flags of component-instance {}: {}", at(flags.instance),
                            quoted(plan_.static_modules[at(made.module)].exports[flags.ordinal].name));
                     }
                   },
                   [this](const InstantiateImportedModule& made) {
                     line("instance {} = runtime-import {}{}", at(made.index), at(made.import),
                          made.instance ? fmt::format(" in component-instance {}", at(*made.instance)) : "");
                     for (const NamedArgument& argument : made.arguments) {
                       line("  with {} {} = {}", quoted(argument.module), quoted(argument.name), def(argument.def));
                     }
                   },
                   [this](const LowerImport& made) { line("lowering {} = runtime-import {}", at(made.index), at(made.import)); },
                   [this](const ExtractMemory& made) { line("memory {} = {}", at(made.index), core_export(made.source)); },
                   [this](const ExtractRealloc& made) { line("realloc {} = {}", at(made.index), def(made.def)); },
                   [this](const ExtractCallback& made) { line("callback {} = {}", at(made.index), def(made.def)); },
                   [this](const ExtractPostReturn& made) { line("post-return {} = {}", at(made.index), def(made.def)); },
                   [this](const ExtractTable& made) { line("table {} = {}", at(made.index), core_export(made.source)); },
                   [this](const DefineResource& made) {
                     line("define resource {}: {} in component-instance {}{}", at(plan_.resource_index(made.index)), to_string(made.representation),
                          at(made.instance), made.destructor ? ", destructor " + def(*made.destructor) : "");
                   },
               },
               step);
  }
}

void Dumper::trampolines() {
  for (size_t i = 0; i < plan_.trampolines.size(); i++) {
    const Trampoline& made = plan_.trampolines[i];
    std::string text = fmt::format("trampoline {}: {}", i, to_string(made.kind));
    const auto add = [&text](std::string_view name, auto index) {
      if (index) text += fmt::format(" {} {}", name, at(*index));
    };
    if (made.kind == TrampolineKind::Transcoder) text += fmt::format(" {}", to_string(made.transcode));
    add("lowering", made.lowered);
    if (made.func_type) text += " " + func(*made.func_type);
    add("from memory", made.from_memory);
    if (made.from_64) text += " i64";
    add("to memory", made.to_memory);
    if (made.to_64) text += " i64";
    add("resource-table", made.resource_table);
    add("stream-table", made.stream_table);
    add("future-table", made.future_table);
    add("error-context-table", made.error_context_table);
    if (made.results) text += " " + type(*made.results);
    add("start table", made.start_table);
    add("memory", made.memory);
    add("callback", made.callback);
    add("post-return", made.post_return);
    if (made.is_async) text += " async";
    if (made.is_cancellable) text += " cancellable";
    add("options", made.options);
    add("in component-instance", made.instance);
    line("{} {}", text, core_func(made.type));
  }
}

void Dumper::options() {
  for (size_t i = 0; i < plan_.options.size(); i++) {
    const CanonicalOptions& made = plan_.options[i];
    std::string text = fmt::format("options {}: {}", i, to_string(made.string_encoding));
    const auto add = [&text](std::string_view name, auto index) {
      if (index) text += fmt::format(" {} {}", name, at(*index));
    };
    add("memory", made.memory);
    if (made.is_64) text += " i64";
    add("realloc", made.realloc);
    add("callback", made.callback);
    add("post-return", made.post_return);
    if (made.is_async) text += " async";
    if (made.is_cancellable) text += " cancellable";
    line("{} in component-instance {} {}", text, at(made.instance), core_func(made.core_type));
  }
}

void Dumper::imports() {
  for (size_t i = 0; i < plan_.imports.size(); i++) {
    line("import {} {}: {}{}", i, quoted(plan_.imports[i].name), extern_type(plan_.imports[i].type), implements(plan_.imports[i].implements));
  }
  for (size_t i = 0; i < plan_.runtime_imports.size(); i++) {
    std::string path;
    for (const std::string& name : plan_.runtime_imports[i].path) path += " " + quoted(name);
    line("runtime-import {}: import {}{}", i, at(plan_.runtime_imports[i].import), path);
  }
}

void Dumper::export_line(const NamedExport& item, size_t indent) {
  const std::string head = std::string(indent, ' ') + "export " + quoted(item.name) + implements(item.implements);
  std::visit(Overloaded{
                 [&](const LiftedFunction& made) { line("{}: {} = {}, options {}", head, func(made.type), def(made.func), at(made.options)); },
                 [&](const ExportedStaticModule& made) { line("{}: module {} module-type {}", head, at(made.module), at(made.type)); },
                 [&](const ExportedImportedModule& made) { line("{}: runtime-import {} module-type {}", head, at(made.import), at(made.type)); },
                 [&](const ExportedInstance& made) {
                   line("{}: instance-type {}", head, at(made.type));
                   for (const NamedExport& inner : made.exports) export_line(inner, indent + 2);
                 },
                 [&](const ExportedType& made) { line("{}: {}", head, extern_type(made.type)); },
             },
             plan_.export_items[at(item.index)]);
}

void Dumper::exports() {
  for (const NamedExport& item : plan_.exports) export_line(item, 0);
}

std::string Dumper::run() && {
  const Counts& counts = plan_.counts;
  line("plan{}", plan_.is_concurrent ? " concurrent" : "");
  line("counts: {} instances, {} component-instances, {} memories, {} tables, {} reallocs, {} callbacks, {} post-returns, {} lowerings, {} resources",
       counts.instances, counts.component_instances, counts.memories, counts.tables, counts.reallocs, counts.callbacks, counts.post_returns, counts.lowerings,
       counts.resources);
  imports();
  modules();
  initializers();
  trampolines();
  options();
  exports();
  types();
  return std::move(text_);
}

}  // namespace

std::string dump(const Plan& plan) { return Dumper(plan).run(); }

}  // namespace tenon::component
