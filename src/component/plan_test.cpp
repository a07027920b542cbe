#include "component/plan.h"

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tenon_native.h"

namespace tenon::component {
namespace {

constexpr std::array<unsigned char, 8> empty_component = {0, 'a', 's', 'm', 0x0d, 0, 1, 0};

TEST(Plan, OfAnEmptyComponentIsEmpty) {
  const auto buffer = translate(std::as_bytes(std::span(empty_component)));
  ASSERT_TRUE(buffer) << buffer.error().message();
  const auto plan = load(buffer->bytes());
  ASSERT_TRUE(plan) << plan.error().message();
  EXPECT_TRUE(plan->initializers.empty());
  EXPECT_TRUE(plan->exports.empty());
  EXPECT_FALSE(plan->is_concurrent);
  EXPECT_TRUE(async_uses(*plan).empty());
}

TEST(Plan, NumbersTrampolinesAsTheTranslatorDoes) {
  std::string names;
  for (int i = 0; i <= static_cast<int>(TrampolineKind::ThreadYieldThenPromote); i++) {
    names += std::string(to_string(static_cast<TrampolineKind>(i))) + "\n";
  }
  const tn_bytes native = tn_plan_trampoline_names();
  EXPECT_EQ(names, std::string_view(reinterpret_cast<const char*>(native.data), native.size));
}

}  // namespace
}  // namespace tenon::component
