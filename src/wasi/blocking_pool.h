#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include "tenon/result.h"
#include "wasi/context.h"
#include "wasi/wait.h"

namespace tenon::wasi {

/// Work for a `BlockingPool`: owns all that it touches, because the call that started it may be gone before it ends.
class BlockingTask {
 public:
  BlockingTask() = default;
  virtual ~BlockingTask();
  BlockingTask(const BlockingTask&) = delete;
  BlockingTask& operator=(const BlockingTask&) = delete;

  /// On a thread of the pool, once. Must not throw.
  virtual void run() = 0;

  /// Whether `run` has returned; what it wrote may be read then. Any thread.
  bool is_done() const { return is_done_.load(std::memory_order_acquire); }
  /// Readable from then on. Valid once the task was started.
  int descriptor() const { return descriptor_; }

 private:
  friend class BlockingPool;
  int descriptor_ = -1;
  std::atomic<bool> is_done_ = false;
  /// Under the pool's lock.
  bool is_running_ = false;
  bool is_abandoned_ = false;
};

/// Threads for calls that the kernel may keep for as long as it likes: files on network and FUSE file systems, devices, name look-ups by the C library. The
/// store's thread waits for such a call with its deadline and goes away when that passes; the call stays behind on its thread until the kernel lets it go.
///
/// Bounded: at most `threads` threads, of which idle ones end after some seconds, and `waiting` calls that wait for one. When each thread is held by a call
/// that was left behind, new calls are refused at once. Any thread.
class BlockingPool final {
 public:
  struct Limits {
    uint32_t threads = 16;
    uint32_t waiting = 256;
  };
  struct Figures {
    uint32_t threads = 0;
    uint32_t running = 0;
    uint32_t waiting = 0;
    /// Of those running: whose caller went away.
    uint32_t stuck = 0;
    /// Calls whose caller went away before they ended, ever.
    uint64_t abandoned = 0;
    /// Calls that were refused, ever.
    uint64_t refused = 0;
  };

  explicit BlockingPool(Limits limits);
  /// Waits for no call: those that run go on, those that wait never begin.
  ~BlockingPool();
  BlockingPool(const BlockingPool&) = delete;
  BlockingPool& operator=(const BlockingPool&) = delete;

  /// The pool of the process.
  static BlockingPool& shared();

  /// Hands `task` to a thread. Errors: `Unavailable` when each thread is stuck, too many calls wait, or the process has no thread or descriptor left.
  Result<> start(const std::shared_ptr<BlockingTask>& task);
  /// Says that nobody waits for `task` any more.
  void abandon(BlockingTask& task);

  Figures figures() const;

 private:
  struct State;
  static void* serve(void* argument);

  std::shared_ptr<State> state_;
};

/// A call on the pool and, when it is done, what it returned. Dropping it abandons the call. One thread at a time; the pool outlives it.
template <class T>
class BlockingCall final {
 public:
  /// Runs `body`, which returns a `T` and owns what it uses. Errors: those of `BlockingPool::start`.
  template <class F>
  static Result<BlockingCall> start(BlockingPool& pool, F body) {
    struct Run final : Task {
      explicit Run(F moved) : body(std::move(moved)) {}
      void run() override { this->value.emplace(body()); }
      F body;
    };
    std::shared_ptr<Task> task = std::make_shared<Run>(std::move(body));
    TENON_CHECK_OK(pool.start(task));
    return BlockingCall(pool, std::move(task));
  }

  BlockingCall(BlockingCall&& other) noexcept : pool_(other.pool_), task_(std::move(other.task_)) {}
  BlockingCall& operator=(BlockingCall&& other) noexcept {
    std::swap(pool_, other.pool_);
    std::swap(task_, other.task_);
    return *this;
  }
  ~BlockingCall() {
    if (task_ && !task_->is_done()) pool_->abandon(*task_);
  }

  /// For `Context::wait_for`.
  bool is_ready(Context& /*context*/) const { return task_->is_done(); }
  void prepare(Context& /*context*/, WaitSet& set) const { set.add_descriptor(task_->descriptor(), POLLIN); }

  /// Once, when it is ready.
  T take() { return std::move(*std::exchange(task_, {})->value); }

 private:
  struct Task : BlockingTask {
    std::optional<T> value;
  };
  BlockingCall(BlockingPool& pool, std::shared_ptr<Task> task) : pool_(&pool), task_(std::move(task)) {}

  BlockingPool* pool_;
  std::shared_ptr<Task> task_;
};

/// Runs `body` on the pool and waits for it. Errors: `Timeout` as `Context::wait`, and then the call is left behind; those of `BlockingPool::start`.
template <class F>
Result<std::invoke_result_t<F>> run_blocking(Context& context, BlockingPool& pool, F body) {
  TENON_TRY(auto call, BlockingCall<std::invoke_result_t<F>>::start(pool, std::move(body)));
  TENON_CHECK_OK(context.wait_for(call));
  return call.take();
}

}  // namespace tenon::wasi
