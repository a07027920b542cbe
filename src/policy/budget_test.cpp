#include "policy/budget.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

namespace tenon::policy {
namespace {

using namespace std::chrono_literals;

TEST(Budget, WithoutLimitsCountsAndRefusesNothing) {
  auto budget = Budget::create({});
  EXPECT_TRUE(budget->charge_host_call());
  EXPECT_TRUE(budget->charge_in(7));
  EXPECT_TRUE(budget->charge_out(8));
  EXPECT_TRUE(budget->charge_fuel(9));
  EXPECT_TRUE(budget->open_handle());
  EXPECT_EQ(budget->spent(Limit::HostCalls), 1U);
  EXPECT_EQ(budget->spent(Limit::BytesIn), 7U);
  EXPECT_EQ(budget->spent(Limit::BytesOut), 8U);
  EXPECT_EQ(budget->spent(Limit::Fuel), 9U);
  EXPECT_EQ(budget->left_in(), Budget::unlimited);
  EXPECT_EQ(budget->left(Limit::HostCalls), Budget::unlimited);
  EXPECT_EQ(budget->limit(Limit::HostCalls), std::nullopt);
  EXPECT_EQ(budget->deadline(), std::nullopt);
}

TEST(Budget, AllowsExactlyItsHostCalls) {
  auto budget = Budget::create({.host_calls = 3});
  EXPECT_EQ(budget->refused(), std::nullopt);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(budget->charge_host_call());
  auto fourth = budget->charge_host_call();
  ASSERT_FALSE(fourth);
  EXPECT_EQ(budget->refused(), Limit::HostCalls);
  EXPECT_EQ(fourth.error().kind(), ErrorKind::LimitExceeded);
  EXPECT_EQ(fourth.error().message(), "the budget of 3 host calls is used up");
  EXPECT_EQ(budget->spent(Limit::HostCalls), 3U);
  EXPECT_EQ(budget->left(Limit::HostCalls), 0U);
}

TEST(Budget, ALimitOfZeroRefusesTheFirst) {
  auto budget = Budget::create({.bytes_in = 0, .host_calls = 0, .handles = 0});
  EXPECT_FALSE(budget->charge_host_call());
  EXPECT_FALSE(budget->open_handle());
  EXPECT_TRUE(budget->charge_in(0));
  EXPECT_FALSE(budget->charge_in(1));
}

TEST(Budget, TakesTheLastByteAndCountsNoneOverIt) {
  auto budget = Budget::create({.bytes_out = 10});
  EXPECT_TRUE(budget->charge_out(9));
  EXPECT_EQ(budget->left_out(), 1U);
  EXPECT_TRUE(budget->charge_out(1));
  EXPECT_EQ(budget->left_out(), 0U);
  auto over = budget->charge_out(5);
  EXPECT_EQ(over.error().message(), "the budget of 10 bytes out is used up");
  EXPECT_EQ(budget->spent(Limit::BytesOut), 10U);
  EXPECT_EQ(budget->left_out(), 0U);
}

TEST(Budget, NeverWraps) {
  auto parent = Budget::create({.bytes_in = 100});
  auto budget = *Budget::create_sub(parent, {});
  EXPECT_FALSE(budget->charge_in(UINT64_MAX));
  EXPECT_FALSE(budget->charge_in(UINT64_MAX));
  EXPECT_FALSE(budget->charge_in(1));
  EXPECT_EQ(budget->spent(Limit::BytesIn), 100U);
  EXPECT_EQ(parent->spent(Limit::BytesIn), 100U);
  EXPECT_EQ(budget->left_in(), 0U);
  auto without_limit = Budget::create({});
  EXPECT_TRUE(without_limit->charge_in(UINT64_MAX));
  EXPECT_TRUE(without_limit->charge_in(7));
  EXPECT_EQ(without_limit->spent(Limit::BytesIn), UINT64_MAX);
}

TEST(Budget, CountsEverywhereOnlyWhatTheLowestLimitLeaves) {
  auto root = Budget::create({.bytes_out = 10});
  auto middle = *Budget::create_sub(root, {.bytes_out = 100});
  auto leaf = *Budget::create_sub(middle, {.bytes_out = 20});
  EXPECT_TRUE(leaf->charge_out(7));
  EXPECT_EQ(leaf->charge_out(9).error().message(), "the budget of a call above of 10 bytes out is used up");
  for (const auto& budget : {root, middle, leaf}) EXPECT_EQ(budget->spent(Limit::BytesOut), 10U);
}

TEST(Budget, HandlesAreCountedWhileTheyLive) {
  auto budget = Budget::create({.handles = 2});
  ASSERT_TRUE(budget->open_handle());
  ASSERT_TRUE(budget->open_handle());
  auto third = budget->open_handle();
  EXPECT_EQ(third.error().message(), "the budget of 2 open handles is used up");
  budget->close_handle();
  EXPECT_TRUE(budget->open_handle());
  budget->close_handle();
  budget->close_handle();
  EXPECT_EQ(budget->spent(Limit::Handles), 0U);
  EXPECT_EQ(budget->peak(Limit::Handles), 2U);
}

TEST(Budget, ItsDeadlineIsAbsolute) {
  const auto before = std::chrono::steady_clock::now();
  auto budget = Budget::create({.time = 50ms});
  const auto after = std::chrono::steady_clock::now();
  EXPECT_GE(*budget->deadline(), before + 50ms);
  EXPECT_LE(*budget->deadline(), after + 50ms);
  EXPECT_LE(budget->left(Limit::Time), 50'000'000U);
  EXPECT_EQ(Budget::create({.time = -5ms})->left(Limit::Time), 0U);
  EXPECT_EQ(Budget::create({.time = std::chrono::nanoseconds::max()})->deadline(), std::chrono::steady_clock::time_point::max());
}

TEST(SubBudget, ChargesUpwards) {
  auto root = Budget::create({});
  auto middle = *Budget::create_sub(root, {});
  auto leaf = *Budget::create_sub(middle, {});
  EXPECT_TRUE(leaf->charge_host_call());
  EXPECT_TRUE(leaf->charge_in(5));
  EXPECT_TRUE(middle->charge_in(2));
  EXPECT_TRUE(root->charge_host_call());
  EXPECT_EQ(leaf->spent(Limit::BytesIn), 5U);
  EXPECT_EQ(middle->spent(Limit::BytesIn), 7U);
  EXPECT_EQ(root->spent(Limit::BytesIn), 7U);
  EXPECT_EQ(root->spent(Limit::HostCalls), 2U);
  EXPECT_EQ(middle->spent(Limit::HostCalls), 1U);
}

TEST(SubBudget, GetsAtMostWhatIsLeftOfItsParent) {
  auto root = Budget::create({.bytes_in = 10, .host_calls = 2});
  ASSERT_TRUE(root->charge_in(4));
  ASSERT_TRUE(root->charge_host_call());
  auto sub = *Budget::create_sub(root, {.bytes_in = 100, .host_calls = 100});
  EXPECT_EQ(sub->left_in(), 6U);
  EXPECT_TRUE(sub->charge_host_call());
  auto refused = sub->charge_host_call();
  EXPECT_EQ(refused.error().message(), "the budget of a call above of 2 host calls is used up");
  EXPECT_EQ(sub->spent(Limit::HostCalls), 1U) << "a refused call counts nowhere";
  EXPECT_EQ(root->spent(Limit::HostCalls), 2U);
}

TEST(SubBudget, ItsOwnLimitEndsItBeforeItsParents) {
  auto root = Budget::create({.host_calls = 10});
  auto sub = *Budget::create_sub(root, {.host_calls = 1});
  EXPECT_TRUE(sub->charge_host_call());
  EXPECT_EQ(sub->charge_host_call().error().message(), "the budget of 1 host calls is used up");
  EXPECT_TRUE(root->charge_host_call());
  EXPECT_EQ(root->spent(Limit::HostCalls), 2U);
}

TEST(SubBudget, HandlesItLeavesOpenEndWithIt) {
  auto root = Budget::create({.handles = 2});
  auto sub = *Budget::create_sub(root, {});
  ASSERT_TRUE(root->open_handle());
  ASSERT_TRUE(sub->open_handle());
  EXPECT_FALSE(sub->open_handle());
  EXPECT_EQ(sub->spent(Limit::Handles), 1U);
  sub.reset();
  EXPECT_EQ(root->spent(Limit::Handles), 1U);
  EXPECT_TRUE(root->open_handle());
}

TEST(SubBudget, IsRefusedWhenSubCallsAreUsedUp) {
  auto root = Budget::create({.sub_calls = 2});
  auto first = *Budget::create_sub(root, {});
  ASSERT_TRUE(Budget::create_sub(first, {})) << "the sub-call of a sub-call counts too";
  auto third = Budget::create_sub(first, {});
  EXPECT_EQ(third.error().message(), "the budget of a call above of 2 sub-calls is used up");
  EXPECT_EQ(Budget::create_sub(root, {}).error().kind(), ErrorKind::LimitExceeded);
}

TEST(SubBudget, IsRefusedWhenItWouldLieTooDeep) {
  EXPECT_FALSE(Budget::create_sub(Budget::create({.depth = 0}), {}));
  auto root = Budget::create({.depth = 2});
  auto first = *Budget::create_sub(root, {.depth = 9});
  EXPECT_EQ(first->left(Limit::Depth), 1U);
  auto second = *Budget::create_sub(first, {});
  EXPECT_EQ(second->spent(Limit::Depth), 2U);
  auto third = Budget::create_sub(second, {});
  ASSERT_FALSE(third);
  EXPECT_EQ(third.error().kind(), ErrorKind::LimitExceeded);
  EXPECT_EQ(third.error().message(), "the budget allows no deeper sub-call, this call lies 2 deep");
  EXPECT_EQ(root->spent(Limit::SubCalls), 2U) << "a sub-call that was refused is none";
}

TEST(SubBudget, HasTheEarliestDeadline) {
  auto root = Budget::create({.time = 1h});
  EXPECT_EQ((*Budget::create_sub(root, {.time = 2h}))->deadline(), root->deadline());
  EXPECT_EQ((*Budget::create_sub(root, {}))->deadline(), root->deadline());
  EXPECT_LT(*(*Budget::create_sub(root, {.time = 1min}))->deadline(), *root->deadline());
  EXPECT_TRUE((*Budget::create_sub(Budget::create({}), {.time = 1min}))->deadline());
}

TEST(SubBudget, GetsTheMemoryThatTheCallsAboveDoNotHold) {
  auto root = Budget::create({.memory_bytes = 100, .table_elements = 50});
  root->hold_memory(30);
  root->hold_table_elements(10);
  auto sub = *Budget::create_sub(root, {.memory_bytes = 1000});
  EXPECT_EQ(sub->left(Limit::MemoryBytes), 70U);
  EXPECT_EQ(sub->left(Limit::TableElements), 40U);
  sub->hold_memory(60);
  sub->hold_memory(20);
  EXPECT_EQ(root->spent(Limit::MemoryBytes), 50U);
  EXPECT_EQ(root->peak(Limit::MemoryBytes), 90U);
  sub.reset();
  EXPECT_EQ(root->spent(Limit::MemoryBytes), 30U);
  EXPECT_EQ(root->left(Limit::Tables), Budget::unlimited);
}

TEST(SubBudget, TheLowestOfTheCountsOfAStoreHolds) {
  auto root = Budget::create({.tables = 4, .instances = 2});
  auto sub = *Budget::create_sub(root, {.tables = 1, .instances = 9});
  EXPECT_EQ(sub->left(Limit::Tables), 1U);
  EXPECT_EQ(sub->left(Limit::Instances), 2U);
}

TEST(Fuel, ThatOneCallHasTakenAnotherCannot) {
  auto root = Budget::create({.fuel = 100});
  auto first = *Budget::create_sub(root, {.fuel = 70});
  auto second = *Budget::create_sub(root, {});
  EXPECT_EQ(first->take_fuel(), 70U);
  EXPECT_EQ(second->take_fuel(), 30U);
  EXPECT_EQ(root->take_fuel(), 0U);
  first->settle_fuel(70, 20);
  EXPECT_EQ(first->spent(Limit::Fuel), 20U);
  EXPECT_EQ(root->left(Limit::Fuel), 50U);
  second->settle_fuel(30, 30);
  EXPECT_EQ(second->spent(Limit::Fuel), 30U);
  EXPECT_EQ(root->spent(Limit::Fuel), 50U);
}

TEST(Fuel, ThatAParentDoesNotHaveIsNotTakenFromTheSubBudget) {
  auto root = Budget::create({.fuel = 10});
  auto sub = *Budget::create_sub(root, {.fuel = 100});
  EXPECT_EQ(sub->take_fuel(), 10U);
  EXPECT_EQ(sub->spent(Limit::Fuel), 10U);
}

TEST(Fuel, WithoutALimitIsCountedWhenItIsSpent) {
  auto root = Budget::create({});
  auto first = *Budget::create_sub(root, {});
  auto second = *Budget::create_sub(root, {});
  const uint64_t taken = first->take_fuel();
  EXPECT_EQ(taken, Budget::unlimited);
  EXPECT_EQ(second->take_fuel(), Budget::unlimited);
  first->settle_fuel(taken, 11);
  second->settle_fuel(Budget::unlimited, 22);
  EXPECT_EQ(root->spent(Limit::Fuel), 33U);
}

TEST(Limit, NamesAreInKebabCaseAndDiffer) {
  std::vector<std::string> names;
  for (size_t i = 0; i < limit_count; ++i) {
    names.emplace_back(to_string(static_cast<Limit>(i)));
    for (size_t j = 0; j < i; ++j) EXPECT_NE(names[i], names[j]);
  }
  EXPECT_EQ(names[3], "table-elements");
}

}  // namespace
}  // namespace tenon::policy
