#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/utf8.h"
#include "tenon/types.h"
#include "tenon/value.h"

namespace tenon::component {

/// Choices for a generator, from a fuzzer's bytes or from a seed; zeros when the bytes are used up, so that every input ends.
class Choices {
 public:
  explicit Choices(std::span<const uint8_t> bytes) : bytes_(bytes) {}

  bool empty() const { return bytes_.empty(); }
  uint8_t byte() {
    if (bytes_.empty()) return 0;
    const uint8_t first = bytes_[0];
    bytes_ = bytes_.subspan(1);
    return first;
  }
  /// Less than `limit`, which is not zero.
  uint32_t below(uint32_t limit) { return (uint32_t{byte()} | uint32_t{limit > 256 ? byte() : uint8_t{0}} << 8) % limit; }
  template <class T>
  T number() {
    uint8_t raw[sizeof(T)];
    for (uint8_t& each : raw) each = byte();
    T value;
    std::memcpy(&value, raw, sizeof(T));
    return value;
  }

 private:
  std::span<const uint8_t> bytes_;
};

/// Adds a random type without handles to `table`.
inline TypeIndex random_type(Choices& choices, TypeTable& table, int depth = 0) {
  const uint32_t kinds = depth >= 4 ? 13 : 24;
  const uint32_t pick = choices.below(kinds);
  const auto several = [&] {
    std::vector<TypeField> fields(1 + choices.below(5));
    for (size_t i = 0; i < fields.size(); ++i) fields[i] = {.name = "f" + std::to_string(i), .type = random_type(choices, table, depth + 1)};
    return fields;
  };
  const auto names = [&](uint32_t limit) {
    std::vector<std::string> made(1 + choices.below(limit));
    for (size_t i = 0; i < made.size(); ++i) made[i] = "n" + std::to_string(i);
    return made;
  };
  const auto maybe = [&]() -> std::optional<TypeIndex> {
    if (choices.byte() % 3 == 0) return std::nullopt;
    return random_type(choices, table, depth + 1);
  };
  switch (pick) {
    case 13:
    case 14: return table.add_list(random_type(choices, table, depth + 1));
    case 15: return table.add_fixed_length_list(random_type(choices, table, depth + 1), 1 + choices.below(6));
    case 16: return table.add_map(primitive_type(choices.byte() % 2 ? TypeKind::String : TypeKind::U32), random_type(choices, table, depth + 1));
    case 17: return table.add_record(several());
    case 18: {
      std::vector<TypeIndex> members;
      for (const TypeField& field : several()) members.push_back(*field.type);
      return table.add_tuple(members);
    }
    case 19: {
      std::vector<TypeField> cases = several();
      for (TypeField& each : cases) {
        if (choices.byte() % 3 == 0) each.type.reset();
      }
      return table.add_variant(std::move(cases));
    }
    case 20: return table.add_enum(names(300));
    case 21: return table.add_option(random_type(choices, table, depth + 1));
    case 22: {
      const auto ok = maybe();
      return table.add_result(ok, maybe());
    }
    case 23: return table.add_flags(names(70));
    default: return primitive_type(static_cast<TypeKind>(pick));
  }
}

/// A random value of `type`.
inline Value random_value(Choices& choices, Type type) {
  const TypeNode& node = type.node();
  const auto several = [&](size_t count, auto&& type_of) {
    std::vector<Value> items(count);
    for (size_t i = 0; i < count; ++i) items[i] = random_value(choices, type_of(i));
    return Value::sequence(std::move(items));
  };
  const auto list = [&](Type element, size_t count) {
    if (!is_packed_element(element.kind())) return several(count, [&](size_t) { return element; });
    PackedList packed{.element = element.kind(), .bytes = std::vector<std::byte>(count * element.node().layout.size32)};
    for (std::byte& each : packed.bytes) each = std::byte{choices.byte()};
    return Value(std::move(packed));
  };
  switch (node.kind) {
    case TypeKind::Bool: return Value(choices.byte() % 2 == 1);
    case TypeKind::S8: return Value(choices.number<int8_t>());
    case TypeKind::U8: return Value(choices.number<uint8_t>());
    case TypeKind::S16: return Value(choices.number<int16_t>());
    case TypeKind::U16: return Value(choices.number<uint16_t>());
    case TypeKind::S32: return Value(choices.number<int32_t>());
    case TypeKind::U32: return Value(choices.number<uint32_t>());
    case TypeKind::S64: return Value(choices.number<int64_t>());
    case TypeKind::U64: return Value(choices.number<uint64_t>());
    case TypeKind::F32: return Value(choices.number<float>());
    case TypeKind::F64: return Value(choices.number<double>());
    case TypeKind::Char: {
      const char32_t code = choices.number<uint32_t>() % 0x110000;
      return Value(base::is_scalar_value(code) ? code : U'?');
    }
    case TypeKind::String: {
      std::string text;
      for (uint32_t i = choices.below(20); i > 0; --i) {
        const char32_t code = choices.byte() % 4 == 0 ? choices.number<uint32_t>() % 0x110000 : choices.byte();
        base::append_utf8(text, base::is_scalar_value(code) ? code : U'?');
      }
      return Value(std::move(text));
    }
    case TypeKind::List: return list(type.element(), choices.below(12));
    case TypeKind::FixedLengthList: return list(type.element(), node.length);
    case TypeKind::Map: return several(choices.below(5), [&](size_t) { return Type(type.table(), *node.entry); });
    case TypeKind::Record:
    case TypeKind::Tuple: return several(node.fields.size(), [&](size_t i) { return *type.field_type(i); });
    case TypeKind::Option: return choices.byte() % 2 ? Value::some(random_value(choices, type.element())) : Value::none();
    case TypeKind::Variant:
    case TypeKind::Enum:
    case TypeKind::Result: {
      const uint32_t index = choices.below(static_cast<uint32_t>(node.fields.size()));
      const auto payload = type.field_type(index);
      return payload ? Value::variant_case(index, random_value(choices, *payload)) : Value::variant_case(index);
    }
    case TypeKind::Flags: {
      std::vector<uint32_t> words((node.fields.size() + 31) / 32);
      for (uint32_t& word : words) word = choices.number<uint32_t>();
      if (node.fields.size() % 32 != 0) words.back() &= (uint32_t{1} << (node.fields.size() % 32)) - 1;
      return Value::flags(std::move(words));
    }
    default: return Value();
  }
}

}  // namespace tenon::component
