#include "base/encoding.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace tenon::base {
namespace {

constexpr std::string_view hex_digits = "0123456789abcdef";
constexpr std::string_view base64_digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr uint8_t no_digit = 0xff;

constexpr std::array<uint8_t, 256> base64_values = [] {
  std::array<uint8_t, 256> values{};
  values.fill(no_digit);
  for (size_t i = 0; i < base64_digits.size(); ++i) values[static_cast<uint8_t>(base64_digits[i])] = static_cast<uint8_t>(i);
  return values;
}();

}  // namespace

std::string encode_hex(std::span<const std::byte> bytes) {
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const std::byte byte : bytes) {
    text += hex_digits[std::to_integer<size_t>(byte >> 4)];
    text += hex_digits[std::to_integer<size_t>(byte & std::byte{15})];
  }
  return text;
}

std::string encode_base64(std::span<const std::byte> bytes) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (size_t at = 0; at < bytes.size(); at += 3) {
    const size_t count = std::min<size_t>(3, bytes.size() - at);
    uint32_t group = 0;
    for (size_t i = 0; i < 3; ++i) group = group << 8 | (i < count ? std::to_integer<uint32_t>(bytes[at + i]) : 0);
    for (size_t i = 0; i < 4; ++i) text += i <= count ? base64_digits[group >> (18 - 6 * i) & 63] : '=';
  }
  return text;
}

Result<std::vector<std::byte>> decode_base64(std::string_view text) {
  if (text.size() % 4 != 0) return fail(ErrorKind::InvalidInput, "base64 text of " + std::to_string(text.size()) + " characters, expected a multiple of 4");
  size_t padding = 0;
  while (padding < 2 && padding < text.size() && text[text.size() - 1 - padding] == '=') ++padding;
  const size_t digits = text.size() - padding;

  std::vector<std::byte> bytes;
  bytes.reserve(digits * 3 / 4);
  uint32_t bits = 0;
  unsigned bit_count = 0;
  for (size_t i = 0; i < digits; ++i) {
    const uint8_t value = base64_values[static_cast<uint8_t>(text[i])];
    if (value == no_digit) return fail(ErrorKind::InvalidInput, "character " + std::to_string(i) + " is not base64");
    bits = bits << 6 | value;
    bit_count += 6;
    if (bit_count >= 8) {
      bit_count -= 8;
      bytes.push_back(static_cast<std::byte>(bits >> bit_count & 0xff));
      bits &= (1U << bit_count) - 1;
    }
  }
  if (bits != 0) return fail(ErrorKind::InvalidInput, "base64 text ends in bits that are not zero");
  return bytes;
}

}  // namespace tenon::base
