#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <span>
#include <string_view>
#include <variant>

#include "tenon/typed.h"
#include "wasi/context.h"
#include "wasi/stream.h"

namespace tenon::wasi {

/// `stream-error` as a guest gets it.
struct StreamError {
  std::variant<HostOwn<IoError>, std::monostate> value = std::monostate();
};

/// `result<T, stream-error>`.
template <class T>
using StreamAnswer = std::expected<T, StreamError>;

/// Most bytes that one read or splice brings, whatever the guest asks for.
inline constexpr size_t read_bytes_max = size_t{256} << 10;
/// Most bytes that one write may take.
inline constexpr uint64_t write_bytes_max = uint64_t{1} << 20;
/// Most bytes of one blocking-write-and-flush, by the specification.
inline constexpr uint64_t blocking_write_bytes_max = 4096;

/// The failure as a guest gets it, with a new handle for its error. Errors: those of `Context::own`.
Result<StreamError> stream_error(Context& context, StreamFailure failure);

/// What a function of wasi:io/streams answers.
template <class T>
Result<StreamAnswer<T>> stream_answer(Context& context, StreamResult<T> result) {
  if (result) [[likely]] {
    if constexpr (std::is_void_v<T>)
      return StreamAnswer<T>();
    else
      return StreamAnswer<T>(*result);
  }
  TENON_TRY(StreamError error, stream_error(context, std::move(result).error()));
  return StreamAnswer<T>(std::unexpect, error);
}

/// The operations of streams as guests meet them: cut to what their budget leaves, charged to it, nothing more once a stream is over. An `Error` ends the
/// guest, a `StreamFailure` is its to handle. None waits.
///
/// At most `size` bytes and `read_bytes_max`; empty when none are there yet. Error: `LimitExceeded` when there is something and no bytes in are left.
Result<StreamResult<std::span<const std::byte>>> charged_read(Context& context, InputStream& stream, uint64_t size);
/// What `write` may take now, which it notes in the stream; 0 when it would have to wait. Never cut to 0 by the budget: the write meets its limit.
StreamResult<uint64_t> charged_check_write(Context& context, OutputStream& stream);
/// Errors: `Trap` for more than `charged_check_write` allowed; `LimitExceeded` when bytes out are used up, after writing those that were left.
Result<StreamResult<void>> charged_write(Context& context, OutputStream& stream, std::span<const std::byte> bytes);
/// Writes and flushes, waiting for both. Errors: also `Timeout`.
Result<StreamResult<void>> charged_write_all(Context& context, OutputStream& stream, std::span<const std::byte> bytes);

}  // namespace tenon::wasi

namespace tenon {

template <>
struct VariantTraits<wasi::StreamError> {
  static constexpr std::array<std::string_view, 2> names = {"last-operation-failed", "closed"};
};

}  // namespace tenon
