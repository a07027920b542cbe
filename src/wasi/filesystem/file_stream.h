#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "wasi/blocking_pool.h"
#include "wasi/context.h"
#include "wasi/filesystem/preopens.h"
#include "wasi/stream.h"

namespace tenon::wasi::filesystem {

/// One pread(2): bytes, or an errno. 0 bytes is the end of the file.
std::expected<size_t, int> read_some(const OpenFile& file, std::span<std::byte> to, uint64_t offset);

/// How many bytes were written, and the errno that stopped it before all were; 0 when they were.
struct Written {
  size_t bytes = 0;
  int error = 0;
};
/// At the file's end without `offset`.
Written write_all(const OpenFile& file, std::span<const std::byte> bytes, std::optional<uint64_t> offset);

/// Most bytes that one call on a file system that may hang moves; they lie in host memory until it ends.
inline constexpr size_t pool_bytes_max = size_t{64} << 10;

/// The content of a file from an offset on, which is the stream's own. Ends for good at the file's end. Files that may hang are read on the pool, one
/// piece ahead at most.
class FileInputStream final : public InputStream {
 public:
  FileInputStream(std::shared_ptr<const OpenFile> file, uint64_t offset) : file_(std::move(file)), offset_(offset) {}

  StreamResult<size_t> read(Context& context, std::span<std::byte> to) override;
  bool is_ready(Context& context) override;
  void prepare(Context& context, WaitSet& set) override;

 private:
  using Piece = std::expected<std::vector<std::byte>, int>;

  /// Begins to read a piece; notes the failure when that cannot be.
  void read_ahead(size_t size);
  void collect(Context& context);

  std::shared_ptr<const OpenFile> file_;
  uint64_t offset_;
  /// Of files that may hang: the call that runs, then what it brought.
  std::optional<BlockingCall<Piece>> call_;
  std::optional<Piece> piece_;
  size_t piece_used_ = 0;
};

/// Writes into a file from an offset on, which is the stream's own, or at its end. Nothing is kept back, except on files that may hang, which are written on
/// the pool.
class FileOutputStream final : public OutputStream {
 public:
  FileOutputStream(std::shared_ptr<const OpenFile> file, std::optional<uint64_t> offset) : file_(std::move(file)), offset_(offset) {}

  StreamResult<uint64_t> check_write(Context& context) override;
  StreamResult<void> write(Context& context, std::span<const std::byte> bytes) override;
  StreamResult<void> flush(Context& context) override;
  bool is_ready(Context& context) override;
  void prepare(Context& context, WaitSet& set) override;
  /// Waits for what is being written on the pool.
  Result<> settle(Context& context) override;

 private:
  StreamResult<void> note(Written written);
  /// Hands `bytes` to the pool.
  StreamResult<void> start(std::span<const std::byte> bytes);
  /// Goes on with what is being written, if its call is done.
  StreamResult<void> advance(Context& context);

  std::shared_ptr<const OpenFile> file_;
  std::optional<uint64_t> offset_;
  /// Of files that may hang: the call that runs, and what came since, at most `pool_bytes_max` together.
  std::optional<BlockingCall<Written>> call_;
  std::vector<std::byte> kept_;
};

}  // namespace tenon::wasi::filesystem
