#include "wast/constants.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>

namespace tenon::wast {
namespace {

Constant constant(const char* text) { return Constant::parse(text); }

class Constants : public testing::Test {
 protected:
  Type primitive(TypeKind kind) { return Type(table, primitive_type(kind)); }
  Type of(TypeIndex index) { return Type(table, index); }

  std::string error_of(const Constant& expected, const Value& actual, Type type) {
    auto matched = match(expected, actual, type);
    return matched ? "" : matched.error().message();
  }

  TypeTable table;
};

TEST_F(Constants, BecomeNumbersOfTheirType) {
  EXPECT_EQ(*to_value(constant(R"({"type": "s8", "value": "-128"})"), primitive(TypeKind::S8)), Value(int8_t{-128}));
  EXPECT_EQ(*to_value(constant(R"({"type": "u64", "value": "18446744073709551615"})"), primitive(TypeKind::U64)), Value(uint64_t{UINT64_MAX}));
  EXPECT_EQ(*to_value(constant(R"({"type": "f32", "value": "1069547520"})"), primitive(TypeKind::F32)), Value(1.5f));
  EXPECT_EQ(*to_value(constant(R"({"type": "char", "value": "😀"})"), primitive(TypeKind::Char)), Value(U'😀'));
}

TEST_F(Constants, OfAnotherTypeAreRefused) {
  EXPECT_EQ(to_value(constant(R"({"type": "string", "value": "7"})"), primitive(TypeKind::U32)).error().message(), "expected `u32`, got `string`");
  EXPECT_FALSE(to_value(constant(R"({"type": "u8", "value": "256"})"), primitive(TypeKind::U8)));
}

TEST_F(Constants, FindCasesAndFlagsByName) {
  const std::string names[] = {"a", "b", "c"};
  const Type flags = of(table.add_flags(names));
  const Type enumeration = of(table.add_enum(names));
  EXPECT_EQ(*to_value(constant(R"({"type": "flags", "value": ["c", "a"]})"), flags), Value::flags({5}));
  EXPECT_EQ(*to_value(constant(R"({"type": "enum", "value": "b"})"), enumeration), Value::enum_case(1));
  EXPECT_EQ(to_value(constant(R"({"type": "flags", "value": ["d"]})"), flags).error().message(), "unknown flag: `d`");
  EXPECT_FALSE(to_value(constant(R"({"type": "enum", "value": "d"})"), enumeration));
}

TEST_F(Constants, OfVariantsNeedAPayloadExactlyWhenTheCaseHasOne) {
  const Type type = of(table.add_variant({{.name = "none", .type = {}}, {.name = "some", .type = primitive_type(TypeKind::U8)}}));
  EXPECT_EQ(*to_value(constant(R"({"type": "variant", "value": {"case": "some", "payload": {"type": "u8", "value": "3"}}})"), type),
            Value::variant_case(1, Value(uint8_t{3})));
  EXPECT_EQ(*to_value(constant(R"({"type": "variant", "value": {"case": "none"}})"), type), Value::variant_case(0));
  EXPECT_FALSE(to_value(constant(R"({"type": "variant", "value": {"case": "some"}})"), type));
}

TEST_F(Constants, OfFloatsMatchByBits) {
  const auto zero = constant(R"({"type": "f64", "value": "0"})");
  EXPECT_TRUE(match(zero, Value(0.0), primitive(TypeKind::F64)));
  EXPECT_FALSE(match(zero, Value(-0.0), primitive(TypeKind::F64)));
}

TEST_F(Constants, TellCanonicalFromArithmeticNan) {
  EXPECT_TRUE(match_float_bits("nan:canonical", 0x7fc00000, 32));
  EXPECT_TRUE(match_float_bits("nan:canonical", 0xffc00000, 32));
  EXPECT_FALSE(match_float_bits("nan:canonical", 0x7fc00001, 32));
  EXPECT_TRUE(match_float_bits("nan:arithmetic", 0x7fc00001, 32));
  EXPECT_FALSE(match_float_bits("nan:arithmetic", 0x7fa00000, 32));
  EXPECT_TRUE(match_float_bits("nan:canonical", 0xfff8000000000000, 64));
  EXPECT_FALSE(match_float_bits("nan:arithmetic", 0x7ff0000000000001, 64));
}

TEST_F(Constants, MatchPackedListsElementByElement) {
  const Type type = of(table.add_list(primitive_type(TypeKind::U8)));
  const auto expected = constant(R"({"type": "list", "value": [{"type": "u8", "value": "1"}, {"type": "u8", "value": "2"}]})");
  const std::byte good[] = {std::byte{1}, std::byte{2}};
  const std::byte bad[] = {std::byte{1}, std::byte{3}};
  EXPECT_TRUE(match(expected, Value::bytes(good), type));
  EXPECT_EQ(error_of(expected, Value::bytes(bad), type).find("list element 1: "), 0);
  EXPECT_FALSE(match(expected, Value::bytes(std::span(good, 1)), type));
}

TEST_F(Constants, SayWhereARecordDiffers) {
  const Type type = of(table.add_record({{.name = "x", .type = primitive_type(TypeKind::U32)}, {.name = "y", .type = primitive_type(TypeKind::String)}}));
  const auto expected = constant(R"({"type": "record", "value": [["x", {"type": "u32", "value": "1"}], ["y", {"type": "string", "value": "a"}]]})");
  const auto record = [](uint32_t x, const char* y) {
    std::vector<Value> items;
    items.push_back(Value(uint32_t{x}));
    items.push_back(Value::string(y));
    return Value::sequence(std::move(items));
  };
  EXPECT_TRUE(match(expected, record(1, "a"), type));
  EXPECT_EQ(error_of(expected, record(1, "b"), type).find("field `y`: "), 0);
  EXPECT_EQ(*to_value(expected, type), record(1, "a"));
}

TEST_F(Constants, TellOptionsAndResultsApart) {
  const Type option = of(table.add_option(primitive_type(TypeKind::U32)));
  const Type result = of(table.add_result(primitive_type(TypeKind::U32), std::nullopt));
  const auto some = constant(R"({"type": "option", "value": {"type": "u32", "value": "4"}})");
  const auto none = constant(R"({"type": "option", "value": null})");
  const auto error = constant(R"({"type": "result", "value": {"Err": null}})");
  EXPECT_TRUE(match(some, *to_value(some, option), option));
  EXPECT_TRUE(match(none, *to_value(none, option), option));
  EXPECT_FALSE(match(none, *to_value(some, option), option));
  EXPECT_TRUE(match(error, *to_value(error, result), result));
  EXPECT_FALSE(match(error, Value::variant_case(0, Value(uint32_t{4})), result));
}

}  // namespace
}  // namespace tenon::wast
