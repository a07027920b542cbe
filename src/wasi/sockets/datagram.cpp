#include "wasi/sockets/datagram.h"

#include <algorithm>
#include <cerrno>
#include <span>
#include <utility>

#include <poll.h>
#include <sys/socket.h>

namespace tenon::wasi::sockets {
namespace {

using policy::Access;
using policy::Transport;

/// The codes where datagrams differ from the rest.
ErrorCode datagram_code(int number) {
  switch (number) {
    case EAFNOSUPPORT:
    case EDESTADDRREQ:
    case EISCONN: return ErrorCode::InvalidArgument;
    case ENETRESET:
    case ECONNRESET: return ErrorCode::RemoteUnreachable;
    // Linux, when an implicit bind finds no free port.
    case EADDRNOTAVAIL: return ErrorCode::AddressInUse;
    default: return error_code_of(number);
  }
}

/// Whether two endpoints are one place: what the guest wrote and what the system says differ in flow information, and in the zone of an address that needs
/// none.
bool is_same_place(const Endpoint& a, const Endpoint& b) {
  return a.ip == b.ip && a.port == b.port && (a.scope_id == b.scope_id || a.scope_id == 0 || b.scope_id == 0);
}

struct Received {
  /// The size of a datagram; or -1, with errno.
  ssize_t count;
  Endpoint from;
};

Received receive_into(const Descriptor& socket, std::span<std::byte> to, int flags) {
  sockaddr_storage native{};
  while (true) {
    socklen_t size = sizeof(native);
    const ssize_t count = recvfrom(socket.number(), to.data(), to.size(), flags | MSG_DONTWAIT, reinterpret_cast<sockaddr*>(&native), &size);
    if (count >= 0) return {count, Endpoint::of(native)};
    if (errno != EINTR) return {-1, {}};
  }
}

}  // namespace

Answer<std::shared_ptr<DatagramSocket>> DatagramSocket::create(IpAddressFamily family) {
  auto socket = open_socket(family, SOCK_DGRAM);
  if (!socket) return refuse(socket.error());
  return std::shared_ptr<DatagramSocket>(new DatagramSocket(family, *std::move(socket)));
}

Answer<> DatagramSocket::bind(Context& context, const Endpoint& local) {
  if (is_bound_) return refuse(ErrorCode::InvalidState);
  if (!local.is_of(family_)) return refuse(ErrorCode::InvalidArgument);
  const bool is_any = local.is_unspecified() && local.port == 0;
  if (!is_any && !context.guard().allow_address(Access::NetworkListen, Transport::Udp, local.ip, local.port)) return refuse(ErrorCode::AccessDenied);
  if (const int number = bind_to(socket_, local); number != 0) {
    return refuse(number == EAFNOSUPPORT ? ErrorCode::InvalidArgument : error_code_of(number));
  }
  is_bound_ = true;
  asked_ = local;
  if (!is_any) listening_ = Listening::Allowed;
  return {};
}

bool DatagramSocket::may_send_to(Context& context, const Endpoint& remote) {
  if (allowed_ == remote) return true;
  if (!context.guard().allow_address(Access::NetworkOutbound, Transport::Udp, remote.ip, remote.port)) return false;
  allowed_ = remote;
  return true;
}

bool DatagramSocket::may_hear(Context& context, const Endpoint& remote) {
  if (remote_) return is_same_place(*remote_, remote);
  if (listening_ == Listening::Allowed) return true;
  if (std::ranges::any_of(peers_, [&remote](const Endpoint& peer) { return is_same_place(peer, remote); })) return true;
  if (listening_ == Listening::Unasked) {
    const bool is_allowed = context.guard().allow_address(Access::NetworkListen, Transport::Udp, asked_.ip, asked_.port);
    listening_ = is_allowed ? Listening::Allowed : Listening::Denied;
  }
  return listening_ == Listening::Allowed;
}

void DatagramSocket::remember(const Endpoint& remote) {
  if (listening_ == Listening::Allowed || std::ranges::find(peers_, remote) != peers_.end()) return;
  if (peers_.size() < peers_max) {
    peers_.push_back(remote);
    return;
  }
  peers_[peers_next_] = remote;
  peers_next_ = (peers_next_ + 1) % peers_max;
}

int DatagramSocket::remove_remote() {
  const auto before = local_endpoint(socket_);
  remote_.reset();
  if (const int number = disconnect(socket_); number != 0) return number;
  const auto after = local_endpoint(socket_);
  // The system gives a port back that it chose itself; the guest was told that this port is its own.
  if (!before || !after || after->port == before->port) return 0;
  Endpoint again = asked_;
  again.port = before->port;
  return bind_to(socket_, again);
}

Answer<> DatagramSocket::set_remote(Context& context, const std::optional<Endpoint>& remote) {
  if (!is_bound_) return refuse(ErrorCode::InvalidState);
  if (remote) {
    if (!remote->is_of(family_) || remote->is_unspecified() || remote->port == 0) return refuse(ErrorCode::InvalidArgument);
    if (!may_send_to(context, *remote)) return refuse(ErrorCode::AccessDenied);
  }
  if (remote_) {
    if (const int number = remove_remote(); number != 0) return refuse(error_code_of(number));
  }
  if (!remote) return {};
  if (const int number = connect_to(socket_, *remote); number != 0) return refuse(datagram_code(number));
  remote_ = remote;
  return {};
}

Answer<Endpoint> DatagramSocket::local_address() const {
  if (!is_bound_) return refuse(ErrorCode::InvalidState);
  return local_endpoint(socket_);
}

Result<Answer<std::vector<IncomingDatagram>>> DatagramSocket::receive(Context& context, uint64_t max) {
  std::vector<IncomingDatagram> datagrams;
  if (max == 0) return datagrams;
  if (pending_error_ != 0) return refuse(datagram_code(std::exchange(pending_error_, 0)));
  size_t bytes = 0;
  size_t discarded = 0;
  while (datagrams.size() < std::min<uint64_t>(max, datagrams_max) && bytes < receive_bytes_max && discarded < discards_max) {
    const std::span<std::byte> room = context.scratch(datagram_bytes_max);
    const Received received = receive_into(socket_, room, 0);
    if (received.count < 0) {
      if (errno == EAGAIN) break;
      if (datagrams.empty()) return refuse(datagram_code(errno));
      pending_error_ = errno;
      break;
    }
    if (!may_hear(context, received.from)) {
      discarded++;
      continue;
    }
    const auto size = static_cast<size_t>(received.count);
    TENON_CHECK_OK(context.guard().budget().charge_in(size));
    bytes += size;
    const auto* const data = reinterpret_cast<const uint8_t*>(room.data());
    datagrams.push_back({.data = std::vector<uint8_t>(data, data + size), .remote_address = received.from.to_guest()});
  }
  return datagrams;
}

bool DatagramSocket::is_receivable(Context& context) {
  if (pending_error_ != 0) return true;
  if (ready_events(socket_, POLLIN) == 0) return false;
  if (!remote_ && listening_ == Listening::Allowed) return true;
  // What the guest must not hear is taken away here, so that it does not wake for it.
  for (size_t discarded = 0; discarded < discards_max; discarded++) {
    const Received next = receive_into(socket_, {}, MSG_PEEK);
    if (next.count < 0) {
      if (errno == EAGAIN) return false;
      pending_error_ = errno;
      return true;
    }
    if (may_hear(context, next.from)) return true;
    receive_into(socket_, {}, 0);
  }
  return true;
}

Result<Answer<>> DatagramSocket::send(Context& context, const OutgoingDatagram& datagram) {
  const size_t size = datagram.data.size();
  if (size > datagram_bytes_max) return refuse(ErrorCode::DatagramTooLarge);
  std::optional<Endpoint> to = remote_;
  if (datagram.remote_address) {
    const Endpoint named = Endpoint::of(*datagram.remote_address);
    if (!named.is_of(family_) || named.is_unspecified() || named.port == 0) return refuse(ErrorCode::InvalidArgument);
    if (remote_ && named != *remote_) return refuse(ErrorCode::InvalidArgument);
    to = named;
  }
  if (!to) return refuse(ErrorCode::InvalidArgument);
  if (!may_send_to(context, *to)) return refuse(ErrorCode::AccessDenied);
  // Nothing leaves that the budget does not cover.
  policy::Budget& budget = context.guard().budget();
  if (budget.left_out() < size) TENON_CHECK_OK(budget.charge_out(size));
  sockaddr_storage native;
  const socklen_t native_size = to->to_native(native);
  const auto* const address = remote_ ? nullptr : reinterpret_cast<const sockaddr*>(&native);
  ssize_t count = 0;
  do {
    count = sendto(socket_.number(), datagram.data.data(), size, MSG_NOSIGNAL | MSG_DONTWAIT, address, remote_ ? 0 : native_size);
  } while (count < 0 && errno == EINTR);
  if (count < 0) return refuse(errno == EAGAIN ? ErrorCode::WouldBlock : datagram_code(errno));
  remember(*to);
  TENON_CHECK_OK(budget.charge_out(size));
  return {};
}

bool DatagramSocket::is_sendable() const { return ready_events(socket_, POLLOUT) != 0; }

}  // namespace tenon::wasi::sockets
