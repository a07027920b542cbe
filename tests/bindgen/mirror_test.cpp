#include "mirror.h"

#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <sstream>

#include "tenon/component.h"
#include "tenon/engine.h"
#include "tenon/linker.h"
#include "tenon/store.h"
#include "tenon/wit.h"

namespace {

namespace kinds = mirror::test::bindgen::kinds;
namespace counters = mirror::test::bindgen::counters;

std::string read(const char* file) {
  std::ostringstream text;
  text << std::ifstream(std::string(TENON_SOURCE_DIR "/tests/bindgen/") + file).rdbuf();
  return text.str();
}

/// Gives back what it gets.
class Kinds final : public kinds::Host {
 public:
  tenon::Result<std::tuple<uint8_t, int64_t, float, char32_t, bool>> numbers(tenon::HostCall&, uint8_t a, int64_t b, float c, char32_t d, bool e) override {
    return std::tuple(a, b, c, d, e);
  }
  tenon::Result<kinds::Person> one_person(tenon::HostCall&, kinds::Person person) override { return person; }
  tenon::Result<kinds::Shape> one_shape(tenon::HostCall&, kinds::Shape shape) override { return shape; }
  tenon::Result<kinds::Colour> one_colour(tenon::HostCall&, kinds::Colour colour) override {
    if (colour == kinds::Colour::Default) return tenon::fail(tenon::ErrorKind::Denied, "no default colour");
    return colour;
  }
  tenon::Result<kinds::Rights> some_rights(tenon::HostCall&, kinds::Rights rights) override { return rights; }
  tenon::Result<kinds::Many> many_flags(tenon::HostCall&, kinds::Many many) override { return many; }
  tenon::Result<std::vector<uint8_t>> bytes(tenon::HostCall&, std::span<const uint8_t> data) override { return std::vector<uint8_t>(data.begin(), data.end()); }
  tenon::Result<std::vector<std::string>> strings(tenon::HostCall&, std::vector<std::string> texts) override { return texts; }
  tenon::Result<std::vector<bool>> switches(tenon::HostCall&, std::vector<bool> states) override { return states; }
  tenon::Result<kinds::Path> way(tenon::HostCall&, kinds::Path points) override { return points; }
  tenon::Result<std::vector<std::pair<std::string, kinds::Person>>> people(tenon::HostCall&,
                                                                           std::vector<std::pair<std::string, kinds::Person>> by_name) override {
    return by_name;
  }
  tenon::Result<kinds::Matrix> turned(tenon::HostCall&, kinds::Matrix rows) override { return kinds::Matrix{rows[2], rows[1], rows[0]}; }
  tenon::Result<kinds::Settings> all_settings(tenon::HostCall&, kinds::Settings given) override { return given; }
  tenon::Result<kinds::Outcome> try_it(tenon::HostCall&, kinds::Outcome outcome) override { return outcome; }
  tenon::Result<std::expected<void, std::monostate>> plain(tenon::HostCall&, std::expected<void, std::monostate> outcome) override { return outcome; }
  tenon::Result<std::expected<void, std::string>> half(tenon::HostCall&, std::expected<void, std::string> outcome) override { return outcome; }
  tenon::Result<std::optional<std::optional<uint32_t>>> nested(tenon::HostCall&, std::optional<std::optional<uint32_t>> value) override { return value; }
};

/// Counters by their number.
class Counters final : public counters::Host {
 public:
  tenon::Result<> drop_counter(tenon::Store&, uint32_t representation) override {
    values.erase(representation);
    return {};
  }
  tenon::Result<tenon::HostOwn<counters::Counter>> new_counter(tenon::HostCall&, uint32_t start) override {
    values[++last] = start;
    return tenon::HostOwn<counters::Counter>{last};
  }
  tenon::Result<uint32_t> counter_increment(tenon::HostCall&, tenon::HostBorrow<counters::Counter> self, uint32_t by) override {
    return values.at(self.representation) += by;
  }
  tenon::Result<tenon::HostOwn<counters::Counter>> counter_make(tenon::HostCall& call, uint32_t start, counters::Colour paint) override {
    return new_counter(call, start + (paint == counters::Colour::Red ? 1000U : 0U));
  }
  tenon::Result<uint32_t> look(tenon::HostCall&, tenon::HostBorrow<counters::Counter> at) override { return values.at(at.representation); }

  std::map<uint32_t, uint32_t> values;
  uint32_t last = 0;
};

class World final : public mirror::Imports {
 public:
  tenon::Result<> log(tenon::HostCall&, std::string_view text) override {
    logged += text;
    return {};
  }
  kinds::Host& kinds() override { return kinds_; }
  counters::Host& counters() override { return counters_; }

  std::string logged;
  Kinds kinds_;
  Counters counters_;
};

tenon::Result<std::vector<std::byte>> make_component(const std::string& world, const std::string& module) {
  TENON_TRY(const auto package, tenon::wit::Package::parse(world));
  TENON_TRY(const auto embedded, tenon::wit::embed(package, std::as_bytes(std::span(module)), {.world = "mirror"}));
  return tenon::wit::componentize(embedded);
}

class Mirror : public testing::Test {
 protected:
  Mirror() : engine_(tenon::Engine::create().value()), linker_(engine_), store_(tenon::Store::create(engine_).value()) {}

  tenon::Result<mirror::Exports> open(const std::string& world, const std::string& module) {
    TENON_TRY(const auto bytes, make_component(world, module));
    TENON_TRY(const auto component, tenon::Component::create(engine_, bytes));
    TENON_CHECK_OK(mirror::add_imports(linker_, world_));
    TENON_TRY(const auto instance, linker_.instantiate(*store_, component));
    return mirror::Exports::find(instance);
  }
  mirror::Exports open() {
    auto exports = open(read("world.wit"), read("mirror.wat"));
    EXPECT_TRUE(exports) << exports.error().message();
    return std::move(exports).value();
  }

  World world_;
  tenon::Engine engine_;
  tenon::Linker linker_;
  std::unique_ptr<tenon::Store> store_;
};

TEST_F(Mirror, ReflectsEveryKindOfValue) {
  const mirror::Exports exports = open();
  const auto& guest = exports.kinds();
  EXPECT_EQ(guest.numbers(200, -5'000'000'000, 1.5F, U'ß', true).value(), std::tuple(uint8_t{200}, int64_t{-5'000'000'000}, 1.5F, U'ß', true));
  const kinds::Person ada{.full_name = "Ada", .age = 36, .tags = {"a", "", "ß"}, .home = {.x = -1, .y = 2}};
  EXPECT_EQ(guest.one_person(ada).value(), ada);
  for (const kinds::Shape& shape : {kinds::Shape::nothing(), kinds::Shape::circle(2.5), kinds::Shape::polygon({{.x = 1, .y = 2}, {.x = 3, .y = 4}}),
                                    kinds::Shape::named("n"), kinds::Shape::class_({7, U'x'})}) {
    EXPECT_EQ(guest.one_shape(shape).value(), shape);
  }
  EXPECT_EQ(kinds::Shape::named("n").which(), kinds::Shape::Case::Named);
  EXPECT_EQ(guest.one_colour(kinds::Colour::DarkGreen).value(), kinds::Colour::DarkGreen);
  const auto rights = guest.some_rights(kinds::Rights().set(kinds::Rights::Flag::Delete)).value();
  EXPECT_TRUE(rights.has(kinds::Rights::Flag::Delete));
  EXPECT_FALSE(rights.has(kinds::Rights::Flag::Read));
  EXPECT_EQ(guest.many_flags(kinds::Many().set(kinds::Many::Flag::N31)).value().bits[0], 0x80000000U);
}

TEST_F(Mirror, ReflectsMapsAndFixedLengthLists) {
  const mirror::Exports exports = open();
  const auto& guest = exports.kinds();
  const std::vector<std::pair<std::string, kinds::Person>> people{{"ada", {.full_name = "Ada", .tags = {"a"}}}, {"", {.full_name = "nobody", .age = 7}}};
  EXPECT_EQ(guest.people(people).value(), people);
  EXPECT_TRUE(guest.people({}).value().empty());
  const kinds::Matrix rows{{{1.0F, -2.5F}, {3.0F, 4.0F}, {5.0F, 6.0F}}};
  EXPECT_EQ(guest.turned(rows).value(), (kinds::Matrix{rows[2], rows[1], rows[0]}));
  const kinds::Settings settings{.limits = {{"files", 10}, {"memory", 4'000'000'000U}}, .corner = {1, 2, 3, 255}};
  EXPECT_EQ(guest.all_settings(settings).value(), settings);
}

TEST_F(Mirror, ReflectsListsAndResults) {
  const mirror::Exports exports = open();
  const auto& guest = exports.kinds();
  const std::vector<uint8_t> data{1, 2, 255};
  EXPECT_EQ(guest.bytes(data).value(), data);
  const std::vector<std::string> texts{"one", "", "three"};
  EXPECT_EQ(guest.strings(texts).value(), texts);
  const std::vector<bool> states{true, false, true};
  EXPECT_EQ(guest.switches(states).value(), states);
  const kinds::Path path{{.x = 1, .y = 2}};
  EXPECT_EQ(guest.way(path).value(), path);
  const kinds::Outcome bad = std::unexpected(kinds::Shape::circle(1));
  EXPECT_EQ(guest.try_it(bad).value(), bad);
  const kinds::Outcome good = kinds::Person{.full_name = "x"};
  EXPECT_EQ(guest.try_it(good).value(), good);
  EXPECT_FALSE(guest.plain(std::unexpected(std::monostate())).value().has_value());
  EXPECT_TRUE(guest.plain({}).value().has_value());
  EXPECT_EQ(guest.half(std::unexpected(std::string("e"))).value().error(), "e");
  using Nested = std::optional<std::optional<uint32_t>>;
  for (const Nested& value : {Nested(), Nested(std::optional<uint32_t>()), Nested(7U)}) EXPECT_EQ(guest.nested(value).value(), value);
}

TEST_F(Mirror, CallsFunctionsOfTheWorld) {
  const mirror::Exports exports = open();
  EXPECT_EQ(exports.greet("hello").value(), "hello");
  EXPECT_EQ(world_.logged, "hello");
  EXPECT_TRUE(exports.new_());
}

TEST_F(Mirror, KeepsResourcesOfGuestAndHost) {
  const mirror::Exports exports = open();
  auto counter = exports.counters().new_counter(5);
  ASSERT_TRUE(counter) << counter.error().message();
  EXPECT_EQ(exports.counters().counter_increment(*counter, 3).value(), 8U);
  auto other = exports.counters().counter_make(1, kinds::Colour::Red).value();
  EXPECT_EQ(exports.counters().look(other).value(), 1001U);
  EXPECT_EQ(world_.counters_.values.size(), 2U);
  EXPECT_TRUE(counter->drop(*store_));
  EXPECT_EQ(world_.counters_.values.size(), 1U);
}

TEST_F(Mirror, PassesOnTheErrorOfAHostFunction) {
  const mirror::Exports exports = open();
  const auto refused = exports.kinds().one_colour(kinds::Colour::Default);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), tenon::ErrorKind::Denied);
}

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  text.replace(text.find(from), from.size(), to);
  return text;
}

TEST_F(Mirror, AnImportOfAnotherTypeIsRefusedByFieldName) {
  const auto exports = open(replaced(read("world.wit"), "    age: option<u8>,", "    age: option<s8>,"), read("mirror.wat"));
  ASSERT_FALSE(exports);
  EXPECT_EQ(exports.error().kind(), tenon::ErrorKind::InvalidInput);
  EXPECT_NE(exports.error().message().find("age"), std::string::npos) << exports.error().message();
}

TEST_F(Mirror, AnExportOfAnotherTypeIsRefusedByParameterName) {
  const auto exports =
      open(replaced(read("world.wit"), "export greet: func(name: string) -> string;", "export greet: func(name: list<u8>) -> string;"), read("mirror.wat"));
  ASSERT_FALSE(exports);
  EXPECT_EQ(exports.error().kind(), tenon::ErrorKind::InvalidInput);
  EXPECT_NE(exports.error().message().find("greet"), std::string::npos) << exports.error().message();
  EXPECT_NE(exports.error().message().find("name"), std::string::npos) << exports.error().message();
}

TEST_F(Mirror, AMapThatIsAListThereIsRefusedByParameterName) {
  const auto exports =
      open(replaced(read("world.wit"), "people: func(by-name: map<string, person>)", "people: func(by-name: list<tuple<string, point>>)"), read("mirror.wat"));
  ASSERT_FALSE(exports);
  EXPECT_NE(exports.error().message().find("people"), std::string::npos) << exports.error().message();
}

TEST_F(Mirror, AFixedLengthListThatIsATupleThereIsRefusedByFieldName) {
  const auto exports = open(replaced(read("world.wit"), "corner: list<u8, 4>", "corner: tuple<u8, u8, u8, u8>"), read("mirror.wat"));
  ASSERT_FALSE(exports);
  EXPECT_NE(exports.error().message().find("field `corner`"), std::string::npos) << exports.error().message();
  EXPECT_NE(exports.error().message().find("fixed-length list"), std::string::npos) << exports.error().message();
}

}  // namespace
