#include <cstddef>
#include <cstdint>
#include <span>

#include "base/check.h"
#include "component/plan.h"

// Translates any bytes: every plan that the translator makes is one that the loader takes.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tenon::component;
  const auto buffer = translate(std::as_bytes(std::span(data, size)));
  if (!buffer) return 0;
  const auto plan = load(buffer->bytes());
  TENON_CHECK(plan, plan.error().message());
  dump(*plan);
  unsupported_uses(*plan);
  return 0;
}
