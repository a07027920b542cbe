#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "wasi/context.h"
#include "wasi/sockets/socket.h"
#include "wasi/stream.h"

namespace tenon::wasi::sockets {

/// An established TCP connection: what its socket and its two streams share. One thread at a time.
///
/// What `write` takes and the system does not yet is kept, at most `write_bytes_max`, and goes out in the background; while something is kept nothing more is
/// taken. Shared because at the end of a store streams and socket end in any order; what goes on in the background does not keep it alive.
class Connection final : public std::enable_shared_from_this<Connection> {
 public:
  static constexpr uint64_t write_bytes_max = uint64_t{64} << 10;

  explicit Connection(Descriptor socket) : socket_(std::move(socket)) {}

  const Descriptor& socket() const { return socket_; }

  /// At most what is there; 0 when nothing is yet.
  StreamResult<size_t> read(std::span<std::byte> to);
  bool is_readable() const;
  /// Ends reading: what came in and was not read is lost.
  void close_read();

  /// How much `write` takes now: all that may be kept, or 0 while something is.
  StreamResult<uint64_t> check_write();
  StreamResult<void> write(Context& context, std::span<const std::byte> bytes);
  StreamResult<void> flush();
  /// Whether `check_write` gives more than 0, or an error.
  bool is_writable();
  /// Ends writing: after what is kept, the peer is told.
  void close_write(Context& context);

  /// Sends what is kept. Whether some is left.
  bool push();

 private:
  class Rest;

  enum class Writing : uint8_t {
    Open,
    /// Closes when nothing is kept any more.
    Closing,
    Closed,
  };

  void fail_write(int number);
  /// How writing ended; closed when it did not fail.
  StreamFailure write_failure() const;
  void go_on_in_background(Context& context);

  Descriptor socket_;
  bool is_read_closed_ = false;
  Writing writing_ = Writing::Open;
  /// The errno that ended writing, or 0.
  int write_error_ = 0;
  bool is_in_background_ = false;
  std::vector<std::byte> kept_;
  /// How much of `kept_` has gone out.
  size_t sent_ = 0;
};

/// The input-stream of a connection.
class TcpInput final : public InputStream {
 public:
  explicit TcpInput(std::shared_ptr<Connection> connection) : connection_(std::move(connection)) {}
  StreamResult<size_t> read(Context& context, std::span<std::byte> to) override;
  bool is_ready(Context& context) override;
  void prepare(Context& context, WaitSet& set) override;

 private:
  std::shared_ptr<Connection> connection_;
};

/// The output-stream of a connection. Its drop waits until what it took has gone out.
class TcpOutput final : public OutputStream {
 public:
  explicit TcpOutput(std::shared_ptr<Connection> connection) : connection_(std::move(connection)) {}
  StreamResult<uint64_t> check_write(Context& context) override;
  StreamResult<void> write(Context& context, std::span<const std::byte> bytes) override;
  StreamResult<void> flush(Context& context) override;
  bool is_ready(Context& context) override;
  void prepare(Context& context, WaitSet& set) override;
  Result<> settle(Context& context) override;

 private:
  std::shared_ptr<Connection> connection_;
};

}  // namespace tenon::wasi::sockets
