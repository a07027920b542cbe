#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace tenon::wit {

inline std::string_view as_text(std::span<const std::byte> bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

/// Reads numbers and names of the binary format; goes no further than its bytes.
class BinaryReader {
 public:
  explicit BinaryReader(std::span<const std::byte> bytes) : bytes_(bytes) {}

  bool at_end() const { return offset_ == bytes_.size(); }
  size_t offset() const { return offset_; }

  std::optional<uint8_t> byte() {
    if (at_end()) return std::nullopt;
    return std::to_integer<uint8_t>(bytes_[offset_++]);
  }

  /// An unsigned LEB128 number of at most 64 bits.
  std::optional<uint64_t> number() {
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const auto part = byte();
      if (!part) return std::nullopt;
      value |= uint64_t{*part & 0x7Fu} << shift;
      if ((*part & 0x80) == 0) return value;
    }
    return std::nullopt;
  }

  std::optional<std::span<const std::byte>> take(uint64_t count) {
    if (count > bytes_.size() - offset_) return std::nullopt;
    const auto taken = bytes_.subspan(offset_, count);
    offset_ += count;
    return taken;
  }

  /// Skips a LEB128 number, signed or not. False at the end.
  bool skip_number() {
    for (;;) {
      const auto part = byte();
      if (!part) return false;
      if ((*part & 0x80) == 0) return true;
    }
  }

  /// The next byte, which stays.
  std::optional<uint8_t> peek() const { return at_end() ? std::nullopt : std::optional(std::to_integer<uint8_t>(bytes_[offset_])); }

  std::optional<std::string_view> name() {
    const auto length = number();
    const auto bytes = length ? take(*length) : std::nullopt;
    return bytes ? std::optional(as_text(*bytes)) : std::nullopt;
  }

 private:
  std::span<const std::byte> bytes_;
  size_t offset_ = 0;
};

}  // namespace tenon::wit
