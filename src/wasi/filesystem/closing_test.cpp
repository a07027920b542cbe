#include "wasi/filesystem/closing.h"

#include <array>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

namespace tenon::wasi::filesystem {
namespace {

/// A file, and the end of a pipe that hangs up when it is closed.
struct Watched {
  std::unique_ptr<OpenFile> file;
  Fd watcher;
};

Watched make_watched() {
  std::array<int, 2> ends{};
  EXPECT_EQ(pipe2(ends.data(), O_CLOEXEC), 0);
  auto file = std::make_unique<OpenFile>();
  file->fd = Fd(ends[1]);
  file->may_hang = true;
  return {.file = std::move(file), .watcher = Fd(ends[0])};
}

bool is_closed(const Watched& watched, int milliseconds) {
  pollfd entry{.fd = watched.watcher.get(), .events = POLLIN, .revents = 0};
  return poll(&entry, 1, milliseconds) == 1 && (entry.revents & POLLHUP) != 0;
}

TEST(Closing, ClosesMoreFilesThanThePoolTakesCalls) {
  std::vector<Watched> files;
  for (int i = 0; i < 600; ++i) files.push_back(make_watched());
  for (Watched& watched : files) Closing::shared().close(std::move(watched.file));
  for (const Watched& watched : files) EXPECT_TRUE(is_closed(watched, 10'000));
}

TEST(Closing, KeepsFilesUntilThePoolTakesCallsAgain) {
  const Watched first = make_watched();
  {
    BlockingPool none({.threads = 0, .waiting = 0});
    Closing closing(none);
    auto file = std::make_unique<OpenFile>();
    file->fd = Fd(fcntl(first.file->fd.get(), F_DUPFD_CLOEXEC, 0));
    first.file->fd = Fd();
    closing.close(std::move(file));
    EXPECT_FALSE(is_closed(first, 0));
  }
  EXPECT_TRUE(is_closed(first, 0)) << "its end closes what waits";
}

}  // namespace
}  // namespace tenon::wasi::filesystem
