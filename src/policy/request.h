#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "policy/access.h"
#include "policy/address.h"

namespace tenon::policy {

/// What an HTTP request goes to.
struct HttpTarget {
  std::string_view method;
  /// "http" or "https".
  std::string_view scheme;
  /// Without port, brackets and trailing dot, in lower case.
  std::string_view host;
  uint16_t port = 0;
  /// From the leading slash on, without the query.
  std::string_view path;
};

/// A folder that the rules open to a guest.
struct GrantedFolder {
  /// Absolute, normalised. Names a file when a rule names one: its folder is opened then, and the guard keeps the guest from what lies beside it.
  std::string guest_path;
  /// Whether some rule allows writing, creating or deleting beneath it.
  bool is_writable = false;
  bool operator==(const GrantedFolder&) const = default;
};

/// How the rules answer for a path and everything beneath it.
enum class Subtree : uint8_t { Allowed, Denied, Mixed };

/// One access to one thing, as the rules are asked about it. Views: lives as long as what it was made from.
struct Question {
  Access access{};
  /// The path, the variable, or the host to look up.
  std::string_view text{};
  /// The address; for a look-up or a request of an address given as text, that address; for a request, the address that its host has.
  std::optional<IpAddress> address{};
  /// The hosts that are known to have the address.
  std::span<const std::string_view> names{};
  Transport transport = Transport::Tcp;
  uint16_t port = 0;
  const HttpTarget* http = nullptr;
};

}  // namespace tenon::policy
