#include "wasi/blocking_pool.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstring>
#include <deque>
#include <mutex>

#include <fmt/format.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace tenon::wasi {
namespace {

/// Enough for file calls and for a resolver of the C library, sanitizers included.
constexpr size_t stack_bytes = size_t{1} << 20;
constexpr std::chrono::seconds idle_time_max(10);

}  // namespace

/// Shared with the threads, because one that is stuck may outlive the pool.
struct BlockingPool::State {
  explicit State(Limits most) : limits(most) {}

  const Limits limits;
  std::mutex mutex;
  std::condition_variable wakes;
  std::deque<std::shared_ptr<BlockingTask>> queue;
  uint32_t idle = 0;
  bool is_closed = false;
  Figures figures;
};

BlockingTask::~BlockingTask() {
  if (descriptor_ >= 0) close(descriptor_);
}

BlockingPool::BlockingPool(Limits limits) : state_(std::make_shared<State>(limits)) {}

BlockingPool::~BlockingPool() {
  const std::lock_guard lock(state_->mutex);
  state_->is_closed = true;
  state_->queue.clear();
  state_->wakes.notify_all();
}

BlockingPool& BlockingPool::shared() {
  static BlockingPool pool(Limits{});
  return pool;
}

void* BlockingPool::serve(void* argument) {
  const std::unique_ptr<std::shared_ptr<State>> owned(static_cast<std::shared_ptr<State>*>(argument));
  State& state = **owned;
  std::unique_lock lock(state.mutex);
  while (true) {
    if (state.queue.empty()) {
      state.idle++;
      const bool is_woken = state.wakes.wait_for(lock, idle_time_max, [&] { return state.is_closed || !state.queue.empty(); });
      state.idle--;
      if (!is_woken || state.queue.empty()) break;
    }
    std::shared_ptr<BlockingTask> task = std::move(state.queue.front());
    state.queue.pop_front();
    task->is_running_ = true;
    state.figures.running++;
    lock.unlock();

    task->run();

    lock.lock();
    state.figures.running--;
    if (task->is_abandoned_) state.figures.stuck--;
    task->is_running_ = false;
    task->is_done_.store(true, std::memory_order_release);
    const uint64_t one = 1;
    [[maybe_unused]] const ssize_t written = write(task->descriptor_, &one, sizeof one);
    // What the task owns may hang when it is closed, too: not under the lock.
    lock.unlock();
    task.reset();
    lock.lock();
  }
  state.figures.threads--;
  return nullptr;
}

Result<> BlockingPool::start(const std::shared_ptr<BlockingTask>& task) {
  task->descriptor_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (task->descriptor_ < 0) return fail(ErrorKind::Unavailable, fmt::format("cannot make an event for a blocking call: {}", std::strerror(errno)));
  const std::lock_guard lock(state_->mutex);
  Figures& figures = state_->figures;
  const auto refuse = [&](std::string message) {
    figures.refused++;
    return fail(ErrorKind::Unavailable, std::move(message));
  };
  if (figures.stuck >= state_->limits.threads) {
    return refuse(fmt::format("all {} threads for calls that may hang are held by calls that hang", state_->limits.threads));
  }
  if (state_->queue.size() >= state_->limits.waiting) return refuse(fmt::format("{} calls wait for a thread already", state_->queue.size()));
  if (state_->idle <= state_->queue.size() && figures.threads < state_->limits.threads) {
    auto argument = std::make_unique<std::shared_ptr<State>>(state_);
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, stack_bytes);
    // Signals are for the program's own threads.
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pthread_t thread{};
    const int error = pthread_create(&thread, &attributes, serve, argument.get());
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    pthread_attr_destroy(&attributes);
    if (error == 0) {
      argument.release();  // NOLINT(bugprone-unused-return-value): the thread has it
      figures.threads++;
    } else if (figures.threads == figures.stuck) {
      return refuse(fmt::format("cannot start a thread for a blocking call: {}", std::strerror(error)));
    }
  }
  state_->queue.push_back(task);
  state_->wakes.notify_one();
  return {};
}

void BlockingPool::abandon(BlockingTask& task) {
  const std::lock_guard lock(state_->mutex);
  if (task.is_done()) return;
  task.is_abandoned_ = true;
  state_->figures.abandoned++;
  if (task.is_running_) {
    state_->figures.stuck++;
  } else {
    std::erase_if(state_->queue, [&](const auto& queued) { return queued.get() == &task; });
  }
}

BlockingPool::Figures BlockingPool::figures() const {
  const std::lock_guard lock(state_->mutex);
  Figures figures = state_->figures;
  figures.waiting = static_cast<uint32_t>(state_->queue.size());
  return figures;
}

}  // namespace tenon::wasi
