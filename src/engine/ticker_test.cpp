#include "engine/ticker.h"

#include <gtest/gtest.h>

#include <semaphore>

namespace tenon::engine {
namespace {

using namespace std::chrono_literals;

TEST(Ticker, TicksOnlyOnceArmed) {
  std::atomic<int> ticks = 0;
  std::counting_semaphore<> ticked(0);
  Ticker ticker(1ms, [&] {
    ++ticks;
    ticked.release();
  });
  EXPECT_EQ(ticks, 0);
  ticker.arm();
  for (int i = 0; i < 5; ++i) ticked.acquire();
  ticker.disarm();
}

TEST(Ticker, KeepsItsRhythm) {
  std::counting_semaphore<> ticked(0);
  Ticker ticker(2ms, [&] { ticked.release(); });
  auto start = std::chrono::steady_clock::now();
  ticker.arm();
  for (int i = 0; i < 20; ++i) ticked.acquire();
  EXPECT_GE(std::chrono::steady_clock::now() - start, 38ms);
}

TEST(Ticker, EndsWithoutHavingRun) {
  Ticker ticker(1ms, [] {});
}

TEST(Ticker, IsArmedAgainWhileItRuns) {
  std::counting_semaphore<> ticked(0);
  Ticker ticker(1ms, [&] { ticked.release(); });
  for (int i = 0; i < 100; ++i) {
    ticker.arm();
    ticker.disarm();
  }
  ticker.arm();
  ticked.acquire();
}

}  // namespace
}  // namespace tenon::engine
