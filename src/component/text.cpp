// Strings between host (UTF-8) and guest (`CanonicalABI.md`, `load_string_from_range`, `store_string_into_range`).

#include <cstring>
#include <string>
#include <string_view>

#include "component/strings.h"
#include "tenon/detail/guest.h"

namespace tenon::detail {

namespace {

using component::ascii_prefix;

std::span<const uint8_t> bytes_of(std::string_view text) { return {reinterpret_cast<const uint8_t*>(text.data()), text.size()}; }

std::string hex(uint32_t value) {
  constexpr char digits[] = "0123456789abcdef";
  std::string text;
  for (int shift = 12; shift >= 0; shift -= 4) text += digits[value >> shift & 15];
  return text;
}

bool lift_utf16(Guest& guest, std::span<const uint8_t> range, std::string& text) {
  if (const auto surrogate = component::append_utf16(range, text)) return guest.trap("unpaired surrogate found: " + hex(*surrogate));
  return true;
}

/// The bytes of a string in the guest: checked for alignment and bounds, and spent.
bool string_range(Guest& guest, uint64_t address, uint64_t length, uint64_t unit_bytes, uint32_t alignment, std::span<const uint8_t>& range) {
  if (address % alignment != 0) return guest.trap("string pointer not aligned to " + std::to_string(alignment));
  uint64_t bytes = 0;
  if (__builtin_mul_overflow(length, unit_bytes, &bytes) || !guest.contains(address, bytes)) return guest.trap("string pointer/length out of bounds of memory");
  if (!guest.spend(bytes)) return false;
  range = {guest.memory() + address, static_cast<size_t>(bytes)};
  return true;
}

bool too_long(Guest& guest, size_t bytes) {
  return guest.fail(ErrorKind::LimitExceeded, "string length of " + std::to_string(bytes) + " too large to copy into wasm");
}

bool lower_utf8(Guest& guest, std::string_view text, uint64_t& address, uint64_t& length) {
  if (text.size() > string_bytes_max) return too_long(guest, text.size());
  if (!guest.realloc(0, 0, 1, text.size(), address)) return false;
  if (!text.empty()) std::memcpy(guest.memory() + address, text.data(), text.size());
  length = text.size();
  return true;
}

/// `store_utf8_to_utf16`: as large as it could become, then shrunk.
bool lower_utf16(Guest& guest, std::string_view text, uint64_t& address, uint64_t& length) {
  const uint64_t worst = 2 * uint64_t{text.size()};
  if (worst > string_bytes_max) return too_long(guest, text.size());
  if (!guest.realloc(0, 0, 2, worst, address)) return false;
  length = component::write_utf16(text, guest.memory() + address);
  return 2 * length == worst || guest.realloc(address, worst, 2, 2 * length, address);
}

/// `store_string_to_latin1_or_utf16`: Latin-1 until a character does not fit, then what was written is widened.
bool lower_compact(Guest& guest, std::string_view text, uint64_t& address, uint64_t& length) {
  if (text.size() > string_bytes_max) return too_long(guest, text.size());
  if (!guest.realloc(0, 0, 2, text.size(), address)) return false;
  const auto* const from = reinterpret_cast<const uint8_t*>(text.data());
  uint8_t* to = guest.memory() + address;
  uint64_t written = 0;
  for (size_t i = 0; i < text.size();) {
    const component::Scalar scalar = component::decode_utf8(from + i);
    if (scalar.value <= 0xff) {
      to[written++] = static_cast<uint8_t>(scalar.value);
      i += scalar.units;
      continue;
    }
    const uint64_t worst = 2 * uint64_t{text.size()};
    if (worst > string_bytes_max) return guest.fail(ErrorKind::LimitExceeded, "byte length too large");
    if (!guest.realloc(address, text.size(), 2, worst, address)) return false;
    to = guest.memory() + address;
    for (uint64_t k = written; k-- > 0;) component::store_u16(to + 2 * k, to[k]);
    written += component::write_utf16(text.substr(i), to + 2 * written);
    length = written | guest.utf16_tag();
    return 2 * written == worst || guest.realloc(address, worst, 2, 2 * written, address);
  }
  length = written;
  return written == text.size() || guest.realloc(address, text.size(), 2, written, address);
}

}  // namespace

bool check_text(Guest& guest, std::string_view text) {
  const auto error = component::find_utf8_error(bytes_of(text));
  return !error || guest.fail(ErrorKind::InvalidInput, "expected a string in UTF-8: " + component::to_string(*error));
}

bool lift_string_view(Guest& guest, uint64_t address, uint64_t length, std::string_view& text) {
  std::span<const uint8_t> range;
  if (!string_range(guest, address, length, 1, 1, range)) return false;
  if (const auto error = component::find_utf8_error(range)) return guest.trap(component::to_string(*error));
  text = {reinterpret_cast<const char*>(range.data()), range.size()};
  return true;
}

bool lift_string(Guest& guest, uint64_t address, uint64_t length, std::string& text) {
  std::span<const uint8_t> range;
  text.clear();
  switch (guest.encoding()) {
    case TextEncoding::Utf8: {
      std::string_view view;
      if (!lift_string_view(guest, address, length, view)) return false;
      text.assign(view);
      return true;
    }
    case TextEncoding::Utf16: return string_range(guest, address, length, 2, 2, range) && lift_utf16(guest, range, text);
    case TextEncoding::CompactUtf16:
      if (length & guest.utf16_tag()) return string_range(guest, address, length ^ guest.utf16_tag(), 2, 2, range) && lift_utf16(guest, range, text);
      if (!string_range(guest, address, length, 1, 2, range)) return false;
      component::append_latin1(range, text);
      return true;
  }
  std::unreachable();
}

bool lower_string(Guest& guest, std::string_view text, uint64_t& address, uint64_t& length) {
  switch (guest.encoding()) {
    case TextEncoding::Utf8: return lower_utf8(guest, text, address, length);
    case TextEncoding::Utf16: return lower_utf16(guest, text, address, length);
    case TextEncoding::CompactUtf16: return lower_compact(guest, text, address, length);
  }
  std::unreachable();
}

}  // namespace tenon::detail
