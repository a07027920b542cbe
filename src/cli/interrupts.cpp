#include "cli/interrupts.h"

#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <thread>
#include <utility>

namespace tenon::cli {
namespace {

constexpr std::array signals = {SIGINT, SIGTERM};

// A handler gets nothing but a signal's number, so what it works on is global.
std::atomic<const std::function<void()>*> cancel_of_handler = nullptr;
std::atomic<int> handlers_running = 0;
std::atomic<int> signal_seen = 0;

void on_signal(int signal) {
  int none = 0;
  if (!signal_seen.compare_exchange_strong(none, signal)) _exit(128 + signal);
  const int saved = errno;
  // Counted before it looks: either it finds nothing to call, or the destructor waits for it.
  handlers_running.fetch_add(1);
  if (const auto* const cancel = cancel_of_handler.load()) (*cancel)();
  handlers_running.fetch_sub(1);
  errno = saved;
}

void set_handlers(void (*handler)(int)) {
  struct sigaction action{};
  action.sa_handler = handler;
  sigemptyset(&action.sa_mask);
  for (const int signal : signals) sigaction(signal, &action, nullptr);
}

}  // namespace

Interrupts::Interrupts(std::function<void()> cancel) : cancel_(std::move(cancel)) {
  signal_seen = 0;
  cancel_of_handler = &cancel_;
  set_handlers(on_signal);
}

Interrupts::~Interrupts() {
  set_handlers(SIG_DFL);
  cancel_of_handler = nullptr;
  while (handlers_running.load() != 0) std::this_thread::yield();
}

std::optional<int> Interrupts::signal() {
  const int seen = signal_seen.load();
  return seen != 0 ? std::optional(seen) : std::nullopt;
}

}  // namespace tenon::cli
