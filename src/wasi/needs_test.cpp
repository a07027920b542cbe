#include "wasi/needs.h"

#include <gtest/gtest.h>

namespace tenon::wasi {
namespace {

std::string needs(std::initializer_list<std::string> names) {
  std::string text;
  for (const Need& need : needs_of(std::vector<std::string>(names))) text += need.capability + (need.at_start ? "! " : " ");
  return text;
}

TEST(Needs, AreThoseOfTheInterfacesOfAnyVersion) {
  EXPECT_EQ(needs({"wasi:cli/exit@0.2.0", "wasi:random/random@0.2.6", "wasi:random/random@0.2.12"}), "random:secure! process:exit ");
  EXPECT_EQ(needs({"wasi:cli/environment", "wasi:clocks/wall-clock@0.2.3"}), "env:read:* args clock:wall! ");
}

TEST(Needs, AreThoseOfPreview1Functions) {
  EXPECT_EQ(needs({"wasi_snapshot_preview1.args_get", "wasi_snapshot_preview1.args_sizes_get", "wasi_snapshot_preview1.proc_exit"}), "args process:exit ");
  EXPECT_EQ(needs({"wasi_snapshot_preview1.path_open"}),
            "filesystem:read:/** filesystem:write:/** filesystem:create:/** filesystem:delete:/** filesystem:list:/** ");
}

TEST(Needs, AreNoneForWhatAsksNobody) {
  EXPECT_EQ(needs({"wasi:io/streams@0.2.0", "wasi:filesystem/types@0.2.0", "demo:log/log", "log", "", "wasi_snapshot_preview1.sched_yield"}), "");
}

}  // namespace
}  // namespace tenon::wasi
