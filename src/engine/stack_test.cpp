#include "engine/stack.h"

#include <gtest/gtest.h>
#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

namespace tenon::engine {
namespace {

TEST(StackLeft, IsWithinTheThreadThatAsks) {
  EXPECT_GT(stack_left(), size_t{64} << 10);
  size_t left = 0;
  ASSERT_TRUE(run_with_stack(1 << 20, [&left] { left = stack_left(); }));
  EXPECT_GT(left, size_t{768} << 10);
  EXPECT_LE(left, size_t{1} << 20);
}

TEST(StackLeft, OfTheMainThreadIsWhatTheSystemSays) {
  rlimit limit{};
  ASSERT_EQ(getrlimit(RLIMIT_STACK, &limit), 0);
  if (getpid() != gettid() || limit.rlim_cur > (size_t{64} << 20)) GTEST_SKIP() << "run this in the main thread, with a stack of at most 64 MiB";
  pthread_attr_t attributes;
  ASSERT_EQ(pthread_getattr_np(pthread_self(), &attributes), 0);
  void* lowest = nullptr;
  size_t size = 0;
  ASSERT_EQ(pthread_attr_getstack(&attributes, &lowest, &size), 0);
  pthread_attr_destroy(&attributes);
  const size_t left = reinterpret_cast<uintptr_t>(__builtin_frame_address(0)) - reinterpret_cast<uintptr_t>(lowest);
  const auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  EXPECT_LE(stack_left(), left + page);
  EXPECT_GE(stack_left() + page, left);
}

[[gnu::noinline]] size_t left_below() {
  volatile char room[32 << 10];
  room[0] = 1;
  return stack_left() + static_cast<size_t>(room[0]) - 1;
}

TEST(StackLeft, ShrinksWithTheFramesAbove) {
  size_t here = 0;
  size_t below = 0;
  ASSERT_TRUE(run_with_stack(1 << 20, [&] {
    here = stack_left();
    below = left_below();
  }));
  EXPECT_LT(below, here);
}

TEST(RunWithStack, RefusesAStackThatTheMachineCannotGive) {
  auto result = run_with_stack(size_t{1} << 50, [] {});
  EXPECT_EQ(result.error().kind(), ErrorKind::Unavailable);
}

}  // namespace
}  // namespace tenon::engine
