#include "wasi/filesystem/mounts.h"

#include <gtest/gtest.h>

#include <fcntl.h>

#include "wasi/filesystem/beneath.h"

namespace tenon::wasi::filesystem {
namespace {

TEST(Mounts, FindsThoseThatMayHang) {
  const std::vector<std::string> expected = {"/net/home", "/mnt/a b", "/run/user/1000/doc", "/media/\\x"};
  EXPECT_EQ(hanging_mount_points("22 27 0:21 / /proc rw,relatime - proc proc rw\n"
                                 "27 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw\n"
                                 "30 27 0:40 / /net/home rw shared:2 master:1 - nfs4 server:/home rw,vers=4.2\n"
                                 "31 27 0:41 / /mnt/a\\040b rw - cifs //server/share rw\n"
                                 "32 27 0:42 / /run/user/1000/doc rw - fuse.portal portal rw\n"
                                 "33 27 0:43 / /media/\\134x rw - 9p host rw\n"
                                 "34 27 0:44 / /tmp rw - tmpfs nfs rw\n"),
            expected);
}

TEST(Mounts, FindsNothingInWhatIsNoTable) {
  for (const char* text : {"", "\n", "\n\n\n", "one", "1 2 3 4 5", "1 2 3 4 5 6 7 8 9", "- nfs", "1 2 3 / /x rw -", "1 2 3 / /x rw - "}) {
    EXPECT_TRUE(hanging_mount_points(text).empty()) << text;
  }
  EXPECT_EQ(hanging_mount_points("1 2 3 / /x\\04 rw - nfs").size(), 1U);
  EXPECT_EQ(hanging_mount_points("1 2 3 / /x\\ rw - nfs").front(), "/x\\");
}

TEST(Mounts, KnowsFileSystemsByNumber) {
  EXPECT_TRUE(may_hang(0x6969));
  EXPECT_TRUE(may_hang(0x65735546));
  EXPECT_FALSE(may_hang(0xEF53));
  EXPECT_FALSE(may_hang(0x01021994));
  EXPECT_TRUE(is_proc(0x9FA0));
  EXPECT_TRUE(folds_names(0x4D44));
  EXPECT_FALSE(folds_names(0xEF53));
}

TEST(Mounts, AsksAboutFoldersOfThisMachine) {
  const Fd folder(open("/dev/shm", O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!folder) GTEST_SKIP() << "no /dev/shm";
  EXPECT_FALSE(has_hanging_mount_beneath(folder.get()));
}

}  // namespace
}  // namespace tenon::wasi::filesystem
