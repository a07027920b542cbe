#include "wasi/io/streams.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include <fmt/format.h>

#include "wasi/io/poll.h"
#include "wasi/link.h"

namespace tenon::wasi {

namespace {

using Bytes = std::span<const std::byte>;

template <class S, class T>
StreamResult<T> noted(S& stream, StreamResult<T> result) {
  if (!result) [[unlikely]]
    stream.is_over = true;
  return result;
}

/// A stream as something to wait for. The stream is its parent.
template <class S>
class StreamPollable final : public Pollable {
 public:
  explicit StreamPollable(S& stream) : stream_(stream) {}
  bool is_ready(Context& context) override { return stream_.is_over || stream_.is_ready(context); }
  void prepare(Context& context, WaitSet& set) override { stream_.prepare(context, set); }

 private:
  S& stream_;
};

template <class S>
Result<HostOwn<Pollable>> subscribe(Context& context, HostBorrow<S> self) {
  auto& stream = context.resources().get<S>(self.representation);
  return context.own_child<Pollable>(std::make_unique<StreamPollable<S>>(stream), self.representation);
}

/// Waits until there are bytes, an error or the end. Nothing is waited for when nothing is asked for.
Result<StreamResult<Bytes>> blocking_read(Context& context, InputStream& stream, uint64_t size) {
  while (true) {
    TENON_TRY(StreamResult<Bytes> bytes, charged_read(context, stream, size));
    if (!bytes || !bytes->empty() || size == 0) return bytes;
    TENON_CHECK_OK(context.wait_for(stream));
  }
}

StreamResult<void> flush(Context& context, OutputStream& stream) {
  if (stream.is_over) return std::unexpected(StreamFailure::closed());
  stream.allowance = 0;
  return noted(stream, stream.flush(context));
}

/// Waits until `check_write` allows something or fails.
Result<StreamResult<uint64_t>> blocking_check_write(Context& context, OutputStream& stream) {
  while (true) {
    StreamResult<uint64_t> permit = charged_check_write(context, stream);
    if (!permit || *permit != 0) return permit;
    TENON_CHECK_OK(context.wait_for(stream));
  }
}

Result<StreamResult<void>> blocking_flush(Context& context, OutputStream& stream) {
  if (StreamResult<void> begun = flush(context, stream); !begun) return begun;
  TENON_TRY(StreamResult<uint64_t> done, blocking_check_write(context, stream));
  // A stream that what was written has closed took it all the same.
  if (!done && done.error().error != nullptr) return StreamResult<void>(std::unexpect, std::move(done).error());
  return StreamResult<void>();
}

Result<StreamResult<uint64_t>> splice(Context& context, OutputStream& to, InputStream& from, uint64_t size) {
  StreamResult<uint64_t> permit = charged_check_write(context, to);
  if (!permit) return permit;
  const uint64_t most = std::min(size, *permit);
  if (most == 0) return StreamResult<uint64_t>(0);
  TENON_TRY(StreamResult<Bytes> bytes, charged_read(context, from, most));
  if (!bytes) return StreamResult<uint64_t>(std::unexpect, std::move(bytes).error());
  if (bytes->empty()) return StreamResult<uint64_t>(0);
  const uint64_t moved = bytes->size();
  TENON_TRY(StreamResult<void> written, charged_write(context, to, *bytes));
  if (!written) return StreamResult<uint64_t>(std::unexpect, std::move(written).error());
  return StreamResult<uint64_t>(moved);
}

Result<StreamResult<uint64_t>> blocking_splice(Context& context, OutputStream& to, InputStream& from, uint64_t size) {
  while (true) {
    TENON_TRY(StreamResult<uint64_t> permit, blocking_check_write(context, to));
    if (!permit) return permit;
    TENON_TRY(StreamResult<uint64_t> moved, splice(context, to, from, size));
    if (!moved || *moved != 0 || size == 0) return moved;
    if (!from.is_over) TENON_CHECK_OK(context.wait_for(from));
  }
}

Result<> check_blocking_size(uint64_t size) {
  if (size <= blocking_write_bytes_max) return {};
  return fail(ErrorKind::Trap, fmt::format("a blocking write and flush of {} bytes, at most {} are allowed", size, blocking_write_bytes_max));
}

/// `size` was checked.
Bytes zeroes(Context& context, uint64_t size) {
  const std::span<std::byte> to = context.scratch(size);
  if (!to.empty()) std::memset(to.data(), 0, to.size());
  return to;
}

Result<> check_allowance(const OutputStream& stream, uint64_t size) {
  if (size <= stream.allowance || stream.is_over) return {};
  return fail(ErrorKind::Trap, fmt::format("a write of {} bytes, check-write allowed {}", size, stream.allowance));
}

using InputSelf = HostBorrow<InputStream>;
using OutputSelf = HostBorrow<OutputStream>;

InputStream& stream_of(Context& context, InputSelf self) { return context.resources().get<InputStream>(self.representation); }
OutputStream& stream_of(Context& context, OutputSelf self) { return context.resources().get<OutputStream>(self.representation); }

/// As `charged_read` and `blocking_read`, of the number of bytes alone.
template <auto Read>
Result<StreamResult<uint64_t>> skip(Context& context, InputStream& stream, uint64_t size) {
  Result<StreamResult<Bytes>> bytes = Read(context, stream, size);
  if (!bytes) return std::unexpected(std::move(bytes).error());
  if (!bytes->has_value()) return StreamResult<uint64_t>(std::unexpect, std::move(*bytes).error());
  return StreamResult<uint64_t>((*bytes)->size());
}

Result<StreamResult<void>> write_zeroes(Context& context, OutputStream& stream, uint64_t size) {
  TENON_CHECK_OK(check_allowance(stream, size));
  return charged_write(context, stream, zeroes(context, stream.is_over ? 0 : size));
}

Result<StreamResult<void>> blocking_write_and_flush(Context& context, OutputStream& stream, Bytes contents) {
  TENON_CHECK_OK(check_blocking_size(contents.size()));
  return charged_write_all(context, stream, contents);
}

Result<StreamResult<void>> blocking_write_zeroes_and_flush(Context& context, OutputStream& stream, uint64_t size) {
  TENON_CHECK_OK(check_blocking_size(size));
  return charged_write_all(context, stream, zeroes(context, size));
}

/// `read`'s answer, whose bytes lie in the context's scratch or in the stream until the guest has them.
Result<StreamAnswer<HostList<std::byte>>> answer(Context& context, Result<StreamResult<Bytes>> outcome) {
  if (!outcome) [[unlikely]]
    return std::unexpected(std::move(outcome).error());
  if (outcome->has_value()) [[likely]]
    return StreamAnswer<HostList<std::byte>>(HostList<std::byte>(**outcome));
  return stream_answer(context, StreamResult<HostList<std::byte>>(std::unexpect, std::move(*outcome).error()));
}

/// Takes what an operation came to apart: the guest's answer, or the error that ends it.
template <class T>
Result<StreamAnswer<T>> answer(Context& context, Result<StreamResult<T>> outcome) {
  if (!outcome) [[unlikely]]
    return std::unexpected(std::move(outcome).error());
  return stream_answer(context, *std::move(outcome));
}

Result<> define_input(LinkerInstance& streams) {
  using Self = InputSelf;
  TENON_CHECK_OK(define_resource<InputStream>(streams, "input-stream"));
  TENON_CHECK_OK(define(streams, "[method]input-stream.read",
                        [](Context& context, Self self, uint64_t size) { return answer(context, charged_read(context, stream_of(context, self), size)); }));
  TENON_CHECK_OK(define(streams, "[method]input-stream.blocking-read",
                        [](Context& context, Self self, uint64_t size) { return answer(context, blocking_read(context, stream_of(context, self), size)); }));
  TENON_CHECK_OK(define(streams, "[method]input-stream.skip", [](Context& context, Self self, uint64_t size) {
    return answer(context, skip<charged_read>(context, stream_of(context, self), size));
  }));
  TENON_CHECK_OK(define(streams, "[method]input-stream.blocking-skip", [](Context& context, Self self, uint64_t size) {
    return answer(context, skip<blocking_read>(context, stream_of(context, self), size));
  }));
  return define(streams, "[method]input-stream.subscribe", [](Context& context, Self self) { return subscribe(context, self); });
}

Result<> define_writes(LinkerInstance& streams) {
  using Self = OutputSelf;
  TENON_CHECK_OK(define(streams, "[method]output-stream.check-write",
                        [](Context& context, Self self) { return stream_answer(context, charged_check_write(context, stream_of(context, self))); }));
  TENON_CHECK_OK(define(streams, "[method]output-stream.write", [](Context& context, Self self, Bytes contents) {
    return answer(context, charged_write(context, stream_of(context, self), contents));
  }));
  TENON_CHECK_OK(define(streams, "[method]output-stream.blocking-write-and-flush", [](Context& context, Self self, Bytes contents) {
    return answer(context, blocking_write_and_flush(context, stream_of(context, self), contents));
  }));
  TENON_CHECK_OK(define(streams, "[method]output-stream.write-zeroes",
                        [](Context& context, Self self, uint64_t size) { return answer(context, write_zeroes(context, stream_of(context, self), size)); }));
  return define(streams, "[method]output-stream.blocking-write-zeroes-and-flush", [](Context& context, Self self, uint64_t size) {
    return answer(context, blocking_write_zeroes_and_flush(context, stream_of(context, self), size));
  });
}

Result<> define_output(LinkerInstance& streams) {
  using Self = OutputSelf;
  TENON_CHECK_OK(define_resource<OutputStream>(streams, "output-stream"));
  TENON_CHECK_OK(define_writes(streams));
  TENON_CHECK_OK(define(streams, "[method]output-stream.flush",
                        [](Context& context, Self self) { return stream_answer(context, flush(context, stream_of(context, self))); }));
  TENON_CHECK_OK(define(streams, "[method]output-stream.blocking-flush",
                        [](Context& context, Self self) { return answer(context, blocking_flush(context, stream_of(context, self))); }));
  TENON_CHECK_OK(define(streams, "[method]output-stream.splice", [](Context& context, Self self, InputSelf from, uint64_t size) {
    return answer(context, splice(context, stream_of(context, self), stream_of(context, from), size));
  }));
  TENON_CHECK_OK(define(streams, "[method]output-stream.blocking-splice", [](Context& context, Self self, InputSelf from, uint64_t size) {
    return answer(context, blocking_splice(context, stream_of(context, self), stream_of(context, from), size));
  }));
  return define(streams, "[method]output-stream.subscribe", [](Context& context, Self self) { return subscribe(context, self); });
}

}  // namespace

Result<StreamError> stream_error(Context& context, StreamFailure failure) {
  StreamError error;
  if (failure.error == nullptr) return error;
  TENON_TRY(error.value, context.own<IoError>(std::move(failure.error)));
  return error;
}

Result<StreamResult<Bytes>> charged_read(Context& context, InputStream& stream, uint64_t size) {
  if (stream.is_over) return StreamResult<Bytes>(std::unexpect);
  policy::Budget& budget = context.guard().budget();
  // With nothing left one byte is tried all the same: a stream that ends there ends well.
  const uint64_t most = std::min({size, uint64_t{read_bytes_max}, std::max<uint64_t>(budget.left_in(), 1)});
  StreamResult<Bytes> bytes = noted(stream, stream.read_view(context, most));
  if (bytes) TENON_CHECK_OK(budget.charge_in(bytes->size()));
  return bytes;
}

StreamResult<uint64_t> charged_check_write(Context& context, OutputStream& stream) {
  if (stream.is_over) return std::unexpected(StreamFailure::closed());
  StreamResult<uint64_t> permit = noted(stream, stream.check_write(context));
  if (!permit) return permit;
  stream.allowance = std::min({*permit, write_bytes_max, std::max<uint64_t>(context.guard().budget().left_out(), 1)});
  return stream.allowance;
}

Result<StreamResult<void>> charged_write(Context& context, OutputStream& stream, Bytes bytes) {
  if (stream.is_over) return StreamResult<void>(std::unexpect);
  TENON_CHECK_OK(check_allowance(stream, bytes.size()));
  stream.allowance -= bytes.size();
  policy::Budget& budget = context.guard().budget();
  const Bytes paid = bytes.first(std::min<uint64_t>(bytes.size(), budget.left_out()));
  StreamResult<void> written = noted(stream, stream.write(context, paid));
  TENON_CHECK_OK(budget.charge_out(bytes.size()));
  return written;
}

Result<StreamResult<void>> charged_write_all(Context& context, OutputStream& stream, Bytes bytes) {
  while (!bytes.empty()) {
    TENON_TRY(StreamResult<uint64_t> permit, blocking_check_write(context, stream));
    if (!permit) return StreamResult<void>(std::unexpect, std::move(permit).error());
    const Bytes piece = bytes.first(std::min<uint64_t>(bytes.size(), *permit));
    TENON_TRY(StreamResult<void> written, charged_write(context, stream, piece));
    if (!written) return written;
    bytes = bytes.subspan(piece.size());
  }
  return blocking_flush(context, stream);
}

Result<> add_streams(Linker& linker) {
  TENON_TRY(LinkerInstance streams, open_interface(linker, "wasi:io/streams"));
  TENON_CHECK_OK(define_input(streams));
  return define_output(streams);
}

}  // namespace tenon::wasi
