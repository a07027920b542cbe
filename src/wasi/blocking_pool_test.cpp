#include "wasi/blocking_pool.h"

#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "policy/rules.h"
#include "tenon/engine.h"

namespace tenon::wasi {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

/// A kernel that does not return until it is told to.
class Gate {
 public:
  void wait() {
    std::unique_lock lock(mutex_);
    arrived_++;
    changed_.notify_all();
    changed_.wait(lock, [&] { return is_open_; });
  }
  void open() {
    const std::lock_guard lock(mutex_);
    is_open_ = true;
    changed_.notify_all();
  }
  void wait_for_arrivals(int count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return arrived_ >= count; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int arrived_ = 0;
  bool is_open_ = false;
};

class BlockingPoolTest : public ::testing::Test {
 protected:
  void SetUp() override {
    engine_ = std::make_unique<Engine>(std::move(*Engine::create({})));
    store_ = std::move(*Store::create(*engine_));
    guard_ = std::make_unique<policy::Guard>(*policy::Rules::from_grants({}), policy::Budget::create({}));
    context_ = std::make_unique<Context>(*store_, *guard_, std::make_shared<Config>());
  }

  std::unique_ptr<Engine> engine_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<policy::Guard> guard_;
  std::unique_ptr<Context> context_;
};

TEST_F(BlockingPoolTest, BringsTheResultToTheThreadThatWaits) {
  BlockingPool pool({.threads = 2, .waiting = 4});
  const auto here = std::this_thread::get_id();
  for (int i = 0; i < 100; i++) {
    const auto result = run_blocking(*context_, pool, [i, here] { return std::pair(i, std::this_thread::get_id() != here); });
    ASSERT_TRUE(result);
    EXPECT_EQ(*result, std::pair(i, true));
  }
  EXPECT_LE(pool.figures().threads, 2U);
  EXPECT_EQ(pool.figures().abandoned, 0U);
}

TEST_F(BlockingPoolTest, LeavesACallBehindWhenTheDeadlinePasses) {
  const auto gate = std::make_shared<Gate>();
  BlockingPool pool({.threads = 2, .waiting = 4});
  const auto owned = std::make_shared<std::string>("kept");
  store_->set_deadline(steady_clock::now() + milliseconds(30));
  const auto result = run_blocking(*context_, pool, [gate, owned] {
    gate->wait();
    return owned->size();
  });
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind(), ErrorKind::Timeout);
  EXPECT_EQ(pool.figures().stuck, 1U);
  EXPECT_EQ(pool.figures().abandoned, 1U);
  EXPECT_EQ(owned.use_count(), 2);
  // The other thread still serves.
  store_->clear_deadline();
  EXPECT_EQ(*run_blocking(*context_, pool, [] { return 7; }), 7);
  gate->open();
  while (owned.use_count() != 1) std::this_thread::yield();
  EXPECT_EQ(pool.figures().stuck, 0U);
}

TEST_F(BlockingPoolTest, LeavesACallBehindWhenTheStoreIsInterrupted) {
  const auto gate = std::make_shared<Gate>();
  BlockingPool pool({.threads = 1, .waiting = 4});
  std::thread other([&] {
    gate->wait_for_arrivals(1);
    store_->interrupt();
  });
  const auto result = run_blocking(*context_, pool, [gate] {
    gate->wait();
    return 0;
  });
  other.join();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind(), ErrorKind::Timeout);
  gate->open();
}

TEST_F(BlockingPoolTest, RefusesWhenEachThreadIsStuck) {
  const auto gate = std::make_shared<Gate>();
  BlockingPool pool({.threads = 2, .waiting = 4});
  const auto hang = [gate] {
    gate->wait();
    return 0;
  };
  {
    auto first = BlockingCall<int>::start(pool, hang);
    auto second = BlockingCall<int>::start(pool, hang);
    ASSERT_TRUE(first && second);
    gate->wait_for_arrivals(2);
    // Whoever still waits may be served: not refused yet.
    EXPECT_TRUE(BlockingCall<int>::start(pool, hang));
  }
  EXPECT_EQ(pool.figures().stuck, 2U);
  const auto refused = BlockingCall<int>::start(pool, hang);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), ErrorKind::Unavailable);
  EXPECT_EQ(refused.error().message(), "all 2 threads for calls that may hang are held by calls that hang");
  EXPECT_EQ(pool.figures().refused, 1U);
  EXPECT_EQ(pool.figures().waiting, 0U);
  gate->open();
  while (pool.figures().stuck != 0) std::this_thread::yield();
  EXPECT_EQ(*run_blocking(*context_, pool, [] { return 1; }), 1);
}

TEST_F(BlockingPoolTest, BoundsHowManyCallsWait) {
  const auto gate = std::make_shared<Gate>();
  BlockingPool pool({.threads = 1, .waiting = 2});
  const auto hang = [gate] {
    gate->wait();
    return 0;
  };
  std::vector<BlockingCall<int>> calls;
  calls.push_back(std::move(*BlockingCall<int>::start(pool, hang)));
  gate->wait_for_arrivals(1);
  for (int i = 0; i < 2; i++) calls.push_back(std::move(*BlockingCall<int>::start(pool, [] { return 1; })));
  const auto refused = BlockingCall<int>::start(pool, hang);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message(), "2 calls wait for a thread already");
  // One that is given up makes room.
  calls.pop_back();
  auto again = BlockingCall<int>::start(pool, [] { return 3; });
  ASSERT_TRUE(again);
  gate->open();
  ASSERT_TRUE(context_->wait_for(*again));
  EXPECT_EQ(again->take(), 3);
}

TEST_F(BlockingPoolTest, OutlivesNothingButItsStuckCalls) {
  const auto gate = std::make_shared<Gate>();
  const auto owned = std::make_shared<int>(1);
  {
    BlockingPool pool({.threads = 1, .waiting = 2});
    auto call = BlockingCall<int>::start(pool, [gate, owned] {
      gate->wait();
      return 0;
    });
    gate->wait_for_arrivals(1);
  }
  EXPECT_EQ(owned.use_count(), 2);
  gate->open();
  while (owned.use_count() != 1) std::this_thread::yield();
}

}  // namespace
}  // namespace tenon::wasi
