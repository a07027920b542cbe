#include "wasi/io/quiet_descriptor.h"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <string>

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

namespace tenon::wasi {

namespace {

/// The same pipe or terminal, opened once more so that it does not wait; -1 when that cannot be done.
int reopen(int descriptor, QuietDescriptor::Direction direction) {
  const int wanted = direction == QuietDescriptor::Direction::In ? O_RDONLY : O_WRONLY;
  const std::string path = "/proc/self/fd/" + std::to_string(descriptor);
  return open(path.c_str(), wanted | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

template <class F>
auto retried(F call) {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}

/// /dev/null, /dev/zero and /dev/full, by the numbers that Linux gave them for good.
bool is_memory_device(const struct stat& status) {
  const unsigned number = minor(status.st_rdev);
  return S_ISCHR(status.st_mode) && major(status.st_rdev) == 1 && (number == 3 || number == 5 || number == 7);
}

constexpr bool is_would_wait(int number) { return number == EAGAIN || number == EWOULDBLOCK; }

}  // namespace

QuietDescriptor::QuietDescriptor(int descriptor, Direction direction) : descriptor_(descriptor), events_(direction == Direction::In ? POLLIN : POLLOUT) {
  // Waiting for what a descriptor is not open for never ends, and opening it by its name once more could give what it has not.
  const int flags = fcntl(descriptor, F_GETFL);
  const int mode = flags & O_ACCMODE;
  struct stat status{};
  if (flags < 0 || fstat(descriptor, &status) != 0 || (mode != O_RDWR && mode != (direction == Direction::In ? O_RDONLY : O_WRONLY))) {
    way_ = Way::Closed;
    return;
  }
  if (S_ISREG(status.st_mode) || S_ISDIR(status.st_mode) || S_ISBLK(status.st_mode) || is_memory_device(status)) {
    way_ = Way::File;
  } else if (S_ISSOCK(status.st_mode)) {
    way_ = Way::Socket;
  } else if (S_ISFIFO(status.st_mode) || isatty(descriptor) == 1) {
    reopened_ = reopen(descriptor, direction);
    if (reopened_ >= 0) way_ = Way::Reopened;
  }
}

QuietDescriptor::~QuietDescriptor() {
  if (reopened_ >= 0) close(reopened_);
}

std::expected<std::optional<size_t>, int> QuietDescriptor::read(std::span<std::byte> to) {
  if (way_ == Way::Closed) return std::unexpected(EBADF);
  // A descriptor without O_NONBLOCK waits when nothing is there.
  if (way_ == Way::Polled && !is_ready()) return std::nullopt;
  const ssize_t got = retried([&]() -> ssize_t {
    if (way_ == Way::Socket) return recv(descriptor_, to.data(), to.size(), MSG_DONTWAIT);
    return ::read(way_ == Way::Reopened ? reopened_ : descriptor_, to.data(), to.size());
  });
  if (got >= 0) return static_cast<size_t>(got);
  // The other end of a terminal that went away.
  if (errno == EIO && isatty(descriptor_) == 1) return 0;
  if (is_would_wait(errno)) return std::nullopt;
  return std::unexpected(errno);
}

std::expected<size_t, int> QuietDescriptor::write(std::span<const std::byte> from) {
  if (way_ == Way::Closed) return std::unexpected(EBADF);
  if (way_ == Way::Polled) return write_polled(from);
  const ssize_t put = retried([&]() -> ssize_t {
    if (way_ == Way::Socket) return send(descriptor_, from.data(), from.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    return ::write(way_ == Way::Reopened ? reopened_ : descriptor_, from.data(), from.size());
  });
  if (put >= 0) return static_cast<size_t>(put);
  if (is_would_wait(errno)) return 0;
  return std::unexpected(errno);
}

std::expected<size_t, int> QuietDescriptor::write_polled(std::span<const std::byte> from) const {
  size_t done = 0;
  while (done < from.size() && is_ready()) {
    const auto piece = from.subspan(done, std::min<size_t>(from.size() - done, PIPE_BUF));
    const ssize_t put = retried([&] { return ::write(descriptor_, piece.data(), piece.size()); });
    if (put < 0 && is_would_wait(errno)) break;
    if (put < 0) return std::unexpected(errno);
    done += static_cast<size_t>(put);
    if (static_cast<size_t>(put) < piece.size()) break;
  }
  return done;
}

bool QuietDescriptor::is_ready() const {
  if (way_ == Way::File || way_ == Way::Closed) return true;
  pollfd asked{descriptor_, events_, 0};
  return retried([&] { return poll(&asked, 1, 0); }) != 0;
}

}  // namespace tenon::wasi
