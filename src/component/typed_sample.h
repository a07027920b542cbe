#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <variant>
#include <vector>

#include "tenon/typed.h"
#include "tenon/types.h"

/// Bound types of every kind for the tests of typed lifting and lowering, and the component types that they stand for.
namespace tenon::component {

enum class Color : uint8_t { Red, Green, Blue };

struct Sample {
  uint32_t id = 0;
  std::optional<std::string> name;
  std::vector<std::string> tags;
  Color color = Color::Red;
  std::vector<uint8_t> data;
};

struct SampleVariant {
  std::variant<std::monostate, std::string, Sample> value;
};

/// 40 flags: two words.
struct SampleFlags {
  std::array<uint32_t, 2> bits = {};
};

}  // namespace tenon::component

template <>
struct tenon::EnumTraits<tenon::component::Color> {
  static constexpr std::array<std::string_view, 3> names = {"red", "green", "blue"};
};

template <>
struct tenon::RecordTraits<tenon::component::Sample> {
  using Sample = tenon::component::Sample;
  static constexpr auto fields = std::make_tuple(field("id", &Sample::id), field("name", &Sample::name), field("tags", &Sample::tags),
                                                 field("color", &Sample::color), field("data", &Sample::data));
};

template <>
struct tenon::VariantTraits<tenon::component::SampleVariant> {
  static constexpr std::array<std::string_view, 3> names = {"none", "text", "sample"};
};

template <>
struct tenon::FlagsTraits<tenon::component::SampleFlags> {
  static constexpr std::array<std::string_view, 40> names = {"f0",  "f1",  "f2",  "f3",  "f4",  "f5",  "f6",  "f7",  "f8",  "f9",  "f10", "f11", "f12", "f13",
                                                             "f14", "f15", "f16", "f17", "f18", "f19", "f20", "f21", "f22", "f23", "f24", "f25", "f26", "f27",
                                                             "f28", "f29", "f30", "f31", "f32", "f33", "f34", "f35", "f36", "f37", "f38", "f39"};
};

namespace tenon::component {

inline TypeIndex add_sample_type(TypeTable& table) {
  return table.add_record({{.name = "id", .type = primitive_type(TypeKind::U32)},
                           {.name = "name", .type = table.add_option(primitive_type(TypeKind::String))},
                           {.name = "tags", .type = table.add_list(primitive_type(TypeKind::String))},
                           {.name = "color", .type = table.add_enum(std::array<std::string, 3>{"red", "green", "blue"})},
                           {.name = "data", .type = table.add_list(primitive_type(TypeKind::U8))}});
}

inline TypeIndex add_sample_variant_type(TypeTable& table) {
  return table.add_variant({{.name = "none"}, {.name = "text", .type = primitive_type(TypeKind::String)}, {.name = "sample", .type = add_sample_type(table)}});
}

inline TypeIndex add_sample_flags_type(TypeTable& table) {
  std::vector<std::string> names;
  for (const std::string_view name : FlagsTraits<SampleFlags>::names) names.emplace_back(name);
  return table.add_flags(names);
}

}  // namespace tenon::component
