#include "tenon/store.h"

#include <gtest/gtest.h>

#include <poll.h>

#include <future>
#include <thread>

#include "engine/test_guests.h"

namespace tenon {
namespace {

using core::Instance;
using core::Val;
using engine::Guest;
using engine::make_engine;
using engine::make_module;
using namespace std::chrono_literals;

constexpr uint64_t page = 65536;

constexpr std::string_view grower = R"((module
  (memory (export "memory") 1)
  (table $table 1 funcref)
  (func (export "grow") (param i32) (result i32) local.get 0 memory.grow)
  (func (export "grow_table") (param i32) (result i32) ref.null func local.get 0 table.grow $table)
  (func (export "abort_when_refused") (param i32) local.get 0 memory.grow i32.const -1 i32.eq if unreachable end)
  (func (export "trap") unreachable)))";

constexpr std::string_view spinner = R"((module
  (func (export "spin") (loop br 0))
  (func $deep (export "deep") (param i32) (result i32) (if (result i32) (i32.eqz (local.get 0)) (then (i32.const 0)) (else (i32.add (i32.const 1) (call $deep (i32.sub (local.get 0) (i32.const 1)))))))
  (func (export "work") (param i32) (loop (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))
  (func (export "nop"))))";

TEST(StoreLimits, HoldOverAllMemoriesTogether) {
  Engine engine = make_engine();
  core::Module module = make_module(engine, "(module (memory 64))");
  auto store = *Store::create(engine, {.memory_bytes = 5 << 20});
  ASSERT_TRUE(Instance::create(*store, module));
  auto second = Instance::create(*store, module);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind(), ErrorKind::LimitExceeded) << second.error().message();
  EXPECT_EQ(store->figures().memory_bytes, uint64_t{4} << 20);
}

TEST(StoreLimits, CountTheMemoriesOfOneModuleTogether) {
  Engine engine = make_engine();
  core::Module module = make_module(engine, "(module (memory 64) (memory 64))");
  auto store = *Store::create(engine, {.memory_bytes = 5 << 20});
  EXPECT_EQ(Instance::create(*store, module).error().kind(), ErrorKind::LimitExceeded);
  EXPECT_EQ(store->figures().memory_bytes, 0U);
}

TEST(StoreLimits, RefusedGrowthIsMinusOneAndCounted) {
  Guest guest(grower, {}, {.memory_bytes = 3 * page, .table_elements = 10});
  auto grow = guest.get<int32_t(int32_t)>("grow");
  EXPECT_EQ(*grow.call(2), 1);
  EXPECT_EQ(*grow.call(1), -1);
  EXPECT_EQ(guest.store->figures().memory_bytes, 3 * page);
  EXPECT_EQ(guest.store->figures().refusals, 1U);
  EXPECT_EQ(guest.store->figures().refused_memory_bytes, 4 * page);
  auto grow_table = guest.get<int32_t(int32_t)>("grow_table");
  EXPECT_EQ(*grow_table.call(9), 1);
  EXPECT_EQ(*grow_table.call(1), -1);
  EXPECT_EQ(guest.store->figures().table_elements, 10U);
}

TEST(StoreLimits, HostGrowthIsUnderTheSameLimit) {
  Guest guest(grower, {}, {.memory_bytes = 2 * page});
  auto memory = *guest.instance.get_memory("memory");
  EXPECT_TRUE(memory.grow(1));
  EXPECT_EQ(memory.grow(1).error().kind(), ErrorKind::LimitExceeded);
  EXPECT_EQ(core::Memory::create(*guest.store, {.minimum = 1}).error().kind(), ErrorKind::LimitExceeded);
}

TEST(StoreLimits, RefusedGrowthMayTrap) {
  Guest guest(grower, {}, {.memory_bytes = 2 * page, .trap_on_growth_failure = true});
  auto result = guest.get<int32_t(int32_t)>("grow").call(2);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind(), ErrorKind::LimitExceeded);
  EXPECT_EQ(result.error().message(), "memory bytes of the store would grow to 196608, the limit is 131072");
}

TEST(StoreLimits, AbortAfterRefusedMemoryIsALimitNotATrap) {
  Guest guest(grower, {}, {.memory_bytes = 2 * page});
  auto result = guest.get<void(int32_t)>("abort_when_refused").call(8);
  EXPECT_EQ(result.error().kind(), ErrorKind::LimitExceeded);
  EXPECT_EQ(result.error().message(), "wasm trap: wasm `unreachable` instruction executed after the store's limit refused it memory (to 589824 bytes in all)");
}

TEST(StoreLimits, TrapLongAfterARefusalIsATrap) {
  Guest guest(grower, {}, {.memory_bytes = 2 * page});
  EXPECT_EQ(*guest.get<int32_t(int32_t)>("grow").call(8), -1);
  auto trapped = guest.get<void()>("trap").call();
  EXPECT_EQ(trapped.error().kind(), ErrorKind::Trap);
  EXPECT_EQ(trapped.error().message(), "wasm trap: wasm `unreachable` instruction executed");
  EXPECT_EQ(guest.store->refused(), std::nullopt);
}

TEST(StoreLimits, TheSameRefusalInALaterCallCountsAgain) {
  Guest guest(grower, {}, {.memory_bytes = 2 * page});
  EXPECT_EQ(*guest.get<int32_t(int32_t)>("grow").call(8), -1);
  EXPECT_EQ(guest.get<void(int32_t)>("abort_when_refused").call(8).error().kind(), ErrorKind::LimitExceeded);
  EXPECT_EQ(guest.store->refused(), StoreLimit::Memory);
}

/// A guest that is refused memory, calls the host, which calls the guest again, and then gives up.
TEST(StoreLimits, ARefusalCountsForTheWholeOfTheOutermostCall) {
  Engine engine = make_engine();
  auto store = *Store::create(engine, {.memory_bytes = 2 * page});
  core::Module module = make_module(engine, R"((module (import "host" "back" (func $back)) (memory 1)
    (func (export "nop"))
    (func (export "abort") (drop (memory.grow (i32.const 8))) (call $back) unreachable)
    (func (export "nested_trap") (call $back) unreachable)))");
  std::optional<Instance> instance;
  const auto back = [&instance](Store&, std::span<const Val>, std::span<Val>) -> Result<> { return instance->get_func("nop")->typed<void()>()->call(); };
  core::Extern import = *core::Func::create(*store, {}, back);
  instance = *Instance::create(*store, module, std::span(&import, 1));
  EXPECT_EQ(instance->get_func("abort")->typed<void()>()->call().error().kind(), ErrorKind::LimitExceeded);
  EXPECT_EQ(instance->get_func("nested_trap")->typed<void()>()->call().error().kind(), ErrorKind::Trap);
}

TEST(StoreLimits, ARefusedTableIsToldFromARefusedMemory) {
  Guest guest(R"((module (memory 1) (table $t 1 funcref)
    (func (export "memory") (drop (memory.grow (i32.const 9))) unreachable)
    (func (export "table") (drop (table.grow $t (ref.null func) (i32.const 99))) unreachable)))",
              {}, {.memory_bytes = page, .table_elements = 10});
  EXPECT_EQ(guest.get<void()>("memory").call().error().kind(), ErrorKind::LimitExceeded);
  EXPECT_EQ(guest.store->refused(), StoreLimit::Memory);
  auto table = guest.get<void()>("table").call();
  EXPECT_EQ(table.error().message(), "wasm trap: wasm `unreachable` instruction executed after the store's limit refused it table elements (to 100 in all)");
  EXPECT_EQ(guest.store->refused(), StoreLimit::TableElements);
}

TEST(StoreLimits, ALimitOfAHostFunctionIsNoneOfTheStoresEvenAfterARefusal) {
  Engine engine = make_engine();
  auto store = *Store::create(engine, {.memory_bytes = page});
  const auto refuse = [](Store&, std::span<const Val>, std::span<Val>) -> Result<> { return fail(ErrorKind::LimitExceeded, "no more calls"); };
  core::Extern import = *core::Func::create(*store, {}, refuse);
  core::Module module = make_module(engine, R"((module (import "host" "f" (func $f)) (memory 1)
    (func (export "run") (drop (memory.grow (i32.const 8))) (call $f))))");
  auto result = Instance::create(*store, module, std::span(&import, 1))->get_func("run")->typed<void()>()->call();
  EXPECT_EQ(result.error().message(), "no more calls");
  EXPECT_EQ(store->refused(), std::nullopt);
}

TEST(StoreLimits, TellWhichOfThemWasReached) {
  Guest spinning("(module (func $f (export \"deep\") (call $f)))");
  EXPECT_FALSE(spinning.get<void()>("deep").call());
  EXPECT_EQ(spinning.store->refused(), StoreLimit::Stack);
  Guest growing(grower, {}, {.memory_bytes = 2 * page, .trap_on_growth_failure = true});
  EXPECT_FALSE(growing.get<int32_t(int32_t)>("grow").call(2));
  EXPECT_EQ(growing.store->refused(), StoreLimit::Memory);
  EXPECT_FALSE(growing.get<void()>("trap").call());
  EXPECT_EQ(growing.store->refused(), std::nullopt);
  auto small = *Store::create(growing.engine, {.memory_bytes = page});
  EXPECT_EQ(Instance::create(*small, make_module(growing.engine, "(module (memory 2))")).error().kind(), ErrorKind::LimitExceeded);
  EXPECT_EQ(small->refused(), StoreLimit::Memory);
}

TEST(StoreLimits, CountTablesAndMemoriesOfEachInstanceByItself) {
  Engine engine = make_engine();
  auto store = *Store::create(engine, {.memories_per_instance = 1, .tables_per_instance = 1});
  core::Module one = make_module(engine, "(module (table (export \"t\") 1 funcref) (memory 1))");
  ASSERT_TRUE(Instance::create(*store, one));
  auto second = Instance::create(*store, one);
  ASSERT_TRUE(second) << "another instance has its own";
  core::Extern table = *second->get_table("t");
  EXPECT_TRUE(Instance::create(*store, make_module(engine, "(module (import \"\" \"\" (table 1 funcref)) (table 1 funcref))"), std::span(&table, 1)))
      << "an import is not its own";
  auto two = Instance::create(*store, make_module(engine, "(module (table 1 funcref) (table 1 funcref))"));
  EXPECT_EQ(two.error().kind(), ErrorKind::LimitExceeded);
  EXPECT_EQ(two.error().message(), "tables of a core instance would be 2, the limit is 1");
  EXPECT_EQ(store->refused(), StoreLimit::Tables);
  auto memories = Instance::create(*store, make_module(engine, "(module (memory 1) (memory 1))"));
  EXPECT_EQ(memories.error().message(), "memories of a core instance would be 2, the limit is 1");
  EXPECT_EQ(store->refused(), StoreLimit::Memories);
}

TEST(StoreLimits, OfAnInstanceHoldForModulesOutOfTheirCompiledForm) {
  Engine engine = make_engine();
  const auto code = *make_module(engine, "(module (table 1 funcref) (table 1 funcref))").serialize();
  auto store = *Store::create(engine, {.tables_per_instance = 1});
  EXPECT_EQ(Instance::create(*store, *core::Module::deserialize(engine, code)).error().kind(), ErrorKind::LimitExceeded);
}

TEST(StoreLimits, GrowthThatTheMachineRefusesIsGivenBack) {
  Guest guest("(module (memory (export \"memory\") i64 1) (func (export \"grow\") (param i64) (result i64) local.get 0 memory.grow))");
  EXPECT_EQ(*guest.get<int64_t(int64_t)>("grow").call(int64_t{1} << 40), -1);
  EXPECT_EQ(guest.store->figures().memory_bytes, page);
}

TEST(StoreLimits, HoldForInstancesMemoriesAndTables) {
  Engine engine = make_engine();
  auto instances = *Store::create(engine, {.instances = 1});
  ASSERT_TRUE(Instance::create(*instances, make_module(engine, "(module)")));
  EXPECT_EQ(Instance::create(*instances, make_module(engine, "(module)")).error().message(), "core instances of the store would be 2, the limit is 1");
  EXPECT_EQ(instances->refused(), StoreLimit::Instances);
  auto memories = *Store::create(engine, {.memories = 1});
  EXPECT_EQ(Instance::create(*memories, make_module(engine, "(module (memory 1) (memory 1))")).error().kind(), ErrorKind::LimitExceeded);
  auto tables = *Store::create(engine, {.table_elements = 5, .tables = 1});
  EXPECT_EQ(Instance::create(*tables, make_module(engine, "(module (table 1 funcref) (table 1 funcref))")).error().kind(), ErrorKind::LimitExceeded);
  auto elements = *Store::create(engine, {.table_elements = 5});
  EXPECT_EQ(Instance::create(*elements, make_module(engine, "(module (table 6 funcref))")).error().kind(), ErrorKind::LimitExceeded);
}

TEST(Fuel, NewStoreHasNone) {
  Guest guest(spinner, {.fuel = true});
  EXPECT_EQ(guest.store->fuel(), 0U);
  auto result = guest.get<void(int32_t)>("work").call(100);
  EXPECT_EQ(result.error().kind(), ErrorKind::LimitExceeded);
  EXPECT_EQ(guest.store->last_trap()->code, TrapCode::OutOfFuel);
  EXPECT_EQ(guest.store->refused(), StoreLimit::Fuel);
}

TEST(Fuel, TheSameCallCostsTheSameInOneStoreAndInAnother) {
  std::optional<uint64_t> cost;
  for (int i = 0; i < 3; ++i) {
    Guest guest(spinner, {.fuel = true});
    for (int j = 0; j < 3; ++j) {
      ASSERT_TRUE(guest.store->set_fuel(1'000'000));
      ASSERT_TRUE(guest.get<void(int32_t)>("work").call(777));
      const uint64_t spent = 1'000'000 - *guest.store->fuel();
      if (!cost) cost = spent;
      EXPECT_EQ(spent, *cost);
    }
  }
  EXPECT_GT(*cost, 777U);
}

TEST(Fuel, AnEndIsMetAtTheSamePlaceEachTime) {
  std::optional<int32_t> reached;
  for (int i = 0; i < 3; ++i) {
    Guest guest(R"((module (global (export "n") (mut i32) (i32.const 0))
      (func (export "count") (loop (global.set 0 (i32.add (global.get 0) (i32.const 1))) (br 0)))))",
                {.fuel = true});
    ASSERT_TRUE(guest.store->set_fuel(10'000));
    EXPECT_FALSE(guest.get<void()>("count").call());
    const int32_t count = std::get<int32_t>(*guest.instance.get_global("n")->get());
    if (!reached) reached = count;
    EXPECT_EQ(count, *reached);
  }
}

TEST(Fuel, EndsALoopAndCountsRepeatably) {
  uint64_t spent[2];
  for (uint64_t& each : spent) {
    Guest guest(spinner, {.fuel = true});
    ASSERT_TRUE(guest.store->set_fuel(100'000));
    ASSERT_TRUE(guest.get<void(int32_t)>("work").call(1000));
    each = 100'000 - *guest.store->fuel();
    EXPECT_EQ(guest.get<void()>("spin").call().error().kind(), ErrorKind::LimitExceeded);
  }
  EXPECT_EQ(spent[0], spent[1]);
  EXPECT_GT(spent[0], 1000U);
}

TEST(Fuel, IsRefusedByAnEngineThatDoesNotCount) {
  auto store = *Store::create(make_engine());
  EXPECT_EQ(store->set_fuel(1).error().kind(), ErrorKind::InvalidInput);
  EXPECT_EQ(store->fuel(), std::nullopt);
}

TEST(Deadline, EndsALoop) {
  Guest guest(spinner, {.tick = 1ms});
  auto start = std::chrono::steady_clock::now();
  guest.store->set_deadline(start + 20ms);
  auto result = guest.get<void()>("spin").call();
  EXPECT_EQ(result.error().kind(), ErrorKind::Timeout);
  EXPECT_EQ(result.error().message(), "wasm trap: interrupt");
  EXPECT_GE(std::chrono::steady_clock::now() - start, 20ms);
}

TEST(Deadline, ThatIsOverEndsTheNextCallAtOnce) {
  Guest guest(spinner, {.tick = 1s});
  guest.store->set_deadline(std::chrono::steady_clock::now() - 1ms);
  EXPECT_EQ(guest.get<void()>("nop").call().error().kind(), ErrorKind::Timeout);
  guest.store->clear_deadline();
  EXPECT_TRUE(guest.get<void()>("nop").call());
}

TEST(Deadline, ThatLiesAheadLeavesTheGuestAlone) {
  Guest guest(spinner, {.tick = 1ms});
  guest.store->set_deadline(std::chrono::steady_clock::now() + 1h);
  auto end = std::chrono::steady_clock::now() + 20ms;
  while (std::chrono::steady_clock::now() < end) ASSERT_TRUE(guest.get<void(int32_t)>("work").call(100'000));
  guest.store->clear_deadline();
  EXPECT_EQ(guest.store->deadline(), std::nullopt);
  EXPECT_TRUE(guest.get<void()>("nop").call());
}

TEST(Interrupt, FromAnotherThreadEndsALoop) {
  Guest guest(spinner);
  std::promise<void> running;
  std::thread other([&] {
    running.get_future().wait();
    guest.store->interrupt();
  });
  running.set_value();
  auto result = guest.get<void()>("spin").call();
  other.join();
  EXPECT_EQ(result.error().kind(), ErrorKind::Timeout);
  EXPECT_EQ(guest.store->last_trap()->code, TrapCode::Interrupt);
}

TEST(Interrupt, BeforeACallEndsThatCall) {
  Guest guest(spinner);
  guest.store->interrupt();
  EXPECT_EQ(guest.get<void()>("spin").call().error().kind(), ErrorKind::Timeout);
  guest.store->clear_interrupt();
  EXPECT_TRUE(guest.get<void()>("nop").call());
}

TEST(Interrupt, WakesAHostFunctionThatWaits) {
  Guest guest(spinner);
  pollfd waited{.fd = guest.store->interrupt_descriptor().value(), .events = POLLIN, .revents = 0};
  EXPECT_EQ(poll(&waited, 1, 0), 0);
  std::thread other([&] { guest.store->interrupt(); });
  EXPECT_EQ(poll(&waited, 1, 60'000), 1);
  other.join();
  guest.store->clear_interrupt();
  EXPECT_EQ(poll(&waited, 1, 0), 0);
}

TEST(Interrupt, ShowsOnADescriptorThatIsAskedForAfterIt) {
  Guest guest(spinner);
  guest.store->interrupt();
  pollfd waited{.fd = guest.store->interrupt_descriptor().value(), .events = POLLIN, .revents = 0};
  EXPECT_EQ(poll(&waited, 1, 0), 1);
}

TEST(Interrupt, LeavesOtherStoresAlone) {
  Guest guest(spinner);
  auto other = *Store::create(guest.engine);
  other->interrupt();
  EXPECT_TRUE(guest.get<void(int32_t)>("work").call(100'000));
}

TEST(Stack, EndlessRecursionIsALimit) {
  Guest guest(spinner);
  auto result = guest.get<int32_t(int32_t)>("deep").call(100'000'000);
  EXPECT_EQ(result.error().kind(), ErrorKind::LimitExceeded);
  EXPECT_EQ(guest.store->last_trap()->code, TrapCode::StackOverflow);
  EXPECT_EQ(guest.store->last_trap()->frames.size(), 64U);
}

/// Stores that call each other through the host: each level is a new store whose guest uses up most of its own stack before it calls on.
struct Nest {
  static constexpr std::string_view text = R"((module (import "host" "next" (func $next))
    (func $dive (export "dive") (param i32) (if (i32.eqz (local.get 0)) (then (call $next)) (else (call $dive (i32.sub (local.get 0) (i32.const 1)))))))
  )";

  Result<> level() {
    TENON_TRY(auto store, Store::create(engine));
    auto next = [this](Store&, std::span<const Val>, std::span<Val>) -> Result<> {
      ++depth;
      return level();
    };
    TENON_TRY(core::Func host, core::Func::create(*store, {}, next));
    core::Extern import = host;
    TENON_TRY(Instance instance, Instance::create(*store, module, std::span(&import, 1)));
    TENON_TRY(core::Func dive, instance.get_func("dive"));
    Val argument = dives;
    TENON_TRY(auto results, dive.call(std::span(&argument, 1)));
    return {};
  }

  Engine engine = make_engine();
  core::Module module = make_module(engine, text);
  int32_t dives = 5000;
  int depth = 0;
};

TEST(Stack, NestedStoresEndWithALimitBeforeTheThreadDoes) {
  Nest nest;
  auto result = nest.level();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind(), ErrorKind::LimitExceeded);
  EXPECT_NE(result.error().message().find("calls are nested too deep"), std::string::npos) << result.error().message();
  EXPECT_GE(nest.depth, 4);
}

TEST(Stack, NestedStoresEndWithALimitOnASmallThread) {
  Nest nest;
  Result<> result;
  ASSERT_TRUE(engine::run_with_stack(2 << 20, [&] { result = nest.level(); }));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind(), ErrorKind::LimitExceeded);
  EXPECT_GE(nest.depth, 1);
}

TEST(Stack, ALargerThreadHoldsMoreLevels) {
  Nest small;
  Nest large;
  ASSERT_TRUE(engine::run_with_stack(4 << 20, [&] { (void)small.level(); }));
  ASSERT_TRUE(engine::run_with_stack(32 << 20, [&] { (void)large.level(); }));
  EXPECT_GT(large.depth, 4 * small.depth);
}

TEST(Stack, AThreadTooSmallForOneCallIsRefused) {
  Guest guest(spinner);
  Result<> result;
  ASSERT_TRUE(engine::run_with_stack(256 << 10, [&] { result = guest.get<void()>("nop").call(); }));
  EXPECT_EQ(result.error().kind(), ErrorKind::LimitExceeded);
}

}  // namespace
}  // namespace tenon
