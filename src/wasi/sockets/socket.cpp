#include "wasi/sockets/socket.h"

#include <algorithm>
#include <cerrno>
#include <climits>

#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "wasi/descriptor_limit.h"

namespace tenon::wasi::sockets {
namespace {

Answer<Descriptor> checked(Descriptor socket) {
  if (!is_descriptor_allowed(socket.number())) return refuse(ErrorCode::NewSocketLimit);
  return socket;
}

/// Whether one more descriptor may be made.
bool has_room(const Descriptor& some) {
  const Descriptor probe(fcntl(some.number(), F_DUPFD_CLOEXEC, 0));
  return probe && is_descriptor_allowed(probe.number());
}

int option_level(IpAddressFamily family) { return family == IpAddressFamily::Ipv4 ? IPPROTO_IP : IPPROTO_IPV6; }
int option_hops(IpAddressFamily family) { return family == IpAddressFamily::Ipv4 ? IP_TTL : IPV6_UNICAST_HOPS; }
int option_buffer(Buffer buffer) { return buffer == Buffer::Receive ? SO_RCVBUF : SO_SNDBUF; }

}  // namespace

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  std::swap(number_, other.number_);
  return *this;
}

Descriptor::~Descriptor() {
  if (number_ >= 0) close(number_);
}

static_assert(descriptors_kept == descriptors_left);
bool is_descriptor_allowed(int descriptor) { return may_have_descriptor(descriptor); }

Answer<Descriptor> open_socket(IpAddressFamily family, int type) {
  Descriptor socket(::socket(family == IpAddressFamily::Ipv4 ? AF_INET : AF_INET6, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket) return refuse(error_code_of(errno));
  if (family == IpAddressFamily::Ipv6) {
    if (const auto set = set_option(socket, IPPROTO_IPV6, IPV6_V6ONLY, 1); !set) return refuse(set.error());
  }
  return checked(std::move(socket));
}

Answer<Descriptor> accept_connection(const Descriptor& listener) {
  // Asked before, because a connection that was taken and cannot be kept is lost.
  if (!has_room(listener)) return refuse(ErrorCode::NewSocketLimit);
  Descriptor socket(accept4(listener.number(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (socket) return checked(std::move(socket));
  switch (errno) {
    // Linux hands on what happened to the new connection before it was accepted.
    case ECONNRESET:
    case ENETRESET:
    case EHOSTUNREACH:
    case EHOSTDOWN:
    case ENETDOWN:
    case ENETUNREACH:
    case EPROTO:
    case ENOPROTOOPT:
    case ENONET:
    case EOPNOTSUPP: return refuse(ErrorCode::ConnectionAborted);
    default: return refuse(error_code_of(errno));
  }
}

int bind_to(const Descriptor& socket, const Endpoint& endpoint) {
  sockaddr_storage native;
  const socklen_t size = endpoint.to_native(native);
  return ::bind(socket.number(), reinterpret_cast<const sockaddr*>(&native), size) == 0 ? 0 : errno;
}

int connect_to(const Descriptor& socket, const Endpoint& endpoint) {
  sockaddr_storage native;
  const socklen_t size = endpoint.to_native(native);
  return ::connect(socket.number(), reinterpret_cast<const sockaddr*>(&native), size) == 0 ? 0 : errno;
}

int disconnect(const Descriptor& socket) {
  sockaddr_storage native{};
  native.ss_family = AF_UNSPEC;
  return ::connect(socket.number(), reinterpret_cast<const sockaddr*>(&native), sizeof(sockaddr)) == 0 ? 0 : errno;
}

Answer<Endpoint> local_endpoint(const Descriptor& socket) {
  sockaddr_storage native{};
  socklen_t size = sizeof(native);
  if (getsockname(socket.number(), reinterpret_cast<sockaddr*>(&native), &size) != 0) return refuse(error_code_of(errno));
  return Endpoint::of(native);
}

Answer<Endpoint> remote_endpoint(const Descriptor& socket) {
  sockaddr_storage native{};
  socklen_t size = sizeof(native);
  if (getpeername(socket.number(), reinterpret_cast<sockaddr*>(&native), &size) != 0) return refuse(error_code_of(errno));
  return Endpoint::of(native);
}

short ready_events(const Descriptor& socket, short events) {
  pollfd entry = {socket.number(), events, 0};
  return poll(&entry, 1, 0) > 0 ? entry.revents : short{0};
}

int take_error(const Descriptor& socket) {
  const auto error = get_option(socket, SOL_SOCKET, SO_ERROR);
  return error ? *error : EIO;
}

Answer<int> get_option(const Descriptor& socket, int level, int name) {
  int value = 0;
  socklen_t size = sizeof(value);
  if (getsockopt(socket.number(), level, name, &value, &size) != 0) return refuse(error_code_of(errno));
  return value;
}

Answer<> set_option(const Descriptor& socket, int level, int name, int value) {
  if (setsockopt(socket.number(), level, name, &value, sizeof(value)) != 0) return refuse(error_code_of(errno));
  return {};
}

Answer<uint8_t> hop_limit(const Descriptor& socket, IpAddressFamily family) {
  const auto value = get_option(socket, option_level(family), option_hops(family));
  if (!value) return refuse(value.error());
  if (*value < 0 || *value > 255) return refuse(ErrorCode::NotSupported);
  return static_cast<uint8_t>(*value);
}

Answer<> set_hop_limit(const Descriptor& socket, IpAddressFamily family, uint8_t value) {
  if (value == 0) return refuse(ErrorCode::InvalidArgument);
  return set_option(socket, option_level(family), option_hops(family), value);
}

Answer<uint64_t> buffer_size(const Descriptor& socket, Buffer buffer) {
  const auto value = get_option(socket, SOL_SOCKET, option_buffer(buffer));
  if (!value) return refuse(value.error());
  // The system reserves, and reports, twice what was asked for.
  return static_cast<uint64_t>(std::max(*value, 2)) / 2;
}

Answer<> set_buffer_size(const Descriptor& socket, Buffer buffer, uint64_t value) {
  if (value == 0) return refuse(ErrorCode::InvalidArgument);
  // Half of the range: the system doubles it.
  const auto set = set_option(socket, SOL_SOCKET, option_buffer(buffer), static_cast<int>(std::min<uint64_t>(value, INT_MAX / 2)));
  if (!set && set.error() != ErrorCode::OutOfMemory) return set;
  return {};
}

}  // namespace tenon::wasi::sockets
