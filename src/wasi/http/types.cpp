#include "wasi/http/types.h"

#include <algorithm>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "wasi/http/syntax.h"
#include "wasi/link.h"

namespace tenon::wasi::http {

namespace {

/// `result` and `result<T>`: an error without a payload.
template <class T = void>
using Plain = std::expected<T, std::monostate>;

template <class T>
T& get(Context& context, HostBorrow<T> self) {
  return context.resources().get<T>(self.representation);
}

std::string_view text_of(std::span<const uint8_t> bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }
HostList<uint8_t> bytes_of(const std::string& text) { return HostList<uint8_t>(std::span(reinterpret_cast<const uint8_t*>(text.data()), text.size())); }

template <class T>
Result<Plain<HostOwn<T>>> own_once(Context& context, std::unique_ptr<Resource> resource) {
  if (!resource) return Plain<HostOwn<T>>(std::unexpect);
  TENON_TRY(const auto own, context.own<T>(std::move(resource)));
  return Plain<HostOwn<T>>(own);
}

template <class T>
Result<Plain<HostOwn<T>>> own_child_once(Context& context, std::unique_ptr<Resource> resource, uint32_t parent) {
  if (!resource) return Plain<HostOwn<T>>(std::unexpect);
  TENON_TRY(const auto own, context.own_child<T>(std::move(resource), parent));
  return Plain<HostOwn<T>>(own);
}

/// The headers of a message. They are shared, so that it does not matter whether they or the message are dropped first.
Result<HostOwn<Fields>> own_headers(Context& context, std::shared_ptr<const FieldList> list) {
  return context.own<Fields>(std::make_unique<Fields>(std::move(list)));
}

/// Something that becomes ready, as a pollable of its own. It is the parent.
template <class T>
class PollableOf final : public Pollable {
 public:
  explicit PollableOf(T& of) : of_(of) {}
  bool is_ready(Context&) override { return of_.is_ready(); }
  void prepare(Context&, WaitSet& set) override { of_.prepare(set); }

 private:
  T& of_;
};
template <>
class PollableOf<FutureTrailers> final : public Pollable {
 public:
  explicit PollableOf(FutureTrailers& of) : of_(of) {}
  bool is_ready(Context& context) override { return of_.is_ready(context); }
  void prepare(Context& context, WaitSet& set) override { of_.prepare(context, set); }

 private:
  FutureTrailers& of_;
};

template <class T>
Result<HostOwn<Pollable>> subscribe(Context& context, HostBorrow<T> self) {
  return context.own_child<Pollable>(std::make_unique<PollableOf<T>>(get(context, self)), self.representation);
}

using Line = std::tuple<std::string, std::vector<uint8_t>>;
using LineView = std::tuple<HostText, HostList<uint8_t>>;
using Changed = Fields::Outcome;

Result<std::expected<HostOwn<Fields>, HeaderError>> fields_from_list(Context& context, const std::vector<Line>& lines) {
  using Answer = std::expected<HostOwn<Fields>, HeaderError>;
  auto fields = std::make_unique<Fields>(Client::of(context)->ledger());
  for (const auto& [name, value] : lines) {
    TENON_TRY(const auto added, fields->append(name, text_of(value)));
    if (!added) return Answer(std::unexpect, added.error());
  }
  TENON_TRY(const auto own, context.own<Fields>(std::move(fields)));
  return Answer(own);
}

Result<> define_fields(LinkerInstance& types) {
  using Self = HostBorrow<Fields>;
  TENON_CHECK_OK(define_resource<Fields>(types, "fields"));
  TENON_CHECK_OK(
      define(types, "[constructor]fields", [](Context& context) { return context.own<Fields>(std::make_unique<Fields>(Client::of(context)->ledger())); }));
  TENON_CHECK_OK(define(types, "[static]fields.from-list", [](Context& context, std::vector<Line> lines) { return fields_from_list(context, lines); }));
  TENON_CHECK_OK(define(types, "[method]fields.get", [](Context& context, Self self, std::string_view name) {
    std::vector<HostList<uint8_t>> values;
    for (const FieldLine& line : get(context, self).lines()) {
      if (equals_ignoring_case(line.name, name)) values.push_back(bytes_of(line.value));
    }
    return values;
  }));
  TENON_CHECK_OK(define(types, "[method]fields.has", [](Context& context, Self self, std::string_view name) {
    return std::ranges::any_of(get(context, self).lines(), [&](const FieldLine& line) { return equals_ignoring_case(line.name, name); });
  }));
  TENON_CHECK_OK(
      define(types, "[method]fields.set", [](Context& context, Self self, std::string_view name, std::vector<std::vector<uint8_t>> values) -> Changed {
        return get(context, self).set(name, values);
      }));
  TENON_CHECK_OK(
      define(types, "[method]fields.delete", [](Context& context, Self self, std::string_view name) -> Changed { return get(context, self).remove(name); }));
  TENON_CHECK_OK(define(types, "[method]fields.append", [](Context& context, Self self, std::string_view name, std::span<const uint8_t> value) -> Changed {
    return get(context, self).append(name, text_of(value));
  }));
  TENON_CHECK_OK(define(types, "[method]fields.entries", [](Context& context, Self self) {
    std::vector<LineView> lines;
    for (const FieldLine& line : get(context, self).lines()) lines.emplace_back(HostText(line.name), bytes_of(line.value));
    return lines;
  }));
  return define(types, "[method]fields.clone", [](Context& context, Self self) -> Result<HostOwn<Fields>> {
    TENON_TRY(auto copy, get(context, self).clone());
    return context.own<Fields>(std::move(copy));
  });
}

/// The parts of a request that comes in or goes out, as far as both have them.
template <class Self, class Part>
Result<> define_part(LinkerInstance& types, std::string_view name, Part part) {
  return define(types, name, [part](Context& context, HostBorrow<Self> self) { return part(get(context, self)); });
}

Result<> define_incoming_request(LinkerInstance& types) {
  using T = IncomingRequest;
  TENON_CHECK_OK(define_resource<T>(types, "incoming-request"));
  TENON_CHECK_OK(define_part<T>(types, "[method]incoming-request.method", [](const T& request) { return request.head.method; }));
  TENON_CHECK_OK(define_part<T>(types, "[method]incoming-request.path-with-query", [](const T& request) { return request.head.path_with_query; }));
  TENON_CHECK_OK(define_part<T>(types, "[method]incoming-request.scheme", [](const T& request) { return request.head.scheme; }));
  TENON_CHECK_OK(define_part<T>(types, "[method]incoming-request.authority", [](const T& request) { return request.head.authority; }));
  TENON_CHECK_OK(define(types, "[method]incoming-request.headers",
                        [](Context& context, HostBorrow<T> self) { return own_headers(context, get(context, self).head.headers); }));
  return define(types, "[method]incoming-request.consume",
                [](Context& context, HostBorrow<T> self) { return own_once<IncomingBody>(context, std::move(get(context, self).body)); });
}

/// Sets a part when it is absent or well formed.
template <class T>
Plain<> set_checked(std::optional<T>& part, std::optional<T> value, bool is_valid) {
  if (!is_valid) return Plain<>(std::unexpect);
  part = std::move(value);
  return {};
}

bool is_valid_scheme(const std::optional<Scheme>& scheme) {
  const std::string* const other = scheme ? std::get_if<2>(&scheme->value) : nullptr;
  return other == nullptr || is_scheme(*other);
}

Result<> define_outgoing_request_setters(LinkerInstance& types) {
  using Self = HostBorrow<OutgoingRequest>;
  TENON_CHECK_OK(define(types, "[method]outgoing-request.set-method", [](Context& context, Self self, Method method) -> Plain<> {
    const std::string* const other = std::get_if<std::string>(&method.value);
    if (other != nullptr && !is_token(*other)) return Plain<>(std::unexpect);
    get(context, self).method = std::move(method);
    return {};
  }));
  TENON_CHECK_OK(define(types, "[method]outgoing-request.set-path-with-query", [](Context& context, Self self, std::optional<std::string> path) {
    const bool is_valid = !path || is_path_with_query(*path);
    return set_checked(get(context, self).path_with_query, std::move(path), is_valid);
  }));
  TENON_CHECK_OK(define(types, "[method]outgoing-request.set-scheme", [](Context& context, Self self, std::optional<Scheme> scheme) {
    const bool is_valid = is_valid_scheme(scheme);
    return set_checked(get(context, self).scheme, std::move(scheme), is_valid);
  }));
  return define(types, "[method]outgoing-request.set-authority", [](Context& context, Self self, std::optional<std::string> authority) {
    const bool is_valid = !authority || is_authority(*authority);
    return set_checked(get(context, self).authority, std::move(authority), is_valid);
  });
}

Result<> define_outgoing_request(LinkerInstance& types) {
  using T = OutgoingRequest;
  TENON_CHECK_OK(define_resource<T>(types, "outgoing-request"));
  TENON_CHECK_OK(define(types, "[constructor]outgoing-request", [](Context& context, HostOwn<Fields> headers) -> Result<HostOwn<T>> {
    TENON_TRY(const std::unique_ptr<Fields> taken, context.take<Fields>(headers.representation));
    return context.own<T>(std::make_unique<T>(taken->share()));
  }));
  TENON_CHECK_OK(define(types, "[method]outgoing-request.body", [](Context& context, HostBorrow<T> self) {
    return own_once<OutgoingBody>(context, get(context, self).message.take_body(OutgoingBody::Kind::Request));
  }));
  TENON_CHECK_OK(define_part<T>(types, "[method]outgoing-request.method", [](const T& request) { return request.method; }));
  TENON_CHECK_OK(define_part<T>(types, "[method]outgoing-request.path-with-query", [](const T& request) { return request.path_with_query; }));
  TENON_CHECK_OK(define_part<T>(types, "[method]outgoing-request.scheme", [](const T& request) { return request.scheme; }));
  TENON_CHECK_OK(define_part<T>(types, "[method]outgoing-request.authority", [](const T& request) { return request.authority; }));
  TENON_CHECK_OK(define(types, "[method]outgoing-request.headers",
                        [](Context& context, HostBorrow<T> self) { return own_headers(context, get(context, self).message.headers); }));
  return define_outgoing_request_setters(types);
}

Result<> define_timeout(LinkerInstance& types, std::string_view name, std::optional<uint64_t> RequestOptions::* timeout) {
  using Self = HostBorrow<RequestOptions>;
  const std::string text(name);
  TENON_CHECK_OK(define(types, "[method]request-options." + text, [timeout](Context& context, Self self) { return get(context, self).*timeout; }));
  return define(types, "[method]request-options.set-" + text, [timeout](Context& context, Self self, std::optional<uint64_t> duration) -> Plain<> {
    get(context, self).*timeout = duration;
    return {};
  });
}

Result<> define_request_options(LinkerInstance& types) {
  TENON_CHECK_OK(define_resource<RequestOptions>(types, "request-options"));
  TENON_CHECK_OK(
      define(types, "[constructor]request-options", [](Context& context) { return context.own<RequestOptions>(std::make_unique<RequestOptions>()); }));
  TENON_CHECK_OK(define_timeout(types, "connect-timeout", &RequestOptions::connect_timeout));
  TENON_CHECK_OK(define_timeout(types, "first-byte-timeout", &RequestOptions::first_byte_timeout));
  return define_timeout(types, "between-bytes-timeout", &RequestOptions::between_bytes_timeout);
}

Result<> set_response(Context& context, HostOwn<ResponseOutparam> param, std::expected<HostOwn<OutgoingResponse>, ErrorCode> response) {
  TENON_TRY(const std::unique_ptr<ResponseOutparam> taken, context.take<ResponseOutparam>(param.representation));
  if (!response) {
    taken->sink->respond(std::unexpected(std::move(response).error()));
    return {};
  }
  TENON_TRY(const std::unique_ptr<OutgoingResponse> made, context.take<OutgoingResponse>(response->representation));
  const auto length = made->message.length();
  if (!length) {
    taken->sink->respond(std::unexpected(error_code<ErrorCase::ProtocolError>()));
    return {};
  }
  taken->sink->respond(ResponseSink::Response{.status = made->status, .headers = made->message.headers, .body = made->message.body, .body_bytes = *length});
  return {};
}

Result<> define_response_outparam(LinkerInstance& types) {
  TENON_CHECK_OK(define_resource<ResponseOutparam>(types, "response-outparam"));
  TENON_CHECK_OK(
      define(types, "[method]response-outparam.send-informational",
             [](Context& context, HostBorrow<ResponseOutparam> self, uint16_t status, HostOwn<Fields> headers) -> Result<std::expected<void, ErrorCode>> {
               TENON_TRY(const std::unique_ptr<Fields> taken, context.take<Fields>(headers.representation));
               if (status < 100 || status > 199) return std::expected<void, ErrorCode>(std::unexpect, error_code<ErrorCase::ProtocolError>());
               return get(context, self).sink->inform(status, taken->share());
             }));
  return define(types, "[static]response-outparam.set",
                [](Context& context, HostOwn<ResponseOutparam> param, std::expected<HostOwn<OutgoingResponse>, ErrorCode> response) {
                  return set_response(context, param, std::move(response));
                });
}

Result<> define_incoming_response(LinkerInstance& types) {
  using T = IncomingResponse;
  TENON_CHECK_OK(define_resource<T>(types, "incoming-response"));
  TENON_CHECK_OK(define_part<T>(types, "[method]incoming-response.status", [](const T& response) { return response.head.status; }));
  TENON_CHECK_OK(define(types, "[method]incoming-response.headers",
                        [](Context& context, HostBorrow<T> self) { return own_headers(context, get(context, self).head.headers); }));
  return define(types, "[method]incoming-response.consume",
                [](Context& context, HostBorrow<T> self) { return own_once<IncomingBody>(context, std::move(get(context, self).body)); });
}

Result<> define_incoming_body(LinkerInstance& types) {
  TENON_CHECK_OK(define_resource<IncomingBody>(types, "incoming-body"));
  TENON_CHECK_OK(define(types, "[method]incoming-body.stream", [](Context& context, HostBorrow<IncomingBody> self) {
    return own_child_once<InputStream>(context, get(context, self).take_stream(), self.representation);
  }));
  return define(types, "[static]incoming-body.finish", [](Context& context, HostOwn<IncomingBody> self) -> Result<HostOwn<FutureTrailers>> {
    TENON_TRY(const std::unique_ptr<IncomingBody> taken, context.take<IncomingBody>(self.representation));
    return context.own<FutureTrailers>(std::make_unique<FutureTrailers>(taken->take_pipe()));
  });
}

using TrailersAnswer = std::optional<Plain<std::expected<std::optional<HostOwn<Fields>>, ErrorCode>>>;

Result<TrailersAnswer> get_trailers(Context& context, FutureTrailers& future) {
  using Inner = std::expected<std::optional<HostOwn<Fields>>, ErrorCode>;
  if (!future.is_ready(context)) return TrailersAnswer();
  std::optional<FutureTrailers::Outcome> outcome = future.take();
  if (!outcome) return TrailersAnswer(Plain<Inner>(std::unexpect));
  if (!*outcome) return TrailersAnswer(Inner(std::unexpect, std::move(*outcome).error()));
  if (**outcome == nullptr) return TrailersAnswer(Inner(std::nullopt));
  TENON_TRY(const auto own, own_headers(context, **std::move(outcome)));
  return TrailersAnswer(Inner(own));
}

Result<> define_future_trailers(LinkerInstance& types) {
  using Self = HostBorrow<FutureTrailers>;
  TENON_CHECK_OK(define_resource<FutureTrailers>(types, "future-trailers"));
  TENON_CHECK_OK(define(types, "[method]future-trailers.subscribe", [](Context& context, Self self) { return subscribe(context, self); }));
  return define(types, "[method]future-trailers.get", [](Context& context, Self self) { return get_trailers(context, get(context, self)); });
}

Result<> define_outgoing_response(LinkerInstance& types) {
  using T = OutgoingResponse;
  TENON_CHECK_OK(define_resource<T>(types, "outgoing-response"));
  TENON_CHECK_OK(define(types, "[constructor]outgoing-response", [](Context& context, HostOwn<Fields> headers) -> Result<HostOwn<T>> {
    TENON_TRY(const std::unique_ptr<Fields> taken, context.take<Fields>(headers.representation));
    return context.own<T>(std::make_unique<T>(taken->share()));
  }));
  TENON_CHECK_OK(define_part<T>(types, "[method]outgoing-response.status-code", [](const T& response) { return response.status; }));
  TENON_CHECK_OK(define(types, "[method]outgoing-response.set-status-code", [](Context& context, HostBorrow<T> self, uint16_t status) -> Plain<> {
    if (status < 100 || status > 999) return Plain<>(std::unexpect);
    get(context, self).status = status;
    return {};
  }));
  TENON_CHECK_OK(define(types, "[method]outgoing-response.headers",
                        [](Context& context, HostBorrow<T> self) { return own_headers(context, get(context, self).message.headers); }));
  return define(types, "[method]outgoing-response.body", [](Context& context, HostBorrow<T> self) {
    return own_once<OutgoingBody>(context, get(context, self).message.take_body(OutgoingBody::Kind::Response));
  });
}

Result<> define_outgoing_body(LinkerInstance& types) {
  TENON_CHECK_OK(define_resource<OutgoingBody>(types, "outgoing-body"));
  TENON_CHECK_OK(define(types, "[method]outgoing-body.write", [](Context& context, HostBorrow<OutgoingBody> self) {
    return own_child_once<OutputStream>(context, get(context, self).take_stream(), self.representation);
  }));
  return define(types, "[static]outgoing-body.finish",
                [](Context& context, HostOwn<OutgoingBody> self, std::optional<HostOwn<Fields>> trailers) -> Result<std::expected<void, ErrorCode>> {
                  TENON_TRY(const std::unique_ptr<OutgoingBody> taken, context.take<OutgoingBody>(self.representation));
                  if (!trailers) return taken->finish(nullptr);
                  TENON_TRY(const std::unique_ptr<Fields> fields, context.take<Fields>(trailers->representation));
                  return taken->finish(fields->share());
                });
}

using ResponseAnswer = std::optional<Plain<std::expected<HostOwn<IncomingResponse>, ErrorCode>>>;

Result<ResponseAnswer> get_response(Context& context, FutureIncomingResponse& future) {
  using Inner = std::expected<HostOwn<IncomingResponse>, ErrorCode>;
  if (!future.is_ready()) return ResponseAnswer();
  std::optional<FutureIncomingResponse::Outcome> outcome = future.take();
  if (!outcome) return ResponseAnswer(Plain<Inner>(std::unexpect));
  if (!*outcome) return ResponseAnswer(Inner(std::unexpect, std::move(*outcome).error()));
  uint64_t bytes = 0;
  for (const FieldLine& line : (**outcome)->head.headers->lines()) bytes += line.name.size() + line.value.size();
  TENON_CHECK_OK(context.guard().budget().charge_in(bytes));
  TENON_TRY(const auto own, context.own<IncomingResponse>(**std::move(outcome)));
  return ResponseAnswer(Inner(own));
}

Result<> define_future_incoming_response(LinkerInstance& types) {
  using Self = HostBorrow<FutureIncomingResponse>;
  TENON_CHECK_OK(define_resource<FutureIncomingResponse>(types, "future-incoming-response"));
  TENON_CHECK_OK(define(types, "[method]future-incoming-response.subscribe", [](Context& context, Self self) { return subscribe(context, self); }));
  return define(types, "[method]future-incoming-response.get", [](Context& context, Self self) { return get_response(context, get(context, self)); });
}

Result<> define_http_error_code(LinkerInstance& types) {
  return define(types, "http-error-code", [](Context& context, HostBorrow<IoError> error) -> std::optional<ErrorCode> {
    const std::shared_ptr<const ErrorCode>& http = get(context, error).http;
    return http ? std::optional(*http) : std::nullopt;
  });
}

std::chrono::nanoseconds timeout_of(std::optional<uint64_t> nanoseconds) {
  constexpr uint64_t longest = std::numeric_limits<int64_t>::max();
  return nanoseconds ? std::chrono::nanoseconds(std::min(*nanoseconds, longest)) : Timeouts::standard;
}

}  // namespace

Timeouts RequestOptions::timeouts() const {
  return {.connect = timeout_of(connect_timeout), .first_byte = timeout_of(first_byte_timeout), .between_bytes = timeout_of(between_bytes_timeout)};
}

std::expected<std::optional<uint64_t>, std::monostate> OutgoingMessage::length() const {
  std::optional<uint64_t> found;
  for (const FieldLine& line : headers->lines()) {
    if (!equals_ignoring_case(line.name, "content-length")) continue;
    const std::optional<uint64_t> length = parse_content_length(line.value);
    // Two lengths are how one message is smuggled into another.
    if (found || !length) return std::unexpected(std::monostate());
    found = length;
  }
  return found;
}

std::unique_ptr<OutgoingBody> OutgoingMessage::take_body(OutgoingBody::Kind kind) {
  const auto promised = length();
  if (body || !promised) return nullptr;
  body = std::make_shared<BodyPipe>(OutgoingBody::buffer_bytes);
  return std::make_unique<OutgoingBody>(body, kind, *promised);
}

FutureIncomingResponse::~FutureIncomingResponse() {
  if (transfer_) transfer_->abandon();
}

bool FutureIncomingResponse::is_ready() {
  if (!transfer_ || transfer_->head()) return true;
  transfer_->drive();
  return transfer_->head().has_value();
}

void FutureIncomingResponse::prepare(WaitSet& set) {
  if (transfer_) transfer_->prepare(set);
}

std::optional<FutureIncomingResponse::Outcome> FutureIncomingResponse::take() {
  const std::shared_ptr<Transfer> transfer = std::move(transfer_);
  if (!transfer) return std::nullopt;
  const Transfer::Head& head = *transfer->head();
  if (!head) return std::unexpected(head.error());
  return std::make_unique<IncomingResponse>(*head, transfer->response_body());
}

Result<> add_types(Linker& linker) {
  TENON_TRY(LinkerInstance types, open_interface(linker, "wasi:http/types"));
  constexpr Result<> (*parts[])(LinkerInstance&) = {
      define_fields,          define_incoming_request,         define_outgoing_request,
      define_request_options, define_response_outparam,        define_incoming_response,
      define_incoming_body,   define_future_trailers,          define_outgoing_response,
      define_outgoing_body,   define_future_incoming_response, define_http_error_code,
  };
  for (const auto define_part_of : parts) TENON_CHECK_OK(define_part_of(types));
  return {};
}

}  // namespace tenon::wasi::http
