#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tenon::base {

/// Whether `code` is a Unicode scalar value: at most U+10FFFF and no surrogate.
constexpr bool is_scalar_value(char32_t code) { return code < 0xD800 || (code >= 0xE000 && code <= 0x10FFFF); }

/// Whether `text` is well-formed UTF-8 (Unicode 15, table 3-7): no overlong forms, no surrogates, nothing cut off.
bool is_utf8(std::string_view text);

/// One decoded scalar value and the bytes it took. `bytes` is 0 when the text does not start with well-formed UTF-8.
struct Decoded {
  char32_t code = 0;
  uint32_t bytes = 0;
};

/// The scalar value that `text` starts with.
Decoded decode_utf8(std::string_view text);

/// Appends `code`, which must be a scalar value.
void append_utf8(std::string& text, char32_t code);

}  // namespace tenon::base
