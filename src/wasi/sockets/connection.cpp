#include "wasi/sockets/connection.h"

#include <cerrno>
#include <cstring>
#include <utility>

#include <poll.h>
#include <sys/socket.h>

namespace tenon::wasi::sockets {

StreamResult<size_t> Connection::read(std::span<std::byte> to) {
  if (is_read_closed_) return std::unexpected(StreamFailure::closed());
  if (to.empty()) return 0;
  ssize_t count = 0;
  do {
    count = recv(socket_.number(), to.data(), to.size(), MSG_DONTWAIT);
  } while (count < 0 && errno == EINTR);
  if (count > 0) return static_cast<size_t>(count);
  if (count < 0 && errno == EAGAIN) return 0;
  is_read_closed_ = true;
  if (count == 0) return std::unexpected(StreamFailure::closed());
  const int number = errno;
  return std::unexpected(StreamFailure::failed(std::strerror(number), number));
}

bool Connection::is_readable() const { return is_read_closed_ || ready_events(socket_, POLLIN) != 0; }

void Connection::close_read() {
  if (is_read_closed_) return;
  is_read_closed_ = true;
  shutdown(socket_.number(), SHUT_RD);
}

void Connection::fail_write(int number) {
  writing_ = Writing::Closed;
  // The peer will not read on: the stream has ended, nothing failed.
  write_error_ = number == EPIPE ? 0 : number;
  kept_.clear();
  sent_ = 0;
}

StreamFailure Connection::write_failure() const {
  return write_error_ == 0 ? StreamFailure::closed() : StreamFailure::failed(std::strerror(write_error_), write_error_);
}

bool Connection::push() {
  while (sent_ < kept_.size()) {
    const ssize_t count = send(socket_.number(), kept_.data() + sent_, kept_.size() - sent_, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count >= 0) {
      sent_ += static_cast<size_t>(count);
    } else if (errno == EAGAIN) {
      return true;
    } else if (errno != EINTR) {
      fail_write(errno);
      return false;
    }
  }
  kept_.clear();
  sent_ = 0;
  if (writing_ == Writing::Closing) {
    writing_ = Writing::Closed;
    shutdown(socket_.number(), SHUT_WR);
  }
  return false;
}

/// What is kept, going out in the background as long as the connection lives.
class Connection::Rest final : public Background {
 public:
  explicit Rest(std::weak_ptr<Connection> connection) : connection_(std::move(connection)) {}

  bool advance() override {
    const std::shared_ptr<Connection> connection = connection_.lock();
    return connection && (connection->is_in_background_ = connection->push());
  }
  void prepare(WaitSet& set) override {
    if (const std::shared_ptr<Connection> connection = connection_.lock()) set.add_descriptor(connection->socket_.number(), POLLOUT);
  }

 private:
  std::weak_ptr<Connection> connection_;
};

void Connection::go_on_in_background(Context& context) {
  if (is_in_background_) return;
  is_in_background_ = true;
  context.add_background(std::make_shared<Rest>(weak_from_this()));
}

StreamResult<uint64_t> Connection::check_write() {
  if (push()) return 0;
  if (writing_ == Writing::Closed) return std::unexpected(write_failure());
  return write_bytes_max;
}

StreamResult<void> Connection::write(Context& context, std::span<const std::byte> bytes) {
  if (writing_ == Writing::Closed) return std::unexpected(write_failure());
  if (bytes.empty()) return {};
  // In the place of what was kept when there is none: no copy of what the system takes at once.
  size_t taken = 0;
  while (kept_.empty() && taken < bytes.size()) {
    const ssize_t count = send(socket_.number(), bytes.data() + taken, bytes.size() - taken, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count >= 0) {
      taken += static_cast<size_t>(count);
    } else if (errno == EAGAIN) {
      break;
    } else if (errno != EINTR) {
      fail_write(errno);
      return std::unexpected(write_failure());
    }
  }
  if (taken == bytes.size()) return {};
  kept_.insert(kept_.end(), bytes.begin() + static_cast<ptrdiff_t>(taken), bytes.end());
  go_on_in_background(context);
  return {};
}

StreamResult<void> Connection::flush() {
  if (push()) return {};
  if (writing_ == Writing::Closed) return std::unexpected(write_failure());
  return {};
}

bool Connection::is_writable() { return !push(); }

void Connection::close_write(Context& context) {
  if (writing_ != Writing::Open) return;
  writing_ = Writing::Closing;
  if (push()) go_on_in_background(context);
}

StreamResult<size_t> TcpInput::read(Context&, std::span<std::byte> to) { return connection_->read(to); }
bool TcpInput::is_ready(Context&) { return connection_->is_readable(); }
void TcpInput::prepare(Context&, WaitSet& set) { set.add_descriptor(connection_->socket().number(), POLLIN); }

StreamResult<uint64_t> TcpOutput::check_write(Context&) { return connection_->check_write(); }
StreamResult<void> TcpOutput::write(Context& context, std::span<const std::byte> bytes) { return connection_->write(context, bytes); }
StreamResult<void> TcpOutput::flush(Context&) { return connection_->flush(); }
bool TcpOutput::is_ready(Context&) { return connection_->is_writable(); }
void TcpOutput::prepare(Context&, WaitSet& set) { set.add_descriptor(connection_->socket().number(), POLLOUT); }

Result<> TcpOutput::settle(Context& context) {
  while (connection_->push()) {
    WaitSet set;
    prepare(context, set);
    TENON_CHECK_OK(context.wait(set));
  }
  return {};
}

}  // namespace tenon::wasi::sockets
