#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "policy/address.h"

namespace tenon::wasi::sockets {

/// Text that names a host: an address, or a name to look up.
struct HostName {
  /// IPv4 in IPv6 is unpacked.
  std::optional<policy::IpAddress> address;
  /// In lower case, without a trailing dot; empty when it is an address.
  std::string name;
};

/// Reads what WASI's name look-up and the host part of a URL may be. Absent when it is neither an address nor a name that DNS can have.
///
/// Addresses are IPv6 with or without brackets, and IPv4 in every form that the URL standard reads: parts in decimal, octal (`0177`) or hexadecimal (`0x7f`),
/// fewer than four (`127.1`, `2130706433`). What ends in a number is an address or nothing, so that no such form reaches a resolver that reads it otherwise.
/// Names are labels of 1 to 63 ASCII letters, digits, `-` and `_`, together at most 253; text that is not ASCII is refused, also where it has an ASCII form.
std::optional<HostName> parse_host_name(std::string_view text);

}  // namespace tenon::wasi::sockets
