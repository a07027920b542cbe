#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

#include "component/wat.h"
#include "tenon/engine.h"
#include "tenon/wasi.h"

namespace tenon::wasi {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view guest = R"((component
  (import "wasi:io/error@0.2.6" (instance $errors (export "error" (type (sub resource)))))
  (alias export $errors "error" (type $error))
  (import "wasi:io/poll@0.2.6" (instance $poll
    (export "pollable" (type $pollable (sub resource)))
    (export "[method]pollable.block" (func (param "self" (borrow $pollable))))))
  (alias export $poll "pollable" (type $pollable))
  (import "wasi:io/streams@0.2.6" (instance $streams
    (alias outer 1 $error (type $e'))
    (export "error" (type $e (eq $e')))
    (type $stream-error' (variant (case "last-operation-failed" (own $e)) (case "closed")))
    (export "stream-error" (type $stream-error (eq $stream-error')))
    (export "output-stream" (type $out (sub resource)))
    (export "[method]output-stream.blocking-write-and-flush"
      (func (param "self" (borrow $out)) (param "contents" (list u8)) (result (result (error $stream-error)))))))
  (alias export $streams "output-stream" (type $out))
  (import "wasi:cli/stdout@0.2.6" (instance $stdout
    (alias outer 1 $out (type $o'))
    (export "output-stream" (type $o (eq $o')))
    (export "get-stdout" (func (result (own $o))))))
  (import "wasi:cli/exit@0.2.6" (instance $exits (export "exit-with-code" (func (param "status-code" u8)))))
  (import "wasi:clocks/monotonic-clock@0.2.6" (instance $clock
    (alias outer 1 $pollable (type $p'))
    (export "pollable" (type $p (eq $p')))
    (export "subscribe-duration" (func (param "when" u64) (result (own $p))))))
  (core module $libc (memory (export "memory") 1) (data (i32.const 100) "hello\n"))
  (core instance $libc (instantiate $libc))
  (core func $block (canon lower (func $poll "[method]pollable.block")))
  (core func $write (canon lower (func $streams "[method]output-stream.blocking-write-and-flush") (memory $libc "memory")))
  (core func $stdout' (canon lower (func $stdout "get-stdout")))
  (core func $exit (canon lower (func $exits "exit-with-code")))
  (core func $after (canon lower (func $clock "subscribe-duration")))
  (core module $m
    (import "libc" "memory" (memory 1))
    (import "" "block" (func $block (param i32)))
    (import "" "write" (func $write (param i32 i32 i32 i32)))
    (import "" "stdout" (func $stdout (result i32)))
    (import "" "exit" (func $exit (param i32)))
    (import "" "after" (func $after (param i64) (result i32)))
    (func $print (call $write (call $stdout) (i32.const 100) (i32.const 6) (i32.const 16)))
    (func (export "run") (result i32) BODY))
  (core instance $i (instantiate $m (with "libc" (instance $libc)) (with "" (instance
    (export "block" (func $block)) (export "write" (func $write)) (export "stdout" (func $stdout')) (export "exit" (func $exit))
    (export "after" (func $after))))))
  (func $run (result (result)) (canon lift (core func $i "run")))
  (instance $run' (export "run" (func $run)))
  (export "wasi:cli/run@0.2.6" (instance $run'))))";

const Engine& engine() {
  static const Engine made = Engine::create().value();
  return made;
}

/// A command whose `run` has this body.
Command command(std::string_view body) {
  std::string text(guest);
  text.replace(text.find("BODY"), 4, body);
  return Command::create(engine(), component::component_of(engine(), text).value()).value();
}

RunOptions granted(std::vector<std::string> grants) {
  RunOptions options;
  options.rules = policy::rules_from_grants(grants).value();
  return options;
}

policy::Receipt receipt_of(const RunResult& result) { return result.receipt.value(); }

TEST(Commands, EndWithTheirOwnStatus) {
  const auto options = granted({"command"});
  for (const auto& [body, status] : std::vector<std::pair<std::string, int>>{
           {"(i32.const 0)", 0}, {"(i32.const 1)", 1}, {"(call $exit (i32.const 0)) (i32.const 1)", 0}, {"(call $exit (i32.const 42)) (i32.const 0)", 42}}) {
    const RunResult result = command(body).run(options);
    EXPECT_FALSE(result.error) << result.error->message();
    EXPECT_EQ(result.exit_status, status);
    EXPECT_TRUE(result.receipt);
  }
}

TEST(Commands, RunAgainAndAgainAndSideBySide) {
  const Command hello = command("(call $print) (i32.const 0)");
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; i++) {
    threads.emplace_back([&hello] {
      for (int j = 0; j < 20; j++) {
        const auto output = std::make_shared<std::string>();
        RunOptions options;
        options.config = std::make_shared<Config>(Config{.standard_output = {.kind = Stdio::Kind::Memory, .bytes = output}});
        EXPECT_FALSE(hello.run(options).error);
        EXPECT_EQ(*output, "hello\n");
      }
    });
  }
  for (std::thread& each : threads) each.join();
}

TEST(Commands, LeaveAReceiptWhenTheyTrap) {
  const RunResult result = command("(call $print) unreachable").run({});
  ASSERT_TRUE(result.error);
  EXPECT_EQ(result.error->kind(), ErrorKind::Trap);
  EXPECT_EQ(receipt_of(result).outcome.reason, policy::Reason::Unreachable);
  EXPECT_EQ(receipt_of(result).bytes_out, 6);
}

TEST(Commands, AreEndedByTheirBudget) {
  RunOptions options;
  options.limits.bytes_out = 100;
  const RunResult endless = command("(loop (call $print) (br 0)) unreachable").run(options);
  ASSERT_TRUE(endless.error);
  EXPECT_EQ(endless.error->kind(), ErrorKind::LimitExceeded);
  EXPECT_EQ(receipt_of(endless).outcome.reason, policy::Reason::BytesOut);
  EXPECT_EQ(receipt_of(endless).bytes_out, 100);
  RunOptions timed;
  timed.limits.time = 30ms;
  for (const std::string body :
       {"(loop (br 0)) unreachable", "(call $block (call $after (i64.const -1))) (i32.const 0)", "(loop (call $print) (br 0)) unreachable"}) {
    const RunResult result = command(body).run(timed);
    ASSERT_TRUE(result.error);
    EXPECT_EQ(result.error->kind(), ErrorKind::Timeout);
    EXPECT_EQ(receipt_of(result).outcome.reason, policy::Reason::Deadline);
  }
}

TEST(Commands, AreStoppedFromAnotherThread) {
  for (const std::string body : {"(loop (br 0)) unreachable", "(call $block (call $after (i64.const -1))) (i32.const 0)"}) {
    std::stop_source stop;
    RunOptions options;
    options.stop = stop.get_token();
    std::thread other([&stop] {
      std::this_thread::sleep_for(20ms);
      stop.request_stop();
    });
    const RunResult result = command(body).run(options);
    other.join();
    ASSERT_TRUE(result.error);
    EXPECT_EQ(result.error->kind(), ErrorKind::Timeout);
    EXPECT_EQ(receipt_of(result).outcome.reason, policy::Reason::Cancelled);
  }
}

TEST(Commands, WriteToAPipeToTheEndAndToAClosedOneWithoutASignal) {
  ASSERT_NE(signal(SIGPIPE, SIG_DFL), SIG_ERR);
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
  RunOptions options;
  options.config = std::make_shared<Config>(Config{.standard_output = {.kind = Stdio::Kind::Descriptor, .descriptor = ends[1]}});
  const Command hello = command("(call $print) (i32.load8_u (i32.const 16))");
  EXPECT_EQ(hello.run(options).exit_status, 0);
  char buffer[16];
  EXPECT_EQ(read(ends[0], buffer, sizeof buffer), 6);
  close(ends[0]);
  // The guest gets the error, and says that it failed.
  const RunResult result = hello.run(options);
  EXPECT_FALSE(result.error);
  EXPECT_EQ(result.exit_status, 1);
  close(ends[1]);
}

TEST(Commands, MayNotEndThemselvesWithoutAGrant) {
  const RunResult result = command("(call $exit (i32.const 3)) (i32.const 0)").run({});
  ASSERT_TRUE(result.error);
  EXPECT_EQ(result.error->kind(), ErrorKind::Denied);
  EXPECT_EQ(receipt_of(result).count(policy::Verdict::Denied), 1);
}

TEST(Commands, AreRefusedWithAllImportsThatAreNotGranted) {
  const auto component = component::component_of(engine(), R"wat((component
    (import "wasi:random/random@0.2.6" (instance (export "get-random-u64" (func (result u64)))))
    (import "wasi:random/insecure@0.2.6" (instance (export "get-insecure-random-u64" (func (result u64)))))
    (core module $m (func (export "run") (result i32) (i32.const 0)))
    (core instance $i (instantiate $m))
    (func $run (result (result)) (canon lift (core func $i "run")))
    (instance $run' (export "run" (func $run)))
    (export "wasi:cli/run@0.2.6" (instance $run'))))wat");
  const Command made = Command::create(engine(), component.value()).value();
  const RunResult result = made.run({});
  ASSERT_TRUE(result.error);
  EXPECT_EQ(result.error->kind(), ErrorKind::Denied);
  EXPECT_NE(result.error->message().find("random:secure"), std::string::npos);
  EXPECT_NE(result.error->message().find("random:insecure"), std::string::npos);
  EXPECT_EQ(receipt_of(result).outcome.reason, policy::Reason::DeniedImport);
  EXPECT_FALSE(made.run(granted({"random:*"})).error);
}

TEST(Commands, ExportRun) {
  const auto refused = Command::create(engine(), component::component_of(engine(), "(component)").value());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), ErrorKind::NotFound);
}

TEST(Commands, AreNotRunWithLimitsThatTheEngineDoesNotKeep) {
  RunOptions options;
  options.limits.fuel = 1000;
  const RunResult result = command("(i32.const 0)").run(options);
  ASSERT_TRUE(result.error);
  EXPECT_EQ(result.error->kind(), ErrorKind::InvalidInput);
  EXPECT_FALSE(result.receipt);
}

}  // namespace
}  // namespace tenon::wasi
