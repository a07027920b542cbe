#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "tenon/linker.h"
#include "wasi/context.h"
#include "wasi/http/body.h"
#include "wasi/http/client.h"
#include "wasi/http/error_code.h"
#include "wasi/http/fields.h"
#include "wasi/http/message.h"
#include "wasi/http/transfer.h"

namespace tenon::wasi::http {

/// `request-options` of wasi:http/types, in nanoseconds.
class RequestOptions final : public Resource {
 public:
  std::optional<uint64_t> connect_timeout;
  std::optional<uint64_t> first_byte_timeout;
  std::optional<uint64_t> between_bytes_timeout;

  Timeouts timeouts() const;
};

/// A body that a guest writes, of a message that it makes: nothing until the guest asks for it.
struct OutgoingMessage {
  std::shared_ptr<const FieldList> headers;
  /// Null: the message has none.
  std::shared_ptr<BodyPipe> body;

  /// What `content-length` says. Error: there are several, or one that says no number.
  std::expected<std::optional<uint64_t>, std::monostate> length() const;
  /// The `outgoing-body`, once; null afterwards, and when the length cannot be told.
  std::unique_ptr<OutgoingBody> take_body(OutgoingBody::Kind kind);
};

/// `outgoing-request` of wasi:http/types.
class OutgoingRequest final : public Resource {
 public:
  explicit OutgoingRequest(std::shared_ptr<const FieldList> headers) : message{.headers = std::move(headers), .body = nullptr} {}

  Method method;
  std::optional<std::string> path_with_query;
  std::optional<Scheme> scheme;
  std::optional<std::string> authority;
  OutgoingMessage message;
};

/// `outgoing-response` of wasi:http/types.
class OutgoingResponse final : public Resource {
 public:
  explicit OutgoingResponse(std::shared_ptr<const FieldList> headers) : message{.headers = std::move(headers), .body = nullptr} {}

  uint16_t status = 200;
  OutgoingMessage message;
};

/// `incoming-response` of wasi:http/types.
class IncomingResponse final : public Resource {
 public:
  IncomingResponse(ResponseHead made_head, std::shared_ptr<BodyPipe> pipe)
      : head(std::move(made_head)), body(std::make_unique<IncomingBody>(std::move(pipe))) {}

  ResponseHead head;
  /// Null once it was consumed. What is not consumed ends the exchange with the response.
  std::unique_ptr<IncomingBody> body;
};

/// What a request that comes in says before its body.
struct RequestHead {
  Method method;
  std::optional<std::string> path_with_query;
  std::optional<Scheme> scheme;
  std::optional<std::string> authority;
  std::shared_ptr<const FieldList> headers;
};

/// `incoming-request` of wasi:http/types, made by whoever serves: `context.own<IncomingRequest>(std::make_unique<IncomingRequest>(head, pipe))`. The server
/// pushes the body into the pipe, and its `Driver` is the pipe's.
class IncomingRequest final : public Resource {
 public:
  IncomingRequest(RequestHead made_head, std::shared_ptr<BodyPipe> pipe) : head(std::move(made_head)), body(std::make_unique<IncomingBody>(std::move(pipe))) {}

  RequestHead head;
  /// As in `IncomingResponse`.
  std::unique_ptr<IncomingBody> body;
};

/// What a server does with the answers of a guest. The thread of the store.
class ResponseSink {
 public:
  ResponseSink() = default;
  virtual ~ResponseSink() = default;
  ResponseSink(const ResponseSink&) = delete;
  ResponseSink& operator=(const ResponseSink&) = delete;

  struct Response {
    uint16_t status = 200;
    std::shared_ptr<const FieldList> headers;
    /// Null: none. The server pops it, and sets its driver.
    std::shared_ptr<BodyPipe> body;
    /// What the headers promise.
    std::optional<uint64_t> body_bytes;
  };

  /// A 1xx response. Error: what the guest is told.
  virtual std::expected<void, ErrorCode> inform(uint16_t status, std::shared_ptr<const FieldList> headers) = 0;
  /// The response or why there is none; called once at most. A sink that ends without it got no answer from its guest.
  virtual void respond(std::expected<Response, ErrorCode> response) = 0;
};

/// `response-outparam` of wasi:http/types.
class ResponseOutparam final : public Resource {
 public:
  explicit ResponseOutparam(std::unique_ptr<ResponseSink> answers) : sink(std::move(answers)) {}
  std::unique_ptr<ResponseSink> sink;
};

/// `future-incoming-response` of wasi:http/types.
class FutureIncomingResponse final : public Resource {
 public:
  explicit FutureIncomingResponse(std::shared_ptr<Transfer> transfer) : transfer_(std::move(transfer)) {}
  /// Ends a request whose response nobody took.
  ~FutureIncomingResponse() override;

  bool is_ready();
  void prepare(WaitSet& set);

  /// Once it is ready: the response or an error, the first time; then nothing.
  using Outcome = std::expected<std::unique_ptr<IncomingResponse>, ErrorCode>;
  std::optional<Outcome> take();

 private:
  std::shared_ptr<Transfer> transfer_;
};

/// wasi:http/types and wasi:http/outgoing-handler.
Result<> add_types(Linker& linker);
Result<> add_outgoing_handler(Linker& linker);

/// Begins an outgoing request, after asking the guard. The inner error is what `handle` answers its guest. Errors: `LimitExceeded` for the budget of bytes out.
Result<std::expected<std::unique_ptr<FutureIncomingResponse>, ErrorCode>> handle(Context& context, std::unique_ptr<OutgoingRequest> request,
                                                                                 const Timeouts& timeouts);

}  // namespace tenon::wasi::http
