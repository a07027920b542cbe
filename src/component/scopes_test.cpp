#include "component/scopes.h"

#include <gtest/gtest.h>

namespace tenon::component {
namespace {

constexpr ResourceTableIndex files{0};

TEST(CallScopes, ACallMayNotEndWithBorrowsLeft) {
  HandleCounter counter;
  CallScopes scopes;
  const uint32_t scope = scopes.push();
  scopes.add_borrow();
  EXPECT_EQ(scopes.finish(counter).error().message(), "borrow handles still remain at the end of the call");
  scopes.drop_borrow(scope);
  EXPECT_TRUE(scopes.finish(counter));
  scopes.pop();
  EXPECT_EQ(scopes.depth(), 0u);
}

TEST(CallScopes, TheEndOfACallGivesBackWhatItLent) {
  HandleCounter counter;
  HandleTable table;
  CallScopes scopes;
  ASSERT_TRUE(table.insert_own(counter, files, 1));
  scopes.push();
  ASSERT_TRUE(table.lend(counter, 1, files));
  scopes.add_lender(table, 1);
  scopes.push();
  EXPECT_TRUE(scopes.finish(counter));
  scopes.pop();
  EXPECT_FALSE(table.remove(counter, 1, files)) << "still lent to the outer call";
  EXPECT_TRUE(scopes.finish(counter));
  EXPECT_TRUE(table.remove(counter, 1, files));
}

TEST(CallScopes, UnwindingLeavesScopesWithBorrowsAndGivesBackLends) {
  HandleCounter counter;
  HandleTable table;
  CallScopes scopes;
  ASSERT_TRUE(table.insert_own(counter, files, 1));
  const auto resource = std::make_shared<HostResource>(HostResource{.type = ResourceType::create_host(), .lend_count = 1});
  scopes.push();
  scopes.push();
  scopes.add_borrow();
  ASSERT_TRUE(table.lend(counter, 1, files));
  scopes.add_lender(table, 1);
  scopes.add_lender(resource);
  scopes.unwind(counter, 1);
  EXPECT_EQ(scopes.depth(), 1u);
  EXPECT_EQ(resource->lend_count, 0u);
  EXPECT_EQ(counter.live(), 1u);
}

TEST(CallScopes, ASerialIsLiveAsLongAsItsScope) {
  HandleCounter counter;
  CallScopes scopes;
  scopes.push();
  const uint64_t outer = scopes.serial();
  scopes.push();
  const uint64_t inner = scopes.serial();
  EXPECT_TRUE(scopes.is_live(outer));
  EXPECT_TRUE(scopes.is_live(inner));
  scopes.pop();
  EXPECT_FALSE(scopes.is_live(inner));
  scopes.push();
  EXPECT_FALSE(scopes.is_live(inner));
  EXPECT_TRUE(scopes.is_live(outer));
}

}  // namespace
}  // namespace tenon::component
