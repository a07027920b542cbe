#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "tenon/result.h"

namespace tenon::policy {

enum class Transport : uint8_t { Tcp, Udp };

/// An address in network order: IPv4 in the first four bytes, or IPv6. IPv4 in IPv6 is unpacked before it is asked about.
struct IpAddress {
  bool is_v6 = false;
  std::array<uint8_t, 16> bytes{};
  bool operator==(const IpAddress&) const = default;
};

/// The address itself, or the IPv4 address that `::ffff:a.b.c.d` stands for.
IpAddress unpack(const IpAddress& address);

/// Four decimal numbers without leading zeros, or IPv6 without brackets and zone; IPv4 in IPv6 is unpacked. Absent for everything else: no octal, hexadecimal
/// or short forms.
std::optional<IpAddress> parse_address(std::string_view text);

/// Bytes that the text of any address fits into.
inline constexpr size_t address_text_max = 46;
/// Writes the address into `to`, IPv6 in brackets when `brackets`, and returns the text. Allocates nothing.
std::string_view print_address(const IpAddress& address, bool brackets, std::span<char, address_text_max + 2> to);
std::string to_string(const IpAddress& address);

/// All addresses that begin with the same bits.
struct Network {
  IpAddress base;
  uint8_t bits = 32;

  /// "10.0.0.0/8", "fd00::/8", or one address. Errors: `InvalidInput` for another form, too many bits, or a base with bits beyond the prefix.
  static Result<Network> parse(std::string_view text);
  bool contains(const IpAddress& address) const;
  /// Without brackets; one address without its bits.
  std::string to_string() const;
  bool operator==(const Network&) const = default;
};

/// What kind of place an address leads to. All but `Public` are reached only by a rule that says so.
enum class AddressClass : uint8_t {
  Public,
  /// 127.0.0.0/8, ::1.
  Loopback,
  /// 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, 100.64.0.0/10, fc00::/7, fec0::/10.
  Private,
  /// 169.254.0.0/16, fe80::/10.
  LinkLocal,
  /// Where clouds hand out credentials: 169.254.169.254 and its like.
  Metadata,
  /// Everything else that is not an ordinary peer: unspecified, multicast, broadcast, documentation, reserved, tunnels.
  Special,
};

/// "public", "loopback", "private", "link-local", "metadata", "special".
std::string_view to_string(AddressClass kind);

/// The class of an address; of one that carries an IPv4 address through a translator (NAT64, 6to4), the class of that.
AddressClass class_of(const IpAddress& address);

}  // namespace tenon::policy
