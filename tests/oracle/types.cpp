#include "types.h"

#include <array>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace tenon::oracle {

namespace {

constexpr uint32_t bytes_max = 2048;
constexpr std::array primitives = {TypeKind::Bool, TypeKind::S8,  TypeKind::U8,  TypeKind::S16, TypeKind::U16,  TypeKind::S32,   TypeKind::U32,
                                   TypeKind::S64,  TypeKind::U64, TypeKind::F32, TypeKind::F64, TypeKind::Char, TypeKind::String};
/// What a map may have as its key.
constexpr std::array keys = {TypeKind::Bool, TypeKind::S8,  TypeKind::U8,  TypeKind::S16,  TypeKind::U16,   TypeKind::S32,
                             TypeKind::U32,  TypeKind::S64, TypeKind::U64, TypeKind::Char, TypeKind::String};

std::vector<std::string> names(std::string_view prefix, size_t count) {
  std::vector<std::string> result;
  for (size_t i = 0; i < count; i++) result.push_back(std::string(prefix) + std::to_string(i));
  return result;
}

Flat join(Flat a, Flat b) {
  if (a == b) return a;
  if ((a == Flat::I32 && b == Flat::F32) || (a == Flat::F32 && b == Flat::I32)) return Flat::I32;
  return Flat::I64;
}

void flatten_into(Type type, std::vector<Flat>& out) {
  switch (type.kind()) {
    case TypeKind::S64:
    case TypeKind::U64: out.push_back(Flat::I64); return;
    case TypeKind::F32: out.push_back(Flat::F32); return;
    case TypeKind::F64: out.push_back(Flat::F64); return;
    case TypeKind::String:
    case TypeKind::List:
    case TypeKind::Map: out.insert(out.end(), {Flat::I32, Flat::I32}); return;
    case TypeKind::FixedLengthList:
      for (uint32_t i = 0; i < type.node().length; i++) flatten_into(type.element(), out);
      return;
    case TypeKind::Record:
    case TypeKind::Tuple:
      for (size_t i = 0; i < type.node().fields.size(); i++) flatten_into(*type.field_type(i), out);
      return;
    case TypeKind::Variant:
    case TypeKind::Option:
    case TypeKind::Result: {
      out.push_back(Flat::I32);
      std::vector<Flat> joined;
      for (size_t i = 0; i < type.node().fields.size(); i++) {
        const auto payload = type.field_type(i);
        if (!payload) continue;
        const std::vector<Flat> flat = flatten(*payload);
        for (size_t k = 0; k < flat.size(); k++) {
          if (k < joined.size())
            joined[k] = join(joined[k], flat[k]);
          else
            joined.push_back(flat[k]);
        }
      }
      out.insert(out.end(), joined.begin(), joined.end());
      return;
    }
    default: out.push_back(Flat::I32);
  }
}

}  // namespace

std::string_view to_string(Flat flat) {
  constexpr std::array<std::string_view, 4> texts = {"i32", "i64", "f32", "f64"};
  return texts[static_cast<size_t>(flat)];
}

std::vector<Flat> flatten(Type type) {
  std::vector<Flat> result;
  flatten_into(type, result);
  return result;
}

TypeIndex TypeMaker::own() {
  TypeNode node;
  node.kind = TypeKind::Own;
  return table_->add(std::move(node));
}

TypeIndex TypeMaker::borrow() {
  TypeNode node;
  node.kind = TypeKind::Borrow;
  return table_->add(std::move(node));
}

TypeIndex TypeMaker::make(int depth) {
  if (!made_.empty() && random_->once_in(8)) return random_->pick(std::span<const TypeIndex>(made_));
  if (depth <= 0 || random_->once_in(4)) {
    if (resources_ == Resources::Owned && random_->once_in(5)) return own();
    return primitive_type(random_->pick(std::span<const TypeKind>(primitives)));
  }
  const TypeIndex type = compound(depth);
  if (table_->node(type).layout.size32 > bytes_max) return primitive_type(TypeKind::U32);
  // A type that was made at the full depth may not come back deeper down, or types would grow without end.
  if (depth <= 1) made_.push_back(type);
  return type;
}

std::optional<TypeIndex> TypeMaker::maybe(int depth) { return random_->once_in(3) ? std::nullopt : std::optional(make(depth)); }

std::vector<TypeField> TypeMaker::fields(int depth, std::string_view prefix, size_t count) {
  std::vector<TypeField> result;
  for (std::string& name : names(prefix, count)) result.push_back({.name = std::move(name), .type = make(depth)});
  return result;
}

TypeIndex TypeMaker::compound(int depth) {
  switch (random_->below(12)) {
    case 0:
    case 1: return table_->add_list(make(depth - 1));
    case 2: return table_->add_fixed_length_list(make(depth - 1), static_cast<uint32_t>(random_->between(1, 5)));
    case 3: return table_->add_map(primitive_type(random_->pick(std::span<const TypeKind>(keys))), make(depth - 1));
    case 4:
    case 5: return table_->add_record(fields(depth - 1, "field-", random_->between(1, random_->once_in(6) ? 20 : 5)));
    case 6: {
      std::vector<TypeIndex> members;
      for (int64_t i = random_->between(1, 4); i > 0; i--) members.push_back(make(depth - 1));
      return table_->add_tuple(members);
    }
    case 7: {
      // Discriminants of one byte mostly, sometimes of two.
      const size_t count = random_->once_in(12) ? 300 : random_->between(1, 6);
      std::vector<TypeField> cases;
      for (std::string& name : names("case-", count)) {
        cases.push_back({.name = std::move(name), .type = cases.size() < 6 ? maybe(depth - 1) : std::nullopt});
      }
      return table_->add_variant(std::move(cases));
    }
    case 8: return table_->add_enum(names("name-", random_->once_in(10) ? 257 : random_->between(1, 9)));
    case 9: return table_->add_flags(names("flag-", random_->between(1, 32)));
    case 10: return table_->add_option(make(depth - 1));
    default: {
      const auto ok = maybe(depth - 1);
      return table_->add_result(ok, maybe(depth - 1));
    }
  }
}

std::string TypeText::body(Type type) {
  const auto& parts = type.node().fields;
  std::string text;
  switch (type.kind()) {
    case TypeKind::Record:
      text = "(record";
      for (size_t i = 0; i < parts.size(); i++) text += " (field \"" + parts[i].name + "\" " + use(*type.field_type(i)) + ")";
      return text + ")";
    case TypeKind::Variant:
      text = "(variant";
      for (size_t i = 0; i < parts.size(); i++) {
        const auto payload = type.field_type(i);
        text += " (case \"" + parts[i].name + "\"" + (payload ? " " + use(*payload) : "") + ")";
      }
      return text + ")";
    default:
      text = type.kind() == TypeKind::Enum ? "(enum" : "(flags";
      for (const TypeField& part : parts) text += " \"" + part.name + "\"";
      return text + ")";
  }
}

std::string TypeText::use(Type type) {
  const auto& parts = type.node().fields;
  switch (type.kind()) {
    case TypeKind::List: return "(list " + use(type.element()) + ")";
    case TypeKind::FixedLengthList: return "(list " + use(type.element()) + " " + std::to_string(type.node().length) + ")";
    case TypeKind::Map: {
      const std::string key = use(*type.field_type(0));
      return "(map " + key + " " + use(*type.field_type(1)) + ")";
    }
    case TypeKind::Option: return "(option " + use(type.element()) + ")";
    case TypeKind::Tuple: {
      std::string text = "(tuple";
      for (size_t i = 0; i < parts.size(); i++) text += " " + use(*type.field_type(i));
      return text + ")";
    }
    case TypeKind::Result: {
      std::string text = "(result";
      if (const auto ok = type.field_type(0)) text += " " + use(*ok);
      if (const auto error = type.field_type(1)) text += " (error " + use(*error) + ")";
      return text + ")";
    }
    case TypeKind::Own: uses_resource_ = true; return "(own $thing)";
    case TypeKind::Borrow: uses_resource_ = true; return "(borrow $thing)";
    case TypeKind::Record:
    case TypeKind::Variant:
    case TypeKind::Enum:
    case TypeKind::Flags: {
      if (const auto found = names_.find(type.index()); found != names_.end()) return found->second;
      const std::string shape = body(type);  // declares what it needs first
      const std::string name = "t" + std::to_string(names_.size());
      names_.emplace(type.index(), "$" + name);
      declarations_ += "  (type $" + name + "' " + shape + ")\n  (import \"" + name + "\" (type $" + name + " (eq $" + name + "')))\n";
      return "$" + name;
    }
    default: return std::string(to_string(type.kind()));
  }
}

}  // namespace tenon::oracle
