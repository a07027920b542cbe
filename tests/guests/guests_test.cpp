#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "tenon/component.h"
#include "tenon/engine.h"
#include "tenon/instance.h"
#include "tenon/linker.h"
#include "tenon/store.h"
#include "tenon/value_text.h"

// Guests in eight languages, built by tools/guests/guests.py before this runs, called with every type that they take.

namespace tenon {
namespace {

struct Exchange {
  /// A call in WAVE.
  std::string call;
  /// What comes back, in WAVE.
  std::string expected;
};

/// What every guest answers: world `tool`.
std::vector<Exchange> tool_exchanges() {
  return {
      {R"(execute-tool({call-id: "1", name: "upper", input: "hello"}))", R"(ok({ok: true, value: "HELLO"}))"},
      {R"(execute-tool({call-id: "2", name: "fail", input: "because"}))", R"(ok({ok: false, value: "", error: some("because")}))"},
      {R"(execute-tool({call-id: "", name: "none", input: ""}))", R"(err("unknown tool none"))"},
      {R"(execute-tool({call-id: "ü", name: "upper", input: ""}))", R"(ok({ok: true, value: ""}))"},
      {"bytes([])", "[]"},
      {"bytes([0, 1, 127, 128, 255])", "[0, 1, 127, 128, 255]"},
  };
}

/// What the guests with generated bindings answer as well: world `kinds`. Every kind of value, at its edges.
std::vector<Exchange> kind_exchanges() {
  std::vector<Exchange> all;
  auto echo = [&](std::string_view name, std::initializer_list<std::string_view> values) {
    for (auto value : values) all.push_back({"tenon:guests/echo@0.1.0/echo-" + std::string(name) + "(" + std::string(value) + ")", std::string(value)});
  };
  echo("bool", {"true", "false"});
  echo("s8", {"-128", "0", "127"});
  echo("u8", {"0", "255"});
  echo("s16", {"-32768", "32767"});
  echo("u16", {"0", "65535"});
  echo("s32", {"-2147483648", "2147483647"});
  echo("u32", {"0", "4294967295"});
  echo("s64", {"-9223372036854775808", "9223372036854775807"});
  echo("u64", {"0", "18446744073709551615"});
  echo("f32", {"0.5", "-1.25", "nan", "inf", "-inf"});
  echo("f64", {"0.1", "-0.25", "nan", "inf", "-inf"});
  echo("char", {"'a'", "'ß'", "'€'", "'😀'"});
  echo("string", {R"("")", R"("plain")", R"("ß € 😀 \" \\ \n")"});
  echo("bytes", {"[]", "[1, 2, 3]"});
  echo("numbers", {"[]", "[0, 1, 4294967295]"});
  echo("strings", {"[]", R"(["", "a", "ß"])"});
  echo("person", {R"({name: "Ada", age: 36, height: some(1.5), tags: ["x", "y"]})", R"({name: "", age: 0, tags: []})"});
  echo("people", {"[]", R"([{name: "Ada", age: 36, tags: []}, {name: "Bob", age: 1, height: some(0.5), tags: ["z"]}])"});
  echo("tuple", {R"((1, "two", 3.5))"});
  echo("shape", {"circle(1.5)", "rectangle((2, 3))", R"(label("l"))", "nothing"});
  echo("color", {"red", "green", "blue"});
  echo("permission", {"{}", "{read}", "{read, write, execute, share}"});
  echo("option", {"none", "some(7)"});
  echo("result", {"ok(7)", R"(err("bad"))"});
  all.push_back({"tenon:guests/echo@0.1.0/sum-many(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 2147483647)", "2147483783"});
  return all;
}

std::vector<std::byte> read_bytes(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  const std::string bytes = text.str();
  const auto* begin = reinterpret_cast<const std::byte*>(bytes.data());
  return {begin, begin + bytes.size()};
}

/// What a guest's own tools cannot do, with us as with the reference runtime: componentize-qjs traps on a u64 beyond s64 and on a resource of the
/// guest's own that comes back to it.
bool is_beyond(std::string_view language, const std::string& call) {
  return language == "javascript" && call.find("18446744073709551615") != std::string::npos;
}

/// Compiled once for all tests: the guests in scripting languages bring their interpreters.
Engine& shared_engine() {
  static Engine engine = *Engine::create({.cache_folder = TENON_CODE_CACHE_DIR});
  return engine;
}

Result<Component> compiled(const std::filesystem::path& file) {
  static std::map<std::filesystem::path, Component> components;
  if (auto found = components.find(file); found != components.end()) return found->second;
  TENON_TRY(auto component, Component::create(shared_engine(), read_bytes(file)));
  return components.emplace(file, std::move(component)).first->second;
}

class Guests : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    const std::filesystem::path folder = TENON_GUESTS_DIR;
    const auto file = folder / (std::string(GetParam()) + ".wasm");
    if (!std::filesystem::exists(file)) {
      std::ifstream reason(file.parent_path() / (std::string(GetParam()) + ".skipped"));
      std::string text = "was not built: see the test guests_build";
      std::getline(reason, text);
      GTEST_SKIP() << text;
    }
    auto component = compiled(file);
    ASSERT_TRUE(component) << component.error().message();
    component_.emplace(*std::move(component));
    ASSERT_TRUE(linker_.root().define_func("log", [this](HostCall&, std::span<Value> arguments) -> Result<std::optional<Value>> {
      logged_.push_back(*arguments[1].get_if<std::string>());
      return std::nullopt;
    }));
    auto instance = linker_.instantiate(*store_, *component_);
    ASSERT_TRUE(instance) << instance.error().message();
    instance_.emplace(*instance);
  }

  Result<Func> find(const std::string& function) {
    const size_t slash = function.rfind('/');
    if (slash == std::string::npos) return instance_->get_func(function);
    return instance_->get_func(function.substr(0, slash), function.substr(slash + 1));
  }

  Result<std::string> call(const std::string& text) {
    TENON_TRY(auto parsed, parse_call(text));
    TENON_TRY(auto func, find(parsed.function));
    TENON_TRY(auto arguments, arguments_from_call(parsed, func.type().table(), func.type().node()));
    TENON_TRY(auto value, func.call(arguments));
    return to_wave(*value, *func.type().result());
  }

  void expect(const std::vector<Exchange>& exchanges) {
    // Three rounds: what the first leaves behind in the guest's memory must not harm the next.
    for (int round = 0; round < 3; ++round) {
      for (const auto& [text, expected] : exchanges) {
        if (is_beyond(GetParam(), text)) continue;
        const auto got = call(text);
        ASSERT_TRUE(got) << text << ": " << got.error().message();
        EXPECT_EQ(*got, expected) << text;
      }
    }
  }

  bool has_kinds() const { return component_->find_export("tenon:guests/echo@0.1.0", "echo-bool").has_value(); }

  Engine& engine_ = shared_engine();
  std::unique_ptr<Store> store_ = *Store::create(engine_, {});
  Linker linker_{engine_};
  std::optional<Component> component_;
  std::optional<Instance> instance_;
  std::vector<std::string> logged_;
};

TEST_P(Guests, AnswerAsTools) {
  expect(tool_exchanges());
  EXPECT_EQ(logged_.size(), 12U);
  EXPECT_TRUE(logged_.front().find("upper") != std::string::npos);
}

TEST_P(Guests, GiveBackEveryKindOfValue) {
  if (!has_kinds()) GTEST_SKIP() << "this guest's bindings are written by hand, for world `tool` alone";
  expect(kind_exchanges());
}

TEST_P(Guests, CarryManyBytes) {
  auto func = instance_->get_func("bytes");
  ASSERT_TRUE(func) << func.error().message();
  std::vector<std::byte> bytes(100 * 1024);
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(i * 31);
  const std::vector<Value> arguments{Value::bytes(bytes)};
  for (int round = 0; round < 3; ++round) {
    auto got = func->call(arguments);
    ASSERT_TRUE(got) << got.error().message();
    EXPECT_TRUE(**got == arguments[0]);
  }
}

TEST_P(Guests, KeepAResource) {
  const std::string counters = "tenon:guests/counters@0.1.0";
  if (!has_kinds()) GTEST_SKIP() << "this guest's bindings are written by hand, for world `tool` alone";
  auto make = find(counters + "/[constructor]counter");
  auto increment = find(counters + "/[method]counter.increment");
  auto finish = find(counters + "/finish");
  ASSERT_TRUE(make && increment && finish);
  const std::vector<Value> start{Value(uint32_t{40})};
  auto counter = make->call(start);
  ASSERT_TRUE(counter) << counter.error().message();
  const std::vector<Value> by{**counter, Value(uint32_t{2})};
  auto now = increment->call(by);
  ASSERT_TRUE(now) << now.error().message();
  EXPECT_TRUE(**now == Value(uint32_t{42}));
  if (std::string_view(GetParam()) == "javascript") return;
  const std::vector<Value> given{**counter};
  auto counted = finish->call(given);
  ASSERT_TRUE(counted) << counted.error().message();
  EXPECT_TRUE(**counted == Value(uint32_t{42}));
  // It was given away: it cannot be used again.
  EXPECT_FALSE(finish->call(given));
}

TEST_P(Guests, TrapAloneAndTakeNoMoreCalls) {
  auto failed = call(R"(execute-tool({call-id: "3", name: "panic", input: ""}))");
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().kind(), ErrorKind::Trap);
  auto after = call("bytes([1])");
  ASSERT_FALSE(after);
  EXPECT_NE(after.error().message().find("cannot enter component instance"), std::string::npos) << after.error().message();
  // The component itself is as good as before.
  auto store = Store::create(engine_, {});
  ASSERT_TRUE(store);
  EXPECT_TRUE(linker_.instantiate(**store, *component_));
}

INSTANTIATE_TEST_SUITE_P(Languages, Guests, testing::Values("rust", "c", "cpp", "javascript", "typescript", "python", "go", "wat"),
                         [](const auto& tested) { return std::string(tested.param); });

}  // namespace
}  // namespace tenon
