#include "tenon/core.h"

#include <gtest/gtest.h>

#include <limits>

#include "engine/test_guests.h"

namespace tenon::core {
namespace {

using engine::Guest;
using engine::make_engine;
using engine::make_module;
using engine::wat;

constexpr std::string_view calculator = R"((module $calculator
  (memory (export "memory") 1 3)
  (table (export "table") 4 8 funcref)
  (global (export "counter") (mut i32) (i32.const 7))
  (global (export "pi") f64 (f64.const 3.25))
  (func $add (export "add") (param i32 i32) (result i32) local.get 0 local.get 1 i32.add)
  (func (export "swap") (param i64 f32) (result f32 i64) local.get 1 local.get 0)
  (func (export "vector") (param v128) (result v128) local.get 0)
  (func (export "nothing"))
  (func $divide (export "divide") (param i32 i32) (result i32) local.get 0 local.get 1 i32.div_s)
  (func (export "outer") (param i32) (result i32) i32.const 1 local.get 0 call $divide)
  (func (export "handle") (param externref))
  (elem (i32.const 1) $add)))";

TEST(Module, ListsImportsAndExportsWithTypes) {
  Engine engine = make_engine();
  Module module = make_module(engine, R"((module (import "a" "f" (func (param i32 f64) (result i64))) (import "a" "m" (memory 1 2))
    (import "b" "t" (table 1 funcref)) (import "b" "g" (global (mut i32))) (func (export "run"))))");
  ASSERT_EQ(module.imports().size(), 4U);
  EXPECT_EQ(module.imports()[0].module, "a");
  EXPECT_EQ(to_string(module.imports()[0].type), "func (i32, f64) -> (i64)");
  EXPECT_EQ(to_string(module.imports()[1].type), "memory 1..2");
  EXPECT_EQ(to_string(module.imports()[2].type), "table 1.. funcref");
  EXPECT_EQ(to_string(module.imports()[3].type), "global mut i32");
  ASSERT_EQ(module.exports().size(), 1U);
  EXPECT_EQ(module.find_export("run"), 0U);
  EXPECT_EQ(module.find_export("walk"), std::nullopt);
}

TEST(Module, RefusesWhatIsNoModule) {
  Engine engine = make_engine();
  std::vector<std::byte> bytes = wat(calculator);
  for (size_t size = 0; size < bytes.size(); size += 7) {
    auto module = Module::create(engine, std::span(bytes).first(size));
    // A module that ends between two sections is a shorter module.
    if (!module) {
      EXPECT_EQ(module.error().kind(), ErrorKind::InvalidInput) << size;
    }
  }
  EXPECT_EQ(Module::create(engine, std::as_bytes(std::span("(module)"))).error().kind(), ErrorKind::InvalidInput);
  EXPECT_EQ(Module::validate(engine, {}).error().kind(), ErrorKind::InvalidInput);
}

TEST(Module, RefusesACodeBodyOfTheWrongTypeWithItsOffset) {
  auto module = Module::create(make_engine(), wat("(module (func (result i32) i64.const 1))"));
  ASSERT_FALSE(module);
  EXPECT_EQ(module.error().kind(), ErrorKind::InvalidInput);
  EXPECT_NE(module.error().message().find("offset "), std::string::npos) << module.error().message();
}

TEST(Module, RefusesBytesOverTheLimitWithoutReadingThem) {
  auto module = Module::create(make_engine(), {reinterpret_cast<const std::byte*>(1), (size_t{256} << 20) + 1});
  EXPECT_EQ(module.error().kind(), ErrorKind::LimitExceeded);
}

TEST(Module, RunsAfterASerialisedRoundTrip) {
  Engine engine = make_engine();
  auto code = make_module(engine, calculator).serialize();
  ASSERT_TRUE(code);
  auto module = Module::deserialize(engine, *code);
  ASSERT_TRUE(module) << module.error().message();
  EXPECT_EQ(module->name(), "calculator");
  auto store = *Store::create(engine);
  auto add = Instance::create(*store, *module)->get_func("add")->typed<int32_t(int32_t, int32_t)>();
  EXPECT_EQ(*add->call(40, 2), 42);
}

TEST(Module, RefusesCodeOfAnotherConfiguration) {
  auto code = make_module(make_engine(), calculator).serialize();
  auto module = Module::deserialize(make_engine({.fuel = true}), *code);
  EXPECT_EQ(module.error().kind(), ErrorKind::InvalidInput);
}

TEST(Func, CallsWithTypesCheckedAtRunTime) {
  Guest guest(calculator);
  Func add = *guest.instance.get_func("add");
  EXPECT_EQ(to_string(add.type()), "(i32, i32) -> (i32)");
  std::vector<Val> sum = *add.call(std::vector<Val>{2, 3});
  EXPECT_EQ(sum, std::vector<Val>{5});
  EXPECT_EQ(add.call(std::vector<Val>{2}).error().message(), "the function is (i32, i32) -> (i32), the arguments are (i32)");
  EXPECT_EQ(add.call(std::vector<Val>{2, int64_t{3}}).error().kind(), ErrorKind::InvalidInput);
}

TEST(Func, CallsWithTypesCheckedOnce) {
  Guest guest(calculator);
  auto [number, whole] = *guest.get<std::tuple<float, int64_t>(int64_t, float)>("swap").call(5, 1.5F);
  EXPECT_EQ(number, 1.5F);
  EXPECT_EQ(whole, 5);
  V128 vector{1, 2, 3};
  EXPECT_EQ(*guest.get<V128(V128)>("vector").call(vector), vector);
  EXPECT_TRUE(guest.get<void()>("nothing").call());
  EXPECT_EQ(guest.instance.get_func("add")->typed<int64_t(int32_t)>().error().message(),
            "the function is (i32, i32) -> (i32), it was asked for as (i32) -> (i64)");
}

TEST(Func, RefusesReferencesThatTheHostCannotMake) {
  Guest guest(calculator);
  EXPECT_EQ(guest.instance.get_func("handle")->call(std::vector<Val>{1}).error().kind(), ErrorKind::InvalidInput);
}

TEST(Func, TrapCarriesCodeMessageAndNamedFrames) {
  Guest guest(calculator);
  auto result = guest.get<int32_t(int32_t)>("outer").call(0);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind(), ErrorKind::Trap);
  EXPECT_EQ(result.error().message(), "wasm trap: integer divide by zero");
  const auto& trap = guest.store->last_trap();
  ASSERT_TRUE(trap);
  EXPECT_EQ(trap->code, TrapCode::IntegerDivisionByZero);
  ASSERT_EQ(trap->frames.size(), 2U);
  EXPECT_EQ(trap->frames[0].function, "divide");
  EXPECT_EQ(trap->frames[0].module, "calculator");
  EXPECT_TRUE(trap->frames[0].module_offset);
  EXPECT_EQ(trap->frames[1].function_index, 5U);
  EXPECT_NE(to_string(*trap).find("divide (calculator)"), std::string::npos);
}

TEST(Func, TrapNamesFunctionsAsTheModuleDoes) {
  // Short names are mangled names of C++'s types to a demangler: float, short, int.
  Guest guest(R"((module (func $f (export "f") (call $s)) (func $s (call $_ZN4deep4trapEi)) (func $_ZN4deep4trapEi unreachable)))");
  ASSERT_FALSE(guest.instance.get_func("f")->call({}));
  const auto& frames = guest.store->last_trap()->frames;
  ASSERT_EQ(frames.size(), 3U);
  EXPECT_EQ(frames[0].function, "deep::trap(int)");
  EXPECT_EQ(frames[1].function, "s");
  EXPECT_EQ(frames[2].function, "f");
}

TEST(Func, HostFunctionReadsArgumentsAndWritesResults) {
  Engine engine = make_engine();
  auto store = *Store::create(engine);
  Func twice = *Func::create(*store, {{ValType::I32}, {ValType::I32}}, [](Store&, std::span<const Val> arguments, std::span<Val> results) -> Result<> {
    results[0] = 2 * std::get<int32_t>(arguments[0]);
    return {};
  });
  Module module = make_module(
      engine, R"((module (import "host" "twice" (func $t (param i32) (result i32))) (func (export "run") (param i32) (result i32) local.get 0 call $t)))");
  Extern import = twice;
  auto instance = Instance::create(*store, module, std::span(&import, 1));
  ASSERT_TRUE(instance) << instance.error().message();
  EXPECT_EQ(*instance->get_func("run")->typed<int32_t(int32_t)>()->call(21), 42);
  EXPECT_EQ(*twice.call(std::vector<Val>{4}), std::vector<Val>{8});
}

TEST(Func, HostErrorEndsTheGuestAndKeepsItsKind) {
  Engine engine = make_engine();
  auto store = *Store::create(engine);
  Func deny = *Func::create(*store, {}, [](Store&, std::span<const Val>, std::span<Val>) -> Result<> { return fail(ErrorKind::Denied, "not allowed"); });
  Module module = make_module(engine, R"((module (import "host" "deny" (func $d)) (func $run (export "run") call $d)))");
  Extern import = deny;
  auto result = Instance::create(*store, module, std::span(&import, 1))->get_func("run")->call({});
  EXPECT_EQ(result.error().kind(), ErrorKind::Denied);
  EXPECT_EQ(result.error().message(), "not allowed");
  ASSERT_TRUE(store->last_trap());
  EXPECT_EQ(store->last_trap()->code, TrapCode::Host);
  ASSERT_EQ(store->last_trap()->frames.size(), 1U);
  EXPECT_EQ(store->last_trap()->frames[0].function, "run");
}

TEST(Func, HostFunctionThatAnswersAnotherTypeIsAnError) {
  auto store = *Store::create(make_engine());
  Func wrong = *Func::create(*store, {{}, {ValType::I32}}, [](Store&, std::span<const Val>, std::span<Val> results) -> Result<> {
    results[0] = 1.0;
    return {};
  });
  EXPECT_EQ(wrong.call({}).error().kind(), ErrorKind::InvalidInput);
  EXPECT_EQ(Func::create(*store, {{ValType::ExternRef}, {}}, nullptr).error().kind(), ErrorKind::InvalidInput);
}

TEST(Instance, RefusesImportsOfTheWrongTypeWithBothTypes) {
  Engine engine = make_engine();
  auto store = *Store::create(engine);
  Module module = make_module(engine, R"((module (import "env" "memory" (memory 2))))");
  Extern small = *Memory::create(*store, {.minimum = 1, .maximum = std::nullopt});
  auto instance = Instance::create(*store, module, std::span(&small, 1));
  ASSERT_FALSE(instance);
  EXPECT_EQ(instance.error().kind(), ErrorKind::InvalidInput);
  EXPECT_NE(instance.error().message().find("`env::memory`"), std::string::npos) << instance.error().message();
  EXPECT_EQ(Instance::create(*store, module, {}).error().kind(), ErrorKind::InvalidInput);
  Extern global = *Global::create(*store, Mutability::Const, 1);
  EXPECT_EQ(Instance::create(*store, module, std::span(&global, 1)).error().kind(), ErrorKind::InvalidInput);
}

TEST(Instance, ImportsWhatAnotherInstanceExports) {
  Guest guest(calculator);
  Module module = make_module(
      guest.engine,
      R"((module (import "c" "memory" (memory 1)) (import "c" "counter" (global (mut i32))) (import "c" "add" (func $a (param i32 i32) (result i32)))
    (import "c" "table" (table 1 funcref)) (func (export "run") (result i32) (i32.store (i32.const 16) (call $a (global.get 0) (i32.const 1))) (i32.load (i32.const 16)))))");
  std::vector<Extern> imports{*guest.instance.get_memory("memory"), *guest.instance.get_global("counter"), *guest.instance.get_func("add"),
                              *guest.instance.get_table("table")};
  auto instance = Instance::create(*guest.store, module, imports);
  ASSERT_TRUE(instance) << instance.error().message();
  EXPECT_EQ(*instance->get_func("run")->typed<int32_t()>()->call(), 8);
  EXPECT_EQ(guest.instance.get_memory("memory")->data()[16], std::byte{8});
}

TEST(Instance, RefusesAnItemOfAnotherStore) {
  Guest guest(calculator);
  auto other = *Store::create(guest.engine);
  Module module = make_module(guest.engine, R"((module (import "c" "memory" (memory 1))))");
  Extern memory = *guest.instance.get_memory("memory");
  auto instance = Instance::create(*other, module, std::span(&memory, 1));
  EXPECT_EQ(instance.error().kind(), ErrorKind::InvalidInput);
}

TEST(Instance, SaysWhatThereIsWhenAnExportIsMissingOrOfAnotherKind) {
  Guest guest(calculator);
  auto missing = guest.instance.get_func("sub");
  EXPECT_EQ(missing.error().kind(), ErrorKind::NotFound);
  EXPECT_NE(missing.error().message().find("\"add\""), std::string::npos);
  EXPECT_EQ(guest.instance.get_func("memory").error().message(), "export \"memory\" is no function, it is memory 1..3");
}

TEST(Instance, StartFunctionThatTrapsIsATrap) {
  Engine engine = make_engine();
  auto store = *Store::create(engine);
  auto instance = Instance::create(*store, make_module(engine, "(module (func $go unreachable) (start $go))"));
  EXPECT_EQ(instance.error().kind(), ErrorKind::Trap);
  EXPECT_EQ(store->last_trap()->code, TrapCode::Unreachable);
}

TEST(Memory, GrowsUpToItsMaximum) {
  Guest guest(calculator);
  Memory memory = *guest.instance.get_memory("memory");
  EXPECT_EQ(memory.data().size(), 65536U);
  EXPECT_EQ(*memory.grow(2), 1U);
  EXPECT_EQ(memory.data().size(), 3U * 65536U);
  EXPECT_EQ(memory.grow(1).error().kind(), ErrorKind::LimitExceeded);
  EXPECT_EQ(memory.grow(std::numeric_limits<uint64_t>::max()).error().kind(), ErrorKind::LimitExceeded);
  EXPECT_EQ(memory.type(), (Limits{.minimum = 1, .maximum = 3}));
}

TEST(Table, HoldsFunctionsAndNull) {
  Guest guest(calculator);
  Table table = *guest.instance.get_table("table");
  EXPECT_EQ(table.size(), 4U);
  EXPECT_FALSE(*table.get(0));
  auto add = *table.get(1);
  ASSERT_TRUE(add);
  EXPECT_EQ(*add->call(std::vector<Val>{1, 2}), std::vector<Val>{3});
  EXPECT_TRUE(table.set(0, add));
  EXPECT_TRUE(*table.get(0));
  EXPECT_TRUE(table.set(0, std::nullopt));
  EXPECT_FALSE(*table.get(0));
  EXPECT_EQ(table.get(4).error().kind(), ErrorKind::InvalidInput);
  EXPECT_EQ(*table.grow(4), 4U);
  EXPECT_EQ(table.grow(1).error().kind(), ErrorKind::LimitExceeded);
}

TEST(Global, ReadsAndWritesByType) {
  Guest guest(calculator);
  Global counter = *guest.instance.get_global("counter");
  EXPECT_EQ(*counter.get(), Val(7));
  EXPECT_TRUE(counter.set(9));
  EXPECT_EQ(*counter.get(), Val(9));
  EXPECT_EQ(counter.set(1.0).error().message(), "the global is i32, the value f64");
  EXPECT_EQ(*guest.instance.get_global("pi")->get(), Val(3.25));
  EXPECT_EQ(guest.instance.get_global("pi")->set(1.0).error().kind(), ErrorKind::InvalidInput);
}

TEST(Pooled, RunsAndCountsWhatLives) {
  EngineConfig config{.allocation = Allocation::Pooled, .pool = {.instances = 2, .memories = 2, .tables = 2}};
  Engine engine = make_engine(config);
  Module module = make_module(engine, calculator);
  {
    auto store = *Store::create(engine);
    ASSERT_TRUE(Instance::create(*store, module));
    ASSERT_TRUE(Instance::create(*store, module));
    EXPECT_EQ(engine.pool_figures().memories, 2U);
    auto third = Instance::create(*store, module);
    ASSERT_FALSE(third);
    EXPECT_EQ(third.error().kind(), ErrorKind::LimitExceeded) << third.error().message();
  }
  EXPECT_EQ(engine.pool_figures().memories, 0U);
}

TEST(Pooled, RefusesAModuleThatDoesNotFit) {
  Engine engine = make_engine({.allocation = Allocation::Pooled, .pool = {.memory_bytes_max = 1 << 20}});
  auto module = Module::create(engine, wat("(module (memory 100))"));
  EXPECT_EQ(module.error().kind(), ErrorKind::InvalidInput) << module.error().message();
}

}  // namespace
}  // namespace tenon::core
