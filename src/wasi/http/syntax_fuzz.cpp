#include "wasi/http/syntax.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

using namespace tenon::wasi::http;

void expect(bool holds) {
  if (!holds) std::abort();
}

bool has_any_of(std::string_view text, std::string_view characters) { return text.find_first_of(characters) != std::string_view::npos; }
bool has_control(std::string_view text) {
  return std::ranges::any_of(text, [](unsigned char c) { return (c < 0x20 && c != '\t') || c == 0x7f; });
}

/// A header of these two, as it is sent, is one line that reads back as the same two.
void check_line(std::string_view name, std::string_view value) {
  const std::string line = std::string(name) + ": " + std::string(value) + "\r\n";
  expect(line.find_first_of("\r\n") == line.size() - 2 && line.find('\0') == std::string::npos);
  const size_t colon = line.find(':');
  expect(line.substr(0, colon) == name);
  expect(trim(std::string_view(line).substr(colon + 1, line.size() - 2 - colon - 1)) == trim(value));
}

}  // namespace

/// What the grammar accepts cannot break out of its place in a request.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const size_t colon = std::min(text.find(':'), text.size());
  const std::string_view name = text.substr(0, colon);
  const std::string_view value = text.substr(std::min(colon + 1, text.size()));
  if (is_token(name)) {
    expect(!has_control(name) && !has_any_of(name, "\t :/?@,;=\"()<>[]{}\\"));
    if (is_field_value(value)) check_line(name, value);
    std::string upper(name);
    std::ranges::transform(upper, upper.begin(), [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
    expect(equals_ignoring_case(name, upper) && is_forbidden_field(name) == is_forbidden_field(upper));
  }
  if (is_field_value(text)) expect(!has_control(text));
  if (is_scheme(text)) expect(!has_control(text) && !has_any_of(text, "\t :/?#@"));
  if (is_authority(text)) expect(!has_control(text) && !has_any_of(text, "\t /?#\\\"<>"));
  if (is_path_with_query(text)) expect(!has_control(text) && !has_any_of(text, "\t #<>") && (text.empty() || has_any_of(text.substr(0, 1), "/?*")));
  if (const auto length = parse_content_length(text)) {
    const size_t digit = std::min(text.find_first_not_of('0'), text.size() - 1);
    expect(std::to_string(*length) == text.substr(digit));
  }
  return 0;
}
