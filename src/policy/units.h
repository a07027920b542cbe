#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "tenon/result.h"

namespace tenon::policy {

/// "1500ms", "2s", "1.5m", "10us", "250ns", "1h"; a number alone is seconds. What is less than a nanosecond is cut off.
/// Errors: `InvalidInput` for other text, negative numbers and more than a year, quoting the text.
Result<std::chrono::nanoseconds> parse_duration(std::string_view text);

/// "65536", "256MB", "64KiB", "64k", "1.5GiB", "2g": K, M, G and T count in steps of 1,024, with or without an i. What is less than a byte is cut off.
/// Errors: `InvalidInput` for other text, negative numbers and more than 64 bits, quoting the text.
Result<uint64_t> parse_bytes(std::string_view text);

/// "10000000". Errors: `InvalidInput` for other text, signs and more than 64 bits, quoting the text.
Result<uint64_t> parse_count(std::string_view text);

/// The shortest of the forms above that reads back as the same: "256MiB", "1500ms".
std::string format_duration(std::chrono::nanoseconds duration);
std::string format_bytes(uint64_t bytes);

}  // namespace tenon::policy
