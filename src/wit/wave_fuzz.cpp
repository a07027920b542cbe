#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "tenon/types.h"
#include "tenon/value.h"
#include "tenon/value_text.h"
#include "wit/sample.h"

/// The first bytes choose a type; the rest is read as WAVE of it. What is accepted must be written and read back as the same value, and as JSON too.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tenon;
  wit::Sampler sampler({data, size});
  TypeTable table;
  const Type type(table, sampler.type(table, 4));
  (void)parse_call(sampler.rest());
  const auto value = from_wave(sampler.rest(), type, {.bytes_max = 65536, .values_max = 65536});
  if (!value) return 0;
  const auto text = to_wave(*value, type);
  const auto json = to_json(*value, type);
  if (!text || !json) std::abort();
  const auto again = from_wave(*text, type);
  const auto through_json = from_json(*json, type);
  if (!again || *again != *value || !through_json || *through_json != *value) std::abort();
  return 0;
}
