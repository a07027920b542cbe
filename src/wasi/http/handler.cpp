#include <utility>

#include "wasi/http/client.h"
#include "wasi/http/target.h"
#include "wasi/http/types.h"
#include "wasi/link.h"

namespace tenon::wasi::http {

namespace {

uint64_t bytes_of(const Target& target, const FieldList& headers) {
  uint64_t bytes = target.method.size() + target.path.size() + target.query.size();
  for (const FieldLine& line : headers.lines()) bytes += line.name.size() + line.value.size();
  return bytes;
}

using Answer = std::expected<HostOwn<FutureIncomingResponse>, ErrorCode>;

Result<Answer> handle_for_guest(Context& context, HostOwn<OutgoingRequest> self, std::optional<HostOwn<RequestOptions>> options) {
  TENON_TRY(std::unique_ptr<OutgoingRequest> request, context.take<OutgoingRequest>(self.representation));
  Timeouts timeouts;
  if (options) {
    TENON_TRY(const std::unique_ptr<RequestOptions> taken, context.take<RequestOptions>(options->representation));
    timeouts = taken->timeouts();
  }
  TENON_TRY(auto future, handle(context, std::move(request), timeouts));
  if (!future) return Answer(std::unexpect, std::move(future).error());
  TENON_TRY(const auto own, context.own<FutureIncomingResponse>(*std::move(future)));
  return Answer(own);
}

}  // namespace

Result<std::expected<std::unique_ptr<FutureIncomingResponse>, ErrorCode>> handle(Context& context, std::unique_ptr<OutgoingRequest> request,
                                                                                 const Timeouts& timeouts) {
  using Outcome = std::expected<std::unique_ptr<FutureIncomingResponse>, ErrorCode>;
  auto target = make_target(request->method, request->scheme, request->authority, request->path_with_query);
  if (!target) return Outcome(std::unexpect, std::move(target).error());
  if (!context.guard().allow_http(target->for_policy())) return Outcome(std::unexpect, error_code<ErrorCase::RequestDenied>());
  const auto length = request->message.length();
  if (!length) return Outcome(std::unexpect, error_code<ErrorCase::ProtocolError>());
  TENON_CHECK_OK(context.guard().budget().charge_out(bytes_of(*target, *request->message.headers)));
  auto sent = Client::of(context)->send(
      {.target = *std::move(target), .headers = request->message.headers, .body = request->message.body, .body_bytes = *length, .timeouts = timeouts});
  if (!sent) return Outcome(std::unexpect, std::move(sent).error());
  return Outcome(std::make_unique<FutureIncomingResponse>(*std::move(sent)));
}

Result<> add_outgoing_handler(Linker& linker) {
  TENON_TRY(LinkerInstance handler, open_interface(linker, "wasi:http/outgoing-handler"));
  return define(handler, "handle", [](Context& context, HostOwn<OutgoingRequest> request, std::optional<HostOwn<RequestOptions>> options) {
    return handle_for_guest(context, request, options);
  });
}

}  // namespace tenon::wasi::http

namespace tenon::wasi {

Result<> add_http(Linker& linker) {
  TENON_CHECK_OK(http::add_types(linker));
  return http::add_outgoing_handler(linker);
}

}  // namespace tenon::wasi
