#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tenon/result.h"
#include "tenon_native.h"

namespace tenon::wit {

/// Output of the native library, freed when it goes.
class NativeBuffer {
 public:
  NativeBuffer() = default;
  NativeBuffer(const NativeBuffer&) = delete;
  NativeBuffer& operator=(const NativeBuffer&) = delete;
  ~NativeBuffer() { tn_buffer_free(buffer_); }

  tn_buffer* out() { return &buffer_; }
  std::string text() const { return std::string(reinterpret_cast<const char*>(buffer_.data), buffer_.size); }
  std::vector<std::byte> bytes() const {
    const auto* data = reinterpret_cast<const std::byte*>(buffer_.data);
    return std::vector<std::byte>(data, data + buffer_.size);
  }

 private:
  tn_buffer buffer_{};
};

inline tn_bytes native_bytes(std::string_view text) { return {reinterpret_cast<const uint8_t*>(text.data()), text.size()}; }
inline tn_bytes native_bytes(std::span<const std::byte> bytes) { return {reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()}; }

/// Success for null; otherwise the error, which is freed.
Result<> native_result(tn_error* error);

/// The sentences of a JSON array of text.
Result<std::vector<std::string>> sentences(const NativeBuffer& json);

}  // namespace tenon::wit
