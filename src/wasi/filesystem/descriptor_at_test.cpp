#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "wasi/filesystem/descriptor.h"
#include "wasi/filesystem/sandbox.h"

/// Each operation on paths: its success and each error that the kernel or the folder can answer with.
namespace tenon::wasi::filesystem {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace): what the tests are written in

constexpr uint32_t read_flag = DescriptorFlags::read;
constexpr uint32_t write_flag = DescriptorFlags::write;
constexpr uint32_t create = OpenFlags::create;
constexpr uint32_t directory = OpenFlags::directory;
constexpr uint32_t exclusive = OpenFlags::exclusive;
constexpr uint32_t truncate_flag = OpenFlags::truncate;

const std::string long_name(256, 'n');
const std::string nul_path("a\0b", 3);

NewTimestamp at(uint64_t seconds) { return {.value = Datetime{seconds, 0}}; }

class DescriptorAt : public ::testing::TestWithParam<bool> {
 protected:
  void SetUp() override { make({}); }
  void make(SandboxOptions options) {
    options.may_hang = GetParam();
    box_ = std::make_unique<Sandbox>(options);
    const fs::path data = box_->data();
    fs::create_directories(data / "dir/sub");
    fs::create_directories(data / "empty");
    put(data / "file", "file");
    put(data / "dir/file", "dir/file");
    fs::create_symlink("file", data / "link");
    fs::create_symlink("dir", data / "dirlink");
    fs::create_symlink("missing", data / "dangling");
    fs::create_symlink("loop", data / "loop");
    fs::create_symlink("../outside/secret", data / "out");
    fs::create_symlink((box_->outside() / "secret").string(), data / "absolute");
    fs::create_symlink("../outside", data / "outdir");
    ASSERT_EQ(symlink("\xff\xfe", (data / "notutf8").c_str()), 0);
  }
  Context& context() { return box_->context(); }
  Descriptor& root() { return box_->root(); }
  bool exists(const char* name) const { return fs::exists(fs::symlink_status(box_->data() / name)); }

  std::unique_ptr<Sandbox> box_;
};
INSTANTIATE_TEST_SUITE_P(ThreadAndPool, DescriptorAt, ::testing::Bool(), [](const auto& which) { return which.param ? "OnPool" : "OnThread"; });

TEST_P(DescriptorAt, OpensAsTold) {
  struct Case {
    std::string path;
    uint32_t open_flags;
    uint32_t flags;
    uint32_t path_flags;
    const char* expected;
  };
  const uint32_t follow_flag = PathFlags::symlink_follow;
  const std::vector<Case> cases = {
      {"file", 0, read_flag, follow_flag, "ok"},
      {"file", 0, write_flag, follow_flag, "ok"},
      {"file", 0, 0, 0, "ok"},
      {"./dir/../file", 0, read_flag, follow_flag, "ok"},
      {"dir", 0, read_flag, follow_flag, "ok"},
      {"dir", directory, read_flag, follow_flag, "ok"},
      {"dir/", directory, read_flag, follow_flag, "ok"},
      {"dir/.", directory, read_flag, 0, "ok"},
      {"dir", directory, read_flag | DescriptorFlags::mutate_directory, follow_flag, "ok"},
      {".", directory, read_flag, follow_flag, "ok"},
      {"dir/..", directory, read_flag, follow_flag, "ok"},
      {"link", 0, read_flag, follow_flag, "ok"},
      {"dirlink/file", 0, read_flag, 0, "ok"},
      {"new", create, write_flag, follow_flag, "ok"},
      {"new2", create, read_flag, follow_flag, "ok"},
      {"new3", create | exclusive, write_flag, follow_flag, "ok"},
      {"file", create, write_flag, follow_flag, "ok"},
      {"file", exclusive, read_flag, follow_flag, "ok"},
      {"dangling", create, write_flag, follow_flag, "ok"},
      {"", 0, read_flag, follow_flag, "no-entry"},
      {"none", 0, read_flag, follow_flag, "no-entry"},
      {"none/file", create, write_flag, follow_flag, "no-entry"},
      {"none", directory, read_flag, follow_flag, "no-entry"},
      {"file", create | exclusive, write_flag, follow_flag, "exist"},
      {"link", create | exclusive, write_flag, follow_flag, "exist"},
      {"file/", 0, read_flag, follow_flag, "not-directory"},
      {"file/x", 0, read_flag, follow_flag, "not-directory"},
      {"file", directory, read_flag, follow_flag, "not-directory"},
      {"file", directory, read_flag, 0, "not-directory"},
      {"link", directory, read_flag, follow_flag, "not-directory"},
      {"link", 0, read_flag, 0, "loop"},
      {"dirlink", directory, read_flag, 0, "loop"},
      {"loop", 0, read_flag, follow_flag, "loop"},
      {"loop/x", 0, read_flag, follow_flag, "loop"},
      {"dir", 0, write_flag, follow_flag, "is-directory"},
      {"dir", directory, write_flag, follow_flag, "is-directory"},
      {"dir", create, read_flag, follow_flag, "is-directory"},
      {"dir", truncate_flag, read_flag, follow_flag, "is-directory"},
      {"new4/", create, write_flag, follow_flag, "is-directory"},
      {"dir", directory | create, read_flag, follow_flag, "invalid"},
      {"dir", directory | exclusive, read_flag, follow_flag, "invalid"},
      {"dir", directory | truncate_flag, read_flag, follow_flag, "invalid"},
      {nul_path, 0, read_flag, follow_flag, "invalid"},
      {long_name, 0, read_flag, follow_flag, "name-too-long"},
      {std::string(5000, '/'), 0, read_flag, follow_flag, "name-too-long"},
      {"file", 0, read_flag | DescriptorFlags::file_integrity_sync, follow_flag, "unsupported"},
      {"file", 0, read_flag | DescriptorFlags::data_integrity_sync, follow_flag, "unsupported"},
      {"file", 0, read_flag | DescriptorFlags::requested_write_sync, follow_flag, "unsupported"},
      {"..", directory, read_flag, follow_flag, "not-permitted"},
      {"../data/file", 0, read_flag, follow_flag, "not-permitted"},
      {"dir/../../data/file", 0, read_flag, follow_flag, "not-permitted"},
      {"/", directory, read_flag, follow_flag, "not-permitted"},
      {"/etc/passwd", 0, read_flag, follow_flag, "not-permitted"},
      {"out", 0, read_flag, follow_flag, "not-permitted"},
      {"out", create | truncate_flag, write_flag, follow_flag, "not-permitted"},
      {"absolute", 0, read_flag, follow_flag, "not-permitted"},
      {"outdir/secret", 0, read_flag, 0, "not-permitted"},
      {"outdir/new", create, write_flag, 0, "not-permitted"},
      {"outdir", directory, read_flag, follow_flag, "not-permitted"},
  };
  for (const Case& one : cases) {
    EXPECT_EQ(outcome(box_->try_open(one.path, one.open_flags, one.flags, one.path_flags)), one.expected)
        << one.path.substr(0, 40) << " open flags " << one.open_flags << " flags " << one.flags << " path flags " << one.path_flags;
  }
  EXPECT_EQ(content_of(box_->outside() / "secret"), "secret");
  EXPECT_FALSE(fs::exists(box_->outside() / "new"));
  auto file = box_->open("file");
  EXPECT_EQ(outcome(file->open_at(context(), follow, "x", {}, {})), "not-directory");
}

TEST_P(DescriptorAt, TruncatesAndCreatesWithTheModesOfOpen) {
  ASSERT_TRUE(*box_->try_open("file", truncate_flag, read_flag));
  EXPECT_EQ(content_of(box_->data() / "file"), "");
  ASSERT_TRUE(*box_->try_open("dir/file", create | truncate_flag, write_flag));
  EXPECT_EQ(content_of(box_->data() / "dir/file"), "");
  const mode_t mask = umask(0);
  umask(mask);
  ASSERT_TRUE(*box_->try_open("new", create, write_flag));
  ASSERT_TRUE(*root().create_directory_at(context(), "newdir"));
  struct stat found = {};
  ASSERT_EQ(stat((box_->data() / "new").c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777, 0666 & ~mask);
  ASSERT_EQ(stat((box_->data() / "newdir").c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777, 0777 & ~mask);
}

TEST_P(DescriptorAt, WaitsForNoFifoAndNoDevice) {
  ASSERT_EQ(mkfifo((box_->data() / "fifo").c_str(), 0600), 0);
  EXPECT_EQ(outcome(box_->try_open("fifo")), "ok");
  EXPECT_EQ(outcome(box_->try_open("fifo", 0, write_flag)), "no-such-device");
  EXPECT_EQ(outcome(box_->open("fifo")->read(context(), 1, 0)), "invalid-seek");
}

struct PathCase {
  std::string path;
  const char* expected;
};

TEST_P(DescriptorAt, StatsPaths) {
  const std::vector<PathCase> followed = {{"file", "ok"},
                                          {"dir", "ok"},
                                          {"dir/", "ok"},
                                          {"dir/file", "ok"},
                                          {".", "ok"},
                                          {"link", "ok"},
                                          {"dirlink/file", "ok"},
                                          {"", "no-entry"},
                                          {"none", "no-entry"},
                                          {"dangling", "no-entry"},
                                          {"none/x", "no-entry"},
                                          {"file/", "not-directory"},
                                          {"file/x", "not-directory"},
                                          {"loop", "loop"},
                                          {nul_path, "invalid"},
                                          {long_name, "name-too-long"},
                                          {"..", "not-permitted"},
                                          {"out", "not-permitted"},
                                          {"absolute", "not-permitted"},
                                          {"/", "not-permitted"},
                                          {"outdir/secret", "not-permitted"}};
  for (const PathCase& one : followed) {
    EXPECT_EQ(outcome(root().stat_at(context(), follow, one.path)), one.expected) << one.path;
    EXPECT_EQ(outcome(root().metadata_hash_at(context(), follow, one.path)), one.expected) << one.path;
  }
  const std::vector<PathCase> unfollowed = {{"link", "ok"},
                                            {"dangling", "ok"},
                                            {"loop", "ok"},
                                            {"out", "ok"},
                                            {"absolute", "ok"},
                                            {"outdir", "ok"},
                                            {"outdir/", "ok"},
                                            {"outdir/.", "ok"},
                                            {"dir/../outdir/.", "not-permitted"},
                                            {"outdir/secret", "not-permitted"}};
  for (const PathCase& one : unfollowed) EXPECT_EQ(outcome(root().stat_at(context(), no_follow, one.path)), one.expected) << one.path;
  EXPECT_EQ((*root().stat_at(context(), no_follow, "link"))->type, DescriptorType::SymbolicLink);
  EXPECT_EQ((*root().stat_at(context(), no_follow, "link"))->size, 4U);
  EXPECT_EQ((*root().stat_at(context(), follow, "link"))->type, DescriptorType::RegularFile);
  EXPECT_EQ(outcome(box_->open("file")->stat_at(context(), follow, "x")), "not-directory");
  EXPECT_EQ(outcome(box_->open("file")->metadata_hash_at(context(), follow, "x")), "not-directory");
}

TEST_P(DescriptorAt, SetsTimesOfPaths) {
  const auto set = [&](PathFlags flags, std::string_view path) { return outcome(root().set_times_at(context(), flags, path, at(1000), at(2000))); };
  EXPECT_EQ(set(follow, "link"), "ok");
  EXPECT_EQ((*root().stat_at(context(), follow, "file"))->data_modification_timestamp->seconds, 2000U);
  EXPECT_NE((*root().stat_at(context(), no_follow, "link"))->data_modification_timestamp->seconds, 2000U);
  EXPECT_EQ(set(no_follow, "link"), "ok");
  EXPECT_EQ((*root().stat_at(context(), no_follow, "link"))->data_modification_timestamp->seconds, 2000U);
  EXPECT_EQ(set(follow, "dir/"), "ok");
  EXPECT_EQ(set(follow, "."), "ok");
  EXPECT_EQ(set(no_follow, "outdir"), "ok");
  const std::vector<PathCase> refused = {{"", "no-entry"},         {"none", "no-entry"},   {"dangling", "no-entry"},     {"file/", "not-directory"},
                                         {"loop", "loop"},         {nul_path, "invalid"},  {long_name, "name-too-long"}, {"..", "not-permitted"},
                                         {"out", "not-permitted"}, {"/", "not-permitted"}, {"outdir/.", "not-permitted"}};
  for (const PathCase& one : refused) EXPECT_EQ(set(follow, one.path), one.expected) << one.path;
  EXPECT_EQ(outcome(root().set_times_at(context(), follow, "file", at(~uint64_t{0}), at(0))), "overflow");
  EXPECT_EQ(outcome(box_->open("file")->set_times_at(context(), follow, "x", at(0), at(0))), "not-directory");
  struct stat found = {};
  ASSERT_EQ(stat((box_->outside() / "secret").c_str(), &found), 0);
  EXPECT_NE(found.st_mtime, 2000);
}

TEST_P(DescriptorAt, ReadsLinks) {
  EXPECT_EQ(**root().readlink_at(context(), "link"), "file");
  EXPECT_EQ(**root().readlink_at(context(), "out"), "../outside/secret");
  const std::vector<PathCase> refused = {{"absolute", "not-permitted"}, {"notutf8", "illegal-byte-sequence"},
                                         {"file", "invalid"},           {"dir", "invalid"},
                                         {"dirlink/", "invalid"},       {"", "no-entry"},
                                         {"none", "no-entry"},          {"file/x", "not-directory"},
                                         {nul_path, "invalid"},         {long_name, "name-too-long"},
                                         {"..", "not-permitted"},       {"outdir/secret", "not-permitted"}};
  for (const PathCase& one : refused) EXPECT_EQ(outcome(root().readlink_at(context(), one.path)), one.expected) << one.path;
  EXPECT_EQ(outcome(box_->open("file")->readlink_at(context(), "x")), "not-directory");
}

TEST_P(DescriptorAt, CreatesFolders) {
  for (const char* path : {"new", "dir/new", "new2/", "new3///", "dirlink/new4", "./new5"})
    EXPECT_EQ(outcome(root().create_directory_at(context(), path)), "ok") << path;
  EXPECT_TRUE(exists("dir/new4"));
  const std::vector<PathCase> refused = {{"dir", "exist"},
                                         {"file", "exist"},
                                         {"dangling", "exist"},
                                         {".", "exist"},
                                         {"dir/..", "exist"},
                                         {"", "no-entry"},
                                         {"none/x", "no-entry"},
                                         {"none/.", "no-entry"},
                                         {"file/x", "not-directory"},
                                         {"loop/x", "loop"},
                                         {nul_path, "invalid"},
                                         {long_name, "name-too-long"},
                                         {"..", "not-permitted"},
                                         {"../x", "not-permitted"},
                                         {"/x", "not-permitted"},
                                         {"outdir/x", "not-permitted"}};
  for (const PathCase& one : refused) EXPECT_EQ(outcome(root().create_directory_at(context(), one.path)), one.expected) << one.path;
  EXPECT_EQ(outcome(box_->open("file")->create_directory_at(context(), "x")), "not-directory");
}

TEST_P(DescriptorAt, RemovesFolders) {
  EXPECT_EQ(outcome(root().remove_directory_at(context(), "empty")), "ok");
  EXPECT_EQ(outcome(root().remove_directory_at(context(), "dirlink/sub")), "ok");
  const std::vector<PathCase> refused = {{"dir", "not-empty"},
                                         {"file", "not-directory"},
                                         {"dirlink", "not-directory"},
                                         {"dir/", "invalid"},
                                         {".", "invalid"},
                                         {"", "no-entry"},
                                         {"none", "no-entry"},
                                         {"none/x", "no-entry"},
                                         {"file/", "not-directory"},
                                         {nul_path, "invalid"},
                                         {long_name, "name-too-long"},
                                         {"..", "not-permitted"},
                                         {"/", "not-permitted"},
                                         {"outdir/x", "not-permitted"}};
  for (const PathCase& one : refused) EXPECT_EQ(outcome(root().remove_directory_at(context(), one.path)), one.expected) << one.path;
  EXPECT_EQ(outcome(box_->open("file")->remove_directory_at(context(), "x")), "not-directory");
}

TEST_P(DescriptorAt, UnlinksFiles) {
  for (const char* path : {"link", "dirlink", "out", "absolute", "file", "dir/file"}) EXPECT_EQ(outcome(root().unlink_file_at(context(), path)), "ok") << path;
  EXPECT_EQ(content_of(box_->outside() / "secret"), "secret");
  const std::vector<PathCase> refused = {{"dir", "is-directory"},
                                         {"dir/", "is-directory"},
                                         {"dangling/", "no-entry"},
                                         {".", "is-directory"},
                                         {"", "no-entry"},
                                         {"none", "no-entry"},
                                         {nul_path, "invalid"},
                                         {long_name, "name-too-long"},
                                         {"..", "not-permitted"},
                                         {"/x", "not-permitted"},
                                         {"outdir/secret", "not-permitted"}};
  for (const PathCase& one : refused) EXPECT_EQ(outcome(root().unlink_file_at(context(), one.path)), one.expected) << one.path;
  EXPECT_EQ(outcome(box_->open("dir", directory)->unlink_file_at(context(), "none")), "no-entry");
}

TEST_P(DescriptorAt, MakesSymlinks) {
  const auto make_link = [&](std::string_view target, std::string_view path) { return outcome(root().symlink_at(context(), target, path)); };
  EXPECT_EQ(make_link("file", "new"), "ok");
  EXPECT_EQ(fs::read_symlink(box_->data() / "new"), "file");
  EXPECT_EQ(make_link("anything/../at all", "dir/new"), "ok");
  // Where it leads is judged when it is followed.
  EXPECT_EQ(make_link("../../outside/secret", "dir/escape"), "ok");
  EXPECT_EQ(outcome(box_->try_open("dir/escape")), "not-permitted");
  EXPECT_EQ(make_link("/etc/passwd", "new2"), "not-permitted");
  EXPECT_EQ(make_link("/", "new2"), "not-permitted");
  EXPECT_EQ(make_link("", "new2"), "no-entry");
  EXPECT_EQ(make_link(nul_path, "new2"), "invalid");
  EXPECT_EQ(make_link(std::string(5000, 'a'), "new2"), "name-too-long");
  const std::vector<PathCase> refused = {{"file", "exist"},
                                         {"dangling", "exist"},
                                         {"dir/", "exist"},
                                         {"new2/", "no-entry"},
                                         {"", "no-entry"},
                                         {"none/x", "no-entry"},
                                         {"file/x", "not-directory"},
                                         {nul_path, "invalid"},
                                         {long_name, "name-too-long"},
                                         {"..", "not-permitted"},
                                         {"../x", "not-permitted"},
                                         {"/x", "not-permitted"},
                                         {"outdir/x", "not-permitted"}};
  for (const PathCase& one : refused) EXPECT_EQ(make_link("file", one.path), one.expected) << one.path;
  EXPECT_EQ(outcome(box_->open("file")->symlink_at(context(), "a", "b")), "not-directory");
}

TEST_P(DescriptorAt, MakesHardLinks) {
  const auto make_link = [&](std::string_view from, std::string_view to, PathFlags flags = no_follow) {
    return outcome(root().link_at(context(), flags, from, root(), to));
  };
  EXPECT_EQ(make_link("file", "new"), "ok");
  EXPECT_EQ(make_link("dirlink/file", "dir/sub/new"), "ok");
  // The symlink itself gets another name, not what it leads to.
  EXPECT_EQ(make_link("out", "new-out"), "ok");
  EXPECT_TRUE(fs::is_symlink(box_->data() / "new-out"));
  EXPECT_EQ(make_link("file", "new2", follow), "invalid");
  const std::vector<PathCase> bad_source = {{"dir", "not-permitted"},
                                            {"dir/", "not-permitted"},
                                            {".", "not-permitted"},
                                            {"none", "no-entry"},
                                            {"", "no-entry"},
                                            {"file/", "not-directory"},
                                            {nul_path, "invalid"},
                                            {long_name, "name-too-long"},
                                            {"../outside/secret", "not-permitted"},
                                            {"outdir/secret", "not-permitted"},
                                            {"/etc/passwd", "not-permitted"}};
  for (const PathCase& one : bad_source) EXPECT_EQ(make_link(one.path, "new2"), one.expected) << one.path;
  const std::vector<PathCase> bad_target = {
      {"file", "exist"}, {"link", "exist"},           {"dir/", "exist"},         {"new2/", "no-entry"},         {"none/x", "no-entry"},
      {"", "no-entry"},  {"file/x", "not-directory"}, {"../x", "not-permitted"}, {"outdir/x", "not-permitted"}, {"/x", "not-permitted"}};
  for (const PathCase& one : bad_target) EXPECT_EQ(make_link("file", one.path), one.expected) << one.path;
  auto file = box_->open("file");
  EXPECT_EQ(outcome(file->link_at(context(), no_follow, "x", root(), "y")), "not-directory");
  EXPECT_EQ(outcome(root().link_at(context(), no_follow, "file", *file, "y")), "not-directory");
  EXPECT_EQ(fs::hard_link_count(box_->outside() / "secret"), 1U);
}

TEST_P(DescriptorAt, Renames) {
  const auto rename = [&](std::string_view from, std::string_view to) { return outcome(root().rename_at(context(), from, root(), to)); };
  EXPECT_EQ(rename("file", "new"), "ok");
  EXPECT_EQ(rename("new", "dir/file"), "ok");
  EXPECT_EQ(content_of(box_->data() / "dir/file"), "file");
  EXPECT_EQ(rename("empty", "moved/"), "ok");
  EXPECT_EQ(rename("moved/", "empty"), "ok");
  EXPECT_EQ(rename("out", "dir/out"), "ok");
  auto dir = box_->open("dir", directory);
  EXPECT_EQ(outcome(dir->rename_at(context(), "file", root(), "file")), "ok");
  EXPECT_EQ(outcome(root().rename_at(context(), "file", *dir, "file")), "ok");
  put(box_->data() / "file", "again");
  const std::vector<PathCase> bad_source = {{"none", "no-entry"},
                                            {"", "no-entry"},
                                            {"file/", "not-directory"},
                                            {".", "busy"},
                                            {"dir/..", "busy"},
                                            {nul_path, "invalid"},
                                            {long_name, "name-too-long"},
                                            {"..", "not-permitted"},
                                            {"../outside/secret", "not-permitted"},
                                            {"outdir/secret", "not-permitted"},
                                            {"/x", "not-permitted"}};
  for (const PathCase& one : bad_source) EXPECT_EQ(rename(one.path, "new"), one.expected) << one.path;
  const std::vector<PathCase> bad_target = {{"dir", "is-directory"},     {"new/", "not-directory"}, {"none/x", "no-entry"},        {"", "no-entry"},
                                            {"file/x", "not-directory"}, {"../x", "not-permitted"}, {"outdir/x", "not-permitted"}, {"/x", "not-permitted"}};
  for (const PathCase& one : bad_target) EXPECT_EQ(rename("file", one.path), one.expected) << one.path;
  EXPECT_EQ(rename("empty", "dir"), "not-empty");
  EXPECT_EQ(rename("empty", "file"), "not-directory");
  EXPECT_EQ(rename("dir", "dir/sub/x"), "invalid");
  EXPECT_EQ(outcome(box_->open("file")->rename_at(context(), "x", root(), "y")), "not-directory");
  EXPECT_EQ(outcome(root().rename_at(context(), "file", *box_->open("file"), "y")), "not-directory");
  EXPECT_EQ(content_of(box_->outside() / "secret"), "secret");
}

TEST_P(DescriptorAt, GoesNoHigherThanTheFolderItStartsFrom) {
  auto sub = box_->open("dir/sub", directory);
  EXPECT_EQ(outcome(sub->stat_at(context(), follow, "..")), "not-permitted");
  EXPECT_EQ(outcome(sub->stat_at(context(), follow, "../file")), "not-permitted");
  EXPECT_EQ(outcome(sub->open_at(context(), follow, "../../file", {}, {})), "not-permitted");
}

TEST_P(DescriptorAt, KeepsAThousandFilesOpenAndNoMoreThanItsBudget) {
  make({.limits = {.handles = 1000}});
  std::vector<HostOwn<Descriptor>> open;
  for (int i = 0; i < 1000; i++) {
    auto file = box_->open("file");
    auto handle = context().own<Descriptor>(std::move(file));
    ASSERT_TRUE(handle) << i;
    open.push_back(*handle);
  }
  const auto one_more = context().own<Descriptor>(box_->open("file"));
  ASSERT_FALSE(one_more);
  EXPECT_EQ(one_more.error().kind(), ErrorKind::LimitExceeded);
  EXPECT_EQ(outcome(context().resources().get<Descriptor>(open.back().representation).read(context(), 4, 0)), "ok");
  for (const auto& handle : open) ASSERT_TRUE(context().drop(handle.representation));
}

TEST_P(DescriptorAt, StaysOnItsMountWhenTold) {
  make({.crosses_mounts = false});
  EXPECT_EQ(outcome(root().stat_at(context(), follow, "file")), "ok");
  EXPECT_EQ(outcome(root().stat_at(context(), no_follow, "link")), "ok");
  EXPECT_EQ(outcome(box_->try_open("dir/file")), "ok");
}

// What the kernel refuses for want of a permission; a test that runs as root gives its file rights away first.
TEST(DescriptorAtPermissions, AnswersAccess) {
  Sandbox box;
  const fs::path data = box.data();
  put(data / "private", "x");
  fs::create_directory(data / "closed");
  put(data / "closed/file", "x");
  fs::permissions(data / "private", fs::perms::none);
  fs::permissions(data / "closed", fs::perms::none);
  fs::permissions(box.data().parent_path(), fs::perms::all);
  const bool is_root = geteuid() == 0;
  if (is_root) setfsuid(65534);
  const auto opened = outcome(box.try_open("private"));
  const auto beneath = outcome(box.try_open("closed/file"));
  const auto created = outcome(box.root().create_directory_at(box.context(), "closed/new"));
  const auto unlinked = outcome(box.root().unlink_file_at(box.context(), "closed/file"));
  const auto looked = outcome(box.root().stat_at(box.context(), follow, "closed/file"));
  const auto seen = outcome(box.root().stat_at(box.context(), follow, "private"));
  if (is_root) setfsuid(0);
  fs::permissions(data / "closed", fs::perms::all);
  EXPECT_EQ(opened, "access");
  EXPECT_EQ(beneath, "access");
  EXPECT_EQ(created, "access");
  EXPECT_EQ(unlinked, "access");
  EXPECT_EQ(looked, "access");
  EXPECT_EQ(seen, "ok");
}

// As in beneath_test.cpp, through the operations of a guest.
TEST(DescriptorAtRace, HappensInsideOrNotAtAll) {
  Sandbox box;
  Context& context = box.context();
  Descriptor& root = box.root();
  const fs::path data = box.data();
  fs::create_directory(data / "dir");
  fs::create_symlink("../outside", data / "swap");
  put(data / "file", "file");
  put(box.outside() / "victim", "victim");
  std::atomic<bool> is_over = false;
  std::thread swapper([&] {
    for (int i = 0; i < 20'000; i++) renameat2(AT_FDCWD, (data / "dir").c_str(), AT_FDCWD, (data / "swap").c_str(), RENAME_EXCHANGE);
    is_over = true;
  });
  while (!is_over) {
    ASSERT_NE(outcome(box.try_open("dir/victim")), "ok");
    ASSERT_NE(outcome(root.unlink_file_at(context, "dir/victim")), "ok");
    ASSERT_NE(outcome(root.link_at(context, no_follow, "dir/victim", root, "stolen")), "ok");
    ASSERT_NE(outcome(root.rename_at(context, "dir/victim", root, "stolen")), "ok");
    ASSERT_NE(outcome(root.set_times_at(context, follow, "dir/victim", at(1), at(1))), "ok");
    ASSERT_NE(outcome(root.stat_at(context, follow, "dir/victim")), "ok");
    static_cast<void>(root.create_directory_at(context, "dir/planted"));
    static_cast<void>(root.symlink_at(context, "x", "dir/planted-link"));
    static_cast<void>(root.link_at(context, no_follow, "file", root, "dir/planted-file"));
    static_cast<void>(box.try_open("dir/planted-new", create, write_flag));
    static_cast<void>(root.unlink_file_at(context, "dir/planted-link"));
  }
  swapper.join();
  size_t outside = 0;
  for ([[maybe_unused]] const auto& entry : fs::directory_iterator(box.outside())) outside++;
  EXPECT_EQ(outside, 2U);
  EXPECT_EQ(content_of(box.outside() / "victim"), "victim");
}

}  // namespace
}  // namespace tenon::wasi::filesystem
