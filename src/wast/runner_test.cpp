#include "wast/runner.h"

#include <gtest/gtest.h>
#include <chrono>

#include <memory>
#include <string>

namespace tenon::wast {
namespace {

class Scripts : public testing::Test {
 protected:
  Report run_text(std::string_view text) {
    auto script = Script::parse(text);
    if (!script) {
      ADD_FAILURE() << script.error().message();
      return {};
    }
    return run(engine, *script);
  }

  /// The reason of the one directive that is to fail.
  std::string failure(std::string_view text) {
    const Report report = run_text(text);
    EXPECT_EQ(report.findings.size(), 1);
    return report.findings.size() == 1 ? report.findings[0].reason : "";
  }

  Engine engine = *Engine::create();
};

constexpr std::string_view adder = R"((component
  (core module $m (func (export "f") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1))))
  (core instance $i (instantiate $m))
  (func (export "add") (param "a" u32) (param "b" u32) (result u32) (canon lift (core func $i "f"))))
)";

TEST_F(Scripts, EndAtTheirDeadline) {
  const auto script = Script::parse(R"((module (func (export "spin") (loop (br 0)))) (assert_return (invoke "spin")) (assert_return (invoke "spin")))");
  ASSERT_TRUE(script);
  const Report report = run(engine, *script, std::chrono::steady_clock::now() + std::chrono::milliseconds(50));
  EXPECT_EQ(report.passed, 1);
  EXPECT_EQ(report.failed, 2);
}

TEST_F(Scripts, CountWhatPassed) {
  const Report report = run_text(std::string(adder) + R"((assert_return (invoke "add" (u32.const 1) (u32.const 2)) (u32.const 3)))");
  EXPECT_EQ(report.passed, 2);
  EXPECT_EQ(report.failed, 0);
  EXPECT_EQ(report.not_run, 0);
}

TEST_F(Scripts, FailWhereAResultDiffers) {
  const Report report = run_text(std::string(adder) + R"((assert_return (invoke "add" (u32.const 1) (u32.const 2)) (u32.const 4)))");
  EXPECT_EQ(report.failed, 1);
  ASSERT_EQ(report.findings.size(), 1);
  EXPECT_EQ(report.findings[0].line, 5);
  EXPECT_EQ(report.findings[0].verdict, Verdict::Failed);
}

TEST_F(Scripts, FailWhenATrapDoesNotCome) {
  EXPECT_TRUE(failure(std::string(adder) + R"((assert_trap (invoke "add" (u32.const 1) (u32.const 2)) "x"))").contains("returned"));
}

TEST_F(Scripts, FailWhenATrapHasAnotherReason) {
  const std::string reason = failure(R"((module (func (export "f") unreachable)) (assert_trap (invoke "f") "out of bounds"))");
  EXPECT_TRUE(reason.contains("unreachable")) << reason;
}

TEST_F(Scripts, FailWhenWhatIsInvalidIsValid) { EXPECT_TRUE(failure(R"((assert_invalid (component) "reason"))").contains("is valid")); }

TEST_F(Scripts, FailWhenWhatShouldNotLinkDoes) { EXPECT_TRUE(failure(R"((assert_unlinkable (component) "reason"))").contains("does")); }

TEST_F(Scripts, FailWhenWhatShouldTrapStarts) { EXPECT_TRUE(failure(R"((assert_trap (component) "reason"))").contains("starts")); }

TEST_F(Scripts, FailWhenAFunctionIsMissing) { EXPECT_TRUE(failure(R"((component) (assert_return (invoke "nothing")))").contains("nothing")); }

TEST_F(Scripts, FailWhenTheirArgumentsAreOfAnotherType) {
  EXPECT_EQ(failure(std::string(adder) + R"((assert_return (invoke "add" (str.const "1") (u32.const 2)) (u32.const 3)))"), "expected `u32`, got `string`");
}

TEST_F(Scripts, DoNotRunWhatIsAsynchronous) {
  const Report report = run_text(R"((component (import "f" (func async (result u32))))
(assert_return (invoke "f") (u32.const 1)))");
  EXPECT_EQ(report.failed, 0);
  EXPECT_EQ(report.not_run, 2);
}

TEST_F(Scripts, DoNotRunOnAfterABuiltInThatCannotRun) {
  const Report report = run_text(R"((component
  (core func $new (canon waitable-set.new))
  (core module $m
    (import "" "new" (func $new (result i32)))
    (func (export "f") (result i32) (i32.const 1))
    (func (export "g") (result i32) (call $new)))
  (core instance $i (instantiate $m (with "" (instance (export "new" (func $new))))))
  (func (export "f") (result u32) (canon lift (core func $i "f")))
  (func (export "g") (result u32) (canon lift (core func $i "g"))))
(assert_return (invoke "f") (u32.const 1))
(assert_return (invoke "g") (u32.const 1))
(assert_return (invoke "f") (u32.const 1)))");
  EXPECT_EQ(report.passed, 2);
  EXPECT_EQ(report.failed, 0);
  EXPECT_EQ(report.not_run, 2);
}

TEST_F(Scripts, InvokeInstancesByName) {
  const Report report = run_text(R"(
(component definition $d
  (core module $m (global $n (mut i32) (i32.const 0))
    (func (export "next") (result i32) (global.set $n (i32.add (global.get $n) (i32.const 1))) (global.get $n)))
  (core instance $i (instantiate $m))
  (func (export "next") (result u32) (canon lift (core func $i "next"))))
(component instance $a $d)
(component instance $b $d)
(assert_return (invoke $a "next") (u32.const 1))
(assert_return (invoke $a "next") (u32.const 2))
(assert_return (invoke $b "next") (u32.const 1))
(assert_return (invoke "next") (u32.const 2)))");
  EXPECT_EQ(report.passed, 7);
  EXPECT_TRUE(report.findings.empty());
}

TEST_F(Scripts, RunTheirThreads) {
  const Report report = run_text(R"(
(module)
(thread $t (module (func (export "f") (result i32) (i32.const 1))) (assert_return (invoke "f") (i32.const 2)))
(wait $t))");
  EXPECT_EQ(report.passed, 4);
  EXPECT_EQ(report.failed, 1);
}

TEST_F(Scripts, MatchTrapsAsTheReferenceRunnerDoes) {
  EXPECT_TRUE(is_expected_trap("unreachable", "wasm `unreachable` instruction executed"));
  EXPECT_TRUE(is_expected_trap("wasm trap: out of bounds", "out of bounds memory access"));
  EXPECT_TRUE(is_expected_trap("uninitialized element 2", "uninitialized element"));
  EXPECT_TRUE(is_expected_trap("cannot write to a closed stream", "cannot write after that"));
  EXPECT_FALSE(is_expected_trap("out of bounds memory access", "unreachable"));
}

}  // namespace
}  // namespace tenon::wast
