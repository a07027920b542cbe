#include "wasi/session.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "component/test_wat.h"
#include "policy/rules.h"
#include "tenon/component.h"
#include "tenon/instance.h"
#include "tenon/linker.h"
#include "wasi/link.h"

namespace tenon::wasi {
namespace {

using namespace std::chrono_literals;
using policy::BudgetLimits;
using policy::Limit;
using policy::Reason;
using policy::Receipt;

constexpr std::string_view guest = R"((component
  (import "wasi:io/poll@0.2.0" (instance $poll
    (export "pollable" (type $p (sub resource)))
    (export "[method]pollable.block" (func (param "self" (borrow $p))))))
  (alias export $poll "pollable" (type $pollable))
  (import "wasi:clocks/monotonic-clock@0.2.0" (instance $clock
    (alias outer 1 $pollable (type $p0))
    (export "pollable" (type $p (eq $p0)))
    (export "now" (func (result u64)))
    (export "subscribe-duration" (func (param "when" u64) (result (own $p))))))
  (import "wasi:cli/exit@0.2.0" (instance $exit (export "exit" (func (param "status" (result))))))
  (core func $now (canon lower (func $clock "now")))
  (core func $subscribe (canon lower (func $clock "subscribe-duration")))
  (core func $block (canon lower (func $poll "[method]pollable.block")))
  (core func $exit (canon lower (func $exit "exit")))
  (core module $m
    (import "" "now" (func $now (result i64)))
    (import "" "subscribe" (func $subscribe (param i64) (result i32)))
    (import "" "block" (func $block (param i32)))
    (import "" "exit" (func $exit (param i32)))
    (memory 1)
    (table 1 funcref)
    (func (export "nop"))
    (func (export "spin") (loop (br 0)))
    (func (export "work") (param i32) (loop (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))
    (func (export "clock") (param i32) (loop (drop (call $now)) (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))
    (func (export "open") (param i32) (loop (drop (call $subscribe (i64.const 1))) (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))
    (func (export "wait") (call $block (call $subscribe (i64.const 3600000000000))))
    (func (export "exit") (param i32) (call $exit (local.get 0)))
    (func (export "grow") (param i32) (if (i32.eq (memory.grow (local.get 0)) (i32.const -1)) (then unreachable)))
    (func (export "abort") unreachable)
    (func (export "far") (drop (i32.load (i32.const 0x7fffffff))))
    (func (export "null") (call_indirect (i32.const 0)))
    (func (export "divide") (drop (i32.div_s (i32.const 1) (i32.const 0))))
    (func $deep (export "deep") (call $deep)))
  (core instance $i (instantiate $m (with "" (instance
    (export "now" (func $now)) (export "subscribe" (func $subscribe)) (export "block" (func $block)) (export "exit" (func $exit))))))
  (func (export "nop") (canon lift (core func $i "nop")))
  (func (export "spin") (canon lift (core func $i "spin")))
  (func (export "work") (param "n" u32) (canon lift (core func $i "work")))
  (func (export "clock") (param "n" u32) (canon lift (core func $i "clock")))
  (func (export "open") (param "n" u32) (canon lift (core func $i "open")))
  (func (export "wait") (canon lift (core func $i "wait")))
  (func (export "exit") (param "status" u32) (canon lift (core func $i "exit")))
  (func (export "grow") (param "n" u32) (canon lift (core func $i "grow")))
  (func (export "abort") (canon lift (core func $i "abort")))
  (func (export "far") (canon lift (core func $i "far")))
  (func (export "null") (canon lift (core func $i "null")))
  (func (export "divide") (canon lift (core func $i "divide")))
  (func (export "deep") (canon lift (core func $i "deep")))))";

/// The guest, compiled and linked once for each configuration of the engine.
struct Linked {
  explicit Linked(const EngineConfig& config = {.tick = 1ms})
      : engine(*Engine::create(config)), component(*Component::create(engine, component::binary_of(guest))), linker(engine) {
    if (auto added = add_to_linker(linker); !added) ADD_FAILURE() << added.error().message();
    auto made = linker.instantiate_pre(component);
    if (!made) {
      ADD_FAILURE() << made.error().message();
    } else {
      pre = *made;
    }
  }

  std::unique_ptr<Session> session(const BudgetLimits& limits = {}) {
    auto rules = policy::Rules::from_grants(std::vector<std::string>{"process:exit"});
    if (!rules) ADD_FAILURE() << rules.error().message();
    auto made = Session::create(engine, {.rules = *rules, .limits = limits});
    if (!made) ADD_FAILURE() << made.error().message();
    return std::move(*made);
  }
  Result<> call(Session& session, std::string_view name, std::optional<uint32_t> argument = {}) {
    TENON_TRY(const Instance instance, pre->instantiate(session.store()));
    TENON_TRY(const Func func, instance.get_func(name));
    std::vector<Value> arguments;
    if (argument) arguments.push_back(Value(uint32_t{*argument}));
    TENON_CHECK_OK(func.call(arguments));
    return {};
  }
  /// One call in a session of its own.
  Receipt run(std::string_view name, std::optional<uint32_t> argument = {}, const BudgetLimits& limits = {}) {
    auto made = session(limits);
    const auto result = call(*made, name, argument);
    return result ? made->finish() : made->finish(result.error());
  }

  Engine engine;
  Component component;
  Linker linker;
  std::optional<InstancePre> pre;
};

TEST(Session, ACallThatSucceedsHasAReceipt) {
  Linked linked;
  const Receipt receipt = linked.run("clock", 5);
  EXPECT_EQ(receipt.outcome, policy::Outcome());
  EXPECT_EQ(receipt.host_calls, 5U);
  EXPECT_EQ(receipt.memory_bytes_peak, 65536U);
  EXPECT_EQ(receipt.fuel, std::nullopt) << "nobody counted it";
  EXPECT_GT(receipt.wall, 0ns);
  EXPECT_TRUE(receipt.cpu);
  EXPECT_FALSE(receipt.is_deterministic);
}

TEST(Session, EachFailureHasAReasonOfItsOwn) {
  Linked linked;
  const auto reason = [&linked](std::string_view name, std::optional<uint32_t> argument = {}, const BudgetLimits& limits = {}) {
    const auto found = linked.run(name, argument, limits).outcome.reason;
    return found ? std::string(to_string(*found)) : std::string("ok");
  };
  EXPECT_EQ(reason("nop"), "ok");
  EXPECT_EQ(reason("abort"), "unreachable");
  EXPECT_EQ(reason("far"), "memory-access");
  EXPECT_EQ(reason("null"), "table-access");
  EXPECT_EQ(reason("divide"), "arithmetic");
  EXPECT_EQ(reason("deep"), "stack");
  EXPECT_EQ(reason("nowhere"), "function-not-found");
  EXPECT_EQ(reason("exit", 0), "ok");
  EXPECT_EQ(reason("exit", 1), "exit");
  EXPECT_EQ(reason("spin", {}, {.time = 5ms}), "deadline");
  EXPECT_EQ(reason("wait", {}, {.time = 5ms}), "deadline");
  EXPECT_EQ(reason("grow", 9, {.memory_bytes = 131072}), "memory");
  EXPECT_EQ(reason("grow", 1, {.memory_bytes = 131072}), "ok");
  EXPECT_EQ(reason("nop", {}, {.memory_bytes = 65535}), "memory");
  EXPECT_EQ(reason("nop", {}, {.table_elements = 0}), "table-elements");
  EXPECT_EQ(reason("nop", {}, {.tables = 0}), "tables");
  EXPECT_EQ(reason("nop", {}, {.memories = 0}), "memories");
  EXPECT_EQ(reason("nop", {}, {.instances = 0}), "instances");
  EXPECT_EQ(reason("clock", 11, {.host_calls = 10}), "host-calls");
  EXPECT_EQ(reason("clock", 10, {.host_calls = 10}), "ok");
  EXPECT_EQ(reason("open", 4, {.handles = 3}), "handles");
  EXPECT_EQ(reason("open", 3, {.handles = 3}), "ok");
}

TEST(Session, AReasonIsOfTheKindOfItsError) {
  Linked linked;
  for (std::string_view name : {"abort", "far", "null", "divide", "deep", "nowhere"}) {
    auto session = linked.session();
    const auto result = linked.call(*session, name);
    ASSERT_FALSE(result);
    EXPECT_EQ(policy::names_of(*session->outcome_of(result.error()).reason).kind, result.error().kind()) << name;
  }
  for (Stage stage : {Stage::Load, Stage::Instantiate, Stage::Call}) {
    for (ErrorKind kind : {ErrorKind::InvalidInput, ErrorKind::Unsupported, ErrorKind::NotFound, ErrorKind::Denied, ErrorKind::LimitExceeded,
                           ErrorKind::Timeout, ErrorKind::Trap, ErrorKind::Exit, ErrorKind::Unavailable})
      EXPECT_EQ(policy::names_of(reason_of(kind, stage)).kind, kind);
  }
  EXPECT_EQ(reason_of(ErrorKind::InvalidInput, Stage::Load), Reason::InvalidModule);
  EXPECT_EQ(reason_of(ErrorKind::NotFound, Stage::Instantiate), Reason::MissingImport);
}

TEST(Session, AnExitKeepsItsStatus) {
  Linked linked;
  const Receipt zero = linked.run("exit", 0);
  EXPECT_EQ(zero.outcome, (policy::Outcome{.reason = {}, .exit_status = 0}));
  const Receipt one = linked.run("exit", 1);
  EXPECT_EQ(one.outcome, (policy::Outcome{.reason = Reason::Exit, .exit_status = 1}));
}

TEST(Session, CountsADecisionAndItsCapability) {
  Linked linked;
  const Receipt receipt = linked.run("exit", 0);
  ASSERT_EQ(receipt.count(policy::Verdict::Allowed), 1U);
  EXPECT_EQ(receipt.asked()[static_cast<size_t>(policy::Access::ProcessExit)], 1U);
}

TEST(Session, WithoutRulesNothingMoreIsAllowedThanWithoutAny) {
  Linked linked;
  auto session = *Session::create(linked.engine, {});
  const auto result = linked.call(*session, "exit", 0);
  EXPECT_EQ(result.error().kind(), ErrorKind::Denied);
  EXPECT_EQ(session->finish(result.error()).outcome.reason, Reason::Denied);
}

TEST(Session, MetersFuelAlsoWithoutALimit) {
  Linked linked({.fuel = true});
  const Receipt first = linked.run("work", 1000);
  const Receipt second = linked.run("work", 1000);
  ASSERT_TRUE(first.fuel);
  EXPECT_GT(*first.fuel, 1000U);
  EXPECT_EQ(first.fuel, second.fuel) << "the same call costs the same";
  const Receipt limited = linked.run("spin", {}, {.fuel = 5000});
  EXPECT_EQ(limited.outcome.reason, Reason::Fuel);
  EXPECT_EQ(limited.fuel, 5000U);
  EXPECT_EQ(linked.run("work", 1000, {.fuel = *first.fuel}).outcome.reason, std::nullopt);
  EXPECT_EQ(linked.run("work", 1000, {.fuel = *first.fuel / 2}).outcome.reason, Reason::Fuel);
}

TEST(Session, RefusesFuelThatTheEngineDoesNotCount) {
  Linked linked;
  EXPECT_EQ(Session::create(linked.engine, {.limits = {.fuel = 1}}).error().kind(), ErrorKind::InvalidInput);
}

TEST(Session, CancelEndsAGuestAndAWaitAtOnceAndLeavesAReceipt) {
  Linked linked;
  for (std::string_view name : {"spin", "wait"}) {
    auto session = linked.session();
    std::promise<void> running;
    std::thread other([&] {
      running.get_future().wait();
      session->cancel();
    });
    running.set_value();
    const auto result = linked.call(*session, name);
    other.join();
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind(), ErrorKind::Timeout);
    const Receipt receipt = session->finish(result.error());
    EXPECT_EQ(receipt.outcome.reason, Reason::Cancelled) << name;
    EXPECT_LT(receipt.wall, 60s);
  }
}

TEST(Session, TheNextCallWorksAfterOneThatFailed) {
  Linked linked;
  EXPECT_TRUE(linked.run("deep").outcome.reason);
  EXPECT_TRUE(linked.run("grow", 60000, {.memory_bytes = 1 << 20}).outcome.reason);
  EXPECT_FALSE(linked.run("clock", 3).outcome.reason);
}

TEST(SubSession, SpendsWhatIsLeftOfItsParent) {
  Linked linked({.fuel = true, .tick = 1ms});
  auto parent = linked.session({.fuel = 100'000, .memory_bytes = 5 * 65536, .host_calls = 10});
  ASSERT_TRUE(linked.call(*parent, "clock", 4));
  const uint64_t left = *parent->store().fuel();
  {
    auto sub = *parent->create_sub(linked.engine, {});
    EXPECT_EQ(*sub->store().fuel(), left);
    EXPECT_EQ(*parent->store().fuel(), 0U) << "the sub-call has it";
    EXPECT_EQ(sub->budget().left(Limit::MemoryBytes), 4U * 65536);
    const auto result = linked.call(*sub, "clock", 7);
    EXPECT_EQ(result.error().kind(), ErrorKind::LimitExceeded) << "four and seven are more than ten";
    EXPECT_EQ(sub->finish(result.error()).outcome.reason, Reason::HostCalls);
  }
  ASSERT_TRUE(parent->resume());
  EXPECT_LT(*parent->store().fuel(), left);
  EXPECT_GT(*parent->store().fuel(), 0U);
  const Receipt receipt = parent->finish();
  EXPECT_EQ(receipt.host_calls, 10U);
  EXPECT_EQ(receipt.memory_bytes_peak, 2U * 65536) << "both at a time";
  ASSERT_EQ(receipt.sub_calls.size(), 1U);
  EXPECT_EQ(receipt.sub_calls[0].host_calls, 6U);
  EXPECT_EQ(receipt.sub_calls[0].outcome.reason, Reason::HostCalls);
  EXPECT_GT(*receipt.fuel, *receipt.sub_calls[0].fuel);
}

TEST(SubSession, IsRefusedWhenSubCallsAreUsedUp) {
  Linked linked;
  auto parent = linked.session({.sub_calls = 1});
  ASSERT_TRUE(parent->create_sub(linked.engine, {}));
  const auto second = parent->create_sub(linked.engine, {});
  ASSERT_FALSE(second);
  EXPECT_EQ(parent->finish(second.error()).outcome.reason, Reason::SubCalls);
}

TEST(SubSession, IsCancelledWithItsParent) {
  Linked linked;
  auto parent = linked.session();
  auto sub = *parent->create_sub(linked.engine, {});
  std::thread other([&] { parent->cancel(); });
  const auto result = linked.call(*sub, "wait");
  other.join();
  EXPECT_EQ(sub->finish(result.error()).outcome.reason, Reason::Cancelled);
  auto late = *parent->create_sub(linked.engine, {});
  EXPECT_TRUE(late->is_cancelled());
  EXPECT_EQ(linked.call(*late, "wait").error().kind(), ErrorKind::Timeout);
}

}  // namespace
}  // namespace tenon::wasi
