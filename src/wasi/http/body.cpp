#include "wasi/http/body.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

namespace tenon::wasi::http {

namespace {

constexpr int skip_rounds_max = 64;

StreamFailure failure_of(const ErrorCode& error) {
  auto made = std::make_unique<IoError>("HTTP: " + std::string(to_string(error.which())), std::nullopt);
  made->http = std::make_shared<const ErrorCode>(error);
  return {.error = std::move(made)};
}

class IncomingStream final : public InputStream {
 public:
  explicit IncomingStream(std::shared_ptr<BodyPipe> pipe) : pipe_(std::move(pipe)) {}

  StreamResult<size_t> read(Context&, std::span<std::byte> to) override {
    if (pipe_->buffered() == 0) drive();
    if (pipe_->buffered() != 0) return pipe_->read(to);
    if (const std::optional<ErrorCode>& error = pipe_->error(); error && !has_reported_) {
      has_reported_ = true;
      return std::unexpected(failure_of(*error));
    }
    if (pipe_->has_ended()) return std::unexpected(StreamFailure::closed());
    return 0;
  }

  bool is_ready(Context&) override {
    if (has_news()) return true;
    drive();
    return has_news();
  }

  void prepare(Context&, WaitSet& set) override {
    if (pipe_->driver) pipe_->driver->prepare(set);
  }

 private:
  bool has_news() const { return pipe_->buffered() != 0 || pipe_->has_ended(); }
  void drive() {
    if (pipe_->driver) pipe_->driver->drive();
  }

  std::shared_ptr<BodyPipe> pipe_;
  bool has_reported_ = false;
};

class OutgoingStream final : public OutputStream {
 public:
  OutgoingStream(std::shared_ptr<BodyPipe> pipe, std::shared_ptr<OutgoingBody::Count> count) : pipe_(std::move(pipe)), count_(std::move(count)) {}

  StreamResult<uint64_t> check_write(Context&) override {
    if (pipe_->driver && !can_write()) pipe_->driver->drive();
    if (auto failed = failure()) return std::unexpected(*std::move(failed));
    return can_write() ? pipe_->room() : 0;
  }

  StreamResult<void> write(Context&, std::span<const std::byte> bytes) override {
    if (auto failed = failure()) return std::unexpected(*std::move(failed));
    count_->written += bytes.size();
    if (count_->promised && count_->written > *count_->promised) {
      pipe_->fail(count_->error());
      return std::unexpected(failure_of(count_->error()));
    }
    pipe_->push(bytes);
    return {};
  }

  StreamResult<void> flush(Context&) override {
    if (auto failed = failure()) return std::unexpected(*std::move(failed));
    // Before its request is sent, there is no place that the bytes could go to.
    is_flushing_ = pipe_->driver && pipe_->buffered() != 0;
    return {};
  }

  bool is_ready(Context&) override {
    if (has_news()) return true;
    if (pipe_->driver) pipe_->driver->drive();
    return has_news();
  }

  void prepare(Context&, WaitSet& set) override {
    if (pipe_->driver) pipe_->driver->prepare(set);
  }

 private:
  std::optional<StreamFailure> failure() {
    if (!pipe_->is_closed() && !pipe_->has_ended()) return std::nullopt;
    const std::optional<ErrorCode>& reason = pipe_->error() ? pipe_->error() : pipe_->close_reason();
    if (!reason || std::exchange(has_reported_, true)) return StreamFailure::closed();
    return failure_of(*reason);
  }
  bool can_write() {
    if (pipe_->buffered() == 0) is_flushing_ = false;
    return !is_flushing_ && pipe_->room() != 0;
  }
  bool has_news() { return can_write() || pipe_->is_closed() || pipe_->has_ended(); }

  std::shared_ptr<BodyPipe> pipe_;
  std::shared_ptr<OutgoingBody::Count> count_;
  bool is_flushing_ = false;
  bool has_reported_ = false;
};

}  // namespace

void BodyPipe::push(std::span<const std::byte> bytes) {
  if (is_closed_ || has_ended()) return;
  if (begin_ != 0 && buffer_.size() + bytes.size() > buffer_.capacity()) {
    buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(begin_));
    begin_ = 0;
  }
  buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
}

void BodyPipe::finish(Trailers trailers) {
  if (has_ended()) return;
  is_finished_ = true;
  trailers_ = std::move(trailers);
}

void BodyPipe::fail(ErrorCode error) {
  if (!has_ended()) error_ = std::move(error);
}

void BodyPipe::pop(size_t bytes) {
  begin_ += bytes;
  if (begin_ != buffer_.size()) return;
  buffer_.clear();
  begin_ = 0;
}

size_t BodyPipe::read(std::span<std::byte> to) {
  const size_t bytes = std::min(to.size(), buffered());
  if (bytes != 0) std::memcpy(to.data(), front().data(), bytes);
  pop(bytes);
  return bytes;
}

void BodyPipe::close(std::optional<ErrorCode> reason) {
  if (is_closed_) return;
  is_closed_ = true;
  close_reason_ = std::move(reason);
  buffer_ = {};
  begin_ = 0;
}

IncomingBody::~IncomingBody() {
  if (pipe_ && pipe_->driver) pipe_->driver->abandon();
}

std::unique_ptr<InputStream> IncomingBody::take_stream() {
  if (std::exchange(is_taken_, true)) return nullptr;
  return std::make_unique<IncomingStream>(pipe_);
}

FutureTrailers::~FutureTrailers() {
  if (pipe_ && pipe_->driver) pipe_->driver->abandon();
}

bool FutureTrailers::is_ready(Context& context) {
  if (!pipe_) return true;
  // Each round makes room, so that the rest of the body passes without being kept. Bounded, because a peer may send without end: the caller waits between
  // calls, where the deadline is seen.
  for (int round = 0; round < skip_rounds_max; round++) {
    const size_t skipped = pipe_->buffered();
    pipe_->pop(skipped);
    if (!context.guard().budget().charge_in(skipped)) pipe_->fail(error_code<ErrorCase::InternalError>("the budget of bytes in is used up"));
    if (pipe_->has_ended()) return true;
    if (!pipe_->driver) return false;
    pipe_->driver->drive();
    if (skipped == 0 && pipe_->buffered() == 0) return pipe_->has_ended();
  }
  return false;
}

void FutureTrailers::prepare(Context&, WaitSet& set) {
  if (pipe_ && pipe_->driver) pipe_->driver->prepare(set);
}

std::optional<FutureTrailers::Outcome> FutureTrailers::take() {
  const std::shared_ptr<BodyPipe> pipe = std::move(pipe_);
  if (!pipe) return std::nullopt;
  if (pipe->error()) return std::unexpected(*pipe->error());
  return pipe->trailers();
}

ErrorCode OutgoingBody::Count::error() const {
  if (kind == Kind::Request) return error_code<ErrorCase::RequestBodySize>(written);
  return error_code<ErrorCase::ResponseBodySize>(written);
}

OutgoingBody::~OutgoingBody() {
  if (!pipe_ || pipe_->has_ended()) return;
  pipe_->fail(error_code<ErrorCase::ProtocolError>());
  if (pipe_->driver) pipe_->driver->drive();
}

std::unique_ptr<OutputStream> OutgoingBody::take_stream() {
  if (std::exchange(is_taken_, true)) return nullptr;
  return std::make_unique<OutgoingStream>(pipe_, count_);
}

std::expected<void, ErrorCode> OutgoingBody::finish(std::shared_ptr<const FieldList> trailers) {
  const std::shared_ptr<BodyPipe> pipe = std::move(pipe_);
  std::expected<void, ErrorCode> outcome;
  if (count_->promised && *count_->promised != count_->written) {
    pipe->fail(count_->error());
    outcome = std::unexpected(count_->error());
  } else if (trailers && !trailers->lines().empty() && !pipe->takes_trailers) {
    pipe->fail(error_code<ErrorCase::ProtocolError>());
    outcome = std::unexpected(error_code<ErrorCase::ProtocolError>());
  } else {
    pipe->finish(std::move(trailers));
  }
  if (pipe->driver) pipe->driver->drive();
  return outcome;
}

}  // namespace tenon::wasi::http
