#include "policy/units.h"

#include <cstdint>
#include <cstdlib>
#include <string_view>

/// What is read as a duration, a size or a count is within its range, and is read as the same when it is written.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tenon::policy;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto duration = parse_duration(text)) {
    if (duration->count() < 0 || *parse_duration(format_duration(*duration)) != *duration) std::abort();
  }
  const auto bytes = parse_bytes(text);
  if (bytes && *parse_bytes(format_bytes(*bytes)) != *bytes) std::abort();
  // A count is a size without a unit.
  const auto count = parse_count(text);
  if (count && (!bytes || *bytes != *count)) std::abort();
  return 0;
}
