#include "tenon/engine.h"

#include <gtest/gtest.h>

#include "engine/test_guests.h"

namespace tenon {
namespace {

using engine::make_engine;
using namespace std::chrono_literals;

TEST(EngineConfig, IsRefusedOutsideOfItsRanges) {
  EXPECT_EQ(Engine::create({.tick = 0ms}).error().kind(), ErrorKind::InvalidInput);
  EXPECT_EQ(Engine::create({.tick = 2s}).error().message(), "tick is 2000000, expected 100 to 1,000,000 microseconds");
  EXPECT_EQ(Engine::create({.wasm_stack_bytes = 1}).error().kind(), ErrorKind::InvalidInput);
  EXPECT_EQ(Engine::create({.wasm_stack_bytes = size_t{1} << 40}).error().kind(), ErrorKind::InvalidInput);
  EXPECT_EQ(Engine::create({.host_stack_bytes = 0}).error().kind(), ErrorKind::InvalidInput);
}

TEST(EngineConfig, TakesStacksAsSmallAndAsLargeAsItsRangeSays) {
  EXPECT_TRUE(Engine::create({.wasm_stack_bytes = size_t{16} << 10}));
  EXPECT_TRUE(Engine::create({.wasm_stack_bytes = size_t{64} << 20}));
  EXPECT_TRUE(Engine::create({.allocation = Allocation::Pooled, .wasm_stack_bytes = size_t{64} << 20}));
}

TEST(EngineConfig, PoolsThatDoNotFitIntoTheAddressSpaceAreRefused) {
  EngineConfig config{.allocation = Allocation::Pooled, .pool = {.memories = 4'000'000'000}};
  auto engine = Engine::create(config);
  ASSERT_FALSE(engine);
  EXPECT_TRUE(engine.error().kind() == ErrorKind::Unavailable || engine.error().kind() == ErrorKind::InvalidInput) << engine.error().message();
}

TEST(EngineConfig, ProposalsAreSwitched) {
  Engine off = make_engine({.multi_memory = Proposal::Off});
  EXPECT_EQ(core::Module::create(off, engine::wat("(module (memory 1) (memory 1))")).error().kind(), ErrorKind::InvalidInput);
  EXPECT_TRUE(core::Module::create(make_engine(), engine::wat("(module (memory 1) (memory 1))")));
  Engine no_memory64 = make_engine({.memory64 = Proposal::Off});
  EXPECT_FALSE(core::Module::create(no_memory64, engine::wat("(module (memory i64 1))")));
}

TEST(Fingerprint, DiffersByConfigurationAndNotByEngine) {
  EXPECT_EQ(make_engine().fingerprint(), make_engine().fingerprint());
  EXPECT_NE(make_engine().fingerprint(), make_engine({.fuel = true}).fingerprint());
  EXPECT_NE(make_engine().fingerprint(), make_engine({.epoch = false}).fingerprint());
}

TEST(Engine, LivesAsLongAsWhatWasMadeWithIt) {
  std::unique_ptr<Store> store;
  std::optional<core::Module> module;
  {
    Engine engine = make_engine();
    store = *Store::create(engine);
    module = engine::make_module(engine, "(module (func (export \"f\") (result i32) i32.const 4))");
  }
  EXPECT_EQ(*core::Instance::create(*store, *module)->get_func("f")->typed<int32_t()>()->call(), 4);
}

TEST(Engine, UnusableCacheFolderIsANoticeNotAFailure) {
  Engine engine = make_engine({.cache_folder = "/proc/tenon"});
  EXPECT_NE(engine.notice().find("compiled code is not cached: "), std::string::npos) << engine.notice();
  EXPECT_TRUE(core::Module::create(engine, engine::wat("(module)")));
  EXPECT_EQ(make_engine().notice(), "");
}

}  // namespace
}  // namespace tenon
