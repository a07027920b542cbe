#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "tenon/types.h"
#include "tenon/value_text.h"

namespace tenon {
namespace {

/// The parts of a call: "name | wave | arguments", or why it is refused.
std::string parts(std::string_view text) {
  const auto call = parse_call(text);
  if (!call) return call.error().message();
  return call->function + " | " + (call->form == CallText::Form::Wave ? "wave" : "json") + " | " + call->arguments;
}

TEST(CallText, IsTakenApart) {
  EXPECT_EQ(parts("add(1, 2)"), "add | wave | 1, 2");
  EXPECT_EQ(parts("  add ( 1, 2 )  "), "add | wave |  1, 2 ");
  EXPECT_EQ(parts("run()"), "run | wave | ");
  EXPECT_EQ(parts("run"), "run | wave | ");
  EXPECT_EQ(parts("wasi:cli/run@0.2.6/run()"), "wasi:cli/run@0.2.6/run | wave | ");
  EXPECT_EQ(parts("[method]counter.get(1)"), "[method]counter.get | wave | 1");
  EXPECT_EQ(parts("a:b/c/[constructor]counter()"), "a:b/c/[constructor]counter | wave | ");
  EXPECT_EQ(parts("f((1, 2), \")\", ')')"), "f | wave | (1, 2), \")\", ')'");
  EXPECT_EQ(parts("f(1 // )\n)"), "f | wave | 1 // )\n");
  EXPECT_EQ(parts("add {\"a\": 1}"), "add | json | {\"a\": 1}");
  EXPECT_EQ(parts("add{\"a\": 1}"), "add | json | {\"a\": 1}");
  EXPECT_EQ(parts("add [1, 2]"), "add | json | [1, 2]");
  EXPECT_EQ(parts("add[1, 2]"), "add | json | [1, 2]");
}

TEST(CallText, RefusesWhatIsNoCall) {
  EXPECT_EQ(parts(""), "expected the name of a function, got \"\"");
  EXPECT_EQ(parts("(1)"), "expected the name of a function, got \"(1)\"");
  EXPECT_EQ(parts("f(1"), "the call has no closing \")\"");
  EXPECT_EQ(parts("f(1) g()"), "expected nothing behind the call, got \"g()\"");
  EXPECT_EQ(parts("f 1"), "expected \"(\" with arguments in WAVE, or a JSON object or array, got \"1\"");
  EXPECT_EQ(parts("f(\xFF)"), "the call is not UTF-8");
  EXPECT_EQ(parts("f(\")"), "line 1, column 2: the string has no closing \"");
}

TEST(CallArguments, AreReadInTheFormTheyWereTypedIn) {
  TypeTable table;
  const FuncTypeNode func{.params = {{"a", primitive_type(TypeKind::U32)}, {"b", table.add_option(primitive_type(TypeKind::String))}}};
  const auto count = [&](std::string_view text) -> std::string {
    const auto call = parse_call(text);
    if (!call) return call.error().message();
    const auto values = arguments_from_call(*call, table, func);
    return values ? std::to_string(values->size()) : values.error().message();
  };
  EXPECT_EQ(count("f(1, \"x\")"), "2");
  EXPECT_EQ(count("f(1, some(\"x\"),)"), "2");
  EXPECT_EQ(count("f(1)"), "2");
  EXPECT_EQ(count("f {\"a\": 1}"), "2");
  EXPECT_EQ(count("f()"), "a: expected u32, but there are only 0 of 2 arguments");
  EXPECT_EQ(count("f(1, \"x\", 2)"), "line 1, column 9: expected 2 arguments, got more");
  EXPECT_EQ(count("f(,)"), "line 1, column 1: a: expected u32 (0 to 4294967295), got \",\"");
  EXPECT_EQ(count("f(1 2)"), "line 1, column 3: a: expected \",\" or \")\", got number 2");
}

}  // namespace
}  // namespace tenon
