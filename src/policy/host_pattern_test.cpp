#include "policy/host_pattern.h"

#include <gtest/gtest.h>

#include <string>

namespace tenon::policy {
namespace {

bool names(std::string_view pattern, std::string_view host) { return HostPattern::parse(pattern)->matches_name(host); }
bool admits(std::string_view pattern, std::string_view address) { return HostPattern::parse(pattern)->admits(*parse_address(address)); }
bool is_address(std::string_view pattern, std::string_view address) { return HostPattern::parse(pattern)->matches_address(*parse_address(address)); }
bool within(std::string_view path, std::string_view prefix) {
  const RequestPath request(path);
  return !request.is_ambiguous() && request.is_within(prefix);
}

TEST(HostPattern, MatchesExactNames) {
  EXPECT_TRUE(names("api.example.com", "api.example.com"));
  EXPECT_FALSE(names("example.com", "api.example.com"));
  EXPECT_FALSE(names("example.com", "evilexample.com"));
  EXPECT_FALSE(names("example.com", "example.com.evil.org"));
}

TEST(HostPattern, MatchesSubdomainsOnly) {
  EXPECT_TRUE(names("*.example.com", "a.example.com"));
  EXPECT_TRUE(names("*.example.com", "a.b.example.com"));
  EXPECT_FALSE(names("*.example.com", "example.com"));
  EXPECT_FALSE(names("*.example.com", "evilexample.com"));
  EXPECT_FALSE(names("*.example.com", ".example.com"));
  EXPECT_FALSE(names("*.example.com", "a.example.com.evil.org"));
}

TEST(HostPattern, PutsNamesIntoOneForm) {
  EXPECT_EQ(HostPattern::parse("API.Example.COM.")->to_string(), "api.example.com");
  EXPECT_EQ(HostPattern::parse("*.Example.COM.")->to_string(), "*.example.com");
  EXPECT_EQ(HostPattern::parse("[::FFFF:1.2.3.4]")->to_string(), "1.2.3.4");
  EXPECT_EQ(HostPattern::parse("[2001:DB8:0::1]")->to_string(), "[2001:db8::1]");
  EXPECT_EQ(HostPattern::parse("[fd00::]/8")->to_string(), "[fd00::/8]");
  EXPECT_EQ(HostPattern::parse("fd00::/8")->to_string(), "[fd00::/8]");
  EXPECT_EQ(HostPattern::parse("[10.0.0.0/8]")->to_string(), "10.0.0.0/8");
  EXPECT_EQ(HostPattern::parse("10.0.0.0/8")->to_string(true), "[10.0.0.0/8]");
}

TEST(HostPattern, RefusesWhatIsNoHost) {
  for (const char* text : {"",
                           ".",
                           "..",
                           "example..com",
                           ".example.com",
                           "example.com..",
                           "-a.com",
                           "a-.com",
                           "a b",
                           "exämple.com",
                           "%65xample.com",
                           "user@example.com",
                           "user:pw@example.com",
                           "*example.com",
                           "a.*.com",
                           "**",
                           "*.",
                           "*.*",
                           "127.1",
                           "0177.0.0.1",
                           "0x7f.0.0.1",
                           "2130706433",
                           "127.0.0.1.",
                           "1.2.3.256",
                           "*.1",
                           "*.0x7f",
                           "a.0x",
                           "example.123",
                           "[::1",
                           "[::1]x",
                           "[]",
                           "::1%lo",
                           "a/b",
                           "a\\b",
                           "a?b",
                           "a#b",
                           "10.0.0.1/8",
                           "example.com/24"}) {
    EXPECT_FALSE(HostPattern::parse(text)) << text;
  }
  EXPECT_FALSE(HostPattern::parse(std::string(64, 'a') + ".com"));
  std::string longest;
  for (int i = 0; i < 128; ++i) longest += "a.";
  EXPECT_FALSE(HostPattern::parse(longest + "com"));
}

TEST(HostPattern, NamesMayHaveOnlyPublicAddresses) {
  for (const char* pattern : {"*", "example.com", "*.example.com"}) {
    EXPECT_TRUE(admits(pattern, "93.184.216.34"));
    for (const char* address :
         {"127.0.0.1", "10.0.0.1", "169.254.1.1", "169.254.169.254", "0.0.0.0", "::1", "fe80::1", "fd00::1", "::ffff:127.0.0.1", "64:ff9b::127.0.0.1"})
      EXPECT_FALSE(admits(pattern, address)) << pattern << " " << address;
  }
}

TEST(HostPattern, NamesMayHaveOtherAddressesWhenTheRuleSaysSo) {
  EXPECT_TRUE(admits("db.internal+private", "10.0.0.1"));
  EXPECT_FALSE(admits("db.internal+private", "127.0.0.1"));
  EXPECT_TRUE(admits("*+loopback", "127.0.0.1"));
  EXPECT_TRUE(admits("printer+link-local", "169.254.7.7"));
  EXPECT_FALSE(admits("*+link-local", "169.254.169.254"));
  EXPECT_FALSE(admits("*+loopback+private+link-local", "0.0.0.0"));
  EXPECT_TRUE(admits("localhost", "127.0.0.1"));
  EXPECT_TRUE(admits("localhost", "::1"));
  EXPECT_FALSE(admits("localhost", "10.0.0.1"));
  EXPECT_TRUE(admits("*.localhost", "127.0.0.1"));
  EXPECT_FALSE(admits("notlocalhost", "127.0.0.1"));
  for (const char* text : {"a+", "a+metadata", "a+private+private", "10.0.0.0/8+private", "a+Private", "+private"})
    EXPECT_FALSE(HostPattern::parse(text)) << text;
  EXPECT_EQ(HostPattern::parse("a+private+loopback")->to_string(), "a+loopback+private");
}

TEST(HostPattern, AddressesNeedARuleForThem) {
  EXPECT_TRUE(is_address("*", "8.8.8.8"));
  EXPECT_FALSE(is_address("*", "10.0.0.1"));
  EXPECT_TRUE(is_address("*+private", "10.0.0.1"));
  EXPECT_FALSE(is_address("example.com", "8.8.8.8"));
  EXPECT_FALSE(is_address("*.example.com", "8.8.8.8"));
  EXPECT_TRUE(is_address("localhost", "127.0.0.1"));
  EXPECT_FALSE(is_address("a.localhost", "127.0.0.1"));
  EXPECT_TRUE(is_address("10.0.0.0/8", "10.0.0.1"));
  EXPECT_TRUE(is_address("169.254.169.254", "169.254.169.254"));
}

TEST(EndpointPattern, ReadsTransportHostAndPorts) {
  for (const char* text : {"api.example.com", "api.example.com:443", "tcp://api.example.com:443", "udp://8.8.8.8:53", "*", "*:443", "*.example.com:8000-8999",
                           "10.0.0.0/8:5432", "[::1]:443", "[fd00::/8]:443", "db+private:5432"}) {
    const auto endpoint = EndpointPattern::parse(text);
    ASSERT_TRUE(endpoint) << text << endpoint.error().message();
    EXPECT_EQ(endpoint->to_string(), text);
  }
  EXPECT_EQ(EndpointPattern::parse("fd00::/8:443")->to_string(), "[fd00::/8]:443");
  EXPECT_EQ(EndpointPattern::parse("a.b:*")->to_string(), "a.b");
  EXPECT_EQ(EndpointPattern::parse("a.b:80-80")->to_string(), "a.b:80");
}

TEST(EndpointPattern, RefusesWrongPortsAndBareIpv6) {
  for (const char* text : {"a:",      "a:0",     "a:65536", "a:-1",   "a:+1",       "a:080",   "a:9-8",         "a:1-",  "a:-",    "a:http",   "a:1:2", "::1",
                           "::1:443", "fe80::1", "tcp://",  "udp://", "sctp://a:1", "a:443/x", "https://a:443", "u@a:1", "[::1]:", "[::1]443", ""}) {
    EXPECT_FALSE(EndpointPattern::parse(text)) << text;
  }
}

TEST(EndpointPattern, ListensAtPlacesOfThisMachine) {
  for (const char* text : {"127.0.0.1:8080", "127.0.0.1:0", "*:8080", "localhost:0", "0.0.0.0", "tcp://[::1]:1-65535", "10.0.0.0/8"})
    EXPECT_TRUE(EndpointPattern::parse_listen(text)) << text;
  for (const char* text : {"example.com:80", "*.localhost:1", "a.localhost", "*+private", "localhost+private"})
    EXPECT_FALSE(EndpointPattern::parse_listen(text)) << text;
}

TEST(EndpointPattern, MatchesTransportAndPort) {
  const auto endpoint = EndpointPattern::parse("tcp://a:8000-8010");
  EXPECT_TRUE(endpoint->matches_port(Transport::Tcp, 8010));
  EXPECT_FALSE(endpoint->matches_port(Transport::Tcp, 8011));
  EXPECT_FALSE(endpoint->matches_port(Transport::Udp, 8000));
  EXPECT_TRUE(EndpointPattern::parse("a:53")->matches_port(Transport::Udp, 53));
}

TEST(UrlPattern, PrintsInOneForm) {
  const auto print = [](std::string_view text) {
    const auto url = UrlPattern::parse(text);
    return url ? url->to_string() : url.error().message();
  };
  EXPECT_EQ(print("API.example.com"), "api.example.com");
  EXPECT_EQ(print("api.example.com/"), "api.example.com");
  EXPECT_EQ(print("api.example.com/v1/"), "api.example.com/v1");
  EXPECT_EQ(print("api.example.com/v1/**"), "api.example.com/v1");
  EXPECT_EQ(print("api.example.com/**"), "api.example.com");
  EXPECT_EQ(print("HTTPS://api.example.com:8443/v1"), "https://api.example.com:8443/v1");
  EXPECT_EQ(print("http://api.example.com:*/a%20b"), "http://api.example.com:*/a%20b");
  EXPECT_EQ(print("api.example.com/%76%31"), "api.example.com/v1");
  EXPECT_EQ(print("api.example.com/ä"), "api.example.com/%C3%A4");
  EXPECT_EQ(print("[::1]:80/x"), "[::1]:80/x");
  EXPECT_EQ(print("[10.0.0.0/8]/x"), "[10.0.0.0/8]/x");
  EXPECT_EQ(print("10.0.0.1:80/8"), "10.0.0.1:80/8");
  EXPECT_EQ(print("[10.0.0.1]/x"), "10.0.0.1/x");
}

TEST(UrlPattern, RefusesWhatMayBeReadInTwoWays) {
  for (const char* text :
       {"",         "/v1",         "ftp://a/x", "a/../b",   "a/%2e%2e/b", "a/x%2fy", "a//b",          "a/x\\y", "a/x?y=1", "a/x#y",      "a/x//",
        "a//",      "a/x//**",     "a/x y",     "a/*",      "a/v1/*",     "a/%",     "a/%zz",         "a/%25",  "a/x%00",  "10.0.0.0/8", "10.0.0.1/8",
        "user@a/x", "user:pw@a/x", "a:0/x",     "https://", "https:///x", "a:/x",    "exämple.com/x", "a/./b",  "a/.."}) {
    EXPECT_FALSE(UrlPattern::parse(text)) << text;
  }
}

TEST(UrlPattern, WithoutAPortMeansTheSchemesOwn) {
  const auto any = UrlPattern::parse("a.com");
  EXPECT_TRUE(any->matches_port(Scheme::Https, 443));
  EXPECT_TRUE(any->matches_port(Scheme::Http, 80));
  EXPECT_FALSE(any->matches_port(Scheme::Http, 443));
  EXPECT_FALSE(any->matches_port(Scheme::Https, 8443));
  const auto secure = UrlPattern::parse("https://a.com");
  EXPECT_FALSE(secure->matches_port(Scheme::Http, 80));
  const auto port = UrlPattern::parse("a.com:8080");
  EXPECT_TRUE(port->matches_port(Scheme::Http, 8080));
  EXPECT_TRUE(port->matches_port(Scheme::Https, 8080));
  EXPECT_FALSE(port->matches_port(Scheme::Https, 443));
  EXPECT_TRUE(UrlPattern::parse("a.com:*")->matches_port(Scheme::Http, 1));
}

TEST(RequestPath, IsWithinByWholeSegments) {
  EXPECT_TRUE(within("/v1", "/v1"));
  EXPECT_TRUE(within("/v1/", "/v1"));
  EXPECT_TRUE(within("/v1/x/y", "/v1"));
  EXPECT_FALSE(within("/v10", "/v1"));
  EXPECT_FALSE(within("/", "/v1"));
  EXPECT_FALSE(within("", "/v1"));
  EXPECT_FALSE(within("/V1", "/v1"));
  EXPECT_TRUE(within("/%76%31/x", "/v1"));
  EXPECT_TRUE(within("/a%20b/c", "/a b"));
  EXPECT_TRUE(within("/v1/file.tar.gz", "/v1"));
  EXPECT_TRUE(within("/v1/.well-known", "/v1"));
}

TEST(RequestPath, KnowsWhatServersReadDifferently) {
  for (const char* path : {"/v1/../admin",
                           "/v1/..",
                           "/v1/./x",
                           "/v1//x",
                           "//v1",
                           "/v1/%2e%2e/admin",
                           "/v1/%2E./admin",
                           "/v1/..%2fadmin",
                           "/v1%2f..",
                           "/v1/%252e%252e/x",
                           "/v1/%25",
                           "/v1/..%5cadmin",
                           "/v1\\..\\x",
                           "/v1/%",
                           "/v1/%zz",
                           "/v1/%2",
                           "/v1/%00",
                           "/v1/x y",
                           "/v1/x\ny",
                           "v1",
                           "*",
                           "/v1?x",
                           "/v1#x",
                           "/v1/..."}) {
    EXPECT_TRUE(RequestPath(path).is_ambiguous()) << path;
  }
  for (const char* path : {"", "/", "/v1", "/v1/", "/a%20b", "/a..b", "/.a", "/a.", "/x;y=1,2"}) EXPECT_FALSE(RequestPath(path).is_ambiguous()) << path;
}

}  // namespace
}  // namespace tenon::policy
