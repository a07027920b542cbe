#include "policy/host_pattern.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include <fmt/format.h>

namespace tenon::policy {
namespace {

constexpr size_t host_bytes_max = 253;
constexpr size_t label_bytes_max = 63;
constexpr size_t url_path_bytes_max = 4096;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
char to_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

std::optional<uint8_t> hex_value(char c) {
  if (is_digit(c)) return static_cast<uint8_t>(c - '0');
  const char lower = to_lower(c);
  if (lower >= 'a' && lower <= 'f') return static_cast<uint8_t>(lower - 'a' + 10);
  return {};
}

std::optional<char> decode_percent(std::string_view text) {
  if (text.size() < 3 || text[0] != '%') return {};
  const auto high = hex_value(text[1]);
  const auto low = hex_value(text[2]);
  if (!high || !low) return {};
  return static_cast<char>(*high << 4 | *low);
}

/// Whether a resolver would take a name with this last label for an address: a number, decimal or hexadecimal.
bool is_number(std::string_view label) {
  if (std::all_of(label.begin(), label.end(), is_digit)) return true;
  return label.starts_with("0x") && std::all_of(label.begin() + 2, label.end(), [](char c) { return hex_value(c).has_value(); });
}

Result<std::string> parse_host_name(std::string_view text) {
  std::string name(text);
  std::transform(name.begin(), name.end(), name.begin(), to_lower);
  if (name.size() > 1 && name.ends_with('.')) name.pop_back();
  if (is_host_name(name)) return name;
  if (name.empty()) return fail(ErrorKind::InvalidInput, "the host is empty");
  if (std::any_of(name.begin(), name.end(), [](char c) { return static_cast<unsigned char>(c) >= 0x80; })) {
    return fail(ErrorKind::InvalidInput, fmt::format("the host {} is not ASCII; write its xn-- form", text));
  }
  if (name.find('*') != name.npos)
    return fail(ErrorKind::InvalidInput, fmt::format("in the host {} a * may stand only alone or as the first label: *.example.com", text));
  if (is_number(std::string_view(name).substr(name.rfind('.') + 1))) {
    return fail(ErrorKind::InvalidInput, fmt::format("the host {} looks like an address, but is not four decimal numbers without leading zeros", text));
  }
  return fail(ErrorKind::InvalidInput,
              fmt::format("{} is not a host name: labels of 1 to {} letters, digits, - and _, at most {} bytes", text, label_bytes_max, host_bytes_max));
}

Result<uint16_t> parse_port(std::string_view text) {
  uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size() || (text.size() > 1 && text[0] == '0')) {
    return fail(ErrorKind::InvalidInput, fmt::format("the port \"{}\" is not a number of 0 to {}", text, UINT16_MAX));
  }
  return port;
}

Result<PortRange> parse_ports(std::string_view text) {
  if (text == "*") return PortRange{};
  const size_t dash = text.find('-');
  TENON_TRY(const uint16_t first, parse_port(text.substr(0, dash)));
  if (dash == text.npos) return PortRange{first, first};
  TENON_TRY(const uint16_t last, parse_port(text.substr(dash + 1)));
  if (last < first) return fail(ErrorKind::InvalidInput, fmt::format("the ports {} run backwards", text));
  return PortRange{first, last};
}

std::string print_ports(const PortRange& ports) {
  if (ports.is_all()) return "*";
  return ports.first == ports.last ? fmt::format("{}", ports.first) : fmt::format("{}-{}", ports.first, ports.last);
}

struct HostAndPorts {
  HostPattern host;
  std::optional<PortRange> ports;
};

/// `host[:ports]`, where the colons of IPv6 do not count.
Result<HostAndPorts> parse_host_and_ports(std::string_view text) {
  if (text.find('@') != text.npos) return fail(ErrorKind::InvalidInput, fmt::format("{} has a user name", text));
  size_t colon = text.npos;
  if (text.starts_with('[')) {
    const size_t close = text.find(']');
    if (close == text.npos) return fail(ErrorKind::InvalidInput, fmt::format("{} lacks a ]", text));
    colon = text.find(':', close);
  } else if (std::count(text.begin(), text.end(), ':') < 2) {
    colon = text.find(':');
  } else if (const size_t slash = text.find('/'); slash != text.npos) {
    colon = text.find(':', slash);
  } else {
    return fail(ErrorKind::InvalidInput, fmt::format("{} has more than one colon; an IPv6 address stands in brackets: [::1]:443", text));
  }
  HostAndPorts parsed;
  TENON_TRY(parsed.host, HostPattern::parse(text.substr(0, colon)));
  if (colon != text.npos) {
    TENON_TRY(parsed.ports, parse_ports(text.substr(colon + 1)));
  }
  return parsed;
}

}  // namespace

bool is_host_name(std::string_view host) {
  if (host.empty() || host.size() > host_bytes_max) return false;
  std::string_view last;
  for (std::string_view rest = host;;) {
    const size_t dot = rest.find('.');
    last = rest.substr(0, dot);
    if (last.empty() || last.size() > label_bytes_max || last.front() == '-' || last.back() == '-') return false;
    if (!std::all_of(last.begin(), last.end(), [](char c) { return is_lower(c) || is_digit(c) || c == '-' || c == '_'; })) return false;
    if (dot == rest.npos) break;
    rest.remove_prefix(dot + 1);
  }
  return !is_number(last);
}

Result<HostPattern> HostPattern::parse(std::string_view text) {
  HostPattern pattern;
  const size_t plus = text.find('+');
  const std::string_view host = text.substr(0, plus);
  if (host == "*") {
    pattern.kind = Kind::Any;
  } else if (host.starts_with("*.")) {
    pattern.kind = Kind::Subdomains;
    TENON_TRY(pattern.name, parse_host_name(host.substr(2)));
  } else if (host.starts_with('[')) {
    pattern.kind = Kind::Range;
    const size_t close = host.find(']');
    if (close == host.npos) return fail(ErrorKind::InvalidInput, fmt::format("{} lacks a ]", host));
    const std::string inside = std::string(host.substr(1, close - 1)).append(host.substr(close + 1));
    if (close + 1 != host.size() && host[close + 1] != '/') return fail(ErrorKind::InvalidInput, fmt::format("{} goes on after its ]", host));
    TENON_TRY(pattern.range, Network::parse(inside));
  } else if (host.find(':') != host.npos || host.find('/') != host.npos || parse_address(host)) {
    pattern.kind = Kind::Range;
    TENON_TRY(pattern.range, Network::parse(host));
  } else {
    pattern.kind = Kind::Name;
    TENON_TRY(pattern.name, parse_host_name(host));
  }
  for (std::string_view rest = plus == text.npos ? std::string_view() : text.substr(plus); !rest.empty();) {
    rest.remove_prefix(1);
    const std::string_view word = rest.substr(0, rest.find('+'));
    rest.remove_prefix(word.size());
    bool* const flag = word == "loopback"     ? &pattern.may_be_loopback
                       : word == "private"    ? &pattern.may_be_private
                       : word == "link-local" ? &pattern.may_be_link_local
                                              : nullptr;
    if (flag == nullptr || *flag || pattern.kind == Kind::Range) {
      return fail(ErrorKind::InvalidInput,
                  fmt::format("in the host {} a name may be followed by +loopback, +private and +link-local, each once, not by \"+{}\"", text, word));
    }
    *flag = true;
  }
  return pattern;
}

bool HostPattern::matches_name(std::string_view host) const {
  switch (kind) {
    case Kind::Any: return true;
    case Kind::Name: return host == name;
    case Kind::Subdomains: return host.size() > name.size() + 1 && host.ends_with(name) && host[host.size() - name.size() - 1] == '.';
    case Kind::Range: return false;
  }
  return false;
}

bool HostPattern::is_localhost() const { return kind != Kind::Any && (name == "localhost" || name.ends_with(".localhost")); }

bool HostPattern::admits(const IpAddress& address) const {
  if (kind == Kind::Range) return range.contains(address);
  switch (class_of(address)) {
    case AddressClass::Public: return true;
    case AddressClass::Loopback: return may_be_loopback || is_localhost();
    case AddressClass::Private: return may_be_private;
    case AddressClass::LinkLocal: return may_be_link_local;
    case AddressClass::Metadata:
    case AddressClass::Special: return false;
  }
  return false;
}

bool HostPattern::matches_address(const IpAddress& address) const {
  switch (kind) {
    case Kind::Range:
    case Kind::Any: return admits(address);
    case Kind::Name: return name == "localhost" && class_of(address) == AddressClass::Loopback;
    case Kind::Subdomains: return false;
  }
  return false;
}

std::string HostPattern::to_string(bool ranges_in_brackets) const {
  std::string text;
  switch (kind) {
    case Kind::Any: text = "*"; break;
    case Kind::Name: text = name; break;
    case Kind::Subdomains: text = "*." + name; break;
    case Kind::Range: {
      const bool is_one = range.bits == (range.base.is_v6 ? 128 : 32);
      const bool brackets = range.base.is_v6 || (ranges_in_brackets && !is_one);
      text = brackets ? fmt::format("[{}]", range.to_string()) : range.to_string();
      break;
    }
  }
  if (may_be_loopback) text += "+loopback";
  if (may_be_private) text += "+private";
  if (may_be_link_local) text += "+link-local";
  return text;
}

namespace {

Result<EndpointPattern> parse_endpoint(std::string_view text) {
  EndpointPattern pattern;
  if (text.starts_with("tcp://") || text.starts_with("udp://")) {
    pattern.transport = text[0] == 't' ? Transport::Tcp : Transport::Udp;
    text.remove_prefix(6);
  }
  if (text.empty()) return fail(ErrorKind::InvalidInput, "the host is empty");
  TENON_TRY(HostAndPorts parsed, parse_host_and_ports(text));
  pattern.host = std::move(parsed.host);
  pattern.ports = parsed.ports.value_or(PortRange{});
  return pattern;
}

}  // namespace

Result<EndpointPattern> EndpointPattern::parse(std::string_view text) {
  TENON_TRY(EndpointPattern pattern, parse_endpoint(text));
  if (pattern.ports.last == 0) return fail(ErrorKind::InvalidInput, "nothing can be reached at port 0");
  return pattern;
}

Result<EndpointPattern> EndpointPattern::parse_listen(std::string_view text) {
  TENON_TRY(EndpointPattern pattern, parse_endpoint(text));
  const HostPattern& host = pattern.host;
  if (host.kind == HostPattern::Kind::Subdomains || (host.kind == HostPattern::Kind::Name && host.name != "localhost")) {
    return fail(ErrorKind::InvalidInput, fmt::format("{} is no place to listen at: write an address or range of this machine, localhost, or *", text));
  }
  if (host.may_be_loopback || host.may_be_private || host.may_be_link_local) {
    return fail(ErrorKind::InvalidInput, fmt::format("in {} a + has no meaning where one listens", text));
  }
  return pattern;
}

std::string EndpointPattern::to_string() const {
  std::string text = !transport ? "" : *transport == Transport::Tcp ? "tcp://" : "udp://";
  text += host.to_string();
  if (!ports.is_all()) text += ":" + print_ports(ports);
  return text;
}

RequestPath::RequestPath(std::string_view path) : path_(path), is_ambiguous_(!path.empty() && path.front() != '/') {
  bool is_dots = true;  // the segment so far is nothing but dots
  size_t dots = 0;
  for (size_t i = 0; i < path.size() && !is_ambiguous_; ++i) {
    char c = path[i];
    const bool is_encoded = c == '%';
    if (is_encoded) {
      const auto decoded = decode_percent(path.substr(i));
      is_ambiguous_ = !decoded || *decoded == '/' || *decoded == '%';
      c = decoded.value_or(c);
      i += 2;
    }
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f || c == '\\') is_ambiguous_ = true;
    if (!is_encoded && (c == ' ' || c == '?' || c == '#')) is_ambiguous_ = true;
    if (c == '/') {
      if (i > 0 && is_dots) is_ambiguous_ = true;  // an empty segment, "." or ".."; "..." is as suspicious
      is_dots = true;
      dots = 0;
    } else if (c == '.') {
      ++dots;
    } else {
      is_dots = false;
    }
  }
  if (is_dots && dots > 0) is_ambiguous_ = true;
}

bool RequestPath::is_within(std::string_view prefix) const {
  size_t at = 0;
  for (const char wanted : prefix) {
    if (at >= path_.size()) return false;
    char c = path_[at];
    size_t width = 1;
    if (c == '%') {
      const auto decoded = decode_percent(path_.substr(at));
      if (!decoded) return false;
      c = *decoded;
      width = 3;
    }
    if (c != wanted) return false;
    at += width;
  }
  return at == path_.size() || path_[at] == '/';
}

bool is_url_path_character(char c) { return is_lower(to_lower(c)) || is_digit(c) || std::string_view("-._~!$&'()+,;=:@/").find(c) != std::string_view::npos; }

void append_url_path(std::string& text, std::string_view path) {
  for (const char c : path) {
    if (is_url_path_character(c)) {
      text += c;
    } else {
      fmt::format_to(std::back_inserter(text), "%{:02X}", static_cast<unsigned char>(c));
    }
  }
}

namespace {

/// The decoded prefix of a rule, "" for all paths.
Result<std::string> parse_prefix(std::string_view text) {
  if (text.size() > url_path_bytes_max)
    return fail(ErrorKind::InvalidInput, fmt::format("the path is {} bytes long, at most {} are allowed", text.size(), url_path_bytes_max));
  if (text.ends_with("/**")) text.remove_suffix(2);
  if (text.find_first_of("?#") != text.npos)
    return fail(ErrorKind::InvalidInput, fmt::format("the path {} has a query or fragment, which no rule looks at", text));
  if (text.find('*') != text.npos) return fail(ErrorKind::InvalidInput, fmt::format("the path {} has a *; a path stands for all beneath it", text));
  if (RequestPath(text).is_ambiguous()) {
    return fail(ErrorKind::InvalidInput,
                fmt::format("the path {} has \"..\", \".\", \"//\", a \\, a space or control character, or an encoded slash or percent sign", text));
  }
  if (text.ends_with('/')) text.remove_suffix(1);
  std::string decoded;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto c = decode_percent(text.substr(i));
    decoded += c.value_or(text[i]);
    if (c) i += 2;
  }
  return decoded;
}

}  // namespace

Result<UrlPattern> UrlPattern::parse(std::string_view text) {
  UrlPattern pattern;
  if (const size_t end = text.find("://"); end != text.npos && end < text.find_first_of("/[")) {
    std::string scheme(text.substr(0, end));
    std::transform(scheme.begin(), scheme.end(), scheme.begin(), to_lower);
    if (scheme != "http" && scheme != "https") return fail(ErrorKind::InvalidInput, fmt::format("the scheme {} is neither http nor https", scheme));
    pattern.scheme = scheme == "http" ? Scheme::Http : Scheme::Https;
    text.remove_prefix(end + 3);
  }
  const size_t close = text.starts_with('[') ? std::min(text.find(']'), text.size()) : 0;
  const size_t slash = std::min(text.find('/', close), text.size());
  const std::string_view authority = text.substr(0, slash);
  const std::string_view path = text.substr(slash);
  if (authority.empty()) return fail(ErrorKind::InvalidInput, "the host is empty");
  TENON_TRY(HostAndPorts parsed, parse_host_and_ports(authority));
  if (authority.back() != ']' && !parsed.ports && parsed.host.kind == HostPattern::Kind::Range && path.size() > 1 && path.size() < 4 &&
      std::all_of(path.begin() + 1, path.end(), is_digit)) {
    return fail(ErrorKind::InvalidInput, fmt::format("{} may be a range or a path; write [{}] for the range, or a port before the path", text, text));
  }
  pattern.host = std::move(parsed.host);
  pattern.ports = parsed.ports;
  if (pattern.ports && pattern.ports->last == 0) return fail(ErrorKind::InvalidInput, "nothing can be reached at port 0");
  TENON_TRY(pattern.path, parse_prefix(path));
  return pattern;
}

bool UrlPattern::matches_port(Scheme asked, uint16_t port) const {
  if (scheme && *scheme != asked) return false;
  return ports ? ports->contains(port) : port == (asked == Scheme::Https ? 443 : 80);
}

std::string UrlPattern::to_string() const {
  std::string text = !scheme ? "" : *scheme == Scheme::Https ? "https://" : "http://";
  text += host.to_string(true);
  if (ports) text += ":" + print_ports(*ports);
  append_url_path(text, path);
  return text;
}

}  // namespace tenon::policy
