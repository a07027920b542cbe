#include "values.h"

#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace tenon::oracle {

namespace {

constexpr uint32_t nan32 = 0x7fc00000;
constexpr uint64_t nan64 = 0x7ff8000000000000;

// --- random values --------------------------------------------------------------------------------------------------------------

/// Numbers at the edges of their type as often as any others.
uint64_t random_bits(Random& random, int bits) {
  const uint64_t mask = bits == 64 ? ~uint64_t{0} : (uint64_t{1} << bits) - 1;
  switch (random.below(6)) {
    case 0: return random.below(4) & mask;
    case 1: return mask;
    case 2: return mask >> 1;
    case 3: return (mask >> 1) + 1;
    default: return random.next() & mask;
  }
}

uint64_t random_f64(Random& random) {
  constexpr std::array<double, 6> edges = {0.0, -0.0, 1.5, std::numeric_limits<double>::infinity(), std::numeric_limits<double>::denorm_min(), -1e300};
  if (random.once_in(2)) return std::bit_cast<uint64_t>(edges[random.below(edges.size())]);
  const uint64_t bits = random.next();
  return std::isnan(std::bit_cast<double>(bits)) ? nan64 : bits;
}

uint32_t random_f32(Random& random) {
  constexpr std::array<float, 6> edges = {0.0F, -0.0F, 1.5F, std::numeric_limits<float>::infinity(), std::numeric_limits<float>::denorm_min(), -1e30F};
  if (random.once_in(2)) return std::bit_cast<uint32_t>(edges[random.below(edges.size())]);
  const auto bits = static_cast<uint32_t>(random.next());
  return std::isnan(std::bit_cast<float>(bits)) ? nan32 : bits;
}

/// ASCII, Latin-1, the rest of the first plane and what is beyond it, each with its edges.
uint32_t random_char(Random& random, uint64_t alphabet) {
  switch (alphabet) {
    case 0: return static_cast<uint32_t>(random.between(0x20, 0x7e));
    case 1: return static_cast<uint32_t>(random.between(0x01, 0xff));
    case 2: return static_cast<uint32_t>(random.once_in(2) ? random.between(0x100, 0xd7ff) : random.between(0xe000, 0xffff));
    default: return static_cast<uint32_t>(random.once_in(4) ? 0x10ffff : random.between(0x10000, 0x10ffff));
  }
}

void append_utf8(std::string& text, uint32_t code) {
  const auto put = [&text](uint32_t byte) { text.push_back(static_cast<char>(byte)); };
  if (code < 0x80) return put(code);
  if (code < 0x800)
    put(0xc0 | code >> 6);
  else if (code < 0x10000)
    put(0xe0 | code >> 12), put(0x80 | (code >> 6 & 0x3f));
  else
    put(0xf0 | code >> 18), put(0x80 | (code >> 12 & 0x3f)), put(0x80 | (code >> 6 & 0x3f));
  put(0x80 | (code & 0x3f));
}

std::string random_string(Random& random) {
  const uint64_t widest = random.below(4);
  const uint64_t length = random.once_in(10) ? random.below(300) : random.below(12);
  std::string text;
  for (uint64_t i = 0; i < length; i++) append_utf8(text, random_char(random, random.once_in(3) ? widest : random.below(widest + 1)));
  return text;
}

uint64_t random_length(Random& random, Type element) {
  if (element.node().layout.size32 <= 8 && random.once_in(20)) return random.below(400);
  return random.below(5);
}

Json random_case(Random& random, Type type, uint32_t& next_handle) {
  const size_t index = random.below(type.kind() == TypeKind::Option ? 2 : type.node().fields.size());
  std::optional<Type> payload;
  if (type.kind() != TypeKind::Option)
    payload = type.field_type(index);
  else if (index == 1)
    payload = type.element();
  if (!payload) return Json::array({index});
  return Json::array({index, random_value(random, *payload, next_handle)});
}

// --- neutral form to values -----------------------------------------------------------------------------------------------------

Result<Value> case_from(const Json& json, Type type, Handles& handles) {
  const auto index = json.at(0).get<uint32_t>();
  if (json.size() == 1) return Value::variant_case(index);
  const Type payload = type.kind() == TypeKind::Option ? type.element() : *type.field_type(index);
  TENON_TRY(Value value, from_neutral(json.at(1), payload, handles));
  return Value::variant_case(index, std::move(value));
}

Result<std::vector<Value>> members_from(const Json& json, Type type, Handles& handles) {
  std::vector<Value> items;
  const bool is_list = type.kind() == TypeKind::List || type.kind() == TypeKind::FixedLengthList;
  for (size_t i = 0; i < json.size(); i++) {
    if (type.kind() == TypeKind::Map) {
      std::vector<Value> entry;
      for (size_t k = 0; k < 2; k++) {
        TENON_TRY(Value half, from_neutral(json[i][k], *type.field_type(k), handles));
        entry.push_back(std::move(half));
      }
      items.push_back(Value::sequence(std::move(entry)));
      continue;
    }
    TENON_TRY(Value item, from_neutral(json[i], is_list ? type.element() : *type.field_type(i), handles));
    items.push_back(std::move(item));
  }
  return items;
}

template <class T>
void pack(std::vector<std::byte>& bytes, T number) {
  const size_t at = bytes.size();
  bytes.resize(at + sizeof(T));
  std::memcpy(bytes.data() + at, &number, sizeof(T));
}

/// A list of numbers in the packed form.
std::optional<Value> packed_from(const Json& json, TypeKind element) {
  std::vector<std::byte> bytes;
  for (const Json& item : json) {
    switch (element) {
      case TypeKind::S8: pack(bytes, item.get<int8_t>()); break;
      case TypeKind::U8: pack(bytes, item.get<uint8_t>()); break;
      case TypeKind::S16: pack(bytes, item.get<int16_t>()); break;
      case TypeKind::U16: pack(bytes, item.get<uint16_t>()); break;
      case TypeKind::S32: pack(bytes, item.get<int32_t>()); break;
      case TypeKind::U32:
      case TypeKind::F32: pack(bytes, item.get<uint32_t>()); break;
      case TypeKind::S64: pack(bytes, item.get<int64_t>()); break;
      case TypeKind::U64:
      case TypeKind::F64: pack(bytes, item.get<uint64_t>()); break;
      default: return std::nullopt;
    }
  }
  return Value(PackedList{element, std::move(bytes)});
}

bool is_number(TypeKind kind) { return kind >= TypeKind::S8 && kind <= TypeKind::F64; }

// --- values to the neutral form -------------------------------------------------------------------------------------------------

template <class T>
Json number_to(T number) {
  if constexpr (std::is_same_v<T, float>)
    return std::isnan(number) ? nan32 : std::bit_cast<uint32_t>(number);
  else if constexpr (std::is_same_v<T, double>)
    return std::isnan(number) ? nan64 : std::bit_cast<uint64_t>(number);
  else
    return number;
}

template <class T>
Json unpack(const PackedList& list) {
  Json result = Json::array();
  for (size_t at = 0; at + sizeof(T) <= list.bytes.size(); at += sizeof(T)) {
    T number;
    std::memcpy(&number, list.bytes.data() + at, sizeof(T));
    result.push_back(number_to(number));
  }
  return result;
}

Json packed_to(const PackedList& list) {
  switch (list.element) {
    case TypeKind::S8: return unpack<int8_t>(list);
    case TypeKind::U8: return unpack<uint8_t>(list);
    case TypeKind::S16: return unpack<int16_t>(list);
    case TypeKind::U16: return unpack<uint16_t>(list);
    case TypeKind::S32: return unpack<int32_t>(list);
    case TypeKind::U32: return unpack<uint32_t>(list);
    case TypeKind::S64: return unpack<int64_t>(list);
    case TypeKind::U64: return unpack<uint64_t>(list);
    case TypeKind::F32: return unpack<float>(list);
    default: return unpack<double>(list);
  }
}

std::unexpected<Error> wrong_shape(Type type) { return fail(ErrorKind::InvalidInput, "the value is no " + to_string(type)); }

Result<Json> sequence_to(const Value& value, Type type, Handles& handles) {
  if (const auto* packed = value.get_if<PackedList>()) return packed_to(*packed);
  const auto* sequence = value.get_if<Value::Sequence>();
  if (sequence == nullptr) return wrong_shape(type);
  Json result = Json::array();
  const bool is_list = type.kind() == TypeKind::List || type.kind() == TypeKind::FixedLengthList;
  for (size_t i = 0; i < sequence->items.size(); i++) {
    if (type.kind() == TypeKind::Map) {
      const auto* entry = sequence->items[i].get_if<Value::Sequence>();
      if (entry == nullptr || entry->items.size() != 2) return wrong_shape(type);
      TENON_TRY(Json key, to_neutral(entry->items[0], *type.field_type(0), handles));
      TENON_TRY(Json mapped, to_neutral(entry->items[1], *type.field_type(1), handles));
      result.push_back(Json::array({std::move(key), std::move(mapped)}));
      continue;
    }
    if (!is_list && i >= type.node().fields.size()) return wrong_shape(type);
    TENON_TRY(Json item, to_neutral(sequence->items[i], is_list ? type.element() : *type.field_type(i), handles));
    result.push_back(std::move(item));
  }
  return result;
}

Result<Json> case_to(const Value& value, Type type, Handles& handles) {
  const auto* held = value.get_if<Value::Case>();
  if (held == nullptr) return wrong_shape(type);
  if (type.kind() == TypeKind::Enum) return Json(held->index);
  if (!held->payload) return Json::array({held->index});
  const bool is_option = type.kind() == TypeKind::Option;
  if (!is_option && (held->index >= type.node().fields.size() || !type.field_type(held->index))) return wrong_shape(type);
  TENON_TRY(Json payload, to_neutral(*held->payload, is_option ? type.element() : *type.field_type(held->index), handles));
  return Json::array({held->index, std::move(payload)});
}

}  // namespace

Json random_value(Random& random, Type type, uint32_t& next_handle) {
  switch (type.kind()) {
    case TypeKind::Bool: return random.once_in(2);
    case TypeKind::S8: return static_cast<int8_t>(random_bits(random, 8));
    case TypeKind::U8: return static_cast<uint8_t>(random_bits(random, 8));
    case TypeKind::S16: return static_cast<int16_t>(random_bits(random, 16));
    case TypeKind::U16: return static_cast<uint16_t>(random_bits(random, 16));
    case TypeKind::S32: return static_cast<int32_t>(random_bits(random, 32));
    case TypeKind::U32: return static_cast<uint32_t>(random_bits(random, 32));
    case TypeKind::S64: return static_cast<int64_t>(random_bits(random, 64));
    case TypeKind::U64: return random_bits(random, 64);
    case TypeKind::F32: return random_f32(random);
    case TypeKind::F64: return random_f64(random);
    case TypeKind::Char: return random_char(random, random.below(4));
    case TypeKind::String: return random_string(random);
    case TypeKind::List:
    case TypeKind::FixedLengthList: {
      Json items = Json::array();
      const uint64_t length = type.kind() == TypeKind::List ? random_length(random, type.element()) : type.node().length;
      for (uint64_t i = 0; i < length; i++) items.push_back(random_value(random, type.element(), next_handle));
      return items;
    }
    case TypeKind::Map: {
      Json entries = Json::array();
      for (uint64_t i = random.below(4); i > 0; i--) {
        Json key = random_value(random, *type.field_type(0), next_handle);
        entries.push_back(Json::array({std::move(key), random_value(random, *type.field_type(1), next_handle)}));
      }
      return entries;
    }
    case TypeKind::Record:
    case TypeKind::Tuple: {
      Json members = Json::array();
      for (size_t i = 0; i < type.node().fields.size(); i++) members.push_back(random_value(random, *type.field_type(i), next_handle));
      return members;
    }
    case TypeKind::Enum: return random.below(type.node().fields.size());
    case TypeKind::Flags: {
      const size_t count = type.node().fields.size();
      Json words = Json::array();
      for (size_t at = 0; at < count; at += 32) words.push_back(random_bits(random, static_cast<int>(std::min<size_t>(32, count - at))));
      return words;
    }
    case TypeKind::Own: return Json{{"own", next_handle++}};
    case TypeKind::Borrow: return Json{{"borrow", next_handle++}};
    default: return random_case(random, type, next_handle);
  }
}

Result<Value> from_neutral(const Json& json, Type type, Handles& handles) {
  switch (type.kind()) {
    case TypeKind::Bool: return Value(json.get<bool>());
    case TypeKind::S8: return Value(json.get<int8_t>());
    case TypeKind::U8: return Value(json.get<uint8_t>());
    case TypeKind::S16: return Value(json.get<int16_t>());
    case TypeKind::U16: return Value(json.get<uint16_t>());
    case TypeKind::S32: return Value(json.get<int32_t>());
    case TypeKind::U32: return Value(json.get<uint32_t>());
    case TypeKind::S64: return Value(json.get<int64_t>());
    case TypeKind::U64: return Value(json.get<uint64_t>());
    case TypeKind::F32: return Value(std::bit_cast<float>(json.get<uint32_t>()));
    case TypeKind::F64: return Value(std::bit_cast<double>(json.get<uint64_t>()));
    case TypeKind::Char: return Value(static_cast<char32_t>(json.get<uint32_t>()));
    case TypeKind::String: return Value::string(json.get<std::string>());
    case TypeKind::Enum: return Value::enum_case(json.get<uint32_t>());
    case TypeKind::Flags: return Value::flags(json.get<std::vector<uint32_t>>());
    case TypeKind::Variant:
    case TypeKind::Option:
    case TypeKind::Result: return case_from(json, type, handles);
    case TypeKind::Own:
    case TypeKind::Borrow: return handles.handle_from(json);
    default: break;
  }
  if (type.kind() == TypeKind::List && is_number(type.element().kind())) {
    if (auto packed = packed_from(json, type.element().kind())) return *std::move(packed);
  }
  TENON_TRY(std::vector<Value> members, members_from(json, type, handles));
  return Value::sequence(std::move(members));
}

Result<Json> to_neutral(const Value& value, Type type, Handles& handles) {
  switch (type.kind()) {
    case TypeKind::List:
    case TypeKind::FixedLengthList:
    case TypeKind::Map:
    case TypeKind::Record:
    case TypeKind::Tuple: return sequence_to(value, type, handles);
    case TypeKind::Variant:
    case TypeKind::Enum:
    case TypeKind::Option:
    case TypeKind::Result: return case_to(value, type, handles);
    case TypeKind::Flags: {
      const auto* flags = value.get_if<Value::Flags>();
      if (flags == nullptr) return wrong_shape(type);
      Json words = flags->words;
      while (words.size() < (type.node().fields.size() + 31) / 32) words.push_back(0);
      return words;
    }
    case TypeKind::Own:
    case TypeKind::Borrow: {
      const auto* handle = value.get_if<ResourceAny>();
      if (handle == nullptr) return wrong_shape(type);
      return handles.handle_to(*handle);
    }
    default: break;
  }
  return std::visit(
      [&]<class T>(const T& held) -> Result<Json> {
        if constexpr (std::is_same_v<T, char32_t>)
          return Json(static_cast<uint32_t>(held));
        else if constexpr (std::is_same_v<T, std::string>)
          return Json(held);
        else if constexpr (std::is_arithmetic_v<T>)
          return number_to(held);
        else
          return wrong_shape(type);
      },
      value.storage());
}

}  // namespace tenon::oracle
