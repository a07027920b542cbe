#include "wasi/sockets/address.h"

#include <algorithm>
#include <cstring>

#include <netinet/in.h>

#include "wasi/sockets/host_name.h"

namespace tenon::wasi::sockets {
namespace {

Ipv4Address ipv4_of(const policy::IpAddress& ip) { return {ip.bytes[0], ip.bytes[1], ip.bytes[2], ip.bytes[3]}; }

Ipv6Address ipv6_of(const policy::IpAddress& ip) {
  const auto word = [&ip](size_t i) { return static_cast<uint16_t>(ip.bytes[2 * i] << 8 | ip.bytes[2 * i + 1]); };
  return {word(0), word(1), word(2), word(3), word(4), word(5), word(6), word(7)};
}

policy::IpAddress ip_of(const Ipv4Address& address) {
  policy::IpAddress ip;
  std::apply([&ip](auto... part) { ip.bytes = {part...}; }, address);
  return ip;
}

policy::IpAddress ip_of(const Ipv6Address& address) {
  policy::IpAddress ip;
  ip.is_v6 = true;
  size_t i = 0;
  const auto put = [&ip, &i](uint16_t word) {
    ip.bytes[i++] = static_cast<uint8_t>(word >> 8);
    ip.bytes[i++] = static_cast<uint8_t>(word);
  };
  std::apply([&put](auto... word) { (put(word), ...); }, address);
  return ip;
}

}  // namespace

Endpoint Endpoint::any(IpAddressFamily family) {
  Endpoint endpoint;
  endpoint.ip.is_v6 = family == IpAddressFamily::Ipv6;
  return endpoint;
}

Endpoint Endpoint::of(const IpSocketAddress& address) {
  Endpoint endpoint;
  if (const auto* ipv4 = std::get_if<Ipv4SocketAddress>(&address.value)) {
    endpoint.ip = ip_of(ipv4->address);
    endpoint.port = ipv4->port;
  } else if (const auto* ipv6 = std::get_if<Ipv6SocketAddress>(&address.value)) {
    endpoint.ip = ip_of(ipv6->address);
    endpoint.port = ipv6->port;
    endpoint.flow_info = ipv6->flow_info;
    endpoint.scope_id = ipv6->scope_id;
  }
  return endpoint;
}

Endpoint Endpoint::of(const sockaddr_storage& native) {
  Endpoint endpoint;
  if (native.ss_family == AF_INET6) {
    sockaddr_in6 ipv6;
    std::memcpy(&ipv6, &native, sizeof(ipv6));
    endpoint.ip.is_v6 = true;
    std::memcpy(endpoint.ip.bytes.data(), &ipv6.sin6_addr, 16);
    endpoint.port = ntohs(ipv6.sin6_port);
    endpoint.flow_info = ipv6.sin6_flowinfo;
    endpoint.scope_id = ipv6.sin6_scope_id;
  } else {
    sockaddr_in ipv4;
    std::memcpy(&ipv4, &native, sizeof(ipv4));
    std::memcpy(endpoint.ip.bytes.data(), &ipv4.sin_addr, 4);
    endpoint.port = ntohs(ipv4.sin_port);
  }
  return endpoint;
}

IpSocketAddress Endpoint::to_guest() const {
  if (!ip.is_v6) return {Ipv4SocketAddress{.port = port, .address = ipv4_of(ip)}};
  return {Ipv6SocketAddress{.port = port, .flow_info = flow_info, .address = ipv6_of(ip), .scope_id = scope_id}};
}

socklen_t Endpoint::to_native(sockaddr_storage& native) const {
  native = {};
  if (!ip.is_v6) {
    sockaddr_in ipv4{};
    ipv4.sin_family = AF_INET;
    ipv4.sin_port = htons(port);
    std::memcpy(&ipv4.sin_addr, ip.bytes.data(), 4);
    std::memcpy(&native, &ipv4, sizeof(ipv4));
    return sizeof(ipv4);
  }
  sockaddr_in6 ipv6{};
  ipv6.sin6_family = AF_INET6;
  ipv6.sin6_port = htons(port);
  ipv6.sin6_flowinfo = flow_info;
  ipv6.sin6_scope_id = scope_id;
  std::memcpy(&ipv6.sin6_addr, ip.bytes.data(), 16);
  std::memcpy(&native, &ipv6, sizeof(ipv6));
  return sizeof(ipv6);
}

bool Endpoint::is_of(IpAddressFamily family) const {
  if (ip.is_v6 != (family == IpAddressFamily::Ipv6)) return false;
  if (!ip.is_v6) return true;
  if (!policy::unpack(ip).is_v6) return false;
  // `::` and `::1` begin like IPv4-compatible addresses and are not.
  const bool begins_with_96_zeros = std::all_of(ip.bytes.begin(), ip.bytes.begin() + 12, [](uint8_t byte) { return byte == 0; });
  const bool is_loopback = ip.bytes[12] == 0 && ip.bytes[13] == 0 && ip.bytes[14] == 0 && ip.bytes[15] == 1;
  return !begins_with_96_zeros || is_unspecified() || is_loopback;
}

bool Endpoint::is_unspecified() const {
  return std::ranges::all_of(ip.bytes, [](uint8_t byte) { return byte == 0; });
}

bool Endpoint::is_unicast() const {
  if (ip.is_v6) return ip.bytes[0] != 0xff;
  const bool is_multicast = ip.bytes[0] >= 224 && ip.bytes[0] < 240;
  const bool is_broadcast = std::all_of(ip.bytes.begin(), ip.bytes.begin() + 4, [](uint8_t byte) { return byte == 255; });
  return !is_multicast && !is_broadcast;
}

IpAddress to_guest(const policy::IpAddress& address) {
  if (address.is_v6) return {ipv6_of(address)};
  return {ipv4_of(address)};
}

}  // namespace tenon::wasi::sockets
