#include "component/handles.h"

#include <gtest/gtest.h>

namespace tenon::component {
namespace {

constexpr ResourceTableIndex files{0};
constexpr ResourceTableIndex sockets{1};

TEST(HandleTable, IndexesStartAtOneAndAreReusedLastFreedFirst) {
  HandleCounter counter;
  HandleTable table;
  EXPECT_EQ(table.insert_own(counter, files, 10).value(), 1u);
  EXPECT_EQ(table.insert_own(counter, files, 20).value(), 2u);
  EXPECT_EQ(table.insert_own(counter, files, 30).value(), 3u);
  EXPECT_TRUE(table.remove(counter, 1, files));
  EXPECT_TRUE(table.remove(counter, 3, files));
  EXPECT_EQ(table.insert_own(counter, files, 40).value(), 3u);
  EXPECT_EQ(table.insert_own(counter, files, 50).value(), 1u);
  EXPECT_EQ(table.rep(3, files).value(), 40u);
  EXPECT_EQ(counter.live(), 3u);
}

TEST(HandleTable, RefusesZeroFreedAndUnknownIndexes) {
  HandleCounter counter;
  HandleTable table;
  EXPECT_EQ(table.rep(0, files).error().message(), "unknown handle index 0");
  EXPECT_EQ(table.rep(1, files).error().message(), "unknown handle index 1");
  EXPECT_EQ(table.remove(counter, 0xffffffff, files).error().message(), "unknown handle index 4294967295");
  ASSERT_TRUE(table.insert_own(counter, files, 1));
  ASSERT_TRUE(table.remove(counter, 1, files));
  EXPECT_EQ(table.remove(counter, 1, files).error().kind(), ErrorKind::Trap);
}

TEST(HandleTable, RefusesAHandleOfAnotherType) {
  HandleCounter counter;
  HandleTable table;
  ASSERT_TRUE(table.insert_own(counter, files, 1));
  EXPECT_EQ(table.rep(1, sockets).error().message(),
            "handle index 1 used with the wrong type, expected guest-defined resource but found a different guest-defined resource");
  EXPECT_FALSE(table.remove(counter, 1, sockets));
  EXPECT_FALSE(table.lend(counter, 1, sockets));
  EXPECT_EQ(table.size(), 1u);
}

TEST(HandleTable, RefusesToDropAHandleWhileItIsLent) {
  HandleCounter counter;
  HandleTable table;
  ASSERT_TRUE(table.insert_own(counter, files, 7));
  const auto lent = table.lend(counter, 1, files);
  ASSERT_TRUE(lent);
  EXPECT_TRUE(lent->owned);
  EXPECT_EQ(lent->rep, 7u);
  EXPECT_EQ(table.remove(counter, 1, files).error().message(), "cannot remove owned resource while borrowed");
  table.undo_lend(counter, 1);
  EXPECT_TRUE(table.remove(counter, 1, files)->owned);
  EXPECT_EQ(counter.live(), 0u);
}

TEST(HandleTable, ABorrowRemembersItsScopeAndMayBeLentAgain) {
  HandleCounter counter;
  HandleTable table;
  ASSERT_TRUE(table.insert_borrow(counter, files, 7, 42));
  const auto lent = table.lend(counter, 1, files);
  ASSERT_TRUE(lent);
  EXPECT_FALSE(lent->owned);
  const auto removed = table.remove(counter, 1, files);
  ASSERT_TRUE(removed);
  EXPECT_FALSE(removed->owned);
  EXPECT_EQ(removed->scope, 42u);
}

TEST(HandleTable, StopsAtTheLimitOfItsStore) {
  HandleCounter counter(2);
  HandleTable a;
  HandleTable b;
  ASSERT_TRUE(a.insert_own(counter, files, 1));
  ASSERT_TRUE(b.insert_own(counter, files, 1));
  EXPECT_EQ(a.insert_own(counter, files, 1).error().message(), "cannot allocate another handle: store handle limit exceeded");
  EXPECT_EQ(a.lend(counter, 1, files).error().message(), "cannot lend resource: store handle limit exceeded");
  ASSERT_TRUE(b.remove(counter, 1, files));
  EXPECT_TRUE(a.lend(counter, 1, files));
}

TEST(HandleTable, EndsFromTheHighestOwnedHandleAndForgetsBorrows) {
  HandleCounter counter;
  HandleTable table;
  ASSERT_TRUE(table.insert_own(counter, files, 10));
  ASSERT_TRUE(table.insert_own(counter, sockets, 20));
  ASSERT_TRUE(table.insert_borrow(counter, files, 30, 0));
  ASSERT_TRUE(table.insert_own(counter, files, 40));
  ASSERT_TRUE(table.insert_own(counter, files, 50));
  ASSERT_TRUE(table.remove(counter, 4, files));
  EXPECT_EQ(table.take_last_owned(counter), std::pair(files, 50u));
  EXPECT_EQ(table.take_last_owned(counter), std::pair(sockets, 20u));
  EXPECT_EQ(table.insert_own(counter, sockets, 60).value(), 2u) << "the table stays whole";
  EXPECT_EQ(table.take_last_owned(counter), std::pair(sockets, 60u));
  EXPECT_EQ(table.take_last_owned(counter), std::pair(files, 10u));
  EXPECT_EQ(table.take_last_owned(counter), std::nullopt);
  EXPECT_EQ(counter.live(), 0u);
  EXPECT_EQ(table.size(), 0u);
}

}  // namespace
}  // namespace tenon::component
