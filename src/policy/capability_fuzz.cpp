#include "policy/capability.h"

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

/// What is accepted must be printed and read back as the same, and print alike again.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tenon::policy;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto capability = Capability::parse(text);
  if (!capability) return 0;
  const std::string printed = capability->to_string();
  const auto again = Capability::parse(printed);
  if (!again || *again != *capability || again->to_string() != printed) std::abort();
  return 0;
}
