#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tenon/result.h"
#include "tenon/types.h"

namespace tenon {

class Engine;
class Component;

namespace component {
struct TranslateOptions;
}  // namespace component

namespace detail {
class ComponentState;
struct ItemNode;
}  // namespace detail

/// The type of a component-level function: a view into its component, which outlives it. Copy freely.
class FuncType {
 public:
  FuncType(const TypeTable& table, const FuncTypeNode& node) : table_(&table), node_(&node) {}

  size_t param_count() const { return node_->params.size(); }
  /// `i` is less than `param_count()`.
  std::string_view param_name(size_t i) const { return node_->params[i].name; }
  Type param_type(size_t i) const { return Type(*table_, node_->params[i].type); }
  /// Absent when the function returns nothing.
  std::optional<Type> result() const { return node_->result ? std::optional(Type(*table_, *node_->result)) : std::nullopt; }
  bool is_async() const { return node_->is_async; }

  const TypeTable& table() const { return *table_; }
  const FuncTypeNode& node() const { return *node_; }

 private:
  const TypeTable* table_;
  const FuncTypeNode* node_;
};

/// "func(a: u32, b: string) -> bool".
std::string to_string(FuncType type);

/// What an import or export is (`Explainer.md`, "Import and Export Definitions").
enum class ItemKind : uint8_t { Func, Instance, Component, Module, Type, Resource };

/// "func", "instance", "component", "module", "type", "resource".
std::string_view to_string(ItemKind kind);

/// An import or export of a component, or of an instance in it: a view into the component, which outlives it. Copy freely.
class Item {
 public:
  explicit Item(const detail::ItemNode& node) : node_(&node) {}

  /// As the component writes it: "run", "wasi:cli/environment@0.2.6".
  std::string_view name() const;
  ItemKind kind() const;
  /// Of a function.
  std::optional<FuncType> func() const;
  /// Of a value type.
  std::optional<Type> type() const;
  /// Of an instance or a component: what it exports.
  std::span<const Item> exports() const;
  /// Of a component: what it imports.
  std::span<const Item> imports() const;

 private:
  const detail::ItemNode* node_;
};

/// Where an exported item of a component is; found once by name, used with every instance. Of the component that it came from.
class ExportIndex {
 public:
  bool operator==(const ExportIndex&) const = default;

 private:
  friend class Component;
  friend class Instance;
  friend class detail::ComponentState;
  explicit ExportIndex(uint32_t index) : index_(index) {}
  uint32_t index_;
};

/// How a component is made ready.
struct ComponentOptions {
  /// Largest component taken, in bytes. Default 256 MiB.
  size_t bytes_max = size_t{256} << 20;
  /// Accepts components that use asynchronous functions or other things that cannot run, to be inspected; instantiating one is refused. Default: accepted.
  bool accept_async = true;
  /// For the runtime's own tools: the proposals that a component may use, instead of all that this build knows. The cache is not asked then. Borrowed.
  const component::TranslateOptions* proposals = nullptr;
};

/// How a component is made of something else, a core module with an adapter for instance.
struct ComponentRecipe {
  /// Names the recipe with everything that decides what it makes, its version too: the cache of compiled code goes by it. 1 to 32 bytes.
  std::string_view name;
  /// Makes the component's binary. Not called when the cache has what it would be compiled to.
  std::function<Result<std::vector<std::byte>>(std::span<const std::byte> source)> make;
};

/// A component: validated, flattened to a plan and compiled. Immutable; shared between threads; copies share one state. Keeps its engine alive.
class Component {
 public:
  /// Validates and compiles a component binary.
  ///
  /// Any thread. Errors: `InvalidInput` when the bytes are no valid component (the message says what and where); `LimitExceeded` when it is larger than
  /// `bytes_max` or than the translator takes; `Unsupported` when it needs something that this build does not compile.
  static Result<Component> create(const Engine& engine, std::span<const std::byte> bytes, const ComponentOptions& options = {});
  /// The component that `recipe` makes of `source`. Errors: as above, those of the recipe, and `InvalidInput` when the recipe has no name or too long a one.
  static Result<Component> create(const Engine& engine, std::span<const std::byte> source, const ComponentRecipe& recipe, const ComponentOptions& options = {});

  /// In the order of the component.
  std::span<const Item> imports() const;
  std::span<const Item> exports() const;

  /// An export by name: of the component ("run"), or of an exported instance ("wasi:cli/run@0.2.6", "run"). Versions match as semver does: a
  /// request for 0.2.0 finds 0.2.6. Nothing when there is none.
  std::optional<ExportIndex> find_export(std::string_view name) const;
  std::optional<ExportIndex> find_export(std::string_view instance, std::string_view name) const;

  /// The asynchronous functions and built-ins that it uses and that cannot run yet, and resources represented by an i64; empty when it can be instantiated.
  const std::vector<std::string>& unsupported() const;

  /// Bytes of compiled code, over all its core modules.
  size_t code_bytes() const;

 private:
  friend class Linker;
  friend class InstancePre;
  friend class Instance;
  friend class detail::ComponentState;
  explicit Component(std::shared_ptr<const detail::ComponentState> state) : state_(std::move(state)) {}
  std::shared_ptr<const detail::ComponentState> state_;
};

}  // namespace tenon
