#include "wasi/stream.h"

#include <utility>

#include "wasi/context.h"

namespace tenon::wasi {

StreamResult<std::span<const std::byte>> InputStream::read_view(Context& context, size_t size) {
  const std::span<std::byte> to = context.scratch(size);
  auto read_bytes = read(context, to);
  if (!read_bytes) return std::unexpected(std::move(read_bytes).error());
  return to.first(*read_bytes);
}

}  // namespace tenon::wasi
