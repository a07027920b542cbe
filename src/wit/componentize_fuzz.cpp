#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "tenon/wit.h"

/// WebAssembly text or binary: translated both ways, its WIT and metadata read, made a component of.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  namespace wit = tenon::wit;
  const auto binary = wit::text_to_binary(std::string_view(reinterpret_cast<const char*>(data), size));
  if (!binary) return 0;
  if (const auto text = wit::binary_to_text(*binary)) (void)wit::text_to_binary(*text);
  (void)wit::Package::decode(*binary);
  (void)wit::read_metadata(*binary);
  (void)wit::add_metadata(*binary, R"({"name": "n"})");
  (void)wit::componentize(*binary);
  const wit::NamedComponent twice[] = {{"a", *binary}, {"b", *binary}};
  (void)wit::compose(twice);
  return 0;
}
