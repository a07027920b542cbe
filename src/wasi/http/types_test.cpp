#include "wasi/http/types.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <memory>
#include <regex>
#include <string>
#include <utility>
#include <vector>

#include "wasi/http/test_guest.h"
#include "wasi/http/test_server.h"

namespace tenon::wasi::http {
namespace {

template <class T = void>
using Plain = std::expected<T, std::monostate>;
template <class T = void>
using Coded = std::expected<T, ErrorCode>;
using Bytes = std::vector<uint8_t>;
using Changed = std::expected<void, HeaderError>;

Bytes bytes(std::string_view text) { return {text.begin(), text.end()}; }

Held<Fields> fields(Guest& guest, const std::vector<std::tuple<std::string, Bytes>>& lines = {}) {
  return guest.get<std::expected<Held<Fields>, HeaderError>>("fields-from-list", lines).value();
}

Held<OutgoingRequest> request(Guest& guest, const std::string& authority, const Method& method = {}) {
  auto made = guest.get<Held<OutgoingRequest>>("outgoing-request", fields(guest));
  EXPECT_TRUE(guest.get<Plain<>>("outgoing-request-set-method", made.borrow(), method));
  EXPECT_TRUE(guest.get<Plain<>>("outgoing-request-set-scheme", made.borrow(), std::optional(scheme_http())));
  EXPECT_TRUE(guest.get<Plain<>>("outgoing-request-set-authority", made.borrow(), std::optional(authority)));
  EXPECT_TRUE(guest.get<Plain<>>("outgoing-request-set-path-with-query", made.borrow(), std::optional(std::string("/a?b"))));
  return made;
}

using Handled = Coded<Held<FutureIncomingResponse>>;
Handled handle(Guest& guest, const Held<OutgoingRequest>& made) { return guest.get<Handled>("handle", made, std::optional<Held<RequestOptions>>()); }

using Trailers = std::optional<Plain<Coded<std::optional<Held<Fields>>>>>;

using Got = std::optional<Plain<Coded<Held<IncomingResponse>>>>;
Got wait_and_get(Guest& guest, const Held<FutureIncomingResponse>& future) {
  auto pollable = guest.get<Held<Pollable>>("future-incoming-response-subscribe", future.borrow());
  guest.get<void>("pollable-block", pollable.borrow());
  EXPECT_TRUE(guest.get<bool>("pollable-ready", pollable.borrow()));
  EXPECT_TRUE(pollable.drop(*guest.store));
  return guest.get<Got>("future-incoming-response-get", future.borrow());
}

std::string ok(std::string_view body) { return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\nA: b\r\n\r\n" + std::string(body); }

TEST(HttpBorder, CarriesAnExchange) {
  TestServer server(TestServer::answering([](const SeenRequest& seen) { return ok(seen.method + " " + seen.target + " " + seen.body); }));
  Guest guest({"http:*:127.0.0.1:*"});
  auto made = request(guest, server.authority(), method_of("POST"));
  auto body = guest.get<Plain<Held<OutgoingBody>>>("outgoing-request-body", made.borrow()).value();
  EXPECT_FALSE(guest.get<Plain<Held<OutgoingBody>>>("outgoing-request-body", made.borrow()));
  auto future = handle(guest, made).value();
  {
    auto out = guest.get<Plain<Held<OutputStream>>>("outgoing-body-write", body.borrow()).value();
    EXPECT_FALSE(guest.get<Plain<Held<OutputStream>>>("outgoing-body-write", body.borrow()));
    EXPECT_TRUE((guest.get<std::expected<void, GuestStreamError>>("output-stream-blocking-write-and-flush", out.borrow(), bytes("hello"))));
    EXPECT_TRUE(out.drop(*guest.store));
  }
  EXPECT_TRUE(guest.get<Coded<>>("outgoing-body-finish", body, std::optional<Held<Fields>>()));
  auto got = wait_and_get(guest, future);
  auto response = std::move(got->value().value());
  EXPECT_FALSE(*guest.get<Got>("future-incoming-response-get", future.borrow()));  // once
  EXPECT_EQ(guest.get<uint16_t>("incoming-response-status", response.borrow()), 200);
  auto headers = guest.get<Held<Fields>>("incoming-response-headers", response.borrow());
  EXPECT_EQ(guest.get<std::vector<Bytes>>("fields-get", headers.borrow(), std::string("a")), std::vector<Bytes>{bytes("b")});
  EXPECT_FALSE(guest.get<Changed>("fields-append", headers.borrow(), std::string("x"), bytes("y")));
  auto incoming = guest.get<Plain<Held<IncomingBody>>>("incoming-response-consume", response.borrow()).value();
  EXPECT_FALSE(guest.get<Plain<Held<IncomingBody>>>("incoming-response-consume", response.borrow()));
  auto in = guest.get<Plain<Held<InputStream>>>("incoming-body-stream", incoming.borrow()).value();
  EXPECT_FALSE(guest.get<Plain<Held<InputStream>>>("incoming-body-stream", incoming.borrow()));
  using Read = std::expected<Bytes, GuestStreamError>;
  EXPECT_EQ(guest.get<Read>("input-stream-blocking-read", in.borrow(), uint64_t{1000}).value(), bytes("POST /a?b hello"));
  EXPECT_FALSE(guest.get<Read>("input-stream-blocking-read", in.borrow(), uint64_t{1000}));
  EXPECT_TRUE(in.drop(*guest.store));
  auto trailers = guest.get<Held<FutureTrailers>>("incoming-body-finish", incoming);
  EXPECT_FALSE(guest.get<Trailers>("future-trailers-get", trailers.borrow())->value().value());
  EXPECT_FALSE(*guest.get<Trailers>("future-trailers-get", trailers.borrow()));
}

TEST(HttpBorder, TellsDenialsAndFailuresAsErrorCodes) {
  Guest guest({"http:*:127.0.0.1:*"});
  EXPECT_EQ(handle(guest, request(guest, "example.com")).error(), error_code<ErrorCase::RequestDenied>());
  EXPECT_EQ(handle(guest, request(guest, "a@127.0.0.1")).error(), error_code<ErrorCase::RequestUriInvalid>());
  const uint16_t port = TestServer([](Peer&) {}).port();
  const auto future = handle(guest, request(guest, "127.0.0.1:" + std::to_string(port))).value();
  EXPECT_EQ(wait_and_get(guest, future)->value().error(), error_code<ErrorCase::ConnectionRefused>());
}

TEST(HttpBorder, TakesAndGivesTheParts) {
  Guest guest({});
  auto made = guest.get<Held<OutgoingRequest>>("outgoing-request", fields(guest, {{"A", bytes("1")}}));
  EXPECT_EQ(guest.get<Method>("outgoing-request-method", made.borrow()), Method());
  EXPECT_FALSE(guest.get<std::optional<std::string>>("outgoing-request-authority", made.borrow()));
  EXPECT_FALSE(guest.get<std::optional<std::string>>("outgoing-request-path-with-query", made.borrow()));
  EXPECT_FALSE(guest.get<std::optional<Scheme>>("outgoing-request-scheme", made.borrow()));
  const Scheme other{.value = Scheme::Value(std::in_place_index<2>, "ws")};
  EXPECT_TRUE(guest.get<Plain<>>("outgoing-request-set-scheme", made.borrow(), std::optional(other)));
  EXPECT_EQ(guest.get<std::optional<Scheme>>("outgoing-request-scheme", made.borrow()), other);
  EXPECT_TRUE(guest.get<Plain<>>("outgoing-request-set-method", made.borrow(), method_of("REPORT")));
  EXPECT_EQ(guest.get<Method>("outgoing-request-method", made.borrow()), method_of("REPORT"));
  EXPECT_FALSE(guest.get<Plain<>>("outgoing-request-set-method", made.borrow(), method_of("bad\nmethod")));
  EXPECT_FALSE(guest.get<Plain<>>("outgoing-request-set-authority", made.borrow(), std::optional(std::string("bad-\nhost"))));
  EXPECT_FALSE(guest.get<Plain<>>("outgoing-request-set-path-with-query", made.borrow(), std::optional(std::string("/bad\npath"))));
  const Scheme bad{.value = Scheme::Value(std::in_place_index<2>, "bad\nscheme")};
  EXPECT_FALSE(guest.get<Plain<>>("outgoing-request-set-scheme", made.borrow(), std::optional(bad)));
  auto headers = guest.get<Held<Fields>>("outgoing-request-headers", made.borrow());
  EXPECT_EQ(guest.get<Changed>("fields-delete", headers.borrow(), std::string("a")).error(), HeaderError::immutable());
  using Lines = std::vector<std::tuple<std::string, Bytes>>;
  EXPECT_EQ(guest.get<Lines>("fields-entries", headers.borrow()), (Lines{{"A", bytes("1")}}));
  auto copy = guest.get<Held<Fields>>("fields-clone", headers.borrow());
  EXPECT_TRUE(guest.get<Changed>("fields-set", copy.borrow(), std::string("b"), std::vector<Bytes>{bytes("2"), bytes("3")}));
  EXPECT_TRUE(guest.get<bool>("fields-has", copy.borrow(), std::string("B")));
  EXPECT_FALSE(guest.get<bool>("fields-has", headers.borrow(), std::string("B")));
  EXPECT_FALSE(guest.get<bool>("fields-has", headers.borrow(), std::string("no name")));

  auto options = guest.get<Held<RequestOptions>>("request-options");
  for (const std::string name : {"connect-timeout", "first-byte-timeout", "between-bytes-timeout"}) {
    EXPECT_FALSE(guest.get<std::optional<uint64_t>>("request-options-" + name, options.borrow()));
    EXPECT_TRUE(guest.get<Plain<>>("request-options-set-" + name, options.borrow(), std::optional(uint64_t{5})));
    EXPECT_EQ(guest.get<std::optional<uint64_t>>("request-options-" + name, options.borrow()), uint64_t{5});
  }
}

TEST(HttpBorder, ErrorsOfStreamsHaveTheirCode) {
  Guest guest({});
  auto made = guest.get<Held<OutgoingRequest>>("outgoing-request", fields(guest, {{"Content-Length", bytes("11")}}));
  auto body = guest.get<Plain<Held<OutgoingBody>>>("outgoing-request-body", made.borrow()).value();
  auto out = guest.get<Plain<Held<OutputStream>>>("outgoing-body-write", body.borrow()).value();
  const auto written = guest.get<std::expected<void, GuestStreamError>>("output-stream-blocking-write-and-flush", out.borrow(), bytes("more than 11 bytes"));
  const auto& error = std::get<0>(written.error().value);
  const ErrorCode too_long = error_code<ErrorCase::RequestBodySize>(uint64_t{18});
  EXPECT_EQ(guest.get<std::optional<ErrorCode>>("http-error-code", error.borrow()), too_long);
  EXPECT_TRUE(out.drop(*guest.store));
  EXPECT_EQ(guest.get<Coded<>>("outgoing-body-finish", body, std::optional<Held<Fields>>()).error(), too_long);
  const auto other = guest.give(std::make_unique<IoError>("of a file", 5));
  EXPECT_FALSE(guest.get<std::optional<ErrorCode>>("http-error-code", other.borrow()));
}

TEST(HttpBorder, TrapsWhenABodyEndsBeforeItsStream) {
  Guest guest({});
  auto made = guest.get<Held<OutgoingRequest>>("outgoing-request", fields(guest));
  auto body = guest.get<Plain<Held<OutgoingBody>>>("outgoing-request-body", made.borrow()).value();
  auto out = guest.get<Plain<Held<OutputStream>>>("outgoing-body-write", body.borrow()).value();
  EXPECT_EQ(guest.call<Coded<>>("outgoing-body-finish", body, std::optional<Held<Fields>>()).error().kind(), ErrorKind::Trap);
}

/// Writes all of `text` and says how it went.
std::expected<void, GuestStreamError> write(Guest& guest, const Held<OutputStream>& out, std::string_view text) {
  return guest.get<std::expected<void, GuestStreamError>>("output-stream-blocking-write-and-flush", out.borrow(), bytes(text));
}

TEST(HttpBorder, RefusesFieldsAndSaysWhy) {
  Guest guest({});
  auto mutable_fields = fields(guest);
  const auto append = [&](const std::string& name, std::string_view value) {
    return guest.get<Changed>("fields-append", mutable_fields.borrow(), name, bytes(value));
  };
  const auto set = [&](const std::string& name, std::string_view value) {
    return guest.get<Changed>("fields-set", mutable_fields.borrow(), name, std::vector<Bytes>{bytes(value)});
  };
  const auto make = [&](const std::string& name, std::string_view value) {
    const std::vector<std::tuple<std::string, Bytes>> lines = {{"ok", bytes("1")}, {name, bytes(value)}};
    return guest.get<std::expected<Held<Fields>, HeaderError>>("fields-from-list", lines);
  };
  for (const std::string name : {"", "a b", "a:b", "a\r\nb", "\xc3\xa4"}) {
    EXPECT_EQ(append(name, "x").error(), HeaderError::invalid_syntax()) << name;
    EXPECT_EQ(set(name, "x").error(), HeaderError::invalid_syntax()) << name;
    EXPECT_EQ(make(name, "x").error(), HeaderError::invalid_syntax()) << name;
    EXPECT_EQ(guest.get<Changed>("fields-delete", mutable_fields.borrow(), name).error(), HeaderError::invalid_syntax()) << name;
  }
  for (const std::string_view value : {std::string_view("a\r\nb: c"), std::string_view("a\nb"), std::string_view("a\0b", 3), std::string_view("\x7f")}) {
    EXPECT_EQ(append("a", value).error(), HeaderError::invalid_syntax());
    EXPECT_EQ(set("a", value).error(), HeaderError::invalid_syntax());
    EXPECT_EQ(make("a", value).error(), HeaderError::invalid_syntax());
  }
  for (const std::string_view length : {"", "-1", "+1", "1, 1", "0x5", "18446744073709551616"})
    EXPECT_EQ(append("content-length", length).error(), HeaderError::invalid_syntax()) << length;
  for (const std::string name : {"Connection", "HOST", "http2-settings", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection",
                                 "Transfer-Encoding", "upgrade"}) {
    EXPECT_EQ(append(name, "x").error(), HeaderError::forbidden()) << name;
    EXPECT_EQ(set(name, "x").error(), HeaderError::forbidden()) << name;
    EXPECT_EQ(make(name, "x").error(), HeaderError::forbidden()) << name;
    EXPECT_EQ(guest.get<Changed>("fields-delete", mutable_fields.borrow(), name).error(), HeaderError::forbidden()) << name;
  }
  EXPECT_TRUE(append("A", "tab\there"));
  EXPECT_TRUE(append("a", "again"));
  EXPECT_EQ(guest.get<std::vector<Bytes>>("fields-get", mutable_fields.borrow(), std::string("a")), (std::vector<Bytes>{bytes("tab\there"), bytes("again")}));
  EXPECT_TRUE(guest.get<Changed>("fields-delete", mutable_fields.borrow(), std::string("A")));
  EXPECT_TRUE(guest.get<std::vector<Bytes>>("fields-get", mutable_fields.borrow(), std::string("a")).empty());
}

TEST(HttpBorder, TrapsWhenFieldsHoldTooMuch) {
  Guest guest({});
  auto made = fields(guest, {{"a", Bytes(100'000, 'x')}});
  EXPECT_EQ(guest.call<Changed>("fields-append", made.borrow(), std::string("b"), Bytes(40'000, 'x')).error().kind(), ErrorKind::LimitExceeded);
}

TEST(HttpBorder, LetsPartsOutliveTheirMessages) {
  TestServer server(TestServer::answering([](const SeenRequest& seen) { return ok(seen.body); }));
  Guest guest({"http:*:127.0.0.1:*"});
  auto made = request(guest, server.authority(), method_of("POST"));
  auto sent_headers = guest.get<Held<Fields>>("outgoing-request-headers", made.borrow());
  auto body = guest.get<Plain<Held<OutgoingBody>>>("outgoing-request-body", made.borrow()).value();
  auto out = guest.get<Plain<Held<OutputStream>>>("outgoing-body-write", body.borrow()).value();
  auto future = handle(guest, made).value();
  EXPECT_FALSE(guest.get<bool>("fields-has", sent_headers.borrow(), std::string("a")));
  EXPECT_TRUE(write(guest, out, "late"));
  EXPECT_TRUE(out.drop(*guest.store));
  EXPECT_TRUE(guest.get<Coded<>>("outgoing-body-finish", body, std::optional<Held<Fields>>()));
  auto got = wait_and_get(guest, future);
  auto response = std::move(got->value().value());
  EXPECT_TRUE(future.drop(*guest.store));
  auto headers = guest.get<Held<Fields>>("incoming-response-headers", response.borrow());
  auto incoming = guest.get<Plain<Held<IncomingBody>>>("incoming-response-consume", response.borrow()).value();
  EXPECT_TRUE(response.drop(*guest.store));
  EXPECT_TRUE(guest.get<bool>("fields-has", headers.borrow(), std::string("a")));
  auto in = guest.get<Plain<Held<InputStream>>>("incoming-body-stream", incoming.borrow()).value();
  EXPECT_EQ((guest.get<std::expected<Bytes, GuestStreamError>>("input-stream-blocking-read", in.borrow(), uint64_t{100})).value(), bytes("late"));
}

TEST(HttpBorder, TrapsWhenAParentIsDroppedBeforeItsChild) {
  TestServer server([](Peer& peer) { peer.wait_for_end(); });
  {
    Guest guest({});
    auto made = guest.get<Held<OutgoingRequest>>("outgoing-request", fields(guest));
    auto body = guest.get<Plain<Held<OutgoingBody>>>("outgoing-request-body", made.borrow()).value();
    auto out = guest.get<Plain<Held<OutputStream>>>("outgoing-body-write", body.borrow()).value();
    EXPECT_EQ(body.drop(*guest.store).error().kind(), ErrorKind::Trap);
  }
  {
    Guest guest({});
    auto body = guest.give(std::make_unique<IncomingBody>(std::make_shared<BodyPipe>(16)));
    auto in = guest.get<Plain<Held<InputStream>>>("incoming-body-stream", body.borrow()).value();
    EXPECT_EQ(guest.call<Held<FutureTrailers>>("incoming-body-finish", body).error().kind(), ErrorKind::Trap);
  }
  {
    Guest guest({});
    auto trailers = guest.get<Held<FutureTrailers>>("incoming-body-finish", guest.give(std::make_unique<IncomingBody>(std::make_shared<BodyPipe>(16))));
    auto pollable = guest.get<Held<Pollable>>("future-trailers-subscribe", trailers.borrow());
    EXPECT_FALSE(guest.get<bool>("pollable-ready", pollable.borrow()));
    EXPECT_EQ(trailers.drop(*guest.store).error().kind(), ErrorKind::Trap);
  }
  Guest guest({"http:*:127.0.0.1:*"});
  auto future = handle(guest, request(guest, server.authority())).value();
  EXPECT_FALSE(guest.get<Got>("future-incoming-response-get", future.borrow()));  // not yet
  auto pollable = guest.get<Held<Pollable>>("future-incoming-response-subscribe", future.borrow());
  EXPECT_FALSE(guest.get<bool>("pollable-ready", pollable.borrow()));
  EXPECT_EQ(future.drop(*guest.store).error().kind(), ErrorKind::Trap);
}

TEST(HttpBorder, EndsRequestsAtTheTimeoutsOfTheirOptions) {
  TestServer server([](Peer& peer) {
    SeenRequest seen;
    if (peer.read_request(seen) && seen.target == "/a?b") peer.wait_for_end();
  });
  Guest guest({"http:*:127.0.0.1:*"});
  auto options = guest.get<Held<RequestOptions>>("request-options");
  EXPECT_TRUE(guest.get<Plain<>>("request-options-set-first-byte-timeout", options.borrow(), std::optional(uint64_t{50'000'000})));
  auto future = guest.get<Handled>("handle", request(guest, server.authority()), std::optional(std::move(options))).value();
  EXPECT_EQ(wait_and_get(guest, future)->value().error(), error_code<ErrorCase::ConnectionReadTimeout>());
}

TEST(HttpBorder, CarriesTrailersBothWays) {
  TestServer server(TestServer::answering([](const SeenRequest& seen) {
    const auto sum = seen.trailers.find("sum");
    return "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nGot: " + (sum == seen.trailers.end() ? "none" : sum->second) + "\r\n\r\n";
  }));
  Guest guest({"http:*:127.0.0.1:*"});
  auto made = request(guest, server.authority(), method_of("POST"));
  auto body = guest.get<Plain<Held<OutgoingBody>>>("outgoing-request-body", made.borrow()).value();
  EXPECT_TRUE(guest.get<Coded<>>("outgoing-body-finish", body, std::optional(fields(guest, {{"Sum", bytes("12")}}))));
  auto future = handle(guest, made).value();
  auto got = wait_and_get(guest, future);
  auto incoming = guest.get<Plain<Held<IncomingBody>>>("incoming-response-consume", got->value().value().borrow()).value();
  // The body is not read: what is left of it is skipped.
  auto trailers = guest.get<Held<FutureTrailers>>("incoming-body-finish", incoming);
  auto pollable = guest.get<Held<Pollable>>("future-trailers-subscribe", trailers.borrow());
  guest.get<void>("pollable-block", pollable.borrow());
  EXPECT_TRUE(pollable.drop(*guest.store));
  auto outcome = guest.get<Trailers>("future-trailers-get", trailers.borrow());
  auto& lines = outcome->value().value();
  EXPECT_EQ(guest.get<std::vector<Bytes>>("fields-get", lines->borrow(), std::string("got")), std::vector<Bytes>{bytes("12")});
  EXPECT_EQ(guest.get<Changed>("fields-append", lines->borrow(), std::string("a"), bytes("b")).error(), HeaderError::immutable());
}

TEST(HttpBorder, TellsThatABodyIsShorterThanPromised) {
  TestServer server([](Peer& peer) { peer.wait_for_end(); });
  Guest guest({"http:*:127.0.0.1:*"});
  auto made = guest.get<Held<OutgoingRequest>>("outgoing-request", fields(guest, {{"content-length", bytes("5")}}));
  EXPECT_TRUE(guest.get<Plain<>>("outgoing-request-set-method", made.borrow(), method_of("POST")));
  EXPECT_TRUE(guest.get<Plain<>>("outgoing-request-set-scheme", made.borrow(), std::optional(scheme_http())));
  EXPECT_TRUE(guest.get<Plain<>>("outgoing-request-set-authority", made.borrow(), std::optional(server.authority())));
  EXPECT_TRUE(guest.get<Plain<>>("outgoing-request-set-path-with-query", made.borrow(), std::optional(std::string("/"))));
  auto body = guest.get<Plain<Held<OutgoingBody>>>("outgoing-request-body", made.borrow()).value();
  auto out = guest.get<Plain<Held<OutputStream>>>("outgoing-body-write", body.borrow()).value();
  auto future = handle(guest, made).value();
  EXPECT_TRUE(write(guest, out, "123"));
  EXPECT_TRUE(out.drop(*guest.store));
  const ErrorCode too_short = error_code<ErrorCase::RequestBodySize>(uint64_t{3});
  EXPECT_EQ(guest.get<Coded<>>("outgoing-body-finish", body, std::optional<Held<Fields>>()).error(), too_short);
  EXPECT_EQ(wait_and_get(guest, future)->value().error(), too_short);
}

TEST(HttpBorder, RefusesTwoLengths) {
  Guest guest({"http:*:127.0.0.1:*"});
  auto made = guest.get<Held<OutgoingRequest>>("outgoing-request", fields(guest, {{"content-length", bytes("0")}, {"Content-Length", bytes("5")}}));
  EXPECT_FALSE(guest.get<Plain<Held<OutgoingBody>>>("outgoing-request-body", made.borrow()));
  EXPECT_TRUE(guest.get<Plain<>>("outgoing-request-set-authority", made.borrow(), std::optional(std::string("127.0.0.1"))));
  EXPECT_TRUE(guest.get<Plain<>>("outgoing-request-set-path-with-query", made.borrow(), std::optional(std::string("/"))));
  EXPECT_EQ(handle(guest, made).error(), error_code<ErrorCase::ProtocolError>());
}

TEST(HttpBorder, TellsWhatBrokeABodyThatCameIn) {
  TestServer server([](Peer& peer) {
    SeenRequest seen;
    if (peer.read_request(seen)) peer.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
  });
  Guest guest({"http:*:127.0.0.1:*"});
  auto future = handle(guest, request(guest, server.authority())).value();
  auto got = wait_and_get(guest, future);
  auto incoming = guest.get<Plain<Held<IncomingBody>>>("incoming-response-consume", got->value().value().borrow()).value();
  auto in = guest.get<Plain<Held<InputStream>>>("incoming-body-stream", incoming.borrow()).value();
  using Read = std::expected<Bytes, GuestStreamError>;
  EXPECT_EQ(guest.get<Read>("input-stream-blocking-read", in.borrow(), uint64_t{100}).value(), bytes("half"));
  const Read failed = guest.get<Read>("input-stream-blocking-read", in.borrow(), uint64_t{100});
  EXPECT_EQ(guest.get<std::optional<ErrorCode>>("http-error-code", std::get<0>(failed.error().value).borrow()), error_code<ErrorCase::ResponseIncomplete>());
  EXPECT_TRUE(in.drop(*guest.store));
  auto trailers = guest.get<Held<FutureTrailers>>("incoming-body-finish", incoming);
  EXPECT_EQ(guest.get<Trailers>("future-trailers-get", trailers.borrow())->value().error(), error_code<ErrorCase::ResponseIncomplete>());
}

TEST(HttpBorder, TellsFailuresOfNamesAndCertificates) {
  const TestNames names([](const std::string&) { return TestNames::Addresses{}; });
  Config config;
  config.resolver = {.servers = {names.server()}, .reads_hosts_file = false};
  Guest guest({"http:*:*.test:*", "http:*:127.0.0.1:*"}, std::move(config));
  const auto future = handle(guest, request(guest, "no.test")).value();
  EXPECT_EQ(wait_and_get(guest, future)->value().error(), error_code<ErrorCase::DnsError>(DnsErrorPayload{.rcode = "NXDOMAIN", .info_code = {}}));

  const TestCertificate certificate;
  TestServer server([](Peer& peer) { peer.wait_for_end(); }, &certificate);
  auto secure = request(guest, server.authority());
  EXPECT_TRUE(guest.get<Plain<>>("outgoing-request-set-scheme", secure.borrow(), std::optional(scheme_https())));
  const auto refused = handle(guest, secure).value();
  EXPECT_EQ(wait_and_get(guest, refused)->value().error(), error_code<ErrorCase::TlsCertificateError>());
}

TEST(HttpBorder, CountsHandles) {
  Guest guest({}, {}, {.handles = 2});
  auto first = guest.get<Held<Fields>>("fields");
  auto second = guest.get<Held<Fields>>("fields");
  EXPECT_TRUE(first.drop(*guest.store));
  auto third = guest.get<Held<Fields>>("fields");
  EXPECT_EQ(guest.call<Held<Fields>>("fields").error().kind(), ErrorKind::LimitExceeded);
}

/// Keeps in memory what a server would send.
struct Answer {
  std::vector<uint16_t> informed;
  std::optional<std::expected<ResponseSink::Response, ErrorCode>> response;
};

class MemorySink final : public ResponseSink {
 public:
  explicit MemorySink(Answer& answer) : answer_(answer) {}
  std::expected<void, ErrorCode> inform(uint16_t status, std::shared_ptr<const FieldList>) override {
    answer_.informed.push_back(status);
    return {};
  }
  void respond(std::expected<Response, ErrorCode> response) override { answer_.response = std::move(response); }

 private:
  Answer& answer_;
};

std::string popped(BodyPipe& pipe) {
  std::string text(pipe.buffered(), '\0');
  pipe.read(std::as_writable_bytes(std::span(text)));
  return text;
}

TEST(HttpServing, HandsARequestToTheGuest) {
  Guest guest({});
  const auto pipe = std::make_shared<BodyPipe>(1024);
  auto headers = std::make_shared<FieldList>(Client::of(guest.context)->ledger());
  ASSERT_TRUE(headers->add("x", "y"));
  auto request = guest.give(std::make_unique<IncomingRequest>(
      RequestHead{.method = method_of("PUT"), .path_with_query = "/p?q", .scheme = scheme_https(), .authority = "host", .headers = headers}, pipe));
  EXPECT_EQ(guest.get<Method>("incoming-request-method", request.borrow()), method_of("PUT"));
  EXPECT_EQ(guest.get<std::optional<std::string>>("incoming-request-path-with-query", request.borrow()), "/p?q");
  EXPECT_EQ(guest.get<std::optional<Scheme>>("incoming-request-scheme", request.borrow()), scheme_https());
  EXPECT_EQ(guest.get<std::optional<std::string>>("incoming-request-authority", request.borrow()), "host");
  auto given = guest.get<Held<Fields>>("incoming-request-headers", request.borrow());
  EXPECT_FALSE(guest.get<Changed>("fields-set", given.borrow(), std::string("x"), std::vector<Bytes>()));
  auto body = guest.get<Plain<Held<IncomingBody>>>("incoming-request-consume", request.borrow()).value();
  EXPECT_FALSE(guest.get<Plain<Held<IncomingBody>>>("incoming-request-consume", request.borrow()));
  auto in = guest.get<Plain<Held<InputStream>>>("incoming-body-stream", body.borrow()).value();
  pipe->push(std::as_bytes(std::span("chunk", 5)));
  auto trailers = std::make_shared<FieldList>(Client::of(guest.context)->ledger());
  ASSERT_TRUE(trailers->add("t", "u"));
  pipe->finish(trailers);
  EXPECT_EQ((guest.get<std::expected<Bytes, GuestStreamError>>("input-stream-blocking-read", in.borrow(), uint64_t{100})).value(), bytes("chunk"));
  EXPECT_TRUE(in.drop(*guest.store));
  auto future = guest.get<Held<FutureTrailers>>("incoming-body-finish", body);
  auto pollable = guest.get<Held<Pollable>>("future-trailers-subscribe", future.borrow());
  EXPECT_TRUE(guest.get<bool>("pollable-ready", pollable.borrow()));
  auto got = guest.get<std::optional<Plain<Coded<std::optional<Held<Fields>>>>>>("future-trailers-get", future.borrow());
  EXPECT_TRUE(guest.get<bool>("fields-has", got->value().value()->borrow(), std::string("T")));
}

TEST(HttpServing, TellsTheGuestThatABodyBrokeOff) {
  Guest guest({});
  const auto pipe = std::make_shared<BodyPipe>(1024);
  auto body = guest.give(std::make_unique<IncomingBody>(pipe));
  auto in = guest.get<Plain<Held<InputStream>>>("incoming-body-stream", body.borrow()).value();
  pipe->push(std::as_bytes(std::span("half", 4)));
  pipe->fail(error_code<ErrorCase::ConnectionTerminated>());
  using Read = std::expected<Bytes, GuestStreamError>;
  EXPECT_EQ(guest.get<Read>("input-stream-blocking-read", in.borrow(), uint64_t{100}).value(), bytes("half"));
  const Read failed = guest.get<Read>("input-stream-blocking-read", in.borrow(), uint64_t{100});
  EXPECT_EQ(guest.get<std::optional<ErrorCode>>("http-error-code", std::get<0>(failed.error().value).borrow()), error_code<ErrorCase::ConnectionTerminated>());
}

TEST(HttpServing, TakesTheGuestsResponse) {
  Guest guest({});
  Answer answer;
  auto out_param = guest.give(std::make_unique<ResponseOutparam>(std::make_unique<MemorySink>(answer)));
  EXPECT_TRUE(guest.get<Coded<>>("response-outparam-send-informational", out_param.borrow(), uint16_t{103}, fields(guest)));
  EXPECT_EQ(guest.get<Coded<>>("response-outparam-send-informational", out_param.borrow(), uint16_t{200}, fields(guest)).error(),
            error_code<ErrorCase::ProtocolError>());
  auto response = guest.get<Held<OutgoingResponse>>("outgoing-response", fields(guest, {{"content-length", bytes("5")}}));
  EXPECT_EQ(guest.get<uint16_t>("outgoing-response-status-code", response.borrow()), 200);
  EXPECT_FALSE(guest.get<Plain<>>("outgoing-response-set-status-code", response.borrow(), uint16_t{99}));
  EXPECT_FALSE(guest.get<Plain<>>("outgoing-response-set-status-code", response.borrow(), uint16_t{1000}));
  EXPECT_TRUE(guest.get<Plain<>>("outgoing-response-set-status-code", response.borrow(), uint16_t{201}));
  auto headers = guest.get<Held<Fields>>("outgoing-response-headers", response.borrow());
  auto body = guest.get<Plain<Held<OutgoingBody>>>("outgoing-response-body", response.borrow()).value();
  guest.get<void>("response-outparam-set", out_param, Coded<Held<OutgoingResponse>>(std::move(response)));
  EXPECT_EQ(answer.informed, std::vector<uint16_t>{103});
  ASSERT_TRUE(answer.response && *answer.response);
  EXPECT_EQ((*answer.response)->status, 201);
  EXPECT_EQ((*answer.response)->body_bytes, 5);
  auto out = guest.get<Plain<Held<OutputStream>>>("outgoing-body-write", body.borrow()).value();
  EXPECT_TRUE((guest.get<std::expected<void, GuestStreamError>>("output-stream-blocking-write-and-flush", out.borrow(), bytes("12345"))));
  EXPECT_TRUE(out.drop(*guest.store));
  EXPECT_EQ(popped(*(*answer.response)->body), "12345");
  EXPECT_TRUE(guest.get<Coded<>>("outgoing-body-finish", body, std::optional(fields(guest, {{"t", bytes("u")}}))));
  EXPECT_TRUE((*answer.response)->body->is_finished());
  EXPECT_EQ((*answer.response)->body->trailers()->lines()[0].name, "t");
}

TEST(HttpServing, TakesAnErrorInPlaceOfAResponse) {
  Guest guest({});
  for (const ErrorCode& error : {error_code<ErrorCase::RequestHeaderSize>(FieldSizePayload{.field_name = "a", .field_size = 5}),
                                 error_code<ErrorCase::ResponseBodySize>(uint64_t{1} << 40), error_code<ErrorCase::InternalError>("words"),
                                 error_code<ErrorCase::DnsError>(DnsErrorPayload{.rcode = "x", .info_code = 7}), error_code<ErrorCase::LoopDetected>()}) {
    Answer answer;
    auto out_param = guest.give(std::make_unique<ResponseOutparam>(std::make_unique<MemorySink>(answer)));
    guest.get<void>("response-outparam-set", out_param, Coded<Held<OutgoingResponse>>(std::unexpect, error));
    EXPECT_EQ(answer.response->error(), error);
  }
}

TEST(HttpServing, BreaksOffAResponseWhoseBodyIsWrong) {
  Guest guest({});
  Answer answer;
  auto out_param = guest.give(std::make_unique<ResponseOutparam>(std::make_unique<MemorySink>(answer)));
  auto response = guest.get<Held<OutgoingResponse>>("outgoing-response", fields(guest, {{"content-length", bytes("5")}}));
  auto body = guest.get<Plain<Held<OutgoingBody>>>("outgoing-response-body", response.borrow()).value();
  guest.get<void>("response-outparam-set", out_param, Coded<Held<OutgoingResponse>>(std::move(response)));
  EXPECT_EQ(guest.get<Coded<>>("outgoing-body-finish", body, std::optional<Held<Fields>>()).error(), error_code<ErrorCase::ResponseBodySize>(uint64_t{0}));
  EXPECT_EQ((*answer.response)->body->error(), error_code<ErrorCase::ResponseBodySize>(uint64_t{0}));
}

TEST(HttpServing, RefusesAResponseWithTwoLengths) {
  Guest guest({});
  Answer answer;
  auto out_param = guest.give(std::make_unique<ResponseOutparam>(std::make_unique<MemorySink>(answer)));
  auto response = guest.get<Held<OutgoingResponse>>("outgoing-response", fields(guest, {{"content-length", bytes("1")}, {"content-length", bytes("1")}}));
  EXPECT_FALSE(guest.get<Plain<Held<OutgoingBody>>>("outgoing-response-body", response.borrow()));
  guest.get<void>("response-outparam-set", out_param, Coded<Held<OutgoingResponse>>(std::move(response)));
  EXPECT_EQ(answer.response->error(), error_code<ErrorCase::ProtocolError>());
}

TEST(HttpServing, TellsThatTheGuestNeverAnswered) {
  Guest guest({});
  Answer answer;
  auto out_param = guest.give(std::make_unique<ResponseOutparam>(std::make_unique<MemorySink>(answer)));
  EXPECT_TRUE(out_param.drop(*guest.store));
  EXPECT_FALSE(answer.response);
}

TEST(HttpReadme, NamesTestsThatExist) {
  std::ifstream file(TENON_SOURCE_DIR "/src/wasi/http/README.md");
  const std::string text(std::istreambuf_iterator<char>(file), {});
  const testing::UnitTest& all = *testing::UnitTest::GetInstance();
  const auto exists = [&](const std::string& suite, const std::string& name) {
    for (int i = 0; i < all.total_test_suite_count(); i++) {
      const testing::TestSuite& each = *all.GetTestSuite(i);
      if (suite != each.name()) continue;
      for (int j = 0; j < each.total_test_count(); j++) {
        if (name == each.GetTestInfo(j)->name()) return true;
      }
    }
    return false;
  };
  const std::regex reference("`((?:Http\\w*|Secrets))\\.([A-Z]\\w+)`");
  int references = 0;
  for (std::sregex_iterator it(text.begin(), text.end(), reference); it != std::sregex_iterator(); ++it, ++references)
    EXPECT_TRUE(exists((*it)[1], (*it)[2])) << it->str();
  EXPECT_GT(references, 50);
}

}  // namespace
}  // namespace tenon::wasi::http
