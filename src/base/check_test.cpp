#include "base/check.h"

#include <gtest/gtest.h>

namespace tenon::base {
namespace {

TEST(Check, DoesNotMakeItsMessageWhenTheConditionHolds) {
  int made = 0;
  const auto message = [&made] {
    ++made;
    return "never";
  };
  TENON_CHECK(made == 0, message());
  EXPECT_EQ(made, 0);
}

TEST(CheckDeathTest, EndsTheProcessWithConditionAndMessage) {
  testing::GTEST_FLAG(death_test_style) = "threadsafe";
  const int size = 2;
  EXPECT_DEATH(TENON_CHECK(size == 3, "size " + std::to_string(size)), "check_test.cpp:[0-9]+: broken invariant: size == 3: size 2");
}

}  // namespace
}  // namespace tenon::base
