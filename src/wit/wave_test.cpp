#include <gtest/gtest.h>

#include <array>
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
constexpr TypeIndex string = primitive_type(TypeKind::String);

const wit::TextForm form{.read = [](std::string_view text, Type type) { return from_wave(text, type); },
                         .write = [](const Value& value, Type type) { return to_wave(value, type); }};

std::string again(std::string_view text, const TypeTable& table, TypeIndex type) { return wit::read_and_write(form, text, table, type); }
std::string again(std::string_view text, TypeKind kind) { return again(text, TypeTable(), primitive_type(kind)); }

void expect_refused(const TypeTable& table, TypeIndex type, std::initializer_list<std::string_view> texts) {
  for (std::string_view text : texts) {
    const auto value = from_wave(text, Type(table, type));
    EXPECT_FALSE(value) << text << " as " << to_string(Type(table, type));
    if (!value) {
      EXPECT_EQ(value.error().kind(), ErrorKind::InvalidInput) << text;
    }
  }
}

TEST(Wave, ReadsAndWritesNumbers) {
  EXPECT_EQ(again("true", TypeKind::Bool), "true");
  EXPECT_EQ(again("-128", TypeKind::S8), "-128");
  EXPECT_EQ(again("18446744073709551615", TypeKind::U64), "18446744073709551615");
  EXPECT_EQ(again("3.14", TypeKind::F32), "3.14");
  EXPECT_EQ(again("6.022e+23", TypeKind::F64), "6.022e+23");
  EXPECT_EQ(again("1", TypeKind::F64), "1");
  EXPECT_EQ(again("-0", TypeKind::F64), "-0");
  EXPECT_EQ(again("nan", TypeKind::F32), "nan");
  EXPECT_EQ(again("-inf", TypeKind::F64), "-inf");
  EXPECT_EQ(again("1e-400", TypeKind::F64), "0");
  EXPECT_EQ(again("-0.0000e5", TypeKind::F32), "-0");
  EXPECT_EQ(again("256", TypeKind::U8), "line 1, column 1: expected u8 (0 to 255), got number 256");
  const TypeTable table;
  expect_refused(table, u8, {"-1", "+1", "01", "1.0", "1e1", "0x10", "1_0", "\"1\"", "", "nan", "99999999999999999999999", "1 2", "1,", "--1", "-"});
  expect_refused(table, primitive_type(TypeKind::F32), {"-nan", "NaN", "infinity", "Infinity", "-infinity", "INF", "1.", ".5", "1e", "inf2", "-inf-a"});
  EXPECT_EQ(again("3.5e38", TypeKind::F32), "inf");
  EXPECT_EQ(again("-1e999999999999999999999", TypeKind::F64), "-inf");
  expect_refused(table, primitive_type(TypeKind::Bool), {"1", "True", "%true", "\"true\"", "truefalse"});
}

TEST(Wave, ReadsChars) {
  EXPECT_EQ(again("'x'", TypeKind::Char), "'x'");
  EXPECT_EQ(again("'☃'", TypeKind::Char), "'☃'");
  EXPECT_EQ(again("'\\''", TypeKind::Char), "'\\''");
  EXPECT_EQ(again("'\"'", TypeKind::Char), "'\\\"'");
  EXPECT_EQ(again("'\\u{0}'", TypeKind::Char), "'\\u{0}'");
  EXPECT_EQ(again("'\\u{1F600}'", TypeKind::Char), "'😀'");
  expect_refused(TypeTable(), primitive_type(TypeKind::Char),
                 {"''",
                  "'ab'",
                  "'☃☃'",
                  "'\\n\\n'",
                  "'\\z'",
                  "'\\x1f'",
                  "'\\u1f'",
                  "'\\u{1f'",
                  "'\\u1f}'",
                  "'\\u{}'",
                  "'\\u{x}'",
                  "'\\u{12345678}'",
                  "'\\u{110000}'",
                  "'\\u{D800}'",
                  "'\\u{DFFF}'",
                  "'",
                  "x'",
                  "'x",
                  "'\\'",
                  "'''",
                  "'\n'",
                  "\"x\""});
}

TEST(Wave, ReadsStrings) {
  EXPECT_EQ(again("\"abc\\t123\"", TypeKind::String), "\"abc\\t123\"");
  EXPECT_EQ(again("\"it's // no comment\"", TypeKind::String), "\"it\\'s // no comment\"");
  EXPECT_EQ(again("\"\"", TypeKind::String), "\"\"");
  EXPECT_EQ(again("\"a\\u{2028}\\u{202e}\\u{7f}\\u{9b}z\"", TypeKind::String), "\"a\\u{2028}\\u{202e}\\u{7f}\\u{9b}z\"");
  expect_refused(TypeTable(), string,
                 {"\"\\u{d800}\"", "\"\\u{110000}\"", "\"\\u{ffffffff}\"", "\"\\u{-1}\"", "\"\\u{+1}\"", "\"\"\"", "\"\\\"", "\"\n\"", "\"", "abc", "'abc'",
                  "\"a\" \"b\"", "\"\\q\"", "\"\xFF\""});
}

TEST(Wave, ReadsMultilineStrings) {
  EXPECT_EQ(again("\"\"\"\nA single line\n\"\"\"", TypeKind::String), "\"A single line\"");
  EXPECT_EQ(again("\"\"\"\n    Indentation determined\n      by ending delimiter\n  \"\"\"", TypeKind::String),
            "\"  Indentation determined\\n    by ending delimiter\"");
  EXPECT_EQ(again("\"\"\"\n  end of line: \\r\n  quotes: \"\"\\\"\"\n  \"\"\"", TypeKind::String), "\"end of line: \\r\\nquotes: \\\"\\\"\\\"\\\"\"");
  EXPECT_EQ(again("\"\"\"\r\na\r\nb\r\n\"\"\"", TypeKind::String), "\"a\\nb\"");
  EXPECT_EQ(again("\"\"\"\n\"\"\"", TypeKind::String), "\"\"");
  EXPECT_EQ(again("\"\"\"\n\n\"\"\"", TypeKind::String), "\"\"");
  EXPECT_EQ(again("\"\"\"\n\n\n\"\"\"", TypeKind::String), "\"\\n\"");
  expect_refused(TypeTable(), string,
                 {"\"\"\"a\n\"\"\"", "\"\"\"\na\"\"\"", "\"\"\"\na\n  \"\"\"", "\"\"\"\n", "\"\"\"\"\"\"", "\"\"\" \n\"\"\"", "\"\"\"\n\\q\n\"\"\""});
}

TEST(Wave, ReadsListsTuplesAndMaps) {
  TypeTable table;
  const TypeIndex list = table.add_list(u8);
  EXPECT_EQ(again("[1,2 , 3,]", table, list), "[1, 2, 3]");
  EXPECT_EQ(again("[]", table, list), "[]");
  expect_refused(table, list, {"[1,,]", "[,1]", "[,]", "[", "[)", "(]", "[1 2]", "[1", "1]", "(1,2)", "[1]]", "[256]"});
  EXPECT_EQ(again("[1, 2, x]", table, list), "line 1, column 8: [2]: expected u8 (0 to 255), got x");
  const std::array members = {string, u8};
  const TypeIndex tuple = table.add_tuple(members);
  EXPECT_EQ(again("(\"abc\",123,)", table, tuple), "(\"abc\", 123)");
  expect_refused(table, tuple, {"()", "(\"a\")", "(\"a\", 1, 2)", "[\"a\", 1]", "(,)", "(\"a\",, 1)", "\"a\", 1"});
  EXPECT_EQ(again("[(\"a\", 1)]", table, table.add_map(string, u8)), "[(\"a\", 1)]");
  EXPECT_EQ(again("[1, 2]", table, table.add_fixed_length_list(u8, 3)), "line 1, column 1: expected 3 elements, got 2");
}

TEST(Wave, ReadsRecordsInAnyOrder) {
  TypeTable table;
  const TypeIndex record = table.add_record({{.name = "must-have", .type = u8}, {.name = "optional", .type = table.add_option(u8)}});
  EXPECT_EQ(again("{must-have: 123}", table, record), "{must-have: 123}");
  EXPECT_EQ(again("{optional: none, must-have: 123,}", table, record), "{must-have: 123}");
  EXPECT_EQ(again("{%optional: 4, %must-have: 1}", table, record), "{must-have: 1, optional: some(4)}");
  EXPECT_EQ(again("{ // first\n  must-have: 1, // second\n}", table, record), "{must-have: 1}");
  expect_refused(
      table, record,
      {"{}", "{:}", "{optional: none}", "{must-have: 0, must-have: 0}", "{must-have: 0,, }", "{, must-have: 0}", "{must-have: 0 optional: 1}", "{must-have 0}",
       "{must-have: 0", "// {must-have: 1}", "(1)", "{must-have}", "{must-have: }", "{must-have: 0, other: 1}", "{\"must-have\": 0}"});
  EXPECT_EQ(again("{must-hav: 1}", table, record), "line 1, column 2: there is no field \"must-hav\"; did you mean \"must-have\"?");
  EXPECT_EQ(again("{must-have: 1,\n optional: x}", table, record), "line 2, column 12: optional: expected u8 (0 to 255), got x");
  const TypeIndex all_optional = table.add_record({{.name = "optional", .type = table.add_option(u8)}});
  EXPECT_EQ(again("{:}", table, all_optional), "{:}");
  expect_refused(table, all_optional, {"{}", "{:,}", "{::}"});
}

TEST(Wave, WantsAPercentSignForKeywords) {
  TypeTable table;
  const TypeIndex variant =
      table.add_variant({{.name = "empty", .type = std::nullopt}, {.name = "err", .type = string}, {.name = "none", .type = std::nullopt}});
  EXPECT_EQ(again("empty", table, variant), "empty");
  EXPECT_EQ(again("%empty", table, variant), "empty");
  EXPECT_EQ(again("%err(\"oops\")", table, variant), "%err(\"oops\")");
  EXPECT_EQ(again("%none", table, variant), "%none");
  EXPECT_EQ(again("none", table, variant), "line 1, column 1: the case \"none\" is a keyword and is written %none");
  EXPECT_EQ(again("emty", table, variant), "line 1, column 1: expected variant { empty, err(string), none }, got emty; did you mean \"empty\"?");
  EXPECT_EQ(again("%err", table, variant), "line 1, column 1: %err needs a value: %err(string)");
  expect_refused(table, variant,
                 {"empty()", "empty(1)", "%err()", "%err(1)", "%err(\"a\", \"b\")", "%err(\"a\"", "%", "%%empty", "Empty", "em pty", "-empty", "empty-"});
  const std::array<std::string, 2> names = {"ok", "not-found"};
  const TypeIndex status = table.add_enum(names);
  EXPECT_EQ(again("%ok", table, status), "%ok");
  EXPECT_EQ(again("not-found", table, status), "not-found");
  expect_refused(table, status, {"ok", "true", "not-found()", "\"ok\"", "0"});
}

TEST(Wave, LetsSomeAndOkBeLeftOutWhereThatIsClear) {
  TypeTable table;
  const TypeIndex option = table.add_option(u8);
  EXPECT_EQ(again("5", table, option), "some(5)");
  EXPECT_EQ(again("some(5)", table, option), "some(5)");
  EXPECT_EQ(again("none", table, option), "none");
  expect_refused(table, option, {"some", "some()", "some(some)", "some(some())", "some(some(0))", "none()", "some(none())", "none(0)", "%none", "ok(1)"});
  const TypeIndex nested = table.add_option(option);
  EXPECT_EQ(again("some(none)", table, nested), "some(none)");
  EXPECT_EQ(again("some(5)", table, nested), "some(some(5))");
  expect_refused(table, nested, {"5"});
  const TypeIndex result = table.add_result(u8, string);
  EXPECT_EQ(again("5", table, result), "ok(5)");
  EXPECT_EQ(again("err(\"oops\")", table, result), "err(\"oops\")");
  expect_refused(table, result, {"ok", "ok()", "o(0)", "err", "err()", "e(0)", "\"oops\""});
  const TypeIndex bare = table.add_result(std::nullopt, std::nullopt);
  EXPECT_EQ(again("ok", table, bare), "ok");
  EXPECT_EQ(again("err", table, bare), "err");
  expect_refused(table, bare, {"ok()", "ok(0)", "err(0)", "1", "none"});
  const TypeIndex some_variant = table.add_option(table.add_variant({{.name = "some", .type = std::nullopt}, {.name = "x", .type = std::nullopt}}));
  EXPECT_EQ(again("x", table, some_variant), "some(x)");
  EXPECT_EQ(again("%some", table, some_variant), "some(%some)");
}

TEST(Wave, ReadsFlagsInAnyOrderButOnce) {
  TypeTable table;
  const std::array<std::string, 4> names = {"read", "write", "exec", "ok"};
  const TypeIndex flags = table.add_flags(names);
  EXPECT_EQ(again("{write, read,}", table, flags), "{read, write}");
  EXPECT_EQ(again("{}", table, flags), "{}");
  EXPECT_EQ(again("{ok, %exec}", table, flags), "{exec, ok}");
  EXPECT_EQ(again("{read, wirte}", table, flags), "line 1, column 8: there is no flag \"wirte\"; did you mean \"write\"?");
  expect_refused(table, flags, {"{read, read}", "{read, %read}", "{:}", "{read: true}", "{read write}", "{,}", "read", "[read]"});
}

TEST(Wave, RefusesResources) {
  TypeTable table;
  const auto value = from_wave("[1]", Type(table, table.add_list(table.add_borrow(0))));
  ASSERT_FALSE(value);
  EXPECT_EQ(value.error().message(), "[0]: borrow<resource> has no WAVE form");
  EXPECT_EQ(value.error().kind(), ErrorKind::Unsupported);
}

TEST(Wave, StopsAtItsLimits) {
  TypeTable table;
  const Type list(table, table.add_list(u8));
  EXPECT_EQ(from_wave("[1, 2]", list, {.bytes_max = 5}).error().kind(), ErrorKind::LimitExceeded);
  EXPECT_EQ(from_wave("[1, 2, 3]", list, {.values_max = 3}).error().kind(), ErrorKind::LimitExceeded);
  std::vector<TypeField> fields;
  for (int i = 0; i < 100; i++) fields.push_back({.name = "f" + std::to_string(i), .type = table.add_option(u8)});
  const Type records(table, table.add_list(table.add_record(std::move(fields))));
  EXPECT_EQ(from_wave("[{:},{:},{:}]", records, {.values_max = 250}).error().kind(), ErrorKind::LimitExceeded);
  EXPECT_EQ(from_wave(std::string(1000000, '['), list).error().kind(), ErrorKind::InvalidInput);
}

TEST(Wave, RoundTripsRandomValuesOfRandomTypes) { wit::expect_round_trips(form, 2); }

}  // namespace
}  // namespace tenon
