#include "tenon/instance.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "component/wat.h"
#include "tenon/linker.h"
#include "tenon/store.h"

namespace tenon::component {
namespace {

/// An engine, a store and a linker for one test.
class InstanceTest : public testing::Test {
 protected:
  InstanceTest() : engine_(Engine::create().value()), linker_(engine_), store_(Store::create(engine_).value()) {}

  Component compile(std::string_view text) {
    auto component = component_of(engine_, text);
    EXPECT_TRUE(component) << component.error().message();
    return std::move(*component);
  }
  Instance instantiate(std::string_view text) {
    auto instance = linker_.instantiate(*store_, compile(text));
    EXPECT_TRUE(instance) << instance.error().message();
    return *instance;
  }
  static Result<std::optional<Value>> call(const Instance& instance, std::string_view name, std::vector<Value> arguments = {}) {
    TENON_TRY(const Func func, instance.get_func(name));
    return func.call(arguments);
  }
  static std::string error_of(const Result<std::optional<Value>>& result) { return result ? "" : result.error().message(); }

  Engine engine_;
  Linker linker_;
  std::unique_ptr<Store> store_;
};

constexpr std::string_view bump = R"(
  (global $next (mut i32) (i32.const 1024))
  (func (export "realloc") (param i32 i32 i32 i32) (result i32)
    (local $at i32)
    (local.set $at (i32.and (i32.add (global.get $next) (i32.sub (local.get 2) (i32.const 1))) (i32.sub (i32.const 0) (local.get 2))))
    (global.set $next (i32.add (local.get $at) (local.get 3)))
    (memory.copy (local.get $at) (local.get 0) (local.get 1))
    (local.get $at))
)";

TEST_F(InstanceTest, CallsAFunctionOfNumbers) {
  const Instance instance = instantiate(R"((component
    (core module $m (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1))))
    (core instance $i (instantiate $m))
    (func (export "add") (param "a" u32) (param "b" u32) (result u32) (canon lift (core func $i "add")))))");
  const auto sum = call(instance, "add", {Value(uint32_t{40}), Value(uint32_t{2})});
  ASSERT_TRUE(sum) << sum.error().message();
  EXPECT_EQ(**sum, Value(uint32_t{42}));
  EXPECT_EQ(to_string(instance.get_func("add")->type()), "func(a: u32, b: u32) -> u32");
}

TEST_F(InstanceTest, RefusesArgumentsThatDoNotFitAndStaysUsable) {
  const Instance instance = instantiate(R"((component
    (core module $m (func (export "f") (param i32)))
    (core instance $i (instantiate $m))
    (func (export "f") (param "a" u32) (canon lift (core func $i "f")))))");
  EXPECT_EQ(error_of(call(instance, "f", {Value(int32_t{1})})), "argument a: expected u32, got s32");
  EXPECT_EQ(error_of(call(instance, "f")), "expected 1 argument(s), got 0");
  EXPECT_FALSE(instance.is_poisoned());
  EXPECT_TRUE(call(instance, "f", {Value(uint32_t{1})}));
  EXPECT_EQ(call(instance, "g").error().kind(), ErrorKind::NotFound);
}

TEST_F(InstanceTest, EchoesAStringThroughMemoryAndRunsPostReturn) {
  const Instance instance = instantiate(R"((component
    (core module $m
      (memory (export "memory") 1))" + std::string(bump) +
                                        R"(
      (global $cleaned (mut i32) (i32.const 0))
      (func (export "echo") (param i32 i32) (result i32)
        (i32.store (i32.const 8) (local.get 0)) (i32.store (i32.const 12) (local.get 1)) (i32.const 8))
      (func (export "clean") (param i32) (global.set $cleaned (i32.add (global.get $cleaned) (local.get 0))))
      (func (export "cleaned") (result i32) (global.get $cleaned)))
    (core instance $i (instantiate $m))
    (func (export "echo") (param "text" string) (result string)
      (canon lift (core func $i "echo") (memory $i "memory") (realloc (func $i "realloc")) (post-return (func $i "clean"))))
    (func (export "cleaned") (result u32) (canon lift (core func $i "cleaned")))))");
  const auto text = call(instance, "echo", {Value::string("grüße ☃ 😀")});
  ASSERT_TRUE(text) << text.error().message();
  EXPECT_EQ(**text, Value::string("grüße ☃ 😀"));
  EXPECT_EQ(**call(instance, "cleaned"), Value(uint32_t{8}));
  const auto memory = instance.get_func("echo")->memory();
  ASSERT_TRUE(memory);
  EXPECT_EQ(memory->size(), 65536u);
  std::vector<std::byte> bytes(2);
  EXPECT_TRUE(memory->read(65534, bytes));
  EXPECT_FALSE(memory->read(65535, bytes));
  EXPECT_FALSE(memory->write(uint64_t{1} << 40, bytes));
  EXPECT_FALSE(instance.get_func("cleaned")->memory());
}

TEST_F(InstanceTest, ATrapPoisonsTheInstance) {
  const Instance instance = instantiate(R"((component
    (core module $m (func (export "boom") unreachable) (func (export "fine")))
    (core instance $i (instantiate $m))
    (func (export "boom") (canon lift (core func $i "boom")))
    (func (export "fine") (canon lift (core func $i "fine")))))");
  EXPECT_TRUE(call(instance, "fine"));
  const auto boom = call(instance, "boom");
  ASSERT_FALSE(boom);
  EXPECT_EQ(boom.error().kind(), ErrorKind::Trap);
  EXPECT_NE(boom.error().message().find("wasm `unreachable` instruction executed"), std::string::npos) << boom.error().message();
  EXPECT_TRUE(instance.is_poisoned());
  EXPECT_EQ(error_of(call(instance, "fine")), "wasm trap: cannot enter component instance");
}

TEST_F(InstanceTest, CallsAHostFunctionFoundBySemver) {
  std::vector<std::string> seen;
  auto api = linker_.instance("host:log/api@1.2.0");
  ASSERT_TRUE(api);
  ASSERT_TRUE(api->define_func("log", [&seen](HostCall& host, std::span<Value> arguments) -> Result<std::optional<Value>> {
    EXPECT_EQ(host.type().param_name(1), "text");
    seen.push_back(*arguments[1].get_if<std::string>());
    return Value::string("got " + seen.back());
  }));
  const Instance instance = instantiate(R"((component
    (import "host:log/api@1.0.3" (instance $api (export "log" (func (param "level" u32) (param "text" string) (result string)))))
    (core module $libc (memory (export "memory") 1) (data (i32.const 16) "hello"))" +
                                        std::string(bump) + R"()
    (core instance $libc (instantiate $libc))
    (core func $log (canon lower (func $api "log") (memory $libc "memory") (realloc (func $libc "realloc"))))
    (core module $m
      (import "host" "log" (func $log (param i32 i32 i32 i32)))
      (func (export "run") (result i32) (call $log (i32.const 3) (i32.const 16) (i32.const 5) (i32.const 64)) (i32.const 64)))
    (core instance $i (instantiate $m (with "host" (instance (export "log" (func $log))))))
    (func (export "run") (result string) (canon lift (core func $i "run") (memory $libc "memory")))))");
  const auto answer = call(instance, "run");
  ASSERT_TRUE(answer) << answer.error().message();
  EXPECT_EQ(**answer, Value::string("got hello"));
  EXPECT_EQ(seen, std::vector<std::string>{"hello"});
}

TEST_F(InstanceTest, ListsAllMissingImportsAtOnce) {
  const Component component = compile(R"((component
    (import "wasi:cli/environment@0.2.6" (instance (export "get-environment" (func)) (export "initial-cwd" (func))))
    (import "plain" (func))))");
  const auto pre = linker_.instantiate_pre(component);
  ASSERT_FALSE(pre);
  EXPECT_EQ(pre.error().kind(), ErrorKind::NotFound);
  EXPECT_EQ(
      pre.error().message(),
      "not provided: wasi:cli/environment@0.2.6#get-environment, wasi:cli/environment@0.2.6#initial-cwd, plain (a matching implementation was not found in "
      "the linker)");
  EXPECT_EQ(linker_.missing(component).size(), 3u);
  ASSERT_TRUE(linker_.define_unknown_imports_as_traps(component));
  EXPECT_TRUE(linker_.instantiate(*store_, component));
}

TEST_F(InstanceTest, ShowsImportsAndExports) {
  const Component component = compile(R"((component
    (import "a:b/c@1.0.0" (instance (export "f" (func (param "x" u8)))))
    (type $t (record (field "x" u8)))
    (export "t" (type $t))))");
  ASSERT_EQ(component.imports().size(), 1u);
  const Item import = component.imports()[0];
  EXPECT_EQ(import.name(), "a:b/c@1.0.0");
  EXPECT_EQ(import.kind(), ItemKind::Instance);
  ASSERT_EQ(import.exports().size(), 1u);
  EXPECT_EQ(to_string(*import.exports()[0].func()), "func(x: u8)");
  ASSERT_EQ(component.exports().size(), 1u);
  EXPECT_EQ(component.exports()[0].kind(), ItemKind::Type);
  EXPECT_EQ(to_string(*component.exports()[0].type()), "record { x: u8 }");
}

TEST_F(InstanceTest, AnErrorOfAHostFunctionReachesTheCallerWithItsKind) {
  ASSERT_TRUE(
      linker_.root().define_func("deny", [](HostCall&, std::span<Value>) -> Result<std::optional<Value>> { return fail(ErrorKind::Denied, "not today"); }));
  const Instance instance = instantiate(R"((component
    (import "deny" (func $deny))
    (core func $deny (canon lower (func $deny)))
    (core module $m (import "" "deny" (func $deny)) (func (export "run") (call $deny)))
    (core instance $i (instantiate $m (with "" (instance (export "deny" (func $deny))))))
    (func (export "run") (canon lift (core func $i "run")))))");
  const auto result = call(instance, "run");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind(), ErrorKind::Denied);
  EXPECT_EQ(result.error().message(), "not today");
  EXPECT_TRUE(instance.is_poisoned());
}

TEST_F(InstanceTest, MayNotBeEnteredWhileItRuns) {
  std::optional<Instance> self;
  std::string inner;
  ASSERT_TRUE(linker_.root().define_func("back", [&self, &inner](HostCall&, std::span<Value>) -> Result<std::optional<Value>> {
    inner = error_of(call(*self, "fine"));
    return std::nullopt;
  }));
  self = instantiate(R"((component
    (import "back" (func $back))
    (core func $back (canon lower (func $back)))
    (core module $m (import "" "back" (func $back)) (func (export "run") (call $back)) (func (export "fine")))
    (core instance $i (instantiate $m (with "" (instance (export "back" (func $back))))))
    (func (export "run") (canon lift (core func $i "run")))
    (func (export "fine") (canon lift (core func $i "fine")))))");
  EXPECT_TRUE(call(*self, "run"));
  EXPECT_EQ(inner, "wasm trap: cannot enter component instance");
  EXPECT_TRUE(call(*self, "fine"));
}

TEST_F(InstanceTest, GuestResourcesLiveInTheHostAndRunTheirDestructor) {
  const Instance instance = instantiate(R"((component
    (core module $d
      (global $dropped (mut i32) (i32.const 0))
      (func (export "dtor") (param i32) (global.set $dropped (local.get 0)))
      (func (export "dropped") (result i32) (global.get $dropped)))
    (core instance $d (instantiate $d))
    (type $r' (resource (rep i32) (dtor (func $d "dtor"))))
    (core func $new (canon resource.new $r'))
    (core module $m
      (import "" "new" (func $new (param i32) (result i32)))
      (func (export "make") (param i32) (result i32) (call $new (local.get 0)))
      (func (export "get") (param i32) (result i32) (local.get 0)))
    (core instance $m (instantiate $m (with "" (instance (export "new" (func $new))))))
    (export $r "r" (type $r'))
    (func (export "make") (param "x" u32) (result (own $r)) (canon lift (core func $m "make")))
    (func (export "get") (param "self" (borrow $r)) (result u32) (canon lift (core func $m "get")))
    (func (export "dropped") (result u32) (canon lift (core func $d "dropped")))))");
  auto made = call(instance, "make", {Value(uint32_t{77})});
  ASSERT_TRUE(made) << made.error().message();
  const ResourceAny resource = *(**made).get_if<ResourceAny>();
  EXPECT_TRUE(resource.owned);
  EXPECT_EQ(*resource_type(resource), *instance.get_resource("r"));
  auto rep = call(instance, "get", {Value(ResourceAny(resource))});
  ASSERT_TRUE(rep) << rep.error().message();
  EXPECT_EQ(**rep, Value(uint32_t{77}));
  EXPECT_EQ(**call(instance, "dropped"), Value(uint32_t{0}));
  ASSERT_TRUE(drop_resource(*store_, resource));
  EXPECT_EQ(**call(instance, "dropped"), Value(uint32_t{77}));
  EXPECT_EQ(drop_resource(*store_, resource).error().message(), "host resource already consumed");
  EXPECT_FALSE(call(instance, "get", {Value(ResourceAny(resource))}));
}

TEST_F(InstanceTest, HostResourcesAreLentAndGivenAndTheirDestructorRuns) {
  std::vector<uint32_t> dropped;
  std::vector<uint32_t> used;
  const ResourceType type = ResourceType::create_host();
  auto root = linker_.root();
  ASSERT_TRUE(root.define_resource("r", type, [&dropped](Store&, uint32_t rep) -> Result<> {
    dropped.push_back(rep);
    return {};
  }));
  ASSERT_TRUE(root.define_func("[constructor]r",
                               [&](HostCall& host, std::span<Value>) -> Result<std::optional<Value>> { return Value(make_resource(host.store(), type, 5)); }));
  std::optional<ResourceAny> kept;
  ASSERT_TRUE(root.define_func("[method]r.use", [&](HostCall& host, std::span<Value> arguments) -> Result<std::optional<Value>> {
    kept = *arguments[0].get_if<ResourceAny>();
    TENON_TRY(const uint32_t rep, resource_representation(host.store(), *kept, type));
    used.push_back(rep);
    return std::nullopt;
  }));
  const Instance instance = instantiate(R"((component
    (import "r" (type $r (sub resource)))
    (import "[constructor]r" (func $new (result (own $r))))
    (import "[method]r.use" (func $use (param "self" (borrow $r))))
    (core func $new (canon lower (func $new)))
    (core func $use (canon lower (func $use)))
    (core func $drop (canon resource.drop $r))
    (core module $m
      (import "" "new" (func $new (result i32))) (import "" "use" (func $use (param i32))) (import "" "drop" (func $drop (param i32)))
      (func (export "run") (local $h i32) (local.set $h (call $new)) (call $use (local.get $h)) (call $use (local.get $h)) (call $drop (local.get $h)))
      (func (export "twice") (local $h i32) (local.set $h (call $new)) (call $drop (local.get $h)) (call $drop (local.get $h))))
    (core instance $i (instantiate $m (with "" (instance (export "new" (func $new)) (export "use" (func $use)) (export "drop" (func $drop))))))
    (func (export "run") (canon lift (core func $i "run")))
    (func (export "twice") (canon lift (core func $i "twice")))))");
  const auto run = call(instance, "run");
  ASSERT_TRUE(run) << run.error().message();
  EXPECT_EQ(used, (std::vector<uint32_t>{5, 5}));
  EXPECT_EQ(dropped, (std::vector<uint32_t>{5}));
  EXPECT_EQ(resource_representation(*store_, *kept, type).error().message(), "the borrowed resource handle outlived its call");
  EXPECT_EQ(error_of(call(instance, "twice")), "unknown handle index 1");
}

TEST_F(InstanceTest, ABorrowOfACallThatNeverRanCannotBeUsedLater) {
  const ResourceType type = ResourceType::create_host();
  size_t uses = 0;
  auto root = linker_.root();
  ASSERT_TRUE(root.define_resource("r", type, nullptr));
  ASSERT_TRUE(root.define_func("[method]r.use", [&uses](HostCall&, std::span<Value>) -> Result<std::optional<Value>> {
    ++uses;
    return std::nullopt;
  }));
  const Instance instance = instantiate(R"((component
    (import "r" (type $r (sub resource)))
    (import "[method]r.use" (func $use (param "self" (borrow $r))))
    (core func $use (canon lower (func $use)))
    (core module $m
      (import "" "use" (func $use (param i32)))
      (memory (export "memory") 1))" + std::string(bump) +
                                        R"(
      (func (export "take") (param i32 i32 i32))
      (func (export "use") (call $use (i32.const 1))))
    (core instance $i (instantiate $m (with "" (instance (export "use" (func $use))))))
    (func (export "take") (param "r" (borrow $r)) (param "text" string)
      (canon lift (core func $i "take") (memory $i "memory") (realloc (func $i "realloc"))))
    (func (export "use") (canon lift (core func $i "use")))))");
  const ResourceAny resource = make_resource(*store_, type, 5);
  const auto refused = call(instance, "take", {Value(ResourceAny(resource)), Value(std::string("\xff"))});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), ErrorKind::InvalidInput) << refused.error().message();
  ASSERT_TRUE(drop_resource(*store_, resource));
  EXPECT_TRUE(instance.is_poisoned());
  EXPECT_EQ(error_of(call(instance, "use")), "wasm trap: cannot enter component instance");
  EXPECT_EQ(uses, 0u);
}

TEST_F(InstanceTest, RefusesAStoreOfAnotherEngine) {
  const Engine other = Engine::create().value();
  const auto store = Store::create(other).value();
  const auto instance = linker_.instantiate(*store, compile("(component)"));
  ASSERT_FALSE(instance);
  EXPECT_EQ(instance.error().message(), "the component is of another engine");
}

TEST_F(InstanceTest, ComponentsCallEachOtherThroughAdapters) {
  const Instance instance = instantiate(R"((component
    (component $callee
      (core module $m (memory (export "memory") 1))" +
                                        std::string(bump) + R"(
        (func (export "length") (param i32 i32) (result i32) (local.get 1)))
      (core instance $i (instantiate $m))
      (func (export "length") (param "text" string) (result u32)
        (canon lift (core func $i "length") (memory $i "memory") (realloc (func $i "realloc")) string-encoding=utf16)))
    (component $caller
      (import "length" (func $length (param "text" string) (result u32)))
      (core module $libc (memory (export "memory") 1) (data (i32.const 16) "h\c3\a9llo"))
      (core instance $libc (instantiate $libc))
      (core func $length (canon lower (func $length) (memory $libc "memory")))
      (core module $m (import "" "length" (func $length (param i32 i32) (result i32)))
        (func (export "run") (param i32) (result i32) (call $length (i32.const 16) (local.get 0))))
      (core instance $i (instantiate $m (with "" (instance (export "length" (func $length))))))
      (func (export "run") (param "bytes" u32) (result u32) (canon lift (core func $i "run"))))
    (instance $callee (instantiate $callee))
    (instance $caller (instantiate $caller (with "length" (func $callee "length"))))
    (export "run" (func $caller "run"))))");
  const auto length = call(instance, "run", {Value(uint32_t{6})});
  ASSERT_TRUE(length) << length.error().message();
  EXPECT_EQ(**length, Value(uint32_t{5}));
  EXPECT_EQ(error_of(call(instance, "run", {Value(uint32_t{2})})), "invalid utf8 encoding");
  EXPECT_EQ(error_of(call(instance, "run", {Value(uint32_t{6})})), "wasm trap: cannot enter component instance");
}

TEST_F(InstanceTest, ContextWordsLastForOneCall) {
  const Instance instance = instantiate(R"((component
    (canon context.get i32 0 (core func $get))
    (canon context.set i32 0 (core func $set))
    (core module $m
      (import "" "get" (func $get (result i32))) (import "" "set" (func $set (param i32)))
      (func (export "f") (result i32) (i32.add (call $get) (block (result i32) (call $set (i32.const 42)) (call $get)))))
    (core instance $i (instantiate $m (with "" (instance (export "get" (func $get)) (export "set" (func $set))))))
    (func (export "f") (result u32) (canon lift (core func $i "f")))))");
  EXPECT_EQ(**call(instance, "f"), Value(uint32_t{42}));
  EXPECT_EQ(**call(instance, "f"), Value(uint32_t{42}));
}

TEST_F(InstanceTest, CallsStartFunctionsAndDestructorsHaveAThreadAndContextWordsOfTheirOwn) {
  const Instance instance = instantiate(R"((component
    (component $definer
      (canon thread.index (core func $index))
      (canon context.get i32 0 (core func $get))
      (canon context.set i32 0 (core func $set))
      (core module $d
        (import "" "index" (func $index (result i32))) (import "" "get" (func $get (result i32))) (import "" "set" (func $set (param i32)))
        (global $seen (mut i32) (i32.const 0))
        (func $look (global.set $seen (i32.add (i32.mul (call $get) (i32.const 10)) (call $index))) (call $set (i32.const 7)))
        (start $look)
        (func (export "dtor") (param i32) (call $look))
        (func (export "seen") (result i32) (global.get $seen))
        (func (export "index") (result i32) (call $look) (global.get $seen))
        (func (export "post") (param i32) (drop (call $index))))
      (core instance $d (instantiate $d (with "" (instance (export "index" (func $index)) (export "get" (func $get)) (export "set" (func $set))))))
      (type $r' (resource (rep i32) (dtor (func $d "dtor"))))
      (core func $new (canon resource.new $r'))
      (core func $drop (canon resource.drop $r'))
      (core module $n
        (import "" "new" (func $new (param i32) (result i32))) (import "" "drop" (func $drop (param i32))) (import "" "get" (func $get (result i32)))
        (func (export "new") (result i32) (call $new (i32.const 5)))
        (func (export "drop-own") (result i32) (call $drop (call $new (i32.const 1))) (call $get)))
      (core instance $n (instantiate $n (with "" (instance (export "new" (func $new)) (export "drop" (func $drop)) (export "get" (func $get))))))
      (export $r "r" (type $r'))
      (func (export "make") (result (own $r)) (canon lift (core func $n "new")))
      (func (export "drop-own") (result u32) (canon lift (core func $n "drop-own")))
      (func (export "seen") (result u32) (canon lift (core func $d "seen")))
      (func (export "index") (result u32) (canon lift (core func $d "index")))
      (func (export "late") (result u32) (canon lift (core func $d "index") (post-return (func $d "post")))))
    (component $user
      (import "definer" (instance $definer (export "r" (type $r (sub resource))) (export "make" (func (result (own $r)))) (export "index" (func (result u32)))))
      (alias export $definer "r" (type $r))
      (core func $make (canon lower (func $definer "make")))
      (core func $index' (canon lower (func $definer "index")))
      (core func $drop (canon resource.drop $r))
      (canon thread.index (core func $index))
      (canon context.get i32 0 (core func $get))
      (canon context.set i32 0 (core func $set))
      (core module $m
        (import "" "make" (func $make (result i32))) (import "" "index'" (func $index' (result i32))) (import "" "drop" (func $drop (param i32)))
        (import "" "index" (func $index (result i32))) (import "" "get" (func $get (result i32))) (import "" "set" (func $set (param i32)))
        (func (export "drop") (result i32) (call $set (i32.const 9)) (call $drop (call $make)) (call $get))
        (func (export "both") (result i32) (i32.add (i32.mul (call $index') (i32.const 10)) (call $index))))
      (core instance $m (instantiate $m (with "" (instance (export "make" (func $make)) (export "index'" (func $index')) (export "drop" (func $drop))
        (export "index" (func $index)) (export "get" (func $get)) (export "set" (func $set))))))
      (func (export "drop") (result u32) (canon lift (core func $m "drop")))
      (func (export "both") (result u32) (canon lift (core func $m "both"))))
    (instance $definer (instantiate $definer))
    (instance $user (instantiate $user (with "definer" (instance $definer))))
    (export "definer" (instance $definer))
    (export "user" (instance $user))))");
  const auto number = [&](std::string_view name) {
    const auto result = call(instance, name);
    EXPECT_TRUE(result) << name << ": " << error_of(result);
    return result ? *(*result)->get_if<uint32_t>() : 0;
  };
  EXPECT_EQ(number("definer#seen"), 1u) << "the start function";
  EXPECT_EQ(number("definer#index"), 1u);
  EXPECT_EQ(number("user#both"), 11u);
  EXPECT_EQ(number("user#drop"), 9u) << "the destructor has words of its own";
  EXPECT_EQ(number("definer#seen"), 1u);
  EXPECT_EQ(number("definer#drop-own"), 7u) << "what drops its own resource runs the destructor as a part of itself";
  const auto made = call(instance, "definer#make");
  ASSERT_TRUE(made) << error_of(made);
  ASSERT_TRUE(drop_resource(*store_, *(*made)->get_if<ResourceAny>()));
  EXPECT_EQ(number("definer#seen"), 1u);
  EXPECT_EQ(error_of(call(instance, "definer#late")), "wasm trap: cannot leave component instance");
}

TEST_F(InstanceTest, RefusesResourcesRepresentedByAnI64ByName) {
  const Component component = compile("(component (type (resource (rep i64))) (type (resource (rep i32))) (type (resource (rep i64))))");
  EXPECT_EQ(component.unsupported(), std::vector<std::string>{"a resource represented by an i64"});
  for (const bool trap : {false, true}) {
    linker_.set_trap_unsupported_builtins(trap);
    const auto refused = linker_.instantiate_pre(component);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind(), ErrorKind::Unsupported);
    EXPECT_EQ(refused.error().message(), "the component uses what cannot run yet: a resource represented by an i64");
  }
}

TEST_F(InstanceTest, AsynchronousBuiltInsRefuseTheComponentOrTrapWhenAsked) {
  const Component component = compile(R"((component
    (canon waitable-set.new (core func $new))
    (core module $m (import "" "new" (func $new (result i32))) (func (export "f") (result i32) (call $new)))
    (core instance $i (instantiate $m (with "" (instance (export "new" (func $new))))))
    (func (export "f") (result u32) (canon lift (core func $i "f")))))");
  EXPECT_EQ(component.unsupported(), std::vector<std::string>{"waitable-set.new"});
  const auto refused = linker_.instantiate_pre(component);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), ErrorKind::Unsupported);
  linker_.set_trap_unsupported_builtins(true);
  const auto instance = linker_.instantiate(*store_, component);
  ASSERT_TRUE(instance) << instance.error().message();
  EXPECT_EQ(error_of(call(*instance, "f")), "the built-in waitable-set.new cannot run yet");
}

TEST_F(InstanceTest, AdaptersCopyUtf8OfEveryLengthAndRefuseWhatIsNot) {
  const auto pre = linker_.instantiate_pre(compile(R"((component
    (component $callee
      (core module $m (memory (export "memory") 1))" +
                                                   std::string(bump) + R"(
        (func (export "echo") (param i32 i32) (result i32)
          (i32.store (i32.const 8) (local.get 0)) (i32.store (i32.const 12) (local.get 1)) (i32.const 8)))
      (core instance $i (instantiate $m))
      (func (export "echo") (param "text" string) (result string)
        (canon lift (core func $i "echo") (memory $i "memory") (realloc (func $i "realloc")))))
    (component $caller
      (import "echo" (func $echo (param "text" string) (result string)))
      (core module $libc (memory (export "memory") 1))" +
                                                   std::string(bump) + R"()
      (core instance $libc (instantiate $libc))
      (core func $echo (canon lower (func $echo) (memory $libc "memory") (realloc (func $libc "realloc"))))
      (core module $m (import "" "echo" (func $echo (param i32 i32 i32)))
        (func (export "run") (param i32 i32) (result i32) (call $echo (local.get 0) (local.get 1) (i32.const 16)) (i32.const 16)))
      (core instance $i (instantiate $m (with "" (instance (export "echo" (func $echo))))))
      (func (export "run") (param "bytes" (list u8)) (result (list u8))
        (canon lift (core func $i "run") (memory $libc "memory") (realloc (func $libc "realloc")))))
    (instance $callee (instantiate $callee))
    (instance $caller (instantiate $caller (with "echo" (func $callee "echo"))))
    (export "run" (func $caller "run"))))"));
  ASSERT_TRUE(pre) << pre.error().message();
  const auto echo = [this, &pre](const std::string& text) {
    const auto store = Store::create(engine_);
    const auto instance = pre->instantiate(**store);
    const auto echoed = call(*instance, "run", {Value::bytes(std::as_bytes(std::span(text)))});
    if (!echoed) return echoed.error().message();
    const auto& bytes = (**echoed).get_if<PackedList>()->bytes;
    return std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  };
  for (size_t size = 0; size <= 70; ++size) {
    std::string text(size, ' ');
    for (size_t i = 0; i < size; ++i) text[i] = static_cast<char>('!' + i);
    EXPECT_EQ(echo(text), text);
    for (size_t at = 0; at + 2 <= size; at += size < 20 ? 1 : 7) {
      std::string wide = text;
      wide[at] = '\xc3';
      wide[at + 1] = '\xa9';
      EXPECT_EQ(echo(wide), wide) << size << " " << at;
      wide[at + 1] = 'x';
      EXPECT_EQ(echo(wide), "invalid utf8 encoding") << size << " " << at;
    }
  }
}

TEST_F(InstanceTest, FollowsAMemoryThatGrowsWhileArgumentsAreLowered) {
  const Instance instance = instantiate(R"((component
    (core module $m (memory (export "memory") 1)
      (func (export "realloc") (param i32 i32 i32 i32) (result i32)
        (i32.mul (memory.grow (i32.add (i32.div_u (local.get 3) (i32.const 65536)) (i32.const 1))) (i32.const 65536)))
      (func (export "echo") (param i32 i32) (result i32)
        (i32.store (i32.const 8) (local.get 0)) (i32.store (i32.const 12) (local.get 1)) (i32.const 8)))
    (core instance $i (instantiate $m))
    (func (export "echo") (param "text" string) (result string)
      (canon lift (core func $i "echo") (memory $i "memory") (realloc (func $i "realloc"))))))");
  for (const size_t size : {size_t{1}, size_t{100}, size_t{70000}, size_t{2000000}}) {
    const std::string text(size, 'x');
    const auto echoed = call(instance, "echo", {Value::string(text)});
    ASSERT_TRUE(echoed) << echoed.error().message();
    EXPECT_TRUE(**echoed == Value::string(text)) << size;
  }
  set_component_limits(*store_, {.lift_bytes = 1000});
  EXPECT_TRUE(call(instance, "echo", {Value::string(std::string(1000, 'x'))}));
  const auto refused = call(instance, "echo", {Value::string(std::string(1001, 'x'))});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), ErrorKind::LimitExceeded);
}

TEST_F(InstanceTest, HandlesStopAtTheLimitOfTheStore) {
  set_component_limits(*store_, {.handles = 10});
  const Instance instance = instantiate(R"((component
    (type $r (resource (rep i32)))
    (core func $new (canon resource.new $r))
    (core module $m (import "" "new" (func $new (param i32) (result i32)))
      (func (export "many") (loop $again (drop (call $new (i32.const 1))) (br $again))))
    (core instance $m (instantiate $m (with "" (instance (export "new" (func $new))))))
    (func (export "many") (canon lift (core func $m "many")))))");
  EXPECT_EQ(error_of(call(instance, "many")), "cannot allocate another handle: store handle limit exceeded");
}

}  // namespace
}  // namespace tenon::component
