#include "tenon/value.h"

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/utf8.h"
#include "tenon/result.h"
#include "tenon/types.h"

namespace tenon {

size_t packed_element_bytes(TypeKind kind) {
  switch (kind) {
    case TypeKind::S8:
    case TypeKind::U8: return 1;
    case TypeKind::S16:
    case TypeKind::U16: return 2;
    case TypeKind::S32:
    case TypeKind::U32:
    case TypeKind::F32: return 4;
    case TypeKind::S64:
    case TypeKind::U64:
    case TypeKind::F64: return 8;
    default: return 0;
  }
}

size_t PackedList::size() const {
  const size_t each = packed_element_bytes(element);
  return each == 0 ? 0 : bytes.size() / each;
}

Value::Case::Case(const Case& other) : index(other.index), payload(other.payload ? std::make_unique<Value>(*other.payload) : nullptr) {}

Value::Case& Value::Case::operator=(const Case& other) {
  if (this != &other) *this = Case(other);
  return *this;
}

bool Value::Case::operator==(const Case& other) const {
  if (index != other.index || (payload == nullptr) != (other.payload == nullptr)) return false;
  return payload == nullptr || *payload == *other.payload;
}

Value Value::bytes(std::span<const std::byte> bytes) { return Value(PackedList{TypeKind::U8, std::vector(bytes.begin(), bytes.end())}); }

template <class T>
static Value load_packed(const PackedList& list, size_t index) {
  static_assert(std::endian::native == std::endian::little);
  T number{};
  std::memcpy(&number, list.bytes.data() + index * sizeof(T), sizeof(T));
  return Value(std::move(number));
}

Value packed_element(const PackedList& list, size_t index) {
  switch (list.element) {
    case TypeKind::S8: return load_packed<int8_t>(list, index);
    case TypeKind::U8: return load_packed<uint8_t>(list, index);
    case TypeKind::S16: return load_packed<int16_t>(list, index);
    case TypeKind::U16: return load_packed<uint16_t>(list, index);
    case TypeKind::S32: return load_packed<int32_t>(list, index);
    case TypeKind::U32: return load_packed<uint32_t>(list, index);
    case TypeKind::S64: return load_packed<int64_t>(list, index);
    case TypeKind::U64: return load_packed<uint64_t>(list, index);
    case TypeKind::F32: return load_packed<float>(list, index);
    case TypeKind::F64: return load_packed<double>(list, index);
    default: return {};
  }
}

static bool equal_numbers(const PackedList& packed, const Value::Sequence& sequence) {
  if (packed.size() != sequence.items.size()) return false;
  for (size_t i = 0; i < sequence.items.size(); i++) {
    if (packed_element(packed, i) != sequence.items[i]) return false;
  }
  return true;
}

bool Value::operator==(const Value& other) const {
  if (storage_.index() != other.storage_.index()) {
    if (const auto* packed = get_if<PackedList>()) {
      const auto* sequence = other.get_if<Sequence>();
      return sequence != nullptr && equal_numbers(*packed, *sequence);
    }
    return other.get_if<PackedList>() != nullptr && get_if<Sequence>() != nullptr && other == *this;
  }
  if (const auto* number = get_if<float>()) return std::bit_cast<uint32_t>(*number) == std::bit_cast<uint32_t>(*other.get_if<float>());
  if (const auto* number = get_if<double>()) return std::bit_cast<uint64_t>(*number) == std::bit_cast<uint64_t>(*other.get_if<double>());
  return storage_ == other.storage_;
}

namespace {

/// What an alternative of `Value::Storage` is called in messages, in the order of the alternatives.
constexpr std::array<std::string_view, 18> alternative_names = {"bool", "s8",  "u8",   "s16",    "u16",         "s32",      "u32",  "s64",   "u64",
                                                                "f32",  "f64", "char", "string", "packed list", "sequence", "case", "flags", "resource"};
static_assert(std::variant_size_v<Value::Storage> == alternative_names.size());

/// The position of the primitives' alternatives is their kind's: `bool` is 0 … `string` is 12.
static_assert(std::is_same_v<std::variant_alternative_t<static_cast<size_t>(TypeKind::Bool), Value::Storage>, bool>);
static_assert(static_cast<size_t>(TypeKind::S8) == 1 && static_cast<size_t>(TypeKind::String) == 12);
constexpr std::array<TypeKind, 13> alternative_kinds = {TypeKind::Bool, TypeKind::S8,   TypeKind::U8,    TypeKind::S16, TypeKind::U16,
                                                        TypeKind::S32,  TypeKind::U32,  TypeKind::S64,   TypeKind::U64, TypeKind::F32,
                                                        TypeKind::F64,  TypeKind::Char, TypeKind::String};

/// Walks a value along its type. The path is put together on the way out, when something is wrong.
class Checker {
 public:
  static Result<> walk(const Value& value, Type type) {
    switch (type.kind()) {
      case TypeKind::List:
      case TypeKind::FixedLengthList:
      case TypeKind::Map: return list(value, type);
      case TypeKind::Record:
      case TypeKind::Tuple: return record(value, type);
      case TypeKind::Variant:
      case TypeKind::Enum:
      case TypeKind::Option:
      case TypeKind::Result: return variant(value, type);
      case TypeKind::Flags: return flags(value, type);
      case TypeKind::Own:
      case TypeKind::Borrow: return handle(value, type);
      case TypeKind::Future:
      case TypeKind::Stream:
      case TypeKind::ErrorContext: return fail(ErrorKind::Unsupported, std::string(to_string(type.kind())) + " values are not supported");
      default: return primitive(value, type.kind());
    }
  }

 private:
  static std::unexpected<Error> mismatch(std::string expected, const Value& value) {
    return fail(ErrorKind::InvalidInput, "expected " + std::move(expected) + ", got " + std::string(alternative_names[value.storage().index()]));
  }
  static std::unexpected<Error> wrong(std::string message) { return fail(ErrorKind::InvalidInput, std::move(message)); }

  /// The error of a part, with the part's name in front: "call: expected …" becomes "params.call: expected …".
  static std::unexpected<Error> inside(std::string name, Error error) {
    const bool has_path = error.message().starts_with('\1');
    std::string rest = has_path ? error.message().substr(1) : ": " + error.message();
    if (has_path && !rest.starts_with('[')) name += '.';
    return fail(error.kind(), "\1" + std::move(name) + std::move(rest));
  }

  static Result<> primitive(const Value& value, TypeKind kind) {
    if (value.storage().index() >= alternative_kinds.size() || alternative_kinds[value.storage().index()] != kind)
      return mismatch(std::string(to_string(kind)), value);
    if (const auto* code = value.get_if<char32_t>(); code != nullptr && !base::is_scalar_value(*code)) {
      return wrong("expected a Unicode scalar value, got " + std::to_string(static_cast<uint32_t>(*code)));
    }
    if (const auto* text = value.get_if<std::string>(); text != nullptr && !base::is_utf8(*text)) return wrong("expected a string in UTF-8, got other bytes");
    return {};
  }

  static Result<> list(const Value& value, Type type) {
    const auto* packed = value.get_if<PackedList>();
    const auto* sequence = value.get_if<Value::Sequence>();
    if (packed == nullptr && sequence == nullptr) return mismatch(to_string(type), value);
    const Type element = type.element();
    if (packed != nullptr) {
      if (packed->element != element.kind() || !is_packed_element(element.kind())) {
        return wrong("expected " + to_string(type) + ", got packed list of " + std::string(to_string(packed->element)));
      }
      if (packed->bytes.size() % packed_element_bytes(packed->element) != 0)
        return wrong("packed list of " + std::to_string(packed->bytes.size()) + " bytes ends within an element");
    }
    const size_t size = packed != nullptr ? packed->size() : sequence->items.size();
    if (type.kind() == TypeKind::FixedLengthList && size != type.node().length) {
      return wrong("expected " + std::to_string(type.node().length) + " elements, got " + std::to_string(size));
    }
    if (packed != nullptr) return {};
    for (size_t i = 0; i < size; i++) {
      if (auto part = walk(sequence->items[i], element); !part) return inside("[" + std::to_string(i) + "]", std::move(part).error());
    }
    return {};
  }

  static Result<> record(const Value& value, Type type) {
    const auto* sequence = value.get_if<Value::Sequence>();
    if (sequence == nullptr) return mismatch(to_string(type), value);
    const auto& fields = type.node().fields;
    if (sequence->items.size() != fields.size()) {
      return wrong("expected " + std::to_string(fields.size()) + " fields of " + to_string(type) + ", got " + std::to_string(sequence->items.size()));
    }
    for (size_t i = 0; i < fields.size(); i++) {
      auto part = walk(sequence->items[i], *type.field_type(i));
      if (!part) return inside(type.kind() == TypeKind::Tuple ? std::to_string(i) : fields[i].name, std::move(part).error());
    }
    return {};
  }

  static Result<> variant(const Value& value, Type type) {
    const auto* held = value.get_if<Value::Case>();
    if (held == nullptr) return mismatch(to_string(type), value);
    const auto& fields = type.node().fields;
    const bool option = type.kind() == TypeKind::Option;
    const size_t count = option ? 2 : fields.size();
    if (held->index >= count)
      return wrong("expected one of " + std::to_string(count) + " cases of " + to_string(type) + ", got case " + std::to_string(held->index));
    std::optional<Type> payload;
    if (!option)
      payload = type.field_type(held->index);
    else if (held->index == 1)
      payload = type.element();
    std::string name = option ? (held->index == 1 ? "some" : "none") : fields[held->index].name;
    if (payload.has_value() != (held->payload != nullptr)) {
      return wrong("case " + name + (payload ? " needs a payload of type " + to_string(*payload) : " takes no payload"));
    }
    if (!payload) return {};
    if (auto part = walk(*held->payload, *payload); !part) return inside(std::move(name), std::move(part).error());
    return {};
  }

  static Result<> flags(const Value& value, Type type) {
    const auto* held = value.get_if<Value::Flags>();
    if (held == nullptr) return mismatch(to_string(type), value);
    const size_t count = type.node().fields.size();
    if (held->words.size() != (count + 31) / 32) {
      return wrong("expected " + std::to_string((count + 31) / 32) + " words of flags, got " + std::to_string(held->words.size()));
    }
    if (count % 32 != 0 && (held->words.back() >> (count % 32)) != 0) return wrong("flags past the last of " + std::to_string(count) + " are set");
    return {};
  }

  static Result<> handle(const Value& value, Type type) {
    const auto* held = value.get_if<ResourceAny>();
    if (held == nullptr || held->state == nullptr) return mismatch(to_string(type), value);
    if (type.kind() == TypeKind::Own && !held->owned) return wrong("expected an owned handle, got a borrowed one");
    return {};
  }
};

}  // namespace

Result<> check(const Value& value, Type type) {
  if (type.node().depth > max_type_depth) return fail(ErrorKind::LimitExceeded, "the type is nested deeper than " + std::to_string(max_type_depth));
  auto checked = Checker::walk(value, type);
  if (checked || !checked.error().message().starts_with('\1')) return checked;
  return fail(checked.error().kind(), checked.error().message().substr(1));
}

}  // namespace tenon
