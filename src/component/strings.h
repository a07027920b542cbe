#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

/// Text as it lies in guest memory: UTF-8, UTF-16 (little endian) and Latin-1 (`CanonicalABI.md`, "Loading" and "Storing" of strings).
///
/// Nothing here allocates in guest memory or trusts its input; a length is always one of code units of the encoding named.
namespace tenon::component {

/// Where UTF-8 stops being valid, in the terms of Wasmtime's message.
struct Utf8Error {
  size_t valid_up_to = 0;
  /// Bytes of the wrong sequence, 1 to 3; zero when the text ends inside of a sequence.
  uint8_t length = 0;
};

/// The first error of `text`, or nothing when it is valid (no surrogates, no overlong forms, at most U+10FFFF).
std::optional<Utf8Error> find_utf8_error(std::span<const uint8_t> text);
std::string to_string(const Utf8Error& error);

/// Number of leading bytes that are ASCII.
size_t ascii_prefix(std::span<const uint8_t> text);

/// One scalar value of valid UTF-8, and how many bytes it took.
struct Scalar {
  char32_t value = 0;
  uint8_t units = 0;
};
Scalar decode_utf8(const uint8_t* text);
/// Writes `scalar` to `out`, which has room for 4 bytes; returns how many were written.
size_t encode_utf8(char32_t scalar, uint8_t* out);

/// A 16-bit unit at any address.
inline uint16_t load_u16(const uint8_t* at) { return static_cast<uint16_t>(at[0] | at[1] << 8); }
inline void store_u16(uint8_t* at, uint16_t unit) {
  at[0] = static_cast<uint8_t>(unit);
  at[1] = static_cast<uint8_t>(unit >> 8);
}

/// The scalar at the start of `units` 16-bit units, or nothing for an unpaired surrogate. `units` is at least 1.
std::optional<Scalar> decode_utf16(const uint8_t* text, size_t units);
/// Writes one or two units; returns how many.
size_t encode_utf16(char32_t scalar, uint8_t* out);

/// Appends `units` 16-bit units to `out` as UTF-8. On an unpaired surrogate returns it and leaves `out` unspecified.
std::optional<uint16_t> append_utf16(std::span<const uint8_t> text, std::string& out);
/// Appends Latin-1 to `out` as UTF-8.
void append_latin1(std::span<const uint8_t> text, std::string& out);

/// Units that valid UTF-8 takes as UTF-16.
size_t utf16_length(std::string_view text);
/// Writes valid UTF-8 as UTF-16; `out` has room for `utf16_length(text)` units. Returns the units written.
size_t write_utf16(std::string_view text, uint8_t* out);

}  // namespace tenon::component
