#include "wasi/filesystem/file_stream.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include <fmt/format.h>
#include <sys/uio.h>
#include <unistd.h>

#include "wasi/filesystem/run.h"

namespace tenon::wasi::filesystem {
namespace {

/// What `check_write` allows at a time: written at once, so it bounds how long one call takes.
constexpr uint64_t write_bytes_max = uint64_t{1} << 20;

StreamFailure failure(int number) { return StreamFailure::failed(fmt::format("{} (os error {})", std::strerror(number), number), number); }

ssize_t write_some(const OpenFile& file, std::span<const std::byte> bytes, std::optional<uint64_t> offset) {
  if (offset) return pwrite(file.fd.get(), bytes.data(), bytes.size(), static_cast<off_t>(*offset));
  // For one write it is as if the file had been opened with O_APPEND.
  const iovec piece = {const_cast<std::byte*>(bytes.data()), bytes.size()};
  return pwritev2(file.fd.get(), &piece, 1, 0, RWF_APPEND);
}

}  // namespace

std::expected<size_t, int> read_some(const OpenFile& file, std::span<std::byte> to, uint64_t offset) {
  while (true) {
    const ssize_t count = pread(file.fd.get(), to.data(), to.size(), static_cast<off_t>(offset));
    if (count >= 0) return static_cast<size_t>(count);
    if (errno != EINTR) return std::unexpected(errno);
  }
}

Written write_all(const OpenFile& file, std::span<const std::byte> bytes, std::optional<uint64_t> offset) {
  Written written;
  do {
    const ssize_t count = write_some(file, bytes.subspan(written.bytes), offset);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) written.error = errno;
    if (count == 0 && !bytes.empty()) written.error = ENOSPC;
    if (count <= 0) break;
    written.bytes += static_cast<size_t>(count);
    if (offset) *offset += static_cast<uint64_t>(count);
  } while (written.bytes < bytes.size());
  return written;
}

void FileInputStream::read_ahead(size_t size) {
  auto started = start_on_pool(
      file_,
      [](const OpenFile& file, size_t wanted, uint64_t offset) -> Piece {
        std::vector<std::byte> bytes(wanted);
        const auto moved = read_some(file, bytes, offset);
        if (!moved) return std::unexpected(moved.error());
        bytes.resize(*moved);
        return bytes;
      },
      std::min(size, pool_bytes_max), offset_);
  if (started) {
    call_.emplace(std::move(*started));
  } else {
    piece_.emplace(std::unexpect, EBUSY);
  }
}

void FileInputStream::collect(Context& context) {
  if (!call_ || !call_->is_ready(context)) return;
  piece_ = call_->take();
  piece_used_ = 0;
  call_.reset();
}

StreamResult<size_t> FileInputStream::read(Context& context, std::span<std::byte> to) {
  if (to.empty()) return 0;
  if (!file_->may_hang) [[likely]] {
    const auto moved = read_some(*file_, to, offset_);
    if (!moved) return std::unexpected(failure(moved.error()));
    if (*moved == 0) return std::unexpected(StreamFailure::closed());
    offset_ += *moved;
    return *moved;
  }
  collect(context);
  if (!call_ && !piece_) read_ahead(to.size());
  if (!piece_) return 0;
  if (!*piece_) return std::unexpected(failure(piece_->error()));
  if ((*piece_)->empty()) return std::unexpected(StreamFailure::closed());
  const size_t size = std::min(to.size(), (*piece_)->size() - piece_used_);
  std::memcpy(to.data(), (*piece_)->data() + piece_used_, size);
  piece_used_ += size;
  offset_ += size;
  if (piece_used_ == (*piece_)->size()) piece_.reset();
  return size;
}

bool FileInputStream::is_ready(Context& context) {
  if (!file_->may_hang) return true;
  collect(context);
  // A guest that waits before it has read wants to read.
  if (!call_ && !piece_) read_ahead(pool_bytes_max);
  return piece_.has_value();
}

void FileInputStream::prepare(Context& context, WaitSet& set) {
  if (call_) call_->prepare(context, set);
}

StreamResult<void> FileOutputStream::note(Written written) {
  if (offset_) *offset_ += written.bytes;
  if (written.error != 0) return std::unexpected(failure(written.error));
  return {};
}

StreamResult<void> FileOutputStream::start(std::span<const std::byte> bytes) {
  auto started = start_on_pool(file_, write_all, bytes, offset_);
  if (!started) return std::unexpected(failure(EBUSY));
  call_.emplace(std::move(*started));
  return {};
}

StreamResult<void> FileOutputStream::advance(Context& context) {
  if (!call_ || !call_->is_ready(context)) return {};
  const Written written = call_->take();
  call_.reset();
  if (auto noted = note(written); !noted || kept_.empty()) return noted;
  const std::vector<std::byte> bytes = std::exchange(kept_, {});
  return start(bytes);
}

StreamResult<uint64_t> FileOutputStream::check_write(Context& context) {
  // Told before the first write, because a write of nothing has to fail, too.
  if (!file_->is_writable) return std::unexpected(failure(EBADF));
  if (!file_->may_hang) [[likely]]
    return write_bytes_max;
  if (auto advanced = advance(context); !advanced) return std::unexpected(std::move(advanced).error());
  return call_ ? 0 : pool_bytes_max;
}

StreamResult<void> FileOutputStream::write(Context& /*context*/, std::span<const std::byte> bytes) {
  if (bytes.empty()) return {};
  if (!file_->may_hang) [[likely]]
    return note(write_all(*file_, bytes, offset_));
  if (!call_) return start(bytes);
  kept_.insert(kept_.end(), bytes.begin(), bytes.end());
  return {};
}

StreamResult<void> FileOutputStream::flush(Context& /*context*/) { return {}; }

bool FileOutputStream::is_ready(Context& context) { return !call_ || call_->is_ready(context); }

void FileOutputStream::prepare(Context& context, WaitSet& set) {
  if (call_) call_->prepare(context, set);
}

Result<> FileOutputStream::settle(Context& context) {
  while (call_) {
    TENON_CHECK_OK(context.wait_for(*call_));
    // Nobody is left to tell of a failure.
    if (!advance(context)) break;
  }
  return {};
}

}  // namespace tenon::wasi::filesystem
