#include "wasi/link.h"

#include <gtest/gtest.h>

#include "wasi/driver.h"

namespace tenon::wasi {
namespace {

class Link : public testing::Test {
 protected:
  Link() : engine_(Engine::create().value()), linker_(engine_) { EXPECT_TRUE(add_to_linker(linker_)); }
  Result<InstancePre> link(std::string_view text) {
    TENON_TRY(const Component component, component::component_of(engine_, text));
    return linker_.instantiate_pre(component);
  }
  Engine engine_;
  Linker linker_;
};

TEST_F(Link, TakesEveryVersionOf02) {
  for (const char* const version : {"0.2.0", "0.2.1", "0.2.6", "0.2.12", "0.2.99"}) {
    const auto linked = link(driver::driver_guest(version));
    EXPECT_TRUE(linked) << version << ": " << linked.error().message();
  }
}

TEST_F(Link, TakesNoOtherVersion) {
  for (const char* const version : {"0.1.0", "0.3.0", "1.0.0"}) {
    const auto linked = link(driver::driver_guest(version));
    ASSERT_FALSE(linked);
    EXPECT_EQ(linked.error().kind(), ErrorKind::NotFound);
    EXPECT_NE(linked.error().message().find(std::string("wasi:io/streams@") + version), std::string::npos);
  }
}

TEST_F(Link, TakesAnOlderInterfaceWithFewerFunctions) {
  EXPECT_TRUE(link(R"((component (import "wasi:cli/exit@0.2.0" (instance (export "exit" (func (param "status" (result))))))))"));
}

TEST_F(Link, NamesAllThatIsMissing) {
  const auto linked = link(R"((component
    (import "wasi:cli/exit@0.2.0" (instance (export "exit-twice" (func))))
    (import "wasi:nothing/here@0.2.0" (instance (export "f" (func))))))");
  ASSERT_FALSE(linked);
  EXPECT_NE(linked.error().message().find("wasi:cli/exit@0.2.0#exit-twice"), std::string::npos);
  EXPECT_NE(linked.error().message().find("wasi:nothing/here@0.2.0#f"), std::string::npos);
}

TEST_F(Link, RefusesAFunctionOfAnotherType) {
  const auto linked = link(R"((component (import "wasi:random/random@0.2.0" (instance (export "get-random-u64" (func (result u32)))))))");
  ASSERT_FALSE(linked);
  EXPECT_EQ(linked.error().kind(), ErrorKind::InvalidInput);
}

// A list, an option or a result may have handles inside; those too are of the resource that the host function works with.
TEST_F(Link, RefusesAFunctionWithHandlesOfAnotherResourceInside) {
  const auto link_poll = [this](std::string_view resource) {
    return link(R"((component
      (import "wasi:io/poll@0.2.0" (instance $poll (export "pollable" (type (sub resource)))))
      (alias export $poll "pollable" (type $pollable))
      (import "wasi:io/streams@0.2.0" (instance $streams (export "input-stream" (type (sub resource)))))
      (alias export $streams "input-stream" (type $input-stream))
      (import "wasi:io/poll@0.2.1" (instance
        (alias outer 1 )" +
                std::string(resource) + R"( (type $handle))
        (export "poll" (func (param "in" (list (borrow $handle))) (result (list u32))))))))");
  };
  const auto taken = link_poll("$pollable");
  EXPECT_TRUE(taken) << taken.error().message();
  const auto refused = link_poll("$input-stream");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), ErrorKind::InvalidInput);
  EXPECT_NE(refused.error().message().find("another resource"), std::string::npos) << refused.error().message();
}

// A guest that drops a pollable and uses it: handles are checked by the component runtime before WASI is asked.
TEST_F(Link, TrapsOnAHandleThatWasDropped) {
  const auto linked = link(R"((component
    (import "wasi:io/poll@0.2.0" (instance $poll
      (export "pollable" (type $pollable (sub resource)))
      (export "[method]pollable.ready" (func (param "self" (borrow $pollable)) (result bool)))))
    (alias export $poll "pollable" (type $pollable))
    (import "wasi:clocks/monotonic-clock@0.2.0" (instance $clock
      (alias outer 1 $pollable (type $p'))
      (export "pollable" (type $p (eq $p')))
      (export "subscribe-duration" (func (param "when" u64) (result (own $p))))))
    (core func $ready (canon lower (func $poll "[method]pollable.ready")))
    (core func $subscribe (canon lower (func $clock "subscribe-duration")))
    (core func $drop (canon resource.drop $pollable))
    (core module $m
      (import "" "ready" (func $ready (param i32) (result i32)))
      (import "" "subscribe" (func $subscribe (param i64) (result i32)))
      (import "" "drop" (func $drop (param i32)))
      (func (export "run") (param $twice i32) (local $handle i32)
        (local.set $handle (call $subscribe (i64.const 0)))
        (call $drop (local.get $handle))
        (if (local.get $twice) (then (call $drop (local.get $handle))) (else (drop (call $ready (local.get $handle)))))))
    (core instance $i (instantiate $m (with "" (instance
      (export "ready" (func $ready)) (export "subscribe" (func $subscribe)) (export "drop" (func $drop))))))
    (func (export "run") (param "twice" bool) (canon lift (core func $i "run")))))");
  ASSERT_TRUE(linked) << linked.error().message();
  for (const bool twice : {false, true}) {
    policy::Guard guard(policy::Rules::from_grants({}).value(), policy::Budget::create({}));
    const auto store = Store::create(engine_).value();
    const Context context(*store, guard, std::make_shared<const Config>());
    const Instance instance = linked->instantiate(*store).value();
    const auto result = instance.get_func<void(bool)>("run")->call(twice);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind(), ErrorKind::Trap);
  }
}

TEST_F(Link, BoundsAPollOfTenMillionEntries) {
  const auto linked = link(R"((component
    (import "wasi:io/poll@0.2.0" (instance $poll
      (export "pollable" (type $pollable (sub resource)))
      (export "poll" (func (param "in" (list (borrow $pollable))) (result (list u32))))))
    (alias export $poll "pollable" (type $pollable))
    (import "wasi:clocks/monotonic-clock@0.2.0" (instance $clock
      (alias outer 1 $pollable (type $p'))
      (export "pollable" (type $p (eq $p')))
      (export "subscribe-duration" (func (param "when" u64) (result (own $p))))))
    (core module $libc
      (memory (export "memory") 1)
      (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 64)))
    (core instance $libc (instantiate $libc))
    (core func $subscribe (canon lower (func $clock "subscribe-duration")))
    (core func $poll' (canon lower (func $poll "poll") (memory $libc "memory") (realloc (func $libc "realloc"))))
    (core module $m
      (import "libc" "memory" (memory 1))
      (import "" "subscribe" (func $subscribe (param i64) (result i32)))
      (import "" "poll" (func $poll (param i32 i32 i32)))
      (func (export "run") (param $count i32) (local $handle i32) (local $at i32) (local $end i32)
        (local.set $handle (call $subscribe (i64.const 0)))
        (drop (memory.grow (i32.const 1000)))
        (local.set $at (i32.const 1024))
        (local.set $end (i32.add (local.get $at) (i32.shl (local.get $count) (i32.const 2))))
        (loop
          (i32.store (local.get $at) (local.get $handle))
          (local.set $at (i32.add (local.get $at) (i32.const 4)))
          (br_if 0 (i32.lt_u (local.get $at) (local.get $end))))
        (call $poll (i32.const 1024) (local.get $count) (i32.const 16))))
    (core instance $i (instantiate $m (with "libc" (instance $libc)) (with "" (instance
      (export "subscribe" (func $subscribe)) (export "poll" (func $poll'))))))
    (func (export "run") (param "count" u32) (canon lift (core func $i "run")))))");
  ASSERT_TRUE(linked) << linked.error().message();
  for (const uint32_t count : {1'000'000U, 10'000'000U}) {
    policy::Guard guard(policy::Rules::from_grants({}).value(), policy::Budget::create({}));
    const auto store = Store::create(engine_).value();
    const Context context(*store, guard, std::make_shared<const Config>());
    const Instance instance = linked->instantiate(*store).value();
    const auto result = instance.get_func<void(uint32_t)>("run")->call(count);
    if (count < 10'000'000U) {
      EXPECT_TRUE(result) << result.error().message();
    } else {
      ASSERT_FALSE(result);
      // Each entry lends a handle, and the store has room for about a million.
      EXPECT_NE(result.error().message().find("handle limit exceeded"), std::string::npos) << result.error().message();
    }
  }
}

TEST_F(Link, ServesManyStoresWithOneInstancePre) {
  const InstancePre pre = link(driver::driver_guest("0.2.6")).value();
  for (int i = 0; i < 3; i++) {
    policy::Guard guard(policy::Rules::from_grants({}).value(), policy::Budget::create({}));
    const auto store = Store::create(engine_).value();
    const Context context(*store, guard, std::make_shared<const Config>());
    const Instance instance = pre.instantiate(*store).value();
    EXPECT_TRUE(instance.get_func<uint64_t()>("monotonic-now")->call());
  }
}

TEST_F(Link, GivesBackTheHandlesThatAGuestLeft) {
  policy::Guard guard(policy::Rules::from_grants({}).value(), policy::Budget::create({}));
  const auto store = Store::create(engine_).value();
  {
    const Context context(*store, guard, std::make_shared<const Config>());
    const Instance instance = link(driver::driver_guest("0.2.6")).value().instantiate(*store).value();
    EXPECT_TRUE(instance.get_func<driver::OutputHandle()>("stdout")->call());
    EXPECT_EQ(guard.budget().spent(policy::Limit::Handles), 1);
  }
  EXPECT_EQ(guard.budget().spent(policy::Limit::Handles), 0);
}

}  // namespace
}  // namespace tenon::wasi
