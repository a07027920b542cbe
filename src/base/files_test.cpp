#include "base/files.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>

namespace tenon::base {
namespace {

class Files : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "tenon-files-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::filesystem::path path(std::string_view name) const { return folder_ / name; }
  size_t entries() const { return static_cast<size_t>(std::distance(std::filesystem::directory_iterator(folder_), {})); }

 private:
  std::filesystem::path folder_;
};

TEST_F(Files, ReadsWhatWasWritten) {
  const std::string content("a\0b\n", 4);
  ASSERT_TRUE(write_file(path("x"), content));
  EXPECT_EQ(*read_file(path("x"), 4), content);
}

TEST_F(Files, ReadsAnEmptyFileWithNoRoom) {
  ASSERT_TRUE(write_file(path("x"), ""));
  EXPECT_EQ(*read_file(path("x"), 0), "");
}

TEST_F(Files, RefusesMoreThanTheLimit) {
  ASSERT_TRUE(write_file(path("x"), "12345"));
  const auto result = read_file(path("x"), 4);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind(), ErrorKind::LimitExceeded);
  EXPECT_NE(result.error().message().find("is 5 bytes, at most 4 are read"), std::string::npos);
}

TEST_F(Files, StopsReadingADeviceWithoutEnd) { EXPECT_EQ(read_file("/dev/zero", 1000).error().kind(), ErrorKind::LimitExceeded); }

TEST_F(Files, ReadsAPipeOfAnySize) {
  const std::string pipe = path("pipe").string();
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  const std::string content(300'000, 'x');
  std::thread writer([&] { std::ofstream(pipe) << content; });
  EXPECT_EQ(*read_file(pipe, content.size()), content);
  writer.join();
}

TEST_F(Files, ReadsAFileThatSaysItIsEmpty) {
  // Files of /proc say that they have no bytes.
  const auto status = read_file("/proc/self/status", 1 << 20);
  ASSERT_TRUE(status);
  EXPECT_NE(status->find("VmRSS"), std::string::npos);
}

TEST_F(Files, TellsMissingFromFolder) {
  EXPECT_EQ(read_file(path("none"), 10).error().kind(), ErrorKind::NotFound);
  EXPECT_EQ(read_file(path(""), 10).error().kind(), ErrorKind::InvalidInput);
  EXPECT_EQ(write_file(path("none/x"), "").error().kind(), ErrorKind::NotFound);
}

TEST_F(Files, ReplacesAFileAndLeavesNothingElse) {
  ASSERT_TRUE(write_file(path("x"), "old"));
  ASSERT_TRUE(write_file(path("x"), "new", 0600));
  EXPECT_EQ(*read_file(path("x"), 10), "new");
  EXPECT_EQ(entries(), 1U);
  struct stat status = {};
  ASSERT_EQ(::stat(path("x").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600U);
}

TEST_F(Files, OpensANewFileToNobodyWhoCouldNotReadTheOld) {
  ASSERT_TRUE(write_file(path("x"), "old", 0600));
  ASSERT_TRUE(write_file(path("x"), "new"));
  struct stat status = {};
  ASSERT_EQ(::stat(path("x").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600U);
}

TEST_F(Files, ReplacesWhatALinkNamesAndNotTheLink) {
  std::filesystem::create_directory(path("folder"));
  std::filesystem::create_symlink("folder/file", path("link"));
  ASSERT_TRUE(write_file(path("link"), "new"));  // the file was not there
  ASSERT_TRUE(write_file(path("link"), "newer"));
  EXPECT_TRUE(std::filesystem::is_symlink(path("link")));
  EXPECT_EQ(*read_file(path("folder/file"), 10), "newer");
}

TEST_F(Files, WritesToAPipeWhichStaysOne) {
  const std::string pipe = path("pipe").string();
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  std::string got;
  std::thread reader([&] { got = read_file(pipe, 1000).value_or("nothing"); });
  EXPECT_TRUE(write_file(pipe, "through"));
  reader.join();
  EXPECT_EQ(got, "through");
  EXPECT_TRUE(std::filesystem::is_fifo(pipe));
  EXPECT_EQ(entries(), 1U);
}

TEST_F(Files, WritesToAnOpenDescriptorByItsName) {
  const int file = ::open(path("x").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  ASSERT_GE(file, 0);
  std::filesystem::create_symlink("/proc/self/fd/" + std::to_string(file), path("link"));
  ASSERT_TRUE(write_file(path("link"), "open"));
  char content[4] = {};
  EXPECT_EQ(::pread(file, content, sizeof content, 0), 4);
  EXPECT_EQ(std::string(content, 4), "open");
  ::close(file);
}

TEST_F(Files, RefusesToWriteOverAFolder) {
  const auto written = write_file(path(""), "x");
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().kind(), ErrorKind::InvalidInput);
  EXPECT_EQ(entries(), 0U);
}

TEST_F(Files, KeepsTheOldContentWhenTheNewDoesNotFit) {
  ASSERT_TRUE(write_file(path("x"), "old"));
  rlimit before = {};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit small = {.rlim_cur = 10, .rlim_max = before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  const auto result = write_file(path("x"), std::string(100, 'n'));
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  std::signal(SIGXFSZ, handler);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind(), ErrorKind::Unavailable);
  EXPECT_EQ(*read_file(path("x"), 10), "old");
  EXPECT_EQ(entries(), 1U);
}

}  // namespace
}  // namespace tenon::base
