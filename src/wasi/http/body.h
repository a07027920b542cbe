#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "wasi/context.h"
#include "wasi/http/error_code.h"
#include "wasi/http/fields.h"
#include "wasi/stream.h"
#include "wasi/wait.h"

namespace tenon::wasi::http {

/// What moves a message's body between its pipe and the peer. Never waits.
class Driver {
 public:
  Driver() = default;
  virtual ~Driver() = default;
  Driver(const Driver&) = delete;
  Driver& operator=(const Driver&) = delete;

  /// Moves what can be moved now.
  virtual void drive() = 0;
  /// What to wait for before `drive` could move more.
  virtual void prepare(WaitSet& set) = 0;
  /// The reader of an incoming body wants nothing more.
  virtual void abandon() = 0;
};

/// A body on its way, from the guest to a peer or the other way: a bounded buffer, then the trailers or an error. The thread of the store.
///
/// The writer pushes while there is room, then ends it once, by `finish` or `fail`. The reader pops; `close` says that it wants no more.
class BodyPipe final {
 public:
  using Trailers = std::shared_ptr<const FieldList>;

  /// `capacity` in bytes; a push may exceed it by what it pushes.
  explicit BodyPipe(size_t capacity) : capacity_(capacity) {}

  size_t room() const { return is_closed_ || has_ended() || buffered() >= capacity_ ? 0 : capacity_ - buffered(); }
  void push(std::span<const std::byte> bytes);
  /// No trailers: null.
  void finish(Trailers trailers = nullptr);
  void fail(ErrorCode error);
  bool has_ended() const { return is_finished_ || error_; }

  size_t buffered() const { return buffer_.size() - begin_; }
  std::span<const std::byte> front() const { return std::span(buffer_).subspan(begin_); }
  void pop(size_t bytes);
  /// Takes bytes out as `front`, `pop` do.
  size_t read(std::span<std::byte> to);
  /// Whether the writer finished, whatever is still in the buffer.
  bool is_finished() const { return is_finished_; }
  const std::optional<ErrorCode>& error() const { return error_; }
  const Trailers& trailers() const { return trailers_; }
  /// Drops what is buffered. Absent `reason`: the reader has what it wants. Otherwise why nothing more can be taken.
  void close(std::optional<ErrorCode> reason = std::nullopt);
  bool is_closed() const { return is_closed_; }
  const std::optional<ErrorCode>& close_reason() const { return close_reason_; }

  /// Whether trailers can follow, as far as the other side knows by now.
  bool takes_trailers = true;
  /// Who moves the bytes on the other side. Null: nobody yet, or nobody any more.
  std::shared_ptr<Driver> driver;

 private:
  size_t capacity_;
  std::vector<std::byte> buffer_;
  size_t begin_ = 0;
  bool is_finished_ = false;
  bool is_closed_ = false;
  std::optional<ErrorCode> error_;
  std::optional<ErrorCode> close_reason_;
  Trailers trailers_;
};

/// `incoming-body` of wasi:http/types.
class IncomingBody final : public Resource {
 public:
  explicit IncomingBody(std::shared_ptr<BodyPipe> pipe) : pipe_(std::move(pipe)) {}
  /// Dropping a body that was not read to its end ends the exchange.
  ~IncomingBody() override;

  /// The stream, once.
  std::unique_ptr<InputStream> take_stream();
  /// What `future-trailers` waits for; the body has given it away then.
  std::shared_ptr<BodyPipe> take_pipe() { return std::move(pipe_); }

 private:
  std::shared_ptr<BodyPipe> pipe_;
  bool is_taken_ = false;
};

/// `future-trailers` of wasi:http/types. What of the body the guest did not read is skipped.
class FutureTrailers final : public Pollable {
 public:
  explicit FutureTrailers(std::shared_ptr<BodyPipe> pipe) : pipe_(std::move(pipe)) {}
  ~FutureTrailers() override;

  bool is_ready(Context& context) override;
  void prepare(Context& context, WaitSet& set) override;

  /// Once it is ready: the trailers or an error, the first time; then nothing.
  using Outcome = std::expected<std::shared_ptr<const FieldList>, ErrorCode>;
  std::optional<Outcome> take();

 private:
  std::shared_ptr<BodyPipe> pipe_;
};

/// `outgoing-body` of wasi:http/types.
class OutgoingBody final : public Resource {
 public:
  enum class Kind : uint8_t { Request, Response };

  /// How many bytes are promised and written; the stream counts.
  struct Count {
    Kind kind;
    std::optional<uint64_t> promised;
    uint64_t written = 0;

    /// That `written` is not what was promised.
    ErrorCode error() const;
  };

  /// Bytes that are kept of a body before its stream has to wait.
  static constexpr size_t buffer_bytes = size_t{256} << 10;

  OutgoingBody(std::shared_ptr<BodyPipe> pipe, Kind kind, std::optional<uint64_t> promised)
      : pipe_(std::move(pipe)), count_(std::make_shared<Count>(Count{.kind = kind, .promised = promised})) {}
  /// Dropping a body that was not finished breaks its message.
  ~OutgoingBody() override;

  /// The stream, once.
  std::unique_ptr<OutputStream> take_stream();
  /// Errors: `HTTP-request-body-size` or `HTTP-response-body-size` when it is not of the promised length; `HTTP-protocol-error` for trailers that
  /// cannot be sent any more.
  std::expected<void, ErrorCode> finish(std::shared_ptr<const FieldList> trailers);

 private:
  std::shared_ptr<BodyPipe> pipe_;
  std::shared_ptr<Count> count_;
  bool is_taken_ = false;
};

}  // namespace tenon::wasi::http
