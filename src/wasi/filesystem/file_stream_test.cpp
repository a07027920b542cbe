#include "wasi/filesystem/file_stream.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <string>
#include <string_view>

#include "wasi/filesystem/sandbox.h"
#include "wasi/io/streams.h"

namespace tenon::wasi::filesystem {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace): what the tests are written in

std::span<const std::byte> bytes(std::string_view text) { return std::as_bytes(std::span(text)); }

class FileStream : public ::testing::TestWithParam<bool> {
 protected:
  void SetUp() override { box_ = std::make_unique<Sandbox>(SandboxOptions{.may_hang = GetParam()}); }
  Context& context() { return box_->context(); }

  /// What one read brings, waiting for it; the failure's text, or "closed".
  std::string read(InputStream& stream, size_t size) {
    std::string buffer(size, '\0');
    while (true) {
      const auto count = stream.read(context(), std::as_writable_bytes(std::span(buffer)));
      if (!count) return count.error().error ? count.error().error->message : "closed";
      if (*count != 0 || size == 0) return buffer.substr(0, *count);
      EXPECT_TRUE(context().wait_for(stream));
    }
  }
  std::string write(OutputStream& stream, std::string_view text) {
    auto written = charged_write_all(context(), stream, bytes(text));
    if (!written) return written.error().message();
    if (*written) return "ok";
    return written->error().error ? written->error().error->message : "closed";
  }
  std::unique_ptr<InputStream> input(std::string_view path, uint64_t offset, uint32_t flags = DescriptorFlags::read) {
    return std::move(*box_->open(path, 0, flags)->read_via_stream(offset));
  }
  std::unique_ptr<OutputStream> output(std::string_view path, std::optional<uint64_t> offset, uint32_t flags = DescriptorFlags::write) {
    return std::move(*box_->open(path, 0, flags)->write_via_stream(context(), offset));
  }

  std::unique_ptr<Sandbox> box_;
};
INSTANTIATE_TEST_SUITE_P(ThreadAndPool, FileStream, ::testing::Bool(), [](const auto& which) { return which.param ? "OnPool" : "OnThread"; });

TEST_P(FileStream, ReadsFromItsOffsetToTheEnd) {
  put(box_->data() / "file", "0123456789");
  auto stream = input("file", 2);
  EXPECT_EQ(read(*stream, 0), "");
  EXPECT_EQ(read(*stream, 5), "23456");
  EXPECT_EQ(read(*stream, 5), "789");
  EXPECT_EQ(read(*stream, 5), "closed");
}

TEST_P(FileStream, ReadsManyPieces) {
  std::string large;
  for (int i = 0; large.size() < 300'000; i++) large += std::to_string(i);
  put(box_->data() / "file", large);
  auto stream = input("file", 0);
  std::string got;
  while (true) {
    const std::string piece = read(*stream, 100'000);
    if (piece == "closed") break;
    got += piece;
  }
  EXPECT_EQ(got, large);
}

TEST_P(FileStream, HasAnOffsetOfItsOwn) {
  put(box_->data() / "file", "0123456789");
  auto file = box_->open("file", 0, DescriptorFlags::read | DescriptorFlags::write);
  auto first = std::move(*file->read_via_stream(0));
  auto second = std::move(*file->read_via_stream(5));
  auto third = std::move(*file->write_via_stream(context(), 8));
  EXPECT_EQ(read(*first, 3), "012");
  EXPECT_EQ(read(*second, 3), "567");
  EXPECT_EQ(write(*third, "AB"), "ok");
  EXPECT_EQ(read(*second, 3), "AB");
  EXPECT_EQ(read(*first, 3), "345");
  // The streams live on without the descriptor.
  file.reset();
  EXPECT_EQ(read(*first, 4), "67AB");
}

TEST_P(FileStream, TellsThatItIsReadyWhenThereIsSomething) {
  put(box_->data() / "file", "x");
  auto stream = input("file", 0);
  EXPECT_TRUE(context().wait_for(*stream));
  EXPECT_EQ(read(*stream, 4), "x");
  EXPECT_TRUE(context().wait_for(*stream));
  EXPECT_EQ(read(*stream, 4), "closed");
}

TEST_P(FileStream, NamesTheErrnoOfAFailure) {
  put(box_->data() / "file", "x");
  auto unreadable = input("file", 0, DescriptorFlags::write);
  std::array<std::byte, 1> buffer;
  auto failed = unreadable->read(context(), buffer);
  while (failed) {
    ASSERT_TRUE(context().wait_for(*unreadable));
    failed = unreadable->read(context(), buffer);
  }
  ASSERT_TRUE(failed.error().error);
  EXPECT_EQ(failed.error().error->number, EBADF);
  EXPECT_EQ(failed.error().error->message, "Bad file descriptor (os error 9)");
  auto unwritable = output("file", 0, DescriptorFlags::read);
  EXPECT_EQ(write(*unwritable, "y"), "Bad file descriptor (os error 9)");
  EXPECT_EQ(write(*unwritable, "y"), "closed");
  auto of_nothing = output("file", std::nullopt, DescriptorFlags::read);
  EXPECT_FALSE(of_nothing->check_write(context()));
}

TEST_P(FileStream, WritesFromItsOffset) {
  put(box_->data() / "file", "0123456789");
  auto stream = output("file", 3);
  EXPECT_EQ(write(*stream, "ab"), "ok");
  EXPECT_EQ(write(*stream, "cd"), "ok");
  EXPECT_EQ(content_of(box_->data() / "file"), "012abcd789");
  std::string large(200'000, 'L');
  EXPECT_EQ(write(*stream, large), "ok");
  EXPECT_EQ(content_of(box_->data() / "file"), "012abcd" + large);
}

TEST_P(FileStream, AppendsWhereTheFileEndsThen) {
  put(box_->data() / "file", "0");
  auto first = output("file", std::nullopt);
  auto second = output("file", std::nullopt);
  EXPECT_EQ(write(*first, "1"), "ok");
  EXPECT_EQ(write(*second, "2"), "ok");
  EXPECT_EQ(write(*first, "3"), "ok");
  EXPECT_EQ(content_of(box_->data() / "file"), "0123");
}

TEST_P(FileStream, TakesSeveralWritesBeforeItIsAskedAgain) {
  put(box_->data() / "file", "");
  auto stream = output("file", 0);
  ASSERT_GE(*stream->check_write(context()), 30U);
  for (int i = 0; i < 3; i++) ASSERT_TRUE(stream->write(context(), bytes("0123456789")));
  ASSERT_TRUE(stream->settle(context()));
  EXPECT_EQ(content_of(box_->data() / "file"), "012345678901234567890123456789");
}

TEST_P(FileStream, WritesNothingForNothing) {
  put(box_->data() / "file", "x");
  auto stream = output("file", 0);
  ASSERT_TRUE(stream->check_write(context()));
  EXPECT_TRUE(stream->write(context(), {}));
  EXPECT_TRUE(stream->flush(context()));
  EXPECT_TRUE(context().wait_for(*stream));
  EXPECT_EQ(content_of(box_->data() / "file"), "x");
}

TEST_P(FileStream, ReportsADiskThatIsFull) {
  if (::access("/dev/full", W_OK) != 0) GTEST_SKIP() << "no /dev/full";
  const auto full = std::make_shared<const OpenFile>(OpenFile{.fd = Fd(::open("/dev/full", O_WRONLY | O_CLOEXEC)), .may_hang = GetParam()});
  FileOutputStream stream(full, 0);
  EXPECT_EQ(write(stream, "x"), "No space left on device (os error 28)");
}

TEST(FileStreamOnPool, StopsAtTheDeadlineAndLeavesTheCallBehind) {
  // A pipe that nobody writes to, opened to block, stands for a file whose server does not answer.
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
  Fd writer(ends[1]);
  Sandbox box;
  const auto call = [&] {
    return run_blocking(box.context(), BlockingPool::shared(), [fd = std::make_shared<Fd>(ends[0])] {
      std::byte byte;
      return ::read(fd->get(), &byte, 1);
    });
  };
  const uint64_t abandoned = BlockingPool::shared().figures().abandoned;
  box.store().set_deadline(std::chrono::steady_clock::now() + std::chrono::milliseconds(20));
  const auto result = call();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind(), ErrorKind::Timeout);
  EXPECT_EQ(BlockingPool::shared().figures().abandoned, abandoned + 1);
}

}  // namespace
}  // namespace tenon::wasi::filesystem
