#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "tenon/types.h"
#include "tenon/value_text.h"

namespace tenon {
namespace {

constexpr TypeIndex u8 = primitive_type(TypeKind::U8);
constexpr TypeIndex u32 = primitive_type(TypeKind::U32);
constexpr TypeIndex string = primitive_type(TypeKind::String);

constexpr std::string_view head = R"({"$schema":"https://json-schema.org/draft/2020-12/schema",)";

/// The schema without the part that all have.
std::string schema(const TypeTable& table, TypeIndex type) {
  const auto made = json_schema(Type(table, type));
  if (!made) return made.error().message();
  EXPECT_TRUE(made->starts_with(head));
  return "{" + made->substr(head.size());
}

TEST(Schema, DescribesPrimitives) {
  const TypeTable table;
  EXPECT_EQ(schema(table, primitive_type(TypeKind::Bool)), R"({"type":"boolean"})");
  EXPECT_EQ(schema(table, u8), R"({"type":"integer","minimum":0,"maximum":255})");
  EXPECT_EQ(schema(table, primitive_type(TypeKind::S64)),
            R"({"type":["integer","string"],"minimum":-9223372036854775808,"maximum":9223372036854775807,"pattern":"^(?:0|-?[1-9][0-9]{0,18})$"})");
  EXPECT_EQ(schema(table, primitive_type(TypeKind::F32)),
            R"({"anyOf":[{"type":"number","exclusiveMinimum":-3.4028235677973366e+38,"exclusiveMaximum":3.4028235677973366e+38},)"
            R"({"enum":["NaN","Infinity","-Infinity"]}]})");
  EXPECT_EQ(schema(table, primitive_type(TypeKind::F64)), R"({"anyOf":[{"type":"number"},{"enum":["NaN","Infinity","-Infinity"]}]})");
  EXPECT_EQ(schema(table, primitive_type(TypeKind::Char)), R"({"type":"string","minLength":1,"maxLength":1})");
  EXPECT_EQ(schema(table, string), R"({"type":"string"})");
}

TEST(Schema, DescribesWhatHoldsOtherTypes) {
  TypeTable table;
  EXPECT_EQ(
      schema(table, table.add_list(u8)),
      R"({"type":"string","contentEncoding":"base64","pattern":"^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/][AQgw]==|[A-Za-z0-9+/]{2}[AEIMQUYcgkosw048]=)?$"})");
  EXPECT_EQ(schema(table, table.add_fixed_length_list(string, 2)), R"({"type":"array","items":{"type":"string"},"maxItems":2,"minItems":2})");
  EXPECT_EQ(schema(table, table.add_map(string, string)),
            R"({"type":"array","items":{"type":"array","prefixItems":[{"type":"string"},{"type":"string"}],"items":false,"minItems":2,"maxItems":2}})");
  EXPECT_EQ(schema(table, table.add_option(string)), R"({"anyOf":[{"type":"string"},{"type":"null"}]})");
  EXPECT_EQ(
      schema(table, table.add_option(table.add_option(string))),
      R"({"anyOf":[{"type":"object","properties":{"some":{"anyOf":[{"type":"string"},{"type":"null"}]}},"required":["some"],"additionalProperties":false},{"type":"null"}]})");
  EXPECT_EQ(
      schema(table, table.add_record({{.name = "b", .type = string}, {.name = "a", .type = table.add_option(string)}})),
      R"({"type":"object","properties":{"b":{"type":"string"},"a":{"anyOf":[{"type":"string"},{"type":"null"}]}},"required":["b"],"additionalProperties":false})");
  const std::array<std::string, 2> names = {"x", "y"};
  EXPECT_EQ(schema(table, table.add_enum(names)), R"({"type":"string","enum":["x","y"]})");
  EXPECT_EQ(schema(table, table.add_flags(names)), R"({"type":"array","items":{"enum":["x","y"]},"uniqueItems":true})");
  EXPECT_EQ(schema(table, table.add_flags({})), R"({"type":"array","items":false,"uniqueItems":true})");
  EXPECT_EQ(schema(table, table.add_result(string, std::nullopt)),
            R"({"oneOf":[{"type":"object","properties":{"ok":{"type":"string"}},"required":["ok"],"additionalProperties":false},)"
            R"({"type":"object","properties":{"err":{"type":"null"}},"required":["err"],"additionalProperties":false}]})");
}

TEST(Schema, SharesWhatIsUsedTwice) {
  TypeTable table;
  TypeIndex index = string;
  for (int i = 0; i < 100; i++) {
    const std::array members = {index, index};
    index = table.add_tuple(members);
  }
  const std::string text = schema(table, index);
  EXPECT_LT(text.size(), 30000u);
  EXPECT_EQ(nlohmann::json::parse(text)["$defs"].size(), 99u);
}

TEST(Schema, RefusesResourcesWithTheirPlace) {
  TypeTable table;
  const FuncTypeNode func{.params = {{"self", table.add_borrow(0)}}};
  const auto made = function_schema(table, func);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().message(), "self: borrow<resource> has no JSON form");
  EXPECT_EQ(made.error().kind(), ErrorKind::Unsupported);
}

TEST(FunctionSchema, TakesApartTheResultAtTheTop) {
  TypeTable table;
  const FuncTypeNode func{.params = {{"a", u32}, {"b", table.add_option(string)}}, .result = table.add_result(u8, string)};
  const auto made = function_schema(table, func);
  ASSERT_TRUE(made);
  EXPECT_EQ(made->input,
            std::string(head) +
                R"("type":"object","properties":{"a":{"type":"integer","minimum":0,"maximum":4294967295},"b":{"anyOf":[{"type":"string"},{"type":"null"}]}},)"
                R"("required":["a"],"additionalProperties":false})");
  EXPECT_EQ(made->output, std::string(head) + R"("type":"integer","minimum":0,"maximum":255})");
  EXPECT_EQ(made->error, std::string(head) + R"("type":"string"})");
  const auto nothing = function_schema(table, {});
  ASSERT_TRUE(nothing);
  EXPECT_FALSE(nothing->output);
  EXPECT_FALSE(nothing->error);
}

}  // namespace
}  // namespace tenon
