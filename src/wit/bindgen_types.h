#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "wit/cpp_names.h"
#include "wit/resolve.h"

namespace tenon::wit {

/// On which side of the guest an interface stands: what it imports the host implements, what it exports the host calls. An interface on both sides has
/// two sets of resources, so its types are kept apart.
enum class Side : uint8_t { Import, Export };

/// Where a type is used, which decides between an owning C++ type and a view.
enum class Use : uint8_t {
  /// Fields, elements, results.
  Owned,
  /// What the host passes to a guest's function.
  ToGuest,
  /// What a host function gets.
  FromGuest,
};

/// C++ names and spellings of everything in a world.
///
/// Invariant: a name is handed out once, when the world is laid out, so that all uses agree.
class CppTypes {
 public:
  CppTypes(const Resolved& resolved, const std::string& root);

  /// The interfaces of a side in the order of the world, with the names of their imports or exports.
  const std::vector<std::pair<InterfaceIndex, std::string>>& interfaces(Side side) const { return side == Side::Import ? imports_ : exports_; }

  /// "root::demo::plugin::types", without leading colons.
  const std::string& name_space(InterfaceIndex interface, Side side) const;
  /// The namespace of a named definition.
  const std::string& name_space_of(DefinitionIndex index, Side side) const;

  /// The type's own name: "ToolCall".
  const std::string& name(DefinitionIndex index, Side side) const;
  /// With its namespace, from the global one: "::root::demo::plugin::types::ToolCall".
  std::string qualified(DefinitionIndex index, Side side) const;

  /// A type as it is written at `use` on `side`.
  std::string spell(const TypeRef& type, Side side, Use use) const;
  /// A named definition's structure, spelt as if it had no name.
  std::string spell_structure(DefinitionIndex index, Side side) const;
  /// A function's result: "void", or a type.
  std::string spell_result(const Function& function, Side side) const;

  /// Whether a handle is inside, however deep.
  bool has_handles(const TypeRef& type) const;
  /// Whether it, or a part, needs asynchrony: streams, futures, error contexts.
  bool is_async(const TypeRef& type) const;

  /// Where a definition stands when it is used from `side`: an exported interface's own types, or the import's.
  Side side_of(DefinitionIndex index, Side side) const;

 private:
  void lay_out(Side side, const std::vector<WorldItem>& items);
  std::string spell_definition(DefinitionIndex index, Side side, Use use) const;
  bool any_part(const TypeRef& type, bool (*matches)(const Definition&)) const;

  const Resolved& resolved_;
  std::string root_;
  std::vector<std::pair<InterfaceIndex, std::string>> imports_;
  std::vector<std::pair<InterfaceIndex, std::string>> exports_;
  std::map<std::pair<InterfaceIndex, Side>, std::string> spaces_;
  std::map<std::pair<DefinitionIndex, Side>, std::string> names_;
};

}  // namespace tenon::wit
