#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <tuple>
#include <vector>

#include "tenon/typed.h"
#include "wasi/context.h"
#include "wasi/sockets/address.h"
#include "wasi/sockets/error.h"
#include "wasi/sockets/socket.h"

namespace tenon::wasi::sockets {

/// A received datagram, as it crosses the border.
struct IncomingDatagram {
  std::vector<uint8_t> data;
  IpSocketAddress remote_address;
};

/// A datagram to send, as it crosses the border.
struct OutgoingDatagram {
  std::vector<uint8_t> data;
  std::optional<IpSocketAddress> remote_address;
};

/// A datagram socket: what the `udp-socket` and its two streams share. One thread at a time. Shared because at the end of a store they end in any order.
///
/// Whom the guest hears: where the guard allowed it to listen, everybody; otherwise only those that it sent to, as behind a firewall that lets answers in.
/// Binding to any address and port 0 says nothing about listening and is what every client does: the guard is asked when the first datagram comes that is no
/// answer. A socket with a remote address hears that one alone. Whom it sends to: whom the guard allows, asked for each datagram unless it goes where the last
/// one went.
class DatagramSocket final {
 public:
  /// The most datagrams that one call sends or receives.
  static constexpr size_t datagrams_max = 16;
  /// When it has so many bytes, `receive` returns.
  static constexpr size_t receive_bytes_max = size_t{64} << 10;
  static constexpr size_t datagram_bytes_max = 65'535;
  /// How many of those that it sent to are remembered, the newest.
  static constexpr size_t peers_max = 256;
  /// How many datagrams one call takes away unseen.
  static constexpr size_t discards_max = 256;

  static Answer<std::shared_ptr<DatagramSocket>> create(IpAddressFamily family);

  Answer<> bind(Context& context, const Endpoint& local);
  bool is_bound() const { return is_bound_; }
  /// Limits what is sent and heard to `remote`, or lifts that. The local port stays.
  Answer<> set_remote(Context& context, const std::optional<Endpoint>& remote);
  const std::optional<Endpoint>& remote() const { return remote_; }
  Answer<Endpoint> local_address() const;

  /// Up to `max` datagrams that are there. Error: `LimitExceeded` when the budget of bytes is used up.
  Result<Answer<std::vector<IncomingDatagram>>> receive(Context& context, uint64_t max);
  /// Whether `receive` would give a datagram or an error.
  bool is_receivable(Context& context);
  /// `WouldBlock` when it would have to wait. Error: `LimitExceeded` when the budget of bytes is used up.
  Result<Answer<>> send(Context& context, const OutgoingDatagram& datagram);
  bool is_sendable() const;

  const Descriptor& socket() const { return socket_; }
  IpAddressFamily family() const { return family_; }

  /// Counts its streams: a new pair is refused while some live.
  void open_stream() { streams_++; }
  void close_stream() { streams_--; }
  bool has_streams() const { return streams_ != 0; }

 private:
  enum class Listening : uint8_t { Unasked, Allowed, Denied };

  DatagramSocket(IpAddressFamily family, Descriptor socket) : family_(family), socket_(std::move(socket)) {}
  bool may_send_to(Context& context, const Endpoint& remote);
  bool may_hear(Context& context, const Endpoint& remote);
  void remember(const Endpoint& remote);
  int remove_remote();

  IpAddressFamily family_;
  Descriptor socket_;
  bool is_bound_ = false;
  int streams_ = 0;
  /// What the guest asked to be bound.
  Endpoint asked_;
  Listening listening_ = Listening::Unasked;
  std::optional<Endpoint> remote_;
  /// Whom the guard allowed last.
  std::optional<Endpoint> allowed_;
  /// A ring of those that the guest sent to.
  std::vector<Endpoint> peers_;
  size_t peers_next_ = 0;
  /// An errno that was taken from the socket while nobody asked, for the next `receive`.
  int pending_error_ = 0;
};

}  // namespace tenon::wasi::sockets

template <>
struct tenon::RecordTraits<tenon::wasi::sockets::IncomingDatagram> {
  using Self = tenon::wasi::sockets::IncomingDatagram;
  static constexpr auto fields = std::make_tuple(field("data", &Self::data), field("remote-address", &Self::remote_address));
};

template <>
struct tenon::RecordTraits<tenon::wasi::sockets::OutgoingDatagram> {
  using Self = tenon::wasi::sockets::OutgoingDatagram;
  static constexpr auto fields = std::make_tuple(field("data", &Self::data), field("remote-address", &Self::remote_address));
};
