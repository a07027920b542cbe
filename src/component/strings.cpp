#include "component/strings.h"

#include <bit>
#include <cstring>

namespace tenon::component {

namespace {

uint64_t load_u64(const uint8_t* at) {
  uint64_t word;
  std::memcpy(&word, at, sizeof(word));
  return word;
}

constexpr uint64_t high_bits = 0x8080808080808080;

bool is_continuation(uint8_t byte) { return (byte & 0xc0) == 0x80; }

}  // namespace

size_t ascii_prefix(std::span<const uint8_t> text) {
  const uint8_t* const data = text.data();
  size_t i = 0;
  // Four words at a time is what compilers turn into vector code.
  for (; i + 32 <= text.size(); i += 32) {
    const uint64_t any = load_u64(data + i) | load_u64(data + i + 8) | load_u64(data + i + 16) | load_u64(data + i + 24);
    if (any & high_bits) break;
  }
  for (; i + 8 <= text.size(); i += 8) {
    const uint64_t high = load_u64(data + i) & high_bits;
    if (high != 0) return i + static_cast<size_t>(std::countr_zero(high)) / 8;
  }
  while (i < text.size() && data[i] < 0x80) ++i;
  return i;
}

std::optional<Utf8Error> find_utf8_error(std::span<const uint8_t> text) {
  size_t i = 0;
  const size_t size = text.size();
  while (true) {
    i += ascii_prefix(text.subspan(i));
    if (i == size) return std::nullopt;
    // A run of other scripts; back to the fast loop at the next ASCII byte.
    while (i < size && text[i] >= 0x80) {
      const uint8_t lead = text[i];
      uint8_t second_min = 0x80;
      uint8_t second_max = 0xbf;
      uint8_t length = 0;
      if (lead >= 0xc2 && lead <= 0xdf) {
        length = 2;
      } else if (lead >= 0xe0 && lead <= 0xef) {
        length = 3;
        if (lead == 0xe0) second_min = 0xa0;
        if (lead == 0xed) second_max = 0x9f;
      } else if (lead >= 0xf0 && lead <= 0xf4) {
        length = 4;
        if (lead == 0xf0) second_min = 0x90;
        if (lead == 0xf4) second_max = 0x8f;
      } else {
        return Utf8Error{i, 1};
      }
      for (uint8_t k = 1; k < length; ++k) {
        if (i + k >= size) return Utf8Error{i, 0};
        const uint8_t byte = text[i + k];
        const bool good = k == 1 ? byte >= second_min && byte <= second_max : is_continuation(byte);
        if (!good) return Utf8Error{i, k};
      }
      i += length;
    }
  }
}

std::string to_string(const Utf8Error& error) {
  const std::string from = " from index " + std::to_string(error.valid_up_to);
  if (error.length == 0) return "incomplete utf-8 byte sequence" + from;
  return "invalid utf-8 sequence of " + std::to_string(error.length) + " bytes" + from;
}

Scalar decode_utf8(const uint8_t* text) {
  const uint8_t lead = text[0];
  if (lead < 0x80) return {lead, 1};
  if (lead < 0xe0) return {static_cast<char32_t>((lead & 0x1f) << 6 | (text[1] & 0x3f)), 2};
  if (lead < 0xf0) return {static_cast<char32_t>((lead & 0x0f) << 12 | (text[1] & 0x3f) << 6 | (text[2] & 0x3f)), 3};
  return {static_cast<char32_t>((lead & 0x07) << 18 | (text[1] & 0x3f) << 12 | (text[2] & 0x3f) << 6 | (text[3] & 0x3f)), 4};
}

size_t encode_utf8(char32_t scalar, uint8_t* out) {
  if (scalar < 0x80) {
    out[0] = static_cast<uint8_t>(scalar);
    return 1;
  }
  if (scalar < 0x800) {
    out[0] = static_cast<uint8_t>(0xc0 | scalar >> 6);
    out[1] = static_cast<uint8_t>(0x80 | (scalar & 0x3f));
    return 2;
  }
  if (scalar < 0x10000) {
    out[0] = static_cast<uint8_t>(0xe0 | scalar >> 12);
    out[1] = static_cast<uint8_t>(0x80 | (scalar >> 6 & 0x3f));
    out[2] = static_cast<uint8_t>(0x80 | (scalar & 0x3f));
    return 3;
  }
  out[0] = static_cast<uint8_t>(0xf0 | scalar >> 18);
  out[1] = static_cast<uint8_t>(0x80 | (scalar >> 12 & 0x3f));
  out[2] = static_cast<uint8_t>(0x80 | (scalar >> 6 & 0x3f));
  out[3] = static_cast<uint8_t>(0x80 | (scalar & 0x3f));
  return 4;
}

std::optional<Scalar> decode_utf16(const uint8_t* text, size_t units) {
  const uint16_t first = load_u16(text);
  if (first < 0xd800 || first > 0xdfff) return Scalar{first, 1};
  if (first > 0xdbff || units < 2) return std::nullopt;
  const uint16_t second = load_u16(text + 2);
  if (second < 0xdc00 || second > 0xdfff) return std::nullopt;
  return Scalar{static_cast<char32_t>(0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00)), 2};
}

size_t encode_utf16(char32_t scalar, uint8_t* out) {
  if (scalar < 0x10000) {
    store_u16(out, static_cast<uint16_t>(scalar));
    return 1;
  }
  store_u16(out, static_cast<uint16_t>(0xd800 + ((scalar - 0x10000) >> 10)));
  store_u16(out + 2, static_cast<uint16_t>(0xdc00 + ((scalar - 0x10000) & 0x3ff)));
  return 2;
}

std::optional<uint16_t> append_utf16(std::span<const uint8_t> text, std::string& out) {
  const size_t units = text.size() / 2;
  out.reserve(out.size() + units);
  for (size_t i = 0; i < units;) {
    const auto scalar = decode_utf16(text.data() + 2 * i, units - i);
    if (!scalar) return load_u16(text.data() + 2 * i);
    uint8_t bytes[4];
    out.append(reinterpret_cast<const char*>(bytes), encode_utf8(scalar->value, bytes));
    i += scalar->units;
  }
  return std::nullopt;
}

void append_latin1(std::span<const uint8_t> text, std::string& out) {
  out.reserve(out.size() + text.size());
  while (!text.empty()) {
    const size_t plain = ascii_prefix(text);
    out.append(reinterpret_cast<const char*>(text.data()), plain);
    text = text.subspan(plain);
    if (text.empty()) return;
    uint8_t bytes[4];
    out.append(reinterpret_cast<const char*>(bytes), encode_utf8(text[0], bytes));
    text = text.subspan(1);
  }
}

size_t utf16_length(std::string_view text) {
  size_t units = 0;
  for (const char c : text) {
    const auto byte = static_cast<uint8_t>(c);
    units += !is_continuation(byte);
    units += byte >= 0xf0;
  }
  return units;
}

size_t write_utf16(std::string_view text, uint8_t* out) {
  const auto* const data = reinterpret_cast<const uint8_t*>(text.data());
  size_t units = 0;
  for (size_t i = 0; i < text.size();) {
    const Scalar scalar = decode_utf8(data + i);
    units += encode_utf16(scalar.value, out + 2 * units);
    i += scalar.units;
  }
  return units;
}

}  // namespace tenon::component
