#include "wasi/sockets/host_name.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <arpa/inet.h>

namespace tenon::wasi::sockets {
namespace {

constexpr size_t name_bytes_max = 253;  // an address is shorter
constexpr size_t label_bytes_max = 63;
/// Longer text is no IPv6 address, whatever it holds.
constexpr size_t ipv6_text_max = INET6_ADDRSTRLEN;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f'); }

std::vector<std::string_view> split(std::string_view text) {
  std::vector<std::string_view> parts;
  while (true) {
    const size_t dot = text.find('.');
    parts.push_back(text.substr(0, dot));
    if (dot == std::string_view::npos) return parts;
    text.remove_prefix(dot + 1);
  }
}

/// A number of the URL standard's IPv4 parser, at most 2^32 - 1. `text` is in lower case.
std::optional<uint32_t> parse_number(std::string_view text) {
  if (text.empty()) return std::nullopt;
  uint32_t base = 10;
  if (text.starts_with("0x")) {
    base = 16;
    text.remove_prefix(2);
  } else if (text.size() > 1 && text.front() == '0') {
    base = 8;
    text.remove_prefix(1);
  }
  uint64_t number = 0;
  for (const char c : text) {
    if (!is_hex(c)) return std::nullopt;
    const uint32_t digit = static_cast<uint32_t>(is_digit(c) ? c - '0' : c - 'a' + 10);
    if (digit >= base) return std::nullopt;
    number = number * base + digit;
    if (number > UINT32_MAX) return std::nullopt;
  }
  return static_cast<uint32_t>(number);
}

bool is_number(std::string_view label) {
  if (!label.empty() && std::ranges::all_of(label, is_digit)) return true;
  return label.starts_with("0x") && std::ranges::all_of(label.substr(2), is_hex);
}

std::optional<policy::IpAddress> parse_ipv4(const std::vector<std::string_view>& parts) {
  if (parts.size() > 4) return std::nullopt;
  uint32_t address = 0;
  for (size_t i = 0; i < parts.size(); i++) {
    const std::optional<uint32_t> number = parse_number(parts[i]);
    if (!number) return std::nullopt;
    const bool is_last = i + 1 == parts.size();
    // The last part fills what the others leave.
    const uint64_t max = is_last ? UINT32_MAX >> (8 * i) : 255;
    if (*number > max) return std::nullopt;
    address |= is_last ? *number : *number << (24 - 8 * i);
  }
  policy::IpAddress result;
  for (size_t i = 0; i < 4; i++) result.bytes[i] = static_cast<uint8_t>(address >> (24 - 8 * i));
  return result;
}

std::optional<policy::IpAddress> parse_ipv6(std::string_view text) {
  if (text.size() >= ipv6_text_max || text.find('\0') != std::string_view::npos) return std::nullopt;
  policy::IpAddress address;
  address.is_v6 = true;
  if (inet_pton(AF_INET6, std::string(text).c_str(), address.bytes.data()) != 1) return std::nullopt;
  return policy::unpack(address);
}

bool is_label(std::string_view label) {
  return !label.empty() && label.size() <= label_bytes_max && !label.starts_with('-') && !label.ends_with('-') &&
         std::ranges::all_of(label, [](char c) { return (c >= 'a' && c <= 'z') || is_digit(c) || c == '-' || c == '_'; });
}

}  // namespace

std::optional<HostName> parse_host_name(std::string_view text) {
  // Nothing else is looked at in text that is too long to be a name with its last dot.
  if (text.size() > name_bytes_max + 1) return std::nullopt;
  if (text.starts_with('[')) {
    if (!text.ends_with(']')) return std::nullopt;
    const auto address = parse_ipv6(text.substr(1, text.size() - 2));
    return address ? std::optional(HostName{.address = address, .name = {}}) : std::nullopt;
  }
  if (text.find(':') != std::string_view::npos) {
    const auto address = parse_ipv6(text);
    return address ? std::optional(HostName{.address = address, .name = {}}) : std::nullopt;
  }
  if (text.ends_with('.')) text.remove_suffix(1);
  if (text.empty() || text.size() > name_bytes_max) return std::nullopt;
  std::string name(text);
  std::ranges::transform(name, name.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  const std::vector<std::string_view> labels = split(name);
  if (is_number(labels.back())) {
    const auto address = parse_ipv4(labels);
    return address ? std::optional(HostName{.address = address, .name = {}}) : std::nullopt;
  }
  if (!std::ranges::all_of(labels, is_label)) return std::nullopt;
  return HostName{.address = std::nullopt, .name = std::move(name)};
}

}  // namespace tenon::wasi::sockets
