#include "engine/ticker.h"

#include <time.h>

namespace tenon::engine {

namespace {

/// The thread goes on ticking for this long after the last deadline is gone, so that calls in a row do not wake it each time.
constexpr std::chrono::seconds linger{1};

void sleep_until(std::chrono::steady_clock::time_point when) {
  // libstdc++'s steady clock is CLOCK_MONOTONIC.
  auto since = std::chrono::duration_cast<std::chrono::nanoseconds>(when.time_since_epoch()).count();
  timespec time{.tv_sec = since / 1'000'000'000, .tv_nsec = since % 1'000'000'000};
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, nullptr) == EINTR) {
  }
}

}  // namespace

Ticker::~Ticker() {
  {
    std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wakes_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void Ticker::wake() {
  std::lock_guard lock(mutex_);
  if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
  wakes_.notify_one();
}

void Ticker::run() {
  std::unique_lock lock(mutex_);
  while (!stop_) {
    parked_.store(true, std::memory_order_seq_cst);
    wakes_.wait(lock, [this] { return stop_ || armed_.load(std::memory_order_seq_cst) > 0; });
    parked_.store(false, std::memory_order_seq_cst);
    auto next = std::chrono::steady_clock::now() + interval_;
    auto last_armed = next;
    while (!stop_) {
      lock.unlock();
      sleep_until(next);
      tick_();
      auto now = std::chrono::steady_clock::now();
      // After a pause of the machine the missed ticks are dropped: one is enough for everybody who waits.
      next = std::max(next + interval_, now);
      lock.lock();
      if (armed_.load(std::memory_order_seq_cst) > 0) last_armed = now;
      if (now - last_armed > linger) break;
    }
  }
}

}  // namespace tenon::engine
