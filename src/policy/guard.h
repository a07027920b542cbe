#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "policy/access.h"
#include "policy/budget.h"
#include "policy/receipt.h"

namespace tenon::policy {

class Rules;

enum class Transport : uint8_t { Tcp, Udp };

/// An address in network order: IPv4 in the first four bytes, or IPv6. IPv4 in IPv6 is unpacked before it is asked about.
struct IpAddress {
  bool is_v6 = false;
  std::array<uint8_t, 16> bytes{};
  bool operator==(const IpAddress&) const = default;
};

/// What an HTTP request goes to.
struct HttpTarget {
  std::string_view method;
  std::string_view scheme;
  /// Without port, brackets and trailing dot, in lower case.
  std::string_view host;
  uint16_t port = 0;
  /// From the leading slash on, without the query.
  std::string_view path;
};

/// A folder that the rules open to a guest.
struct GrantedFolder {
  /// Absolute, normalised.
  std::string guest_path;
  /// Whether some rule allows writing, creating or deleting beneath it.
  bool is_writable = false;
};

/// How the rules answer for a path and everything beneath it.
enum class Subtree : uint8_t { Allowed, Denied, Mixed };

/// What one call may touch: asks the rules, counts, and keeps what the receipt tells. One thread at a time.
///
/// Each `allow_…` answers whether the guest may go on, and notes the decision with the rule that made it. A rule in mode `observe` answers yes and
/// notes what `enforce` would have answered. No call allocates, once a rule and target were seen, and none fails.
class Guard final {
 public:
  Guard(std::shared_ptr<const Rules> rules, std::shared_ptr<Budget> budget);

  const Rules& rules() const { return *rules_; }
  Budget& budget() { return *budget_; }

  /// For accesses without a target: arguments, stdio, clocks, random, exit.
  bool allow(Access access);
  /// `guest_path` is absolute and normalised: no `.`, `..`, `//` or trailing slash.
  bool allow_path(Access access, std::string_view guest_path);
  bool allow_env(std::string_view name);
  /// Whether a name may be looked up. `host` is in lower case without a trailing dot.
  bool allow_resolve(std::string_view host);
  /// Whether packets may go to or come from an address. A rule that names a host covers an address only after `note_resolved` has told that this call got
  /// the address by looking up that host.
  bool allow_address(Access access, Transport transport, const IpAddress& address, uint16_t port);
  bool allow_http(const HttpTarget& target);
  /// Whether a request that `allow_http` allowed may go to an address of its host. Public addresses: yes. Loopback, private, link-local and all other addresses
  /// only when the target's host is that very address (so that the `http` rule named it), when it is `localhost` and the address is loopback, or when a
  /// `network:outbound` rule covers the address and port by address or network. IPv4 in IPv6 is unpacked. A denial is noted as one of `network:outbound`.
  bool allow_http_address(const HttpTarget& target, const IpAddress& address);

  /// Like the above, without noting anything.
  bool would_allow(Access access) const;
  Subtree subtree(Access access, std::string_view guest_path) const;
  /// The fixed prefixes of the filesystem rules, outermost first, none beneath another.
  std::vector<GrantedFolder> folders() const;

  /// Tells that `host`, which `allow_resolve` or `allow_http` allowed, has this address.
  void note_resolved(std::string_view host, const IpAddress& address);

  /// The decisions so far, for the receipt.
  const std::vector<Decision>& decisions() const { return decisions_; }

 private:
  std::shared_ptr<const Rules> rules_;
  std::shared_ptr<Budget> budget_;
  std::vector<Decision> decisions_;
};

}  // namespace tenon::policy
