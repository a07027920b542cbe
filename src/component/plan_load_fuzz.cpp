#include "component/plan.h"

#include <cstddef>
#include <cstdint>
#include <span>

// Loads a plan from any bytes: what is let through can be printed and searched.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tenon::component;
  if (const auto plan = load(std::as_bytes(std::span(data, size)))) {
    dump(*plan);
    unsupported_uses(*plan);
  }
  return 0;
}
