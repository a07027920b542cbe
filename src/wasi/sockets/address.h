#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <tuple>
#include <variant>

#include <sys/socket.h>

#include "policy/address.h"
#include "tenon/typed.h"

namespace tenon::wasi::sockets {

/// The types of wasi:sockets/network that addresses cross the border in.
enum class IpAddressFamily : uint8_t { Ipv4, Ipv6 };
using Ipv4Address = std::tuple<uint8_t, uint8_t, uint8_t, uint8_t>;
using Ipv6Address = std::tuple<uint16_t, uint16_t, uint16_t, uint16_t, uint16_t, uint16_t, uint16_t, uint16_t>;
struct IpAddress {
  std::variant<Ipv4Address, Ipv6Address> value;
};
struct Ipv4SocketAddress {
  uint16_t port = 0;
  Ipv4Address address;
};
struct Ipv6SocketAddress {
  uint16_t port = 0;
  uint32_t flow_info = 0;
  Ipv6Address address;
  uint32_t scope_id = 0;
};
struct IpSocketAddress {
  std::variant<Ipv4SocketAddress, Ipv6SocketAddress> value;
};

/// An address and a port as the host works with them. `flow_info` and `scope_id` are 0 for IPv4.
struct Endpoint {
  policy::IpAddress ip;
  uint16_t port = 0;
  uint32_t flow_info = 0;
  uint32_t scope_id = 0;

  /// Of the family, the unspecified address and port 0.
  static Endpoint any(IpAddressFamily family);
  static Endpoint of(const IpSocketAddress& address);
  /// Of a sockaddr_in or sockaddr_in6.
  static Endpoint of(const sockaddr_storage& native);

  IpSocketAddress to_guest() const;
  /// Fills `native`; its size.
  socklen_t to_native(sockaddr_storage& native) const;

  /// Whether a socket of the family may use it: not IPv4 in IPv6, neither mapped (`::ffff:1.2.3.4`) nor compatible (`::1.2.3.4`, which nobody uses since 2006).
  bool is_of(IpAddressFamily family) const;
  /// `0.0.0.0` or `::`.
  bool is_unspecified() const;
  /// Neither multicast nor the broadcast address of IPv4.
  bool is_unicast() const;

  bool operator==(const Endpoint&) const = default;
};

IpAddress to_guest(const policy::IpAddress& address);

}  // namespace tenon::wasi::sockets

template <>
struct tenon::EnumTraits<tenon::wasi::sockets::IpAddressFamily> {
  static constexpr std::array<std::string_view, 2> names = {"ipv4", "ipv6"};
};

template <>
struct tenon::VariantTraits<tenon::wasi::sockets::IpAddress> {
  static constexpr std::array<std::string_view, 2> names = {"ipv4", "ipv6"};
};

template <>
struct tenon::RecordTraits<tenon::wasi::sockets::Ipv4SocketAddress> {
  using Self = tenon::wasi::sockets::Ipv4SocketAddress;
  static constexpr auto fields = std::make_tuple(field("port", &Self::port), field("address", &Self::address));
};

template <>
struct tenon::RecordTraits<tenon::wasi::sockets::Ipv6SocketAddress> {
  using Self = tenon::wasi::sockets::Ipv6SocketAddress;
  static constexpr auto fields =
      std::make_tuple(field("port", &Self::port), field("flow-info", &Self::flow_info), field("address", &Self::address), field("scope-id", &Self::scope_id));
};

template <>
struct tenon::VariantTraits<tenon::wasi::sockets::IpSocketAddress> {
  static constexpr std::array<std::string_view, 2> names = {"ipv4", "ipv6"};
};
