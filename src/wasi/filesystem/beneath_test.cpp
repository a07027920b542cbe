#include "wasi/filesystem/beneath.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cerrno>
#include <string>
#include <thread>

#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "wasi/filesystem/sandbox.h"

namespace tenon::wasi::filesystem {
namespace {

using testing::name_of;
using testing::outcome;
using testing::put;
using testing::TemporaryFolder;

constexpr int swaps = 100'000;

class Beneath : public ::testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::create_directories(folder_.path() / "in/dir/deep");
    std::filesystem::create_directories(folder_.path() / "out");
    put(folder_.path() / "in/file", "file");
    put(folder_.path() / "in/dir/file", "dir/file");
    put(folder_.path() / "out/secret", "secret");
    base_ = Fd(::open((folder_.path() / "in").c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  }
  std::string open(std::string_view path, int flags = O_RDONLY, Resolution resolution = {}) {
    return outcome(open_beneath(base_.get(), path, flags, resolution, 0600));
  }
  void link(const std::string& target, const std::string& name) { std::filesystem::create_symlink(target, folder_.path() / "in" / name); }

  TemporaryFolder folder_;
  Fd base_;
};

TEST_F(Beneath, OpensWhatLiesBeneath) {
  EXPECT_EQ(open("file"), "ok");
  EXPECT_EQ(open("./dir/../dir//file"), "ok");
  EXPECT_EQ(open("dir/deep/../.."), "ok");
  EXPECT_EQ(open("."), "ok");
  EXPECT_EQ(open("new", O_WRONLY | O_CREAT | O_EXCL), "ok");
  link("dir", "to-dir");
  link("../file", "dir/up");
  EXPECT_EQ(open("to-dir/file"), "ok");
  EXPECT_EQ(open("dir/up"), "ok");
}

TEST_F(Beneath, RefusesEachWayOut) {
  const std::string outside = (folder_.path() / "out/secret").string();
  link(outside, "absolute");
  link("../out/secret", "relative");
  link("../out", "folder");
  link("dir/../../out/secret", "winding");
  link("/", "root");
  link("relative", "twice");
  link("../in/file", "out-and-in");
  for (const char* path :
       {"..", "../in/file", "../out/secret", "dir/../../out/secret", "dir/deep/../../../out/secret", "/", "/etc/passwd", "//etc/passwd", "absolute", "relative",
        "folder/secret", "folder/.", "winding", "root", "root/etc/passwd", "twice", "out-and-in", "./..", "dir/../.."}) {
    EXPECT_EQ(open(path), "not-permitted") << path;
    EXPECT_EQ(open(path, O_WRONLY | O_CREAT), "not-permitted") << path;
    EXPECT_EQ(open(path, O_PATH), "not-permitted") << path;
  }
  EXPECT_EQ(open(outside), "not-permitted");
}

TEST_F(Beneath, FollowsNoMagicLink) {
  const Fd proc(::open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!proc) GTEST_SKIP() << "no /proc";
  const std::string fd = "self/fd/" + std::to_string(base_.get());
  for (const std::string& path :
       {fd + "/file", std::string("self/cwd/x"), std::string("self/root/etc/passwd"), std::string("self/exe"), std::string("self/root")}) {
    EXPECT_EQ(outcome(open_beneath(proc.get(), path, O_RDONLY, {})), "loop") << path;
  }
}

TEST_F(Beneath, RefusesSymlinksWhereTheyAreNotFollowed) {
  link("dir", "to-dir");
  link("file", "to-file");
  const Resolution refuse{.links = Links::Refuse};
  EXPECT_EQ(open("to-dir/file", O_RDONLY, refuse), "loop");
  EXPECT_EQ(open("to-file", O_RDONLY, refuse), "loop");
  EXPECT_EQ(open("to-file", O_PATH | O_NOFOLLOW, refuse), "ok");
  EXPECT_EQ(open("dir/../dir/file", O_RDONLY, refuse), "ok");
}

TEST_F(Beneath, EndsALoopOfSymlinks) {
  link("b", "a");
  link("a", "b");
  EXPECT_EQ(open("a"), "loop");
  EXPECT_EQ(open("a/x"), "loop");
}

TEST_F(Beneath, NamesWhatIsWrongWithAPath) {
  EXPECT_EQ(open(""), "no-entry");
  EXPECT_EQ(open(std::string_view("file\0", 5)), "invalid");
  EXPECT_EQ(open(std::string_view("fi\0le/..", 8)), "invalid");
  EXPECT_EQ(open("missing"), "no-entry");
  EXPECT_EQ(open("file/"), "not-directory");
  EXPECT_EQ(open("file/x"), "not-directory");
  EXPECT_EQ(open("file/."), "not-directory");
  EXPECT_EQ(open(std::string(256, 'n')), "name-too-long");
  std::string path;
  while (path.size() < 4095 - 2) path += "./";
  path.resize(4095, '.');
  EXPECT_EQ(open(path), "ok") << path.size();
  EXPECT_EQ(open(path + "/."), "name-too-long");
  EXPECT_EQ(open(std::string(size_t{1} << 20, 'a')), "name-too-long");
}

TEST_F(Beneath, WaitsForNoFifo) {
  ASSERT_EQ(mkfifo((folder_.path() / "in/fifo").c_str(), 0600), 0);
  EXPECT_EQ(open("fifo"), "ok");
  EXPECT_EQ(open("fifo", O_WRONLY), "no-such-device");
}

TEST_F(Beneath, StaysOnItsMountWhenTold) {
  const Fd root(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
  struct stat above = {};
  struct stat proc = {};
  if (fstat(root.get(), &above) != 0 || stat("/proc", &proc) != 0 || above.st_dev == proc.st_dev) GTEST_SKIP() << "/proc is no mount";
  EXPECT_EQ(outcome(open_beneath(root.get(), "proc", O_PATH, {.mounts = Mounts::Stay})), "not-permitted");
  EXPECT_EQ(outcome(open_beneath(root.get(), "proc", O_PATH, {.mounts = Mounts::Cross})), "ok");
  EXPECT_EQ(outcome(stat_beneath(root.get(), "proc", false, {.mounts = Mounts::Stay})), "not-permitted");
}

TEST_F(Beneath, StatsALinkOrWhatItLeadsTo) {
  link("file", "to-file");
  link("dir", "to-dir");
  link("../out", "out");
  EXPECT_TRUE(S_ISLNK(stat_beneath(base_.get(), "to-file", false, {})->st_mode));
  EXPECT_TRUE(S_ISREG(stat_beneath(base_.get(), "to-file", true, {})->st_mode));
  EXPECT_TRUE(S_ISDIR(stat_beneath(base_.get(), "to-dir", true, {})->st_mode));
  // A slash at the end is left away where nothing is followed, as wasmtime does it.
  EXPECT_TRUE(S_ISLNK(stat_beneath(base_.get(), "to-dir/", false, {})->st_mode));
  EXPECT_TRUE(S_ISREG(stat_beneath(base_.get(), "file/", false, {})->st_mode));
  EXPECT_EQ(outcome(stat_beneath(base_.get(), "file/", true, {})), "not-directory");
  EXPECT_EQ(outcome(stat_beneath(base_.get(), "out", true, {})), "not-permitted");
  EXPECT_EQ(outcome(stat_beneath(base_.get(), "..", false, {})), "not-permitted");
  EXPECT_EQ(outcome(stat_beneath(base_.get(), "/", false, {})), "not-permitted");
  EXPECT_EQ(outcome(stat_beneath(base_.get(), "", false, {})), "no-entry");
  EXPECT_EQ(outcome(stat_beneath(base_.get(), std::string_view("fi\0le", 5), false, {})), "invalid");
  EXPECT_EQ(outcome(stat_beneath(base_.get(), "missing", true, {})), "no-entry");
}

TEST_F(Beneath, SplitsAPathIntoFolderAndName) {
  const auto split = [&](std::string_view path) {
    const auto parent = open_parent(base_.get(), path, {});
    if (!parent) return name_of(parent.error());
    return (parent->opened ? "opened " : "base ") + parent->name;
  };
  EXPECT_EQ(split("name"), "base name");
  EXPECT_EQ(split("."), "base .");
  EXPECT_EQ(split("dir/name"), "opened name");
  EXPECT_EQ(split("dir//name"), "opened name");
  EXPECT_EQ(split("dir/"), "opened .");
  EXPECT_EQ(split("dir/."), "opened .");
  EXPECT_EQ(split("dir/.."), "opened .");
  EXPECT_EQ(split(".."), "not-permitted");
  EXPECT_EQ(split("../name"), "not-permitted");
  EXPECT_EQ(split("/name"), "not-permitted");
  EXPECT_EQ(split("/"), "not-permitted");
  EXPECT_EQ(split(""), "no-entry");
  EXPECT_EQ(split("missing/name"), "no-entry");
  EXPECT_EQ(split("file/name"), "not-directory");
  EXPECT_EQ(split("file/"), "not-directory");
  EXPECT_EQ(split(std::string_view("a\0b", 3)), "invalid");
}

TEST(BeneathText, MakesGuestPaths) {
  EXPECT_EQ(guest_path("/data", "a/b"), "/data/a/b");
  EXPECT_EQ(guest_path("/data", "a//./b/"), "/data/a/b");
  EXPECT_EQ(guest_path("/data", "a/../b"), "/data/b");
  EXPECT_EQ(guest_path("/data", ""), "/data");
  EXPECT_EQ(guest_path("/data", "."), "/data");
  EXPECT_EQ(guest_path("/data", "a/.."), "/data");
  EXPECT_EQ(guest_path("/", "a"), "/a");
  EXPECT_EQ(guest_path("/", "."), "/");
  EXPECT_EQ(guest_path("/data", ".."), std::nullopt);
  EXPECT_EQ(guest_path("/data", "a/../../data/b"), std::nullopt);
  EXPECT_EQ(guest_path("/data", "/etc"), std::nullopt);
  EXPECT_EQ(guest_path("/", ".."), std::nullopt);
  EXPECT_EQ(guest_path("/data", "..."), "/data/...");
}

TEST(BeneathText, FindsSingleComponents) {
  EXPECT_EQ(single_component("a"), "a");
  EXPECT_EQ(single_component("a/"), "a");
  EXPECT_EQ(single_component("a//."), "a");
  EXPECT_EQ(single_component("a/./"), "a");
  EXPECT_EQ(single_component(".a"), ".a");
  for (const char* path : {"", ".", "..", "/", "/a", "a/b", "./a", "a/..", "../"}) EXPECT_EQ(single_component(path), std::nullopt) << path;
}

// A thread exchanges a folder and a symlink that leads out, over and over. Whatever is done meanwhile happens inside or not at all.
TEST_F(Beneath, StaysInsideWhileAFolderBecomesASymlink) {
  const std::filesystem::path in = folder_.path() / "in";
  link("../out", "swap");
  std::atomic<bool> is_over = false;
  std::thread swapper([&] {
    for (int i = 0; i < swaps; i++) renameat2(AT_FDCWD, (in / "dir").c_str(), AT_FDCWD, (in / "swap").c_str(), RENAME_EXCHANGE);
    is_over = true;
  });
  size_t opened = 0;
  size_t refused = 0;
  while (!is_over) {
    const auto secret = open_beneath(base_.get(), "dir/secret", O_RDONLY, {});
    ASSERT_FALSE(secret);
    const auto made = open_beneath(base_.get(), "dir/made", O_WRONLY | O_CREAT, {}, 0600);
    (made ? opened : refused)++;
    if (!made) {
      ASSERT_EQ(made.error(), ErrorCode::NotPermitted);
    }
    if (auto parent = open_parent(base_.get(), "dir/folder", {})) {
      mkdirat(parent->folder, parent->name.c_str(), 0700);
      unlinkat(parent->folder, parent->name.c_str(), AT_REMOVEDIR);
    }
    const auto up = open_beneath(base_.get(), "dir/deep/../../../out/secret", O_RDONLY, {});
    ASSERT_FALSE(up);
    const auto found = stat_beneath(base_.get(), "dir/secret", true, {});
    ASSERT_FALSE(found);
  }
  swapper.join();
  EXPECT_GT(opened, 0U);
  EXPECT_GT(refused, 0U);
  size_t outside = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(folder_.path() / "out")) outside++;
  EXPECT_EQ(outside, 1U);
}

}  // namespace
}  // namespace tenon::wasi::filesystem
