#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <tuple>
#include <variant>

#include "tenon/linker.h"
#include "tenon/typed.h"
#include "wasi/context.h"
#include "wasi/sockets/address.h"
#include "wasi/sockets/connection.h"
#include "wasi/sockets/error.h"
#include "wasi/sockets/socket.h"

namespace tenon::wasi::sockets {

/// `shutdown-type` of wasi:sockets/tcp.
enum class ShutdownType : uint8_t { Receive, Send, Both };

/// The `tcp-socket` of wasi:sockets/tcp, a state machine: fresh, listening, connecting, connected or closed, and beside it a bind, listen or connect that was
/// started and is not finished. No operation waits.
///
/// A bind or listen asks the guard for `network:listen` with the address that the guest asked for, a connect for `network:outbound`. Binding to any address and
/// port 0 says nothing about who may connect, and is what every client does: the guard is asked when the socket begins to listen.
class TcpSocket final : public Resource {
 public:
  static Answer<std::unique_ptr<TcpSocket>> create(IpAddressFamily family);

  Answer<> start_bind(Context& context, const Endpoint& local);
  Answer<> finish_bind();
  Answer<> start_connect(Context& context, const Endpoint& remote);
  /// The new connection.
  Answer<std::shared_ptr<Connection>> finish_connect();
  Answer<> start_listen(Context& context);
  Answer<> finish_listen();
  /// A socket that is connected.
  Answer<std::unique_ptr<TcpSocket>> accept();
  Answer<> shutdown(Context& context, ShutdownType type);

  Answer<Endpoint> local_address() const;
  Answer<Endpoint> remote_address() const;
  bool is_listening() const { return state_ == State::Listening; }
  IpAddressFamily family() const { return family_; }
  Answer<> set_listen_backlog_size(uint64_t value);
  /// Where its options are set. Error: `InvalidState` while it connects and when it is closed.
  Answer<const Descriptor*> options() const;
  /// Of a connected socket.
  const std::shared_ptr<Connection>& connection() const { return connection_; }

  /// Whether what was started is done, or a connection waits to be accepted; true when nothing goes on.
  bool is_ready() const;
  void prepare(WaitSet& set) const;

 private:
  enum class State : uint8_t { Fresh, Listening, Connecting, Connected, Closed };
  enum class Operation : uint8_t { None, Bind, Listen, Connect };

  TcpSocket(IpAddressFamily family, Descriptor socket) : family_(family), socket_(std::move(socket)) {}
  const Descriptor& socket() const { return connection_ ? connection_->socket() : socket_; }

  IpAddressFamily family_;
  State state_ = State::Fresh;
  Operation operation_ = Operation::None;
  bool is_bound_ = false;
  /// What was asked to be bound and the guard has not been asked about.
  std::optional<Endpoint> unasked_;
  /// The errno that connecting ended with at once.
  int connect_error_ = 0;
  int backlog_ = 128;
  /// Empty once there is a connection.
  Descriptor socket_;
  std::shared_ptr<Connection> connection_;
};

/// wasi:sockets/tcp and wasi:sockets/tcp-create-socket.
Result<> add_tcp(Linker& linker);

}  // namespace tenon::wasi::sockets

template <>
struct tenon::EnumTraits<tenon::wasi::sockets::ShutdownType> {
  static constexpr std::array<std::string_view, 3> names = {"receive", "send", "both"};
};
