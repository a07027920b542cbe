#include "component/host_resources.h"

#include <gtest/gtest.h>

namespace tenon::component {
namespace {

std::shared_ptr<HostResource> make(uint32_t representation) {
  return std::make_shared<HostResource>(HostResource{.type = ResourceType(0, 0), .representation = representation});
}

TEST(HeldResources, KeepsForgottenHandlesNewestFirst) {
  HandleCounter counter;
  HeldResources held;
  EXPECT_EQ(held.newest(), nullptr);
  for (uint32_t i = 1; i <= 3; i++) held.add(counter, make(i));
  EXPECT_EQ(counter.live(), 3u);
  for (uint32_t i = 3; i >= 1; i--) {
    ASSERT_NE(held.newest(), nullptr);
    EXPECT_EQ(held.newest()->representation, i);
    held.remove(counter, *held.newest());
  }
  EXPECT_EQ(held.newest(), nullptr);
  EXPECT_EQ(counter.live(), 0u);
}

TEST(HeldResources, ForgetsWhatIsRemovedFromTheMiddleAndTheEnds) {
  HandleCounter counter;
  HeldResources held;
  const auto first = make(1), second = make(2), third = make(3), fourth = make(4);
  for (const auto& each : {first, second, third, fourth}) held.add(counter, each);
  held.remove(counter, *second);
  held.remove(counter, *second);
  held.remove(counter, *first);
  held.remove(counter, *fourth);
  EXPECT_EQ(held.newest(), third);
  held.add(counter, second);
  EXPECT_EQ(held.newest(), second);
  held.remove(counter, *second);
  EXPECT_EQ(held.newest(), third);
  EXPECT_EQ(counter.live(), 1u);
}

TEST(HeldResources, LetsGoOfItsHandlesAtItsEnd) {
  HandleCounter counter;
  std::weak_ptr<HostResource> seen;
  {
    HeldResources held;
    auto made = make(1);
    seen = made;
    held.add(counter, std::move(made));
    held.add(counter, make(2));
    EXPECT_FALSE(seen.expired());
  }
  EXPECT_TRUE(seen.expired());
}

}  // namespace
}  // namespace tenon::component
