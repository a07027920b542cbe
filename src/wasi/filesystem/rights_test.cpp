#include "wasi/filesystem/rights.h"

#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "policy/capability.h"
#include "policy/rules.h"
#include "wasi/filesystem/directory.h"
#include "wasi/filesystem/sandbox.h"

namespace tenon::wasi::filesystem {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace): what the tests are written in

constexpr std::array<std::string_view, 5> actions = {"read", "write", "create", "delete", "list"};
NewTimestamp at(uint64_t seconds) { return {.value = Datetime{seconds, 0}}; }

/// The operation of a row, in a sandbox with the files `a` and `b/c` and the folders `b` and `e`.
struct Operation {
  Right right;
  /// The path that the row speaks of, as the guest sees it.
  std::string path;
  /// What other rows need.
  std::vector<std::string> others;
  std::function<std::string(Sandbox&)> run;
};

std::vector<Operation> operations() {
  const auto open = [](std::string path, uint32_t open_flags, uint32_t flags) {
    return [=](Sandbox& box) { return outcome(box.try_open(path, open_flags, flags)); };
  };
  const auto in_root = [](auto body) { return [=](Sandbox& box) { return outcome(body(box.root(), box.context())); }; };
  const auto in_file = [](auto body) { return [=](Sandbox& box) { return outcome(body(*box.open("a"), box.context())); }; };
  return {
      {Right::StatAt, "/data/a", {}, in_root([](Descriptor& root, Context& context) { return root.stat_at(context, follow, "a"); })},
      {Right::MetadataHashAt, "/data/a", {}, in_root([](Descriptor& root, Context& context) { return root.metadata_hash_at(context, no_follow, "a"); })},
      {Right::ReadlinkAt, "/data/l", {}, in_root([](Descriptor& root, Context& context) { return root.readlink_at(context, "l"); })},
      {Right::OpenRead, "/data/a", {}, open("a", 0, DescriptorFlags::read)},
      {Right::OpenRead, "/data/a", {}, open("a", 0, 0)},
      {Right::OpenRead, "/data/b/c", {}, open("b/c", 0, DescriptorFlags::read)},
      {Right::OpenRead, "/data/a", {"filesystem:write:/data/a"}, open("a", 0, DescriptorFlags::read | DescriptorFlags::write)},
      {Right::OpenWrite, "/data/a", {}, open("a", 0, DescriptorFlags::write)},
      {Right::OpenWrite, "/data/a", {"filesystem:read:/data/a"}, open("a", OpenFlags::truncate, DescriptorFlags::read)},
      {Right::OpenCreate, "/data/n", {}, open("n", OpenFlags::create, DescriptorFlags::write)},
      {Right::OpenCreate, "/data/a", {}, open("a", OpenFlags::create, DescriptorFlags::write)},
      {Right::OpenDirectory, "/data/b", {}, open("b", OpenFlags::directory, DescriptorFlags::read)},
      {Right::ReadDirectory, "/data", {}, in_root([](Descriptor& root, Context& context) { return root.read_directory(context); })},
      {Right::WriteFile, "/data/a", {"filesystem:read:/data/a"}, in_file([](Descriptor& file, Context& context) { return file.write_via_stream(context, 0); })},
      {Right::SetTimes, "/data/a", {"filesystem:read:/data/a"}, in_file([](Descriptor& file, Context& context) {
         return file.set_times(context, at(1), at(1));
       })},
      {Right::SetTimes, "/data", {}, in_root([](Descriptor& root, Context& context) { return root.set_times(context, at(1), at(1)); })},
      {Right::SetTimesAt, "/data/a", {}, in_root([](Descriptor& root, Context& context) { return root.set_times_at(context, follow, "a", at(1), at(1)); })},
      {Right::CreateDirectoryAt, "/data/n", {}, in_root([](Descriptor& root, Context& context) { return root.create_directory_at(context, "n"); })},
      {Right::RemoveDirectoryAt, "/data/e", {}, in_root([](Descriptor& root, Context& context) { return root.remove_directory_at(context, "e"); })},
      {Right::UnlinkFileAt, "/data/a", {}, in_root([](Descriptor& root, Context& context) { return root.unlink_file_at(context, "a"); })},
      {Right::SymlinkAt, "/data/n", {}, in_root([](Descriptor& root, Context& context) { return root.symlink_at(context, "a", "n"); })},
      {Right::LinkSource, "/data/a", {"filesystem:create:/data/n"}, in_root([](Descriptor& root, Context& context) {
         return root.link_at(context, no_follow, "a", root, "n");
       })},
      {Right::LinkTarget, "/data/n", {"filesystem:read:/data/a"}, in_root([](Descriptor& root, Context& context) {
         return root.link_at(context, no_follow, "a", root, "n");
       })},
      {Right::RenameSource, "/data/a", {"filesystem:create:/data/n"}, in_root([](Descriptor& root, Context& context) {
         return root.rename_at(context, "a", root, "n");
       })},
      {Right::RenameTarget, "/data/n", {"filesystem:delete:/data/a"}, in_root([](Descriptor& root, Context& context) {
         return root.rename_at(context, "a", root, "n");
       })},
  };
}

std::string run(const Operation& operation, Accesses accesses) {
  std::vector<std::string> grants = operation.others;
  for (size_t bit = 0; bit < actions.size(); bit++) {
    if ((accesses >> bit & 1) != 0) grants.push_back(fmt::format("filesystem:{}:{}", actions[bit], operation.path));
  }
  Sandbox box({.grants = grants});
  put(box.data() / "a", "a");
  fs::create_directory(box.data() / "b");
  fs::create_directory(box.data() / "e");
  put(box.data() / "b/c", "c");
  fs::create_symlink("a", box.data() / "l");
  return operation.run(box);
}

TEST(RightsTable, NamesExactlyWhatEachOperationNeeds) {
  std::array<bool, right_count> is_tested{};
  for (const Operation& operation : operations()) {
    const RightRow& row = right_rows()[static_cast<size_t>(operation.right)];
    is_tested[static_cast<size_t>(operation.right)] = true;
    const std::string what = fmt::format("{} at {} ({})", row.operation, operation.path, row.where);
    const Needs needs = row.needs;
    if (needs.all != 0) {
      EXPECT_EQ(run(operation, needs.all), "ok") << what;
    }
    for (unsigned bit = 0; bit < actions.size(); bit++) {
      const auto one = static_cast<Accesses>(1U << bit);
      // Without one of those needed, everything else does not help.
      if ((needs.all & one) != 0) {
        EXPECT_EQ(run(operation, access::every & static_cast<Accesses>(~one)), "not-permitted") << what << " without " << actions[bit];
      }
      if ((needs.any & one) != 0) {
        EXPECT_EQ(run(operation, one), "ok") << what << " with " << actions[bit];
      }
    }
    if (needs.any != 0) {
      EXPECT_EQ(run(operation, access::every & static_cast<Accesses>(~needs.any)), "not-permitted") << what;
    }
  }
  for (size_t i = 0; i < right_count; i++) EXPECT_TRUE(is_tested[i]) << right_rows()[i].operation << " " << right_rows()[i].where;
}

TEST(RightsTable, IsInTheReadme) {
  const std::string readme = content_of(fs::path(TENON_SOURCE_DIR) / "src/wasi/filesystem/README.md");
  for (const RightRow& row : right_rows()) {
    std::string needs;
    for (unsigned bit = 0; bit < actions.size(); bit++) {
      const bool is_all = (row.needs.all >> bit & 1) != 0;
      if (!is_all && (row.needs.any >> bit & 1) == 0) continue;
      if (!needs.empty()) needs += is_all ? ", " : " or ";
      needs += actions[bit];
    }
    const std::string line = fmt::format("| {} | {} | {} |", row.operation, row.where, needs);
    EXPECT_NE(readme.find(line), std::string::npos) << line;
  }
}

TEST(Rights, FollowNoSymlinkWhereARuleCoversLessThanTheFolder) {
  Sandbox box({.grants = {"filesystem:*:/data/open/**", "filesystem:list:/data"}});
  fs::create_directories(box.data() / "open/deep");
  fs::create_directory(box.data() / "closed");
  put(box.data() / "closed/file", "closed");
  put(box.data() / "open/file", "open");
  fs::create_symlink("../closed/file", box.data() / "open/out");
  fs::create_symlink("../closed", box.data() / "open/outdir");
  fs::create_symlink("file", box.data() / "open/link");
  Context& context = box.context();
  EXPECT_EQ(outcome(box.try_open("open/file")), "ok");
  EXPECT_EQ(outcome(box.try_open("closed/file")), "not-permitted");
  EXPECT_EQ(outcome(box.try_open("open/../closed/file")), "not-permitted");
  EXPECT_EQ(outcome(box.try_open("open/out")), "loop");
  EXPECT_EQ(outcome(box.try_open("open/outdir/file")), "loop");
  EXPECT_EQ(outcome(box.try_open("open/link")), "loop");
  EXPECT_EQ(outcome(box.root().stat_at(context, no_follow, "open/link")), "ok");
  // The folder itself is open throughout: links are followed in it, and end at its edge.
  auto open = box.open("open");
  EXPECT_EQ(outcome(open->open_at(context, follow, "link", {}, {})), "ok");
  EXPECT_EQ(outcome(open->open_at(context, follow, "out", {}, {})), "not-permitted");
  EXPECT_EQ(outcome(open->open_at(context, follow, "outdir/file", {}, {})), "not-permitted");
}

TEST(Rights, OfWhatALinkLedToAreThoseThatHoldEverywhere) {
  // Everything may be read, only `pub` written: a folder reached by a link is not taken for the path of the link.
  Sandbox box({.grants = {"filesystem:read:/data", "filesystem:list:/data", "filesystem:write:/data/pub", "filesystem:create:/data/pub"}});
  fs::create_directory(box.data() / "pub");
  fs::create_directory(box.data() / "private");
  put(box.data() / "private/file", "private");
  fs::create_symlink("../private", box.data() / "pub/link");
  fs::create_symlink("../private/file", box.data() / "pub/file");
  Context& context = box.context();
  EXPECT_EQ(outcome(box.try_open("pub/link/file")), "ok");
  EXPECT_EQ(outcome(box.try_open("pub/link/file", 0, DescriptorFlags::write)), "loop");
  EXPECT_EQ(outcome(box.try_open("pub/file", 0, DescriptorFlags::write)), "loop");
  EXPECT_EQ(outcome(box.try_open("pub/link/new", OpenFlags::create, DescriptorFlags::write)), "loop");
  auto folder = box.open("pub/link");
  const auto write = folder->open_at(context, follow, "file", {}, DescriptorFlags{{.bits = {DescriptorFlags::write}}});
  EXPECT_EQ(outcome(write), "not-permitted");
  EXPECT_EQ(outcome(folder->set_times(context, at(1), at(1))), "not-permitted");
  auto file = box.open("pub/file");
  EXPECT_EQ(outcome(file->set_times(context, at(1), at(1))), "not-permitted");
  EXPECT_EQ(outcome(file->write_via_stream(context, 0)), "not-permitted");
  // Without a link the path is what it says.
  put(box.data() / "pub/own", "own");
  EXPECT_EQ(outcome(box.open("pub/own")->set_times(context, at(1), at(1))), "ok");
}

TEST(Rights, GrowByNoNewName) {
  Sandbox box({.grants = {"filesystem:read:/data/ro", "filesystem:delete:/data/ro", "filesystem:delete:/data/drop", "filesystem:*:/data/rw"}});
  for (const char* folder : {"ro", "ro/dir", "drop", "rw", "rw/dir"}) fs::create_directory(box.data() / folder);
  put(box.data() / "ro/file", "ro");
  put(box.data() / "drop/file", "drop");
  put(box.data() / "rw/file", "rw");
  Context& context = box.context();
  Descriptor& root = box.root();
  // What may only be read must not get a name under which it may be written, and so on.
  EXPECT_EQ(outcome(root.link_at(context, no_follow, "ro/file", root, "rw/stolen")), "not-permitted");
  EXPECT_EQ(outcome(root.rename_at(context, "ro/file", root, "rw/stolen")), "not-permitted");
  EXPECT_EQ(outcome(root.rename_at(context, "drop/file", root, "rw/stolen")), "not-permitted");
  EXPECT_EQ(outcome(root.rename_at(context, "ro/dir", root, "rw/stolen")), "not-permitted");
  EXPECT_EQ(outcome(root.rename_at(context, "rw/file", root, "rw/moved")), "ok");
  EXPECT_EQ(outcome(root.rename_at(context, "rw/dir", root, "rw/moved-dir")), "ok");
  EXPECT_EQ(outcome(root.link_at(context, no_follow, "rw/moved", root, "rw/second")), "ok");
}

TEST(Rights, OfAFolderWithAnExceptionDoNotMoveWithIt) {
  auto rules = policy::Rules::create(
      {{.key = policy::RuleLayer::Key::Allowed,
        .scopes = {{.name = "",
                    .rules = {{.capability = *policy::Capability::parse("filesystem:*:/data"), .source = {}},
                              {.capability = *policy::Capability::parse("filesystem:*:/data/dir/secret"), .effect = policy::Effect::Deny, .source = {}}}}},
        .place = ""}});
  Sandbox box({.rules = rules});
  fs::create_directories(box.data() / "dir/other");
  put(box.data() / "dir/secret", "secret");
  put(box.data() / "dir/file", "file");
  Context& context = box.context();
  Descriptor& root = box.root();
  EXPECT_EQ(outcome(box.try_open("dir/secret")), "not-permitted");
  EXPECT_EQ(outcome(root.rename_at(context, "dir", root, "elsewhere")), "not-permitted");
  EXPECT_EQ(outcome(root.rename_at(context, "dir/other", root, "elsewhere")), "ok");
  EXPECT_EQ(outcome(root.rename_at(context, "dir/file", root, "file")), "ok");
  EXPECT_EQ(outcome(root.rename_at(context, "file", root, "dir/secret")), "not-permitted");
  EXPECT_EQ(outcome(root.remove_directory_at(context, "dir")), "not-empty");
}

TEST(Rights, ReplaceOnlyWhatMayBeDeleted) {
  Sandbox box({.grants = {"filesystem:*:/data/from", "filesystem:create:/data/to", "filesystem:delete:/data/to/old*"}});
  fs::create_directory(box.data() / "from");
  fs::create_directory(box.data() / "to");
  for (const char* name : {"1", "2", "3"}) put(box.data() / "from" / name, name);
  put(box.data() / "to/kept", "kept");
  put(box.data() / "to/old", "old");
  Context& context = box.context();
  Descriptor& root = box.root();
  EXPECT_EQ(outcome(root.rename_at(context, "from/1", root, "to/kept")), "not-permitted");
  EXPECT_EQ(content_of(box.data() / "to/kept"), "kept");
  EXPECT_EQ(outcome(root.rename_at(context, "from/1", root, "to/new")), "ok");
  EXPECT_EQ(outcome(root.rename_at(context, "from/2", root, "to/old")), "ok");
  EXPECT_EQ(content_of(box.data() / "to/old"), "2");
}

TEST(Rights, CostOneDecisionWhereTheyHoldThroughout) {
  Sandbox box;
  put(box.data() / "file", "file");
  for (int i = 0; i < 100; i++) ASSERT_TRUE(*box.root().stat_at(box.context(), follow, "file"));
  ASSERT_EQ(box.guard().decisions().size(), 1U);
  EXPECT_EQ(box.guard().decisions()[0].capability, "filesystem:read:/data");
  EXPECT_EQ(box.guard().decisions()[0].count, 1U);
}

TEST(Rights, SayWhatWasDenied) {
  Sandbox box({.grants = {"filesystem:read:/data"}});
  EXPECT_EQ(outcome(box.root().unlink_file_at(box.context(), "dir/../file")), "not-permitted");
  ASSERT_EQ(box.guard().decisions().size(), 1U);
  EXPECT_EQ(box.guard().decisions()[0].capability, "filesystem:delete:/data/file");
  EXPECT_EQ(box.guard().decisions()[0].verdict, policy::Verdict::Denied);
}

}  // namespace
}  // namespace tenon::wasi::filesystem
