#include "engine/stack.h"

#include <gtest/gtest.h>

namespace tenon::engine {
namespace {

TEST(StackLeft, IsWithinTheThreadThatAsks) {
  EXPECT_GT(stack_left(), size_t{64} << 10);
  size_t left = 0;
  ASSERT_TRUE(run_with_stack(1 << 20, [&left] { left = stack_left(); }));
  EXPECT_GT(left, size_t{768} << 10);
  EXPECT_LE(left, size_t{1} << 20);
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
