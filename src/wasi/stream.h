#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "wasi/resource.h"
#include "wasi/wait.h"

namespace tenon::wasi {

namespace http {
struct ErrorCode;
}

/// Why a stream's operation failed: the `error` of wasi:io/error. `number` is an errno, for wasi:filesystem's `filesystem-error-code`; `http` the
/// `error-code` of wasi:http, for its `http-error-code`.
class IoError final : public Resource {
 public:
  IoError(std::string text, std::optional<int> errno_value) : message(std::move(text)), number(errno_value) {}
  std::string message;
  std::optional<int> number;
  /// Shared because this header does not know the type; absent when HTTP has no part in it.
  std::shared_ptr<const http::ErrorCode> http;
};

/// `stream-error` of wasi:io/streams before it is handed to a guest: closed when there is no error.
struct StreamFailure {
  std::unique_ptr<IoError> error;

  static StreamFailure closed() { return {}; }
  static StreamFailure failed(std::string message, std::optional<int> number = {}) { return {std::make_unique<IoError>(std::move(message), number)}; }
};

template <class T>
using StreamResult = std::expected<T, StreamFailure>;

/// Bytes that come. After a failure, and after `closed`, wasi:io/streams asks no more. The blocking forms of wasi:io/streams are made of these and
/// `Context::wait`; budgets are charged there too.
class InputStream : public Resource {
 public:
  /// Reads into `to`, at most what is there; 0 when nothing is yet. Never waits. An empty `to` asks whether the stream is known to have ended.
  virtual StreamResult<size_t> read(Context& context, std::span<std::byte> to) = 0;
  /// The same with at most `size` bytes where they lie: in the context's scratch, unless the stream holds them itself. Valid until the next operation on the
  /// stream or use of the scratch.
  virtual StreamResult<std::span<const std::byte>> read_view(Context& context, size_t size);
  /// Whether `read` would give bytes, an error or the end.
  virtual bool is_ready(Context& context) = 0;
  virtual void prepare(Context& context, WaitSet& set) = 0;

  /// Whether it ended or failed, kept by wasi:io/streams.
  bool is_over = false;
};

/// Bytes that go. After a failure, and after `closed`, wasi:io/streams asks no more.
class OutputStream : public Resource {
 public:
  /// How many bytes `write` takes now; 0 when it would have to wait. Reports what failed since the last operation.
  virtual StreamResult<uint64_t> check_write(Context& context) = 0;
  /// Takes all of `bytes`, which are at most what `check_write` allowed last, together with what was written since. Never waits; what cannot go out yet is
  /// kept. The bytes may lie in the context's scratch.
  virtual StreamResult<void> write(Context& context, std::span<const std::byte> bytes) = 0;
  /// Begins to bring out what is kept: `check_write` gives 0 until that is done.
  virtual StreamResult<void> flush(Context& context) = 0;
  /// Whether `check_write` would give more than 0, or an error.
  virtual bool is_ready(Context& context) = 0;
  virtual void prepare(Context& context, WaitSet& set) = 0;

  /// What `check_write` allowed last, kept by wasi:io/streams: a write of more is a trap.
  uint64_t allowance = 0;
  /// As in `InputStream`.
  bool is_over = false;
};

}  // namespace tenon::wasi
