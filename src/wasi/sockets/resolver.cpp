#include "wasi/sockets/resolver.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <iterator>
#include <span>

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <unistd.h>

#include "wasi/sockets/ares_library.h"
#include "wasi/sockets/socket.h"

namespace tenon::wasi::sockets {
namespace {

LookupError error_of(int status) {
  switch (status) {
    case ARES_ENODATA:
    case ARES_ENOTFOUND:
    case ARES_ENONAME:
    case ARES_EBADNAME: return LookupError::NotFound;
    case ARES_ESERVFAIL:
    case ARES_EREFUSED:
    case ARES_ECONNREFUSED:
    case ARES_ETIMEOUT:
    case ARES_ENOMEM: return LookupError::Temporary;
    default: return LookupError::Permanent;
  }
}

/// Whether the machine has a way to an IPv6 address; nothing is sent.
bool is_routable(const policy::IpAddress& address) {
  const int descriptor = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (descriptor < 0) return false;
  sockaddr_in6 native{};
  native.sin6_family = AF_INET6;
  native.sin6_port = htons(53);
  std::memcpy(&native.sin6_addr, address.bytes.data(), sizeof(native.sin6_addr));
  const bool connects = connect(descriptor, reinterpret_cast<const sockaddr*>(&native), sizeof(native)) == 0;
  close(descriptor);
  return connects;
}

std::vector<policy::IpAddress> addresses_of(const ares_addrinfo& answer) {
  std::vector<policy::IpAddress> addresses;
  for (const ares_addrinfo_node* node = answer.nodes; node != nullptr && addresses.size() < Lookup::addresses_max; node = node->ai_next) {
    policy::IpAddress address;
    if (node->ai_family == AF_INET) {
      std::memcpy(address.bytes.data(), &reinterpret_cast<const sockaddr_in*>(node->ai_addr)->sin_addr, 4);
    } else if (node->ai_family == AF_INET6) {
      address.is_v6 = true;
      std::memcpy(address.bytes.data(), &reinterpret_cast<const sockaddr_in6*>(node->ai_addr)->sin6_addr, 16);
    } else {
      continue;
    }
    address = policy::unpack(address);
    if (std::ranges::find(addresses, address) == addresses.end()) addresses.push_back(address);
  }
  // IPv6 first where it can be reached, as RFC 6724 orders them for most machines; what one name's server sorted stays in its order.
  const auto first = std::ranges::find_if(addresses, &policy::IpAddress::is_v6);
  if (first == addresses.end()) return addresses;
  const bool ipv6_first = is_routable(*first);
  std::vector<policy::IpAddress> ordered;
  for (const bool is_v6 : {ipv6_first, !ipv6_first})
    std::ranges::copy_if(addresses, std::back_inserter(ordered), [is_v6](const policy::IpAddress& address) { return address.is_v6 == is_v6; });
  return ordered;
}

// The look-up's sockets, so that none waits, none raises a signal, and the process keeps descriptors for the rest of it.

ares_socket_t open_lookup_socket(int family, int type, int protocol, void*) {
  const int descriptor = socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);
  if (descriptor < 0 || is_descriptor_allowed(descriptor)) return descriptor;
  close(descriptor);
  errno = EMFILE;
  return ARES_SOCKET_BAD;
}

int close_lookup_socket(ares_socket_t descriptor, void*) { return close(descriptor); }

int connect_lookup_socket(ares_socket_t descriptor, const sockaddr* address, ares_socklen_t size, void*) { return connect(descriptor, address, size); }

ares_ssize_t receive_answer(ares_socket_t descriptor, void* to, size_t size, int flags, sockaddr* from, ares_socklen_t* from_size, void*) {
  return recvfrom(descriptor, to, size, flags | MSG_DONTWAIT, from, from_size);
}

ares_ssize_t send_question(ares_socket_t descriptor, const iovec* parts, int count, void*) {
  msghdr message{};
  message.msg_iov = const_cast<iovec*>(parts);
  message.msg_iovlen = static_cast<size_t>(count);
  return sendmsg(descriptor, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

constexpr ares_socket_functions lookup_sockets = {open_lookup_socket, close_lookup_socket, connect_lookup_socket, receive_answer, send_question};

}  // namespace

/// One channel of c-ares for each look-up: ending it ends the look-up with all its sockets, and nothing is shared between threads.
struct Lookup::Channel {
  ares_channel handle = nullptr;

  Channel() = default;
  ~Channel() {
    if (handle != nullptr) ares().destroy(handle);
  }
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  int open(const ResolverOptions& options) {
    if (find_ares() == nullptr) return ARES_ENOTINITIALIZED;
    ares_options chosen{};
    std::array<char, 3> lookups = {'f', 'b', '\0'};
    chosen.flags = ARES_FLAG_NOALIASES;
    chosen.timeout = static_cast<int>(std::clamp<int64_t>(options.try_timeout.count(), 1, 60'000));
    chosen.tries = static_cast<int>(std::clamp<uint32_t>(options.tries, 1, 10));
    chosen.lookups = options.reads_hosts_file ? lookups.data() : lookups.data() + 1;
    int mask = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_LOOKUPS;
    if (!options.servers.empty()) mask |= ARES_OPT_DOMAINS;
    if (const int status = ares().init_options(&handle, &chosen, mask); status != ARES_SUCCESS) {
      handle = nullptr;
      return status;
    }
    ares().set_socket_functions(handle, &lookup_sockets, nullptr);
    if (options.servers.empty()) return ARES_SUCCESS;
    std::string list;
    for (const std::string& server : options.servers) list.append(list.empty() ? "" : ",").append(server);
    return ares().set_servers_ports_csv(handle, list.c_str());
  }

  /// The descriptors that the look-up waits for, with their events.
  std::span<pollfd> descriptors(std::array<pollfd, ARES_GETSOCK_MAXNUM>& room) const {
    std::array<ares_socket_t, ARES_GETSOCK_MAXNUM> sockets{};
    const auto bits = static_cast<unsigned>(ares().getsock(handle, sockets.data(), ARES_GETSOCK_MAXNUM));
    size_t count = 0;
    for (unsigned i = 0; i < ARES_GETSOCK_MAXNUM; i++) {
      const bool reads = (bits >> i & 1U) != 0;
      const bool writes = (bits >> (i + ARES_GETSOCK_MAXNUM) & 1U) != 0;
      if (reads || writes) room[count++] = {sockets[i], static_cast<short>((reads ? POLLIN : 0) | (writes ? POLLOUT : 0)), 0};
    }
    return std::span(room).first(count);
  }
};

Lookup::Lookup() : channel_(std::make_unique<Channel>()) {}

Lookup::~Lookup() {
  // The channel's end calls back: it comes before the rest of the object ends, and finds the look-up over.
  is_done_ = true;
  channel_.reset();
}

std::unique_ptr<Lookup> Lookup::start(const std::string& name, const ResolverOptions& options) {
  std::unique_ptr<Lookup> lookup(new Lookup());
  if (const int status = lookup->channel_->open(options); status != ARES_SUCCESS) {
    lookup->finish(status, nullptr);
    return lookup;
  }
  ares_addrinfo_hints hints{};
  hints.ai_flags = ARES_AI_NOSORT;
  hints.ai_family = AF_UNSPEC;
  const auto answered = [](void* self, int status, int, ares_addrinfo* answer) {
    static_cast<Lookup*>(self)->finish(status, answer);
    ares().freeaddrinfo(answer);
  };
  ares().getaddrinfo(lookup->channel_->handle, name.c_str(), nullptr, &hints, answered, lookup.get());
  return lookup;
}

void Lookup::finish(int status, const void* answer) {
  if (is_done_) return;
  is_done_ = true;
  if (status != ARES_SUCCESS || answer == nullptr) {
    result_ = std::unexpected(error_of(status));
    return;
  }
  result_ = addresses_of(*static_cast<const ares_addrinfo*>(answer));
  if (result_->empty()) result_ = std::unexpected(LookupError::NotFound);
}

bool Lookup::advance() {
  if (is_done_) return true;
  std::array<pollfd, ARES_GETSOCK_MAXNUM> room;
  const std::span<pollfd> descriptors = channel_->descriptors(room);
  if (poll(descriptors.data(), descriptors.size(), 0) > 0) {
    for (const pollfd& each : descriptors) {
      const bool writes = (each.events & POLLOUT) != 0 && each.revents != 0;
      if (each.revents != 0) ares().process_fd(channel_->handle, each.fd, writes ? each.fd : ARES_SOCKET_BAD);
    }
  } else {
    // Looks at what ran out of time.
    ares().process_fd(channel_->handle, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
  }
  return is_done_;
}

void Lookup::prepare(WaitSet& set) {
  std::array<pollfd, ARES_GETSOCK_MAXNUM> room;
  for (const pollfd& each : channel_->descriptors(room)) set.add_descriptor(each.fd, each.events);
  timeval left{};
  if (ares().timeout(channel_->handle, nullptr, &left) == nullptr) return;
  // Rounded up: woken too early, it would find nothing that ran out of time.
  set.add_moment(std::chrono::steady_clock::now() + std::chrono::seconds(left.tv_sec) + std::chrono::microseconds(left.tv_usec) + std::chrono::milliseconds(1));
}

}  // namespace tenon::wasi::sockets
