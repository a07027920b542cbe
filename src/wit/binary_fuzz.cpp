#include <cstddef>
#include <cstdint>
#include <span>

#include "wit/binary.h"
#include "wit/core_module.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  (void)tenon::wit::detect(bytes);
  (void)tenon::wit::read_sections(bytes);
  (void)tenon::wit::read_core_module(bytes);
  return 0;
}
