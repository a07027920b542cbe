#include "tenon/resource.h"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "component/state.h"
#include "component/wat.h"
#include "tenon/instance.h"
#include "tenon/linker.h"
#include "tenon/store.h"
#include "tenon/typed.h"

namespace tenon::component {
namespace {

struct File {};

// A guest that does with the host's files what a test tells it: handles are given as indexes, and a char can be made wrong.
constexpr std::string_view files_world = R"((component
  (import "file" (type $file (sub resource)))
  (import "open" (func $open (param "n" u32) (result (own $file))))
  (import "close" (func $close (param "self" (own $file)) (param "why" char)))
  (core func $open' (canon lower (func $open)))
  (core func $close' (canon lower (func $close)))
  (core func $drop (canon resource.drop $file))
  (core module $m
    (import "" "open" (func $open (param i32) (result i32)))
    (import "" "close" (func $close (param i32 i32)))
    (import "" "drop" (func $drop (param i32)))
    (memory (export "memory") 1)
    (global $trap-after (mut i32) (i32.const 0))
    (func (export "open") (param i32) (result i32) (call $open (local.get 0)))
    (func (export "close") (param i32 i32) (call $close (local.get 0) (local.get 1)))
    (func (export "drop") (param i32) (call $drop (local.get 0)))
    (func (export "trap") unreachable)
    (func (export "trap-after") (global.set $trap-after (i32.const 1)))
    (func (export "give") (param i32 i32) (result i32)
      (i32.store (i32.const 0) (local.get 0)) (i32.store (i32.const 4) (local.get 1)) (i32.const 0))
    (func (export "take") (param i32) (result i32) (local.get 0))
    (func (export "post") (param i32) (if (global.get $trap-after) (then unreachable))))
  (core instance $m (instantiate $m (with "" (instance (export "open" (func $open')) (export "close" (func $close')) (export "drop" (func $drop))))))
  (func (export "open") (param "n" u32) (result u32) (canon lift (core func $m "open")))
  (func (export "close") (param "handle" u32) (param "why" u32) (canon lift (core func $m "close")))
  (func (export "drop") (param "handle" u32) (canon lift (core func $m "drop")))
  (func (export "trap") (canon lift (core func $m "trap")))
  (func (export "trap-after") (canon lift (core func $m "trap-after")))
  (func (export "give") (param "handle" u32) (param "why" u32) (result (tuple (own $file) char))
    (canon lift (core func $m "give") (memory $m "memory") (post-return (func $m "post"))))
  (func (export "take") (param "file" (own $file)) (result u32) (canon lift (core func $m "take")))
))";

constexpr uint32_t wrong_char = 0xd800;

/// A host of files, and the numbers of those that its destructor ended.
class ResourceTest : public testing::Test {
 protected:
  ResourceTest() : engine_(Engine::create().value()), linker_(engine_), store_(Store::create(engine_).value()) {
    linker_.set_allow_shadowing(true);
    LinkerInstance root = linker_.root();
    root.define_resource("file", host_resource_type<File>(),
                         [this](Store& store, uint32_t representation) -> Result<> {
                           ended_.push_back(representation);
                           return on_end_ ? on_end_(store, representation) : Result<>();
                         })
        .value();
    root.func("open", [](uint32_t n) { return HostOwn<File>{n}; }).value();
    root.func("close", [this](HostOwn<File> file, char32_t) { closed_.push_back(file.representation); }).value();
  }

  Component compile(std::string_view text) {
    auto component = component_of(engine_, text);
    EXPECT_TRUE(component) << component.error().message();
    return std::move(*component);
  }
  Instance start(std::string_view text = files_world) {
    auto instance = linker_.instantiate(*store_, compile(text));
    EXPECT_TRUE(instance) << instance.error().message();
    return *instance;
  }
  template <class Signature>
  static TypedFunc<Signature> get(const Instance& instance, std::string_view name) {
    auto func = instance.get_func<Signature>(name);
    EXPECT_TRUE(func) << func.error().message();
    return *func;
  }
  static uint32_t open(const Instance& instance, uint32_t n) { return get<uint32_t(uint32_t)>(instance, "open")(n).value(); }

  std::vector<uint32_t> ended_;
  std::vector<uint32_t> closed_;
  std::function<Result<>(Store&, uint32_t)> on_end_;
  Engine engine_;
  Linker linker_;
  std::unique_ptr<Store> store_;
};

using Numbers = std::vector<uint32_t>;

TEST_F(ResourceTest, EndsHandlesLeftInTablesWithTheStoreNewestInstanceAndHighestHandleFirst) {
  const Instance first = start();
  const Instance second = start();
  for (const uint32_t n : {11u, 12u, 13u}) open(first, n);
  for (const uint32_t n : {21u, 22u}) open(second, n);
  ASSERT_TRUE(get<void(uint32_t)>(first, "drop")(2));
  EXPECT_EQ(ended_, Numbers{12});
  EXPECT_FALSE(get<void()>(second, "trap")());
  EXPECT_EQ(ended_, Numbers{12}) << "a trap ends nothing yet";
  store_.reset();
  EXPECT_EQ(ended_, (Numbers{12, 22, 21, 13, 11}));
}

TEST_F(ResourceTest, EndsWhatTheHostGotAndForgotBeforeWhatGuestsHave) {
  const Instance instance = start();
  const auto give = get<std::tuple<Own<File>, char32_t>(uint32_t, uint32_t)>(instance, "give");
  for (const uint32_t n : {1u, 2u, 3u, 4u, 5u, 6u}) EXPECT_EQ(open(instance, n), n);
  (void)std::get<0>(give(1, 'x').value());
  Own<File> second = std::get<0>(give(2, 'x').value());
  Own<File> third = std::get<0>(give(3, 'x').value());
  const Own<File> fourth = std::get<0>(give(4, 'x').value());
  const Own<File> fifth = std::get<0>(give(5, 'x').value());
  EXPECT_EQ(ended_, Numbers{});
  EXPECT_TRUE(third.drop(*store_));
  EXPECT_EQ(ended_, Numbers{3});
  EXPECT_EQ(get<uint32_t(Own<File>)>(instance, "take")(second).value(), 5u) << "a freed index is used again";
  store_.reset();
  EXPECT_EQ(ended_, (Numbers{3, 5, 4, 1, 6, 2}));
}

TEST_F(ResourceTest, CountsWhatTheHostForgotAgainstTheLimitOfHandles) {
  const Instance instance = start();
  set_component_limits(*store_, {.handles = 3});
  const auto give = get<std::tuple<Own<File>, char32_t>(uint32_t, uint32_t)>(instance, "give");
  for (uint32_t n = 1; n <= 3; n++) (void)give(open(instance, n), 'x').value();
  const auto refused = get<uint32_t(uint32_t)>(instance, "open")(4);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message(), "cannot allocate another handle: store handle limit exceeded");
  EXPECT_EQ(ended_, Numbers{4}) << "what the host returned and the guest has no room for is ended";
}

TEST_F(ResourceTest, EndsAnArgumentAtOnceWhenALaterOneIsWrong) {
  for (const bool is_typed : {true, false}) {
    if (!is_typed) {
      linker_.root()
          .define_func("close",
                       [this](HostCall&, std::span<Value>) -> Result<std::optional<Value>> {
                         closed_.push_back(0);
                         return std::nullopt;
                       })
          .value();
    }
    ended_.clear();
    const Instance instance = start();
    open(instance, 7);
    open(instance, 8);
    const auto refused = get<void(uint32_t, uint32_t)>(instance, "close")(1, wrong_char);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().message(), "converted integer out of range for `char`");
    EXPECT_EQ(ended_, Numbers{7});
    EXPECT_EQ(closed_, Numbers{});
  }
  store_.reset();
  EXPECT_EQ(ended_, (Numbers{7, 8, 8})) << "each once, the other instance's too";
}

TEST_F(ResourceTest, LeavesToAHostFunctionThatRanWhatItWasGiven) {
  linker_.root()
      .func("close",
            [this](HostOwn<File> file, char32_t) -> Result<void> {
              closed_.push_back(file.representation);
              return fail(ErrorKind::Denied, "not today");
            })
      .value();
  const Instance instance = start();
  open(instance, 7);
  EXPECT_EQ(get<void(uint32_t, uint32_t)>(instance, "close")(1, 'x').error().kind(), ErrorKind::Denied);
  store_.reset();
  EXPECT_EQ(closed_, Numbers{7});
  EXPECT_EQ(ended_, Numbers{});
}

TEST_F(ResourceTest, EndsAResultAtOnceWhenAnotherPartIsWrong) {
  const Instance first = start();
  open(first, 7);
  EXPECT_FALSE((get<std::tuple<Own<File>, char32_t>(uint32_t, uint32_t)>(first, "give")(1, wrong_char)));
  EXPECT_EQ(ended_, Numbers{7});
  const Instance second = start();
  open(second, 8);
  EXPECT_FALSE((get<std::tuple<HostOwn<File>, char32_t>(uint32_t, uint32_t)>(second, "give")(1, wrong_char)));
  EXPECT_EQ(ended_, (Numbers{7, 8}));
  const Instance third = start();
  open(third, 9);
  EXPECT_FALSE(third.get_func("give").value().call(std::vector<Value>{Value(uint32_t{1}), Value(uint32_t{wrong_char})}));
  EXPECT_EQ(ended_, (Numbers{7, 8, 9}));
}

TEST_F(ResourceTest, EndsAResultWhenPostReturnTraps) {
  const Instance instance = start();
  open(instance, 7);
  ASSERT_TRUE(get<void()>(instance, "trap-after")());
  EXPECT_FALSE((get<std::tuple<Own<File>, char32_t>(uint32_t, uint32_t)>(instance, "give")(1, 'x')));
  EXPECT_EQ(ended_, Numbers{7});
}

TEST_F(ResourceTest, ADestructorOfAFailedCallMayUseOtherInstances) {
  const Instance other = start();
  const Instance instance = start();
  on_end_ = [&](Store&, uint32_t representation) -> Result<> {
    if (representation != 7) return {};
    open(other, 70);
    EXPECT_FALSE((get<void(uint32_t, uint32_t)>(other, "close")(1, wrong_char)));
    EXPECT_FALSE(get<void()>(instance, "trap-after")()) << "the guest that failed";
    return fail(ErrorKind::Unavailable, "nobody is told");
  };
  open(instance, 7);
  EXPECT_EQ(get<void(uint32_t, uint32_t)>(instance, "close")(1, wrong_char).error().kind(), ErrorKind::Trap);
  EXPECT_EQ(ended_, (Numbers{7, 70}));
}

TEST_F(ResourceTest, ADestructorInTheStoresEndFindsAStoreThatAnswersAndGuestsThatDoNot) {
  const Instance instance = start();
  const Component component = compile(files_world);
  int data = 0;
  store_->set_data(&data);
  open(instance, 1);
  open(instance, 2);
  Own<File> held = std::get<0>(get<std::tuple<Own<File>, char32_t>(uint32_t, uint32_t)>(instance, "give")(1, 'x').value());
  on_end_ = [&](Store& store, uint32_t representation) -> Result<> {
    EXPECT_EQ(store.data(), &data);
    EXPECT_EQ(store.figures().refusals, 0u);
    EXPECT_EQ(get<uint32_t(uint32_t)>(instance, "open")(3).error().message(), "wasm trap: cannot enter component instance");
    EXPECT_EQ(linker_.instantiate(store, component).error().message(), "the store is ending");
    const auto made = Own<File>::create(store, 9);
    EXPECT_EQ(made.representation(store).value(), 9u);
    if (representation == 1) {
      EXPECT_FALSE(held.drop(store)) << "it is this one";
    }
    return fail(ErrorKind::Trap, "nobody is told");
  };
  store_.reset();
  EXPECT_EQ(ended_, (Numbers{1, 2}));
}

// Opens files while it starts, and then does not start.
constexpr std::string_view failing_world = R"((component
  (import "file" (type $file (sub resource)))
  (import "open" (func $open (param "n" u32) (result (own $file))))
  (core func $open (canon lower (func $open)))
  (core module $m (import "" "open" (func $open (param i32) (result i32)))
    (func $start (drop (call $open (i32.const 1))) (drop (call $open (i32.const 2))) unreachable)
    (start $start))
  (core instance (instantiate $m (with "" (instance (export "open" (func $open))))))
))";

TEST_F(ResourceTest, AnInstanceThatDoesNotStartLeavesNothingBehind) {
  const auto pre = linker_.instantiate_pre(compile(failing_world)).value();
  for (int round = 1; round <= 3; round++) {
    EXPECT_EQ(pre.instantiate(*store_).error().kind(), ErrorKind::Trap);
    EXPECT_EQ(ended_, (Numbers{2, 1}));
    ended_.clear();
    EXPECT_FALSE(detail::StoreState::of(*store_).has_instances());
    EXPECT_EQ(detail::StoreState::of(*store_).handles.live(), 0u);
    EXPECT_EQ(detail::StoreState::of(*store_).scopes.depth(), 0u);
  }
  const Instance good = start();
  EXPECT_EQ(open(good, 5), 1u) << "the store is as it was";
}

}  // namespace
}  // namespace tenon::component
