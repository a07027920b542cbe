#include "wit/bindgen.h"

#include <algorithm>
#include <cctype>

#include <fmt/format.h>

#include "base/utf8.h"
#include "wit/bindgen_types.h"
#include "wit/cpp_names.h"
#include "wit/resolve.h"
#include "wit/walk.h"

namespace tenon::wit {

namespace {

constexpr std::string_view prologue = R"(#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

)";
constexpr std::string_view typed_header = "tenon/typed.h";

/// `text` without what a terminal or an editor would act on instead of showing it, and without bytes that are no UTF-8.
std::string visible(std::string_view text) {
  std::string kept;
  while (!text.empty()) {
    const base::Decoded decoded = base::decode_utf8(text);
    if (decoded.bytes != 0 && !is_terminal_control(decoded.code)) kept += text.substr(0, decoded.bytes);
    text.remove_prefix(std::max<size_t>(decoded.bytes, 1));
  }
  return kept;
}

/// Documentation as comment lines.
std::string comment(std::string_view docs, std::string_view indent) {
  std::string result;
  while (!docs.empty()) {
    const size_t end = std::min(docs.find('\n'), docs.size());
    std::string line = visible(docs.substr(0, end));
    // A backslash at the end would take the next line into the comment.
    while (!line.empty() && (line.back() == '\\' || line.back() == ' ')) line.pop_back();
    result += fmt::format("{}///{}{}\n", indent, line.empty() ? "" : " ", line);
    docs.remove_prefix(std::min(end + 1, docs.size()));
  }
  return result;
}

/// Writes one header.
class Generator {
 public:
  Generator(const Resolved& resolved, const BindgenOptions& options, std::string root)
      : resolved_(resolved), options_(options), root_(std::move(root)), types_(resolved, root_) {}

  /// Functions that need what cannot run yet.
  std::vector<std::string> unsupported() const;
  std::string generate();

 private:
  void write_definitions(Side side);
  void write_definition(DefinitionIndex index, Side side);
  void write_record(DefinitionIndex index, Side side);
  void write_variant(DefinitionIndex index, Side side);
  void write_enum(DefinitionIndex index, Side side);
  void write_flags(DefinitionIndex index, Side side);
  void write_names_trait(std::string_view trait, DefinitionIndex index, Side side);

  /// An interface that a class of the world leads to.
  struct Member {
    std::string space;
    std::string accessor;
  };
  /// What one generated class stands for: an interface (`link_name` is its name), or the world itself with the interfaces that it leads to.
  struct Subject {
    std::string class_name;
    std::string label;
    std::string link_name;
    std::vector<Function> functions;
    std::vector<DefinitionIndex> resources;
    std::vector<Member> members;
  };
  void write_host(const Subject& subject);
  void write_imports();
  void write_functions(const Subject& subject);
  void write_exports();

  /// The functions and resources that stand in the world itself.
  static std::vector<Function> own_functions(const std::vector<WorldItem>& items);
  std::vector<DefinitionIndex> own_resources() const;
  std::vector<DefinitionIndex> resources(const Interface& interface) const;
  bool is_skipped(const std::string& import) const;

  void open(const std::string& space);
  void close();
  template <class... Args>
  void line(fmt::format_string<Args...> format, Args&&... args) {
    out_ += fmt::format(format, std::forward<Args>(args)...);
    out_ += '\n';
  }

  const Resolved& resolved_;
  const BindgenOptions& options_;
  std::string root_;
  CppTypes types_;
  std::string out_;
  std::string traits_;
  std::string space_;
};

/// "[method]blob.read" → "blob_read", "[constructor]blob" → "new_blob".
std::string method_name(const Function& function) {
  const size_t bracket = function.name.find(']');
  const std::string plain = bracket == std::string::npos ? function.name : function.name.substr(bracket + 1);
  return function.kind == FunctionKind::Constructor ? "new_" + snake_case(plain) : snake_case(plain);
}

void Generator::open(const std::string& space) {
  if (space == space_) return;
  close();
  space_ = space;
  line("namespace {} {{\n", space);
}

void Generator::close() {
  if (!space_.empty()) line("}}  // namespace {}\n", space_);
  space_.clear();
}

std::vector<Function> Generator::own_functions(const std::vector<WorldItem>& items) {
  std::vector<Function> functions;
  for (const WorldItem& entry : items) {
    if (const auto* function = std::get_if<Function>(&entry.item)) functions.push_back(*function);
  }
  return functions;
}

std::vector<DefinitionIndex> Generator::own_resources() const {
  std::vector<DefinitionIndex> found;
  for (const WorldItem& entry : resolved_.world.imports) {
    const auto* index = std::get_if<DefinitionIndex>(&entry.item);
    if (index != nullptr && resolved_.at(*index).kind == DefinitionKind::Resource) found.push_back(*index);
  }
  return found;
}

std::vector<DefinitionIndex> Generator::resources(const Interface& interface) const {
  std::vector<DefinitionIndex> found;
  for (const auto& [name, index] : interface.types) {
    if (resolved_.at(index).kind == DefinitionKind::Resource) found.push_back(index);
  }
  return found;
}

bool Generator::is_skipped(const std::string& import) const {
  return std::ranges::any_of(options_.skip_imports, [&](const std::string& prefix) { return import.starts_with(prefix); });
}

std::vector<std::string> Generator::unsupported() const {
  std::vector<std::string> names;
  auto check = [&](const std::string& owner, const Function& function) {
    bool needs = function.is_async || (function.result && types_.is_async(*function.result));
    for (const Part& param : function.params) needs = needs || types_.is_async(*param.type);
    if (needs) names.push_back(owner.empty() ? function.name : owner + "#" + function.name);
  };
  for (const auto* items : {&resolved_.world.imports, &resolved_.world.exports}) {
    for (const WorldItem& entry : *items) {
      if (const auto* function = std::get_if<Function>(&entry.item)) check("", *function);
      const auto* interface = std::get_if<InterfaceIndex>(&entry.item);
      if (interface == nullptr || (items == &resolved_.world.imports && is_skipped(entry.name))) continue;
      for (const Function& function : resolved_.at(*interface).functions) check(entry.name, function);
    }
  }
  return names;
}

std::string Generator::generate() {
  const PackageName& owner = resolved_.packages[resolved_.package];
  out_ = fmt::format("// Made by `tenon bindgen` from {}:{}{}, world {}. Do not edit.\n", owner.space, owner.name,
                     owner.version.empty() ? "" : "@" + owner.version, resolved_.world.name);
  out_ += prologue;
  line("#include {}\n", literal(typed_header));
  write_definitions(Side::Import);
  write_definitions(Side::Export);
  close();
  out_ += traits_;
  write_imports();
  write_exports();
  close();
  while (out_.ends_with("\n\n")) out_.pop_back();
  return out_;
}

void Generator::write_definitions(Side side) {
  for (uint32_t i = 0; i < resolved_.definitions.size(); ++i) {
    const DefinitionIndex index{i};
    if (types_.name(index, side).empty() || types_.side_of(index, side) != side) continue;
    // What needs asynchrony is of use to functions that are refused; in a skipped interface it may stand all the same.
    if (types_.is_async(index)) continue;
    open(types_.name_space_of(index, side));
    out_ += comment(resolved_.at(index).docs, "");
    write_definition(index, side);
  }
}

void Generator::write_definition(DefinitionIndex index, Side side) {
  const Definition& definition = resolved_.at(index);
  const std::string& name = types_.name(index, side);
  // Without resources in it, a type is the same on both sides.
  const bool is_twin = side == Side::Export && definition.kind != DefinitionKind::Resource && !types_.has_handles(index) &&
                       std::ranges::any_of(types_.interfaces(Side::Import), [&](const auto& entry) { return entry.first == *definition.interface; });
  if (is_twin) {
    line("using {} = {};\n", name, types_.qualified(index, Side::Import));
    return;
  }
  switch (definition.kind) {
    case DefinitionKind::Record: write_record(index, side); break;
    case DefinitionKind::Variant: write_variant(index, side); break;
    case DefinitionKind::Enum: write_enum(index, side); break;
    case DefinitionKind::Flags: write_flags(index, side); break;
    case DefinitionKind::Resource:
      line("/// Resource `{}` of the {}: stands in `tenon::{}<{}>` and `tenon::{}<{}>`.", definition.name, side == Side::Import ? "host" : "guest",
           side == Side::Import ? "HostOwn" : "Own", name, side == Side::Import ? "HostBorrow" : "Borrow", name);
      line("struct {} {{}};\n", name);
      break;
    default: line("using {} = {};\n", name, types_.spell_structure(index, side));
  }
}

void Generator::write_record(DefinitionIndex index, Side side) {
  const Definition& definition = resolved_.at(index);
  const std::string& name = types_.name(index, side);
  const std::string qualified = types_.qualified(index, side);
  Scope scope;
  std::string fields;
  line("struct {} {{", name);
  for (const Part& part : definition.parts) {
    const std::string member = scope.add(snake_case(part.name));
    out_ += comment(part.docs, "  ");
    line("  {} {}{{}};", types_.spell(*part.type, side, Use::Owned), member);
    fields += fmt::format("{}\n      tenon::field({}, &{}::{})", fields.empty() ? "" : ",", literal(part.name), qualified, member);
  }
  if (!types_.has_handles(index)) line("\n  bool operator==(const {}&) const = default;", name);
  line("}};\n");
  traits_ += fmt::format("template <>\nstruct tenon::RecordTraits<{}> {{\n  static constexpr auto fields = std::make_tuple({});\n}};\n\n", qualified, fields);
}

void Generator::write_names_trait(std::string_view trait, DefinitionIndex index, Side side) {
  const Definition& definition = resolved_.at(index);
  std::string names;
  for (const Part& part : definition.parts) names += fmt::format("{}{}", names.empty() ? "" : ", ", literal(part.name));
  traits_ += fmt::format("template <>\nstruct tenon::{}<{}> {{\n  static constexpr std::array<std::string_view, {}> names{{{}}};\n}};\n\n", trait,
                         types_.qualified(index, side), definition.parts.size(), names);
}

void Generator::write_variant(DefinitionIndex index, Side side) {
  const Definition& definition = resolved_.at(index);
  const std::string& name = types_.name(index, side);
  std::string alternatives;
  std::string cases;
  std::string makers;
  Scope enumerators;
  Scope members;
  for (const char* taken : {"value", "which"}) members.add(taken);
  for (size_t i = 0; i < definition.parts.size(); ++i) {
    const Part& part = definition.parts[i];
    const std::string payload = part.type ? types_.spell(*part.type, side, Use::Owned) : "std::monostate";
    const std::string maker = members.add(snake_case(part.name));
    alternatives += (i == 0 ? "" : ", ") + payload;
    cases += (i == 0 ? "" : ", ") + enumerators.add(title_case(part.name));
    makers += comment(part.docs, "  ");
    makers += fmt::format("  static {} {}({}) {{\n    {} made;\n    made.value.template emplace<{}>({});\n    return made;\n  }}\n", name, maker,
                          part.type ? payload + " payload" : "", name, i, part.type ? "std::move(payload)" : "");
  }
  line("struct {} {{", name);
  line("  enum class Case : uint32_t {{ {} }};\n", cases);
  line("  /// Alternative i is case i; `std::monostate` where a case has no payload.");
  line("  std::variant<{}> value{{}};\n", alternatives);
  line("  Case which() const {{ return static_cast<Case>(value.index()); }}");
  out_ += makers;
  if (!types_.has_handles(index)) line("\n  bool operator==(const {}&) const = default;", name);
  line("}};\n");
  write_names_trait("VariantTraits", index, side);
}

void Generator::write_enum(DefinitionIndex index, Side side) {
  const Definition& definition = resolved_.at(index);
  Scope enumerators;
  const size_t count = definition.parts.size();
  line("enum class {} : {} {{", types_.name(index, side), count <= 256 ? "uint8_t" : count <= 65536 ? "uint16_t" : "uint32_t");
  for (const Part& part : definition.parts) {
    out_ += comment(part.docs, "  ");
    line("  {},", enumerators.add(title_case(part.name)));
  }
  line("}};\n");
  write_names_trait("EnumTraits", index, side);
}

void Generator::write_flags(DefinitionIndex index, Side side) {
  const Definition& definition = resolved_.at(index);
  const std::string& name = types_.name(index, side);
  Scope enumerators;
  line("struct {} {{", name);
  line("  enum class Flag : uint32_t {{");
  for (const Part& part : definition.parts) {
    out_ += comment(part.docs, "    ");
    line("    {},", enumerators.add(title_case(part.name)));
  }
  line("  }};\n");
  line("  /// Bit i of the words, least significant first, is flag i.");
  line("  std::array<uint32_t, {}> bits{{}};\n", (definition.parts.size() + 31) / 32);
  line("  constexpr bool has(Flag flag) const {{ return ((bits[static_cast<uint32_t>(flag) / 32] >> (static_cast<uint32_t>(flag) % 32)) & 1U) != 0; }}");
  line("  constexpr {}& set(Flag flag) {{\n    bits[static_cast<uint32_t>(flag) / 32] |= 1U << (static_cast<uint32_t>(flag) % 32);\n    return *this;\n  }}",
       name);
  line(
      "  constexpr {}& clear(Flag flag) {{\n    bits[static_cast<uint32_t>(flag) / 32] &= ~(1U << (static_cast<uint32_t>(flag) % 32));\n    return *this;\n  "
      "}}",
      name);
  line("  bool operator==(const {}&) const = default;", name);
  line("}};\n");
  write_names_trait("FlagsTraits", index, side);
}

/// Whether a value of the type is copied as cheaply as moved.
bool is_trivial(const std::string& type) {
  return type.find(':') == std::string::npos || type.starts_with("std::string_view") || type.starts_with("std::span<") || type.starts_with("tenon::Host");
}

void Generator::write_host(const Subject& subject) {
  const bool is_world = subject.link_name.empty();
  Scope methods;
  std::string linking;
  line("/// What the host implements of {}. An error that a function returns traps the guest.", subject.label);
  line("class {0} {{\n public:\n  {0}() = default;\n  {0}(const {0}&) = delete;\n  {0}& operator=(const {0}&) = delete;\n  virtual ~{0}() = default;\n",
       subject.class_name);
  for (const DefinitionIndex index : subject.resources) {
    const std::string& name = resolved_.at(index).name;
    const std::string drop = methods.add("drop_" + snake_case(name));
    line("  /// A guest dropped its last handle of the `{}` with this number.", name);
    line("  virtual tenon::Result<> {}(tenon::Store& store, uint32_t representation) = 0;", drop);
    linking += fmt::format(
        "  TENON_CHECK_OK(instance.define_resource({}, tenon::host_resource_type<{}>(), [&host](tenon::Store& store, uint32_t representation) {{\n"
        "    return host.{}(store, representation);\n  }}));\n",
        literal(name), types_.qualified(index, Side::Import), drop);
  }
  for (const Function& function : subject.functions) {
    const std::string method = methods.add(method_name(function));
    const std::string result = types_.spell_result(function, Side::Import);
    Scope names;
    names.add("host_call");
    std::string declared;
    std::string received;
    std::string passed;
    for (size_t i = 0; i < function.params.size(); ++i) {
      const std::string type = types_.spell(*function.params[i].type, Side::Import, Use::FromGuest);
      declared += fmt::format(", {} {}", type, names.add(snake_case(function.params[i].name)));
      received += fmt::format(", {} a{}", type, i);
      passed += fmt::format(fmt::runtime(is_trivial(type) ? ", a{}" : ", std::move(a{})"), i);
    }
    out_ += comment(function.docs, "  ");
    line("  virtual tenon::Result<{}> {}(tenon::HostCall& host_call{}) = 0;", result == "void" ? "" : result, method, declared);
    linking += fmt::format("  TENON_CHECK_OK(instance.func({}, [&host](tenon::HostCall& call{}) {{\n    return host.{}(call{});\n  }}));\n",
                           literal(function.name), received, method, passed);
  }
  for (const Member& member : subject.members) {
    const std::string accessor = methods.add(member.accessor);
    line("  virtual ::{}::Host& {}() = 0;", member.space, accessor);
    linking += fmt::format("  TENON_CHECK_OK(::{}::add_to_linker(linker, host.{}()));\n", member.space, accessor);
  }
  line("}};\n");
  line("/// Defines {} in `linker`. The host outlives the linker and every instance made with it. Errors: those of `LinkerInstance::define_func`.",
       subject.label);
  line("inline tenon::Result<> {}(tenon::Linker& linker, {}& host) {{", is_world ? "add_imports" : "add_to_linker", subject.class_name);
  if (!is_world) {
    line("  TENON_TRY(tenon::LinkerInstance instance, linker.instance({}));", literal(subject.link_name));
  } else if (!subject.functions.empty() || !subject.resources.empty()) {
    line("  tenon::LinkerInstance instance = linker.root();");
  }
  out_ += linking;
  line("  return {{}};\n}}\n");
}

void Generator::write_imports() {
  Subject world{.class_name = "Imports",
                .label = fmt::format("the imports of world `{}`", resolved_.world.name),
                .link_name = {},
                .functions = own_functions(resolved_.world.imports),
                .resources = own_resources(),
                .members = {}};
  for (const auto& [index, name] : types_.interfaces(Side::Import)) {
    const Interface& interface = resolved_.at(index);
    Subject subject{
        .class_name = "Host", .label = "`" + name + "`", .link_name = name, .functions = interface.functions, .resources = resources(interface), .members = {}};
    if ((subject.functions.empty() && subject.resources.empty()) || is_skipped(name)) continue;
    const std::string& space = types_.name_space(index, Side::Import);
    open(space);
    out_ += comment(interface.docs, "");
    write_host(subject);
    world.members.push_back({space, snake_case(interface.name.empty() ? name : interface.name)});
  }
  if (world.functions.empty() && world.resources.empty() && world.members.empty()) return;
  open(root_);
  write_host(world);
}

void Generator::write_functions(const Subject& subject) {
  const std::string& name = subject.class_name;
  Scope methods;
  methods.add("find");
  std::string members;
  std::string found;
  std::vector<std::string> initialised;
  std::string bodies;
  auto add_member = [&](const std::string& type, const std::string& member, const std::string& value) {
    const size_t i = initialised.size();
    members += fmt::format("  {} {}_;\n", type, member);
    found += fmt::format("    TENON_TRY(auto f{}, {});\n", i, value);
    initialised.push_back(member);
  };
  for (const Function& function : subject.functions) {
    const std::string result = types_.spell_result(function, Side::Export);
    Scope names;
    std::string signature;
    std::string declared;
    std::string passed;
    for (const Part& part : function.params) {
      const std::string type = types_.spell(*part.type, Side::Export, Use::ToGuest);
      const std::string param = names.add(snake_case(part.name));
      const bool by_value = is_trivial(type) || type.starts_with("tenon::");
      signature += (signature.empty() ? "" : ", ") + type;
      declared += fmt::format("{}{} {}", declared.empty() ? "" : ", ", by_value ? type : "const " + type + "&", param);
      passed += (passed.empty() ? "" : ", ") + param;
    }
    const std::string method = methods.add(method_name(function));
    bodies += comment(function.docs, "  ");
    bodies +=
        fmt::format("  tenon::Result<{}> {}({}) const {{ return {}_func_.call({}); }}\n", result == "void" ? "" : result, method, declared, method, passed);
    add_member(fmt::format("tenon::TypedFunc<{}({})>", result, signature), method + "_func",
               fmt::format("instance.get_func<{}({})>({}{})", result, signature, subject.link_name.empty() ? "" : literal(subject.link_name) + ", ",
                           literal(function.name)));
  }
  for (const Member& member : subject.members) {
    const std::string accessor = methods.add(member.accessor);
    bodies += fmt::format("  const ::{}::Functions& {}() const {{ return {}_functions_; }}\n", member.space, accessor, accessor);
    add_member(fmt::format("::{}::Functions", member.space), accessor + "_functions", fmt::format("::{}::Functions::find(instance)", member.space));
  }
  line("/// {} in one instance, with their types checked. A handle: copy freely; valid until the instance's store ends; the thread of the store.",
       subject.label);
  line("class {} {{\n public:", name);
  line("  /// Errors: `NotFound` for a function that is missing, `InvalidInput` for one of another type, naming the parameter and field that differs.");
  line("  static tenon::Result<{}> find(const tenon::Instance& instance) {{", name);
  out_ += found;
  std::string moved;
  std::string params;
  std::string initialisers;
  for (size_t i = 0; i < initialised.size(); ++i) {
    const std::string separator = i == 0 ? "" : ", ";
    moved += fmt::format("{}f{}", separator, i);
    params += fmt::format("{}decltype({}_) f{}", separator, initialised[i], i);
    initialisers += fmt::format("{}{}_(f{})", i == 0 ? " : " : ", ", initialised[i], i);
  }
  line("    return {}({});\n  }}\n", name, moved);
  out_ += bodies;
  line("\n private:");
  out_ += members;
  line("\n  {}{}({}){} {{}}", initialised.size() == 1 ? "explicit " : "", name, params, initialisers);
  line("}};\n");
}

void Generator::write_exports() {
  Subject world{.class_name = "Exports",
                .label = fmt::format("The exports of world `{}`", resolved_.world.name),
                .link_name = {},
                .functions = own_functions(resolved_.world.exports),
                .resources = {},
                .members = {}};
  for (const auto& [index, name] : types_.interfaces(Side::Export)) {
    const Interface& interface = resolved_.at(index);
    if (interface.functions.empty()) continue;
    const std::string& space = types_.name_space(index, Side::Export);
    open(space);
    out_ += comment(interface.docs, "");
    write_functions({.class_name = "Functions",
                     .label = "The functions of `" + name + "`",
                     .link_name = name,
                     .functions = interface.functions,
                     .resources = {},
                     .members = {}});
    world.members.push_back({space, snake_case(interface.name.empty() ? name : interface.name)});
  }
  if (world.functions.empty() && world.members.empty()) return;
  open(root_);
  write_functions(world);
}

/// "a::b" of identifiers.
bool is_name_space(std::string_view name) {
  while (true) {
    const size_t end = std::min(name.find("::"), name.size());
    const std::string_view part = name.substr(0, end);
    if (part.empty() || std::isdigit(static_cast<unsigned char>(part[0])) != 0) return false;
    if (!std::ranges::all_of(part, [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; })) return false;
    if (end == name.size()) return true;
    name.remove_prefix(end + 2);
  }
}

}  // namespace

Result<std::string> generate_bindings(const Package& package, const BindgenOptions& options) {
  TENON_TRY(const Resolved resolved, resolve_world(package, options.world));
  const std::string root = options.name_space.empty() ? snake_case(resolved.world.name) : options.name_space;
  if (!is_name_space(root)) return fail(ErrorKind::InvalidInput, "namespace " + root + " is not a C++ namespace");
  Generator generator(resolved, options, root);
  if (const std::vector<std::string> names = generator.unsupported(); !names.empty()) {
    return fail(ErrorKind::Unsupported,
                fmt::format("these functions are asynchronous or use streams, futures or error contexts, which cannot run yet: {}", fmt::join(names, ", ")));
  }
  return generator.generate();
}

}  // namespace tenon::wit
