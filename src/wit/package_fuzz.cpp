#include <cstddef>
#include <cstdint>
#include <string_view>

#include "tenon/wit.h"

/// WIT text: parsed, printed, described, encoded, made a component of.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  namespace wit = tenon::wit;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto package = wit::Package::parse(text);
  if (!package) return 0;
  if (const auto printed = package->print()) (void)wit::Package::parse(*printed);
  (void)package->json();
  if (const auto binary = package->encode()) (void)wit::Package::decode(*binary);
  if (const auto module = wit::dummy_module(*package)) {
    if (const auto embedded = wit::embed(*package, *module)) (void)wit::componentize(*embedded);
  }
  return 0;
}
