#include "policy/receipt.h"

#include <cstdint>
#include <cstdlib>
#include <string_view>

/// Whatever is read as a receipt is written and read back as the same.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tenon::policy;
  const auto receipt = parse_receipt({reinterpret_cast<const char*>(data), size});
  if (!receipt) {
    if (receipt.error().message().empty()) std::abort();
    return 0;
  }
  if (to_text(*receipt).empty()) std::abort();
  const std::string json = to_json(*receipt);
  const auto again = parse_receipt(json);
  // Values of variables and queries are left out when it is written, so only what was written once stays as it is.
  if (!again || to_json(*again) != json) std::abort();
  return 0;
}
