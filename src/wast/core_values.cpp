#include "wast/core_values.h"

#include <fmt/format.h>

#include <bit>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "wast/constants.h"

namespace tenon::wast {
namespace {

std::string_view type_name(const Constant& constant) { return constant.at("type").get_ref<const std::string&>(); }

std::unexpected<Error> not_core(const Constant& constant) {
  const std::string_view type = type_name(constant);
  const bool is_reference = type.ends_with("ref") || type.ends_with("refshared");
  if (is_reference) return fail(ErrorKind::Unsupported, fmt::format("values of type {} are not passed", type));
  return fail(ErrorKind::InvalidInput, fmt::format("expected a core value, got `{}`", type));
}

/// How a vector's lanes are written: bytes of a lane, and whether lanes are floating-point patterns.
struct Lanes {
  size_t bytes;
  bool is_float;
};

std::optional<Lanes> lanes_of(const Constant& constant) {
  static constexpr std::pair<std::string_view, Lanes> shapes[] = {
      {"i8", {1, false}}, {"i16", {2, false}}, {"i32", {4, false}}, {"i64", {8, false}}, {"f32", {4, true}}, {"f64", {8, true}},
  };
  const std::string_view type = constant.at("lane_type").get_ref<const std::string&>();
  for (const auto& [name, lanes] : shapes) {
    if (name == type) return lanes;
  }
  return std::nullopt;
}

std::optional<uint64_t> lane_bits(std::string_view text, const Lanes& lanes) {
  const uint64_t mask = lanes.bytes == 8 ? UINT64_MAX : (uint64_t{1} << (8 * lanes.bytes)) - 1;
  if (const auto number = parse_number<int64_t>(text)) return static_cast<uint64_t>(*number) & mask;
  return parse_number<uint64_t>(text);
}

Result<core::Val> to_vector(const Constant& constant) {
  const auto lanes = lanes_of(constant);
  const auto& written = constant.at("value");
  if (!lanes || written.size() * lanes->bytes != sizeof(core::V128)) return fail(ErrorKind::InvalidInput, "a vector of another shape");
  core::V128 vector{};
  for (size_t i = 0; i < written.size(); ++i) {
    const auto bits = lane_bits(written[i].get_ref<const std::string&>(), *lanes);
    if (!bits) return fail(ErrorKind::InvalidInput, "a lane that is no number");
    std::memcpy(vector.data() + i * lanes->bytes, &*bits, lanes->bytes);
  }
  return vector;
}

bool match_vector(const Constant& expected, const core::V128& actual) {
  const auto lanes = lanes_of(expected);
  const auto& written = expected.at("value");
  if (!lanes || written.size() * lanes->bytes != actual.size()) return false;
  for (size_t i = 0; i < written.size(); ++i) {
    uint64_t bits = 0;
    std::memcpy(&bits, actual.data() + i * lanes->bytes, lanes->bytes);
    const std::string_view text = written[i].get_ref<const std::string&>();
    if (lanes->is_float ? !match_float_bits(text, bits, static_cast<unsigned>(8 * lanes->bytes)) : lane_bits(text, *lanes) != bits) return false;
  }
  return true;
}

struct Show {
  std::string operator()(const core::V128& vector) const { return fmt::format("v128 {:02x}", fmt::join(vector, " ")); }
  std::string operator()(auto number) const { return fmt::format("{} {}", core::to_string(core::type_of(core::Val(number))), number); }
};

}  // namespace

Result<core::Val> to_core_value(const Constant& constant) {
  const std::string_view type = type_name(constant);
  if (type == "v128") return to_vector(constant);
  if (type != "i32" && type != "i64" && type != "f32" && type != "f64") return not_core(constant);
  const std::string_view text = constant.at("value").get_ref<const std::string&>();
  if (const auto number = type == "i32" ? parse_number<int32_t>(text) : std::nullopt) return *number;
  if (const auto number = type == "i64" ? parse_number<int64_t>(text) : std::nullopt) return *number;
  if (const auto bits = type == "f32" ? parse_number<uint32_t>(text) : std::nullopt) return std::bit_cast<float>(*bits);
  if (const auto bits = type == "f64" ? parse_number<uint64_t>(text) : std::nullopt) return std::bit_cast<double>(*bits);
  return fail(ErrorKind::InvalidInput, fmt::format("{} is no {}", text, type));
}

namespace {

/// For people; what is no plain value, such as a class of NaNs, as the script's JSON.
std::string text_of(const Constant& expected) {
  if (const auto value = to_core_value(expected)) return std::visit(Show(), *value);
  return expected.dump();
}

}  // namespace

Result<> match_core(const Constant& expected, const core::Val& actual) {
  const std::string_view type = type_name(expected);
  if (type == "either") {
    Result<> matched = fail(ErrorKind::InvalidInput, "`either` has no values");
    for (const Constant& choice : expected.at("values")) {
      matched = match_core(choice, actual);
      if (matched) return {};
    }
    return matched;
  }
  bool matches = false;
  if (const auto* vector = std::get_if<core::V128>(&actual); vector != nullptr && type == "v128") {
    matches = match_vector(expected, *vector);
  } else if (const auto* f32 = std::get_if<float>(&actual); f32 != nullptr && type == "f32") {
    matches = match_float_bits(expected.at("value").get_ref<const std::string&>(), std::bit_cast<uint32_t>(*f32), 32);
  } else if (const auto* f64 = std::get_if<double>(&actual); f64 != nullptr && type == "f64") {
    matches = match_float_bits(expected.at("value").get_ref<const std::string&>(), std::bit_cast<uint64_t>(*f64), 64);
  } else {
    TENON_TRY(const core::Val wanted, to_core_value(expected));
    matches = wanted == actual;
  }
  if (matches) return {};
  return fail(ErrorKind::InvalidInput, fmt::format("expected {}, got {}", text_of(expected), std::visit(Show(), actual)));
}

}  // namespace tenon::wast
