#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "tenon/result.h"

/// The head of a cache file. Everything is little endian.
///
///   offset  bytes
///        0      8  "TENONC01"
///        8      4  bytes of the head, digest included
///       12      4  number of parts, at least 1
///       16     32  key of the entry
///       48     32  label, padded with zeros
///       80     48  for each part: offset in the file (8), size (8), keyed digest (32)
///        …     32  keyed digest of everything before it
///
/// Part 0 holds plain bytes, the others one compiled module each. Parts lie in order, do not overlap, and the last ends with the file.
namespace tenon::engine {

using Digest = std::array<uint8_t, 32>;

struct CachePart {
  uint64_t offset = 0;
  uint64_t size = 0;
  Digest digest{};
};

struct CacheHead {
  Digest key{};
  std::string label;
  std::vector<CachePart> parts;
};

constexpr size_t cache_label_bytes_max = 32;
constexpr size_t cache_parts_max = 10'001;
/// Bytes before the table of parts, which is the least that must be read to know how long the head is.
constexpr size_t cache_head_fixed_bytes = 80;

constexpr size_t cache_head_bytes(size_t parts) { return cache_head_fixed_bytes + parts * 48 + sizeof(Digest); }

/// How many bytes the head has, from its first `cache_head_fixed_bytes`. Error: `InvalidInput` when it is no cache file.
Result<size_t> cache_head_size(std::span<const std::byte> start);

/// Reads a head whose digest is checked already or does not matter (fuzzing): every number is checked. `file_bytes` is the size of the file. Error:
/// `InvalidInput`.
Result<CacheHead> parse_cache_head(std::span<const std::byte> head, uint64_t file_bytes);

/// The head without its digest.
std::vector<std::byte> write_cache_head(const CacheHead& head);

}  // namespace tenon::engine
