#include "policy/toml_text.h"

#include <algorithm>

#include <fmt/format.h>

namespace tenon::policy {
namespace {

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

}  // namespace

std::string toml_string(std::string_view text) {
  const bool has_control = std::any_of(text.begin(), text.end(), is_control);
  if (!has_control && text.find('\\') != text.npos && text.find('\'') == text.npos) return fmt::format("'{}'", text);
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    if (is_control(c)) {
      result += fmt::format("\\u{:04X}", static_cast<unsigned char>(c));
    } else {
      result += c;
    }
  }
  return result + "\"";
}

std::string shell_word(std::string_view text) {
  if (!text.empty() && text.find_first_of(" \t\n\r\"'\\$`&|;<>(){}~!#") == text.npos) return std::string(text);
  std::string result = "'";
  for (const char c : text) {
    if (c == '\'') {
      result += "'\\''";
    } else {
      result += c;
    }
  }
  return result + "'";
}

}  // namespace tenon::policy
