#include "wasi/filesystem/preopens.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "policy/rules.h"
#include "tenon/engine.h"
#include "wasi/filesystem/descriptor.h"
#include "wasi/filesystem/directory.h"
#include "wasi/filesystem/sandbox.h"

namespace tenon::wasi::filesystem {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace): what the tests are written in

class PreopensTest : public ::testing::Test {
 protected:
  void SetUp() override {
    engine_ = std::make_unique<Engine>(std::move(*Engine::create({})));
    host_ = folder_.path().string();
    fs::create_directories(folder_.path() / "a/deep/er");
    fs::create_directories(folder_.path() / "b");
    put(folder_.path() / "a/file", "file");
  }

  /// "guest path[ ro]" of each folder, or the error.
  std::vector<std::string> open(std::shared_ptr<const policy::Rules> rules, std::vector<Mount> mounts) {
    context_.reset();  // before the store that it is of
    store_ = std::move(*Store::create(*engine_));
    guard_ = std::make_unique<policy::Guard>(std::move(rules), policy::Budget::create({}));
    auto config = std::make_shared<Config>();
    config->mounts = std::move(mounts);
    context_ = std::make_unique<Context>(*store_, *guard_, config);
    const auto opened = open_preopens(*context_);
    if (!opened) return {std::string(to_string(opened.error().kind())) + ": " + opened.error().message()};
    std::vector<std::string> names;
    for (const auto& folder : folders()) names.push_back(folder->guest_path + (folder->is_read_only ? " ro" : ""));
    return names;
  }
  std::vector<std::string> open(const std::vector<std::string>& grants, std::vector<Mount> mounts = {}) {
    auto rules = policy::Rules::from_grants(grants);
    EXPECT_TRUE(rules) << rules.error().message();
    return open(*rules, std::move(mounts));
  }
  const std::vector<std::shared_ptr<Folder>>& folders() { return context_->part<Preopens>().folders(); }
  /// The folder of the machine behind the folder `i`.
  std::string host_of(size_t i) { return fs::read_symlink("/proc/self/fd/" + std::to_string(folders()[i]->file->fd.get())).string().substr(host_.size()); }

  TemporaryFolder folder_;
  std::string host_;
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<policy::Guard> guard_;
  std::unique_ptr<Context> context_;
};

using Names = std::vector<std::string>;

TEST_F(PreopensTest, OpensNothingWithoutAGrant) {
  EXPECT_EQ(open({"env:read:HOME"}), Names{});
  EXPECT_EQ(open({"env:read:HOME"}, {{.host_path = host_, .guest_path = "/data"}}), Names{});
  EXPECT_EQ(open({"filesystem:read:/other"}, {}), Names{"not-found: folder /other for the guest's /other: No such file or directory"});
}

TEST_F(PreopensTest, OpensTheSamePathWithoutAMount) {
  EXPECT_EQ(open({"filesystem:read:" + host_ + "/a/**"}), Names{host_ + "/a"});
  EXPECT_EQ(host_of(0), "/a");
}

TEST_F(PreopensTest, OpensAGrantThroughTheInnermostMount) {
  const std::vector<Mount> mounts = {{.host_path = host_ + "/a", .guest_path = "/data"}, {.host_path = host_ + "/b", .guest_path = "/data/deep"}};
  EXPECT_EQ(open({"filesystem:read:/data"}, mounts), (Names{"/data", "/data/deep"}));
  EXPECT_EQ(host_of(0), "/a");
  EXPECT_EQ(host_of(1), "/b");
  EXPECT_EQ(open({"filesystem:read:/data/deep"}, mounts), Names{"/data/deep"});
  EXPECT_EQ(host_of(0), "/b");
  EXPECT_EQ(open({"filesystem:read:/data/deep/er"}, {mounts[0]}), Names{"/data/deep/er"});
  EXPECT_EQ(host_of(0), "/a/deep/er");
  EXPECT_EQ(open({"filesystem:read:/deep"}, {{.host_path = host_ + "/a/", .guest_path = "/"}}), Names{"/deep"});
  EXPECT_EQ(host_of(0), "/a/deep");
}

TEST_F(PreopensTest, KeepsTheOrderOfTheMounts) {
  const std::vector<Mount> mounts = {{.host_path = host_ + "/b", .guest_path = "/z", .is_read_only = true}, {.host_path = host_ + "/a", .guest_path = "/y"}};
  EXPECT_EQ(open({"filesystem:*:/y", "filesystem:*:/z"}, mounts), (Names{"/z ro", "/y"}));
}

TEST_F(PreopensTest, TellsTheGuestTheNameThatTheMountHas) {
  const std::vector<Mount> mounts = {{.host_path = host_ + "/a", .guest_path = "/", .name = "."}, {.host_path = host_ + "/b", .guest_path = "/b", .name = "b"}};
  EXPECT_EQ(open({"filesystem:*:/"}, mounts), (Names{"/", "/b"}));
  EXPECT_EQ(folders()[0]->name, ".");
  EXPECT_EQ(folders()[1]->name, "b");
  EXPECT_EQ(open({"filesystem:*:/deep"}, mounts), Names{"/deep"});
  EXPECT_EQ(folders()[0]->name, "/deep");
}

TEST_F(PreopensTest, OpensTheFolderOfAFileThatARuleNames) {
  EXPECT_EQ(open({"filesystem:read:" + host_ + "/a/file"}), Names{host_ + "/a"});
  Descriptor root(*context_, folders()[0]);
  EXPECT_EQ(outcome(root.open_at(*context_, follow, "file", {}, {})), "ok");
  EXPECT_EQ(outcome(root.open_at(*context_, follow, "deep", {}, {})), "not-permitted");
  EXPECT_EQ(outcome(root.read_directory(*context_)), "not-permitted");
  EXPECT_EQ(open({"filesystem:read:/x/file"}, {{.host_path = host_ + "/a", .guest_path = "/x"}}), Names{"/x"});
}

TEST_F(PreopensTest, SaysWhichFolderIsWrong) {
  EXPECT_EQ(open({"filesystem:read:/data"}, {{.host_path = host_ + "/none", .guest_path = "/data"}}),
            Names{"not-found: folder " + host_ + "/none for the guest's /data: No such file or directory"});
  EXPECT_EQ(open({"filesystem:read:/data"}, {{.host_path = host_ + "/a/file", .guest_path = "/data"}}),
            Names{"invalid-input: folder " + host_ + "/a/file for the guest's /data: Not a directory"});
  EXPECT_EQ(open({"filesystem:read:/data"}, {{.host_path = std::string("a\0b", 3), .guest_path = "/data"}}).front().substr(0, 13), "invalid-input");
}

TEST_F(PreopensTest, OpensTheMountsOfRulesThatOnlyObserve) {
  auto rules = policy::Rules::create(
      {{.key = policy::RuleLayer::Key::Allowed,
        .scopes = {{.name = "", .rules = {{.capability = {}, .mode = policy::Mode::Observe, .source = {.file = "", .line = 0, .key = "observe"}}}}},
        .place = ""}});
  EXPECT_EQ(open(rules, {{.host_path = host_ + "/a", .guest_path = "/data"}}), Names{"/data"});
  Descriptor root(*context_, folders()[0]);
  EXPECT_EQ(outcome(root.stat_at(*context_, follow, "file")), "ok");
  EXPECT_EQ(outcome(root.open_at(*context_, follow, "deep/../file", {}, {})), "ok");
  // Each path is noted, so that a policy can be learned.
  bool is_noted = false;
  for (const policy::Decision& decision : guard_->decisions()) {
    is_noted = is_noted || (decision.capability == "filesystem:read:/data/file" && decision.verdict == policy::Verdict::Observed);
  }
  EXPECT_TRUE(is_noted);
}

TEST_F(PreopensTest, KeepsAReadOnlyMountThatByWayOfWhatLiesAroundIt) {
  const std::vector<Mount> mounts = {{.host_path = host_ + "/a", .guest_path = "/data"},
                                     {.host_path = host_ + "/a/deep", .guest_path = "/data/deep", .is_read_only = true, .read_only_advice = "ask"},
                                     {.host_path = host_ + "/a/deep/er", .guest_path = "/data/deep/er"}};
  const auto rules = *policy::Rules::from_grants(std::vector<std::string>{"filesystem:*:/data", "args"});
  const auto kept = keep_read_only(rules, mounts);
  ASSERT_EQ(open(kept, mounts), (Names{"/data", "/data/deep ro", "/data/deep/er"}));
  EXPECT_TRUE(guard_->allow(policy::Access::Args));
  Descriptor root(*context_, folders()[0]);
  const OpenFlags create{{.bits = {OpenFlags::create}}};
  const DescriptorFlags write{{.bits = {DescriptorFlags::write}}};
  put(folder_.path() / "a/deep/file", "file");
  EXPECT_EQ(outcome(root.open_at(*context_, follow, "new", create, write)), "ok");
  EXPECT_EQ(outcome(root.open_at(*context_, follow, "deep/er/new", create, write)), "ok");
  EXPECT_EQ(outcome(root.open_at(*context_, follow, "deep/er/../file", {}, {})), "ok");
  for (const char* path : {"deep/new", "deep/er/../new", "./deep//file"})
    EXPECT_EQ(outcome(root.open_at(*context_, follow, path, create, write)), "not-permitted") << path;
  EXPECT_EQ(outcome(root.rename_at(*context_, "deep", root, "other")), "not-permitted");
  EXPECT_EQ(outcome(root.link_at(*context_, no_follow, "deep/file", root, "linked")), "not-permitted");
  EXPECT_EQ(outcome(root.unlink_file_at(*context_, "deep/file")), "not-permitted");
  fs::create_directory_symlink("deep", folder_.path() / "a/link");
  EXPECT_EQ(outcome(root.open_at(*context_, follow, "link/file", {}, write)), "loop");
  EXPECT_EQ(outcome(root.open_at(*context_, follow, "link/file", {}, {})), "ok");
  EXPECT_TRUE(std::ranges::any_of(guard_->decisions(), [](const policy::Decision& decision) {
    return decision.verdict == policy::Verdict::Denied && decision.capability == "filesystem:write:/data/deep/new" &&
           decision.rule == "the folder /data/deep is read-only: ask";
  }));
}

TEST_F(PreopensTest, LeavesRulesAloneThatOpenNoReadOnlyMount) {
  const auto rules = *policy::Rules::from_grants(std::vector<std::string>{"filesystem:read:/data", "filesystem:write:/out"});
  EXPECT_EQ(keep_read_only(rules, {{.host_path = host_, .guest_path = "/data", .is_read_only = true}, {.host_path = host_, .guest_path = "/out"}}), rules);
}

TEST_F(PreopensTest, LeadsNowhereOntoProc) {
  if (!fs::exists("/proc/self/status")) GTEST_SKIP() << "no /proc";
  ASSERT_EQ(open({"filesystem:read:/"}, {}), Names{"/"});
  Descriptor root(*context_, folders()[0]);
  EXPECT_EQ(outcome(root.open_at(*context_, follow, "etc", {}, {})), "ok");
  for (const char* path : {"proc/self/environ", "proc/self/mem", "proc/self/maps", "proc", "proc/self/cwd/x", "dev/fd/0", "dev/stdin"}) {
    EXPECT_NE(outcome(root.open_at(*context_, follow, path, {}, {})), "ok") << path;
  }
  ASSERT_EQ(open({"filesystem:read:/proc"}, {}), Names{"/proc"});
  Descriptor proc(*context_, folders()[0]);
  EXPECT_EQ(outcome(proc.open_at(*context_, follow, "cpuinfo", {}, {})), "ok");
  EXPECT_EQ(outcome(proc.open_at(*context_, follow, "self/root/etc", {}, {})), "loop");
}

TEST_F(PreopensTest, OpensOnceForAStore) {
  EXPECT_EQ(open({"filesystem:read:" + host_ + "/a"}), Names{host_ + "/a"});
  const Folder* const first = folders()[0].get();
  EXPECT_TRUE(open_preopens(*context_));
  EXPECT_EQ(folders().size(), 1U);
  EXPECT_EQ(folders()[0].get(), first);
}

}  // namespace
}  // namespace tenon::wasi::filesystem
