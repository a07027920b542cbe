#include "wasi/http/syntax.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <system_error>

namespace tenon::wasi::http {

namespace {

constexpr size_t token_bytes_max = 65535;

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
constexpr bool is_hex(char c) { return is_digit(c) || (lower(c) >= 'a' && lower(c) <= 'f'); }

/// A set of bytes.
using ByteSet = std::array<bool, 256>;

constexpr ByteSet letters_digits_and(std::string_view marks) {
  ByteSet set{};
  for (int c = 0; c < 256; c++) set[static_cast<size_t>(c)] = is_digit(static_cast<char>(c)) || is_letter(static_cast<char>(c));
  for (const char c : marks) set[static_cast<unsigned char>(c)] = true;
  return set;
}

constexpr ByteSet printable_but(std::string_view marks) {
  ByteSet set{};
  for (size_t c = 0x21; c < 0x7f; c++) set[c] = true;
  for (const char c : marks) set[static_cast<unsigned char>(c)] = false;
  return set;
}

constexpr ByteSet field_value_bytes() {
  ByteSet set{};
  for (size_t c = 0x20; c < 256; c++) set[c] = c != 0x7f;
  set['\t'] = true;
  return set;
}

constexpr ByteSet token_set = letters_digits_and("!#$%&'*+-.^_`|~");
constexpr ByteSet value_set = field_value_bytes();
constexpr ByteSet scheme_set = letters_digits_and("+-.");
constexpr ByteSet host_set = letters_digits_and("-._~!$&'()*+,;=%");
constexpr ByteSet user_set = letters_digits_and("-._~!$&'()*+,;=%:");
constexpr ByteSet path_set = printable_but("<>#");

bool all_in(const ByteSet& set, std::string_view text) {
  return std::ranges::all_of(text, [&](char c) { return set[static_cast<unsigned char>(c)]; });
}

bool is_port(std::string_view text) {
  uint32_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return !text.empty() && error == std::errc() && end == text.data() + text.size() && port <= 65535;
}

}  // namespace

bool is_token(std::string_view text) { return !text.empty() && text.size() <= token_bytes_max && all_in(token_set, text); }

bool is_field_value(std::string_view bytes) { return all_in(value_set, bytes); }

bool is_scheme(std::string_view text) { return !text.empty() && is_letter(text[0]) && all_in(scheme_set, text); }

bool is_authority(std::string_view text) {
  if (const size_t at = text.rfind('@'); at != std::string_view::npos) {
    if (!all_in(user_set, text.substr(0, at))) return false;
    text.remove_prefix(at + 1);
  }
  if (text.empty()) return false;
  if (text[0] == '[') {
    const size_t close = text.find(']');
    if (close == std::string_view::npos || close == 1) return false;
    const std::string_view inside = text.substr(1, close - 1);
    if (!std::ranges::all_of(inside, [](char c) { return is_hex(c) || c == ':' || c == '.'; })) return false;
    text.remove_prefix(close + 1);
    return text.empty() || (text[0] == ':' && is_port(text.substr(1)));
  }
  const size_t colon = text.find(':');
  const std::string_view host = text.substr(0, colon);
  if (host.empty() || !all_in(host_set, host)) return false;
  return colon == std::string_view::npos || is_port(text.substr(colon + 1));
}

bool is_path_with_query(std::string_view text) {
  if (text.empty() || text == "*") return true;
  return (text[0] == '/' || text[0] == '?') && all_in(path_set, text);
}

std::optional<uint64_t> parse_content_length(std::string_view text) {
  uint64_t length = 0;
  if (text.empty() || !is_digit(text[0])) return std::nullopt;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), length);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return length;
}

std::string_view trim(std::string_view text) {
  const auto is_blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

bool equals_ignoring_case(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return lower(x) == lower(y); });
}

bool is_forbidden_field(std::string_view name) {
  constexpr std::array<std::string_view, 9> forbidden = {
      "connection", "host", "http2-settings", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "transfer-encoding", "upgrade"};
  return std::ranges::any_of(forbidden, [&](std::string_view one) { return equals_ignoring_case(name, one); });
}

}  // namespace tenon::wasi::http
