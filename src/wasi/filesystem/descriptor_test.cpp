#include "wasi/filesystem/descriptor.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include <sys/stat.h>

#include "wasi/filesystem/directory.h"
#include "wasi/filesystem/sandbox.h"

namespace tenon::wasi::filesystem {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace): what the tests are written in

constexpr uint32_t read_flag = DescriptorFlags::read;
constexpr uint32_t write_flag = DescriptorFlags::write;
constexpr uint32_t create_flag = OpenFlags::create;
constexpr uint32_t directory_flag = OpenFlags::directory;

NewTimestamp no_change() { return {}; }
NewTimestamp now() { return {.value = decltype(NewTimestamp::value)(std::in_place_index<1>)}; }
NewTimestamp at(uint64_t seconds, uint32_t nanoseconds = 0) { return {.value = Datetime{seconds, nanoseconds}}; }

std::span<const std::byte> bytes(std::string_view text) { return std::as_bytes(std::span(text)); }
std::string text(std::span<const std::byte> data) { return {reinterpret_cast<const char*>(data.data()), data.size()}; }

/// Each test runs on this thread and on the pool.
class DescriptorTest : public ::testing::TestWithParam<bool> {
 protected:
  std::unique_ptr<Sandbox> sandbox(SandboxOptions options = {}) {
    options.may_hang = GetParam();
    return std::make_unique<Sandbox>(options);
  }
};
INSTANTIATE_TEST_SUITE_P(ThreadAndPool, DescriptorTest, ::testing::Bool(), [](const auto& which) { return which.param ? "OnPool" : "OnThread"; });

TEST_P(DescriptorTest, ReadsAtAnOffset) {
  auto box = sandbox();
  put(box->data() / "file", "0123456789");
  auto file = box->open("file");
  const auto read = [&](uint64_t length, uint64_t offset) {
    const auto answer = file->read(box->context(), length, offset);
    if (!answer || !*answer) return outcome(answer);
    const auto& [list, is_end] = **answer;
    return text(list.view()) + (is_end ? "|" : "");
  };
  EXPECT_EQ(read(4, 0), "0123");
  EXPECT_EQ(read(4, 8), "89");
  EXPECT_EQ(read(4, 10), "|");
  EXPECT_EQ(read(4, uint64_t{1} << 40), "|");
  EXPECT_EQ(read(0, 0), "|");
  EXPECT_EQ(read(uint64_t{4} << 30, 0), "0123456789");
  EXPECT_EQ(read(std::numeric_limits<uint64_t>::max(), 1), "123456789");
  EXPECT_EQ(read(1, std::numeric_limits<uint64_t>::max()), "invalid");
  EXPECT_EQ(outcome(box->open("file", 0, write_flag)->read(box->context(), 1, 0)), "bad-descriptor");
  EXPECT_EQ(outcome(box->root().read(box->context(), 1, 0)), "bad-descriptor");
}

TEST_P(DescriptorTest, WritesAtAnOffset) {
  auto box = sandbox();
  auto file = box->open("new", create_flag, read_flag | write_flag);
  EXPECT_EQ(**file->write(box->context(), bytes("hello"), 0), 5U);
  EXPECT_EQ(**file->write(box->context(), bytes("!"), 7), 1U);
  EXPECT_EQ(**file->write(box->context(), {}, 100), 0U);
  EXPECT_EQ(content_of(box->data() / "new"), std::string("hello\0\0!", 8));
  EXPECT_EQ(outcome(file->write(box->context(), bytes("x"), std::numeric_limits<uint64_t>::max())), "invalid");
  EXPECT_EQ(outcome(box->open("new")->write(box->context(), bytes("x"), 0)), "bad-descriptor");
  EXPECT_EQ(outcome(box->root().write(box->context(), bytes("x"), 0)), "bad-descriptor");
}

TEST_P(DescriptorTest, WritesMoreThanOnePiece) {
  auto box = sandbox();
  auto file = box->open("new", create_flag, write_flag);
  const std::string large((size_t{17} << 20) + 3, 'x');
  EXPECT_EQ(**file->write(box->context(), bytes(large), 1), large.size());
  EXPECT_EQ(std::filesystem::file_size(box->data() / "new"), large.size() + 1);
}

TEST_P(DescriptorTest, ChargesBytesAndCutsTheLastOnes) {
  auto box = sandbox({.limits = {.bytes_in = 8, .bytes_out = 8}});
  put(box->data() / "file", "0123456789");
  auto file = box->open("file", 0, read_flag | write_flag);
  EXPECT_EQ(std::get<0>(**file->read(box->context(), 6, 0)).view().size(), 6U);
  EXPECT_EQ(std::get<0>(**file->read(box->context(), 6, 0)).view().size(), 2U);
  EXPECT_TRUE(std::get<1>(**file->read(box->context(), 6, 10)));
  const auto spent = file->read(box->context(), 6, 0);
  ASSERT_FALSE(spent);
  EXPECT_EQ(spent.error().kind(), ErrorKind::LimitExceeded);
  EXPECT_EQ(**file->write(box->context(), bytes("abcdef"), 0), 6U);
  const auto over = file->write(box->context(), bytes("ghij"), 6);
  ASSERT_FALSE(over);
  EXPECT_EQ(over.error().kind(), ErrorKind::LimitExceeded);
  EXPECT_EQ(content_of(box->data() / "file"), "abcdefgh89");
}

TEST_P(DescriptorTest, TellsItsFlagsAndType) {
  auto box = sandbox();
  put(box->data() / "file", "");
  std::filesystem::create_directory(box->data() / "dir");
  ASSERT_EQ(mkfifo((box->data() / "fifo").c_str(), 0600), 0);
  EXPECT_EQ(box->root().flags().bits[0], read_flag | DescriptorFlags::mutate_directory);
  EXPECT_EQ(box->open("file")->flags().bits[0], read_flag);
  EXPECT_EQ(box->open("file", 0, write_flag)->flags().bits[0], write_flag);
  EXPECT_EQ(box->open("file", 0, 0)->flags().bits[0], read_flag);
  EXPECT_EQ(box->open("file", create_flag, read_flag)->flags().bits[0], read_flag | write_flag);
  // As wasmtime has it: a folder that was opened says nothing of what may be done in it.
  EXPECT_EQ(box->open("dir", directory_flag, read_flag | DescriptorFlags::mutate_directory)->flags().bits[0], read_flag);
  EXPECT_EQ(box->root().kind(), DescriptorType::Directory);
  EXPECT_EQ(box->open("dir")->kind(), DescriptorType::Directory);
  EXPECT_EQ(box->open("file")->kind(), DescriptorType::RegularFile);
  EXPECT_EQ(box->open("fifo")->kind(), DescriptorType::Fifo);
}

TEST_P(DescriptorTest, SetsTheSize) {
  auto box = sandbox();
  put(box->data() / "file", "0123456789");
  auto file = box->open("file", 0, write_flag);
  EXPECT_EQ(outcome(file->set_size(box->context(), 4)), "ok");
  EXPECT_EQ(content_of(box->data() / "file"), "0123");
  EXPECT_EQ(outcome(file->set_size(box->context(), 6)), "ok");
  EXPECT_EQ(content_of(box->data() / "file"), std::string("0123\0\0", 6));
  EXPECT_EQ(outcome(file->set_size(box->context(), std::numeric_limits<uint64_t>::max())), "invalid");
  EXPECT_EQ(outcome(box->open("file")->set_size(box->context(), 1)), "invalid");
  EXPECT_EQ(outcome(box->root().set_size(box->context(), 1)), "bad-descriptor");
}

TEST_P(DescriptorTest, SetsTimes) {
  auto box = sandbox();
  put(box->data() / "file", "");
  auto file = box->open("file");
  EXPECT_EQ(outcome(file->set_times(box->context(), at(1000, 5), at(2000, 1'500'000'000))), "ok");
  const auto stat = *file->stat(box->context());
  EXPECT_EQ(stat->data_access_timestamp->seconds, 1000U);
  EXPECT_EQ(stat->data_access_timestamp->nanoseconds, 5U);
  EXPECT_EQ(stat->data_modification_timestamp->seconds, 2001U);
  EXPECT_EQ(stat->data_modification_timestamp->nanoseconds, 500'000'000U);
  EXPECT_EQ(outcome(file->set_times(box->context(), no_change(), now())), "ok");
  const auto later = *file->stat(box->context());
  EXPECT_EQ(later->data_access_timestamp->seconds, 1000U);
  EXPECT_GT(later->data_modification_timestamp->seconds, 1'600'000'000U);
  EXPECT_EQ(outcome(file->set_times(box->context(), no_change(), no_change())), "ok");
  EXPECT_EQ(outcome(box->root().set_times(box->context(), at(1), at(2))), "ok");
  EXPECT_EQ((*box->root().stat(box->context()))->data_modification_timestamp->seconds, 2U);
  EXPECT_EQ(outcome(file->set_times(box->context(), at(uint64_t{1} << 63), no_change())), "overflow");
  EXPECT_EQ(outcome(file->set_times(box->context(), no_change(), at((uint64_t{1} << 63) - 1, 1'000'000'000))), "overflow");
}

TEST_P(DescriptorTest, TellsWhatItIs) {
  auto box = sandbox();
  put(box->data() / "file", "0123456789");
  std::filesystem::create_hard_link(box->data() / "file", box->data() / "other");
  auto file = box->open("file");
  const auto stat = *file->stat(box->context());
  EXPECT_EQ(stat->type, DescriptorType::RegularFile);
  EXPECT_EQ(stat->size, 10U);
  EXPECT_EQ(stat->link_count, 2U);
  ASSERT_TRUE(stat->status_change_timestamp);
  auto other = box->open("other");
  put(box->data() / "third", "0123456789");
  auto third = box->open("third");
  EXPECT_TRUE(file->is_same_object(*other));
  EXPECT_FALSE(file->is_same_object(*third));
  EXPECT_FALSE(file->is_same_object(box->root()));
  EXPECT_EQ(file->metadata_hash(), other->metadata_hash());
  EXPECT_NE(file->metadata_hash(), third->metadata_hash());
  EXPECT_EQ(file->metadata_hash(), **box->root().metadata_hash_at(box->context(), follow, "other"));
  const struct timespec before_1970[2] = {{.tv_sec = -5, .tv_nsec = 0}, {.tv_sec = -5, .tv_nsec = 0}};
  ASSERT_EQ(utimensat(AT_FDCWD, (box->data() / "file").c_str(), before_1970, 0), 0);
  EXPECT_FALSE((*file->stat(box->context()))->data_modification_timestamp);
}

TEST_P(DescriptorTest, SyncsFilesAndFolders) {
  auto box = sandbox();
  put(box->data() / "file", "");
  EXPECT_EQ(outcome(box->open("file")->sync(box->context(), false)), "ok");
  EXPECT_EQ(outcome(box->open("file", 0, write_flag)->sync(box->context(), true)), "ok");
  EXPECT_EQ(outcome(box->root().sync(box->context(), false)), "ok");
  EXPECT_EQ(outcome(box->root().sync(box->context(), true)), "ok");
}

TEST_P(DescriptorTest, TakesAdvice) {
  auto box = sandbox();
  put(box->data() / "file", "");
  auto file = box->open("file");
  for (int advice = 0; advice < 6; advice++) EXPECT_EQ(outcome(file->advise(box->context(), 0, 0, static_cast<Advice>(advice))), "ok") << advice;
  EXPECT_EQ(outcome(file->advise(box->context(), 0, uint64_t{1} << 63, Advice::Normal)), "invalid");
  EXPECT_EQ(outcome(box->root().advise(box->context(), 0, 0, Advice::Normal)), "bad-descriptor");
}

TEST_P(DescriptorTest, OpensStreamsOnFilesAlone) {
  auto box = sandbox();
  put(box->data() / "file", "");
  EXPECT_EQ(outcome(box->open("file")->read_via_stream(0)), "ok");
  EXPECT_EQ(outcome(box->open("file")->write_via_stream(box->context(), 0)), "ok");
  EXPECT_EQ(outcome(box->root().read_via_stream(0)), "is-directory");
  EXPECT_EQ(outcome(box->root().write_via_stream(box->context(), 0)), "bad-descriptor");
  EXPECT_EQ(outcome(box->root().write_via_stream(box->context(), std::nullopt)), "bad-descriptor");
}

TEST_P(DescriptorTest, ListsFoldersAlone) {
  auto box = sandbox();
  put(box->data() / "file", "");
  EXPECT_EQ(outcome(box->root().read_directory(box->context())), "ok");
  EXPECT_EQ(outcome(box->open("file")->read_directory(box->context())), "not-directory");
}

TEST_P(DescriptorTest, ChangesNothingInAReadOnlyFolder) {
  auto box = sandbox({.is_read_only = true});
  put(box->data() / "file", "file");
  std::filesystem::create_directory(box->data() / "dir");
  Context& context = box->context();
  Descriptor& root = box->root();
  auto file = box->open("file");
  EXPECT_EQ(root.flags().bits[0], read_flag);
  const std::vector<std::pair<const char*, std::string>> outcomes = {
      {"write", outcome(file->write(context, bytes("x"), 0))},
      {"write-via-stream", outcome(file->write_via_stream(context, 0))},
      {"append-via-stream", outcome(file->write_via_stream(context, std::nullopt))},
      {"set-size", outcome(file->set_size(context, 0))},
      {"set-times", outcome(file->set_times(context, now(), now()))},
      {"set-times of the folder", outcome(root.set_times(context, now(), now()))},
      {"set-times-at", outcome(root.set_times_at(context, follow, "file", now(), now()))},
      {"open-at write", outcome(box->try_open("file", 0, write_flag))},
      {"open-at create", outcome(box->try_open("file", create_flag))},
      {"open-at create new", outcome(box->try_open("new", create_flag | OpenFlags::exclusive))},
      {"open-at truncate", outcome(box->try_open("file", OpenFlags::truncate))},
      {"create-directory-at", outcome(root.create_directory_at(context, "new"))},
      {"remove-directory-at", outcome(root.remove_directory_at(context, "dir"))},
      {"unlink-file-at", outcome(root.unlink_file_at(context, "file"))},
      {"symlink-at", outcome(root.symlink_at(context, "file", "link"))},
      {"link-at", outcome(root.link_at(context, no_follow, "file", root, "other"))},
      {"rename-at", outcome(root.rename_at(context, "file", root, "other"))},
  };
  for (const auto& [operation, result] : outcomes) EXPECT_EQ(result, "not-permitted") << operation;
  EXPECT_EQ(outcome(box->open("dir")->create_directory_at(context, "new")), "not-permitted");
  EXPECT_EQ(content_of(box->data() / "file"), "file");
  // Reading is untouched.
  EXPECT_EQ(outcome(file->read(context, 4, 0)), "ok");
  EXPECT_EQ(outcome(root.stat_at(context, follow, "file")), "ok");
  EXPECT_EQ(outcome(root.read_directory(context)), "ok");
  EXPECT_EQ(outcome(file->sync(context, false)), "ok");
  // Each kind of change is noted once, with what would allow it.
  std::vector<std::string> denied;
  for (const policy::Decision& decision : box->guard().decisions()) {
    if (decision.verdict != policy::Verdict::Denied) continue;
    EXPECT_EQ(decision.rule, "the folder /data is read-only");
    denied.push_back(decision.capability);
  }
  std::ranges::sort(denied);
  EXPECT_EQ(denied, (std::vector<std::string>{"filesystem:create:/data", "filesystem:delete:/data", "filesystem:write:/data"}));
}

TEST(MetadataHashTest, IsWhatWasmtimeMakesOfTheSameObject) {
  // SipHash-1-3 with zero keys over both numbers, as Rust's default hasher has it.
  EXPECT_EQ(metadata_hash(0, 0).lower, 0x76be999e3e25b2a0U);
  EXPECT_EQ(metadata_hash(1, 2).lower, 0xfb058313e6201d48U);
  EXPECT_EQ(metadata_hash(66305, 131074).lower, 0xb72632cc2993432dU);
  EXPECT_NE(metadata_hash(1, 2), metadata_hash(2, 1));
  EXPECT_NE(metadata_hash(1, 2).lower, metadata_hash(1, 2).upper);
}

}  // namespace
}  // namespace tenon::wasi::filesystem
