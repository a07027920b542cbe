#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "policy/address.h"
#include "tenon/result.h"

namespace tenon::policy {

/// Whether `host` is a DNS name as rules keep it: lower case letters, digits, `-` and `_` in labels of 1 to 63, 253 in all, no dot at the end, and no last
/// label that a resolver would read as part of an address ("127.1", "0x7f000001").
bool is_host_name(std::string_view host);

/// A set of hosts: all, one by its name, all subdomains of one, or a range of addresses.
struct HostPattern {
  enum class Kind : uint8_t { Any, Name, Subdomains, Range };
  Kind kind = Kind::Any;
  /// For `Name`; for `Subdomains` what stands behind `*.`.
  std::string name;
  Network range;
  /// Beyond public ones, which addresses the names may have: written `host+private+loopback+link-local`.
  bool may_be_loopback = false;
  bool may_be_private = false;
  bool may_be_link_local = false;

  /// `*`, `name`, `*.name`, an address, a range, IPv6 in brackets or not. Puts names into lower case and takes one dot at the end away. Errors: `InvalidInput`
  /// for everything else: non-ASCII names, percent encoding, userinfo, addresses in other forms.
  static Result<HostPattern> parse(std::string_view text);

  /// Whether a name is meant, whatever its addresses are; never for a range.
  bool matches_name(std::string_view host) const;
  /// Whether a host of a matching name may have this address. "localhost" may have loopback addresses.
  bool admits(const IpAddress& address) const;
  /// Whether packets to the address are meant without any name: it is in the range; for `Any` and "localhost", when `admits` it.
  bool matches_address(const IpAddress& address) const;
  bool is_localhost() const;

  /// IPv6 in brackets, and ranges of IPv4 too when `ranges_in_brackets`.
  std::string to_string(bool ranges_in_brackets = false) const;
  bool operator==(const HostPattern&) const = default;
};

struct PortRange {
  uint16_t first = 0;
  uint16_t last = UINT16_MAX;
  bool contains(uint16_t port) const { return first <= port && port <= last; }
  bool is_all() const { return first == 0 && last == UINT16_MAX; }
  bool operator==(const PortRange&) const = default;
};

/// The target of `network:outbound` and `network:listen`: `[tcp://|udp://]host[:port|:first-last]`. Without a transport both, without a port all.
struct EndpointPattern {
  std::optional<Transport> transport;
  HostPattern host;
  PortRange ports;

  static Result<EndpointPattern> parse(std::string_view text);
  /// For listening: a host is an address or range of this machine, `localhost` or `*`, and port 0 means that the system chooses one.
  static Result<EndpointPattern> parse_listen(std::string_view text);

  bool matches_port(Transport asked, uint16_t port) const { return (!transport || *transport == asked) && ports.contains(port); }
  std::string to_string() const;
  bool operator==(const EndpointPattern&) const = default;
};

enum class Scheme : uint8_t { Http, Https };

/// The path of a request, looked at once.
class RequestPath {
 public:
  /// `path` as it is sent, without the query; lives as long as this.
  explicit RequestPath(std::string_view path);

  /// Whether two servers may read it differently: `.` and `..`, `//`, `\`, encoded slashes, encoded percent signs, broken encodings, controls. Rules for a path
  /// do not allow such a request, and deny it whatever their path is.
  bool is_ambiguous() const { return is_ambiguous_; }
  /// Whether the decoded path is `prefix` or lies beneath it, by whole segments. Not for ambiguous ones.
  bool is_within(std::string_view prefix) const;

 private:
  std::string_view path_;
  bool is_ambiguous_ = false;
};

/// The target of `http`: `[http://|https://]host[:port|:first-last|:*][/path-prefix]`. Without a scheme both; without a port each scheme's own, 80 and 443.
struct UrlPattern {
  std::optional<Scheme> scheme;
  HostPattern host;
  std::optional<PortRange> ports;
  /// Decoded, without a slash at the end: "" covers every path.
  std::string path;

  static Result<UrlPattern> parse(std::string_view text);

  bool matches_port(Scheme asked, uint16_t port) const;
  std::string to_string() const;
  bool operator==(const UrlPattern&) const = default;
};

/// What `UrlPattern::to_string` writes as it is: unreserved characters, sub-delimiters but `*`, and slashes.
bool is_url_path_character(char c);
/// A decoded path with everything else percent-encoded.
void append_url_path(std::string& text, std::string_view path);

}  // namespace tenon::policy
