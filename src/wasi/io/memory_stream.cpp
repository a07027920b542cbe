#include "wasi/io/memory_stream.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <fmt/format.h>

namespace tenon::wasi {

StreamResult<std::span<const std::byte>> MemoryInput::read_view(Context&, size_t size) {
  if (position_ == bytes_->size()) return std::unexpected(StreamFailure::closed());
  const size_t count = std::min(size, bytes_->size() - position_);
  const auto view = std::as_bytes(std::span(*bytes_)).subspan(position_, count);
  position_ += count;
  return view;
}

StreamResult<size_t> MemoryInput::read(Context& context, std::span<std::byte> to) {
  auto view = read_view(context, to.size());
  if (!view) return std::unexpected(std::move(view).error());
  if (!view->empty()) std::memcpy(to.data(), view->data(), view->size());
  return view->size();
}

StreamResult<uint64_t> MemoryOutput::check_write(Context&) {
  if (bytes_->size() < bytes_max_) return bytes_max_ - bytes_->size();
  return std::unexpected(StreamFailure::failed(fmt::format("the output is full at {} bytes", bytes_max_), ENOSPC));
}

StreamResult<void> MemoryOutput::write(Context&, std::span<const std::byte> bytes) {
  bytes_->append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  return {};
}

}  // namespace tenon::wasi
