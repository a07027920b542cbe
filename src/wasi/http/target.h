#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "policy/guard.h"
#include "wasi/http/error_code.h"
#include "wasi/http/message.h"

namespace tenon::wasi::http {

/// Where a request goes, in the one form that is both asked about and sent, so that policy and peer cannot read it differently.
struct Target {
  std::string method;
  bool is_tls = true;
  /// In lower case, without brackets and trailing dot. An address in its usual form, IPv4 in IPv6 unpacked.
  std::string host;
  /// When the host is an address.
  std::optional<policy::IpAddress> address;
  uint16_t port = 0;
  /// As it is sent, from the slash on: escapes of letters, digits and `-._~` resolved, the other escapes in upper case.
  std::string path;
  /// What the request line says after the path: empty, or from the question mark on.
  std::string query;
  /// Whether the request is for the server as a whole (`OPTIONS *`); `path` is "/" then.
  bool is_whole_server = false;

  std::string_view scheme() const { return is_tls ? "https" : "http"; }
  uint16_t default_port() const { return is_tls ? 443 : 80; }
  /// The host with brackets around IPv6, and the port when it is not the scheme's own.
  std::string authority() const;
  std::string url() const { return std::string(scheme()) + "://" + authority() + path + query; }
  policy::HttpTarget for_policy() const { return {.method = method, .scheme = scheme(), .host = host, .port = port, .path = path}; }
};

/// The longest path with query that is sent, in bytes.
inline constexpr size_t path_with_query_bytes_max = 32768;

/// The target of a request's parts, which the setters of `outgoing-request` have checked one by one. Absent scheme: https.
///
/// Errors: `HTTP-request-URI-invalid` without an authority or path; for user information, a host that is neither a name that DNS can have nor an address
/// (zones, escapes), port 0, and paths with segments `.` or `..` in any spelling, backslashes or broken escapes; `HTTP-request-URI-too-long`;
/// `HTTP-protocol-error` for another scheme and for CONNECT; `HTTP-request-method-invalid`.
std::expected<Target, ErrorCode> make_target(const Method& method, const std::optional<Scheme>& scheme, std::optional<std::string_view> authority,
                                             std::optional<std::string_view> path_with_query);

}  // namespace tenon::wasi::http
