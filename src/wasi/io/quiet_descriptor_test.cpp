#include "wasi/io/quiet_descriptor.h"

#include <gtest/gtest.h>

#include <array>
#include <cerrno>

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

namespace tenon::wasi {
namespace {

using Direction = QuietDescriptor::Direction;

TEST(QuietDescriptors, AskBeforeTheyUseWhatCannotBeOpenedOnceMore) {
  const int counter = eventfd(0, EFD_CLOEXEC);
  QuietDescriptor in(counter, Direction::In);
  QuietDescriptor out(counter, Direction::Out);
  std::array<std::byte, 8> bytes{};
  EXPECT_FALSE(in.is_ready());
  EXPECT_EQ(in.read(bytes).value(), std::nullopt);
  EXPECT_TRUE(out.is_ready());
  bytes[0] = std::byte{3};
  EXPECT_EQ(out.write(bytes).value(), 8);
  EXPECT_TRUE(in.is_ready());
  EXPECT_EQ(in.read(bytes).value(), 8);
  bytes.fill(std::byte{0xff});
  bytes[0] = std::byte{0xfe};
  EXPECT_EQ(out.write(bytes).value(), 8);
  // The counter is full: writing would wait.
  EXPECT_FALSE(out.is_ready());
  EXPECT_EQ(out.write(bytes).value(), 0);
  close(counter);
}

TEST(QuietDescriptors, SeeTheEndOfANamedPipeWhoseWriterIsGone) {
  char folder[] = "/tmp/tenon-fifo-XXXXXX";
  ASSERT_NE(mkdtemp(folder), nullptr);
  const std::string path = std::string(folder) + "/fifo";
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  const int reader = open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  const int writer = open(path.c_str(), O_WRONLY | O_CLOEXEC);
  ASSERT_EQ(write(writer, "x", 1), 1);
  close(writer);
  QuietDescriptor in(reader, Direction::In);
  std::array<std::byte, 8> bytes{};
  EXPECT_EQ(in.read(bytes).value(), 1);
  EXPECT_TRUE(in.is_ready());
  EXPECT_EQ(in.read(bytes).value(), 0);
  close(reader);
  unlink(path.c_str());
  rmdir(folder);
}

TEST(QuietDescriptors, RefuseADirectionThatTheDescriptorHasNot) {
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
  QuietDescriptor in(ends[1], Direction::In);
  QuietDescriptor out(ends[0], Direction::Out);
  std::array<std::byte, 8> bytes{};
  EXPECT_TRUE(in.is_ready());
  EXPECT_EQ(in.read(bytes).error(), EBADF);
  EXPECT_TRUE(out.is_ready());
  EXPECT_EQ(out.write(bytes).error(), EBADF);
  close(ends[0]);
  close(ends[1]);
}

TEST(QuietDescriptors, LeaveTheDescriptorOpen) {
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
  {
    const QuietDescriptor in(ends[0], Direction::In);
  }
  EXPECT_GE(fcntl(ends[0], F_GETFD), 0);
  close(ends[0]);
  close(ends[1]);
}

}  // namespace
}  // namespace tenon::wasi
