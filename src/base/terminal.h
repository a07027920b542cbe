#pragma once

namespace tenon::base {

/// Whether a terminal would act on the character instead of showing it: control characters, and the marks that turn the direction of text around.
constexpr bool is_terminal_control(char32_t code) {
  const bool is_control = code < 0x20 || (code >= 0x7F && code < 0xA0);
  const bool is_direction = code == 0x061C || (code >= 0x200E && code <= 0x200F) || (code >= 0x2028 && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069);
  return is_control || is_direction;
}

}  // namespace tenon::base
