#include "wasi/signals.h"

#include <gtest/gtest.h>

#include <cerrno>

#include <fcntl.h>
#include <unistd.h>

#include "wasi/driver.h"

namespace tenon::wasi {
namespace {

bool is_pending(int number) {
  sigset_t pending;
  sigpending(&pending);
  return sigismember(&pending, number) == 1;
}

bool is_blocked(int number) {
  sigset_t blocked;
  pthread_sigmask(SIG_BLOCK, nullptr, &blocked);
  return sigismember(&blocked, number) == 1;
}

void write_to_nobody() {
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
  close(ends[0]);
  EXPECT_EQ(write(ends[1], "x", 1), -1);
  EXPECT_EQ(errno, EPIPE);
  close(ends[1]);
}

TEST(SignalGuard, LeavesNothingOfASignalThatAWriteRaised) {
  ASSERT_NE(signal(SIGPIPE, SIG_DFL), SIG_ERR);
  driver::Driver guest;
  {
    const SignalGuard guard(guest.context());
    {
      const SignalGuard inner(guest.context());
      write_to_nobody();
    }
    EXPECT_TRUE(is_blocked(SIGPIPE));
    EXPECT_TRUE(is_pending(SIGPIPE));
  }
  EXPECT_FALSE(is_blocked(SIGPIPE));
  EXPECT_FALSE(is_pending(SIGPIPE));
}

TEST(SignalGuard, LeavesASignalThatWasPendingBefore) {
  sigset_t one;
  sigset_t before;
  sigemptyset(&one);
  sigaddset(&one, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &one, &before);
  pthread_kill(pthread_self(), SIGPIPE);
  driver::Driver guest;
  {
    const SignalGuard guard(guest.context());
  }
  EXPECT_TRUE(is_pending(SIGPIPE));
  EXPECT_TRUE(is_blocked(SIGPIPE));
  const timespec at_once{};
  sigtimedwait(&one, nullptr, &at_once);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

}  // namespace
}  // namespace tenon::wasi
