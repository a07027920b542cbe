#include "wasi/sockets/tcp.h"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <utility>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include "wasi/link.h"
#include "wasi/sockets/network.h"

namespace tenon::wasi::sockets {
namespace {

using policy::Access;
using policy::Transport;

ErrorCode bind_code(int number) { return number == EAFNOSUPPORT ? ErrorCode::InvalidArgument : error_code_of(number); }

ErrorCode connect_code(int number) {
  switch (number) {
    case EAFNOSUPPORT: return ErrorCode::InvalidArgument;
    // Linux, when the implicit bind finds no free port.
    case EADDRNOTAVAIL:
    case EAGAIN: return ErrorCode::AddressInUse;
    default: return error_code_of(number);
  }
}

}  // namespace

Answer<std::unique_ptr<TcpSocket>> TcpSocket::create(IpAddressFamily family) {
  auto socket = open_socket(family, SOCK_STREAM);
  if (!socket) return refuse(socket.error());
  return std::unique_ptr<TcpSocket>(new TcpSocket(family, *std::move(socket)));
}

Answer<> TcpSocket::start_bind(Context& context, const Endpoint& local) {
  if (operation_ != Operation::None) return refuse(ErrorCode::ConcurrencyConflict);
  if (state_ != State::Fresh || is_bound_) return refuse(ErrorCode::InvalidState);
  if (!local.is_of(family_) || !local.is_unicast()) return refuse(ErrorCode::InvalidArgument);
  const bool is_any = local.is_unspecified() && local.port == 0;
  if (!is_any && !context.guard().allow_address(Access::NetworkListen, Transport::Tcp, local.ip, local.port)) return refuse(ErrorCode::AccessDenied);
  // A port that a connection of a former listener still waits on is free for the next listener.
  if (const auto set = set_option(socket_, SOL_SOCKET, SO_REUSEADDR, 1); !set) return set;
  if (const int number = bind_to(socket_, local); number != 0) return refuse(bind_code(number));
  is_bound_ = true;
  if (is_any) unasked_ = local;
  operation_ = Operation::Bind;
  return {};
}

Answer<> TcpSocket::finish_bind() {
  if (operation_ != Operation::Bind) return refuse(ErrorCode::NotInProgress);
  operation_ = Operation::None;
  return {};
}

Answer<> TcpSocket::start_connect(Context& context, const Endpoint& remote) {
  if (operation_ != Operation::None) return refuse(ErrorCode::ConcurrencyConflict);
  if (state_ != State::Fresh) return refuse(ErrorCode::InvalidState);
  if (!remote.is_of(family_) || !remote.is_unicast() || remote.is_unspecified() || remote.port == 0) return refuse(ErrorCode::InvalidArgument);
  if (!context.guard().allow_address(Access::NetworkOutbound, Transport::Tcp, remote.ip, remote.port)) return refuse(ErrorCode::AccessDenied);
  const int number = connect_to(socket_, remote);
  connect_error_ = number == EINPROGRESS || number == EINTR ? 0 : number;
  state_ = State::Connecting;
  operation_ = Operation::Connect;
  return {};
}

Answer<std::shared_ptr<Connection>> TcpSocket::finish_connect() {
  if (operation_ != Operation::Connect) return refuse(ErrorCode::NotInProgress);
  if (connect_error_ == 0) {
    if (ready_events(socket_, POLLOUT) == 0) return refuse(ErrorCode::WouldBlock);
    connect_error_ = take_error(socket_);
  }
  operation_ = Operation::None;
  if (connect_error_ != 0) {
    state_ = State::Closed;
    socket_ = Descriptor();
    return refuse(connect_code(connect_error_));
  }
  state_ = State::Connected;
  is_bound_ = true;
  connection_ = std::make_shared<Connection>(std::move(socket_));
  return connection_;
}

Answer<> TcpSocket::start_listen(Context& context) {
  if (operation_ != Operation::None) return refuse(ErrorCode::ConcurrencyConflict);
  if (state_ != State::Fresh || !is_bound_) return refuse(ErrorCode::InvalidState);
  if (unasked_ && !context.guard().allow_address(Access::NetworkListen, Transport::Tcp, unasked_->ip, unasked_->port)) return refuse(ErrorCode::AccessDenied);
  if (listen(socket_.number(), backlog_) != 0) return refuse(error_code_of(errno));
  state_ = State::Listening;
  operation_ = Operation::Listen;
  return {};
}

Answer<> TcpSocket::finish_listen() {
  if (operation_ != Operation::Listen) return refuse(ErrorCode::NotInProgress);
  operation_ = Operation::None;
  return {};
}

Answer<std::unique_ptr<TcpSocket>> TcpSocket::accept() {
  if (state_ != State::Listening || operation_ != Operation::None) return refuse(ErrorCode::InvalidState);
  auto socket = accept_connection(socket_);
  if (!socket) return refuse(socket.error());
  std::unique_ptr<TcpSocket> accepted(new TcpSocket(family_, Descriptor()));
  accepted->state_ = State::Connected;
  accepted->is_bound_ = true;
  accepted->connection_ = std::make_shared<Connection>(*std::move(socket));
  return accepted;
}

Answer<> TcpSocket::shutdown(Context& context, ShutdownType type) {
  if (state_ != State::Connected) return refuse(ErrorCode::InvalidState);
  if (type != ShutdownType::Send) connection_->close_read();
  if (type != ShutdownType::Receive) connection_->close_write(context);
  return {};
}

Answer<Endpoint> TcpSocket::local_address() const {
  if (!is_bound_ || state_ == State::Connecting || state_ == State::Closed) return refuse(ErrorCode::InvalidState);
  return local_endpoint(socket());
}

Answer<Endpoint> TcpSocket::remote_address() const {
  if (state_ != State::Connected) return refuse(ErrorCode::InvalidState);
  return remote_endpoint(socket());
}

Answer<> TcpSocket::set_listen_backlog_size(uint64_t value) {
  if (value == 0) return refuse(ErrorCode::InvalidArgument);
  const int backlog = static_cast<int>(std::min<uint64_t>(value, INT_MAX));
  if (state_ == State::Listening) {
    if (listen(socket_.number(), backlog) != 0) return refuse(ErrorCode::NotSupported);
  } else if (state_ != State::Fresh) {
    return refuse(ErrorCode::InvalidState);
  }
  backlog_ = backlog;
  return {};
}

Answer<const Descriptor*> TcpSocket::options() const {
  if (state_ == State::Connecting || state_ == State::Closed) return refuse(ErrorCode::InvalidState);
  return &socket();
}

bool TcpSocket::is_ready() const {
  if (operation_ == Operation::Connect) return connect_error_ != 0 || ready_events(socket_, POLLOUT) != 0;
  if (operation_ == Operation::None && state_ == State::Listening) return ready_events(socket_, POLLIN) != 0;
  return true;
}

void TcpSocket::prepare(WaitSet& set) const {
  const short events = operation_ == Operation::Connect ? POLLOUT : POLLIN;
  set.add_descriptor(socket_.number(), events);
}

namespace {

constexpr uint64_t nanoseconds_in_second = 1'000'000'000;
/// What the system takes for keep-alive times (seconds) and counts.
constexpr uint64_t keep_alive_seconds_max = 32'767;
constexpr uint32_t keep_alive_count_max = 127;

/// The subscription of a socket, its child.
class TcpPollable final : public Pollable {
 public:
  explicit TcpPollable(const TcpSocket& socket) : socket_(socket) {}
  bool is_ready(Context&) override { return socket_.is_ready(); }
  void prepare(Context&, WaitSet& set) override { socket_.prepare(set); }

 private:
  const TcpSocket& socket_;
};

using Self = HostBorrow<TcpSocket>;
using Streams = std::tuple<HostOwn<InputStream>, HostOwn<OutputStream>>;
using Accepted = std::tuple<HostOwn<TcpSocket>, HostOwn<InputStream>, HostOwn<OutputStream>>;

TcpSocket& get(Context& wasi, Self self) { return wasi.resources().get<TcpSocket>(self.representation); }

Answer<IpSocketAddress> shown(const Answer<Endpoint>& endpoint) {
  if (!endpoint) return refuse(endpoint.error());
  return endpoint->to_guest();
}

Result<Streams> streams_of(Context& wasi, const std::shared_ptr<Connection>& connection, uint32_t socket) {
  TENON_TRY(const HostOwn<InputStream> input, wasi.own_child<InputStream>(std::make_unique<TcpInput>(connection), socket));
  TENON_TRY(const HostOwn<OutputStream> output, wasi.own_child<OutputStream>(std::make_unique<TcpOutput>(connection), socket));
  return Streams{input, output};
}

Answer<> set_seconds(const TcpSocket& socket, int name, uint64_t nanoseconds) {
  if (nanoseconds == 0) return refuse(ErrorCode::InvalidArgument);
  const auto options = socket.options();
  if (!options) return refuse(options.error());
  const uint64_t seconds = nanoseconds / nanoseconds_in_second + (nanoseconds % nanoseconds_in_second != 0 ? 1 : 0);
  return set_option(**options, IPPROTO_TCP, name, static_cast<int>(std::min(seconds, keep_alive_seconds_max)));
}

Answer<uint64_t> get_seconds(const TcpSocket& socket, int name) {
  const auto options = socket.options();
  if (!options) return refuse(options.error());
  const auto seconds = get_option(**options, IPPROTO_TCP, name);
  if (!seconds) return refuse(seconds.error());
  return static_cast<uint64_t>(std::max(*seconds, 0)) * nanoseconds_in_second;
}

Result<> add_operations(LinkerInstance& tcp) {
  TENON_CHECK_OK(define(tcp, "[method]tcp-socket.start-bind", [](Context& wasi, Self self, HostBorrow<Network>, IpSocketAddress local) -> Answer<> {
    return get(wasi, self).start_bind(wasi, Endpoint::of(local));
  }));
  TENON_CHECK_OK(define(tcp, "[method]tcp-socket.finish-bind", [](Context& wasi, Self self) -> Answer<> { return get(wasi, self).finish_bind(); }));
  TENON_CHECK_OK(define(tcp, "[method]tcp-socket.start-connect", [](Context& wasi, Self self, HostBorrow<Network>, IpSocketAddress remote) -> Answer<> {
    return get(wasi, self).start_connect(wasi, Endpoint::of(remote));
  }));
  TENON_CHECK_OK(define(tcp, "[method]tcp-socket.finish-connect", [](Context& wasi, Self self) -> Result<Answer<Streams>> {
    const auto connection = get(wasi, self).finish_connect();
    if (!connection) return refuse(connection.error());
    TENON_TRY(const Streams streams, streams_of(wasi, *connection, self.representation));
    return streams;
  }));
  TENON_CHECK_OK(define(tcp, "[method]tcp-socket.start-listen", [](Context& wasi, Self self) -> Answer<> { return get(wasi, self).start_listen(wasi); }));
  TENON_CHECK_OK(define(tcp, "[method]tcp-socket.finish-listen", [](Context& wasi, Self self) -> Answer<> { return get(wasi, self).finish_listen(); }));
  TENON_CHECK_OK(define(tcp, "[method]tcp-socket.accept", [](Context& wasi, Self self) -> Result<Answer<Accepted>> {
    auto accepted = get(wasi, self).accept();
    if (!accepted) return refuse(accepted.error());
    const std::shared_ptr<Connection> connection = (*accepted)->connection();
    TENON_TRY(const HostOwn<TcpSocket> socket, wasi.own<TcpSocket>(*std::move(accepted)));
    TENON_TRY(const Streams streams, streams_of(wasi, connection, socket.representation));
    return Accepted{socket, std::get<0>(streams), std::get<1>(streams)};
  }));
  TENON_CHECK_OK(
      define(tcp, "[method]tcp-socket.shutdown", [](Context& wasi, Self self, ShutdownType type) -> Answer<> { return get(wasi, self).shutdown(wasi, type); }));
  return define(tcp, "[method]tcp-socket.subscribe", [](Context& wasi, Self self) -> Result<HostOwn<Pollable>> {
    return wasi.own_child<Pollable>(std::make_unique<TcpPollable>(get(wasi, self)), self.representation);
  });
}

Result<> add_questions(LinkerInstance& tcp) {
  TENON_CHECK_OK(define(tcp, "[method]tcp-socket.local-address",
                        [](Context& wasi, Self self) -> Answer<IpSocketAddress> { return shown(get(wasi, self).local_address()); }));
  TENON_CHECK_OK(define(tcp, "[method]tcp-socket.remote-address",
                        [](Context& wasi, Self self) -> Answer<IpSocketAddress> { return shown(get(wasi, self).remote_address()); }));
  TENON_CHECK_OK(define(tcp, "[method]tcp-socket.is-listening", [](Context& wasi, Self self) -> bool { return get(wasi, self).is_listening(); }));
  return define(tcp, "[method]tcp-socket.address-family", [](Context& wasi, Self self) -> IpAddressFamily { return get(wasi, self).family(); });
}

Result<> add_keep_alive(LinkerInstance& tcp) {
  TENON_CHECK_OK(define(tcp, "[method]tcp-socket.keep-alive-enabled", [](Context& wasi, Self self) -> Answer<bool> {
    const auto options = get(wasi, self).options();
    if (!options) return refuse(options.error());
    const auto value = get_option(**options, SOL_SOCKET, SO_KEEPALIVE);
    if (!value) return refuse(value.error());
    return *value != 0;
  }));
  TENON_CHECK_OK(define(tcp, "[method]tcp-socket.set-keep-alive-enabled", [](Context& wasi, Self self, bool value) -> Answer<> {
    const auto options = get(wasi, self).options();
    if (!options) return refuse(options.error());
    return set_option(**options, SOL_SOCKET, SO_KEEPALIVE, value ? 1 : 0);
  }));
  TENON_CHECK_OK(define(tcp, "[method]tcp-socket.keep-alive-idle-time",
                        [](Context& wasi, Self self) -> Answer<uint64_t> { return get_seconds(get(wasi, self), TCP_KEEPIDLE); }));
  TENON_CHECK_OK(define(tcp, "[method]tcp-socket.set-keep-alive-idle-time",
                        [](Context& wasi, Self self, uint64_t value) -> Answer<> { return set_seconds(get(wasi, self), TCP_KEEPIDLE, value); }));
  TENON_CHECK_OK(define(tcp, "[method]tcp-socket.keep-alive-interval",
                        [](Context& wasi, Self self) -> Answer<uint64_t> { return get_seconds(get(wasi, self), TCP_KEEPINTVL); }));
  TENON_CHECK_OK(define(tcp, "[method]tcp-socket.set-keep-alive-interval",
                        [](Context& wasi, Self self, uint64_t value) -> Answer<> { return set_seconds(get(wasi, self), TCP_KEEPINTVL, value); }));
  TENON_CHECK_OK(define(tcp, "[method]tcp-socket.keep-alive-count", [](Context& wasi, Self self) -> Answer<uint32_t> {
    const auto options = get(wasi, self).options();
    if (!options) return refuse(options.error());
    const auto value = get_option(**options, IPPROTO_TCP, TCP_KEEPCNT);
    if (!value) return refuse(value.error());
    return static_cast<uint32_t>(std::max(*value, 0));
  }));
  return define(tcp, "[method]tcp-socket.set-keep-alive-count", [](Context& wasi, Self self, uint32_t value) -> Answer<> {
    if (value == 0) return refuse(ErrorCode::InvalidArgument);
    const auto options = get(wasi, self).options();
    if (!options) return refuse(options.error());
    return set_option(**options, IPPROTO_TCP, TCP_KEEPCNT, static_cast<int>(std::min(value, keep_alive_count_max)));
  });
}

template <Buffer B>
Answer<uint64_t> get_buffer(Context& wasi, Self self) {
  const auto options = get(wasi, self).options();
  if (!options) return refuse(options.error());
  return buffer_size(**options, B);
}

template <Buffer B>
Answer<> set_buffer(Context& wasi, Self self, uint64_t value) {
  const auto options = get(wasi, self).options();
  if (!options) return refuse(options.error());
  return set_buffer_size(**options, B, value);
}

Result<> add_options(LinkerInstance& tcp) {
  TENON_CHECK_OK(define(tcp, "[method]tcp-socket.set-listen-backlog-size",
                        [](Context& wasi, Self self, uint64_t value) -> Answer<> { return get(wasi, self).set_listen_backlog_size(value); }));
  TENON_CHECK_OK(add_keep_alive(tcp));
  TENON_CHECK_OK(define(tcp, "[method]tcp-socket.hop-limit", [](Context& wasi, Self self) -> Answer<uint8_t> {
    const TcpSocket& socket = get(wasi, self);
    const auto options = socket.options();
    if (!options) return refuse(options.error());
    return hop_limit(**options, socket.family());
  }));
  TENON_CHECK_OK(define(tcp, "[method]tcp-socket.set-hop-limit", [](Context& wasi, Self self, uint8_t value) -> Answer<> {
    const TcpSocket& socket = get(wasi, self);
    const auto options = socket.options();
    if (!options) return refuse(options.error());
    return set_hop_limit(**options, socket.family(), value);
  }));
  TENON_CHECK_OK(define(tcp, "[method]tcp-socket.receive-buffer-size", [](Context& wasi, Self self) { return get_buffer<Buffer::Receive>(wasi, self); }));
  TENON_CHECK_OK(define(tcp, "[method]tcp-socket.set-receive-buffer-size",
                        [](Context& wasi, Self self, uint64_t value) { return set_buffer<Buffer::Receive>(wasi, self, value); }));
  TENON_CHECK_OK(define(tcp, "[method]tcp-socket.send-buffer-size", [](Context& wasi, Self self) { return get_buffer<Buffer::Send>(wasi, self); }));
  return define(tcp, "[method]tcp-socket.set-send-buffer-size",
                [](Context& wasi, Self self, uint64_t value) { return set_buffer<Buffer::Send>(wasi, self, value); });
}

}  // namespace

Result<> add_tcp(Linker& linker) {
  TENON_TRY(LinkerInstance tcp, open_interface(linker, "wasi:sockets/tcp"));
  TENON_CHECK_OK(define_resource<TcpSocket>(tcp, "tcp-socket"));
  TENON_CHECK_OK(add_operations(tcp));
  TENON_CHECK_OK(add_questions(tcp));
  TENON_CHECK_OK(add_options(tcp));
  TENON_TRY(LinkerInstance create, open_interface(linker, "wasi:sockets/tcp-create-socket"));
  return define(create, "create-tcp-socket", [](Context& wasi, IpAddressFamily family) -> Result<Answer<HostOwn<TcpSocket>>> {
    auto socket = TcpSocket::create(family);
    if (!socket) return refuse(socket.error());
    TENON_TRY(const HostOwn<TcpSocket> handle, wasi.own<TcpSocket>(*std::move(socket)));
    return handle;
  });
}

}  // namespace tenon::wasi::sockets
