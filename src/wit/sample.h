#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/utf8.h"
#include "tenon/types.h"
#include "tenon/value.h"
#include "wit/walk.h"

/// For tests and fuzzers: types and values that a row of bytes decides.
namespace tenon::wit {

class Sampler {
 public:
  explicit Sampler(std::span<const uint8_t> bytes) : bytes_(bytes) {}

  /// A type of at most `depth` levels, with everything that has a text form; names include WAVE's keywords.
  TypeIndex type(TypeTable& table, int depth) {
    constexpr uint32_t primitives = static_cast<uint32_t>(TypeKind::String) + 1;
    const uint32_t choice = number(depth <= 0 ? primitives : primitives + 12);
    if (choice < primitives) return primitive_type(static_cast<TypeKind>(choice));
    switch (choice - primitives) {
      case 0:
      case 1: return table.add_list(type(table, depth - 1));
      case 2: {
        const TypeIndex element = type(table, depth - 1);
        return table.add_fixed_length_list(element, 1 + number(4));
      }
      case 3: {
        const TypeIndex key = type(table, 0);
        return table.add_map(key, type(table, depth - 1));
      }
      case 4:
      case 5: return table.add_record(fields(table, depth, true));
      case 6: {
        std::vector<TypeIndex> members;
        for (uint32_t i = 0, count = 1 + number(3); i < count; i++) members.push_back(type(table, depth - 1));
        return table.add_tuple(members);
      }
      case 7: return table.add_variant(fields(table, depth, false));
      case 8: return table.add_enum(names(1 + number(5)));
      case 9: return table.add_option(type(table, depth - 1));
      case 10: {
        const std::optional<TypeIndex> ok = number(3) == 0 ? std::nullopt : std::optional(type(table, depth - 1));
        return table.add_result(ok, number(3) == 0 ? std::nullopt : std::optional(type(table, depth - 1)));
      }
      default: return table.add_flags(names(1 + number(40)));
    }
  }

  Value value(Type type) {
    switch (type.kind()) {
      case TypeKind::Bool: return Value(number(2) == 1);
      case TypeKind::S8: return Value(static_cast<int8_t>(word()));
      case TypeKind::U8: return Value(static_cast<uint8_t>(word()));
      case TypeKind::S16: return Value(static_cast<int16_t>(word()));
      case TypeKind::U16: return Value(static_cast<uint16_t>(word()));
      case TypeKind::S32: return Value(static_cast<int32_t>(word()));
      case TypeKind::U32: return Value(static_cast<uint32_t>(word()));
      case TypeKind::S64: return Value(static_cast<int64_t>(word()));
      case TypeKind::U64: return Value(uint64_t{word()});
      case TypeKind::F32: return Value(floating<float>());
      case TypeKind::F64: return Value(floating<double>());
      case TypeKind::Char: return Value(character());
      case TypeKind::String: {
        std::string text;
        for (uint32_t i = 0, count = number(6); i < count; i++) base::append_utf8(text, character());
        return Value::string(std::move(text));
      }
      case TypeKind::List:
      case TypeKind::FixedLengthList:
      case TypeKind::Map: {
        ListBuilder builder(type.element());
        const uint32_t count = type.kind() == TypeKind::FixedLengthList ? type.node().length : number(4);
        for (uint32_t i = 0; i < count; i++) builder.add(value(type.element()));
        return std::move(builder).take();
      }
      case TypeKind::Record:
      case TypeKind::Tuple: {
        std::vector<Value> items;
        for (size_t i = 0; i < type.node().fields.size(); i++) items.push_back(value(*type.field_type(i)));
        return Value::sequence(std::move(items));
      }
      case TypeKind::Option: return number(2) == 0 ? Value::none() : Value::some(value(type.element()));
      case TypeKind::Flags: {
        const size_t count = type.node().fields.size();
        std::vector<uint32_t> words((count + 31) / 32);
        for (size_t i = 0; i < count; i++) words[i / 32] |= number(2) << (i % 32);
        return Value::flags(std::move(words));
      }
      default: {
        const uint32_t index = number(static_cast<uint32_t>(type.node().fields.size()));
        const auto payload = type.field_type(index);
        return payload ? Value::variant_case(index, value(*payload)) : Value::variant_case(index);
      }
    }
  }

  /// What no type or value has used yet, as text.
  std::string_view rest() const { return {reinterpret_cast<const char*>(bytes_.data()), bytes_.size()}; }

 private:
  uint8_t byte() {
    if (bytes_.empty()) return 0;
    const uint8_t first = bytes_.front();
    bytes_ = bytes_.subspan(1);
    return first;
  }
  uint32_t number(uint32_t limit) { return byte() % limit; }

  /// Mostly small or near a power of two, where mistakes are.
  uint64_t word() {
    const uint8_t shape = byte();
    const uint64_t power = uint64_t{1} << (shape % 64);
    switch (shape / 64) {
      case 0: return byte();
      case 1: return power - 1;
      case 2: return uint64_t{0} - power;
      default: {
        uint64_t random = 0;
        for (int i = 0; i < 8; i++) random = random << 8 | byte();
        return random;
      }
    }
  }

  template <class T>
  T floating() {
    const uint64_t bits = word();
    T number_{};
    if (byte() % 2 == 0) return static_cast<T>(static_cast<int64_t>(bits)) / T{8};
    std::memcpy(&number_, &bits, sizeof(T));
    // Text has one NaN.
    return number_ != number_ ? std::numeric_limits<T>::quiet_NaN() : number_;
  }

  char32_t character() {
    const uint8_t shape = byte();
    if (shape < 128) return shape;
    const char32_t code = static_cast<char32_t>(word()) % 0x110000;
    return base::is_scalar_value(code) ? code : U'☃';
  }

  std::vector<std::string> names(uint32_t count) const {
    static const std::vector<std::string> keywords = {"ok", "none", "inf", "some", "nan", "err", "true", "false"};
    std::vector<std::string> list;
    for (uint32_t i = 0; i < count; i++) list.push_back(i % 2 == 0 && i / 2 < keywords.size() ? keywords[i / 2] : "part-" + std::to_string(i));
    return list;
  }

  std::vector<TypeField> fields(TypeTable& table, int depth, bool all_typed) {
    std::vector<TypeField> list;
    for (const std::string& name : names(1 + number(5))) {
      list.push_back({.name = name, .type = all_typed || number(3) != 0 ? std::optional(type(table, depth - 1)) : std::nullopt});
    }
    return list;
  }

  std::span<const uint8_t> bytes_;
};

}  // namespace tenon::wit
