#include "component/transcode.h"

#include <cstring>
#include <utility>

#include "component/strings.h"

namespace tenon::component {

namespace {

/// Marks a length as one of 16-bit units in latin1+utf16 (`CanonicalABI.md`, `UTF16_TAG`).
constexpr uint64_t utf16_tag = uint64_t{1} << 31;

std::unexpected<Error> invalid_utf8() { return fail(ErrorKind::Trap, "invalid utf8 encoding"); }
std::unexpected<Error> invalid_utf16() { return fail(ErrorKind::Trap, "invalid utf16 encoding"); }

Result<TranscodeResult> copy_utf8(const TranscodeArguments& a) {
  if (find_utf8_error({a.from, a.from_length})) return invalid_utf8();
  std::memcpy(a.to, a.from, a.from_length);
  return TranscodeResult{};
}

/// Copies and says whether every character would fit into Latin-1.
Result<bool> copy_utf16(const uint8_t* from, size_t units, uint8_t* to) {
  bool all_latin1 = true;
  for (size_t i = 0; i < units;) {
    const auto scalar = decode_utf16(from + 2 * i, units - i);
    if (!scalar) return invalid_utf16();
    all_latin1 = all_latin1 && scalar->value <= 0xff;
    // Written from the decoded scalar, not copied: another thread of the guest may change shared memory in between.
    encode_utf16(scalar->value, to + 2 * i);
    i += scalar->units;
  }
  return all_latin1;
}

/// Writes at most `to_units`; valid UTF-8 of n bytes never needs more than n units.
Result<size_t> utf8_to_utf16(const uint8_t* from, size_t bytes, uint8_t* to, size_t to_units) {
  if (find_utf8_error({from, bytes})) return invalid_utf8();
  size_t written = 0;
  for (size_t i = 0; i < bytes;) {
    const Scalar scalar = decode_utf8(from + i);
    if (written + (scalar.value >= 0x10000 ? 2 : 1) > to_units) break;
    written += encode_utf16(scalar.value, to + 2 * written);
    i += scalar.units;
  }
  return written;
}

Result<TranscodeResult> utf16_to_utf8(const TranscodeArguments& a) {
  size_t read = 0;
  size_t written = 0;
  while (read < a.from_length) {
    const auto scalar = decode_utf16(a.from + 2 * read, a.from_length - read);
    if (!scalar) return invalid_utf16();
    if (a.first_pass && scalar->value >= 0x80) break;
    uint8_t bytes[4];
    const size_t size = encode_utf8(scalar->value, bytes);
    if (a.to_length - written < size) break;
    std::memcpy(a.to + written, bytes, size);
    written += size;
    read += scalar->units;
  }
  return TranscodeResult{read, written};
}

TranscodeResult latin1_to_utf8(const TranscodeArguments& a) {
  size_t read = 0;
  size_t written = 0;
  while (read < a.from_length) {
    const uint8_t byte = a.from[read];
    if (a.first_pass && byte >= 0x80) break;
    uint8_t bytes[4];
    const size_t size = encode_utf8(byte, bytes);
    if (a.to_length - written < size) break;
    std::memcpy(a.to + written, bytes, size);
    written += size;
    ++read;
  }
  return {read, written};
}

Result<TranscodeResult> utf16_to_compact_probably_utf16(const TranscodeArguments& a) {
  TENON_TRY(const bool all_latin1, copy_utf16(a.from, a.from_length, a.to));
  if (!all_latin1) return TranscodeResult{a.from_length | utf16_tag, 0};
  for (size_t i = 0; i < a.from_length; ++i) a.to[i] = a.to[2 * i];
  return TranscodeResult{a.from_length, 0};
}

/// Stops before the first character beyond U+00FF, and before what is no UTF-8: the pass that follows finds and reports that.
TranscodeResult utf8_to_latin1(const TranscodeArguments& a) {
  size_t read = 0;
  size_t written = 0;
  while (read < a.from_length) {
    const uint8_t lead = a.from[read];
    if (lead < 0x80) {
      a.to[written++] = lead;
      ++read;
    } else if ((lead == 0xc2 || lead == 0xc3) && read + 1 < a.from_length && (a.from[read + 1] & 0xc0) == 0x80) {
      a.to[written++] = static_cast<uint8_t>((lead & 0x03) << 6 | (a.from[read + 1] & 0x3f));
      read += 2;
    } else {
      break;
    }
  }
  return {read, written};
}

TranscodeResult utf16_to_latin1(const TranscodeArguments& a) {
  size_t count = 0;
  for (; count < a.from_length; ++count) {
    const uint16_t unit = load_u16(a.from + 2 * count);
    if (unit > 0xff) break;
    a.to[count] = static_cast<uint8_t>(unit);
  }
  return {count, count};
}

/// Widens `count` Latin-1 bytes in place. From the end, so that no byte is overwritten before it is read.
void widen_latin1(uint8_t* text, size_t count) {
  for (size_t i = count; i-- > 0;) store_u16(text + 2 * i, text[i]);
}

Result<TranscodeResult> to_compact_utf16(Transcode operation, const TranscodeArguments& a) {
  if (a.latin1_bytes > a.to_length) return fail(ErrorKind::Trap, "wasm trap: string content out-of-bounds");
  widen_latin1(a.to, a.latin1_bytes);
  uint8_t* const rest = a.to + 2 * a.latin1_bytes;
  const size_t room = a.to_length - a.latin1_bytes;
  if (operation == Transcode::Utf8ToCompactUtf16) {
    TENON_TRY(const size_t written, utf8_to_utf16(a.from, a.from_length, rest, room));
    return TranscodeResult{written + a.latin1_bytes, 0};
  }
  if (a.from_length > room) return fail(ErrorKind::Trap, "wasm trap: string content out-of-bounds");
  TENON_TRY([[maybe_unused]] const bool all_latin1, copy_utf16(a.from, a.from_length, rest));
  return TranscodeResult{a.from_length + a.latin1_bytes, 0};
}

}  // namespace

int transcode_result_count(Transcode operation) {
  switch (operation) {
    case Transcode::CopyUtf8:
    case Transcode::CopyUtf16:
    case Transcode::CopyLatin1:
    case Transcode::Latin1ToUtf16: return 0;
    case Transcode::Utf8ToUtf16:
    case Transcode::Utf16ToCompactProbablyUtf16:
    case Transcode::Utf16ToCompactUtf16:
    case Transcode::Utf8ToCompactUtf16: return 1;
    case Transcode::Latin1ToUtf8:
    case Transcode::Utf16ToUtf8:
    case Transcode::Utf8ToLatin1:
    case Transcode::Utf16ToLatin1: return 2;
  }
  std::unreachable();
}

TranscodeExtent transcode_extent(Transcode operation, uint64_t from_length, uint64_t to_length) {
  // Lengths are below 2^32, or the adapter has checked them against a 64-bit memory; doubling cannot overflow for what fits into a memory.
  switch (operation) {
    case Transcode::CopyUtf8:
    case Transcode::CopyLatin1:
    case Transcode::Utf8ToLatin1: return {from_length, from_length};
    case Transcode::CopyUtf16:
    case Transcode::Utf16ToCompactProbablyUtf16: return {2 * from_length, 2 * from_length};
    case Transcode::Latin1ToUtf16:
    case Transcode::Utf8ToUtf16: return {from_length, 2 * from_length};
    case Transcode::Utf16ToLatin1: return {2 * from_length, from_length};
    case Transcode::Latin1ToUtf8: return {from_length, to_length};
    case Transcode::Utf16ToUtf8: return {2 * from_length, to_length};
    case Transcode::Utf8ToCompactUtf16: return {from_length, 2 * to_length};
    case Transcode::Utf16ToCompactUtf16: return {2 * from_length, 2 * to_length};
  }
  std::unreachable();
}

Result<TranscodeResult> transcode(Transcode operation, const TranscodeArguments& a) {
  switch (operation) {
    case Transcode::CopyUtf8: return copy_utf8(a);
    case Transcode::CopyUtf16: {
      TENON_TRY([[maybe_unused]] const bool all_latin1, copy_utf16(a.from, a.from_length, a.to));
      return TranscodeResult{};
    }
    case Transcode::CopyLatin1: std::memcpy(a.to, a.from, a.from_length); return TranscodeResult{};
    case Transcode::Latin1ToUtf16:
      for (size_t i = 0; i < a.from_length; ++i) store_u16(a.to + 2 * i, a.from[i]);
      return TranscodeResult{};
    case Transcode::Latin1ToUtf8: return latin1_to_utf8(a);
    case Transcode::Utf16ToUtf8: return utf16_to_utf8(a);
    case Transcode::Utf16ToCompactProbablyUtf16: return utf16_to_compact_probably_utf16(a);
    case Transcode::Utf8ToUtf16: {
      TENON_TRY(const size_t written, utf8_to_utf16(a.from, a.from_length, a.to, a.from_length));
      return TranscodeResult{written, 0};
    }
    case Transcode::Utf8ToLatin1: return utf8_to_latin1(a);
    case Transcode::Utf16ToLatin1: return utf16_to_latin1(a);
    case Transcode::Utf8ToCompactUtf16:
    case Transcode::Utf16ToCompactUtf16: return to_compact_utf16(operation, a);
  }
  std::unreachable();
}

}  // namespace tenon::component
