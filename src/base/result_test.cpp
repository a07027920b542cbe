#include "tenon/result.h"

#include <gtest/gtest.h>

namespace tenon {
namespace {

Result<int> half(int number) {
  if (number % 2 != 0) return fail(ErrorKind::InvalidInput, "odd number " + std::to_string(number));
  return number / 2;
}

Result<int> quarter(int number) {
  TENON_TRY(int first, half(number));
  TENON_TRY(int second, half(first));
  return second;
}

Result<> check(int number) {
  TENON_CHECK_OK(quarter(number));
  return {};
}

TEST(Result, TryReturnsTheFirstFailure) {
  EXPECT_EQ(*quarter(12), 3);
  EXPECT_EQ(quarter(6).error().message(), "odd number 3");
  EXPECT_EQ(check(6).error().kind(), ErrorKind::InvalidInput);
  EXPECT_TRUE(check(8));
}

TEST(Error, WrapPutsContextInFront) { EXPECT_EQ(Error(ErrorKind::Trap, "unreachable").wrap("call run").message(), "call run: unreachable"); }

}  // namespace
}  // namespace tenon
