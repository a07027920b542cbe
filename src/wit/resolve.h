#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "tenon/wit.h"

namespace tenon::wit {

/// A resolved WIT package as data, for what is generated from it. Everything refers to the rest by index; definitions come before their uses.

enum class InterfaceIndex : uint32_t {};
enum class DefinitionIndex : uint32_t {};

/// A type where it is used: a type without parts by its WIT keyword ("u32"), or a definition.
using TypeRef = std::variant<std::string, DefinitionIndex>;

enum class DefinitionKind : uint8_t {
  Record,
  Resource,
  Own,
  Borrow,
  Flags,
  Tuple,
  Variant,
  Enum,
  Option,
  Result,
  List,
  Map,
  FixedLengthList,
  Future,
  Stream,
  Alias,
};

/// A named part of a definition; names are empty where the kind has none.
struct Part {
  std::string name;
  std::optional<TypeRef> type;
  std::string docs;
};

/// `parts` holds: record, the fields; tuple, the members; variant, the cases; enum and flags, the names; option, list, alias, one; result, two; map, key and
/// value; own and borrow, the resource; future and stream, the payload if there is one.
struct Definition {
  std::string name;
  DefinitionKind kind = DefinitionKind::Alias;
  std::vector<Part> parts;
  uint32_t length = 0;
  std::optional<InterfaceIndex> interface;
  bool is_of_world = false;
  std::string docs;
};

enum class FunctionKind : uint8_t { Freestanding, Method, Static, Constructor };

struct Function {
  /// As in the component: "run", "[method]blob.read".
  std::string name;
  FunctionKind kind = FunctionKind::Freestanding;
  bool is_async = false;
  std::optional<DefinitionIndex> resource;
  std::vector<Part> params;
  std::optional<TypeRef> result;
  std::string docs;
};

struct Interface {
  /// Empty for one that is written inside a world.
  std::string name;
  std::optional<uint32_t> package;
  std::vector<std::pair<std::string, DefinitionIndex>> types;
  std::vector<Function> functions;
  std::string docs;
};

/// An import or export of a world: under `name`, which is the name in the component.
struct WorldItem {
  std::string name;
  std::variant<InterfaceIndex, Function, DefinitionIndex> item;
};

struct World {
  std::string name;
  std::vector<WorldItem> imports;
  std::vector<WorldItem> exports;
  std::string docs;
};

struct PackageName {
  std::string space;
  std::string name;
  std::string version;
};

struct Resolved {
  std::vector<PackageName> packages;
  std::vector<Interface> interfaces;
  std::vector<Definition> definitions;
  World world;
  uint32_t package = 0;

  const Definition& at(DefinitionIndex index) const { return definitions[static_cast<uint32_t>(index)]; }
  const Interface& at(InterfaceIndex index) const { return interfaces[static_cast<uint32_t>(index)]; }
  /// "ns:pkg/name@1.0.0", or the bare name of one without a package.
  std::string interface_id(InterfaceIndex index) const;
};

/// The package with one of its worlds selected. Errors: `NotFound` when there is no such world.
Result<Resolved> resolve_world(const Package& package, std::string_view world);

}  // namespace tenon::wit
