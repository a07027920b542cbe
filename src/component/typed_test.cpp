#include "tenon/typed.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "component/typed_sample.h"
#include "component/wat.h"
#include "tenon/instance.h"
#include "tenon/linker.h"
#include "tenon/resource.h"
#include "tenon/store.h"

namespace tenon::component {
namespace {

// A guest whose functions hand everything through to the host and back: what the host sends, the guest receives and returns.
constexpr std::string_view echo_world = R"((component
  (type $color' (enum "red" "green" "blue"))
  (import "color" (type $color (eq $color')))
  (type $sample' (record (field "id" u32) (field "name" (option string)) (field "tags" (list string)) (field "color" $color) (field "data" (list u8))))
  (import "sample" (type $sample (eq $sample')))
  (import "host-echo" (func $host-echo (param "sample" $sample) (result (result $sample (error string)))))
  (import "sum" (func $sum (param "list" (list u16)) (result u32)))
  (import "many" (func $many (param "a" string) (param "b" (list u64)) (param "c" $sample) (param "d" (tuple u8 u8 u8 u8)) (param "e" float64) (result u32)))
  (core module $libc
    (memory (export "memory") 2)
    (global $next (mut i32) (i32.const 1024))
    (func (export "reset") (global.set $next (i32.const 1024)))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (local $at i32)
      (local.set $at (i32.and (i32.add (global.get $next) (i32.sub (local.get 2) (i32.const 1))) (i32.sub (i32.const 0) (local.get 2))))
      (global.set $next (i32.add (local.get $at) (local.get 3)))
      (memory.copy (local.get $at) (local.get 0) (local.get 1))
      (local.get $at)))
  (core instance $libc (instantiate $libc))
  (core func $host-echo' (canon lower (func $host-echo) (memory $libc "memory") (realloc (func $libc "realloc"))))
  (core func $sum' (canon lower (func $sum) (memory $libc "memory")))
  (core func $many' (canon lower (func $many) (memory $libc "memory")))
  (core module $m
    (import "libc" "memory" (memory 2))
    (import "libc" "realloc" (func $realloc (param i32 i32 i32 i32) (result i32)))
    (import "" "host-echo" (func $host-echo (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)))
    (import "" "sum" (func $sum (param i32 i32) (result i32)))
    (import "" "many" (func $many (param i32) (result i32)))
    (func (export "echo") (param i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
      (call $host-echo (local.get 0) (local.get 1) (local.get 2) (local.get 3) (local.get 4) (local.get 5) (local.get 6) (local.get 7) (local.get 8) (i32.const 16))
      (i32.const 16))
    (func (export "sum") (param i32 i32) (result i32) (call $sum (local.get 0) (local.get 1)))
    (func (export "many") (param i32) (result i32) (call $many (local.get 0)))
    (func (export "bytes") (param i32 i32) (result i32)
      (i32.store (i32.const 8) (local.get 0)) (i32.store (i32.const 12) (local.get 1)) (i32.const 8))
    (func (export "nop"))
    (func (export "char") (param i32) (result i32) (i32.const 0x110000))
    (func (export "sign") (param i32) (result i32) (i32.sub (i32.const 0) (local.get 0))))
  (core instance $m (instantiate $m (with "libc" (instance $libc)) (with "" (instance
    (export "host-echo" (func $host-echo')) (export "sum" (func $sum')) (export "many" (func $many'))))))
  (func (export "echo") (param "sample" $sample) (result (result $sample (error string)))
    (canon lift (core func $m "echo") (memory $libc "memory") (realloc (func $libc "realloc"))))
  (func (export "sum") (param "list" (list u16)) (result u32) (canon lift (core func $m "sum") (memory $libc "memory") (realloc (func $libc "realloc"))))
  (func (export "many") (param "a" string) (param "b" (list u64)) (param "c" $sample) (param "d" (tuple u8 u8 u8 u8)) (param "e" float64) (result u32)
    (canon lift (core func $m "many") (memory $libc "memory") (realloc (func $libc "realloc"))))
  (func (export "bytes") (param "data" (list u8)) (result (list u8))
    (canon lift (core func $m "bytes") (memory $libc "memory") (realloc (func $libc "realloc"))))
  (func (export "text") (param "data" string) (result string)
    (canon lift (core func $m "bytes") (memory $libc "memory") (realloc (func $libc "realloc")) string-encoding=utf16))
  (func (export "nop") (canon lift (core func $m "nop")))
  (func (export "char") (param "c" char) (result char) (canon lift (core func $m "char")))
  (func (export "sign") (param "x" s8) (result s8) (canon lift (core func $m "sign")))
  (func $inner-sign (param "x" s8) (result s8) (canon lift (core func $m "sign")))
  (instance $inner (export "sign" (func $inner-sign)))
  (export "a:b/inner@1.0.0" (instance $inner))
))";

using Echo = Result<Sample, std::string>(const Sample&);

/// The world above, with host functions that a test can replace before `start`.
class TypedTest : public testing::Test {
 protected:
  TypedTest() : engine_(Engine::create().value()), linker_(engine_), store_(Store::create(engine_).value()) {}

  void define_host() {
    LinkerInstance root = linker_.root();
    root.func("host-echo",
              [](const Sample& sample) -> Result<Sample, std::string> {
                if (sample.id == 0) return std::unexpected(std::string("no id"));
                return sample;
              })
        .value();
    root.func("sum",
              [](std::span<const uint16_t> list) {
                uint32_t sum = 0;
                for (const uint16_t each : list) sum += each;
                return sum;
              })
        .value();
    root.define_func<uint32_t(std::string_view, const std::vector<uint64_t>&, const Sample&, std::tuple<uint8_t, uint8_t, uint8_t, uint8_t>, double)>(
            "many",
            [](HostCall&, std::string_view a, std::span<const uint64_t> b, const Sample& c, std::tuple<uint8_t, uint8_t, uint8_t, uint8_t> d,
               double e) -> Result<uint32_t> { return static_cast<uint32_t>(a.size() + b.size() + c.tags.size() + std::get<3>(d) + static_cast<uint32_t>(e)); })
        .value();
  }

  Instance start(std::string_view text) {
    auto component = component_of(engine_, text);
    EXPECT_TRUE(component) << component.error().message();
    auto instance = linker_.instantiate(*store_, *component);
    EXPECT_TRUE(instance) << instance.error().message();
    return *instance;
  }
  Instance start() {
    define_host();
    return start(echo_world);
  }

  template <class Signature>
  auto get(const Instance& instance, std::string_view name) {
    auto func = instance.get_func<Signature>(name);
    EXPECT_TRUE(func) << func.error().message();
    return *func;
  }

  Engine engine_;
  Linker linker_;
  std::unique_ptr<Store> store_;
};

TEST_F(TypedTest, CallsWithNothing) {
  const Instance instance = start();
  EXPECT_TRUE(get<void()>(instance, "nop")());
}

TEST_F(TypedTest, KeepsSignsOfSmallNumbers) {
  const Instance instance = start();
  EXPECT_EQ(get<int8_t(int8_t)>(instance, "sign")(-5).value(), 5);
  EXPECT_EQ(get<int8_t(int8_t)>(instance, "sign")(127).value(), -127);
  EXPECT_EQ(get<int8_t(int8_t)>(instance, "a:b/inner@1.0.0#sign")(3).value(), -3);
  EXPECT_EQ(instance.get_func<int8_t(int8_t)>("a:b/inner@1.0.0", "sign").value()(3).value(), -3);
}

TEST_F(TypedTest, CarriesRecordsThroughGuestAndHost) {
  const Instance instance = start();
  const auto echo = get<Echo>(instance, "echo");
  const Sample sample{.id = 7, .name = "näme", .tags = {"a", "", "ccc"}, .color = Color::Blue, .data = {1, 2, 3}};
  const Result<Sample, std::string> back = echo(sample).value();
  ASSERT_TRUE(back);
  EXPECT_EQ(back->id, 7U);
  EXPECT_EQ(back->name, "näme");
  EXPECT_EQ(back->tags, sample.tags);
  EXPECT_EQ(back->color, Color::Blue);
  EXPECT_EQ(back->data, sample.data);
  const auto refused = echo(Sample{}).value();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error(), "no id");
}

TEST_F(TypedTest, GivesTheSameAsTheDynamicPath) {
  const Instance instance = start();
  const Func dynamic = instance.get_func("echo").value();
  const std::vector<Value> arguments{
      Value::sequence({Value(uint32_t{9}), Value::some(Value::string("x")), Value::sequence({Value::string("t")}), Value::enum_case(1), Value::bytes({})})};
  const auto value = dynamic.call(arguments).value();
  const auto typed = get<Echo>(instance, "echo")(Sample{.id = 9, .name = "x", .tags = {"t"}, .color = Color::Green, .data = {}}).value();
  ASSERT_TRUE(typed);
  EXPECT_EQ(*value, Value::ok(arguments[0]));
}

TEST_F(TypedTest, PassesParametersThroughMemoryWhenThereAreManyCoreValues) {
  const Instance instance = start();
  const auto many =
      get<uint32_t(std::string_view, std::vector<uint64_t>, const Sample&, std::tuple<uint8_t, uint8_t, uint8_t, uint8_t>, double)>(instance, "many");
  EXPECT_EQ(many("four", {1, 2}, Sample{.id = 1, .name = {}, .tags = {"t"}, .color = Color::Red, .data = {}}, {0, 0, 0, 10}, 100.5).value(),
            4U + 2 + 1 + 10 + 100);
}

TEST_F(TypedTest, ShowsNumbersWhereTheyLie) {
  const Instance instance = start();
  EXPECT_EQ(get<uint32_t(std::span<const uint16_t>)>(instance, "sum")(std::vector<uint16_t>{1, 2, 65535}).value(), 65538U);
  const auto bytes = get<std::vector<uint8_t>(std::span<const uint8_t>)>(instance, "bytes");
  const std::vector<uint8_t> data(70'000, 5);
  EXPECT_EQ(bytes(data).value(), data);
  EXPECT_TRUE(bytes({}).value().empty());
}

TEST_F(TypedTest, SeesWhatTheMemoryGrewDuringACall) {
  const Instance instance = start(R"((component
    (core module $m (memory (export "memory") 1)
      (func (export "realloc") (param i32 i32 i32 i32) (result i32)
        (i32.shl (memory.grow (i32.shr_u (i32.add (local.get 3) (i32.const 65535)) (i32.const 16))) (i32.const 16)))
      (func (export "bytes") (param i32 i32) (result i32) (local $at i32)
        (local.set $at (i32.shl (memory.grow (i32.const 2)) (i32.const 16)))
        (memory.copy (local.get $at) (local.get 0) (local.get 1))
        (i32.store (i32.const 8) (local.get $at)) (i32.store (i32.const 12) (local.get 1)) (i32.const 8)))
    (core instance $m (instantiate $m))
    (func (export "bytes") (param "data" (list u8)) (result (list u8))
      (canon lift (core func $m "bytes") (memory $m "memory") (realloc (func $m "realloc"))))))");
  const auto bytes = get<std::vector<uint8_t>(std::span<const uint8_t>)>(instance, "bytes");
  for (int round = 0; round < 3; round++) {
    const std::vector<uint8_t> data(100'000, static_cast<uint8_t>(round + 1));
    EXPECT_EQ(bytes(data).value(), data);
  }
}

TEST_F(TypedTest, ConvertsTextToTheGuestsEncoding) {
  const Instance instance = start();
  EXPECT_EQ(get<std::string(std::string_view)>(instance, "text")("grüße 🦀").value(), "grüße 🦀");
}

TEST_F(TypedTest, RefusesTextThatIsNotUtf8AndStaysUsable) {
  const Instance instance = start();
  const auto text = get<std::string(std::string_view)>(instance, "text");
  const auto refused = text("\xff");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), ErrorKind::InvalidInput);
  EXPECT_EQ(text("ok").value(), "ok");
}

TEST_F(TypedTest, TrapsOnWhatTheGuestMayNotReturn) {
  const Instance instance = start();
  const auto refused = get<char32_t(char32_t)>(instance, "char")(U'x');
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), ErrorKind::Trap);
  EXPECT_TRUE(instance.is_poisoned());
  EXPECT_FALSE(get<void()>(instance, "nop")());
}

TEST_F(TypedTest, ErrorOfAHostFunctionTrapsTheGuest) {
  define_host();
  linker_.set_allow_shadowing(true);
  linker_.root().func("sum", [](std::vector<uint16_t>) -> Result<uint32_t> { return fail(ErrorKind::Denied, "no sums today"); }).value();
  const Instance instance = start(echo_world);
  const auto refused = get<uint32_t(std::vector<uint16_t>)>(instance, "sum")({1});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), ErrorKind::Denied);
  EXPECT_NE(refused.error().message().find("no sums today"), std::string::npos);
}

/// What a host keeps.
struct Entry {
  HostText name;
  std::optional<HostList<uint8_t>> data;
};

}  // namespace
}  // namespace tenon::component

template <>
struct tenon::RecordTraits<tenon::component::Entry> {
  using Entry = tenon::component::Entry;
  static constexpr auto fields = std::make_tuple(field("name", &Entry::name), field("data", &Entry::data));
};

namespace tenon::component {
namespace {

TEST_F(TypedTest, ReturnsWhatTheHostKeepsWithoutACopy) {
  static constexpr std::string_view world = R"((component
    (type $entry' (record (field "name" string) (field "data" (option (list u8)))))
    (import "entry" (type $entry (eq $entry')))
    (import "get" (func $get (param "name" string) (result (result (list $entry) (error string)))))
    (core module $libc (memory (export "memory") 1) (global $next (mut i32) (i32.const 1024))
      (func (export "realloc") (param i32 i32 i32 i32) (result i32)
        (global.set $next (i32.and (i32.add (i32.add (global.get $next) (local.get 3)) (i32.const 15)) (i32.const -8)))
        (i32.and (i32.sub (global.get $next) (local.get 3)) (i32.const -8))))
    (core instance $libc (instantiate $libc))
    (core func $get' (canon lower (func $get) (memory $libc "memory") (realloc (func $libc "realloc"))))
    (core module $m (import "" "get" (func $get (param i32 i32 i32)))
      (func (export "get") (param i32 i32) (result i32) (call $get (local.get 0) (local.get 1) (i32.const 16)) (i32.const 16)))
    (core instance $m (instantiate $m (with "" (instance (export "get" (func $get'))))))
    (func (export "get") (param "name" string) (result (result (list $entry) (error string)))
      (canon lift (core func $m "get") (memory $libc "memory") (realloc (func $libc "realloc"))))))";
  const std::vector<uint8_t> kept{1, 2, 3};
  const std::vector<Entry> entries{{.name = HostText("first"), .data = {}}, {.name = HostText("second"), .data = HostList<uint8_t>{kept}}};
  linker_.root()
      .func("get",
            [&entries](std::string_view name) -> Result<HostList<Entry>, HostText> {
              if (name == "own memory") return std::unexpected(HostText(name));
              if (!name.empty()) return std::unexpected(HostText("no such entry"));
              return HostList<Entry>(entries);
            })
      .value();
  const Instance instance = start(world);
  const Func get = instance.get_func("get").value();
  const auto value = get.call(std::vector<Value>{Value::string("")}).value();
  ASSERT_TRUE(value);
  EXPECT_EQ(*value, Value::ok(Value::sequence({Value::sequence({Value::string("first"), Value::none()}),
                                               Value::sequence({Value::string("second"), Value::some(Value::bytes(std::as_bytes(std::span(kept))))})})));
  EXPECT_EQ(get.call(std::vector<Value>{Value::string("x")}).value(), Value::err(Value::string("no such entry")));
  const auto refused = get.call(std::vector<Value>{Value::string("own memory")});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), ErrorKind::InvalidInput);
  EXPECT_NE(refused.error().message().find("lies in the guest's own memory"), std::string::npos) << refused.error().message();
}

TEST_F(TypedTest, NamesTheFieldThatABindingHasOtherwise) {
  const Instance instance = start();
  const auto error_of = [](const auto& result) { return result ? std::string() : result.error().message(); };
  EXPECT_EQ(error_of(instance.get_func<uint32_t(std::vector<uint32_t>)>("sum")),
            "export `sum`: parameter `list`, element: the binding has u32, the component has u16");
  EXPECT_EQ(error_of(instance.get_func<void(std::vector<uint16_t>)>("sum")), "export `sum`: result: the binding has none, the component has u32");
  EXPECT_EQ(error_of(instance.get_func<uint32_t()>("sum")), "export `sum`: the binding has 0 parameters, the component has func(list: list<u16>) -> u32");
  EXPECT_EQ(error_of(instance.get_func<Result<Sample, uint8_t>(Sample)>("echo")), "export `echo`: result, err: the binding has u8, the component has string");
  EXPECT_EQ(instance.get_func<void()>("nothing").error().kind(), ErrorKind::NotFound);
}

TEST_F(TypedTest, RefusesToLinkAHostFunctionOfAnotherType) {
  define_host();
  linker_.set_allow_shadowing(true);
  linker_.root().func("sum", [](std::vector<uint8_t>) { return uint32_t{0}; }).value();
  const auto refused = linker_.instantiate(*store_, component_of(engine_, echo_world).value());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), ErrorKind::InvalidInput);
  EXPECT_NE(refused.error().message().find("parameter `list`, element: the binding has u8, the component has u16"), std::string::npos)
      << refused.error().message();
}

constexpr std::string_view resource_world = R"((component
  (import "file" (type $file (sub resource)))
  (import "open" (func $open (param "n" u32) (result (own $file))))
  (import "read" (func $read (param "self" (borrow $file)) (result u32)))
  (import "close" (func $close (param "self" (own $file)) (result u32)))
  (core func $open' (canon lower (func $open)))
  (core func $read' (canon lower (func $read)))
  (core func $close' (canon lower (func $close)))
  (core module $d (global $dropped (export "dropped") (mut i32) (i32.const 0))
    (func (export "dtor") (param i32) (global.set $dropped (local.get 0)))
    (func (export "get") (result i32) (global.get $dropped)))
  (core instance $d (instantiate $d))
  (type $counter' (resource (rep i32) (dtor (func $d "dtor"))))
  (core func $new (canon resource.new $counter'))
  (core func $rep (canon resource.rep $counter'))
  (core module $m
    (import "" "open" (func $open (param i32) (result i32)))
    (import "" "read" (func $read (param i32) (result i32)))
    (import "" "close" (func $close (param i32) (result i32)))
    (import "" "new" (func $new (param i32) (result i32)))
    (import "" "rep" (func $rep (param i32) (result i32)))
    (func (export "use") (param i32) (result i32) (local $file i32)
      (local.set $file (call $open (local.get 0)))
      (i32.add (call $read (local.get $file)) (call $close (local.get $file))))
    (func (export "make") (param i32) (result i32) (call $new (local.get 0)))
    (func (export "peek") (param i32) (result i32) (local.get 0))
    (func (export "take") (param i32) (result i32) (call $rep (local.get 0))))
  (core instance $m (instantiate $m (with "" (instance
    (export "open" (func $open')) (export "read" (func $read')) (export "close" (func $close')) (export "new" (func $new)) (export "rep" (func $rep))))))
  (func (export "use") (param "n" u32) (result u32) (canon lift (core func $m "use")))
  (export $counter "counter" (type $counter'))
  (func (export "make") (param "n" u32) (result (own $counter)) (canon lift (core func $m "make")))
  (func (export "peek") (param "self" (borrow $counter)) (result u32) (canon lift (core func $m "peek")))
  (func (export "take") (param "self" (own $counter)) (result u32) (canon lift (core func $m "take")))
  (func (export "dropped") (result u32) (canon lift (core func $d "get")))
))";

struct File {};
struct Counter {};

HostOwn<File> open_file(uint32_t n) { return {n}; }
uint32_t read_file(HostBorrow<File> file) noexcept { return file.representation * 10; }

TEST_F(TypedTest, TakesFunctionsAndPointersToThem) {
  LinkerInstance root = linker_.root();
  root.define_resource("file", host_resource_type<File>()).value();
  root.func("open", open_file).value();
  root.func("read", &read_file).value();
  root.define_func<uint32_t(HostOwn<File>)>("close", +[](HostOwn<File> file) { return file.representation; }).value();
  EXPECT_EQ(get<uint32_t(uint32_t)>(start(resource_world), "use")(4).value(), 44U);
}

TEST_F(TypedTest, HandlesResourcesOfHostAndGuest) {
  LinkerInstance root = linker_.root();
  root.define_resource("file", host_resource_type<File>()).value();
  root.func("open", [](uint32_t n) { return HostOwn<File>{n}; }).value();
  root.func("read", [](HostBorrow<File> file) { return file.representation * 10; }).value();
  root.func("close", [](HostOwn<File> file) { return file.representation; }).value();
  const Instance instance = start(resource_world);
  EXPECT_EQ(get<uint32_t(uint32_t)>(instance, "use")(4).value(), 44U);

  Own<Counter> counter = get<Own<Counter>(uint32_t)>(instance, "make")(12).value();
  EXPECT_TRUE(counter);
  EXPECT_EQ(get<uint32_t(Borrow<Counter>)>(instance, "peek")(counter).value(), 12U);
  EXPECT_EQ(get<uint32_t(Borrow<Counter>)>(instance, "peek")(counter.borrow()).value(), 12U);
  const auto another_store = Store::create(engine_).value();
  const auto refused = counter.drop(*another_store);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), ErrorKind::InvalidInput);
  EXPECT_TRUE(counter) << "a handle that was not dropped is still there";
  EXPECT_TRUE(counter.drop(*store_));
  EXPECT_FALSE(counter);
  EXPECT_EQ(get<uint32_t()>(instance, "dropped")().value(), 12U);
  Own<Counter> other = get<Own<Counter>(uint32_t)>(instance, "make")(13).value();
  EXPECT_EQ(get<uint32_t(Own<Counter>)>(instance, "take")(other).value(), 13U);
  const auto twice = get<uint32_t(Own<Counter>)>(instance, "take")(other);
  ASSERT_FALSE(twice);
  EXPECT_EQ(twice.error().kind(), ErrorKind::InvalidInput);
}

TEST_F(TypedTest, RefusesToLinkAnotherHostResource) {
  LinkerInstance root = linker_.root();
  root.define_resource("file", host_resource_type<File>()).value();
  root.func("open", [](uint32_t n) { return HostOwn<Counter>{n}; }).value();
  root.func("read", [](HostBorrow<File> file) { return file.representation; }).value();
  root.func("close", [](HostOwn<File> file) { return file.representation; }).value();
  const auto refused = linker_.instantiate(*store_, component_of(engine_, resource_world).value());
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message().find("another resource"), std::string::npos) << refused.error().message();
}

struct Socket {};

// A host function gets representations, which are numbers: one of another resource would be taken for its own.
TEST_F(TypedTest, RefusesToLinkAnotherHostResourceHoweverDeepItIs) {
  LinkerInstance root = linker_.root();
  root.define_resource("file", host_resource_type<File>()).value();
  root.define_resource("socket", host_resource_type<Socket>()).value();
  root.func("option", [](std::optional<HostOwn<File>>) {}).value();
  root.func("list", [](std::span<const HostBorrow<File>>) {}).value();
  root.func("tuple", [](std::tuple<uint32_t, HostBorrow<File>>) {}).value();
  root.func("answer", [] { return std::expected<HostOwn<File>, uint32_t>(); }).value();
  root.func("listing", [] { return std::vector<std::tuple<HostOwn<File>, uint32_t>>(); }).value();
  const auto link = [this](std::string_view name, std::string signature, std::string_view resource) {
    for (size_t at = 0; (at = signature.find("$R")) != std::string::npos;) signature.replace(at, 2, resource);
    const std::string text = R"((component (import "file" (type $file (sub resource))) (import "socket" (type $socket (sub resource))) (import ")" +
                             std::string(name) + "\" (func " + signature + ")))";
    return linker_.instantiate_pre(component_of(engine_, text).value());
  };
  const std::pair<std::string_view, std::string> imports[] = {
      {"option", R"((param "x" (option (own $R))))"},      {"list", R"((param "x" (list (borrow $R))))"},
      {"tuple", R"((param "x" (tuple u32 (borrow $R))))"}, {"answer", "(result (result (own $R) (error u32)))"},
      {"listing", "(result (list (tuple (own $R) u32)))"},
  };
  for (const auto& [name, signature] : imports) {
    const auto taken = link(name, signature, "$file");
    EXPECT_TRUE(taken) << name << ": " << taken.error().message();
    const auto refused = link(name, signature, "$socket");
    ASSERT_FALSE(refused) << name;
    EXPECT_EQ(refused.error().kind(), ErrorKind::InvalidInput);
    EXPECT_NE(refused.error().message().find("another resource"), std::string::npos) << refused.error().message();
  }
}

}  // namespace
}  // namespace tenon::component
