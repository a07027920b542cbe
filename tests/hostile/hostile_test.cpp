#include <gtest/gtest.h>

#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/files.h"
#include "support/scripts.h"
#include "tenon/component.h"
#include "tenon/engine.h"
#include "tenon/instance.h"
#include "tenon/linker.h"
#include "tenon/store.h"
#include "tenon/typed.h"
#include "wast/runner.h"
#include "wast/script.h"

// Components that are built to do harm: scripts beside this file, each with the reason that it is to be refused with, and what is too large to be
// written down. Nothing of it may end the process.

namespace tenon::tests {
namespace {

const std::filesystem::path folder = TENON_SOURCE_DIR "/tests/hostile";

// What the project promises to have.
constexpr size_t hostile_components_min = 60;

class HostileScripts : public testing::TestWithParam<std::filesystem::path> {};

TEST_P(HostileScripts, AreRefusedWithTheirReasons) { expect_passes_whole(GetParam()); }

INSTANTIATE_TEST_SUITE_P(Hostile, HostileScripts, testing::ValuesIn(scripts_of(folder)), name_of_script);

TEST(HostileFolder, HasSixtyComponentsAndMore) {
  size_t components = 0;
  for (const auto& path : scripts_of(folder)) {
    const auto text = base::read_file(path, uint64_t{1} << 20);
    ASSERT_TRUE(text);
    const auto script = wast::Script::parse(*text);
    ASSERT_TRUE(script) << path << ": " << script.error().message();
    components += script->files.size();
  }
  EXPECT_GE(components, hostile_components_min);
}

class Hostile : public testing::Test {
 protected:
  Result<Component> compile(std::string_view text) { return Component::create(engine, binaries_of(text)[0]); }

  Result<Instance> instantiate(std::string_view text) {
    TENON_TRY(const Component component, compile(text));
    return linker.instantiate(*store, component);
  }

  template <class T>
  static std::string error_of(const Result<T>& result) {
    return result ? "" : result.error().message();
  }

  Engine engine = *Engine::create();
  Linker linker{engine};
  std::unique_ptr<Store> store = *Store::create(engine);
};

/// A component inside of a component, `depth` times.
std::vector<std::byte> nested_components(size_t depth) {
  const std::string preamble("\0asm\x0d\0\x01\0", 8);
  std::string inner = preamble;
  for (size_t i = 0; i < depth; ++i) {
    std::string size;
    for (size_t rest = inner.size(); true; rest >>= 7) {
      size.push_back(static_cast<char>((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0)));
      if (rest <= 0x7f) break;
    }
    inner = preamble + "\x04" + size + inner;
  }
  const auto bytes = std::as_bytes(std::span(inner));
  return {bytes.begin(), bytes.end()};
}

TEST_F(Hostile, ComponentsNestedByTheThousandAreRefused) {
  EXPECT_TRUE(Component::create(engine, nested_components(10)));
  // Each level repeats the bytes of those inside of it, so a few thousand are as deep as a megabyte goes.
  const auto deep = Component::create(engine, nested_components(3000));
  ASSERT_FALSE(deep);
  EXPECT_TRUE(deep.error().kind() == ErrorKind::InvalidInput || deep.error().kind() == ErrorKind::LimitExceeded) << deep.error().message();
}

TEST_F(Hostile, TypesNestedByTheThousandAreRefused) {
  std::string text = "(component (type $t0 (list u8))";
  for (int i = 1; i < 20'000; ++i) text += fmt::format("(type $t{} (list $t{}))", i, i - 1);
  text += "(import \"f\" (func (param \"x\" $t19999))))";
  const auto deep = compile(text);
  ASSERT_FALSE(deep);
  EXPECT_TRUE(deep.error().kind() == ErrorKind::InvalidInput || deep.error().kind() == ErrorKind::LimitExceeded) << deep.error().message();
}

TEST_F(Hostile, TypesThatDoubleAtEachLevelAreRefused) {
  std::string text = "(component (type $t0 (tuple u8 u8))";
  for (int i = 1; i < 40; ++i) text += fmt::format("(type $t{} (tuple $t{} $t{}))", i, i - 1, i - 1);
  text += "(import \"f\" (func (param \"x\" $t39))))";
  EXPECT_FALSE(compile(text));
}

TEST_F(Hostile, InstancesThatDoubleAtEachLevelAreRefused) {
  std::string text = "(component (core module $m) (component $c0 (alias outer 1 $m (core module $m)) (core instance (instantiate $m)))";
  for (int i = 1; i < 40; ++i)
    text += fmt::format("(component $c{0} (alias outer 1 $c{1} (component $c)) (instance (instantiate $c)) (instance (instantiate $c)))", i, i - 1);
  text += "(instance (instantiate $c39)))";
  const auto component = compile(text);
  ASSERT_FALSE(component);
  EXPECT_EQ(component.error().kind(), ErrorKind::LimitExceeded) << component.error().message();
}

TEST_F(Hostile, TenThousandImportsAreListedWhenNobodyProvidesThem) {
  std::string text = "(component";
  for (int i = 0; i < 10'000; ++i) text += fmt::format("(import \"f{}\" (func))", i);
  text += ")";
  const auto component = compile(text);
  ASSERT_TRUE(component) << error_of(component);
  EXPECT_EQ(linker.missing(*component).size(), 10'000);
  const auto instance = linker.instantiate(*store, *component);
  ASSERT_FALSE(instance);
  EXPECT_EQ(instance.error().kind(), ErrorKind::NotFound);
}

TEST_F(Hostile, TenThousandImportsLinkWhenTheyAreThere) {
  std::string imports;
  std::string lowered;
  std::string wanted;
  std::string given;
  for (int i = 0; i < 10'000; ++i) {
    imports += fmt::format("(import \"f{0}\" (func $f{0}))", i);
    lowered += fmt::format("(core func $l{0} (canon lower (func $f{0})))", i);
    wanted += fmt::format("(import \"\" \"f{0}\" (func $f{0}))", i);
    given += fmt::format("(export \"f{0}\" (func $l{0}))", i);
  }
  const std::string text = "(component " + imports + lowered + "(core module $m " + wanted +
                           "(func (export \"first\") (call $f0)) (func (export \"last\") (call $f9999)))"
                           "(core instance $i (instantiate $m (with \"\" (instance " +
                           given + "))))(func (export \"last\") (canon lift (core func $i \"last\"))))";
  int calls = 0;
  for (int i = 0; i < 9'999; ++i) ASSERT_TRUE(linker.root().func(fmt::format("f{}", i), [] {}));
  ASSERT_TRUE(linker.root().func("f9999", [&calls] { ++calls; }));
  const auto instance = instantiate(text);
  ASSERT_TRUE(instance) << error_of(instance);
  ASSERT_TRUE(instance->get_func("last")->call({}));
  EXPECT_EQ(calls, 1);
}

TEST_F(Hostile, MemoriesTogetherDoNotPassTheLimitOfTheStore) {
  const auto small = *Store::create(engine, {.memory_bytes = 5 << 16});
  const auto component = compile(R"((component
    (core module $m (memory 3))
    (core instance (instantiate $m))
    (core instance (instantiate $m))))");
  ASSERT_TRUE(component) << error_of(component);
  const auto instance = linker.instantiate(*small, *component);
  ASSERT_FALSE(instance);
  EXPECT_EQ(instance.error().kind(), ErrorKind::LimitExceeded) << instance.error().message();
}

TEST_F(Hostile, AMemoryOfFourGigabytesIsNotGivenToASmallStore) {
  const auto small = *Store::create(engine, {.memory_bytes = 1 << 20});
  const auto component = compile("(component (core module $m (memory 65536)) (core instance (instantiate $m)))");
  ASSERT_TRUE(component) << error_of(component);
  const auto instance = linker.instantiate(*small, *component);
  ASSERT_FALSE(instance);
  EXPECT_EQ(instance.error().kind(), ErrorKind::LimitExceeded) << instance.error().message();
}

TEST_F(Hostile, TablesTogetherDoNotPassTheLimitOfTheStore) {
  const auto small = *Store::create(engine, {.table_elements = 1000});
  const auto component = compile(R"((component
    (core module $m (table 600 funcref))
    (core instance (instantiate $m))
    (core instance (instantiate $m))))");
  ASSERT_TRUE(component) << error_of(component);
  const auto instance = linker.instantiate(*small, *component);
  ASSERT_FALSE(instance);
  EXPECT_EQ(instance.error().kind(), ErrorKind::LimitExceeded) << instance.error().message();
}

TEST_F(Hostile, MoreInstancesThanTheStoreAllowsAreRefused) {
  const auto small = *Store::create(engine, {.instances = 3});
  const auto component = compile(R"((component (core module $m)
    (core instance (instantiate $m)) (core instance (instantiate $m)) (core instance (instantiate $m)) (core instance (instantiate $m))))");
  ASSERT_TRUE(component) << error_of(component);
  const auto instance = linker.instantiate(*small, *component);
  ASSERT_FALSE(instance);
  EXPECT_EQ(instance.error().kind(), ErrorKind::LimitExceeded) << instance.error().message();
}

TEST_F(Hostile, AListThatPointsToOneTextAgainAndAgainIsNotCopiedWithoutEnd) {
  // A hundred thousand strings of 64,000 bytes each would be six gigabytes of the host's memory.
  const auto instance = instantiate(R"((component
    (core module $m
      (memory (export "memory") 16)
      (func (export "f") (result i32) (local $at i32)
        (local.set $at (i32.const 65536))
        (loop $more
          (i32.store offset=4 (local.get $at) (i32.const 64000))
          (local.set $at (i32.add (local.get $at) (i32.const 8)))
          (br_if $more (i32.lt_u (local.get $at) (i32.const 865536))))
        (i32.store (i32.const 65528) (i32.const 65536))
        (i32.store (i32.const 65532) (i32.const 100000))
        (i32.const 65528)))
    (core instance $i (instantiate $m))
    (func (export "f") (result (list string)) (canon lift (core func $i "f") (memory (core memory $i "memory"))))))");
  ASSERT_TRUE(instance) << error_of(instance);
  const auto result = instance->get_func("f")->call({});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind(), ErrorKind::LimitExceeded) << result.error().message();
}

TEST_F(Hostile, StoresNestedThroughHostCallsEndWhenTheStackIsUsedUp) {
  // Each guest calls the host, which makes a store and calls the same guest in it: each level has its own full guest stack to come.
  const auto component = compile(R"((component
    (import "deeper" (func $deeper))
    (core func $d (canon lower (func $deeper)))
    (core module $m (import "" "d" (func $d)) (func (export "f") (call $d)))
    (core instance $i (instantiate $m (with "" (instance (export "d" (func $d))))))
    (func (export "f") (canon lift (core func $i "f")))))");
  ASSERT_TRUE(component) << error_of(component);
  size_t depth = 0;
  std::optional<ErrorKind> innermost;
  const auto call_in_new_store = [&]() -> Result<> {
    TENON_TRY(const auto inner, Store::create(engine));
    TENON_TRY(const auto instance, linker.instantiate(*inner, *component));
    TENON_TRY(const auto func, instance.get_func("f"));
    auto called = func.call({});
    if (called) return {};
    if (!innermost) innermost = called.error().kind();
    return std::unexpected(std::move(called).error());
  };
  ASSERT_TRUE(linker.root().func("deeper", [&]() -> Result<> {
    ++depth;
    return call_in_new_store();
  }));
  const auto result = call_in_new_store();
  ASSERT_FALSE(result);
  EXPECT_EQ(innermost, ErrorKind::LimitExceeded) << result.error().message();
  EXPECT_GT(depth, 1);
}

TEST_F(Hostile, AHostFunctionThatCallsBackIntoItsCallerIsRefused) {
  const auto component = compile(R"((component
    (import "back" (func $back))
    (core func $b (canon lower (func $back)))
    (core module $m (import "" "b" (func $b)) (func (export "f") (call $b)) (func (export "g")))
    (core instance $i (instantiate $m (with "" (instance (export "b" (func $b))))))
    (func (export "f") (canon lift (core func $i "f")))
    (func (export "g") (canon lift (core func $i "g")))))");
  ASSERT_TRUE(component) << error_of(component);
  std::optional<Instance> guest;
  std::string reason;
  ASSERT_TRUE(linker.root().func("back", [&]() -> Result<> {
    auto called = guest->get_func("g")->call({});
    if (called) return {};
    reason = called.error().message();
    return std::unexpected(std::move(called).error());
  }));
  const auto instance = linker.instantiate(*store, *component);
  ASSERT_TRUE(instance) << error_of(instance);
  guest = *instance;
  EXPECT_FALSE(instance->get_func("f")->call({}));
  EXPECT_TRUE(reason.contains("cannot enter component instance")) << reason;
}

}  // namespace
}  // namespace tenon::tests
