#include "wasi/http/transfer.h"

#include <gtest/gtest.h>

#include <fcntl.h>

#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "wasi/http/test_exchange.h"
#include "wasi/http/test_server.h"

namespace tenon::wasi::http {
namespace {

using namespace std::chrono_literals;

std::vector<std::string> all_local() { return {"http:*:127.0.0.1:*"}; }

std::string ok(std::string_view body) { return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body); }

/// Answers one request with what it is, ends the connection after it.
TestServer::Serve once(const std::string& answer) {
  return [answer](Peer& peer) {
    SeenRequest request;
    if (peer.read_request(request)) peer.write(answer);
  };
}

/// A server that keeps what it saw last and answers 200.
class Recorder {
 public:
  const SeenRequest& seen() const { return seen_; }
  Call call(std::string method, std::optional<std::string> body = {}) const {
    return {.method = std::move(method), .authority = server_.authority(), .body = std::move(body)};
  }

 private:
  SeenRequest seen_;
  TestServer server_{TestServer::answering([this](const SeenRequest& seen) {
    seen_ = seen;
    return seen.method == "HEAD" ? ok("x").substr(0, ok("x").size() - 1) : ok("x");
  })};
};

ErrorCode failure_with(const std::string& answer, const Timeouts& timeouts = {}) {
  TestServer server(once(answer));
  World world(all_local());
  return failure_of(*world, {.authority = server.authority(), .timeouts = timeouts});
}

TEST(HttpRequest, HasTheMethodOfTheGuest) {
  const Recorder recorder;
  World world(all_local());
  for (const char* method : {"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH", "REPORT"}) {
    const Reply reply = reply_of(*world, recorder.call(method));
    EXPECT_EQ(reply.status, 200) << method;
    EXPECT_EQ(reply.body, std::string_view(method) == "HEAD" ? "" : "x") << method;
    EXPECT_EQ(reply.header("content-length"), "1") << method;
    EXPECT_EQ(recorder.seen().method, method);
  }
}

TEST(HttpRequest, WithoutABodySaysSoWhereOneIsUsual) {
  const Recorder recorder;
  World world(all_local());
  for (const char* method : {"POST", "PUT", "PATCH"}) {
    reply_of(*world, recorder.call(method));
    EXPECT_EQ(recorder.seen().header("content-length"), "0") << method;
  }
  for (const char* method : {"GET", "DELETE", "OPTIONS"}) {
    reply_of(*world, recorder.call(method));
    EXPECT_EQ(recorder.seen().header("content-length"), "") << method;
    EXPECT_EQ(recorder.seen().header("transfer-encoding"), "") << method;
  }
}

TEST(HttpRequest, OfAShortBodyIsSentWithItsLength) {
  const Recorder recorder;
  World world(all_local());
  for (const char* method : {"POST", "PUT", "PATCH", "DELETE", "GET"}) {
    reply_of(*world, recorder.call(method, "some words"));
    EXPECT_EQ(recorder.seen().header("content-length"), "10") << method;
    EXPECT_EQ(recorder.seen().body, "some words") << method;
  }
  reply_of(*world, recorder.call("GET", ""));
  EXPECT_EQ(recorder.seen().header("content-length"), "");
}

TEST(HttpRequest, OfAnOpenBodyIsSentInChunks) {
  const Recorder recorder;
  World world(all_local());
  Call call = recorder.call("POST", std::string(1 << 20, 'x'));
  call.flushes = true;
  reply_of(*world, call);
  EXPECT_EQ(recorder.seen().header("transfer-encoding"), "chunked");
  EXPECT_EQ(recorder.seen().body, *call.body);
}

TEST(HttpRequest, KeepsTheLengthThatTheGuestPromises) {
  const Recorder recorder;
  World world(all_local());
  Call call = recorder.call("POST", std::string(1 << 20, 'x'));
  call.headers = {{"Content-Length", "1048576"}};
  call.flushes = true;
  reply_of(*world, call);
  EXPECT_EQ(recorder.seen().header("content-length"), "1048576");
  EXPECT_EQ(recorder.seen().headers.count("content-length"), 1);
  EXPECT_EQ(recorder.seen().body, *call.body);
}

TEST(HttpRequest, FailsWhenTheBodyIsNotOfTheLengthThatWasPromised) {
  const Recorder recorder;
  World world(all_local());
  Call call = recorder.call("POST", "some words");
  call.headers = {{"content-length", "11"}};
  EXPECT_EQ(failure_of(*world, call), error_code<ErrorCase::RequestBodySize>(uint64_t{10}));
  call.headers = {{"content-length", "9"}};
  EXPECT_EQ(failure_of(*world, call), error_code<ErrorCase::RequestBodySize>(uint64_t{10}));
  call.body.reset();
  EXPECT_EQ(failure_of(*world, call), error_code<ErrorCase::RequestBodySize>(uint64_t{0}));
}

TEST(HttpRequest, FailsWithTwoLengths) {
  const Recorder recorder;
  World world(all_local());
  Call call = recorder.call("POST");
  call.headers = {{"content-length", "0"}, {"Content-Length", "5"}};
  EXPECT_EQ(failure_of(*world, call), error_code<ErrorCase::ProtocolError>());
  EXPECT_EQ(make_request(*world, call)->message.take_body(OutgoingBody::Kind::Request), nullptr);
}

TEST(HttpRequest, SendsTrailers) {
  const Recorder recorder;
  World world(all_local());
  Call call = recorder.call("POST", "body");
  call.trailers = {{"checksum", "abc"}};
  reply_of(*world, call);
  EXPECT_EQ(recorder.seen().body, "body");
  EXPECT_EQ(recorder.seen().trailers.find("checksum")->second, "abc");
  call.flushes = true;
  call.headers = {{"Trailer", "checksum"}};
  reply_of(*world, call);
  EXPECT_EQ(recorder.seen().trailers.find("checksum")->second, "abc");
  call.trailers.clear();
  reply_of(*world, call);
  EXPECT_TRUE(recorder.seen().trailers.empty());
  EXPECT_EQ(recorder.seen().body, "body");
}

TEST(HttpRequest, FailsWithTrailersThatCannotFollow) {
  const Recorder recorder;
  World world(all_local());
  Call call = recorder.call("POST", std::string(1 << 20, 'x'));
  call.trailers = {{"checksum", "abc"}};
  EXPECT_EQ(failure_of(*world, call), error_code<ErrorCase::ProtocolError>());
  call.headers = {{"content-length", "1048576"}};
  EXPECT_EQ(failure_of(*world, call), error_code<ErrorCase::ProtocolError>());
}

TEST(HttpRequest, NeedsALengthForAServerOfHttp10) {
  TestServer server(TestServer::answering([](const SeenRequest&) { return "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\nx"; }));
  World world(all_local());
  EXPECT_EQ(reply_of(*world, {.authority = server.authority()}).body, "x");
  Call call = {.method = "POST", .authority = server.authority(), .body = std::string(1 << 20, 'x'), .flushes = true};
  EXPECT_EQ(failure_of(*world, call), error_code<ErrorCase::RequestLengthRequired>());
  call.headers = {{"content-length", "1048576"}};
  EXPECT_EQ(reply_of(*world, call).body, "x");
}

TEST(HttpRequest, GoesToTheServerAsAWhole) {
  const Recorder recorder;
  World world(all_local());
  Call call = recorder.call("OPTIONS");
  call.path = "*";
  reply_of(*world, call);
  EXPECT_EQ(recorder.seen().target, "*");
}

TEST(HttpRequest, IsBrokenOffWithItsBody) {
  std::atomic<int> whole = 0;
  TestServer server([&](Peer& peer) {
    SeenRequest request;
    if (peer.read_request(request)) whole++;
  });
  World world(all_local());
  for (const bool is_sent_before : {false, true}) {
    auto request = make_request(*world, {.method = "POST", .authority = server.authority()});
    auto body = request->message.take_body(OutgoingBody::Kind::Request);
    auto future = **handle(*world, std::move(request), {});
    {
      const auto stream = body->take_stream();
      ASSERT_TRUE(*write_all(*world, *stream, "half", is_sent_before));
      if (is_sent_before) {
        ASSERT_TRUE(world.context->wait_for(*stream));
      }
    }
    body.reset();
    EXPECT_EQ((*take_reply(*world, *future)).error(), error_code<ErrorCase::ProtocolError>());
  }
  EXPECT_EQ(whole, 0);
}

TEST(HttpRequest, IsAnsweredBeforeItsBodyWasTaken) {
  TestServer server([](Peer& peer) {
    SeenRequest request;
    if (!peer.read_head(request)) return;
    peer.write("HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nno!");
    peer.wait_for_end();
  });
  World world(all_local());
  const Reply reply = reply_of(*world, {.method = "POST", .authority = server.authority(), .body = std::string(64 << 20, 'x'), .flushes = true});
  EXPECT_EQ(reply.status, 413);
  EXPECT_EQ(reply.body, "no!");
}

TEST(HttpRequest, EndsWhenNobodyWantsTheResponse) {
  std::atomic<bool> has_ended = false;
  TestServer server([&](Peer& peer) {
    SeenRequest request;
    peer.read_request(request);
    peer.wait_for_end();
    has_ended = true;
  });
  World world(all_local());
  auto future = **handle(*world, make_request(*world, {.authority = server.authority()}), {});
  EXPECT_FALSE(future->is_ready());
  future.reset();
  for (int i = 0; i < 1000 && !has_ended; i++) std::this_thread::sleep_for(5ms);
  EXPECT_TRUE(has_ended);
}

TEST(HttpBodies, StreamBothWaysThroughSmallBuffers) {
  constexpr size_t bytes = size_t{24} << 20;
  TestServer server([](Peer& peer) {
    SeenRequest request;
    if (!peer.read_head(request)) return;
    // Echoes as it comes.
    peer.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    while (true) {
      const size_t size = std::stoul("0" + peer.take_line(), nullptr, 16);
      std::string chunk;
      if (!peer.take(size + 2, chunk)) return;
      char head[32];
      std::snprintf(head, sizeof head, "%zx\r\n", size);
      if (!peer.write(head + chunk) || size == 0) return;
    }
  });
  World world(all_local());
  stream_both_ways(*world, {.method = "POST", .authority = server.authority()}, bytes, Transfer::buffer_bytes + CURL_MAX_WRITE_SIZE);
}

TEST(HttpBodies, WaitForAGuestThatDoesNotRead) {
  std::atomic<uint64_t> sent = 0;
  TestServer server([&](Peer& peer) {
    SeenRequest request;
    if (!peer.read_request(request)) return;
    constexpr size_t total = size_t{256} << 20;
    peer.write("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(total) + "\r\n\r\n");
    const std::string piece(1 << 16, 'x');
    while (sent < total && peer.write(piece)) sent += piece.size();
  });
  World world(all_local());
  auto future = **handle(*world, make_request(*world, {.authority = server.authority()}), {});
  ASSERT_TRUE(wait_for(*world, *future));
  const auto response = **future->take();
  for (int i = 0; i < 20; i++) {
    // The guest waits for something else.
    WaitSet set;
    set.add_moment(std::chrono::steady_clock::now() + 10ms);
    ASSERT_TRUE(world.context->wait(set));
  }
  // What the system's buffers hold, and no more.
  EXPECT_LT(sent, uint64_t{64} << 20);
}

TEST(HttpResponse, ComesInChunksWithTrailers) {
  TestServer server(
      once("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: sum\r\n\r\n5\r\nhello\r\n7;ext=1\r\n, world\r\n0\r\nsum: 12\r\nConnection: x\r\n\r\n"));
  World world(all_local());
  const Reply reply = reply_of(*world, {.authority = server.authority()});
  EXPECT_EQ(reply.body, "hello, world");
  EXPECT_EQ(reply.trailers, (std::vector<FieldLine>{{"sum", "12"}}));
}

TEST(HttpResponse, MayEndWithItsConnection) {
  TestServer server(once("HTTP/1.1 200 OK\r\n\r\nto the end"));
  World world(all_local());
  EXPECT_EQ(reply_of(*world, {.authority = server.authority()}).body, "to the end");
}

TEST(HttpResponse, OfSomeStatusHasNoBody) {
  TestServer server(TestServer::answering([](const SeenRequest& seen) { return "HTTP/1.1 " + seen.target.substr(1) + " Thing\r\nContent-Length: 5\r\n\r\n"; }));
  World world(all_local());
  for (const uint16_t status : {204, 304}) {
    const Reply reply = reply_of(*world, {.authority = server.authority(), .path = "/" + std::to_string(status)});
    EXPECT_EQ(reply.status, status);
    EXPECT_EQ(reply.body, "");
  }
}

TEST(HttpResponse, SkipsInterimOnes) {
  TestServer server(once("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + ok("final")));
  World world(all_local());
  const Reply reply = reply_of(*world, {.authority = server.authority()});
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.header("link"), "");
  EXPECT_EQ(reply.body, "final");
}

TEST(HttpResponse, KeepsNamesAndOrderOfHeadersButForThoseOfTheConnection) {
  TestServer server(once("HTTP/1.1 200 OK\r\nB: 1\r\nConnection: close\r\na:  2 \r\nKeep-Alive: x\r\nUPGRADE: h2c\r\nb: 3\r\nContent-Length: 0\r\n\r\n"));
  World world(all_local());
  EXPECT_EQ(reply_of(*world, {.authority = server.authority()}).headers, (std::vector<FieldLine>{{"B", "1"}, {"a", "2"}, {"b", "3"}, {"Content-Length", "0"}}));
}

TEST(HttpResponse, FailsWhenItIsNoHttp) {
  const auto bad = error_code<ErrorCase::ProtocolError>();
  EXPECT_EQ(failure_with("SSH-2.0-OpenSSH\r\n\r\n"), bad);
  EXPECT_EQ(failure_with("HTTP/1.1 20\r\n\r\n"), bad);
  EXPECT_EQ(failure_with("HTTP/1.1 200 OK\r\nno colon\r\n\r\n"), bad);
  EXPECT_EQ(failure_with("HTTP/1.1 200 OK\r\na: b\r\n folded: c\r\n\r\n"), bad);
  EXPECT_EQ(failure_with("HTTP/1.1 200 OK\r\na b: c\r\n\r\n"), bad);
  EXPECT_EQ(failure_with("HTTP/1.1 200 OK\r\na: b\x01"
                         "c\r\n\r\n"),
            bad);
  EXPECT_EQ(failure_with(std::string("HTTP/1.1 200 OK\r\na: b\0c\r\n\r\n", 27)), bad);
  EXPECT_EQ(failure_with("HTTP/1.1 200 OK\r\nContent-Length: 3\r\ncontent-length: 2\r\n\r\nabc"), bad);
  EXPECT_EQ(failure_with("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n"), error_code<ErrorCase::UpgradeFailed>());
}

TEST(HttpResponse, FailsWhenItEndsEarly) {
  EXPECT_EQ(failure_with(""), error_code<ErrorCase::ConnectionTerminated>());
  EXPECT_EQ(failure_with("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"), error_code<ErrorCase::ResponseIncomplete>());
  EXPECT_EQ(failure_with("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel"), error_code<ErrorCase::ResponseIncomplete>());
  EXPECT_EQ(failure_with("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello"), error_code<ErrorCase::ProtocolError>());
}

TEST(HttpResponse, FailsWhenTheConnectionIsReset) {
  TestServer server([](Peer& peer) {
    SeenRequest request;
    peer.read_request(request);
    peer.reset();
  });
  World world(all_local());
  EXPECT_EQ(failure_of(*world, {.authority = server.authority()}), error_code<ErrorCase::ConnectionTerminated>());
}

TEST(HttpResponse, HasALimitOfHeaders) {
  std::string head = "HTTP/1.1 200 OK\r\n";
  for (int i = 0; i < 3000; i++) head += "name-" + std::to_string(i) + ": " + std::string(20, 'x') + "\r\n";
  EXPECT_EQ(failure_with(head + "\r\n").which(), ErrorCase::ResponseHeaderSectionSize);
  const std::string trailers = head.substr(17);
  EXPECT_EQ(failure_with("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + trailers + "\r\n").which(), ErrorCase::ResponseTrailerSectionSize);
}

TEST(HttpTimeouts, EndAConnectionThatIsNotMade) {
  // A listener whose queue is full answers no more.
  const int listener = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(listen(listener, 0), 0);
  socklen_t size = sizeof address;
  getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size);
  std::vector<int> waiting;
  for (int i = 0; i < 4; i++) {
    waiting.push_back(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
    (void)connect(waiting.back(), reinterpret_cast<sockaddr*>(&address), sizeof address);
  }
  World world(all_local());
  const Call call = {.authority = "127.0.0.1:" + std::to_string(ntohs(address.sin_port)), .timeouts = {.connect = 50ms}};
  EXPECT_EQ(failure_of(*world, call), error_code<ErrorCase::ConnectionTimeout>());
  for (const int each : waiting) close(each);
  close(listener);
}

TEST(HttpTimeouts, EndAResponseThatDoesNotBegin) {
  TestServer server([](Peer& peer) { peer.wait_for_end(); });
  World world(all_local());
  EXPECT_EQ(failure_of(*world, {.authority = server.authority(), .timeouts = {.first_byte = 50ms}}), error_code<ErrorCase::ConnectionReadTimeout>());
}

TEST(HttpTimeouts, EndABodyThatStops) {
  TestServer server([](Peer& peer) {
    SeenRequest request;
    if (!peer.read_request(request)) return;
    peer.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
    peer.wait_for_end();
  });
  World world(all_local());
  const Call call = {.authority = server.authority(), .timeouts = {.first_byte = 10s, .between_bytes = 50ms}};
  EXPECT_EQ(failure_of(*world, call), error_code<ErrorCase::ConnectionReadTimeout>());
}

TEST(HttpTimeouts, DoNotEndABodyThatTrickles) {
  TestServer server([](Peer& peer) {
    SeenRequest request;
    if (!peer.read_request(request)) return;
    peer.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n");
    for (int i = 0; i < 10; i++) {
      std::this_thread::sleep_for(20ms);
      peer.write("x");
    }
  });
  World world(all_local());
  EXPECT_EQ(reply_of(*world, {.authority = server.authority(), .timeouts = {.between_bytes = 150ms}}).body, "xxxxxxxxxx");
}

TEST(HttpTimeouts, TakeTheLongestTime) {
  const Recorder recorder;
  World world(all_local());
  Call call = recorder.call("GET");
  RequestOptions options;
  options.connect_timeout = options.first_byte_timeout = options.between_bytes_timeout = UINT64_MAX;
  call.timeouts = options.timeouts();
  EXPECT_EQ(reply_of(*world, call).status, 200);
}

TEST(HttpDeadline, EndsAServerThatHangs) {
  TestServer server([](Peer& peer) { peer.wait_for_end(); });
  World world(all_local());
  world.store->set_deadline(std::chrono::steady_clock::now() + 100ms);
  const auto begin = std::chrono::steady_clock::now();
  const Result<Exchanged> exchanged = exchange(*world, {.authority = server.authority()});
  ASSERT_FALSE(exchanged);
  EXPECT_EQ(exchanged.error().kind(), ErrorKind::Timeout);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 5s);
}

TEST(HttpDeadline, IsSeenWhileAServerSendsWithoutEnd) {
  TestServer server([](Peer& peer) {
    SeenRequest request;
    if (!peer.read_request(request)) return;
    const std::string piece(1 << 16, 'x');
    for (peer.write("HTTP/1.1 200 OK\r\n\r\n"); peer.write(piece);) {
    }
  });
  World world(all_local());
  world.store->set_deadline(std::chrono::steady_clock::now() + 200ms);
  auto future = **handle(*world, make_request(*world, {.authority = server.authority()}), {});
  ASSERT_TRUE(wait_for(*world, *future));
  const auto response = **future->take();
  FutureTrailers trailers(response->body->take_pipe());
  const Result<> waited = world.context->wait_for(trailers);
  ASSERT_FALSE(waited);
  EXPECT_EQ(waited.error().kind(), ErrorKind::Timeout);
}

TEST(HttpDeadline, IsNotWaitedForWhenTheCallIsCancelled) {
  TestServer server([](Peer& peer) { peer.wait_for_end(); });
  World world(all_local());
  std::thread canceller([&] {
    std::this_thread::sleep_for(50ms);
    world.store->interrupt();
  });
  const auto begin = std::chrono::steady_clock::now();
  const Result<Exchanged> exchanged = exchange(*world, {.authority = server.authority()});
  canceller.join();
  ASSERT_FALSE(exchanged);
  EXPECT_EQ(exchanged.error().kind(), ErrorKind::Timeout);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 5s);
}

TEST(HttpBudget, CountsHeadersThatGoOut) {
  const Recorder recorder;
  World world(all_local(), {}, {.bytes_out = 1000});
  Call call = recorder.call("GET");
  call.headers = {{"a", std::string(500, 'x')}};
  EXPECT_EQ(reply_of(*world, call).status, 200);
  const Result<Exchanged> second = exchange(*world, call);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind(), ErrorKind::LimitExceeded);
}

TEST(HttpBudget, CountsBodiesThatNobodyReads) {
  TestServer server(once(ok(std::string(1 << 20, 'x'))));
  World world(all_local(), {}, {.bytes_in = 100000});
  auto future = **handle(*world, make_request(*world, {.authority = server.authority()}), {});
  ASSERT_TRUE(wait_for(*world, *future));
  const auto response = **future->take();
  FutureTrailers trailers(response->body->take_pipe());
  ASSERT_TRUE(world.context->wait_for(trailers));
  EXPECT_EQ(trailers.take()->error().which(), ErrorCase::InternalError);
}

}  // namespace
}  // namespace tenon::wasi::http
