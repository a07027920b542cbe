#pragma once

#include <cstdint>
#include <utility>

#include "wasi/sockets/address.h"
#include "wasi/sockets/error.h"

/// What TCP and UDP sockets have in common: thin calls of the system with WASI's error codes.
namespace tenon::wasi::sockets {

/// Owns a descriptor.
class Descriptor final {
 public:
  Descriptor() = default;
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept;
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor();

  int number() const { return number_; }
  /// Not the closed one.
  explicit operator bool() const { return number_ >= 0; }

 private:
  int number_ = -1;
};

/// Sockets leave this many of the process's descriptors to the rest of it.
inline constexpr int descriptors_kept = 64;
/// Whether a new socket may have this descriptor.
bool is_descriptor_allowed(int descriptor);

/// A new socket of `type` (SOCK_STREAM, SOCK_DGRAM) that never waits and, for IPv6, never takes IPv4.
Answer<Descriptor> open_socket(IpAddressFamily family, int type);
/// A connection that waits at `listener`; `WouldBlock` when none does.
Answer<Descriptor> accept_connection(const Descriptor& listener);

/// Zero, or the errno.
int bind_to(const Descriptor& socket, const Endpoint& endpoint);
int connect_to(const Descriptor& socket, const Endpoint& endpoint);
/// Takes a datagram socket's remote address away.
int disconnect(const Descriptor& socket);

Answer<Endpoint> local_endpoint(const Descriptor& socket);
Answer<Endpoint> remote_endpoint(const Descriptor& socket);

/// Which of `events` are there now, with POLLERR and POLLHUP; 0 when none.
short ready_events(const Descriptor& socket, short events);
/// The error that waits at the socket, or 0. Takes it away.
int take_error(const Descriptor& socket);

enum class Buffer : uint8_t { Receive, Send };

Answer<int> get_option(const Descriptor& socket, int level, int name);
Answer<> set_option(const Descriptor& socket, int level, int name, int value);
Answer<uint8_t> hop_limit(const Descriptor& socket, IpAddressFamily family);
/// Error: `InvalidArgument` for 0.
Answer<> set_hop_limit(const Descriptor& socket, IpAddressFamily family, uint8_t value);
Answer<uint64_t> buffer_size(const Descriptor& socket, Buffer buffer);
/// Sizes that the system does not like are brought nearer silently. Error: `InvalidArgument` for 0.
Answer<> set_buffer_size(const Descriptor& socket, Buffer buffer, uint64_t value);

}  // namespace tenon::wasi::sockets
