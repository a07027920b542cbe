#include "wasi/sockets/connection.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <chrono>
#include <cstddef>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include "wasi/sockets/test_world.h"

namespace tenon::wasi::sockets {
namespace {

using namespace std::chrono_literals;

/// A connection and the other end of it, a plain socket that waits.
class Connections : public testing::Test {
 protected:
  Connections() {
    const Descriptor listener = *open_socket(IpAddressFamily::Ipv4, SOCK_STREAM);
    EXPECT_EQ(bind_to(listener, loopback(IpAddressFamily::Ipv4, 0)), 0);
    EXPECT_EQ(listen(listener.number(), 1), 0);
    peer_ = Descriptor(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(connect_to(peer_, *local_endpoint(listener)), 0);
    pollfd waiting = {listener.number(), POLLIN, 0};
    EXPECT_EQ(poll(&waiting, 1, -1), 1);
    connection_ = std::make_shared<Connection>(*accept_connection(listener));
  }

  Context& context() { return world_.context(); }
  void set_time(std::chrono::milliseconds time) { world_.store().set_deadline(std::chrono::steady_clock::now() + time); }

  /// Waits for the stream; false when the time runs out.
  bool wait_for(OutputStream& stream, std::chrono::milliseconds time) {
    set_time(time);
    const bool came = context().wait_for(stream).has_value();
    world_.store().clear_deadline();
    return came;
  }

  /// Writes until the peer, who does not read, keeps the rest from going out. How much was written.
  size_t fill(TcpOutput& output) {
    const std::vector<std::byte> bytes(Connection::write_bytes_max);
    size_t written = 0;
    while (wait_for(output, 50ms)) {
      const auto permit = output.check_write(context());
      if (!permit || *permit == 0) continue;
      EXPECT_TRUE(output.write(context(), std::span(bytes).first(*permit)));
      written += *permit;
    }
    // A system may take some of what it did not before. Of this some is kept for certain.
    const std::vector<std::byte> more(size_t{32} << 20);
    EXPECT_TRUE(output.write(context(), more));
    return written + more.size();
  }

  size_t read_to_end() const {
    std::vector<std::byte> room(100'000);
    size_t total = 0;
    while (true) {
      const ssize_t count = recv(peer_.number(), room.data(), room.size(), 0);
      if (count <= 0) return total;
      total += static_cast<size_t>(count);
    }
  }

  World world_;
  Descriptor peer_;
  std::shared_ptr<Connection> connection_;
};

TEST_F(Connections, KeepWhatAWriteTookAndTakeNoMoreUntilItIsOut) {
  TcpOutput output(connection_);
  const size_t written = fill(output);
  EXPECT_EQ(output.check_write(context()), 0U);
  EXPECT_FALSE(output.is_ready(context()));
  connection_->close_write(context());
  EXPECT_EQ(output.check_write(context()), 0U);
  std::thread reader([&] { EXPECT_EQ(read_to_end(), written); });
  // The rest goes out while the guest waits for its stream; then it is closed.
  EXPECT_TRUE(wait_for(output, 10s));
  reader.join();
  const auto after = output.check_write(context());
  ASSERT_FALSE(after);
  EXPECT_EQ(after.error().error, nullptr);
}

TEST_F(Connections, GoOnWritingWhileTheGuestWaitsForSomethingElse) {
  TcpOutput output(connection_);
  TcpInput input(connection_);
  const size_t written = fill(output);
  connection_->close_write(context());
  std::thread reader([&] {
    EXPECT_EQ(read_to_end(), written);
    EXPECT_EQ(send(peer_.number(), "x", 1, 0), 1);
  });
  set_time(10s);
  EXPECT_TRUE(context().wait_for(input));
  reader.join();
}

TEST_F(Connections, WaitWithADropUntilWhatIsKeptIsOut) {
  TcpOutput output(connection_);
  const size_t written = fill(output);
  set_time(20ms);
  const auto early = output.settle(context());
  ASSERT_FALSE(early);
  EXPECT_EQ(early.error().kind(), ErrorKind::Timeout);
  set_time(10s);
  size_t read = 0;
  std::thread reader([&] { read = read_to_end(); });
  EXPECT_TRUE(output.settle(context()));
  connection_->close_write(context());
  reader.join();
  EXPECT_EQ(read, written);
}

TEST_F(Connections, DropWhatIsKeptWhenThePeerIsGone) {
  TcpOutput output(connection_);
  fill(output);
  peer_ = Descriptor();
  set_time(10s);
  EXPECT_TRUE(output.settle(context()));
  const auto after = output.check_write(context());
  ASSERT_FALSE(after);
  // A reset, and told again however often it is asked.
  EXPECT_FALSE(output.write(context(), std::vector<std::byte>(1)));
  EXPECT_FALSE(output.flush(context()));
  EXPECT_TRUE(output.is_ready(context()));
}

TEST_F(Connections, EndWithTheirStreamsAlthoughTheyWereInTheBackground) {
  auto output = std::make_unique<TcpOutput>(connection_);
  fill(*output);
  std::thread reader([&] { read_to_end(); });
  set_time(10s);
  EXPECT_TRUE(output->settle(context()));
  // Nobody waits any more: the peer sees the end all the same.
  output.reset();
  connection_.reset();
  reader.join();
}

TEST_F(Connections, TakeSeveralWritesOfOnePermit) {
  TcpOutput output(connection_);
  const auto permit = output.check_write(context());
  ASSERT_TRUE(permit);
  const std::vector<std::byte> half(*permit / 2);
  EXPECT_TRUE(output.write(context(), half));
  EXPECT_TRUE(output.write(context(), half));
  EXPECT_TRUE(output.write(context(), {}));
  std::thread reader([&] { EXPECT_EQ(read_to_end(), 2 * half.size()); });
  set_time(10s);
  EXPECT_TRUE(output.settle(context()));
  connection_->close_write(context());
  reader.join();
}

}  // namespace
}  // namespace tenon::wasi::sockets
