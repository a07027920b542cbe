#include "wasi/http/connections.h"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include "wasi/http/test_exchange.h"
#include "wasi/http/test_http2.h"
#include "wasi/http/test_server.h"

namespace tenon::wasi::http {
namespace {

using namespace std::chrono_literals;

std::vector<std::string> all_local() { return {"http:*:127.0.0.1:*"}; }

/// A server, and contexts that come and go.
class HttpPool : public testing::Test {
 protected:
  TestServer server_{TestServer::answering([](const SeenRequest&) { return std::string("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx"); })};
  std::shared_ptr<const policy::Rules> rules_ = *policy::Rules::from_grants(all_local());

  static Config config_of(const std::shared_ptr<Pool>& pool) {
    Config config;
    config.http.pool = pool;
    return config;
  }
  void exchange_in(std::shared_ptr<const policy::Rules> rules, Config config) {
    World world(std::move(rules), std::make_shared<const Config>(std::move(config)));
    EXPECT_EQ(reply_of(*world, {.authority = server_.authority()}).body, "x");
  }
};

TEST_F(HttpPool, KeepsConnectionsForTheNextContext) {
  const auto pool = create_pool();
  for (int i = 0; i < 3; i++) {
    Config config = config_of(pool);
    // What has nothing to do with connections may differ.
    config.arguments = {std::to_string(i)};
    exchange_in(rules_, std::move(config));
  }
  EXPECT_EQ(server_.connections(), 1);
}

TEST_F(HttpPool, IsNotNeeded) {
  for (int i = 0; i < 2; i++) exchange_in(rules_, {});
  EXPECT_EQ(server_.connections(), 2);
}

TEST_F(HttpPool, SharesNoConnectionAcrossRulesSecretsAuthoritiesAndResolvers) {
  const auto pool = create_pool();
  exchange_in(rules_, config_of(pool));
  int expected = 1;
  const auto expect_own = [&](const std::shared_ptr<const policy::Rules>& rules, const Config& config, const char* what) {
    exchange_in(rules, config);
    EXPECT_EQ(server_.connections(), ++expected) << what;
    exchange_in(rules, config);
    EXPECT_EQ(server_.connections(), expected) << what << " again";
  };
  expect_own(*policy::Rules::from_grants(all_local()), config_of(pool), "equal rules that are another object");
  Config config = config_of(pool);
  config.http.ca_file = "/some/ca.pem";
  expect_own(rules_, config, "authorities");
  config = config_of(pool);
  config.resolver.servers = {"127.0.0.1:53"};
  expect_own(rules_, config, "resolver");
  config = config_of(pool);
  config.secrets.push_back({.name = "a", .placeholder = "placeholder-1", .value = "value", .host = "example.com"});
  expect_own(rules_, config, "a secret");
  config.secrets[0].placeholder = "placeholder-2";
  exchange_in(rules_, config);
  EXPECT_EQ(server_.connections(), expected) << "its placeholder";
  config.secrets[0].value = "another";
  expect_own(rules_, config, "another value");
  config.secrets[0].host = "example.org";
  expect_own(rules_, config, "another host");
  config.secrets[0].allow_plain = true;
  expect_own(rules_, config, "plain");
  exchange_in(rules_, config_of(pool));
  EXPECT_EQ(server_.connections(), expected) << "the first, still there";
}

TEST_F(HttpPool, AsksTheGuardAgainBeforeAConnectionIsUsedAgain) {
  const auto pool = create_pool();
  const std::string port = ":" + std::to_string(server_.port());
  const auto rules = *policy::Rules::from_grants(std::vector<std::string>{"http:GET:127.0.0.1" + port + "/public"});
  for (const bool is_allowed : {true, false}) {
    World world(rules, std::make_shared<const Config>(config_of(pool)));
    const Call call = {.authority = server_.authority(), .path = is_allowed ? "/public" : "/private"};
    if (is_allowed)
      EXPECT_EQ(reply_of(*world, call).body, "x");
    else
      EXPECT_EQ(failure_of(*world, call), error_code<ErrorCase::RequestDenied>());
  }
}

TEST_F(HttpPool, KeepsAtMostAsManyAsItMay) {
  const auto pool = create_pool({.contexts_max = 1});
  const auto others = *policy::Rules::from_grants(all_local());
  exchange_in(rules_, config_of(pool));
  exchange_in(others, config_of(pool));
  exchange_in(others, config_of(pool));
  EXPECT_EQ(server_.connections(), 2);
  exchange_in(rules_, config_of(pool));
  EXPECT_EQ(server_.connections(), 3);
  const auto none = create_pool({.contexts_max = 0});
  for (int i = 0; i < 2; i++) exchange_in(rules_, config_of(none));
  EXPECT_EQ(server_.connections(), 5);
}

TEST_F(HttpPool, ClosesWhatWaitedTooLong) {
  const auto pool = create_pool({.idle_time = 0ms});
  for (int i = 0; i < 2; i++) exchange_in(rules_, config_of(pool));
  EXPECT_EQ(server_.connections(), 2);
}

TEST_F(HttpPool, MayGoBeforeItsContexts) {
  auto pool = create_pool();
  World world(rules_, std::make_shared<const Config>(config_of(pool)));
  pool.reset();
  EXPECT_EQ(reply_of(*world, {.authority = server_.authority()}).body, "x");
}

class Http2 : public testing::Test {
 protected:
  void SetUp() override {
    if (!server_.is_running()) GTEST_SKIP() << "no node; install nodejs";
  }
  Config trusting() const {
    Config config;
    config.http.ca_file = certificate_.file();
    return config;
  }
  Call call(std::string path, std::optional<std::string> body = {}) const {
    const std::string method = body ? "POST" : "GET";
    return {.method = method, .is_tls = true, .authority = server_.authority(), .path = std::move(path), .body = std::move(body)};
  }
  ErrorCode failure(std::string path, const Timeouts& timeouts = {}) const {
    World world(all_local(), trusting());
    Call made = call(std::move(path));
    made.timeouts = timeouts;
    return failure_of(*world, made);
  }

  TestCertificate certificate_;
  Http2Server server_{certificate_};
};

TEST_F(Http2, IsSpokenWithServersThatOfferNothingElse) {
  World world(all_local(), trusting());
  Call made = call("/a/b?c=%20d");
  made.headers = {{"X-Mine", "value"}};
  const Reply reply = reply_of(*world, made);
  EXPECT_EQ(reply.status, 200);
  const std::string seen = reply.header("x-seen");
  for (const std::string part : {R"(":method":"GET")", R"(":path":"/a/b?c=%20d")", R"(":scheme":"https")", R"("x-mine":"value")"})
    EXPECT_NE(seen.find(part), std::string::npos) << part << " in " << seen;
  EXPECT_NE(seen.find("\":authority\":\"" + server_.authority()), std::string::npos) << seen;
  EXPECT_EQ(seen.find("user-agent"), std::string::npos) << seen;
}

TEST_F(Http2, VerifiesTheServer) {
  World world(all_local());
  EXPECT_EQ(failure_of(*world, call("/")), error_code<ErrorCase::TlsCertificateError>());
}

TEST_F(Http2, UsesOneConnectionForRequestsThatFollowEachOther) {
  World world(all_local(), trusting());
  for (int i = 0; i < 10; i++) EXPECT_EQ(reply_of(*world, call("/")).header("x-sessions"), "1");
}

TEST_F(Http2, UsesAConnectionForEachRequestUnderWay) {
  World world(all_local(), trusting());
  auto unread = **handle(*world, make_request(*world, call("/big")), {});
  ASSERT_TRUE(wait_for(*world, *unread));
  const auto response = **unread->take();
  EXPECT_EQ(reply_of(*world, call("/")).header("x-sessions"), "2");
  const auto in = response->body->take_stream();
  EXPECT_EQ((*read_all(*world, *in))->size(), size_t{8} << 20);
}

TEST_F(Http2, CarriesBodies) {
  World world(all_local(), trusting());
  const Reply small = reply_of(*world, call("/", "some words"));
  EXPECT_EQ(small.body, "some words");
  EXPECT_NE(small.header("x-seen").find(R"("content-length":"10")"), std::string::npos) << small.header("x-seen");
  const std::string large(3 << 20, 'y');
  Call made = call("/", large);
  made.flushes = true;
  EXPECT_EQ(reply_of(*world, made).body, large);
  made.headers = {{"Content-Length", std::to_string(large.size())}};
  EXPECT_EQ(reply_of(*world, made).body, large);
}

TEST_F(Http2, StreamsBothWaysThroughSmallBuffers) {
  constexpr size_t total = size_t{8} << 20;
  World world(all_local(), trusting());
  stream_both_ways(*world, call("/stream", ""), total);
}

TEST_F(Http2, BringsTrailersAndSkipsInterimResponses) {
  World world(all_local(), trusting());
  const Reply reply = reply_of(*world, call("/trailers"));
  EXPECT_EQ(reply.body, "hi");
  EXPECT_EQ(reply.trailers, (std::vector<FieldLine>{{"sum", "2"}}));
  const Reply early = reply_of(*world, call("/early"));
  EXPECT_EQ(early.status, 200);
  EXPECT_EQ(early.header("link"), "");
}

TEST_F(Http2, TellsHowItFailed) {
  EXPECT_EQ(failure("/reset"), error_code<ErrorCase::ProtocolError>());
  EXPECT_EQ(failure("/half"), error_code<ErrorCase::ProtocolError>());
  EXPECT_EQ(failure("/huge"), error_code<ErrorCase::ProtocolError>());  // the library's own limit comes first
  EXPECT_EQ(failure("/never", {.first_byte = 100ms}), error_code<ErrorCase::ConnectionReadTimeout>());
  EXPECT_EQ(failure("/gone"), error_code<ErrorCase::ConnectionTerminated>());
}

TEST_F(Http2, GoesOnAfterARequestThatNobodyWants) {
  World world(all_local(), trusting());
  for (int i = 0; i < 3; i++) {
    auto future = **handle(*world, make_request(*world, call(i == 0 ? "/never" : "/big")), {});
    if (i != 0) {
      ASSERT_TRUE(wait_for(*world, *future));
    }
    future.reset();
    EXPECT_EQ(reply_of(*world, call("/")).status, 200);
  }
}

TEST_F(Http2, ConnectionsAreKeptInAPool) {
  const auto rules = *policy::Rules::from_grants(all_local());
  Config config = trusting();
  config.http.pool = create_pool();
  for (int i = 0; i < 3; i++) {
    World world(rules, std::make_shared<const Config>(config));
    EXPECT_EQ(reply_of(*world, call("/")).header("x-sessions"), "1");
  }
}

}  // namespace
}  // namespace tenon::wasi::http
