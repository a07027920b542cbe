#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "tenon_native.h"

namespace tenon::component {

/// The binary of WebAssembly text in a test; a mistake in the text fails the test.
inline std::vector<std::byte> binary_of(std::string_view wat) {
  constexpr std::string_view path = "test.wat";
  tn_buffer binary = {};
  tn_error* const error =
      tn_text_to_binary({reinterpret_cast<const uint8_t*>(wat.data()), wat.size()}, {reinterpret_cast<const uint8_t*>(path.data()), path.size()}, &binary);
  if (error != nullptr) {
    const tn_bytes message = tn_error_message(error);
    ADD_FAILURE() << std::string_view(reinterpret_cast<const char*>(message.data), message.size);
    tn_error_free(error);
    return {};
  }
  const auto* const from = reinterpret_cast<const std::byte*>(binary.data);
  std::vector<std::byte> bytes(from, from + binary.size);
  tn_buffer_free(binary);
  return bytes;
}

}  // namespace tenon::component
