#include "policy/guard.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <new>
#include <string>
#include <vector>

#include "policy/capability.h"

namespace {
thread_local size_t allocations = 0;
}

void* operator new(size_t size) {
  ++allocations;
  if (void* const memory = std::malloc(size == 0 ? 1 : size)) return memory;
  std::abort();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }

namespace tenon::policy {
namespace {

Guard guard_of(const std::vector<std::string>& grants, const GuardLimits& limits = {}) {
  auto rules = Rules::from_grants(grants);
  EXPECT_TRUE(rules) << rules.error().message();
  return Guard(*rules, Budget::create({}), limits);
}

IpAddress address(std::string_view text) { return *parse_address(text); }

std::string decisions(const Guard& guard) {
  std::string text;
  for (const Decision& decision : guard.decisions()) {
    text += std::string(to_string(decision.verdict)) + " " + decision.capability + " x" + std::to_string(decision.count) + ": " + decision.rule + "\n";
  }
  return text;
}

TEST(Guard, CountsDecisionsThatAreAlike) {
  Guard guard = guard_of({"filesystem:read:/data/**", "command"});
  EXPECT_TRUE(guard.allow_path(Access::FilesystemRead, "/data/a"));
  EXPECT_TRUE(guard.allow_path(Access::FilesystemRead, "/data/a"));
  EXPECT_FALSE(guard.allow_path(Access::FilesystemWrite, "/data/a"));
  EXPECT_TRUE(guard.allow(Access::StdioStdout));
  EXPECT_TRUE(guard.allow(Access::RandomSecure));
  EXPECT_FALSE(guard.allow(Access::StdioStdin));
  EXPECT_FALSE(guard.allow_env("HOME"));
  EXPECT_FALSE(guard.allow_env("HOME"));
  EXPECT_EQ(decisions(guard),
            "allowed filesystem:read:/data/a x2: filesystem:read:/data/** (--grant)\n"
            "denied filesystem:write:/data/a x1: add --grant filesystem:write:/data/a\n"
            "allowed stdio:stdout x1: stdio:stdout (built in)\n"
            "allowed random:secure x1: random:* (--grant)\n"
            "denied stdio:stdin x1: add --grant stdio:stdin\n"
            "denied env:read:HOME x2: add --grant env:read:HOME\n");
}

TEST(Guard, RefusesWhatIsNotNormalised) {
  Guard guard = guard_of({"filesystem:*:/", "network:outbound:*", "network:resolve:*", "http:*:*", "env:read:*"});
  for (const char* path : {"", "x", "/a/../b", "/a/./b", "//a", "/a/", "/.."}) EXPECT_FALSE(guard.allow_path(Access::FilesystemRead, path)) << path;
  EXPECT_FALSE(guard.allow_path(Access::FilesystemRead, std::string_view("/a\0b", 4)));
  EXPECT_FALSE(guard.allow_path(Access::FilesystemRead, "/" + std::string(5000, 'a')));
  EXPECT_FALSE(guard.allow_path(Access::EnvRead, "/a"));
  EXPECT_FALSE(guard.allow(Access::EnvRead));
  for (const char* host : {"", "Example.com", "example.com.", "ex\xc3\xa4mple.com", "127.1", "0x7f.1", "user@example.com", "[::1]", "example.com:80", "a b"}) {
    EXPECT_FALSE(guard.allow_resolve(host)) << host;
    EXPECT_FALSE(guard.allow_http({"GET", "http", host, 80, "/"})) << host;
  }
  EXPECT_FALSE(guard.allow_http({"GET", "ftp", "example.com", 21, "/"}));
  EXPECT_FALSE(guard.allow_env(""));
  EXPECT_TRUE(guard.allow_path(Access::FilesystemRead, "/a"));
  EXPECT_TRUE(guard.allow_resolve("example.com"));
  EXPECT_TRUE(guard.allow_http({"GET", "http", "example.com", 80, "/"}));
  EXPECT_EQ(guard.decisions().front().capability, "filesystem:read:…");
  EXPECT_EQ(guard.decisions().front().count, 9u);
}

TEST(Guard, CoversAddressesOfHostsOnlyAfterALookUp) {
  Guard guard = guard_of({"network:outbound:tcp://api.example.com:443"});
  const IpAddress there = address("93.184.216.34");
  EXPECT_FALSE(guard.allow_address(Access::NetworkOutbound, Transport::Tcp, there, 443));
  EXPECT_TRUE(guard.allow_resolve("api.example.com"));
  guard.note_resolved("api.example.com", there);
  EXPECT_TRUE(guard.allow_address(Access::NetworkOutbound, Transport::Tcp, there, 443));
  EXPECT_FALSE(guard.allow_address(Access::NetworkOutbound, Transport::Udp, there, 443));
  EXPECT_FALSE(guard.allow_address(Access::NetworkOutbound, Transport::Tcp, there, 80));
  EXPECT_FALSE(guard.allow_address(Access::NetworkListen, Transport::Tcp, there, 443));
  EXPECT_FALSE(guard.allow_address(Access::NetworkOutbound, Transport::Tcp, address("93.184.216.35"), 443));
  EXPECT_EQ(decisions(guard),
            "denied network:outbound:tcp://93.184.216.34:443 x1: add --grant network:outbound:tcp://93.184.216.34:443\n"
            "allowed network:resolve:api.example.com x1: network:outbound:tcp://api.example.com:443 (--grant)\n"
            "allowed network:outbound:tcp://api.example.com:443 x1: network:outbound:tcp://api.example.com:443 (--grant)\n"
            "denied network:outbound:udp://api.example.com:443 x1: add --grant network:outbound:udp://api.example.com:443\n"
            "denied network:outbound:tcp://api.example.com:80 x1: add --grant network:outbound:tcp://api.example.com:80\n"
            "denied network:listen:tcp://93.184.216.34:443 x1: add --grant network:listen:tcp://93.184.216.34:443\n"
            "denied network:outbound:tcp://93.184.216.35:443 x1: add --grant network:outbound:tcp://93.184.216.35:443\n");
}

TEST(Guard, AGrantedHostDoesNotLeadToThisMachineOrItsNetwork) {
  Guard guard = guard_of({"network:outbound:*"});
  for (const char* text :
       {"127.0.0.1", "10.0.0.1", "192.168.1.1", "169.254.1.1", "169.254.169.254", "0.0.0.0", "224.0.0.1", "::1", "fe80::1", "fd00::1", "64:ff9b::a9fe:a9fe"}) {
    guard.note_resolved("rebinding.example.com", address(text));
    EXPECT_FALSE(guard.allow_address(Access::NetworkOutbound, Transport::Tcp, address(text), 80)) << text;
  }
  const IpAddress packed{.is_v6 = true, .bytes = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127, 0, 0, 1}};
  guard.note_resolved("rebinding.example.com", packed);
  EXPECT_FALSE(guard.allow_address(Access::NetworkOutbound, Transport::Tcp, packed, 80));
  EXPECT_TRUE(guard.allow_address(Access::NetworkOutbound, Transport::Tcp, address("8.8.8.8"), 80));
  EXPECT_EQ(guard.decisions()[0].rule, "add --grant network:outbound:tcp://rebinding.example.com+loopback:80");
  EXPECT_EQ(guard.decisions()[3].rule, "add --grant network:outbound:tcp://169.254.169.254:80");
}

TEST(Guard, RulesThatSaySoLeadToThisMachine) {
  Guard guard = guard_of({"network:outbound:localhost:8080", "network:outbound:db+private:5432", "network:outbound:169.254.169.254:80"});
  EXPECT_TRUE(guard.allow_address(Access::NetworkOutbound, Transport::Tcp, address("127.0.0.1"), 8080));
  EXPECT_TRUE(guard.allow_address(Access::NetworkOutbound, Transport::Tcp, address("::1"), 8080));
  EXPECT_FALSE(guard.allow_address(Access::NetworkOutbound, Transport::Tcp, address("127.0.0.1"), 8081));
  EXPECT_FALSE(guard.allow_address(Access::NetworkOutbound, Transport::Tcp, address("10.0.0.5"), 5432));
  guard.note_resolved("db", address("10.0.0.5"));
  guard.note_resolved("db", address("127.0.0.1"));
  EXPECT_TRUE(guard.allow_address(Access::NetworkOutbound, Transport::Tcp, address("10.0.0.5"), 5432));
  EXPECT_FALSE(guard.allow_address(Access::NetworkOutbound, Transport::Tcp, address("127.0.0.1"), 5432));
  EXPECT_TRUE(guard.allow_address(Access::NetworkOutbound, Transport::Tcp, address("169.254.169.254"), 80));
  EXPECT_TRUE(guard.allow_address(Access::NetworkOutbound, Transport::Tcp, address("::ffff:169.254.169.254"), 80));
}

TEST(Guard, InheritNetworkReachesEverything) {
  Guard guard = guard_of({"inherit-network"});
  for (const char* text : {"127.0.0.1", "10.0.0.1", "169.254.169.254", "8.8.8.8", "::1", "fe80::1", "2606:4700::1"}) {
    EXPECT_TRUE(guard.allow_address(Access::NetworkOutbound, Transport::Udp, address(text), 53)) << text;
    EXPECT_TRUE(guard.allow_address(Access::NetworkListen, Transport::Tcp, address(text), 0)) << text;
  }
  EXPECT_TRUE(guard.allow_resolve("anything.example.com"));
  EXPECT_TRUE(guard.allow_resolve("127.0.0.1"));
}

TEST(Guard, ChecksTheAddressOfARequest) {
  Guard guard = guard_of({"http:GET:api.example.com", "http:GET:localhost:8080", "http:GET:10.0.0.9:80", "http:GET:db.internal+private"});
  const HttpTarget api{"GET", "https", "api.example.com", 443, "/"};
  EXPECT_TRUE(guard.allow_http(api));
  EXPECT_TRUE(guard.allow_http_address(api, address("93.184.216.34")));
  for (const char* text : {"127.0.0.1", "10.0.0.9", "169.254.169.254", "::1", "::ffff:10.0.0.9"})
    EXPECT_FALSE(guard.allow_http_address(api, address(text))) << text;
  EXPECT_TRUE(guard.allow_http_address({"GET", "http", "localhost", 8080, "/"}, address("127.0.0.1")));
  EXPECT_FALSE(guard.allow_http_address({"GET", "http", "localhost", 8080, "/"}, address("10.0.0.9")));
  EXPECT_TRUE(guard.allow_http_address({"GET", "http", "10.0.0.9", 80, "/"}, address("10.0.0.9")));
  EXPECT_FALSE(guard.allow_http_address({"GET", "http", "10.0.0.9", 80, "/"}, address("10.0.0.8")));
  EXPECT_TRUE(guard.allow_http_address({"GET", "https", "db.internal", 443, "/"}, address("10.1.1.1")));
  EXPECT_FALSE(guard.allow_http_address({"GET", "https", "db.internal", 443, "/"}, address("127.0.0.1")));
  EXPECT_FALSE(guard.allow_http_address({"POST", "https", "api.example.com", 443, "/"}, address("93.184.216.34")));
  EXPECT_EQ(guard.decisions()[1].capability, "network:outbound:tcp://127.0.0.1:443");
  EXPECT_EQ(guard.decisions()[1].rule, "add --grant network:outbound:tcp://127.0.0.1:443");
}

TEST(Guard, NetworkRulesForAddressesHoldForRequestsToo) {
  Guard guard = guard_of({"http:GET:api.example.com", "network:outbound:10.0.0.0/8:443"});
  const HttpTarget api{"GET", "https", "api.example.com", 443, "/"};
  EXPECT_TRUE(guard.allow_http_address(api, address("10.0.0.1")));
  EXPECT_FALSE(guard.allow_http_address(api, address("192.168.0.1")));
  EXPECT_FALSE(guard.allow_http_address({"GET", "https", "other.example.com", 443, "/"}, address("10.0.0.1")));
  RuleLayer layer;
  layer.scopes.push_back({.name = "test",
                          .rules = {{.capability = *Capability::parse("http:GET:*"), .source = {}},
                                    {.capability = *Capability::parse("network:outbound:93.0.0.0/8"), .effect = Effect::Deny, .source = {}}}});
  Guard denied(Rules::create({layer}), Budget::create({}));
  EXPECT_FALSE(denied.allow_http_address(api, address("93.184.216.34")));
  EXPECT_TRUE(denied.allow_http_address(api, address("94.184.216.34")));
}

TEST(Guard, HttpGrantsCoverNoSockets) {
  Guard guard = guard_of({"http:*:api.example.com"});
  guard.note_resolved("api.example.com", address("93.184.216.34"));
  EXPECT_FALSE(guard.allow_address(Access::NetworkOutbound, Transport::Tcp, address("93.184.216.34"), 443));
  EXPECT_FALSE(guard.allow_resolve("api.example.com"));
  EXPECT_TRUE(guard.allow_address(Access::Http, Transport::Tcp, address("93.184.216.34"), 443));
  EXPECT_FALSE(guard.allow_address(Access::Http, Transport::Tcp, address("93.184.216.35"), 443));
}

TEST(Guard, TellsRequestsAsCapabilitiesWithoutQueries) {
  Guard guard = guard_of({"http:GET:api.example.com/v1"});
  EXPECT_TRUE(guard.allow_http({"get", "https", "api.example.com", 443, "/v1/a%20b"}));
  EXPECT_FALSE(guard.allow_http({"GET", "http", "::1", 8080, "/"}));
  EXPECT_FALSE(guard.allow_http({"GET", "http", "10.0.0.1", 80, "/8"}));
  EXPECT_FALSE(guard.allow_http({"PUT", "https", "api.example.com", 8443, "/v1/ä*"}));
  EXPECT_EQ(guard.decisions()[0].capability, "http:GET:https://api.example.com/v1/a%20b");
  EXPECT_EQ(guard.decisions()[1].capability, "http:GET:http://[::1]:8080");
  EXPECT_EQ(guard.decisions()[2].capability, "http:GET:http://10.0.0.1:80/8");
  EXPECT_EQ(guard.decisions()[3].capability, "http:PUT:https://api.example.com:8443/v1/%C3%A4%2A");
  for (const Decision& decision : guard.decisions()) EXPECT_TRUE(Capability::parse(decision.capability)) << decision.capability;
}

TEST(Guard, WhatItTellsWouldBeAllowedByJustThat) {
  const auto check = [](auto ask) {
    Guard first = guard_of({});
    EXPECT_FALSE(ask(first));
    const std::string needed = first.decisions().back().capability;
    Guard second = guard_of({needed});
    EXPECT_TRUE(ask(second)) << needed;
  };
  check([](Guard& guard) { return guard.allow_path(Access::FilesystemCreate, "/a*b/[x]/{y}\\?"); });
  check([](Guard& guard) { return guard.allow_path(Access::FilesystemList, "/"); });
  check([](Guard& guard) { return guard.allow_env("A*"); });
  check([](Guard& guard) { return guard.allow_resolve("a.b"); });
  check([](Guard& guard) { return guard.allow_resolve("127.0.0.1"); });
  check([](Guard& guard) { return guard.allow_resolve("::1"); });
  check([](Guard& guard) { return guard.allow_address(Access::NetworkListen, Transport::Udp, *parse_address("::"), 0); });
  check([](Guard& guard) {
    guard.note_resolved("db", *parse_address("10.0.0.1"));
    return guard.allow_address(Access::NetworkOutbound, Transport::Tcp, *parse_address("10.0.0.1"), 5432);
  });
  check([](Guard& guard) {
    guard.note_resolved("db", *parse_address("169.254.169.254"));
    return guard.allow_address(Access::NetworkOutbound, Transport::Tcp, *parse_address("169.254.169.254"), 80);
  });
  check([](Guard& guard) { return guard.allow_http({"DELETE", "http", "127.0.0.1", 80, "/a%20b"}); });
}

TEST(Guard, KeepsABoundedNumberOfDecisions) {
  Guard guard = guard_of({"filesystem:read:/data"}, {.distinct_max = 10});
  for (int i = 0; i < 1000; ++i) {
    EXPECT_TRUE(guard.allow_path(Access::FilesystemRead, "/data/" + std::to_string(i)));
    EXPECT_FALSE(guard.allow_path(Access::FilesystemRead, "/" + std::to_string(i)));
  }
  ASSERT_EQ(guard.decisions().size(), 12u);
  EXPECT_EQ(guard.decisions()[10].capability, "filesystem:read:…");
  EXPECT_EQ(guard.decisions()[10].rule, "filesystem:read:/data (--grant)");
  EXPECT_EQ(guard.decisions()[11].rule, "no rule allows it");
  uint64_t count = 0;
  for (const Decision& decision : guard.decisions()) count += decision.count;
  EXPECT_EQ(count, 2000u);
}

TEST(Guard, KeepsMoreOfWhatIsObservedThanOfWhatIsEnforced) {
  RuleLayer observe;
  observe.scopes.push_back({.name = "test", .rules = {{.capability = {}, .effect = Effect::Allow, .mode = Mode::Observe, .source = {}}}});
  Guard guard(Rules::create({observe}), nullptr, {.distinct_max = 10, .observed_max = 50});
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(guard.allow_path(Access::FilesystemRead, "/" + std::to_string(i)));
  ASSERT_EQ(guard.decisions().size(), 51u);
  EXPECT_EQ(guard.decisions()[50].capability, "filesystem:read:…");
  EXPECT_EQ(guard.decisions()[50].count, 50u);
}

TEST(Guard, KeepsNoLongTexts) {
  Guard guard = guard_of({"filesystem:read:/"});
  EXPECT_TRUE(guard.allow_path(Access::FilesystemRead, "/" + std::string(2000, 'a')));
  EXPECT_TRUE(guard.allow_path(Access::FilesystemRead, "/" + std::string(2000, 'b')));
  ASSERT_EQ(guard.decisions().size(), 1u);
  EXPECT_EQ(guard.decisions()[0].capability, "filesystem:read:…");
}

TEST(Guard, ForgetsTheOldestLookUps) {
  Guard guard = guard_of({"network:outbound:*.example.com"}, {.distinct_max = 4, .resolved_max = 3});
  const auto nth = [](int i) { return IpAddress{.is_v6 = false, .bytes = {93, 184, 216, static_cast<uint8_t>(i)}}; };
  for (int i = 0; i < 5; ++i) guard.note_resolved("a.example.com", nth(i));
  for (int i = 0; i < 5; ++i) EXPECT_EQ(guard.allow_address(Access::NetworkOutbound, Transport::Tcp, nth(i), 1), i >= 2) << i;
}

TEST(Guard, ControlCharactersOfGuestsDoNotReachTheReceipt) {
  Guard guard = guard_of({});
  EXPECT_FALSE(guard.allow_path(Access::FilesystemRead, "/a\x1b[31m\n"));
  EXPECT_FALSE(guard.allow_env("A\nB"));
  EXPECT_FALSE(guard.allow_http({"G\nET", "http", "a.com", 80, "/\r\nx"}));
  for (const Decision& decision : guard.decisions()) {
    EXPECT_TRUE(std::none_of(decision.capability.begin(), decision.capability.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; }));
    EXPECT_FALSE(Capability::parse(decision.capability)) << decision.capability;
  }
}

TEST(Guard, ObservesWithoutStopping) {
  RuleLayer layer;
  layer.scopes.push_back(
      {.name = "test",
       .rules = {{.capability = {}, .effect = Effect::Allow, .mode = Mode::Observe, .source = {.file = "policy.toml", .line = 3, .key = "default.observe"}}}});
  Guard guard(Rules::create({layer}), Budget::create({}));
  EXPECT_TRUE(guard.allow_path(Access::FilesystemRead, "/etc/hosts"));
  EXPECT_TRUE(guard.allow(Access::RandomSecure));
  EXPECT_TRUE(guard.would_allow(Access::Http));
  EXPECT_EQ(decisions(guard),
            "observed filesystem:read:/etc/hosts x1: observe everything (policy.toml:3)\n"
            "observed random:secure x1: observe everything (policy.toml:3)\n");
}

TEST(Guard, WouldAllowNotesNothing) {
  Guard guard = guard_of({"filesystem:read:/data", "clock:wall"});
  EXPECT_TRUE(guard.would_allow(Access::ClockWall));
  EXPECT_FALSE(guard.would_allow(Access::RandomSecure));
  EXPECT_TRUE(guard.would_allow(Access::FilesystemRead));
  EXPECT_FALSE(guard.would_allow(Access::FilesystemWrite));
  EXPECT_TRUE(guard.decisions().empty());
}

TEST(Guard, NotesChangesOfReadOnlyFoldersOncePerKind) {
  Guard guard = guard_of({"filesystem:*:/a"});
  guard.note_read_only(Access::FilesystemWrite, "/a*b", "reason");
  guard.note_read_only(Access::FilesystemWrite, "/a*b", "reason");
  guard.note_read_only(Access::FilesystemDelete, "/a*b", "reason");
  EXPECT_EQ(decisions(guard), "denied filesystem:write:/a\\*b x2: reason\ndenied filesystem:delete:/a\\*b x1: reason\n");
}

TEST(Guard, DoesNotAllocateForWhatItHasSeen) {
  std::vector<std::string> grants = {"env:read:HOME", "network:outbound:api.example.com:443", "http:GET:api.example.com/v1", "random:secure",
                                     "network:outbound:10.0.0.0/8"};
  for (int i = 0; i < 64; ++i) grants.push_back("filesystem:read:/data/project" + std::to_string(i) + "/**/*.txt");
  Guard guard = guard_of(grants);
  const IpAddress there = address("93.184.216.34");
  guard.note_resolved("api.example.com", there);
  const HttpTarget target{"GET", "https", "api.example.com", 443, "/v1/models/a-name-that-is-longer-than-any-small-string"};
  const auto all = [&] {
    bool result = guard.allow_path(Access::FilesystemRead, "/data/project63/a/folder/and/a/file.txt");
    result &= !guard.allow_path(Access::FilesystemRead, "/data/project64/a/folder/and/another/file.txt");
    result &= guard.allow_env("HOME");
    result &= guard.allow(Access::RandomSecure);
    result &= guard.allow_resolve("api.example.com");
    result &= guard.allow_address(Access::NetworkOutbound, Transport::Tcp, there, 443);
    result &= !guard.allow_address(Access::NetworkOutbound, Transport::Tcp, there, 80);
    result &= guard.allow_http(target);
    result &= guard.allow_http_address(target, there);
    return result;
  };
  EXPECT_TRUE(all());
  const size_t before = allocations;
  EXPECT_TRUE(all());
  EXPECT_EQ(allocations, before);
}

}  // namespace
}  // namespace tenon::policy
