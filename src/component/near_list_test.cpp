#include "component/near_list.h"

#include <gtest/gtest.h>

#include <memory>

namespace tenon::component {
namespace {

struct Holder {
  uint64_t before = 7;
  NearList<uint64_t> numbers;
  NearList<std::shared_ptr<int>> pointers;
};

TEST(NearList, HoldsItsElementsBehindTheObjectItIsIn) {
  const auto shared = std::make_shared<int>(42);
  const size_t bytes = sizeof(Holder) + NearList<uint64_t>::bytes(3) + NearList<std::shared_ptr<int>>::bytes(2);
  const auto room = std::make_unique<std::byte[]>(bytes);
  auto* const holder = new (room.get()) Holder;
  std::byte* end = holder->numbers.make(room.get() + sizeof(Holder), 3);
  end = holder->pointers.make(end, 2);
  EXPECT_EQ(end, room.get() + bytes);
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(holder->numbers[i], 0u);
    holder->numbers[i] = i;
  }
  EXPECT_EQ(holder->pointers[1], nullptr);
  holder->pointers[0] = holder->pointers[1] = shared;
  EXPECT_EQ(holder->numbers[2], 2u);
  EXPECT_EQ(shared.use_count(), 3);
  holder->pointers.destroy();
  EXPECT_EQ(shared.use_count(), 1);
  EXPECT_EQ(holder->pointers.size(), 0u);
  holder->~Holder();
}

TEST(NearListDeathTest, EndsTheProcessPastItsEnd) {
  NearList<uint64_t> none;
  EXPECT_DEATH((void)none[0], "");
}

}  // namespace
}  // namespace tenon::component
