#include "engine/cache_format.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <string_view>

namespace tenon::engine {

namespace {

static_assert(std::endian::native == std::endian::little, "the numbers of a cache file are copied as they lie in memory");

constexpr std::string_view magic = "TENONC01";
constexpr size_t part_bytes = 48;

template <class T>
T read(std::span<const std::byte> bytes, size_t offset) {
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof(T));
  return value;
}

template <class T>
void append(std::vector<std::byte>& bytes, const T& value) {
  auto start = reinterpret_cast<const std::byte*>(&value);
  bytes.insert(bytes.end(), start, start + sizeof(T));
}

}  // namespace

Result<size_t> cache_head_size(std::span<const std::byte> start) {
  if (start.size() < cache_head_fixed_bytes || std::memcmp(start.data(), magic.data(), magic.size()) != 0)
    return fail(ErrorKind::InvalidInput, "no cache file");
  auto size = read<uint32_t>(start, 8);
  auto parts = read<uint32_t>(start, 12);
  if (parts == 0 || parts > cache_parts_max) return fail(ErrorKind::InvalidInput, fmt::format("{} parts, expected 1 to {}", parts, cache_parts_max));
  if (size != cache_head_bytes(parts))
    return fail(ErrorKind::InvalidInput, fmt::format("a head of {} bytes for {} parts, expected {}", size, parts, cache_head_bytes(parts)));
  return size;
}

Result<CacheHead> parse_cache_head(std::span<const std::byte> head, uint64_t file_bytes) {
  TENON_TRY(size_t size, cache_head_size(head));
  if (head.size() < size) return fail(ErrorKind::InvalidInput, fmt::format("a head of {} bytes, expected {}", head.size(), size));
  CacheHead parsed;
  parsed.key = read<Digest>(head, 16);
  auto label = read<std::array<char, cache_label_bytes_max>>(head, 48);
  parsed.label.assign(label.begin(), std::find(label.begin(), label.end(), '\0'));
  size_t count = (size - cache_head_bytes(0)) / part_bytes;
  parsed.parts.reserve(count);
  uint64_t end = size;
  for (size_t i = 0; i < count; ++i) {
    size_t at = cache_head_fixed_bytes + i * part_bytes;
    CachePart part{.offset = read<uint64_t>(head, at), .size = read<uint64_t>(head, at + 8), .digest = read<Digest>(head, at + 16)};
    if (part.offset < end || part.offset > file_bytes || part.size > file_bytes - part.offset) {
      return fail(ErrorKind::InvalidInput, fmt::format("part {} has {} bytes at {} in a file of {}", i, part.size, part.offset, file_bytes));
    }
    end = part.offset + part.size;
    parsed.parts.push_back(part);
  }
  if (end != file_bytes) return fail(ErrorKind::InvalidInput, fmt::format("{} bytes, the parts end at {}", file_bytes, end));
  return parsed;
}

std::vector<std::byte> write_cache_head(const CacheHead& head) {
  std::vector<std::byte> bytes;
  bytes.reserve(cache_head_bytes(head.parts.size()));
  for (char c : magic) bytes.push_back(static_cast<std::byte>(c));
  append(bytes, static_cast<uint32_t>(cache_head_bytes(head.parts.size())));
  append(bytes, static_cast<uint32_t>(head.parts.size()));
  append(bytes, head.key);
  std::array<char, cache_label_bytes_max> label{};
  std::copy_n(head.label.begin(), std::min(head.label.size(), label.size()), label.begin());
  append(bytes, label);
  for (const CachePart& part : head.parts) {
    append(bytes, part.offset);
    append(bytes, part.size);
    append(bytes, part.digest);
  }
  return bytes;
}

}  // namespace tenon::engine
