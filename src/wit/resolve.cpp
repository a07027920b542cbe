#include "wit/resolve.h"

#include <nlohmann/json.hpp>

namespace tenon::wit {

namespace {

using Json = nlohmann::ordered_json;

// The JSON comes from our own native library; what is not as expected there is our fault and shows as an empty value, never as an exception.

const Json& member(const Json& object, const char* name) {
  static const Json none;
  if (!object.is_object()) return none;
  const auto found = object.find(name);
  return found == object.end() ? none : *found;
}

std::string text(const Json& value) { return value.is_string() ? value.get<std::string>() : std::string(); }
uint32_t number(const Json& value) { return value.is_number_unsigned() ? value.get<uint32_t>() : 0; }
std::string docs(const Json& object) { return text(member(member(object, "docs"), "contents")); }

std::optional<TypeRef> type_ref(const Json& value) {
  if (value.is_string()) return TypeRef(value.get<std::string>());
  if (value.is_number_unsigned()) return TypeRef(DefinitionIndex{value.get<uint32_t>()});
  return std::nullopt;
}

Part unnamed(const Json& type) { return {.name = {}, .type = type_ref(type), .docs = {}}; }

std::vector<Part> named_parts(const Json& list) {
  std::vector<Part> parts;
  for (const Json& part : list) parts.push_back({.name = text(member(part, "name")), .type = type_ref(member(part, "type")), .docs = docs(part)});
  return parts;
}

/// The kind and parts of a type definition: a word, or an object with one member named after the kind.
void read_kind(const Json& kind, Definition& definition) {
  if (kind.is_string()) {
    definition.kind = DefinitionKind::Resource;
    return;
  }
  if (!kind.is_object() || kind.empty()) return;
  const std::string name = kind.begin().key();
  const Json& body = kind.begin().value();
  auto set = [&](DefinitionKind value, std::vector<Part> parts) {
    definition.kind = value;
    definition.parts = std::move(parts);
  };
  if (name == "record")
    set(DefinitionKind::Record, named_parts(member(body, "fields")));
  else if (name == "flags")
    set(DefinitionKind::Flags, named_parts(member(body, "flags")));
  else if (name == "variant")
    set(DefinitionKind::Variant, named_parts(member(body, "cases")));
  else if (name == "enum")
    set(DefinitionKind::Enum, named_parts(member(body, "cases")));
  else if (name == "option")
    set(DefinitionKind::Option, {unnamed(body)});
  else if (name == "list")
    set(DefinitionKind::List, {unnamed(body)});
  else if (name == "type")
    set(DefinitionKind::Alias, {unnamed(body)});
  else if (name == "future")
    set(DefinitionKind::Future, {unnamed(body)});
  else if (name == "stream")
    set(DefinitionKind::Stream, {unnamed(body)});
  else if (name == "result")
    set(DefinitionKind::Result, {unnamed(member(body, "ok")), unnamed(member(body, "err"))});
  else if (name == "handle")
    set(body.contains("own") ? DefinitionKind::Own : DefinitionKind::Borrow, {unnamed(body.contains("own") ? member(body, "own") : member(body, "borrow"))});
  else if (name == "map" && body.size() == 2)
    set(DefinitionKind::Map, {unnamed(body[0]), unnamed(body[1])});
  else if (name == "fixed-length-list" && body.size() == 2) {
    set(DefinitionKind::FixedLengthList, {unnamed(body[0])});
    definition.length = number(body[1]);
  } else if (name == "tuple") {
    definition.kind = DefinitionKind::Tuple;
    for (const Json& type : member(body, "types")) definition.parts.push_back(unnamed(type));
  }
}

Definition definition_of(const Json& json) {
  Definition definition;
  definition.name = text(member(json, "name"));
  definition.docs = docs(json);
  const Json& owner = member(json, "owner");
  if (const Json& interface = member(owner, "interface"); !interface.is_null()) definition.interface = InterfaceIndex{number(interface)};
  definition.is_of_world = !member(owner, "world").is_null();
  read_kind(member(json, "kind"), definition);
  return definition;
}

Function function_of(const Json& json) {
  Function function;
  function.name = text(member(json, "name"));
  function.docs = docs(json);
  function.params = named_parts(member(json, "params"));
  function.result = type_ref(member(json, "result"));
  const Json& kind = member(json, "kind");
  std::string name = kind.is_object() && !kind.empty() ? kind.begin().key() : text(kind);
  if (name.starts_with("async-")) {
    function.is_async = true;
    name.erase(0, 6);
  }
  if (kind.is_object() && !kind.empty()) function.resource = DefinitionIndex{number(kind.begin().value())};
  if (name == "method") function.kind = FunctionKind::Method;
  if (name == "static") function.kind = FunctionKind::Static;
  if (name == "constructor") function.kind = FunctionKind::Constructor;
  return function;
}

Interface interface_of(const Json& json) {
  Interface interface;
  interface.name = text(member(json, "name"));
  interface.docs = docs(json);
  if (const Json& package = member(json, "package"); !package.is_null()) interface.package = number(package);
  for (const auto& [name, type] : member(json, "types").items()) interface.types.emplace_back(name, DefinitionIndex{number(type)});
  for (const auto& [name, function] : member(json, "functions").items()) interface.functions.push_back(function_of(function));
  return interface;
}

PackageName package_name(const std::string& name) {
  PackageName result;
  const size_t colon = name.find(':');
  const size_t at = name.find('@');
  result.space = name.substr(0, colon);
  result.name = name.substr(colon + 1, at == std::string::npos ? at : at - colon - 1);
  if (at != std::string::npos) result.version = name.substr(at + 1);
  return result;
}

std::vector<WorldItem> world_items(const Json& list, const Resolved& resolved) {
  std::vector<WorldItem> items;
  for (const auto& [key, value] : list.items()) {
    if (const Json& interface = member(value, "interface"); !interface.is_null()) {
      const InterfaceIndex index{number(member(interface, "id"))};
      items.push_back({.name = key.starts_with("interface-") ? resolved.interface_id(index) : key, .item = index});
    } else if (const Json& function = member(value, "function"); !function.is_null()) {
      items.push_back({.name = key, .item = function_of(function)});
    } else {
      items.push_back({.name = key, .item = DefinitionIndex{number(member(value, "type"))}});
    }
  }
  return items;
}

}  // namespace

std::string Resolved::interface_id(InterfaceIndex index) const {
  const Interface& interface = at(index);
  if (!interface.package || interface.name.empty()) return interface.name;
  const PackageName& owner = packages[*interface.package];
  return owner.space + ":" + owner.name + "/" + interface.name + (owner.version.empty() ? "" : "@" + owner.version);
}

Result<Resolved> resolve_world(const Package& package, std::string_view world) {
  TENON_TRY(const std::string described, package.json(world));
  const Json json = Json::parse(described, nullptr, /*allow_exceptions=*/false);
  std::optional<uint32_t> selected;
  if (!member(json, "world").is_null()) selected = number(member(json, "world"));
  if (!selected) {
    // No name was given and the WIT has no world of its own: the only world of the main package, if there is one.
    const Json& worlds = member(member(json, "packages")[number(member(json, "package"))], "worlds");
    if (worlds.size() != 1) {
      std::string known;
      constexpr size_t shown_bytes_max = 400;
      for (const auto& [name, index] : worlds.items()) {
        if (known.size() > shown_bytes_max) {
          known += ", …";
          break;
        }
        known += (known.empty() ? "" : ", ") + name;
      }
      return fail(ErrorKind::NotFound, worlds.empty() ? "the package has no world" : "the package has more than one world, name one of: " + known);
    }
    selected = number(worlds.begin().value());
  }
  Resolved resolved;
  resolved.package = number(member(json, "package"));
  for (const Json& item : member(json, "packages")) resolved.packages.push_back(package_name(text(member(item, "name"))));
  for (const Json& item : member(json, "interfaces")) resolved.interfaces.push_back(interface_of(item));
  for (const Json& item : member(json, "types")) resolved.definitions.push_back(definition_of(item));
  const Json& chosen = member(json, "worlds")[*selected];
  resolved.world.name = text(member(chosen, "name"));
  resolved.world.docs = docs(chosen);
  resolved.world.imports = world_items(member(chosen, "imports"), resolved);
  resolved.world.exports = world_items(member(chosen, "exports"), resolved);
  return resolved;
}

}  // namespace tenon::wit
