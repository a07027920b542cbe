#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tenon {

/// The kinds of component-model value types (component-model `Explainer.md`, "Type Definitions").
enum class TypeKind : uint8_t {
  Bool,
  S8,
  U8,
  S16,
  U16,
  S32,
  U32,
  S64,
  U64,
  F32,
  F64,
  Char,
  String,
  List,
  FixedLengthList,
  Map,
  Record,
  Tuple,
  Variant,
  Enum,
  Option,
  Result,
  Flags,
  Own,
  Borrow,
  Future,
  Stream,
  ErrorContext,
};

/// The WIT keyword of `kind`: "u32", "list", "own".
std::string_view to_string(TypeKind kind);

/// Index of a type in its `TypeTable`. The kinds without parts (`Bool` … `String`) have the index of their kind in every table.
enum class TypeIndex : uint32_t {};

constexpr TypeIndex primitive_type(TypeKind kind) { return static_cast<TypeIndex>(kind); }

/// A named part of a type: a record's field, a variant's case, an enum's case, a flag. A part without a payload has no type.
struct TypeField {
  std::string name = {};
  std::optional<TypeIndex> type = {};
  /// Where the field lies in its record or tuple, for 32-bit and 64-bit memories. Zero elsewhere.
  uint32_t offset32 = 0;
  uint32_t offset64 = 0;
};

/// Size and shape of a type in the canonical ABI (`CanonicalABI.md`, "Alignment", "Element Size", "Flattening").
///
/// Sizes and offsets saturate at `oversized`: a type that large fits no memory, so that whoever checks a range before an access refuses it.
struct CanonicalLayout {
  uint32_t size32 = 0;
  uint32_t align32 = 1;
  uint32_t size64 = 0;
  uint32_t align64 = 1;
  /// Bytes of a variant's discriminant: 1, 2 or 4. Zero for what is not a variant.
  uint8_t discriminant_bytes = 0;
  /// Where a variant's payload starts.
  uint32_t payload_offset32 = 0;
  uint32_t payload_offset64 = 0;
  /// Number of core values when flattened; absent when it is more than 16.
  std::optional<uint8_t> flat_count = 0;

  static constexpr uint32_t oversized = UINT32_MAX;
  bool operator==(const CanonicalLayout&) const = default;
};

/// Parts below parts that a type may have and still be walked; the translator's own limit for components is 100. `check`, `equal`, `to_string`
/// and the text forms refuse or cut what is deeper.
constexpr uint32_t max_type_depth = 128;

/// A type: its kind, its parts and its layout.
///
/// `fields` holds: record, the fields; tuple, the members (empty names); variant, the cases; enum and flags, the names (no types); option, one
/// part; result, two parts (`ok`, `err`, each with or without a type); list and fixed-length list, the element; map, key and value, with their
/// offsets in an entry; future and stream, one part with or without a type.
struct TypeNode {
  TypeKind kind = TypeKind::Bool;
  std::vector<TypeField> fields = {};
  /// Elements of a fixed-length list.
  uint32_t length = 0;
  /// The resource table of an own or borrow (index space of the component's plan). Future, stream and error-context: their table's index.
  uint32_t resource = 0;
  /// Map: the `tuple<key, value>` that its entries are; a map lies in memory as the list of it. Set by the table.
  std::optional<TypeIndex> entry = {};
  /// Parts below parts: 0 without parts. Set by the table.
  uint32_t depth = 0;
  CanonicalLayout layout = {};
};

class Type;

/// A parameter of a function.
struct Param {
  std::string name = {};
  TypeIndex type{};
};

/// A function's type: named parameters and at most one result.
struct FuncTypeNode {
  std::vector<Param> params = {};
  std::optional<TypeIndex> result = {};
  bool is_async = false;
};

/// The types of a component, or of a set of values. Immutable once shared; safe to read from any thread.
class TypeTable {
 public:
  /// A table that holds the kinds without parts.
  TypeTable();

  /// The type at `index`, which must be of this table.
  const TypeNode& node(TypeIndex index) const { return nodes_[static_cast<uint32_t>(index)]; }
  uint32_t size() const { return static_cast<uint32_t>(nodes_.size()); }

  /// Adds a type and computes its layout, offsets and depth from its parts, which must be in the table already. Equal types are not merged.
  /// The kinds without parts are not added: their index is returned. A map adds its entry's tuple as well, in front of itself.
  TypeIndex add(TypeNode node);

  TypeIndex add_list(TypeIndex element);
  TypeIndex add_fixed_length_list(TypeIndex element, uint32_t length);
  TypeIndex add_map(TypeIndex key, TypeIndex value);
  TypeIndex add_record(std::vector<TypeField> fields);
  TypeIndex add_tuple(std::span<const TypeIndex> members);
  TypeIndex add_variant(std::vector<TypeField> cases);
  TypeIndex add_enum(std::span<const std::string> names);
  TypeIndex add_flags(std::span<const std::string> names);
  TypeIndex add_option(TypeIndex some);
  TypeIndex add_result(std::optional<TypeIndex> ok, std::optional<TypeIndex> error);
  /// `resource`: the index that `TypeNode::resource` describes.
  TypeIndex add_own(uint32_t resource);
  TypeIndex add_borrow(uint32_t resource);

 private:
  std::vector<TypeNode> nodes_;
};

/// A type as callers see it: a view of one node of a table. Copy freely; the table (owned by the `Component`) outlives it.
class Type {
 public:
  Type(const TypeTable& table, TypeIndex index) : table_(&table), index_(index) {}

  TypeKind kind() const { return node().kind; }
  const TypeNode& node() const { return table_->node(index_); }
  const TypeTable& table() const { return *table_; }
  TypeIndex index() const { return index_; }
  /// The type of part `i`; absent when that part has none.
  std::optional<Type> field_type(size_t i) const {
    const auto& type = node().fields[i].type;
    return type ? std::optional(Type(*table_, *type)) : std::nullopt;
  }
  /// The element of a list, fixed-length list or option; the entry of a map.
  Type element() const { return Type(*table_, node().kind == TypeKind::Map ? *node().entry : *node().fields[0].type); }

 private:
  const TypeTable* table_;
  TypeIndex index_;
};

/// The type in WIT's notation, names of records and variants spelt out: "list<record { a: u32 }>". Cut with "…" after 16 KiB.
std::string to_string(Type type);

/// Whether two types, possibly of different tables, are structurally equal: kinds, names, order and lengths. Own and borrow compare by kind alone;
/// who links resources compares them with a function of its own. On a difference `path` (when given) receives where, part by part, empty for the
/// type itself: "call.name", "ok", "element.some". Takes time linear in the types, however often parts are shared.
bool equal(Type left, Type right, std::string* path = nullptr);

}  // namespace tenon
