#include "wasi/signals.h"

#include <ctime>
#include <utility>

#include "wasi/context.h"

namespace tenon::wasi {

namespace {

constexpr int held_signals[] = {SIGPIPE, SIGXFSZ};

}  // namespace

SignalGuard::SignalGuard(Context& context) {
  if (std::exchange(context.holds_signals_, true)) return;
  context_ = &context;
  sigset_t held;
  sigemptyset(&held);
  for (const int signal : held_signals) sigaddset(&held, signal);
  sigemptyset(&pending_before_);
  sigpending(&pending_before_);
  pthread_sigmask(SIG_BLOCK, &held, &before_);
}

SignalGuard::~SignalGuard() {
  if (context_ == nullptr) return;
  for (const int signal : held_signals) {
    // One that was pending before is not ours to take away.
    if (sigismember(&pending_before_, signal) == 1) continue;
    sigset_t one;
    sigemptyset(&one);
    sigaddset(&one, signal);
    const timespec at_once{};
    sigtimedwait(&one, nullptr, &at_once);
  }
  pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  context_->holds_signals_ = false;
}

}  // namespace tenon::wasi
