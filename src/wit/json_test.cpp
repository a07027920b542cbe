#include "wit/json.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "tenon/types.h"
#include "tenon/value.h"
#include "tenon/value_text.h"
#include "wit/text_form.h"

namespace tenon {
namespace {

constexpr TypeIndex u8 = primitive_type(TypeKind::U8);
constexpr TypeIndex u32 = primitive_type(TypeKind::U32);
constexpr TypeIndex string = primitive_type(TypeKind::String);

const wit::TextForm form{.read = [](std::string_view text, Type type) { return from_json(text, type); },
                         .write = [](const Value& value, Type type) { return to_json(value, type); }};

std::string again(std::string_view text, const TypeTable& table, TypeIndex type) { return wit::read_and_write(form, text, table, type); }
std::string again(std::string_view text, TypeKind kind) { return again(text, TypeTable(), primitive_type(kind)); }

ErrorKind kind_of(std::string_view text, const TypeTable& table, TypeIndex type, const TextLimits& limits = {}) {
  const auto value = from_json(text, Type(table, type), limits);
  EXPECT_FALSE(value) << text;
  return value ? ErrorKind::Exit : value.error().kind();
}

TEST(Json, ReadsAndWritesIntegersInTheirRange) {
  EXPECT_EQ(again("255", TypeKind::U8), "255");
  EXPECT_EQ(again("256", TypeKind::U8), "expected u8 (0 to 255), got number 256");
  EXPECT_EQ(again("-1", TypeKind::U8), "expected u8 (0 to 255), got number -1");
  EXPECT_EQ(again("-128", TypeKind::S8), "-128");
  EXPECT_EQ(again("-129", TypeKind::S8), "expected s8 (-128 to 127), got number -129");
  EXPECT_EQ(again("1e3", TypeKind::U16), "1000");
  EXPECT_EQ(again("2.0", TypeKind::U16), "2");
  EXPECT_EQ(again("2.5", TypeKind::U16), "expected u16 (0 to 65535), got number 2.5");
  EXPECT_EQ(again("\"7\"", TypeKind::U32), "expected u32 (0 to 4294967295), got string \"7\"");
  EXPECT_EQ(again("true", TypeKind::S32), "expected s32 (-2147483648 to 2147483647), got true");
}

TEST(Json, WritesLargeIntegersAsStrings) {
  EXPECT_EQ(again("9007199254740991", TypeKind::U64), "9007199254740991");
  EXPECT_EQ(again("9007199254740992", TypeKind::U64), "\"9007199254740992\"");
  EXPECT_EQ(again("-9007199254740992", TypeKind::S64), "\"-9007199254740992\"");
  EXPECT_EQ(again("18446744073709551615", TypeKind::U64), "\"18446744073709551615\"");
  EXPECT_EQ(again("\"18446744073709551615\"", TypeKind::U64), "\"18446744073709551615\"");
  EXPECT_EQ(again("-9223372036854775808", TypeKind::S64), "\"-9223372036854775808\"");
  EXPECT_EQ(again("\"12\"", TypeKind::S64), "12");
  for (std::string_view bad : {"\"18446744073709551616\"", "18446744073709551616", "\"-1\"", "\"+1\"", "\"01\"", "\" 1\"", "\"\"", "\"1.0\"", "1e19"}) {
    EXPECT_TRUE(again(bad, TypeKind::U64).starts_with("expected u64 (0 to 18446744073709551615), got ")) << bad;
  }
}

TEST(Json, WritesFloatsShortAndNamesWhatIsNoNumber) {
  EXPECT_EQ(again("0.1", TypeKind::F32), "0.1");
  EXPECT_EQ(again("0.1", TypeKind::F64), "0.1");
  EXPECT_EQ(again("1", TypeKind::F64), "1");
  EXPECT_EQ(again("-0.0", TypeKind::F64), "-0.0");
  EXPECT_EQ(again("\"NaN\"", TypeKind::F32), "\"NaN\"");
  EXPECT_EQ(again("\"-Infinity\"", TypeKind::F64), "\"-Infinity\"");
  EXPECT_EQ(again("3.5e38", TypeKind::F32), "expected f32 (a number, \"NaN\", \"Infinity\" or \"-Infinity\"), got number 3.5e+38");
  EXPECT_EQ(again("\"nan\"", TypeKind::F32), "expected f32 (a number, \"NaN\", \"Infinity\" or \"-Infinity\"), got string \"nan\"");
  EXPECT_TRUE(again("1e400", TypeKind::F64).starts_with("not JSON: line 1, column ")) << again("1e400", TypeKind::F64);
}

TEST(Json, ReadsBackEveryFloatThatItWrites) {
  std::mt19937 random(7);
  const TypeTable table;
  const Type f32(table, primitive_type(TypeKind::F32));
  for (int i = 0; i < 200000; i++) {
    const auto bits = static_cast<uint32_t>(random());
    float number = 0;
    std::memcpy(&number, &bits, 4);
    if (number != number) continue;
    const Value value(float{number});
    const auto text = to_json(value, f32);
    ASSERT_TRUE(text);
    const auto read = from_json(*text, f32);
    ASSERT_TRUE(read) << *text;
    ASSERT_EQ(*read, value) << *text;
  }
}

TEST(Json, TakesOneCharacterAsChar) {
  EXPECT_EQ(again("\"☃\"", TypeKind::Char), "\"☃\"");
  EXPECT_EQ(again("\"\\ud83d\\ude00\"", TypeKind::Char), "\"😀\"");
  EXPECT_EQ(again("\"ab\"", TypeKind::Char), "expected char (a string of one character), got string \"ab\"");
  EXPECT_EQ(again("\"\"", TypeKind::Char), "expected char (a string of one character), got string \"\"");
}

TEST(Json, EscapesControlCharacters) {
  EXPECT_EQ(again(R"("a\"b\\c\u0000\n\u007f")", TypeKind::String), R"("a\"b\\c\u0000\n\u007f")");
  EXPECT_TRUE(again("\"\\ud800\"", TypeKind::String).starts_with("not JSON: line 1, column "));
  EXPECT_TRUE(again("\"\xFF\"", TypeKind::String).starts_with("not JSON: line 1, column "));
}

TEST(Json, WritesBytesAsBase64) {
  TypeTable table;
  const TypeIndex bytes = table.add_list(u8);
  EXPECT_EQ(again("\"AAEC/w==\"", table, bytes), "\"AAEC/w==\"");
  EXPECT_EQ(again("\"AAEC/w\"", table, bytes), "expected base64 with padding, got string \"AAEC/w\"");
  EXPECT_EQ(again("[1,2]", table, bytes), "expected list<u8> (a base64 string), got an array of 2");
  EXPECT_EQ(again("[1,2]", table, table.add_fixed_length_list(u8, 2)), "[1,2]");
  EXPECT_EQ(*to_json(Value::sequence({}), Type(table, bytes)), "\"\"");
}

TEST(Json, ReadsListsAndMaps) {
  TypeTable table;
  EXPECT_EQ(again("[1,2,3]", table, table.add_list(u32)), "[1,2,3]");
  EXPECT_EQ(again("[1,\"x\"]", table, table.add_list(u32)), "[1]: expected u32 (0 to 4294967295), got string \"x\"");
  EXPECT_EQ(again("[1,2]", table, table.add_fixed_length_list(u32, 3)), "expected an array of 3, got an array of 2");
  const TypeIndex map = table.add_map(string, u32);
  EXPECT_EQ(again(R"([["a",1],["b",2]])", table, map), R"([["a",1],["b",2]])");
  EXPECT_EQ(again(R"([["a",1],["b"]])", table, map), "[1]: expected a pair [key, value], got an array of 1");
  EXPECT_EQ(again(R"({"a":1})", table, map), "expected map<string, u32> (an array of pairs), got an object with the key \"a\"");
}

TEST(Json, NamesThePlaceInNestedRecords) {
  TypeTable table;
  const TypeIndex inner = table.add_record({{.name = "names", .type = table.add_list(string)}, {.name = "size", .type = table.add_option(u32)}});
  const TypeIndex outer = table.add_record({{.name = "call", .type = inner}});
  EXPECT_EQ(again(R"({"call":{"names":["a"]}})", table, outer), R"({"call":{"names":["a"],"size":null}})");
  EXPECT_EQ(again(R"({"call":{"size":3,"names":[]}})", table, outer), R"({"call":{"names":[],"size":3}})");
  EXPECT_EQ(again(R"({"call":{"names":["a","b","c",5]}})", table, outer), "call.names[3]: expected string, got number 5");
  EXPECT_EQ(again(R"({"call":{}})", table, outer), "call.names: expected list<string>, but it is not there");
  EXPECT_EQ(again(R"({"call":{"names":[],"sise":1}})", table, outer), "call: there is no field \"sise\"; did you mean \"size\"?");
  EXPECT_EQ(again(R"({"call":{"names":[],"names":[]}})", table, outer), "the key \"names\" is there twice");
  EXPECT_EQ(again("[]", table, inner), "expected record { names: list<string>, size: option<u32> } (an object), got an array of 0");
}

TEST(Json, ReadsCases) {
  TypeTable table;
  const TypeIndex variant = table.add_variant({{.name = "empty", .type = std::nullopt}, {.name = "text", .type = string}});
  EXPECT_EQ(again(R"({"empty":null})", table, variant), R"({"empty":null})");
  EXPECT_EQ(again(R"({"text":"x"})", table, variant), R"({"text":"x"})");
  EXPECT_EQ(again(R"({"empty":1})", table, variant), "empty: expected null, for the case has no value, got number 1");
  EXPECT_EQ(again(R"({"text":null})", table, variant), "text: expected string, got null");
  EXPECT_EQ(again(R"({"txt":"x"})", table, variant), "there is no case \"txt\"; did you mean \"text\"?");
  EXPECT_EQ(again(R"({"text":"x","empty":null})", table, variant),
            "expected variant { empty, text(string) } (an object with one key), got an object of 2 keys");
  const TypeIndex result = table.add_result(std::nullopt, string);
  EXPECT_EQ(again(R"({"ok":null})", table, result), R"({"ok":null})");
  EXPECT_EQ(again(R"({"err":"no"})", table, result), R"({"err":"no"})");
  const std::array<std::string, 2> names = {"red", "green"};
  EXPECT_EQ(again("\"green\"", table, table.add_enum(names)), "\"green\"");
  EXPECT_EQ(again("\"grean\"", table, table.add_enum(names)), "expected one of enum { red, green }, got string \"grean\"; did you mean \"green\"?");
}

TEST(Json, TellsTheTwoNonesOfNestedOptionsApart) {
  TypeTable table;
  const TypeIndex nested = table.add_option(table.add_option(u32));
  for (std::string_view text : {"null", R"({"some":null})", R"({"some":5})"}) EXPECT_EQ(again(text, table, nested), text);
  EXPECT_EQ(again("5", table, nested), "expected null or {\"some\": …}, got number 5");
  const TypeIndex deeper = table.add_option(nested);
  EXPECT_EQ(again(R"({"some":{"some":null}})", table, deeper), R"({"some":{"some":null}})");
}

TEST(Json, ReadsFlagsInAnyOrderButOnce) {
  TypeTable table;
  std::vector<std::string> names;
  for (int i = 0; i < 40; i++) names.push_back("f" + std::to_string(i));
  const TypeIndex flags = table.add_flags(names);
  EXPECT_EQ(again(R"(["f39","f0"])", table, flags), R"(["f0","f39"])");
  EXPECT_EQ(again(R"(["f0","f0"])", table, flags), "[1]: the flag \"f0\" is there twice");
  EXPECT_TRUE(again(R"(["f40"])", table, flags).starts_with("[0]: expected one of flags { f0,"));
}

TEST(Json, RefusesResources) {
  TypeTable table;
  const TypeIndex record = table.add_record({{.name = "handle", .type = table.add_own(0)}});
  EXPECT_EQ(again(R"({"handle":1})", table, record), "handle: own<resource> has no JSON form");
  EXPECT_EQ(kind_of(R"({"handle":1})", table, record), ErrorKind::Unsupported);
  const auto state = std::make_shared<int>(1);
  std::vector<Value> fields;
  fields.emplace_back(ResourceAny{state, true});
  const auto written = to_json(Value::sequence(std::move(fields)), Type(table, record));
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().message(), "handle: own<resource> has no JSON form");
}

TEST(Json, RefusesToWriteAValueOfAnotherType) {
  const TypeTable table;
  const auto written = to_json(Value::string("x"), Type(table, u32));
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().message(), "expected u32, got string");
}

TEST(Json, RefusesWhatIsNoJsonWithItsPlace) {
  EXPECT_TRUE(again("[1,\n 2,,]", TypeKind::U32).starts_with("not JSON: line 2, column 4: ")) << again("[1,\n 2,,]", TypeKind::U32);
  for (std::string_view bad : {"", " ", "[", "{\"a\"", "nul", "01", "1 2", "{a:1}", "'x'", "[1,]", "\x00", "// x\n1"}) {
    EXPECT_TRUE(again(bad, TypeKind::U32).starts_with("not JSON: line ")) << bad;
  }
}

TEST(Json, StopsAtItsLimits) {
  TypeTable table;
  const TypeIndex list = table.add_list(u32);
  EXPECT_EQ(kind_of("[1,2,3]", table, list, {.bytes_max = 6}), ErrorKind::LimitExceeded);
  EXPECT_EQ(kind_of("[1,2,3]", table, list, {.values_max = 3}), ErrorKind::LimitExceeded);
  EXPECT_EQ(kind_of(std::string(100000, '['), table, list), ErrorKind::LimitExceeded);
  std::vector<TypeField> fields;
  for (int i = 0; i < 100; i++) fields.push_back({.name = "f" + std::to_string(i), .type = table.add_option(u8)});
  const TypeIndex records = table.add_list(table.add_record(std::move(fields)));
  EXPECT_EQ(kind_of("[{},{},{}]", table, records, {.values_max = 250}), ErrorKind::LimitExceeded);
  TypeIndex deep = u8;
  for (int i = 0; i < 1000; i++) deep = table.add_option(deep);
  EXPECT_EQ(kind_of("null", table, deep), ErrorKind::LimitExceeded);
}

TEST(Json, ReadsTheDeepestTypeThatIsAllowed) {
  TypeTable table;
  TypeIndex deep = u8;
  std::string text = "5";
  for (uint32_t i = 0; i < max_type_depth / 2; i++) {
    deep = table.add_map(u8, deep);
    text = "[[1," + text + "]]";
  }
  ASSERT_EQ(table.node(deep).depth, max_type_depth);
  EXPECT_EQ(again(text, table, deep), text);
}

TEST(JsonArguments, AreTakenByNameOrPosition) {
  TypeTable table;
  const FuncTypeNode func{.params = {{"a", u32}, {"b", string}, {"c", table.add_option(u8)}}};
  const auto read = [&](std::string_view text) -> std::string {
    const auto values = arguments_from_json(text, table, func);
    return values ? std::to_string(values->size()) + (values->back() == Value::none() ? " none" : " some") : values.error().message();
  };
  EXPECT_EQ(read(R"({"b":"x","a":1})"), "3 none");
  EXPECT_EQ(read(R"([1,"x"])"), "3 none");
  EXPECT_EQ(read(R"([1,"x",5])"), "3 some");
  EXPECT_EQ(read(R"([1])"), "b: expected string, but there are only 1 arguments");
  EXPECT_EQ(read(R"([1,"x",5,6])"), "expected 3 arguments, got 4");
  EXPECT_EQ(read(R"({"a":1})"), "b: expected string, but it is not there");
  EXPECT_EQ(read(R"({"a":1,"b":"x","d":1})"), "there is no parameter \"d\"");
  EXPECT_EQ(read(R"({"a":-1,"b":"x"})"), "a: expected u32 (0 to 4294967295), got number -1");
  EXPECT_EQ(read("5"), "expected arguments as an object by name or an array by position, got number 5");
}

TEST(JsonOutcome, TakesApartTheResultAtTheTop) {
  TypeTable table;
  const Type result(table, table.add_result(u32, string));
  const auto outcome = [&](const Value& value, Type type) {
    const auto made = outcome_to_json(&value, type);
    return made ? std::string(made->is_ok ? "ok " : "err ") + made->json : made.error().message();
  };
  EXPECT_EQ(outcome(Value::ok(Value(uint32_t{5})), result), "ok 5");
  EXPECT_EQ(outcome(Value::err(Value::string("no")), result), "err \"no\"");
  EXPECT_EQ(outcome(Value::err(), Type(table, table.add_result(u32, std::nullopt))), "err null");
  EXPECT_EQ(outcome(Value(uint32_t{5}), Type(table, u32)), "ok 5");
  EXPECT_EQ(outcome(Value(uint32_t{5}), result), "expected result<u32, string>, got u32");
  EXPECT_EQ(outcome_to_json(nullptr, std::nullopt)->json, "null");
}

TEST(Json, RoundTripsRandomValuesOfRandomTypes) { wit::expect_round_trips(form, 1); }

}  // namespace
}  // namespace tenon
