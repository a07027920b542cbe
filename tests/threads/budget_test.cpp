#include "policy/budget.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

// Sub-budgets that are charged side by side, each by a thread of its own: nothing is lost, and limits above them are met exactly.

namespace tenon::tests {
namespace {

using policy::Budget;
using policy::Limit;

constexpr int threads_count = 8;
constexpr uint64_t charges_per_thread = 20'000;

/// Runs `body(index)` in as many threads, which begin together.
template <class F>
void run_together(F body) {
  std::atomic<int> waiting = threads_count;
  std::vector<std::thread> threads;
  for (int i = 0; i < threads_count; ++i) {
    threads.emplace_back([&waiting, &body, i] {
      --waiting;
      while (waiting.load() > 0) std::this_thread::yield();
      body(i);
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST(BudgetThreads, ParentsCountEveryChargeOfTheirSubBudgets) {
  auto root = Budget::create({});
  auto middle = *Budget::create_sub(root, {});
  std::vector<std::shared_ptr<Budget>> subs;
  for (int i = 0; i < threads_count; ++i) subs.push_back(*Budget::create_sub(middle, {}));
  run_together([&](int index) {
    Budget& sub = *subs[index];
    for (uint64_t i = 0; i < charges_per_thread; ++i) {
      EXPECT_TRUE(sub.charge_host_call());
      EXPECT_TRUE(sub.charge_in(3));
      EXPECT_TRUE(sub.open_handle());
      sub.close_handle();
    }
  });
  EXPECT_EQ(root->spent(Limit::HostCalls), threads_count * charges_per_thread);
  EXPECT_EQ(root->spent(Limit::BytesIn), 3 * threads_count * charges_per_thread);
  EXPECT_EQ(root->spent(Limit::Handles), 0U);
  EXPECT_EQ(subs[0]->spent(Limit::HostCalls), charges_per_thread);
}

TEST(BudgetThreads, ALimitAboveIsMetExactlyByAllTogether) {
  constexpr uint64_t limit = threads_count * charges_per_thread / 3;
  auto root = Budget::create({.host_calls = limit, .handles = threads_count / 2});
  std::vector<std::shared_ptr<Budget>> subs;
  for (int i = 0; i < threads_count; ++i) subs.push_back(*Budget::create_sub(root, {}));
  std::atomic<uint64_t> allowed = 0;
  std::atomic<int> open = 0;
  run_together([&](int index) {
    uint64_t own = 0;
    for (uint64_t i = 0; i < charges_per_thread; ++i) {
      own += subs[index]->charge_host_call().has_value();
      if (!subs[index]->open_handle()) continue;
      EXPECT_LE(++open, threads_count / 2);
      --open;
      subs[index]->close_handle();
    }
    allowed += own;
  });
  EXPECT_EQ(allowed, limit);
  EXPECT_EQ(root->spent(Limit::HostCalls), limit);
  EXPECT_LE(root->peak(Limit::Handles), threads_count / 2U);
}

TEST(BudgetThreads, FuelIsTakenOnceAndWhatIsLeftComesBack) {
  constexpr uint64_t fuel = 1'000'000;
  auto root = Budget::create({.fuel = fuel});
  std::atomic<uint64_t> spent = 0;
  run_together([&](int) {
    for (int i = 0; i < 1000; ++i) {
      auto sub = *Budget::create_sub(root, {.fuel = 300'000});
      const uint64_t taken = sub->take_fuel();
      const uint64_t used = taken < 50 ? taken : 50;
      sub->settle_fuel(taken, used);
      spent += used;
    }
  });
  EXPECT_EQ(root->spent(Limit::Fuel), spent);
  EXPECT_EQ(root->left(Limit::Fuel), fuel - spent);
  EXPECT_EQ(root->spent(Limit::SubCalls), threads_count * 1000U);
}

}  // namespace
}  // namespace tenon::tests
