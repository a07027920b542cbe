#include "wit/bindgen_types.h"

#include <algorithm>

#include <fmt/format.h>

namespace tenon::wit {

namespace {

/// A type without parts in C++; nothing for one that has no counterpart.
std::string spell_primitive(const std::string& keyword) {
  static const std::map<std::string, std::string> names{
      {"bool", "bool"},   {"u8", "uint8_t"},  {"u16", "uint16_t"}, {"u32", "uint32_t"}, {"u64", "uint64_t"},  {"s8", "int8_t"},         {"s16", "int16_t"},
      {"s32", "int32_t"}, {"s64", "int64_t"}, {"f32", "float"},    {"f64", "double"},   {"char", "char32_t"}, {"string", "std::string"}};
  const auto found = names.find(keyword);
  return found == names.end() ? std::string() : found->second;
}

bool is_number(const std::string& spelled) {
  return spelled == "float" || spelled == "double" || (spelled.ends_with("_t") && spelled != "char32_t" && spelled.find(':') == std::string::npos);
}

bool is_handle(const Definition& definition) { return definition.kind == DefinitionKind::Own || definition.kind == DefinitionKind::Borrow; }
bool is_stream(const Definition& definition) { return definition.kind == DefinitionKind::Stream || definition.kind == DefinitionKind::Future; }

/// Names that the generator itself uses in each namespace.
Scope type_scope() {
  Scope scope;
  for (const char* name : {"Host", "Functions", "Imports", "Exports"}) scope.add(name);
  return scope;
}

}  // namespace

CppTypes::CppTypes(const Resolved& resolved, const std::string& root) : resolved_(resolved), root_(root) {
  for (const auto& [item, list] : {std::pair(&resolved.world.imports, &imports_), std::pair(&resolved.world.exports, &exports_)}) {
    for (const WorldItem& entry : *item) {
      if (const auto* interface = std::get_if<InterfaceIndex>(&entry.item)) list->emplace_back(*interface, entry.name);
    }
  }
  lay_out(Side::Import, resolved.world.imports);
  lay_out(Side::Export, resolved.world.exports);
  Scope scope = type_scope();
  for (uint32_t i = 0; i < resolved.definitions.size(); ++i) {
    if (resolved.definitions[i].is_of_world && !resolved.definitions[i].name.empty())
      names_[{DefinitionIndex{i}, Side::Import}] = scope.add(title_case(resolved.definitions[i].name));
  }
}

void CppTypes::lay_out(Side side, const std::vector<WorldItem>& items) {
  Scope spaces;
  for (const WorldItem& entry : items) {
    const auto* index = std::get_if<InterfaceIndex>(&entry.item);
    if (index == nullptr) continue;
    const Interface& interface = resolved_.at(*index);
    std::string path = root_ + (side == Side::Export ? "::exports" : "");
    if (interface.name.empty() || !interface.package) {
      path += "::" + snake_case(entry.name);
    } else {
      const PackageName& owner = resolved_.packages[*interface.package];
      path += "::" + snake_case(owner.space) + "::" + snake_case(owner.name) + "::" + snake_case(interface.name);
      // Two versions of one interface in a world: the second says which it is.
      Scope probe = spaces;
      if (probe.add(path) != path) path += "_v" + snake_case(owner.version).substr(1);
    }
    const std::string space = spaces.add(path);
    spaces_[{*index, side}] = space;
    Scope scope = type_scope();
    for (const auto& [name, type] : interface.types) names_[{type, side}] = scope.add(title_case(name));
  }
}

const std::string& CppTypes::name_space(InterfaceIndex interface, Side side) const {
  const auto found = spaces_.find({interface, side});
  return found == spaces_.end() ? root_ : found->second;
}

Side CppTypes::side_of(DefinitionIndex index, Side side) const {
  return side == Side::Export && names_.contains({index, Side::Export}) ? Side::Export : Side::Import;
}

const std::string& CppTypes::name_space_of(DefinitionIndex index, Side side) const {
  const auto& interface = resolved_.at(index).interface;
  return interface ? name_space(*interface, side_of(index, side)) : root_;
}

const std::string& CppTypes::name(DefinitionIndex index, Side side) const {
  static const std::string none;
  const auto found = names_.find({index, side_of(index, side)});
  return found == names_.end() ? none : found->second;
}

std::string CppTypes::qualified(DefinitionIndex index, Side side) const { return "::" + name_space_of(index, side) + "::" + name(index, side); }

std::string CppTypes::spell(const TypeRef& type, Side side, Use use) const {
  if (const auto* keyword = std::get_if<std::string>(&type)) {
    return *keyword == "string" && use != Use::Owned ? "std::string_view" : spell_primitive(*keyword);
  }
  return spell_definition(std::get<DefinitionIndex>(type), side, use);
}

std::string CppTypes::spell_definition(DefinitionIndex index, Side side, Use use) const {
  const Definition& definition = resolved_.at(index);
  if (use != Use::Owned) {
    // Whether a view can stand for it is decided by the structure, so aliases are looked through.
    if (definition.kind == DefinitionKind::Alias) return spell(*definition.parts[0].type, side, use);
    if (definition.kind == DefinitionKind::List) {
      const std::string element = spell(*definition.parts[0].type, side, Use::Owned);
      if (use == Use::ToGuest ? element != "bool" : is_number(element)) return "std::span<const " + element + ">";
    }
  }
  return name(index, side).empty() ? spell_structure(index, side) : qualified(index, side);
}

std::string CppTypes::spell_structure(DefinitionIndex index, Side side) const {
  const Definition& definition = resolved_.at(index);
  auto part = [&](size_t i) { return definition.parts[i].type ? spell(*definition.parts[i].type, side, Use::Owned) : std::string(); };
  switch (definition.kind) {
    case DefinitionKind::List: return "std::vector<" + part(0) + ">";
    case DefinitionKind::FixedLengthList: return fmt::format("std::array<{}, {}>", part(0), definition.length);
    case DefinitionKind::Map: return "std::vector<std::pair<" + part(0) + ", " + part(1) + ">>";
    case DefinitionKind::Option: return "std::optional<" + part(0) + ">";
    case DefinitionKind::Result: {
      const std::string ok = part(0);
      const std::string error = part(1);
      return "std::expected<" + (ok.empty() ? "void" : ok) + ", " + (error.empty() ? "std::monostate" : error) + ">";
    }
    case DefinitionKind::Tuple: {
      std::string members;
      for (size_t i = 0; i < definition.parts.size(); ++i) members += (i == 0 ? "" : ", ") + part(i);
      return "std::tuple<" + members + ">";
    }
    case DefinitionKind::Own:
    case DefinitionKind::Borrow: {
      DefinitionIndex resource = std::get<DefinitionIndex>(*definition.parts[0].type);
      const std::string tag = qualified(resource, side);
      while (resolved_.at(resource).kind == DefinitionKind::Alias) resource = std::get<DefinitionIndex>(*resolved_.at(resource).parts[0].type);
      const bool is_guest = side_of(resource, side) == Side::Export;
      return fmt::format("tenon::{}{}<{}>", is_guest ? "" : "Host", definition.kind == DefinitionKind::Own ? "Own" : "Borrow", tag);
    }
    case DefinitionKind::Alias: return part(0);
    case DefinitionKind::Record:
    case DefinitionKind::Variant:
    case DefinitionKind::Enum:
    case DefinitionKind::Flags:
    case DefinitionKind::Resource:
    case DefinitionKind::Future:
    case DefinitionKind::Stream: break;  // always named, or refused before anything is written
  }
  return "void";
}

std::string CppTypes::spell_result(const Function& function, Side side) const { return function.result ? spell(*function.result, side, Use::Owned) : "void"; }

bool CppTypes::any_part(const TypeRef& type, bool (*matches)(const Definition&)) const {
  const auto* index = std::get_if<DefinitionIndex>(&type);
  if (index == nullptr) return false;
  const Definition& definition = resolved_.at(*index);
  if (matches(definition)) return true;
  if (is_handle(definition)) return false;
  return std::ranges::any_of(definition.parts, [&](const Part& part) { return part.type && any_part(*part.type, matches); });
}

bool CppTypes::has_handles(const TypeRef& type) const { return any_part(type, is_handle); }

bool CppTypes::is_async(const TypeRef& type) const {
  if (const auto* keyword = std::get_if<std::string>(&type)) return *keyword == "error-context";
  if (any_part(type, is_stream)) return true;
  const Definition& definition = resolved_.at(std::get<DefinitionIndex>(type));
  if (is_handle(definition)) return false;
  return std::ranges::any_of(definition.parts, [&](const Part& part) { return part.type && is_async(*part.type); });
}

}  // namespace tenon::wit
