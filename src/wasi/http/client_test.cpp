#include "wasi/http/client.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <string>
#include <vector>

#include "wasi/http/test_exchange.h"
#include "wasi/http/test_server.h"

namespace tenon::wasi::http {
namespace {

/// Everything on the servers of a test.
std::vector<std::string> all_local() { return {"http:*:127.0.0.1:*"}; }

std::string ok(std::string_view body, std::string_view headers = "") {
  return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" + std::string(headers) + "\r\n" + std::string(body);
}

TestServer::Serve always(const std::string& answer) {
  return TestServer::answering([answer](const SeenRequest&) { return answer; });
}

/// A port that nobody listens at.
uint16_t closed_port() { return TestServer(always("")).port(); }

TEST(HttpClient, SendsWhatTheGuestSaidAndNothingElse) {
  std::string head;
  TestServer server(TestServer::answering([&](const SeenRequest& seen) {
    head = seen.head;
    return ok("hello", "X-Thing: a b\r\n");
  }));
  World world(all_local());
  const Reply reply = reply_of(*world, {.authority = server.authority(), .path = "/a/b?c=%20d&e", .headers = {{"X-Mine", " v\xc3\xa4lue "}, {"empty", ""}}});
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.body, "hello");
  EXPECT_EQ(reply.header("x-thing"), "a b");
  EXPECT_EQ(head, "GET /a/b?c=%20d&e HTTP/1.1\r\nHost: " + server.authority() + "\r\nX-Mine: v\xc3\xa4lue\r\nempty:\r\n\r\n");
}

TEST(HttpClient, UsesOneConnectionForRequestsThatFollowEachOther) {
  TestServer server(always(ok("x")));
  World world(all_local());
  for (int i = 0; i < 20; i++) EXPECT_EQ(reply_of(*world, {.authority = server.authority()}).body, "x");
  EXPECT_EQ(server.connections(), 1);
  EXPECT_EQ(Client::of(*world)->connections_opened(), 1);
}

TEST(HttpClient, MovesRequestsSideBySide) {
  std::atomic<int> waiting = 0;
  TestServer server([&](Peer& peer) {
    SeenRequest request;
    if (!peer.read_request(request)) return;
    // Nobody is answered before all have asked.
    for (waiting++; waiting < 5;) std::this_thread::yield();
    peer.write(ok(request.target));
  });
  World world(all_local());
  std::vector<std::unique_ptr<FutureIncomingResponse>> futures;
  for (int i = 0; i < 5; i++) futures.push_back(**handle(*world, make_request(*world, {.authority = server.authority(), .path = "/" + std::to_string(i)}), {}));
  for (int i = 4; i >= 0; i--) EXPECT_EQ((**take_reply(*world, *futures[static_cast<size_t>(i)])).body, "/" + std::to_string(i));
}

TEST(HttpClient, LimitsTheRequestsUnderWay) {
  TestServer server([](Peer& peer) { peer.wait_for_end(); });
  World world(all_local());
  std::vector<std::unique_ptr<FutureIncomingResponse>> futures;
  for (size_t i = 0; i < Client::transfers_max; i++) futures.push_back(**handle(*world, make_request(*world, {.authority = server.authority()}), {}));
  EXPECT_EQ(failure_of(*world, {.authority = server.authority()}), error_code<ErrorCase::ConnectionLimitReached>());
  futures.clear();
  EXPECT_TRUE(*handle(*world, make_request(*world, {.authority = server.authority()}), {}));
}

TEST(HttpPolicy, DeniesWhatNoRuleAllowsWithoutTouchingTheNetwork) {
  TestServer server(always(ok("x")));
  World world({"http:GET:127.0.0.1:" + std::to_string(server.port()) + "/public"});
  const auto denied = error_code<ErrorCase::RequestDenied>();
  EXPECT_EQ(reply_of(*world, {.authority = server.authority(), .path = "/public/a?b"}).status, 200);
  EXPECT_EQ(failure_of(*world, {.authority = server.authority(), .path = "/private"}), denied);
  EXPECT_EQ(failure_of(*world, {.authority = server.authority(), .path = "/public/%2e%2e/private"}), error_code<ErrorCase::RequestUriInvalid>());
  EXPECT_EQ(failure_of(*world, {.authority = server.authority(), .path = "/public/..%2fprivate"}), denied);
  EXPECT_EQ(failure_of(*world, {.authority = server.authority(), .path = "/public//../private"}), error_code<ErrorCase::RequestUriInvalid>());
  EXPECT_EQ(failure_of(*world, {.method = "POST", .authority = server.authority(), .path = "/public"}), denied);
  EXPECT_EQ(failure_of(*world, {.method = "post", .authority = server.authority(), .path = "/public"}), denied);
  EXPECT_EQ(failure_of(*world, {.authority = "localhost:" + std::to_string(server.port()), .path = "/public"}), denied);
  EXPECT_EQ(failure_of(*world, {.authority = "127.0.0.1", .path = "/public"}), denied);
  EXPECT_EQ(server.connections(), 1);
}

TEST(HttpPolicy, AsksAboutTheAddressThatAnOddFormStandsFor) {
  TestServer server(always(ok("x")));
  const std::string port = ":" + std::to_string(server.port());
  World world(all_local());
  for (const char* host : {"2130706433", "0x7f.1", "0177.0.0.1", "127.1", "[::ffff:127.0.0.1]", "127.0.0.1."})
    EXPECT_EQ(reply_of(*world, {.authority = host + port}).status, 200) << host;
  World elsewhere({"http:*:example.com:*", "http:*:127.0.0.2:*"});
  for (const char* host : {"2130706433", "0x7f.1", "0177.0.0.1", "127.1", "[::ffff:127.0.0.1]", "[::1]", "[::]", "0"})
    EXPECT_EQ(failure_of(*elsewhere, {.authority = host + port}), error_code<ErrorCase::RequestDenied>()) << host;
}

TEST(HttpPolicy, TakesNoHostFromUserInformation) {
  TestServer server(always(ok("x")));
  World world({"http:*:example.com:*", "http:*:127.0.0.1:*"});
  for (const std::string& authority : {"example.com@" + server.authority(), "example.com:80@" + server.authority(), server.authority() + "@example.com"})
    EXPECT_EQ(failure_of(*world, {.authority = authority}), error_code<ErrorCase::RequestUriInvalid>()) << authority;
  EXPECT_EQ(server.connections(), 0);
}

TEST(HttpPolicy, HandsRedirectsToTheGuestWhoseNextRequestIsAskedAboutAgain) {
  TestServer other(always(ok("secret")));
  TestServer server(always("HTTP/1.1 302 Found\r\nLocation: http://" + other.authority() + "/\r\nContent-Length: 0\r\n\r\n"));
  World world({"http:*:" + server.authority()});
  const Reply reply = reply_of(*world, {.authority = server.authority()});
  EXPECT_EQ(reply.status, 302);
  EXPECT_EQ(reply.header("location"), "http://" + other.authority() + "/");
  EXPECT_EQ(failure_of(*world, {.authority = other.authority()}), error_code<ErrorCase::RequestDenied>());
  EXPECT_EQ(other.connections(), 0);
}

TEST(HttpPolicy, GrantsNoSocketsWithHttp) {
  World world(all_local());
  policy::IpAddress loopback;
  loopback.bytes = {127, 0, 0, 1};
  EXPECT_FALSE(world.guard.allow_address(policy::Access::NetworkOutbound, policy::Transport::Tcp, loopback, 80));
}

Config with_names(const TestNames& names) {
  Config config;
  config.resolver = {.servers = {names.server()}, .reads_hosts_file = false};
  return config;
}

TEST(HttpNames, ConnectsToTheAddressThatWasLookedUp) {
  std::string host;
  TestServer server(TestServer::answering([&](const SeenRequest& seen) {
    host = seen.header("host");
    return ok("x");
  }));
  const TestNames names([](const std::string& name) { return name == "api.test" ? TestNames::Addresses{"127.0.0.1"} : TestNames::Addresses{}; });
  World world({"http:*:api.test+loopback:*"}, with_names(names));
  const std::string port = ":" + std::to_string(server.port());
  EXPECT_EQ(reply_of(*world, {.authority = "API.Test." + port}).body, "x");
  EXPECT_EQ(host, "api.test" + port);
}

TEST(HttpNames, DoNotLeadToLoopbackPrivateOrMetadataAddresses) {
  TestServer server(always(ok("x")));
  const std::string port = ":" + std::to_string(server.port());
  const std::vector<std::string> inner = {"127.0.0.1", "10.0.0.1", "192.168.1.1", "169.254.169.254", "169.254.1.1", "0.0.0.0", "100.64.0.1", "224.0.0.1"};
  const TestNames names([&](const std::string& name) { return TestNames::Addresses{inner[static_cast<size_t>(name[1] - '0')]}; });
  World world({"http:*:*.test:*"}, with_names(names));
  for (size_t i = 0; i < inner.size(); i++)
    EXPECT_EQ(failure_of(*world, {.authority = "a" + std::to_string(i) + ".test" + port}), error_code<ErrorCase::DestinationIpProhibited>()) << inner[i];
  EXPECT_EQ(server.connections(), 0);
}

TEST(HttpNames, ConnectToNoneButTheAllowedOfSeveralAddresses) {
  TestServer server(always(ok("x")));
  const TestNames names([](const std::string&) { return TestNames::Addresses{"169.254.169.254", "10.0.0.1", "127.0.0.1"}; });
  World world({"http:*:api.test+loopback:*"}, with_names(names));
  EXPECT_EQ(reply_of(*world, {.authority = "api.test:" + std::to_string(server.port())}).body, "x");
}

TEST(HttpNames, AreCheckedAndUsedFromOneLookUp) {
  TestServer server(always(ok("x")));
  // A name whose second answer is another one: whoever looks it up again for the connection goes astray.
  std::atomic<int> asked = 0;
  const TestNames names([&](const std::string&) { return TestNames::Addresses{asked++ < 2 ? "127.0.0.1" : "127.0.0.2"}; });
  World world({"http:*:api.test+loopback:*"}, with_names(names));
  EXPECT_EQ(reply_of(*world, {.authority = "api.test:" + std::to_string(server.port())}).body, "x");
  EXPECT_LE(asked, 2);  // A and AAAA
}

TEST(HttpNames, ThatDoNotExistAreDnsErrors) {
  const TestNames names([](const std::string&) { return TestNames::Addresses{}; });
  World world({"http:*:*.test:*"}, with_names(names));
  EXPECT_EQ(failure_of(*world, {.authority = "no.test"}), error_code<ErrorCase::DnsError>(DnsErrorPayload{.rcode = "NXDOMAIN", .info_code = {}}));
}

TEST(HttpNames, ThatNobodyAnswersEndAtTheConnectTimeout) {
  // A port that takes questions and does not answer.
  const int quiet = socket(AF_INET, SOCK_DGRAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(bind(quiet, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  socklen_t size = sizeof address;
  getsockname(quiet, reinterpret_cast<sockaddr*>(&address), &size);
  Config config;
  config.resolver = {.servers = {"127.0.0.1:" + std::to_string(ntohs(address.sin_port))}, .reads_hosts_file = false};
  World world({"http:*:*.test:*"}, std::move(config));
  EXPECT_EQ(failure_of(*world, {.authority = "slow.test", .timeouts = {.connect = std::chrono::milliseconds(50)}}), error_code<ErrorCase::DnsTimeout>());
  close(quiet);
}

TEST(HttpClient, TellsThatNobodyListens) {
  World world(all_local());
  EXPECT_EQ(failure_of(*world, {.authority = "127.0.0.1:" + std::to_string(closed_port())}), error_code<ErrorCase::ConnectionRefused>());
}

TEST(HttpClient, TakesNoProxyFromTheEnvironment) {
  TestServer server(always(ok("x")));
  const std::string proxy = "http://127.0.0.1:" + std::to_string(closed_port());
  for (const char* name : {"http_proxy", "https_proxy", "all_proxy", "ALL_PROXY"}) setenv(name, proxy.c_str(), 1);
  World world(all_local());
  EXPECT_EQ(reply_of(*world, {.authority = server.authority()}).body, "x");
  for (const char* name : {"http_proxy", "https_proxy", "all_proxy", "ALL_PROXY"}) unsetenv(name);
}

TEST(HttpClient, KeepsNoCookies) {
  std::string cookie;
  TestServer server(TestServer::answering([&](const SeenRequest& seen) {
    cookie += seen.header("cookie");
    return ok("x", "Set-Cookie: a=b; Path=/\r\n");
  }));
  World world(all_local());
  for (int i = 0; i < 2; i++) EXPECT_EQ(reply_of(*world, {.authority = server.authority()}).header("set-cookie"), "a=b; Path=/");
  EXPECT_EQ(cookie, "");
}

TEST(HttpClient, FailsForOtherSchemesAndForTunnels) {
  World world({"http:*:*:*"});
  auto request = make_request(*world, {.authority = "example.com"});
  request->scheme = Scheme{.value = Scheme::Value(std::in_place_index<2>, "ws")};
  EXPECT_EQ((*handle(*world, std::move(request), {})).error(), error_code<ErrorCase::ProtocolError>());
  EXPECT_EQ(failure_of(*world, {.method = "CONNECT", .authority = "example.com"}), error_code<ErrorCase::ProtocolError>());
}

class HttpTls : public testing::Test {
 protected:
  TestCertificate certificate_;
  TestServer server_{always(ok("over TLS")), &certificate_};

  Config trusting() const {
    Config config;
    config.http.ca_file = certificate_.file();
    return config;
  }
};

TEST_F(HttpTls, WorksWithACertificateThatIsTrusted) {
  World world(all_local(), trusting());
  for (int i = 0; i < 3; i++) EXPECT_EQ(reply_of(*world, {.is_tls = true, .authority = server_.authority()}).body, "over TLS");
  EXPECT_EQ(server_.connections(), 1);
}

TEST_F(HttpTls, FailsForACertificateThatNobodyTrusts) {
  World world(all_local());
  EXPECT_EQ(failure_of(*world, {.is_tls = true, .authority = server_.authority()}), error_code<ErrorCase::TlsCertificateError>());
}

TEST_F(HttpTls, FailsForACertificateOfAnotherHost) {
  const TestCertificate other("DNS:elsewhere.test");
  TestServer server(always(ok("x")), &other);
  Config config;
  config.http.ca_file = other.file();
  World world(all_local(), std::move(config));
  EXPECT_EQ(failure_of(*world, {.is_tls = true, .authority = server.authority()}), error_code<ErrorCase::TlsCertificateError>());
}

TEST_F(HttpTls, ChecksTheNameAndNotTheAddress) {
  const TestNames names([](const std::string&) { return TestNames::Addresses{"127.0.0.1"}; });
  Config config = with_names(names);
  config.http.ca_file = certificate_.file();
  World world({"http:*:*.test+loopback:*"}, std::move(config));
  const std::string port = ":" + std::to_string(server_.port());
  EXPECT_EQ(reply_of(*world, {.is_tls = true, .authority = "secure.test" + port}).body, "over TLS");
  EXPECT_EQ(failure_of(*world, {.is_tls = true, .authority = "other.test" + port}), error_code<ErrorCase::TlsCertificateError>());
}

TEST_F(HttpTls, FailsWithAPlainServer) {
  TestServer plain([](Peer& peer) {
    peer.read_some();
    peer.write("HTTP/1.1 400 Bad Request\r\n\r\n");
  });
  World world(all_local(), trusting());
  EXPECT_EQ(failure_of(*world, {.is_tls = true, .authority = plain.authority()}), error_code<ErrorCase::TlsProtocolError>());
  // The other way round the server sees no TLS and ends the connection.
  EXPECT_EQ(failure_of(*world, {.authority = server_.authority()}).which(), ErrorCase::ConnectionTerminated);
}

TEST_F(HttpTls, SaysWhichAlertThePeerSent) {
  // None of ours has a certificate.
  TestServer asking([](Peer& peer) { peer.wait_for_end(); }, &certificate_);
  asking.require_client_certificate();
  World world(all_local(), trusting());
  const ErrorCode error = failure_of(*world, {.is_tls = true, .authority = asking.authority()});
  ASSERT_EQ(error.which(), ErrorCase::TlsAlertReceived);
  EXPECT_EQ(std::get<static_cast<size_t>(ErrorCase::TlsAlertReceived)>(error.value).alert_id, 40);  // handshake_failure
}

TEST_F(HttpTls, FailsWithAFileOfAuthoritiesThatIsNotThere) {
  Config config;
  config.http.ca_file = "/nowhere/ca.pem";
  World world(all_local(), std::move(config));
  EXPECT_EQ(failure_of(*world, {.is_tls = true, .authority = server_.authority()}), error_code<ErrorCase::ConfigurationError>());
}

class HttpSecrets : public testing::Test {
 protected:
  std::string seen_;
  TestCertificate certificate_;
  TestServer::Serve echo_ = TestServer::answering([this](const SeenRequest& seen) {
    seen_ = seen.head + seen.body;
    return ok("x");
  });
  TestServer server_{echo_, &certificate_};
  TestServer plain_{echo_};

  Config config() const {
    Config made;
    made.http.ca_file = certificate_.file();
    made.secrets.push_back({.name = "token", .placeholder = "{{token-placeholder}}", .value = "s3cret", .host = server_.authority()});
    return made;
  }
  Call call() const {
    return {.method = "POST",
            .is_tls = true,
            .authority = server_.authority(),
            .path = "/?q={{token-placeholder}}",
            .headers = {{"Authorization", "Bearer {{token-placeholder}}, {{token-placeholder}}"}, {"other", "{{token"}},
            .body = "{{token-placeholder}}"};
  }
};

TEST_F(HttpSecrets, StandInHeaderValuesForTheirHostAlone) {
  World world(all_local(), config());
  reply_of(*world, call());
  EXPECT_NE(seen_.find("Authorization: Bearer s3cret, s3cret\r\nother: {{token\r\n"), std::string::npos) << seen_;
  EXPECT_NE(seen_.find("/?q={{token-placeholder}} "), std::string::npos);
  EXPECT_TRUE(seen_.ends_with("\r\n\r\n{{token-placeholder}}"));
}

TEST_F(HttpSecrets, StayAPlaceholderWithoutTls) {
  World world(all_local(), config());
  Call elsewhere = call();
  elsewhere.is_tls = false;
  elsewhere.authority = plain_.authority();
  reply_of(*world, elsewhere);
  EXPECT_NE(seen_.find("Authorization: Bearer {{token-placeholder}}, {{token-placeholder}}\r\n"), std::string::npos) << seen_;
}

TEST_F(HttpSecrets, GoOutWithoutTlsWhereTheOperatorSaysSo) {
  Config made = config();
  made.secrets[0].host = plain_.authority();
  made.secrets[0].allow_plain = true;
  World world(all_local(), std::move(made));
  Call plain = call();
  plain.is_tls = false;
  plain.authority = plain_.authority();
  reply_of(*world, plain);
  EXPECT_NE(seen_.find("Authorization: Bearer s3cret, s3cret\r\n"), std::string::npos) << seen_;
  // The same host at another port is another one.
  Call other = call();
  reply_of(*world, other);
  EXPECT_EQ(seen_.find("s3cret"), std::string::npos) << seen_;
}

TEST_F(HttpSecrets, AreNotSentBackByATrace) {
  World world(all_local(), config());
  Call trace = call();
  trace.method = "TRACE";
  trace.body.reset();
  reply_of(*world, trace);
  EXPECT_EQ(seen_.find("s3cret"), std::string::npos) << seen_;
}

TEST_F(HttpSecrets, CannotBreakOutOfTheirHeader) {
  Config made = config();
  made.secrets[0].value = "a\r\nInjected: yes";
  World world(all_local(), std::move(made));
  EXPECT_EQ(failure_of(*world, call()), error_code<ErrorCase::ConfigurationError>());
  EXPECT_EQ(seen_, "");
}

TEST_F(HttpSecrets, AppearInNoDecision) {
  World world(all_local(), config());
  reply_of(*world, call());
  ASSERT_FALSE(world.guard.decisions().empty());
  for (const policy::Decision& decision : world.guard.decisions()) {
    EXPECT_EQ(decision.capability.find("s3cret"), std::string::npos);
    EXPECT_EQ(decision.capability.find("?q="), std::string::npos);
  }
}

}  // namespace
}  // namespace tenon::wasi::http
