#include "policy/presets.h"

#include <gtest/gtest.h>

#include <fmt/format.h>

#include <chrono>
#include <string>
#include <string_view>

#include "base/files.h"
#include "policy/units.h"

namespace tenon::policy {
namespace {

using namespace std::chrono_literals;

TEST(Preset, HasSentinelsNumbers) {
  const Preset normal = *find_preset("default");
  EXPECT_EQ(normal.limits, (BudgetLimits{.time = 100ms, .fuel = 10'000'000, .memory_bytes = 64 << 20, .table_elements = 10'000, .tables = 1, .memories = 1}));
  EXPECT_EQ(normal.function_bytes_max, 1U << 20);
  EXPECT_EQ(normal.component_bytes_max, 10U << 20);
  EXPECT_EQ(normal.instances_max, 4U);
  EXPECT_EQ(normal.epoch_tick_interval, 1ms);
  EXPECT_TRUE(normal.fuel_enabled && normal.epoch_enabled && normal.cache_enabled);
  const Preset minimal = *find_preset("minimal");
  EXPECT_EQ(minimal.limits, (BudgetLimits{.time = 50ms, .fuel = 1'000'000, .memory_bytes = 16 << 20, .table_elements = 1'000, .tables = 1, .memories = 1}));
  EXPECT_EQ(minimal.function_bytes_max, 256U << 10);
  EXPECT_EQ(minimal.instances_max, 1U);
  EXPECT_EQ(minimal.epoch_tick_interval, 10ms);
  EXPECT_FALSE(minimal.epoch_enabled || minimal.cache_enabled);
  const Preset strict = *find_preset("strict");
  EXPECT_EQ(strict.limits, (BudgetLimits{.time = 10ms, .fuel = 100'000, .memory_bytes = 8 << 20, .table_elements = 100, .tables = 1, .memories = 1}));
  EXPECT_EQ(strict.function_bytes_max, 64U << 10);
  const Preset high = *find_preset("high_performance");
  EXPECT_EQ(high.limits, (BudgetLimits{.time = 500ms, .fuel = 100'000'000, .memory_bytes = 256 << 20, .table_elements = 100'000, .tables = 4, .memories = 1}));
  EXPECT_EQ(high.function_bytes_max, 4U << 20);
  EXPECT_EQ(high.instances_max, 8U);
  EXPECT_EQ(high.epoch_tick_interval, 100us);
  EXPECT_EQ(presets().size(), 4U);
}

TEST(Preset, TheDocumentHasTheSameNumbers) {
  const auto document = base::read_file(TENON_SOURCE_DIR "/docs/budgets.md", uint64_t{1} << 20);
  ASSERT_TRUE(document) << document.error().message();
  for (const Preset& preset : presets()) {
    const BudgetLimits& limits = preset.limits;
    const std::string row = fmt::format("\n| `{}` | {} | {} | {} | {} | {} | {} | {} | {} | {} |\n", preset.name, format_duration(*limits.time), *limits.fuel,
                                        format_bytes(*limits.memory_bytes), *limits.table_elements, *limits.tables, *limits.memories,
                                        format_bytes(preset.function_bytes_max), format_bytes(preset.component_bytes_max), preset.instances_max);
    EXPECT_NE(document->find(row), std::string::npos) << row;
  }
  for (size_t i = 0; i < limit_count; ++i)
    EXPECT_NE(document->find(fmt::format("`{}`", to_string(static_cast<Limit>(i)))), std::string::npos) << to_string(static_cast<Limit>(i));
}

TEST(Preset, OfAnotherNameIsRefusedWithTheNamesThereAre) {
  EXPECT_EQ(find_preset("Default").error().message(), "there is no preset \"Default\", only default, minimal, strict, high_performance");
  EXPECT_EQ(find_preset("").error().kind(), ErrorKind::NotFound);
}

TEST(SetLimit, TakesTheFormsOfManifests) {
  BudgetLimits limits;
  ASSERT_TRUE(set_limit(limits, "memory-limit", "256MB"));
  ASSERT_TRUE(set_limit(limits, "execution-timeout", "60s"));
  EXPECT_EQ(limits, (BudgetLimits{.time = 60s, .memory_bytes = 256 << 20}));
  ASSERT_TRUE(set_limit(limits, "max_fuel", "5000000"));
  ASSERT_TRUE(set_limit(limits, "max_tables", "2"));
  EXPECT_EQ(limits.fuel, 5'000'000U);
  EXPECT_EQ(limits.tables, 2U);
}

TEST(SetLimit, KnowsEachLimitByItsName) {
  for (size_t i = 0; i < limit_count; ++i) {
    BudgetLimits limits;
    const std::string_view name = to_string(static_cast<Limit>(i));
    ASSERT_TRUE(set_limit(limits, name, "7"));
    EXPECT_EQ(to_text(limits).substr(0, name.size() + 3), std::string(name) + " = ");
    EXPECT_EQ(Budget::create(limits)->limit(static_cast<Limit>(i)), i == 0 ? 7'000'000'000U : 7U);
  }
}

TEST(SetLimit, RefusesAnotherNameAndTextThatDoesNotFit) {
  BudgetLimits limits;
  EXPECT_EQ(set_limit(limits, "ram", "1").error().message(), "there is no limit \"ram\"");
  EXPECT_EQ(set_limit(limits, "memory-limit", "lots").error().message(), "memory-limit: \"lots\" is no size such as 65536, 64KiB or 1GiB, of at most 64 bits");
  EXPECT_EQ(set_limit(limits, "execution-timeout", "60 s").error().kind(), ErrorKind::InvalidInput);
  EXPECT_EQ(set_limit(limits, "max_fuel", "5M").error().kind(), ErrorKind::InvalidInput);
  EXPECT_EQ(set_limit(limits, "tables", "4294967296").error().message(), "tables: 4294967296 is more than 4294967295");
  EXPECT_TRUE(set_limit(limits, "depth", "4294967295"));
  EXPECT_EQ(limits, BudgetLimits{.depth = 4294967295});
}

TEST(LowerOf, TakesTheLowerValueOfEachLimit) {
  const BudgetLimits one{.time = 1s, .fuel = 10, .tables = 3};
  const BudgetLimits other{.time = 2s, .fuel = 5, .memory_bytes = 7};
  const BudgetLimits expected{.time = 1s, .fuel = 5, .memory_bytes = 7, .tables = 3};
  EXPECT_EQ(lower_of(one, other), expected);
  EXPECT_EQ(lower_of(other, one), expected);
  EXPECT_EQ(lower_of({}, {}), BudgetLimits());
}

TEST(Limits, AreShownAsTheyAreWritten) {
  EXPECT_EQ(to_text(find_preset("strict")->limits),
            "time = \"10ms\"\nfuel = 100000\nmemory-bytes = \"8MiB\"\ntable-elements = 100\ntables = 1\nmemories = 1\n");
  EXPECT_EQ(to_text(BudgetLimits()), "");
}

}  // namespace
}  // namespace tenon::policy
