#include "wasi/resource.h"

#include <gtest/gtest.h>

#include <string>

namespace tenon::wasi {
namespace {

class Noted final : public Resource {
 public:
  Noted(std::string& log, char name) : log_(log), name_(name) {}
  ~Noted() override { log_ += name_; }

 private:
  std::string& log_;
  char name_;
};

TEST(ResourceTable, UsesFreedSlotsAgain) {
  std::string log;
  ResourceTable table;
  const uint32_t first = table.add(std::make_unique<Noted>(log, 'a'));
  ASSERT_TRUE(table.remove(first));
  EXPECT_EQ(log, "a");
  EXPECT_EQ(table.add(std::make_unique<Noted>(log, 'b')), first);
  EXPECT_EQ(table.size(), 1);
}

TEST(ResourceTable, KeepsAParentWhileItHasChildren) {
  std::string log;
  ResourceTable table;
  const uint32_t parent = table.add(std::make_unique<Noted>(log, 'p'));
  const uint32_t child = table.add_child(std::make_unique<Noted>(log, 'c'), parent);
  EXPECT_EQ(table.remove(parent).error().kind(), ErrorKind::Trap);
  EXPECT_EQ(table.take<Noted>(parent).error().kind(), ErrorKind::Trap);
  ASSERT_TRUE(table.remove(child));
  ASSERT_TRUE(table.remove(parent));
  EXPECT_EQ(log, "cp");
}

TEST(ResourceTable, EndsChildrenBeforeTheirParents) {
  std::string log;
  {
    ResourceTable table;
    const uint32_t free = table.add(std::make_unique<Noted>(log, 'x'));
    const uint32_t grandparent = table.add(std::make_unique<Noted>(log, 'g'));
    const uint32_t parent = table.add_child(std::make_unique<Noted>(log, 'p'), grandparent);
    ASSERT_TRUE(table.remove(free));
    log.clear();
    // In the freed slot, before its parent.
    table.add_child(std::make_unique<Noted>(log, 'c'), parent);
    table.add_child(std::make_unique<Noted>(log, 'd'), parent);
    table.add(std::make_unique<Noted>(log, 'o'));
  }
  EXPECT_EQ(log, "cdpgo");
}

}  // namespace
}  // namespace tenon::wasi
