#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "tenon/types.h"
#include "tenon/value.h"
#include "tenon/value_text.h"
#include "wit/sample.h"

/// The first bytes choose a type; the rest is read as JSON of it. What is accepted must be written and read back as the same value.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tenon;
  wit::Sampler sampler({data, size});
  TypeTable table;
  const Type type(table, sampler.type(table, 4));
  if (!json_schema(type)) std::abort();
  const auto value = from_json(sampler.rest(), type, {.bytes_max = 65536, .values_max = 65536});
  if (!value) return 0;
  const auto text = to_json(*value, type);
  if (!text) std::abort();
  const auto again = from_json(*text, type);
  if (!again || *again != *value) std::abort();
  return 0;
}
