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

TEST_F(Scripts, FailWhereNoResultWouldDo) {
  const std::string reason = failure(R"((module (func (export "f") (result i32) (i32.const 1))) (assert_return (invoke "f") (either)))");
  EXPECT_TRUE(reason.contains("either")) << reason;
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

constexpr std::string_view thrower = R"((module
  (tag $e (param i32))
  (func (export "throw") (throw $e (i32.const 1)))
  (func (export "trap") unreachable)
  (func (export "return")))
)";

TEST_F(Scripts, TellExceptionsFromTrapsAndResults) {
  const Report report = run_text(std::string(thrower) + R"((assert_exception (invoke "throw"))
(assert_trap (invoke "throw") "uncaught exception")
(assert_exception (invoke "throw")))");
  EXPECT_EQ(report.passed, 4);
  EXPECT_TRUE(report.findings.empty());
  EXPECT_EQ(failure(std::string(thrower) + R"((assert_exception (invoke "return")))"), "expected an exception, but it returned");
  EXPECT_TRUE(failure(std::string(thrower) + R"((assert_exception (invoke "trap")))").contains("unreachable"));
  EXPECT_TRUE(failure(std::string(thrower) + R"((assert_exception (invoke "nothing")))").contains("nothing"));
}

TEST_F(Scripts, TakeAnExceptionThatLeavesAComponentForATrap) {
  constexpr std::string_view component = R"((component
    (core module $m (tag $e) (func (export "f") (throw $e)))
    (core instance $i (instantiate $m))
    (func (export "f") (canon lift (core func $i "f"))))
)";
  EXPECT_TRUE(run_text(std::string(component) + R"((assert_trap (invoke "f") "uncaught exception"))").findings.empty());
  EXPECT_TRUE(failure(std::string(component) + R"((assert_exception (invoke "f")))").contains("uncaught exception"));
}

TEST_F(Scripts, RunModulesWithCustomSections) {
  const Report report = run_text(R"w((module (@custom "a" (before first) "x") (func (export "f")) (@custom "b" "y")) (assert_return (invoke "f"))
(assert_malformed_custom (module quote "(@custom)") "x")
(assert_invalid_custom (module (@custom "a" "x")) "x"))w");
  EXPECT_EQ(report.passed, 2);
  EXPECT_EQ(report.failed, 0);
  ASSERT_EQ(report.findings.size(), 2);
  EXPECT_EQ(report.findings[0].reason, "assert_malformed_custom is not judged");
  EXPECT_EQ(report.findings[1].reason, "assert_invalid_custom is not judged");
}

TEST_F(Scripts, SwitchProposalsAsTheySay) {
  constexpr std::string_view map = R"((component (import "f" (func (result (map u32 u32))))))";
  const std::string refused = "(assert_invalid " + std::string(map) + " \"require the component model map feature\")";
  EXPECT_TRUE(run_text(";;! component_model_map = false\n" + refused).findings.empty());
  EXPECT_TRUE(failure(refused).contains("is valid"));
  const Report report = run_text(";;! component_model_map = false\n(component definition (type (map u32 u32)))");
  EXPECT_EQ(report.not_run, 1);
  constexpr std::string_view wide = R"((module (memory i64 1)))";
  EXPECT_TRUE(run_text(wide).findings.empty());
  EXPECT_EQ(run_text(";;! memory64 = false\n" + std::string(wide)).passed, 0);
  EXPECT_TRUE(run_text(R"(;;! nan_canonicalization = true
(module (func (export "f") (param f32 f32) (result i32) (i32.reinterpret_f32 (f32.div (local.get 0) (local.get 1)))))
(assert_return (invoke "f" (f32.const 0) (f32.const 0)) (i32.const 0x7fc00000)))")
                  .findings.empty());
}

TEST_F(Scripts, DoNotBlameWhatBuildsOnACallThatWasNotRun) {
  const Report report = run_text(R"((module (global $n (mut i32) (i32.const 0))
  (func (export "set") (param externref) (global.set $n (i32.const 1)))
  (func (export "get") (result i32) (global.get $n)))
(assert_return (invoke "get") (i32.const 0))
(invoke "set" (ref.extern 1))
(assert_return (invoke "get") (i32.const 1))
(assert_return (invoke "get") (i32.const 0)))");
  EXPECT_EQ(report.passed, 3);
  EXPECT_EQ(report.failed, 0);
  ASSERT_EQ(report.findings.size(), 2);
  EXPECT_EQ(report.findings[1].reason, "line 5 was not run: values of type externref are not passed");
}

TEST_F(Scripts, ShareMemoriesBetweenThreadsThatSayThreads) {
  constexpr std::string_view shared = R"(
(module $Mem (memory (export "shared") 1 1 shared) (func (export "own") (result i32) (i32.const 1)))
(thread $t (shared (module $Mem))
  (register "mem" $Mem)
  (module (memory (import "mem" "shared") 1 1 shared) (func (export "run") (i32.atomic.store (i32.const 0) (i32.const 42))))
  (invoke "run")
  (assert_unlinkable (module (import "mem" "own" (func))) "unknown import")
  (assert_return (invoke "run")))
(wait $t)
(module (memory (import "Mem" "shared") 1 1 shared) (func (export "get") (result i32) (i32.atomic.load (i32.const 0))))
(assert_return (invoke "get") (i32.const 42))
)";
  const Report report = run_text(";;! threads = true" + std::string(shared));
  EXPECT_EQ(report.passed, 10);
  EXPECT_TRUE(report.findings.empty()) << report.findings[0].line << ": " << report.findings[0].reason;
  EXPECT_GT(run_text(shared).failed, 0) << "no shared memory without that setting";
}

TEST_F(Scripts, GoOnWithoutAThreadThatWaitsForEver) {
  // On a slow machine the time may be over before the guest waits; then it is ended like any other.
  const auto run_for_a_moment = [this](std::string_view text) {
    auto script = Script::parse(text);
    EXPECT_TRUE(script) << script.error().message();
    return script ? run(engine, *script, std::chrono::steady_clock::now() + std::chrono::milliseconds(200)) : Report();
  };
  const Report report = run_for_a_moment(R"(;;! threads = true
(module $Mem (memory (export "shared") 1 1 shared))
(thread $t (shared (module $Mem))
  (register "mem" $Mem)
  (module (memory (import "mem" "shared") 1 1 shared)
    (func (export "wait") (drop (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const -1)))))
  (assert_return (invoke "wait")))
(wait $t)
)");
  EXPECT_EQ(report.passed + report.failed, 6);
  EXPECT_GE(report.passed, 3) << "the module, the thread, the wait";
  EXPECT_GE(report.failed, 1) << "what the thread waits in";
  const Report alone = run_for_a_moment(R"(;;! threads = true
(module (memory 1 1 shared) (func (export "wait") (drop (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const -1)))))
(assert_return (invoke "wait")))");
  EXPECT_EQ(alone.passed + alone.failed, 2);
  EXPECT_GE(alone.failed, 1);
}

TEST_F(Scripts, RunCanonicalOptionsForGarbageCollectedValuesWithoutValues) {
  constexpr std::string_view nothing = R"((component
  (core module $m (func (export "f")))
  (core instance $i (instantiate $m))
  (func (export "f") (canon lift (core func $i "f") gc)))
(assert_return (invoke "f"))
)";
  EXPECT_TRUE(run_text(";;! component_model_gc = true\n" + std::string(nothing)).findings.empty());
  EXPECT_EQ(run_text(nothing).not_run, 2);
  const Report report = run_text(R"(;;! component_model_gc = true
(component definition
  (core module $m (func (export "f") (param i32)))
  (core instance $i (instantiate $m))
  (func (export "f") (param "a" u32) (canon lift (core func $i "f") gc))))");
  EXPECT_EQ(report.passed, 0);
  EXPECT_EQ(report.not_run, 1) << report.findings[0].reason;
}

TEST_F(Scripts, CollectGarbageWhenTheyAsk) {
  EXPECT_TRUE(run_text(R"((module (import "wasmtime" "gc" (func $gc)) (type $s (struct))
  (func (export "f") (result i32) (local $l (ref null $s)) (local.set $l (struct.new $s)) (call $gc) (i32.eqz (ref.is_null (local.get $l)))))
(assert_return (invoke "f") (i32.const 1)))")
                  .findings.empty());
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
