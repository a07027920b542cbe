#include "wast/constants.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <type_traits>
#include <utility>

#include "base/utf8.h"

namespace tenon::wast {

template <class T>
std::optional<T> parse_number(std::string_view text) {
  T number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

template std::optional<int32_t> parse_number<int32_t>(std::string_view);
template std::optional<int64_t> parse_number<int64_t>(std::string_view);
template std::optional<uint32_t> parse_number<uint32_t>(std::string_view);
template std::optional<uint64_t> parse_number<uint64_t>(std::string_view);

bool match_float_bits(std::string_view pattern, uint64_t bits, unsigned width) {
  const uint64_t sign = uint64_t{1} << (width - 1);
  const uint64_t canonical = width == 32 ? 0x7fc0'0000 : 0x7ff8'0000'0000'0000;
  if (pattern == "nan:canonical") return (bits & ~sign) == canonical;
  if (pattern == "nan:arithmetic") return (bits & canonical) == canonical;
  return parse_number<uint64_t>(pattern) == bits;
}

namespace {

/// The text of a constant's value; empty when it is none.
std::string_view value_text(const Constant& constant) {
  const auto found = constant.find("value");
  return found != constant.end() && found->is_string() ? std::string_view(found->get_ref<const std::string&>()) : std::string_view();
}

std::string_view constant_type(const Constant& constant) { return constant.at("type").get_ref<const std::string&>(); }

/// What a script calls a type's constants.
std::string_view constant_name(Type type) {
  switch (type.kind()) {
    case TypeKind::FixedLengthList:
    case TypeKind::Map: return "list";
    default: return to_string(type.kind());
  }
}

std::unexpected<Error> mismatch(const Constant& constant, Type type) {
  return fail(ErrorKind::InvalidInput, fmt::format("expected `{}`, got `{}`", constant_name(type), constant_type(constant)));
}

/// The position of a case or flag of that name.
std::optional<uint32_t> find_part(Type type, std::string_view name) {
  const auto& fields = type.node().fields;
  const auto found = std::ranges::find(fields, name, &TypeField::name);
  return found == fields.end() ? std::nullopt : std::optional(static_cast<uint32_t>(found - fields.begin()));
}

template <class T>
Result<Value> to_integer(const Constant& constant, Type type) {
  using Wide = std::conditional_t<std::is_signed_v<T>, int64_t, uint64_t>;
  const auto number = parse_number<Wide>(value_text(constant));
  if (!number || !std::in_range<T>(*number)) return mismatch(constant, type);
  return Value(static_cast<T>(*number));
}

Result<Value> to_members(std::span<const Constant> constants, Type type) {
  const bool is_list = type.kind() == TypeKind::List || type.kind() == TypeKind::FixedLengthList;
  std::vector<Value> items;
  items.reserve(constants.size());
  for (size_t i = 0; i < constants.size(); ++i) {
    auto item = to_value(constants[i], is_list ? type.element() : *type.field_type(i));
    if (!item) return std::unexpected(std::move(item).error().wrap(fmt::format("element {}", i)));
    items.push_back(*std::move(item));
  }
  return Value::sequence(std::move(items));
}

/// A map is written as a list of pairs.
Result<Value> to_map(std::span<const Constant> constants, Type type) {
  std::vector<Value> entries;
  for (const Constant& entry : constants) {
    const auto members = entry.find("value");
    if (constant_type(entry) != "tuple" || members == entry.end() || members->size() != 2) return mismatch(entry, type);
    TENON_TRY(auto pair, to_members(members->get_ref<const Constant::array_t&>(), type));
    entries.push_back(std::move(pair));
  }
  return Value::sequence(std::move(entries));
}

Result<Value> to_record(const Constant& constant, Type type) {
  const auto& fields = type.node().fields;
  const auto& written = constant.at("value");
  if (written.size() != fields.size()) {
    return fail(ErrorKind::InvalidInput, fmt::format("expected {} fields, got {}", fields.size(), written.size()));
  }
  std::vector<Value> items;
  for (size_t i = 0; i < fields.size(); ++i) {
    const std::string& name = written[i].at(0).get_ref<const std::string&>();
    if (name != fields[i].name) return fail(ErrorKind::InvalidInput, fmt::format("expected field `{}`, got `{}`", fields[i].name, name));
    auto item = to_value(written[i].at(1), *type.field_type(i));
    if (!item) return std::unexpected(std::move(item).error().wrap(fmt::format("field `{}`", name)));
    items.push_back(*std::move(item));
  }
  return Value::sequence(std::move(items));
}

/// The payload's type of a case; an option's second case has its one part, its first none.
std::optional<Type> payload_type(Type type, uint32_t index) {
  if (type.kind() == TypeKind::Option) return index == 1 ? std::optional(type.element()) : std::nullopt;
  return type.field_type(index);
}

std::string case_name(Type type, uint32_t index) {
  switch (type.kind()) {
    case TypeKind::Option: return index == 0 ? "none" : "some";
    case TypeKind::Result: return index == 0 ? "ok" : "err";
    default: return type.node().fields[index].name;
  }
}

Result<Value> to_case(Type type, uint32_t index, const Constant& payload) {
  const auto expected = payload_type(type, index);
  if (expected.has_value() == payload.is_null()) {
    return fail(ErrorKind::InvalidInput, fmt::format("{} payload for case `{}`", expected ? "expected a" : "did not expect a", case_name(type, index)));
  }
  if (!expected) return Value::variant_case(index);
  TENON_TRY(auto value, to_value(payload, *expected));
  return Value::variant_case(index, std::move(value));
}

Result<Value> to_variant(std::string_view name, Type type, const Constant& payload) {
  const auto index = find_part(type, name);
  if (!index) return fail(ErrorKind::InvalidInput, fmt::format("unknown {} case: `{}`", to_string(type.kind()), name));
  return to_case(type, *index, payload);
}

Result<Value> to_flags(const Constant& constant, Type type) {
  std::vector<uint32_t> words((type.node().fields.size() + 31) / 32);
  for (const auto& name : constant.at("value")) {
    const auto bit = find_part(type, name.get_ref<const std::string&>());
    if (!bit) return fail(ErrorKind::InvalidInput, fmt::format("unknown flag: `{}`", name.get_ref<const std::string&>()));
    words[*bit / 32] |= uint32_t{1} << (*bit % 32);
  }
  return Value::flags(std::move(words));
}

Result<Value> to_char(const Constant& constant, Type type) {
  const std::string_view text = value_text(constant);
  const base::Decoded character = base::decode_utf8(text);
  if (text.empty() || character.bytes != text.size()) return mismatch(constant, type);
  return Value(char32_t{character.code});
}

/// `ok` and `err` of a result, or null and a value of an option: which case, and its payload or null.
std::pair<uint32_t, Constant> either_case(const Constant& constant, TypeKind kind) {
  const auto& value = constant.at("value");
  if (kind == TypeKind::Option) return {value.is_null() ? 0 : 1, value};
  const bool is_ok = value.contains("Ok");
  return {is_ok ? 0 : 1, value.at(is_ok ? "Ok" : "Err")};
}

}  // namespace

Result<Value> to_value(const Constant& constant, Type type) {
  if (constant_type(constant) != constant_name(type)) return mismatch(constant, type);
  switch (type.kind()) {
    case TypeKind::Bool: return Value(bool{constant.at("value").get<bool>()});
    case TypeKind::S8: return to_integer<int8_t>(constant, type);
    case TypeKind::U8: return to_integer<uint8_t>(constant, type);
    case TypeKind::S16: return to_integer<int16_t>(constant, type);
    case TypeKind::U16: return to_integer<uint16_t>(constant, type);
    case TypeKind::S32: return to_integer<int32_t>(constant, type);
    case TypeKind::U32: return to_integer<uint32_t>(constant, type);
    case TypeKind::S64: return to_integer<int64_t>(constant, type);
    case TypeKind::U64: return to_integer<uint64_t>(constant, type);
    case TypeKind::F32: {
      const auto bits = parse_number<uint32_t>(value_text(constant));
      return bits ? Result<Value>(Value(std::bit_cast<float>(*bits))) : mismatch(constant, type);
    }
    case TypeKind::F64: {
      const auto bits = parse_number<uint64_t>(value_text(constant));
      return bits ? Result<Value>(Value(std::bit_cast<double>(*bits))) : mismatch(constant, type);
    }
    case TypeKind::Char: return to_char(constant, type);
    case TypeKind::String: return Value::string(std::string(value_text(constant)));
    case TypeKind::Map: return to_map(constant.at("value").get_ref<const Constant::array_t&>(), type);
    case TypeKind::List: return to_members(constant.at("value").get_ref<const Constant::array_t&>(), type);
    case TypeKind::FixedLengthList:
    case TypeKind::Tuple: {
      const auto& members = constant.at("value").get_ref<const Constant::array_t&>();
      const size_t size = type.kind() == TypeKind::Tuple ? type.node().fields.size() : type.node().length;
      if (members.size() != size) return fail(ErrorKind::InvalidInput, fmt::format("expected {} members, got {}", size, members.size()));
      return to_members(members, type);
    }
    case TypeKind::Record: return to_record(constant, type);
    case TypeKind::Enum: return to_variant(value_text(constant), type, nullptr);
    case TypeKind::Variant: {
      const auto& value = constant.at("value");
      return to_variant(value.at("case").get_ref<const std::string&>(), type, value.value("payload", Constant()));
    }
    case TypeKind::Option:
    case TypeKind::Result: {
      const auto [index, payload] = either_case(constant, type.kind());
      return to_case(type, index, payload);
    }
    case TypeKind::Flags: return to_flags(constant, type);
    default: return mismatch(constant, type);
  }
}

namespace {

/// The members of a list, tuple or record; those of a packed list are unpacked.
std::vector<Value> members_of(const Value& value) {
  if (const auto* sequence = value.get_if<Value::Sequence>()) return sequence->items;
  std::vector<Value> items;
  const auto* packed = value.get_if<PackedList>();
  for (size_t i = 0; packed != nullptr && i < packed->size(); ++i) items.push_back(packed_element(*packed, i));
  return items;
}

std::unexpected<Error> differs(std::string_view expected, std::string_view actual) {
  return fail(ErrorKind::InvalidInput, fmt::format("expected {}, got {}", expected, actual));
}

Result<> match_member(const Constant& expected, const Value& actual, Type type, std::string_view where) {
  auto matched = match(expected, actual, type);
  if (!matched) return std::unexpected(std::move(matched).error().wrap(where));
  return {};
}

Result<> match_float(const Constant& expected, uint64_t bits, unsigned width) {
  if (match_float_bits(value_text(expected), bits, width)) return {};
  return differs(fmt::format("bits {}", value_text(expected)), fmt::format("bits {}", bits));
}

Result<> match_members(const Constant& expected, const Value& actual, Type type) {
  const auto& wanted = expected.at("value");
  const std::vector<Value> items = members_of(actual);
  if (wanted.size() != items.size()) return differs(fmt::format("{} elements", wanted.size()), fmt::format("{}", items.size()));
  for (size_t i = 0; i < items.size(); ++i) {
    switch (type.kind()) {
      case TypeKind::Record: {
        const std::string& name = type.node().fields[i].name;
        if (wanted[i].at(0) != name) return differs(fmt::format("field `{}`", wanted[i].at(0).get<std::string>()), fmt::format("`{}`", name));
        TENON_CHECK_OK(match_member(wanted[i].at(1), items[i], *type.field_type(i), fmt::format("field `{}`", name)));
        break;
      }
      case TypeKind::Tuple: TENON_CHECK_OK(match_member(wanted[i], items[i], *type.field_type(i), fmt::format("tuple element {}", i))); break;
      case TypeKind::Map: {
        TENON_TRY(const Value entry, to_map(std::span(&wanted.get_ref<const Constant::array_t&>()[i], 1), type));
        if (entry.get_if<Value::Sequence>()->items[0] != items[i]) return differs(fmt::format("another entry {}", i), "this");
        break;
      }
      default: TENON_CHECK_OK(match_member(wanted[i], items[i], type.element(), fmt::format("list element {}", i)));
    }
  }
  return {};
}

Result<> match_case(uint32_t index, const Constant& payload, const Value& actual, Type type) {
  const auto& value = *actual.get_if<Value::Case>();
  if (value.index != index) return differs(fmt::format("`{}`", case_name(type, index)), fmt::format("`{}`", case_name(type, value.index)));
  if (payload.is_null() != (value.payload == nullptr)) return differs(payload.is_null() ? "no payload" : "a payload", payload.is_null() ? "one" : "none");
  if (value.payload == nullptr) return {};
  return match_member(payload, *value.payload, *payload_type(type, index), fmt::format("case `{}`", case_name(type, index)));
}

}  // namespace

Result<> match(const Constant& expected, const Value& actual, Type type) {
  if (constant_type(expected) != constant_name(type)) return differs(fmt::format("`{}`", constant_type(expected)), fmt::format("`{}`", constant_name(type)));
  switch (type.kind()) {
    case TypeKind::F32: return match_float(expected, std::bit_cast<uint32_t>(*actual.get_if<float>()), 32);
    case TypeKind::F64: return match_float(expected, std::bit_cast<uint64_t>(*actual.get_if<double>()), 64);
    case TypeKind::List:
    case TypeKind::FixedLengthList:
    case TypeKind::Map:
    case TypeKind::Record:
    case TypeKind::Tuple: return match_members(expected, actual, type);
    case TypeKind::Variant: {
      const auto& value = expected.at("value");
      const auto index = find_part(type, value.at("case").get_ref<const std::string&>());
      if (!index) return differs(value.at("case").get_ref<const std::string&>(), "a variant without it");
      return match_case(*index, value.value("payload", Constant()), actual, type);
    }
    case TypeKind::Option:
    case TypeKind::Result: {
      const auto [index, payload] = either_case(expected, type.kind());
      return match_case(index, payload, actual, type);
    }
    default: {
      TENON_TRY(const Value wanted, to_value(expected, type));
      if (wanted == actual) return {};
      return differs(expected.dump(), fmt::format("another {}", to_string(type.kind())));
    }
  }
}

}  // namespace tenon::wast
