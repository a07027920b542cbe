#include "tenon/component.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "component/plan.h"
#include "component/wat.h"
#include "tenon/instance.h"
#include "tenon/linker.h"
#include "tenon/store.h"

namespace tenon::component {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view greeter = R"((component
  (core module $m (func (export "answer") (param i32) (result i32) (i32.add (local.get 0) (i32.const 40))))
  (core instance $i (instantiate $m))
  (func (export "answer") (param "to" u32) (result u32) (canon lift (core func $i "answer")))))";

class CachedComponent : public testing::Test {
 protected:
  CachedComponent() {
    std::string name = fs::temp_directory_path() / "tenon-component-cache-XXXXXX";
    folder_ = mkdtemp(name.data());
    EngineConfig config;
    config.cache_folder = folder_;
    engine_ = *Engine::create(config);
  }
  ~CachedComponent() override { fs::remove_all(folder_); }

  Component compile(std::string_view text) const {
    auto component = component_of(*engine_, text);
    EXPECT_TRUE(component) << component.error().message();
    return *std::move(component);
  }

  fs::path entry() const {
    fs::path found;
    for (const auto& file : fs::directory_iterator(folder_ / "code")) {
      if (file.path().extension() == ".code") found = file.path();
    }
    return found;
  }

  uint32_t answer(const Component& component) const {
    const auto store = *Store::create(*engine_);
    const auto instance = Linker(*engine_).instantiate(*store, component);
    const Value argument(uint32_t{2});
    const auto result = instance->get_func("answer")->call(std::span(&argument, 1));
    return *(*result)->get_if<uint32_t>();
  }

  fs::path folder_;
  std::optional<Engine> engine_;
};

TEST_F(CachedComponent, RunsAsTheCompiledOneDoes) {
  EXPECT_EQ(answer(compile(greeter)), 42U);
  const auto written = fs::last_write_time(entry());
  const uint64_t size = fs::file_size(entry());
  const Component again = compile(greeter);
  EXPECT_EQ(answer(again), 42U);
  EXPECT_EQ(fs::file_size(entry()), size);
  EXPECT_GE(fs::last_write_time(entry()), written);
  ASSERT_EQ(again.exports().size(), 1U);
  EXPECT_EQ(again.exports()[0].name(), "answer");
  EXPECT_GT(again.code_bytes(), 0U);
}

TEST_F(CachedComponent, IsCompiledAnewWhenItsEntryWasChanged) {
  EXPECT_EQ(answer(compile(greeter)), 42U);
  std::fstream file(entry(), std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(-100, std::ios::end);
  file.put('\x55');
  file.close();
  EXPECT_EQ(answer(compile(greeter)), 42U);
}

TEST_F(CachedComponent, WithoutAnyModuleIsTakenFromTheCacheToo) {
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(compile("(component)").exports().empty());
}

TEST_F(CachedComponent, IsMadeByItsRecipeOnlyOnce) {
  const std::string_view source = "not WebAssembly at all";
  int made = 0;
  const ComponentRecipe recipe{.name = "greeter 1", .make = [&made](std::span<const std::byte>) -> Result<std::vector<std::byte>> {
                                 made++;
                                 engine::Buffer binary;
                                 tn_error_free(tn_text_to_binary(engine::bytes_of(greeter), engine::bytes_of(std::string_view()), binary.out()));
                                 return std::vector<std::byte>(binary.bytes().begin(), binary.bytes().end());
                               }};
  const auto bytes = std::as_bytes(std::span(source));
  for (int i = 0; i < 2; ++i) EXPECT_EQ(answer(Component::create(*engine_, bytes, recipe).value()), 42U);
  EXPECT_EQ(made, 1);
  ComponentRecipe other = recipe;
  other.name = "greeter 2";
  EXPECT_EQ(answer(Component::create(*engine_, bytes, other).value()), 42U);
  EXPECT_EQ(made, 2);
}

TEST_F(CachedComponent, IsNotTakenForWhatARecipeOfItsLabelMakes) {
  engine::Buffer plain;
  ASSERT_EQ(tn_text_to_binary(engine::bytes_of(std::string_view("(component)")), engine::bytes_of(std::string_view()), plain.out()), nullptr);
  EXPECT_TRUE(Component::create(*engine_, plain.bytes()).value().exports().empty());
  const ComponentRecipe recipe{.name = "component", .make = [](std::span<const std::byte>) -> Result<std::vector<std::byte>> {
                                 engine::Buffer binary;
                                 tn_error_free(tn_text_to_binary(engine::bytes_of(greeter), engine::bytes_of(std::string_view()), binary.out()));
                                 return std::vector<std::byte>(binary.bytes().begin(), binary.bytes().end());
                               }};
  EXPECT_EQ(answer(Component::create(*engine_, plain.bytes(), recipe).value()), 42U);
}

TEST_F(CachedComponent, IsRefusedWithTheRecipesOwnErrorAndWithoutItsName) {
  ComponentRecipe recipe{.name = "broken",
                         .make = [](std::span<const std::byte>) { return Result<std::vector<std::byte>>(fail(ErrorKind::InvalidInput, "no")); }};
  EXPECT_EQ(Component::create(*engine_, {}, recipe).error().message(), "no");
  recipe.name = "";
  EXPECT_EQ(Component::create(*engine_, {}, recipe).error().message(), "a recipe's name has 0 bytes, expected 1 to 32");
}

TEST(PlanWithoutModules, LoadsOnlyWhenItIsToldSo) {
  engine::Buffer binary;
  ASSERT_EQ(tn_text_to_binary(engine::bytes_of(greeter), engine::bytes_of(std::string_view()), binary.out()), nullptr);
  const auto buffer = translate(binary.bytes());
  const auto rest = without_modules(*buffer);
  ASSERT_LT(rest.size(), buffer->bytes().size());
  EXPECT_FALSE(load(rest));
  const auto plan = load(rest, ModuleBytes::LeftOut);
  ASSERT_TRUE(plan) << plan.error().message();
  EXPECT_TRUE(plan->static_modules[0].bytes.empty());
  EXPECT_FALSE(load(buffer->bytes(), ModuleBytes::LeftOut));
}

}  // namespace
}  // namespace tenon::component
