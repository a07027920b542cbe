#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>

namespace tenon::wasi {

/// A descriptor of this process that is read or written without waiting, and that stays as it is for everybody else who has it: O_NONBLOCK belongs to what is
/// open, not to the descriptor, so setting it would reach the shell that started the process. Instead:
///
///   sockets            recv and send with MSG_DONTWAIT
///   pipes, terminals   opened once more through /proc/self/fd, with O_NONBLOCK and the same direction
///   where that fails   poll(2), then a piece that a pipe with room takes whole
///   regular files      as they are: they do not wait for anybody
///
/// Does not close the descriptor that it was given. One thread at a time.
class QuietDescriptor final {
 public:
  enum class Direction : uint8_t { In, Out };

  QuietDescriptor(int descriptor, Direction direction);
  ~QuietDescriptor();
  QuietDescriptor(const QuietDescriptor&) = delete;
  QuietDescriptor& operator=(const QuietDescriptor&) = delete;

  /// How many bytes came: 0 at the end, nothing when none are there yet. Errors: an errno. `to` is not empty.
  std::expected<std::optional<size_t>, int> read(std::span<std::byte> to);
  /// How many bytes went out, 0 when none would without waiting. Errors: an errno. Raises SIGPIPE and SIGXFSZ: hold a `SignalGuard`. `from` is not empty.
  std::expected<size_t, int> write(std::span<const std::byte> from);
  /// Whether something is there to read or room to write, the end and errors counted. Of a file always.
  bool is_ready() const;

  /// What to wait for, with POLLIN or POLLOUT.
  int descriptor() const { return descriptor_; }

 private:
  /// `Closed`: not open, or not in this direction.
  enum class Way : uint8_t { File, Socket, Reopened, Polled, Closed };

  std::expected<size_t, int> write_polled(std::span<const std::byte> from) const;

  int descriptor_;
  /// Ours, or -1.
  int reopened_ = -1;
  short events_;
  Way way_ = Way::Polled;
};

}  // namespace tenon::wasi
