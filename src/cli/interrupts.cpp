#include "cli/interrupts.h"

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <memory>
#include <utility>

#include <fmt/format.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace tenon::cli {
namespace {

constexpr std::array signals = {SIGINT, SIGTERM};
/// What the handler tells the thread; more than any signal's number.
constexpr eventfd_t end_of_watch = 1000;

// A handler gets nothing but a signal's number, so what it works on is global.
std::atomic<int> descriptor_of_handler = -1;
std::atomic<int> signal_seen = 0;

void on_signal(int signal) {
  int none = 0;
  if (!signal_seen.compare_exchange_strong(none, signal)) _exit(128 + signal);
  const int saved = errno;
  eventfd_write(descriptor_of_handler.load(), 1);
  errno = saved;
}

void set_handlers(void (*handler)(int)) {
  struct sigaction action{};
  action.sa_handler = handler;
  sigemptyset(&action.sa_mask);
  for (const int signal : signals) sigaction(signal, &action, nullptr);
}

}  // namespace

Result<std::unique_ptr<Interrupts>> Interrupts::create(std::function<void()> cancel) {
  const int descriptor = eventfd(0, EFD_CLOEXEC);
  if (descriptor < 0) return fail(ErrorKind::Unavailable, fmt::format("no descriptor to watch signals with: {}", std::strerror(errno)));
  return std::unique_ptr<Interrupts>(new Interrupts(descriptor, std::move(cancel)));
}

Interrupts::Interrupts(int descriptor, std::function<void()> cancel)
    : descriptor_(descriptor), thread_([descriptor, cancel = std::move(cancel)] {
        eventfd_t value = 0;
        while (eventfd_read(descriptor, &value) == 0) {
          if (value >= end_of_watch) return;
          cancel();
        }
      }) {
  signal_seen = 0;
  descriptor_of_handler = descriptor;
  set_handlers(on_signal);
}

Interrupts::~Interrupts() {
  set_handlers(SIG_DFL);
  eventfd_write(descriptor_, end_of_watch);
  thread_.join();
  close(descriptor_);
}

std::optional<int> Interrupts::signal() {
  const int seen = signal_seen.load();
  return seen != 0 ? std::optional(seen) : std::nullopt;
}

}  // namespace tenon::cli
