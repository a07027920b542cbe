#include "wasi/descriptor_limit.h"

#include <gtest/gtest.h>

#include <sys/resource.h>

namespace tenon::wasi {
namespace {

TEST(DescriptorLimit, KeepsTheLastOnesForTheRestOfTheProcess) {
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit lower = before;
  lower.rlim_cur = 256;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &lower), 0);
  EXPECT_TRUE(may_have_descriptor(3));
  EXPECT_TRUE(may_have_descriptor(256 - descriptors_left - 1));
  EXPECT_FALSE(may_have_descriptor(256 - descriptors_left));
  EXPECT_FALSE(may_have_descriptor(255));
  // With too few for both, all are the guest's.
  lower.rlim_cur = 100;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &lower), 0);
  EXPECT_TRUE(may_have_descriptor(99));
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
}

}  // namespace
}  // namespace tenon::wasi
