#include "wit/walk.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include <fmt/format.h>

#include "base/terminal.h"
#include "base/utf8.h"
#include "tenon/result.h"
#include "tenon/types.h"
#include "tenon/value.h"

namespace tenon::wit {

Shape shape_of(Type type) {
  switch (type.kind()) {
    case TypeKind::Bool: return Shape::Bool;
    case TypeKind::S8:
    case TypeKind::U8:
    case TypeKind::S16:
    case TypeKind::U16:
    case TypeKind::S32:
    case TypeKind::U32:
    case TypeKind::S64:
    case TypeKind::U64: return Shape::Integer;
    case TypeKind::F32:
    case TypeKind::F64: return Shape::Float;
    case TypeKind::Char: return Shape::Char;
    case TypeKind::String: return Shape::String;
    case TypeKind::List: return type.element().kind() == TypeKind::U8 ? Shape::Bytes : Shape::List;
    case TypeKind::FixedLengthList: return Shape::List;
    case TypeKind::Map: return Shape::Map;
    case TypeKind::Record: return Shape::Record;
    case TypeKind::Tuple: return Shape::Tuple;
    case TypeKind::Variant: return Shape::Variant;
    case TypeKind::Enum: return Shape::Enum;
    case TypeKind::Option: return type.element().kind() == TypeKind::Option ? Shape::NestedOption : Shape::Option;
    case TypeKind::Result: return Shape::Result;
    case TypeKind::Flags: return Shape::Flags;
    case TypeKind::Own:
    case TypeKind::Borrow:
    case TypeKind::Future:
    case TypeKind::Stream:
    case TypeKind::ErrorContext: break;
  }
  return Shape::Unsupported;
}

template <class T>
static constexpr IntegerRange range_of() {
  return {static_cast<int64_t>(std::numeric_limits<T>::min()), static_cast<uint64_t>(std::numeric_limits<T>::max())};
}

IntegerRange integer_range(TypeKind kind) {
  switch (kind) {
    case TypeKind::S8: return range_of<int8_t>();
    case TypeKind::U8: return range_of<uint8_t>();
    case TypeKind::S16: return range_of<int16_t>();
    case TypeKind::U16: return range_of<uint16_t>();
    case TypeKind::S32: return range_of<int32_t>();
    case TypeKind::U32: return range_of<uint32_t>();
    case TypeKind::S64: return range_of<int64_t>();
    default: return range_of<uint64_t>();
  }
}

std::optional<Integer> parse_integer(std::string_view text) {
  Integer number;
  if (text.starts_with('-')) {
    number.is_negative = true;
    text.remove_prefix(1);
  }
  if (text.empty() || (text.size() > 1 && text.front() == '0')) return std::nullopt;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number.magnitude);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<Value> make_integer(TypeKind kind, Integer number) {
  const IntegerRange range = integer_range(kind);
  const uint64_t least = uint64_t{0} - static_cast<uint64_t>(range.minimum);
  if (number.is_negative ? number.magnitude > least : number.magnitude > range.maximum) return std::nullopt;
  const uint64_t bits = number.is_negative ? uint64_t{0} - number.magnitude : number.magnitude;
  switch (kind) {
    case TypeKind::S8: return Value(static_cast<int8_t>(bits));
    case TypeKind::U8: return Value(static_cast<uint8_t>(bits));
    case TypeKind::S16: return Value(static_cast<int16_t>(bits));
    case TypeKind::U16: return Value(static_cast<uint16_t>(bits));
    case TypeKind::S32: return Value(static_cast<int32_t>(bits));
    case TypeKind::U32: return Value(static_cast<uint32_t>(bits));
    case TypeKind::S64: return Value(static_cast<int64_t>(bits));
    default: return Value(uint64_t{bits});
  }
}

Integer integer_of(const Value& value) {
  return std::visit(
      [](const auto& held) -> Integer {
        using T = std::remove_cvref_t<decltype(held)>;
        if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool> && !std::is_same_v<T, char32_t>) {
          if (held < T{0}) return {true, uint64_t{0} - static_cast<uint64_t>(held)};
          return {false, static_cast<uint64_t>(held)};
        } else {
          return {};
        }
      },
      value.storage());
}

std::string describe_integer(TypeKind kind) {
  const IntegerRange range = integer_range(kind);
  return fmt::format("{} ({} to {})", to_string(kind), range.minimum, range.maximum);
}

std::optional<Value> make_float(TypeKind kind, double number) {
  if (kind == TypeKind::F64) return Value(double{number});
  const auto narrow = static_cast<float>(number);
  if (std::isfinite(number) && !std::isfinite(narrow)) return std::nullopt;
  return Value(float{narrow});
}

/// Whether a number that is no subnormal is one or more: its first digit that counts stands in front of the point, with the exponent applied.
static bool is_large(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  const size_t exponent_at = std::min(text.find_first_of("eE"), text.size());
  const std::string_view digits = text.substr(0, exponent_at);
  const auto point = static_cast<int64_t>(std::min(digits.find('.'), digits.size()));
  const size_t first = digits.find_first_not_of("0.");
  if (first == std::string_view::npos) return false;
  std::string_view exponent_text = exponent_at < text.size() ? text.substr(exponent_at + 1) : std::string_view("0");
  if (exponent_text.starts_with('+')) exponent_text.remove_prefix(1);
  int64_t exponent = 0;
  const auto [end, error] = std::from_chars(exponent_text.data(), exponent_text.data() + exponent_text.size(), exponent);
  if (error == std::errc::result_out_of_range) return !exponent_text.starts_with('-');
  constexpr int64_t far = int64_t{1} << 40;
  return point - static_cast<int64_t>(first) + std::clamp(exponent, -far, far) > 0;
}

template <class T>
static std::optional<Value> parse_float_as(std::string_view text) {
  T number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (end != text.data() + text.size()) return std::nullopt;
  if (error == std::errc::result_out_of_range) {
    // `from_chars` tells too small and too large alike. What is nearer to zero than any number is zero, what is
    // past all numbers is infinity: IEEE 754's rounding to nearest.
    const T magnitude = is_large(text) ? std::numeric_limits<T>::infinity() : T{0};
    number = text.starts_with('-') ? -magnitude : magnitude;
  } else if (error != std::errc()) {
    return std::nullopt;
  }
  return Value(std::move(number));
}

std::optional<Value> parse_float(TypeKind kind, std::string_view text) {
  return kind == TypeKind::F32 ? parse_float_as<float>(text) : parse_float_as<double>(text);
}

std::string finite_to_text(const Value& value) {
  std::array<char, 32> text{};
  const auto* narrow = value.get_if<float>();
  const auto written = narrow != nullptr ? std::to_chars(text.data(), text.data() + text.size(), *narrow)
                                         : std::to_chars(text.data(), text.data() + text.size(), *value.get_if<double>());
  return std::string(text.data(), written.ptr);
}

ListBuilder::ListBuilder(Type element) : element_(element.kind()), packed_{element.kind(), {}} {}

void ListBuilder::add(Value element) {
  size_++;
  if (!is_packed_element(element_)) {
    items_.push_back(std::move(element));
    return;
  }
  std::visit(
      [this](const auto& held) {
        using T = std::remove_cvref_t<decltype(held)>;
        if constexpr (std::is_arithmetic_v<T>) {
          const auto* bytes = reinterpret_cast<const std::byte*>(&held);
          packed_.bytes.insert(packed_.bytes.end(), bytes, bytes + sizeof(T));
        }
      },
      element.storage());
}

Value ListBuilder::take() && { return is_packed_element(element_) ? Value(std::move(packed_)) : Value::sequence(std::move(items_)); }

const Value& list_element(const Value& list, size_t index, Value& held) {
  if (const auto* sequence = list.get_if<Value::Sequence>()) return sequence->items[index];
  held = packed_element(*list.get_if<PackedList>(), index);
  return held;
}

size_t list_size(const Value& list) {
  if (const auto* sequence = list.get_if<Value::Sequence>()) return sequence->items.size();
  return list.get_if<PackedList>()->size();
}

std::optional<uint32_t> find_part(const TypeNode& node, std::string_view name) {
  for (uint32_t i = 0; i < node.fields.size(); i++) {
    if (node.fields[i].name == name) return i;
  }
  return std::nullopt;
}

/// Edits from one name to the other: a character put in, taken out or replaced, or two neighbours swapped. Names are short: whoever calls cuts what is longer.
static size_t distance(std::string_view left, std::string_view right) {
  std::vector<size_t> before(right.size() + 1);
  std::vector<size_t> row(right.size() + 1);
  std::vector<size_t> next(right.size() + 1);
  for (size_t j = 0; j <= right.size(); j++) row[j] = j;
  for (size_t i = 1; i <= left.size(); i++) {
    next[0] = i;
    for (size_t j = 1; j <= right.size(); j++) {
      next[j] = std::min({row[j - 1] + (left[i - 1] == right[j - 1] ? 0 : 1), row[j] + 1, next[j - 1] + 1});
      const bool is_swapped = i > 1 && j > 1 && left[i - 1] == right[j - 2] && left[i - 2] == right[j - 1];
      if (is_swapped) next[j] = std::min(next[j], before[j - 2] + 1);
    }
    std::swap(before, row);
    std::swap(row, next);
  }
  return row.back();
}

std::string did_you_mean(std::string_view name, std::span<const std::string_view> candidates) {
  constexpr size_t longest_name = 64;
  constexpr size_t most_candidates = 4096;
  if (name.empty() || name.size() > longest_name) return {};
  std::string_view best;
  size_t least = std::min(std::max<size_t>((name.size() + 1) / 3, 1) + 1, name.size());
  for (std::string_view candidate : candidates.subspan(0, std::min(candidates.size(), most_candidates))) {
    if (candidate.size() > longest_name) continue;
    const size_t found = distance(name, candidate);
    if (found >= least) continue;
    least = found;
    best = candidate;
  }
  return best.empty() ? std::string() : fmt::format("; did you mean \"{}\"?", best);
}

std::string did_you_mean(std::string_view name, const TypeNode& node) {
  std::vector<std::string_view> names;
  for (const TypeField& field : node.fields) names.push_back(field.name);
  return did_you_mean(name, names);
}

std::string Path::prefix() const {
  std::string text;
  for (const auto& step : steps_) {
    if (const auto* index = std::get_if<size_t>(&step)) {
      text += fmt::format("[{}]", *index);
    } else {
      if (!text.empty()) text += '.';
      text += std::get<std::string_view>(step);
    }
  }
  return text.empty() ? text : text + ": ";
}

Result<> check_depth(Type type) {
  if (type.node().depth <= max_type_depth) return {};
  return fail(ErrorKind::LimitExceeded, fmt::format("the type is nested {} deep, more than {}", type.node().depth, max_type_depth));
}

std::string unsupported_message(Type type, std::string_view form) { return fmt::format("{} has no {} form", to_string(type), form); }

bool is_terminal_control(char32_t code) { return base::is_terminal_control(code); }

std::string printable(std::string_view text) {
  std::string safe;
  while (!text.empty()) {
    const base::Decoded decoded = base::decode_utf8(text);
    const size_t taken = std::max<size_t>(decoded.bytes, 1);
    if (decoded.bytes == 0)
      safe += fmt::format("\\u{{{:x}}}", static_cast<uint8_t>(text.front()));
    else if (is_terminal_control(decoded.code) && decoded.code != U'\n' && decoded.code != U'\t')
      safe += fmt::format("\\u{{{:x}}}", static_cast<uint32_t>(decoded.code));
    else
      safe += text.substr(0, taken);
    text.remove_prefix(taken);
  }
  return safe;
}

std::string excerpt(std::string_view text) {
  constexpr size_t longest = 40;
  std::string cut;
  while (!text.empty()) {
    const base::Decoded decoded = base::decode_utf8(text);
    if (cut.size() + decoded.bytes > longest) return cut + "…";
    if (decoded.bytes == 0 || decoded.code < 0x20 || (decoded.code >= 0x7F && decoded.code < 0xA0)) {
      cut += fmt::format("\\u{{{:x}}}", decoded.bytes == 0 ? static_cast<uint32_t>(static_cast<uint8_t>(text.front())) : static_cast<uint32_t>(decoded.code));
    } else {
      cut += text.substr(0, decoded.bytes);
    }
    text.remove_prefix(std::max<size_t>(decoded.bytes, 1));
  }
  return cut;
}

}  // namespace tenon::wit
