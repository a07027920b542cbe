#include "tenon/value.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

namespace tenon {
namespace {

constexpr TypeIndex u8 = primitive_type(TypeKind::U8);
constexpr TypeIndex u32 = primitive_type(TypeKind::U32);
constexpr TypeIndex string = primitive_type(TypeKind::String);

Value number(uint32_t n) { return Value(uint32_t{n}); }

Value packed(std::vector<uint32_t> numbers) {
  PackedList list{TypeKind::U32, std::vector<std::byte>(numbers.size() * 4)};
  if (!numbers.empty()) std::memcpy(list.bytes.data(), numbers.data(), list.bytes.size());
  return Value(std::move(list));
}

Value items(std::vector<Value> values) { return Value::sequence(std::move(values)); }

template <class... Values>
Value tuple(Values... values) {
  std::vector<Value> list;
  (list.push_back(std::move(values)), ...);
  return items(std::move(list));
}

std::string reason(const Value& value, const TypeTable& table, TypeIndex type) {
  const auto checked = check(value, Type(table, type));
  return checked ? "fits" : checked.error().message();
}

TEST(Value, ComparesNumbersByBits) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(Value(double{nan}), Value(double{nan}));
  EXPECT_NE(Value(0.0), Value(-0.0));
  EXPECT_NE(Value(uint32_t{1}), Value(int32_t{1}));
}

TEST(Value, EqualsItsPackedForm) {
  EXPECT_EQ(packed({1, 2}), tuple(number(1), number(2)));
  EXPECT_EQ(tuple(number(1), number(2)), packed({1, 2}));
  EXPECT_NE(packed({1, 2}), tuple(number(1), number(3)));
  EXPECT_NE(packed({1, 2}), tuple(number(1)));
  EXPECT_NE(packed({1, 2}), Value::string("x"));
  EXPECT_NE(packed({}), Value::none());
}

TEST(Value, CopiesPayloadsDeeply) {
  Value original = Value::some(Value::string("a"));
  Value copy = original;
  *copy.get_if<Value::Case>()->payload->get_if<std::string>() = "b";
  EXPECT_EQ(original, Value::some(Value::string("a")));
  EXPECT_NE(original, copy);
  copy = original;
  EXPECT_EQ(original, copy);
}

TEST(Check, AcceptsEveryPrimitiveAndOnlyIt) {
  const TypeTable table;
  const std::vector<Value> values = [] {
    std::vector<Value> all;
    all.emplace_back(true);
    all.emplace_back(int8_t{1});
    all.emplace_back(uint8_t{1});
    all.emplace_back(int16_t{1});
    all.emplace_back(uint16_t{1});
    all.emplace_back(int32_t{1});
    all.emplace_back(uint32_t{1});
    all.emplace_back(int64_t{1});
    all.emplace_back(uint64_t{1});
    all.emplace_back(1.0f);
    all.emplace_back(1.0);
    all.emplace_back(U'x');
    all.push_back(Value::string("x"));
    return all;
  }();
  for (size_t i = 0; i < values.size(); i++) {
    for (size_t kind = 0; kind < values.size(); kind++) {
      EXPECT_EQ(check(values[i], Type(table, primitive_type(static_cast<TypeKind>(kind)))).has_value(), i == kind);
    }
  }
}

TEST(Check, RefusesSurrogatesAndBadText) {
  const TypeTable table;
  EXPECT_EQ(reason(Value(char32_t{0xD800}), table, primitive_type(TypeKind::Char)), "expected a Unicode scalar value, got 55296");
  EXPECT_EQ(reason(Value(char32_t{0x110000}), table, primitive_type(TypeKind::Char)), "expected a Unicode scalar value, got 1114112");
  EXPECT_EQ(reason(Value::string("\xFF"), table, string), "expected a string in UTF-8, got other bytes");
}

TEST(Check, SaysWhereAndWhatWasExpected) {
  TypeTable table;
  const TypeIndex record = table.add_record({{.name = "id", .type = u32}, {.name = "names", .type = table.add_list(table.add_option(string))}});
  EXPECT_EQ(reason(tuple(number(1), tuple(Value::none(), Value::some(Value::string("a")))), table, record), "fits");
  EXPECT_EQ(reason(tuple(number(1), tuple(Value::none(), Value::some(number(1)))), table, record), "names[1].some: expected string, got u32");
  EXPECT_EQ(reason(tuple(number(1)), table, record), "expected 2 fields of record { id: u32, names: list<option<string>> }, got 1");
  EXPECT_EQ(reason(tuple(number(1), tuple(Value::variant_case(2))), table, record), "names[0]: expected one of 2 cases of option<string>, got case 2");
}

TEST(Check, WantsAPayloadExactlyWhereTheCaseHasOne) {
  TypeTable table;
  const TypeIndex result = table.add_result(std::nullopt, string);
  EXPECT_EQ(reason(Value::ok(), table, result), "fits");
  EXPECT_EQ(reason(Value::ok(number(1)), table, result), "case ok takes no payload");
  EXPECT_EQ(reason(Value::err(), table, result), "case err needs a payload of type string");
  EXPECT_EQ(reason(Value::some(number(1)), table, table.add_option(u32)), "fits");
  EXPECT_EQ(reason(Value::variant_case(0, number(1)), table, table.add_option(u32)), "case none takes no payload");
}

TEST(Check, TakesListsOfNumbersPackedOrNot) {
  TypeTable table;
  const TypeIndex list = table.add_list(u32);
  EXPECT_EQ(reason(packed({1, 2}), table, list), "fits");
  EXPECT_EQ(reason(tuple(number(1)), table, list), "fits");
  EXPECT_EQ(reason(packed({1, 2}), table, table.add_list(u8)), "expected list<u8>, got packed list of u32");
  EXPECT_EQ(reason(packed({1, 2}), table, table.add_fixed_length_list(u32, 3)), "expected 3 elements, got 2");
  EXPECT_EQ(reason(Value(PackedList{TypeKind::U32, std::vector<std::byte>(5)}), table, list), "packed list of 5 bytes ends within an element");
  EXPECT_EQ(reason(Value(PackedList{TypeKind::Bool, std::vector<std::byte>(5)}), table, table.add_list(primitive_type(TypeKind::Bool))),
            "expected list<bool>, got packed list of bool");
}

TEST(Check, TakesMapsAsEntries) {
  TypeTable table;
  const TypeIndex map = table.add_map(string, u32);
  EXPECT_EQ(reason(tuple(tuple(Value::string("a"), number(1))), table, map), "fits");
  EXPECT_EQ(reason(tuple(tuple(Value::string("a"), Value::string("b"))), table, map), "[0].1: expected u32, got string");
}

TEST(Check, RefusesFlagsPastTheLast) {
  TypeTable table;
  const std::vector<std::string> names = {"a", "b", "c"};
  const TypeIndex flags = table.add_flags(names);
  EXPECT_EQ(reason(Value::flags({7}), table, flags), "fits");
  EXPECT_EQ(reason(Value::flags({8}), table, flags), "flags past the last of 3 are set");
  EXPECT_EQ(reason(Value::flags({}), table, flags), "expected 1 words of flags, got 0");
  EXPECT_EQ(reason(Value::flags({1, 0}), table, flags), "expected 1 words of flags, got 2");
}

TEST(Check, TellsOwnedHandlesFromBorrowed) {
  TypeTable table;
  const auto state = std::make_shared<int>(1);
  EXPECT_EQ(reason(Value(ResourceAny{state, true}), table, table.add_own(0)), "fits");
  EXPECT_EQ(reason(Value(ResourceAny{state, false}), table, table.add_borrow(0)), "fits");
  EXPECT_EQ(reason(Value(ResourceAny{state, false}), table, table.add_own(0)), "expected an owned handle, got a borrowed one");
  EXPECT_EQ(reason(Value(ResourceAny{}), table, table.add_own(0)), "expected own<resource>, got resource");
}

TEST(Check, RefusesTypesThatAreNestedTooDeep) {
  TypeTable table;
  TypeIndex index = u8;
  for (int i = 0; i < 100000; i++) index = table.add_option(index);
  const auto checked = check(Value::none(), Type(table, index));
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().kind(), ErrorKind::LimitExceeded);
}

TEST(Check, RefusesFuturesAsUnsupported) {
  TypeTable table;
  const auto checked = check(number(1), Type(table, table.add({.kind = TypeKind::Future, .fields = {{.name = {}, .type = u8}}})));
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().kind(), ErrorKind::Unsupported);
}

}  // namespace
}  // namespace tenon
