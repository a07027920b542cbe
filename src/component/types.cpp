#include "tenon/types.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

namespace tenon {
namespace {

constexpr std::array<std::string_view, 28> kind_names = {
    "bool", "s8",  "u8",     "s16",   "u16",     "s32",  "u32",    "s64",    "u64",   "f32", "f64",    "char",   "string", "list",
    "list", "map", "record", "tuple", "variant", "enum", "option", "result", "flags", "own", "borrow", "future", "stream", "error-context",
};
static_assert(static_cast<size_t>(TypeKind::ErrorContext) + 1 == kind_names.size());

constexpr uint32_t max_flat_count = 16;
constexpr size_t max_text_bytes = 16384;

uint32_t saturate(uint64_t size) { return static_cast<uint32_t>(std::min<uint64_t>(size, CanonicalLayout::oversized)); }

/// Next multiple of `align`, a power of two. Takes 64 bits, so that what saturated stays saturated.
uint64_t align_to(uint64_t offset, uint32_t align) { return (offset + align - 1) & ~uint64_t{align - 1u}; }

CanonicalLayout scalar(uint32_t size) { return {.size32 = size, .align32 = size, .size64 = size, .align64 = size, .flat_count = 1}; }

/// Pointer and length: strings, lists and maps.
CanonicalLayout pointer_pair() { return {.size32 = 8, .align32 = 4, .size64 = 16, .align64 = 8, .flat_count = 2}; }

std::optional<uint8_t> flat(uint64_t count) { return count <= max_flat_count ? std::optional(static_cast<uint8_t>(count)) : std::nullopt; }

CanonicalLayout primitive_layout(TypeKind kind) {
  switch (kind) {
    case TypeKind::Bool:
    case TypeKind::S8:
    case TypeKind::U8: return scalar(1);
    case TypeKind::S16:
    case TypeKind::U16: return scalar(2);
    case TypeKind::S64:
    case TypeKind::U64:
    case TypeKind::F64: return scalar(8);
    case TypeKind::String: return pointer_pair();
    default: return scalar(4);
  }
}

/// `CanonicalABI.md#element-size`, `elem_size_flags`; more than 32 flags take one word each 32.
CanonicalLayout flags_layout(size_t count) {
  if (count == 0) return {};
  if (count <= 8) return scalar(1);
  if (count <= 16) return scalar(2);
  const uint64_t words = (count + 31) / 32;
  const uint32_t size = saturate(words * 4);
  return {.size32 = size, .align32 = 4, .size64 = size, .align64 = 4, .flat_count = flat(words)};
}

}  // namespace

std::string_view to_string(TypeKind kind) { return kind_names[static_cast<size_t>(kind)]; }

TypeTable::TypeTable() {
  for (uint8_t i = 0; i <= static_cast<uint8_t>(TypeKind::String); i++) {
    TypeNode node{.kind = static_cast<TypeKind>(i)};
    node.layout = primitive_layout(node.kind);
    nodes_.push_back(std::move(node));
  }
}

/// `CanonicalABI.md#element-size`, `elem_size_record` and `alignment_record`; sets the fields' offsets.
static CanonicalLayout layout_record(const TypeTable& table, std::span<TypeField> fields) {
  CanonicalLayout layout;
  uint64_t size32 = 0;
  uint64_t size64 = 0;
  uint64_t flat_count = 0;
  for (TypeField& field : fields) {
    const CanonicalLayout& part = table.node(*field.type).layout;
    field.offset32 = saturate(size32 = align_to(size32, part.align32));
    field.offset64 = saturate(size64 = align_to(size64, part.align64));
    size32 = std::min<uint64_t>(size32 + part.size32, CanonicalLayout::oversized);
    size64 = std::min<uint64_t>(size64 + part.size64, CanonicalLayout::oversized);
    layout.align32 = std::max(layout.align32, part.align32);
    layout.align64 = std::max(layout.align64, part.align64);
    flat_count = std::min<uint64_t>(flat_count + part.flat_count.value_or(max_flat_count + 1), max_flat_count + 1);
  }
  layout.size32 = saturate(align_to(size32, layout.align32));
  layout.size64 = saturate(align_to(size64, layout.align64));
  layout.flat_count = flat(flat_count);
  return layout;
}

/// `CanonicalABI.md#element-size`, `elem_size_variant`; also for enum, option and result.
static CanonicalLayout layout_variant(const TypeTable& table, std::span<const TypeField> cases) {
  CanonicalLayout layout;
  layout.discriminant_bytes = cases.size() <= 0x100 ? 1 : cases.size() <= 0x10000 ? 2 : 4;
  uint32_t size32 = 0;
  uint32_t size64 = 0;
  uint32_t align32 = 1;
  uint32_t align64 = 1;
  uint64_t flat_count = 0;
  for (const TypeField& field : cases) {
    if (!field.type) continue;
    const CanonicalLayout& part = table.node(*field.type).layout;
    size32 = std::max(size32, part.size32);
    size64 = std::max(size64, part.size64);
    align32 = std::max(align32, part.align32);
    align64 = std::max(align64, part.align64);
    flat_count = std::max<uint64_t>(flat_count, part.flat_count.value_or(max_flat_count + 1));
  }
  layout.payload_offset32 = saturate(align_to(layout.discriminant_bytes, align32));
  layout.payload_offset64 = saturate(align_to(layout.discriminant_bytes, align64));
  layout.align32 = std::max<uint32_t>(layout.discriminant_bytes, align32);
  layout.align64 = std::max<uint32_t>(layout.discriminant_bytes, align64);
  layout.size32 = saturate(align_to(uint64_t{layout.payload_offset32} + size32, layout.align32));
  layout.size64 = saturate(align_to(uint64_t{layout.payload_offset64} + size64, layout.align64));
  layout.flat_count = flat(flat_count + 1);
  return layout;
}

static CanonicalLayout layout_fixed_length_list(const CanonicalLayout& element, uint32_t length) {
  return {.size32 = saturate(uint64_t{element.size32} * length),
          .align32 = element.align32,
          .size64 = saturate(uint64_t{element.size64} * length),
          .align64 = element.align64,
          .flat_count = element.flat_count || length == 0 ? flat(uint64_t{element.flat_count.value_or(0)} * length) : std::nullopt};
}

TypeIndex TypeTable::add(TypeNode added) {
  if (added.kind <= TypeKind::String) return primitive_type(added.kind);
  added.depth = 0;
  for (const TypeField& field : added.fields) {
    if (field.type) added.depth = std::max(added.depth, node(*field.type).depth + 1);
  }
  added.entry.reset();
  switch (added.kind) {
    case TypeKind::List: added.layout = pointer_pair(); break;
    case TypeKind::Map: {
      const std::array members = {*added.fields[0].type, *added.fields[1].type};
      added.entry = add_tuple(members);
      for (size_t i = 0; i < 2; i++) {
        added.fields[i].offset32 = node(*added.entry).fields[i].offset32;
        added.fields[i].offset64 = node(*added.entry).fields[i].offset64;
      }
      added.depth++;
      added.layout = pointer_pair();
      break;
    }
    case TypeKind::FixedLengthList: added.layout = layout_fixed_length_list(node(*added.fields[0].type).layout, added.length); break;
    case TypeKind::Record:
    case TypeKind::Tuple: added.layout = layout_record(*this, added.fields); break;
    case TypeKind::Variant:
    case TypeKind::Enum:
    case TypeKind::Result: added.layout = layout_variant(*this, added.fields); break;
    case TypeKind::Option: {
      const std::array<TypeField, 2> cases = {TypeField{}, TypeField{.name = {}, .type = added.fields[0].type}};
      added.layout = layout_variant(*this, cases);
      break;
    }
    case TypeKind::Flags: added.layout = flags_layout(added.fields.size()); break;
    default: added.layout = scalar(4); break;
  }
  nodes_.push_back(std::move(added));
  return static_cast<TypeIndex>(nodes_.size() - 1);
}

static TypeField part(std::optional<TypeIndex> type, std::string name = {}) { return {.name = std::move(name), .type = type}; }

static std::vector<TypeField> named(std::span<const std::string> names) {
  std::vector<TypeField> fields;
  fields.reserve(names.size());
  for (const std::string& name : names) fields.push_back(part(std::nullopt, name));
  return fields;
}

TypeIndex TypeTable::add_list(TypeIndex element) { return add({.kind = TypeKind::List, .fields = {part(element)}}); }
TypeIndex TypeTable::add_fixed_length_list(TypeIndex element, uint32_t length) {
  return add({.kind = TypeKind::FixedLengthList, .fields = {part(element)}, .length = length});
}
TypeIndex TypeTable::add_map(TypeIndex key, TypeIndex value) { return add({.kind = TypeKind::Map, .fields = {part(key), part(value)}}); }
TypeIndex TypeTable::add_record(std::vector<TypeField> fields) { return add({.kind = TypeKind::Record, .fields = std::move(fields)}); }
TypeIndex TypeTable::add_tuple(std::span<const TypeIndex> members) {
  std::vector<TypeField> fields;
  fields.reserve(members.size());
  for (TypeIndex member : members) fields.push_back(part(member));
  return add({.kind = TypeKind::Tuple, .fields = std::move(fields)});
}
TypeIndex TypeTable::add_variant(std::vector<TypeField> cases) { return add({.kind = TypeKind::Variant, .fields = std::move(cases)}); }
TypeIndex TypeTable::add_enum(std::span<const std::string> names) { return add({.kind = TypeKind::Enum, .fields = named(names)}); }
TypeIndex TypeTable::add_flags(std::span<const std::string> names) { return add({.kind = TypeKind::Flags, .fields = named(names)}); }
TypeIndex TypeTable::add_option(TypeIndex some) { return add({.kind = TypeKind::Option, .fields = {part(some)}}); }
TypeIndex TypeTable::add_result(std::optional<TypeIndex> ok, std::optional<TypeIndex> error) {
  return add({.kind = TypeKind::Result, .fields = {part(ok, "ok"), part(error, "err")}});
}
TypeIndex TypeTable::add_own(uint32_t resource) { return add({.kind = TypeKind::Own, .resource = resource}); }
TypeIndex TypeTable::add_borrow(uint32_t resource) { return add({.kind = TypeKind::Borrow, .resource = resource}); }

namespace {

/// Writes types as WIT until the text is too long; what is shared between types can make it exponential.
class TypePrinter {
 public:
  explicit TypePrinter(const TypeTable& table) : table_(table) {}

  std::string take() && {
    if (full()) text_ += "…";
    return std::move(text_);
  }

  void print(TypeIndex index) {
    const TypeNode& node = table_.node(index);
    if (full()) return;
    if (node.depth > max_type_depth) {
      text_ += "…";
      return;
    }
    text_ += to_string(node.kind);
    switch (node.kind) {
      case TypeKind::Record: print_fields(node, ": ", ""); break;
      case TypeKind::Variant: print_fields(node, "(", ")"); break;
      case TypeKind::Enum:
      case TypeKind::Flags: print_fields(node, "", ""); break;
      case TypeKind::Result: print_result(node); break;
      case TypeKind::Own:
      case TypeKind::Borrow: text_ += "<resource>"; break;
      default: print_parts(node); break;
    }
  }

 private:
  bool full() const { return text_.size() > max_text_bytes; }

  void print_parts(const TypeNode& node) {
    bool first = true;
    for (const TypeField& field : node.fields) {
      if (full()) return;
      if (!field.type) continue;
      text_ += std::exchange(first, false) ? "<" : ", ";
      print(*field.type);
    }
    if (node.kind == TypeKind::FixedLengthList) text_ += ", " + std::to_string(node.length);
    if (!first) text_ += ">";
  }

  void print_fields(const TypeNode& node, std::string_view before, std::string_view after) {
    text_ += " {";
    bool first = true;
    for (const TypeField& field : node.fields) {
      if (full()) return;
      text_ += std::exchange(first, false) ? " " : ", ";
      text_ += field.name;
      if (!field.type) continue;
      text_ += before;
      print(*field.type);
      text_ += after;
    }
    text_ += first ? "}" : " }";
  }

  void print_result(const TypeNode& node) {
    const auto& ok = node.fields[0].type;
    const auto& error = node.fields[1].type;
    if (!ok && !error) return;
    text_ += "<";
    if (ok)
      print(*ok);
    else
      text_ += "_";
    if (error) {
      text_ += ", ";
      print(*error);
    }
    text_ += ">";
  }

  const TypeTable& table_;
  std::string text_;
};

/// Compares two types; pairs that were found equal once are not walked again.
class TypeComparison {
 public:
  TypeComparison(const TypeTable& left, const TypeTable& right) : left_(left), right_(right) {}

  bool equal(TypeIndex left, TypeIndex right) {
    if (&left_ == &right_ && left == right) return true;
    const TypeNode& a = left_.node(left);
    const TypeNode& b = right_.node(right);
    if (a.kind != b.kind || a.fields.size() != b.fields.size() || a.length != b.length || std::max(a.depth, b.depth) > max_type_depth) return false;
    if (a.fields.empty()) return true;
    const uint64_t pair = (uint64_t{static_cast<uint32_t>(left)} << 32) | static_cast<uint32_t>(right);
    if (equal_.contains(pair)) return true;
    for (size_t i = 0; i < a.fields.size(); i++) {
      const TypeField& x = a.fields[i];
      const TypeField& y = b.fields[i];
      // A difference in the name alone is the type's, not that of a part that only one side has.
      if (x.name != y.name) return false;
      if (x.type.has_value() == y.type.has_value() && (!x.type || equal(*x.type, *y.type))) continue;
      path_.insert(path_.begin(), part_name(a, i));
      return false;
    }
    equal_.insert(pair);
    return true;
  }

  std::string path() const {
    std::string joined;
    for (const std::string& name : path_) joined += (joined.empty() ? "" : ".") + name;
    return joined;
  }

 private:
  static std::string part_name(const TypeNode& node, size_t i) {
    switch (node.kind) {
      case TypeKind::Tuple: return std::to_string(i);
      case TypeKind::List:
      case TypeKind::FixedLengthList:
      case TypeKind::Future:
      case TypeKind::Stream: return "element";
      case TypeKind::Map: return i == 0 ? "key" : "value";
      case TypeKind::Option: return "some";
      case TypeKind::Result: return i == 0 ? "ok" : "err";
      default: return node.fields[i].name;
    }
  }

  const TypeTable& left_;
  const TypeTable& right_;
  std::unordered_set<uint64_t> equal_;
  std::vector<std::string> path_;
};

}  // namespace

std::string to_string(Type type) {
  TypePrinter printer(type.table());
  printer.print(type.index());
  return std::move(printer).take();
}

bool equal(Type left, Type right, std::string* path) {
  TypeComparison comparison(left.table(), right.table());
  const bool same = comparison.equal(left.index(), right.index());
  if (path != nullptr) *path = comparison.path();
  return same;
}

}  // namespace tenon
