#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tenon/result.h"

namespace tenon::base {

/// Lower-case hexadecimal digits, two a byte.
std::string encode_hex(std::span<const std::byte> bytes);

/// Base64 of RFC 4648 section 4: `A-Za-z0-9+/` with padding.
std::string encode_base64(std::span<const std::byte> bytes);

/// The bytes of padded base64. Errors: `InvalidInput` for another character, a wrong length, or bits that no encoder writes (`"QQ=="` is the only
/// spelling of `"A"`: text that decodes alike is alike).
Result<std::vector<std::byte>> decode_base64(std::string_view text);

}  // namespace tenon::base
