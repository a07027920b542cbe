#include "wasi/http/target.h"

#include <gtest/gtest.h>

#include <string>

namespace tenon::wasi::http {
namespace {

using Parsed = std::expected<Target, ErrorCode>;

Parsed target(std::string_view authority, std::string_view path = "/", const std::optional<Scheme>& scheme = scheme_https(), std::string_view method = "GET") {
  return make_target(method_of(method), scheme, authority, path);
}

std::string url(std::string_view authority, std::string_view path = "/") {
  const Parsed parsed = target(authority, path);
  return parsed ? parsed->url() : std::string(to_string(parsed.error().which()));
}

ErrorCode error_of(const Parsed& parsed) { return parsed ? error_code<ErrorCase::LoopDetected>() : parsed.error(); }

ErrorCode uri_invalid() { return error_code<ErrorCase::RequestUriInvalid>(); }

TEST(HttpTarget, HasOneSpellingOfAHost) {
  EXPECT_EQ(url("Example.COM."), "https://example.com/");
  EXPECT_EQ(url("example.com:443"), "https://example.com/");
  EXPECT_EQ(url("example.com:0443"), "https://example.com/");
  EXPECT_EQ(url("example.com:80"), "https://example.com:80/");
  EXPECT_EQ(url("[2001:DB8:0::1]:8443"), "https://[2001:db8::1]:8443/");
  EXPECT_EQ(url("[::ffff:10.0.0.1]"), "https://10.0.0.1/");
  EXPECT_EQ(url("0x7f000001"), "https://127.0.0.1/");
  EXPECT_EQ(url("xn--bcher-kva.example"), "https://xn--bcher-kva.example/");
}

TEST(HttpTarget, TellsPolicyWhatIsSent) {
  const Target parsed = *target("[::ffff:10.0.0.1]:8080", "/%61/%c3%a4?x=/../y", scheme_http());
  const policy::HttpTarget asked = parsed.for_policy();
  EXPECT_EQ(asked.scheme, "http");
  EXPECT_EQ(asked.host, "10.0.0.1");
  EXPECT_EQ(asked.port, 8080);
  EXPECT_EQ(asked.path, "/a/%C3%A4");
  EXPECT_EQ(parsed.url(), "http://10.0.0.1:8080/a/%C3%A4?x=/../y");
}

TEST(HttpTarget, RefusesHostsThatAreNone) {
  for (const char* authority : {"", "a..b", ".a", "a b", "a%2eb", "a,b", "[fe80::1%25eth0]", "1.2.3.4.5", "256.1.1.1", "0x100000000", "1.2.3.a:x", "a:0", "u@a",
                                "u:p@a", "a@b@c", "\xc3\xa4.example"})
    EXPECT_EQ(error_of(target(authority)), uri_invalid()) << authority;
  EXPECT_EQ(target(std::string(64, 'a')).error(), uri_invalid());
  EXPECT_EQ(make_target(Method(), {}, std::nullopt, "/").error(), uri_invalid());
  EXPECT_EQ(make_target(Method(), {}, "a", std::nullopt).error(), uri_invalid());
}

TEST(HttpTarget, RefusesDotSegmentsInEverySpelling) {
  for (const char* path : {"/..", "/.", "/a/../b", "/a/./b", "/a/..", "/%2e%2e/a", "/.%2E/a", "/a/%2e", "/..;x=y/a", "/.;/a", "/a//../b", "/a\\..\\b", "\\"})
    EXPECT_EQ(error_of(target("a", path)), uri_invalid()) << path;
  for (const char* path : {"/...", "/..a", "/a..", "/.well-known", "/a?/../b", "//", "/a//b", "/%2F"}) EXPECT_TRUE(target("a", path)) << path;
}

TEST(HttpTarget, RefusesBrokenEscapes) {
  for (const char* path : {"/%", "/%2", "/%zz", "/a%4", "/%%41"}) EXPECT_EQ(error_of(target("a", path)), uri_invalid()) << path;
}

TEST(HttpTarget, RefusesWhatNoPathHolds) {
  for (const std::string_view path :
       {std::string_view("/\0", 2), std::string_view("/a b"), std::string_view("/a\r\nb: c"), std::string_view("/a#b"), std::string_view("a")})
    EXPECT_EQ(error_of(target("a", path)), uri_invalid()) << path;
}

TEST(HttpTarget, FillsInAnEmptyPath) {
  EXPECT_EQ(url("a", ""), "https://a/");
  EXPECT_EQ(url("a", "?b"), "https://a/?b");
}

TEST(HttpTarget, HasALongestPath) {
  EXPECT_TRUE(target("a", "/" + std::string(path_with_query_bytes_max - 1, 'x')));
  EXPECT_EQ(target("a", "/" + std::string(path_with_query_bytes_max, 'x')).error(), error_code<ErrorCase::RequestUriTooLong>());
}

TEST(HttpTarget, TakesTheServerAsAWholeForOptionsAlone) {
  EXPECT_TRUE(target("a", "*", scheme_http(), "OPTIONS")->is_whole_server);
  EXPECT_EQ(target("a", "*").error(), uri_invalid());
}

TEST(HttpTarget, KnowsSchemesByAnySpelling) {
  const auto other = [](std::string_view name) { return Scheme{.value = Scheme::Value(std::in_place_index<2>, name)}; };
  EXPECT_FALSE(target("a", "/", other("HTTP"))->is_tls);
  EXPECT_TRUE(target("a", "/", other("https"))->is_tls);
  EXPECT_TRUE(target("a", "/", std::nullopt)->is_tls);
  EXPECT_EQ(target("a", "/", other("ws")).error(), error_code<ErrorCase::ProtocolError>());
}

TEST(HttpTarget, KnowsMethods) {
  EXPECT_EQ(target("a", "/", {}, "get")->method, "GET");
  EXPECT_EQ(target("a", "/", {}, "pAtCh")->method, "PATCH");
  EXPECT_EQ(target("a", "/", {}, "Report")->method, "Report");
  EXPECT_EQ(target("a", "/", {}, "connect").error(), error_code<ErrorCase::ProtocolError>());
  EXPECT_EQ(target("a", "/", {}, "GE T").error(), error_code<ErrorCase::RequestMethodInvalid>());
  EXPECT_EQ(target("a", "/", {}, "").error(), error_code<ErrorCase::RequestMethodInvalid>());
}

}  // namespace
}  // namespace tenon::wasi::http
