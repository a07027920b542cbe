#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

namespace tenon::engine {

/// The one thread of an engine that advances its epoch: at absolute times, so that ticks do not drift, and only while somebody waits for a deadline.
///
/// Any thread may `arm` and `disarm`. Both are one atomic step, except that the first `arm` after a pause wakes the thread.
class Ticker {
 public:
  /// `tick` runs on the ticker's thread every `interval`. The thread starts with the first `arm`.
  Ticker(std::chrono::microseconds interval, std::function<void()> tick) : interval_(interval), tick_(std::move(tick)) {}
  ~Ticker();
  Ticker(const Ticker&) = delete;
  Ticker& operator=(const Ticker&) = delete;

  void arm() {
    if (armed_.fetch_add(1, std::memory_order_seq_cst) == 0 && parked_.load(std::memory_order_seq_cst)) [[unlikely]]
      wake();
  }
  void disarm() { armed_.fetch_sub(1, std::memory_order_relaxed); }

 private:
  void wake();
  void run();

  const std::chrono::microseconds interval_;
  const std::function<void()> tick_;
  std::atomic<int64_t> armed_ = 0;
  /// The thread sleeps without a time, or does not exist.
  std::atomic<bool> parked_ = true;
  std::mutex mutex_;
  std::condition_variable wakes_;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace tenon::engine
