#include "engine/cache_format.h"

#include <cstdint>
#include <cstdlib>

using namespace tenon::engine;

/// The head of a cache file, as if its digest were right: what is taken lies inside the file, and is written as it was read.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::span bytes(reinterpret_cast<const std::byte*>(data), size);
  uint64_t file_bytes = size < 8 ? size : (uint64_t{data[size - 1]} << 16) + (uint64_t{data[size - 2]} << 8) + size;
  auto head = parse_cache_head(bytes, file_bytes);
  if (!head) return 0;
  for (const CachePart& part : head->parts) {
    if (part.size > file_bytes || part.offset > file_bytes - part.size) std::abort();
  }
  std::vector<std::byte> written = write_cache_head(*head);
  auto again = parse_cache_head((written.resize(written.size() + sizeof(Digest)), written), file_bytes);
  if (!again || again->key != head->key || again->parts.size() != head->parts.size()) std::abort();
  return 0;
}
