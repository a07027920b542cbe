#include "wasi/http/target.h"

#include <charconv>
#include <utility>

#include "policy/address.h"
#include "wasi/http/syntax.h"
#include "wasi/sockets/host_name.h"

namespace tenon::wasi::http {

namespace {

using Refusal = std::unexpected<ErrorCode>;

Refusal bad_uri() { return Refusal(error_code<ErrorCase::RequestUriInvalid>()); }

constexpr int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (lower(c) >= 'a' && lower(c) <= 'f') return lower(c) - 'a' + 10;
  return -1;
}

constexpr bool is_unreserved(char c) { return (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z') || c == '-' || c == '.' || c == '_' || c == '~'; }

/// The byte that an escape at `text[at]`, a percent sign, stands for.
std::optional<char> escaped_byte(std::string_view text, size_t at) {
  if (text.size() - at < 3) return std::nullopt;
  const int high = hex_digit(text[at + 1]);
  const int low = hex_digit(text[at + 2]);
  if (high < 0 || low < 0) return std::nullopt;
  return static_cast<char>(high * 16 + low);
}

/// Escapes of unreserved characters resolved, others in upper case: what RFC 3986 calls the same path. Absent when an escape is broken.
std::optional<std::string> normalise_escapes(std::string_view path) {
  std::string made;
  made.reserve(path.size());
  for (size_t i = 0; i < path.size(); i++) {
    if (path[i] != '%') {
      made.push_back(path[i]);
      continue;
    }
    const std::optional<char> byte = escaped_byte(path, i);
    if (!byte) return std::nullopt;
    if (is_unreserved(*byte)) {
      made.push_back(*byte);
    } else {
      constexpr std::string_view digits = "0123456789ABCDEF";
      made.push_back('%');
      made.push_back(digits[static_cast<unsigned char>(*byte) >> 4]);
      made.push_back(digits[static_cast<unsigned char>(*byte) & 15]);
    }
    i += 2;
  }
  return made;
}

/// Whether some segment is `.` or `..`, also with parameters (`..;x`), as some servers read them.
bool has_dot_segment(std::string_view path) {
  size_t begin = 0;
  for (size_t i = 0; i <= path.size(); i++) {
    if (i != path.size() && path[i] != '/') continue;
    const std::string_view segment = path.substr(begin, i - begin);
    const std::string_view name = segment.substr(0, segment.find(';'));
    if (name == "." || name == "..") return true;
    begin = i + 1;
  }
  return false;
}

std::expected<void, ErrorCode> set_path(Target& target, std::string_view path_with_query) {
  if (path_with_query.size() > path_with_query_bytes_max) return Refusal(error_code<ErrorCase::RequestUriTooLong>());
  if (!is_path_with_query(path_with_query)) return bad_uri();
  const size_t mark = path_with_query.find('?');
  if (mark != std::string_view::npos) target.query = path_with_query.substr(mark);
  const std::string_view path = path_with_query.substr(0, mark);
  if (path == "*") {
    if (target.method != "OPTIONS" || !target.query.empty()) return bad_uri();
    target.is_whole_server = true;
    target.path = "/";
    return {};
  }
  if (path.find('\\') != std::string_view::npos) return bad_uri();
  std::optional<std::string> normal = normalise_escapes(path.empty() ? "/" : path);
  if (!normal || (*normal)[0] != '/' || has_dot_segment(*normal)) return bad_uri();
  target.path = *std::move(normal);
  return {};
}

std::expected<void, ErrorCode> set_authority(Target& target, std::string_view authority) {
  // User information would be a way to write another host in front of the real one.
  if (!is_authority(authority) || authority.find('@') != std::string_view::npos) return bad_uri();
  const size_t colon = authority.find(':', authority[0] == '[' ? authority.find(']') : 0);
  target.port = target.default_port();
  if (colon != std::string_view::npos) {
    const std::string_view digits = authority.substr(colon + 1);
    std::from_chars(digits.data(), digits.data() + digits.size(), target.port);
    if (target.port == 0) return bad_uri();
  }
  std::optional<sockets::HostName> host = sockets::parse_host_name(authority.substr(0, colon));
  if (!host) return bad_uri();
  target.address = host->address;
  target.host = host->address ? policy::to_string(*host->address) : std::move(host->name);
  return {};
}

}  // namespace

std::string Target::authority() const {
  std::string made = address && address->is_v6 ? "[" + host + "]" : host;
  if (port != default_port()) made += ":" + std::to_string(port);
  return made;
}

std::expected<Target, ErrorCode> make_target(const Method& method, const std::optional<Scheme>& scheme, std::optional<std::string_view> authority,
                                             std::optional<std::string_view> path_with_query) {
  Target target;
  target.method = token_of(method);
  if (!is_token(target.method)) return Refusal(error_code<ErrorCase::RequestMethodInvalid>());
  // A tunnel would carry what no policy sees.
  if (target.method == "CONNECT") return Refusal(error_code<ErrorCase::ProtocolError>());
  if (scheme) {
    const std::string* const other = std::get_if<2>(&scheme->value);
    if (other != nullptr && !equals_ignoring_case(*other, "http") && !equals_ignoring_case(*other, "https"))
      return Refusal(error_code<ErrorCase::ProtocolError>());
    target.is_tls = other != nullptr ? equals_ignoring_case(*other, "https") : scheme->value.index() == 1;
  }
  if (!authority || !path_with_query) return bad_uri();
  if (const auto set = set_authority(target, *authority); !set) return Refusal(set.error());
  if (const auto set = set_path(target, *path_with_query); !set) return Refusal(set.error());
  return target;
}

}  // namespace tenon::wasi::http
