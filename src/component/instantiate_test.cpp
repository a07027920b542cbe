#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "component/wat.h"
#include "tenon/instance.h"
#include "tenon/linker.h"
#include "tenon/store.h"
#include "tenon/typed.h"

namespace tenon::component {
namespace {

/// An engine and a linker whose `log` notes what it is given.
class InstantiateTest : public testing::Test {
 protected:
  InstantiateTest() : engine_(Engine::create().value()), linker_(engine_) {
    EXPECT_TRUE(linker_.root().func("log", [this](std::string_view text) { logged_ += text; }));
  }

  std::unique_ptr<Store> store(uint32_t instances) { return Store::create(engine_, StoreLimits{.instances = instances}).value(); }

  Result<Instance> instantiate(Store& store, std::string_view text) {
    auto component = component_of(engine_, text);
    EXPECT_TRUE(component) << component.error().message();
    return linker_.instantiate(store, *component);
  }
  static std::string error_of(const Result<std::optional<Value>>& result) { return result ? "no error" : result.error().message(); }

  Engine engine_;
  Linker linker_;
  std::string logged_;
};

/// What wit-component makes of a module with an import that needs its memory. `main` goes into the module, `fix_up` is the last module.
std::string with_shim(std::string_view main, std::string_view fix_up) {
  return R"((component
  (import "log" (func $log (param "text" string)))
  (core module $shim (type $t (func (param i32 i32))) (table (export "$imports") 1 1 funcref)
    (func (export "0") (type $t) (call_indirect (type $t) (local.get 0) (local.get 1) (i32.const 0))))
  (core module $main
    (import "" "log" (func $log (param i32 i32)))
    (memory (export "memory") 1)
    (data (i32.const 16) "hello")
    (func $run (export "run") (call $log (i32.const 16) (i32.const 5)))
    )" + std::string(main) +
         R"()
  (core module $fixup )" +
         std::string(fix_up) + R"()
  (core instance $s (instantiate $shim))
  (core instance $m (instantiate $main (with "" (instance (export "log" (func $s "0"))))))
  (core func $lowered (canon lower (func $log) (memory $m "memory")))
  (core instance (instantiate $fixup (with "" (instance (export "$imports" (table $s "$imports")) (export "0" (func $lowered))))))
  (func (export "run") (canon lift (core func $m "run")))))";
}

constexpr std::string_view usual_fix_up =
    R"((import "" "0" (func $f (param i32 i32))) (import "" "$imports" (table 1 1 funcref)) (elem (i32.const 0) func $f))";

TEST_F(InstantiateTest, MakesOneCoreInstanceOfTheShapeThatWitComponentMakes) {
  const auto live = store(1);
  const auto instance = instantiate(*live, with_shim("", usual_fix_up));
  ASSERT_TRUE(instance) << instance.error().message();
  EXPECT_EQ(error_of(instance->get_func("run")->call({})), "no error");
  EXPECT_EQ(logged_, "hello");
  EXPECT_EQ(live->figures().table_elements, 0u);
}

TEST_F(InstantiateTest, AStartFunctionStillMeetsTheEmptySlotOfItsShim) {
  const auto live = store(3);
  const auto instance = instantiate(*live, with_shim("(start $run)", usual_fix_up));
  ASSERT_FALSE(instance);
  EXPECT_EQ(instance.error().kind(), ErrorKind::Trap);
  EXPECT_NE(instance.error().message().find("uninitialized element"), std::string::npos) << instance.error().message();
  EXPECT_EQ(logged_, "");
}

TEST_F(InstantiateTest, ASlotOfAnotherTypeStillTraps) {
  const auto live = store(3);
  const auto instance = instantiate(*live, with_shim("", R"((import "" "0" (func $f (param i32 i32))) (import "" "$imports" (table 1 1 funcref))
    (func $g (param i32)) (elem (i32.const 0) func $g) (elem declare func $f))"));
  ASSERT_TRUE(instance) << instance.error().message();
  const std::string error = error_of(instance->get_func("run")->call({}));
  EXPECT_NE(error.find("indirect call type mismatch"), std::string::npos) << error;
}

TEST_F(InstantiateTest, AFixUpPastTheEndOfTheTableStillTraps) {
  const auto live = store(3);
  const auto instance = instantiate(*live, with_shim("", R"((import "" "0" (func $f (param i32 i32))) (import "" "$imports" (table 1 1 funcref))
    (elem (i32.const 1) func $f))"));
  ASSERT_FALSE(instance);
  EXPECT_NE(instance.error().message().find("out of bounds table access"), std::string::npos) << instance.error().message();
}

TEST_F(InstantiateTest, ADestructorBehindAShimRuns) {
  const auto live = store(1);
  const auto instance = instantiate(*live, R"((component
    (core module $shim (type $t (func (param i32))) (table (export "$imports") 1 1 funcref)
      (func (export "0") (type $t) (call_indirect (type $t) (local.get 0) (i32.const 0))))
    (core module $main
      (import "" "drop" (func $drop (param i32)))
      (import "" "new" (func $new (param i32) (result i32)))
      (global $dropped (mut i32) (i32.const 0))
      (func (export "dtor") (param i32) (global.set $dropped (local.get 0)))
      (func (export "run") (result i32) (call $drop (call $new (i32.const 42))) (global.get $dropped)))
    (core module $fixup (import "" "0" (func $f (param i32))) (import "" "$imports" (table 1 1 funcref)) (elem (i32.const 0) func $f))
    (core instance $s (instantiate $shim))
    (type $r (resource (rep i32) (dtor (func $s "0"))))
    (core func $drop (canon resource.drop $r))
    (core func $new (canon resource.new $r))
    (core instance $m (instantiate $main (with "" (instance (export "drop" (func $drop)) (export "new" (func $new))))))
    (core instance (instantiate $fixup (with "" (instance (export "$imports" (table $s "$imports")) (export "0" (func $m "dtor"))))))
    (func (export "run") (result u32) (canon lift (core func $m "run")))))");
  ASSERT_TRUE(instance) << instance.error().message();
  const auto dropped = instance->get_func("run")->call({});
  ASSERT_TRUE(dropped) << dropped.error().message();
  EXPECT_EQ(**dropped, Value(uint32_t{42}));
}

/// A calls B. What B's realloc and post-return call is up to the test; nothing may leave B then. (Wasmtime's adapters let a post-return leave.)
std::string two_components(std::string_view in_realloc, std::string_view in_post_return) {
  return R"((component
  (import "log" (func $log (param "text" string)))
  (component $b
    (import "log" (func $log (param "text" string)))
    (core module $libc (memory (export "memory") 1) (data (i32.const 16) "b"))
    (core instance $libc (instantiate $libc))
    (core func $log (canon lower (func $log) (memory $libc "memory")))
    (core module $main (import "" "log" (func $log (param i32 i32)))
      (func $say (call $log (i32.const 16) (i32.const 1)))
      (func (export "realloc") (param i32 i32 i32 i32) (result i32) )" +
         std::string(in_realloc) + R"( (i32.const 64))
      (func (export "f") (param i32 i32) (result i32) (call $say) (local.get 1))
      (func (export "post") (param i32) )" +
         std::string(in_post_return) + R"())
    (core instance $m (instantiate $main (with "" (instance (export "log" (func $log))))))
    (func (export "f") (param "text" string) (result u32)
      (canon lift (core func $m "f") (memory $libc "memory") (realloc (func $m "realloc")) (post-return (func $m "post")))))
  (component $a
    (import "f" (func $f (param "text" string) (result u32)))
    (core module $libc (memory (export "memory") 1))
    (core instance $libc (instantiate $libc))
    (core func $f (canon lower (func $f) (memory $libc "memory")))
    (core module $main (import "" "f" (func $f (param i32 i32) (result i32)))
      (func (export "run") (result i32) (call $f (i32.const 0) (i32.const 3))))
    (core instance $m (instantiate $main (with "" (instance (export "f" (func $f))))))
    (func (export "run") (result u32) (canon lift (core func $m "run"))))
  (instance $bi (instantiate $b (with "log" (func $log))))
  (instance $ai (instantiate $a (with "f" (func $bi "f"))))
  (export "run" (func $ai "run"))
  (export "f" (func $bi "f"))))";
}

TEST_F(InstantiateTest, AdaptersAndHostSeeTheSameFlags) {
  const auto live = store(5);
  const auto instance = instantiate(*live, two_components("", ""));
  ASSERT_TRUE(instance) << instance.error().message();
  for (int i = 0; i < 2; ++i) {
    const auto through_adapter = instance->get_func("run")->call({});
    ASSERT_TRUE(through_adapter) << through_adapter.error().message();
    EXPECT_EQ(**through_adapter, Value(uint32_t{3}));
    const auto from_host = instance->get_func("f")->call(std::vector<Value>{Value::string("host")});
    ASSERT_TRUE(from_host) << from_host.error().message();
    EXPECT_EQ(**from_host, Value(uint32_t{4}));
  }
  EXPECT_EQ(logged_, "bbbb");
}

TEST_F(InstantiateTest, NobodyLeavesInReallocWhoeverCalls) {
  for (const std::string_view name : {"run", "f"}) {
    const auto live = store(5);
    const auto instance = instantiate(*live, two_components("(call $say)", ""));
    ASSERT_TRUE(instance) << instance.error().message();
    const std::vector<Value> arguments = name == "f" ? std::vector<Value>{Value::string("host")} : std::vector<Value>{};
    EXPECT_EQ(error_of(instance->get_func(name)->call(arguments)), "wasm trap: cannot leave component instance") << name;
    EXPECT_EQ(logged_, "");
  }
}

TEST_F(InstantiateTest, NobodyLeavesInAPostReturnThatTheHostCalls) {
  const auto live = store(5);
  const auto instance = instantiate(*live, two_components("", "(call $say)"));
  ASSERT_TRUE(instance) << instance.error().message();
  // The adapter's call goes first, so that the host finds the flags as an adapter left them.
  EXPECT_EQ(error_of(instance->get_func("run")->call({})), "no error");
  EXPECT_EQ(error_of(instance->get_func("f")->call(std::vector<Value>{Value::string("host")})), "wasm trap: cannot leave component instance");
}

// What an import is checked against is what it gets, on every level.
TEST_F(InstantiateTest, FindsAnInstanceInsideOfAnInstanceByTheInterfaceThatItImplements) {
  LinkerInstance host = linker_.instance("host").value();
  LinkerInstance inner = host.instance("demo:log/sink").value();
  inner.func("put", [](uint32_t number) { return number + 1; }).value();
  const auto store = this->store(8);
  const auto instance = instantiate(*store, R"((component
    (import "host" (instance $host
      (export "mine" (implements "demo:log/sink") (instance (export "put" (func (param "number" u32) (result u32)))))))
    (alias export $host "mine" (instance $mine))
    (core func $put (canon lower (func $mine "put")))
    (core module $m (import "" "put" (func $put (param i32) (result i32))) (func (export "run") (param i32) (result i32) (call $put (local.get 0))))
    (core instance $i (instantiate $m (with "" (instance (export "put" (func $put))))))
    (func (export "run") (param "number" u32) (result u32) (canon lift (core func $i "run")))))");
  ASSERT_TRUE(instance) << instance.error().message();
  EXPECT_EQ(instance->get_func<uint32_t(uint32_t)>("run").value()(4).value(), 5U);
}

}  // namespace
}  // namespace tenon::component
