#include "wasi/sockets/name_lookup.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "wasi/sockets/dns_server.h"
#include "wasi/sockets/test_world.h"

namespace tenon::wasi::sockets {
namespace {

template <class T>
std::string name_of(const Answer<T>& answer) {
  return answer ? "ok" : std::string(EnumTraits<ErrorCode>::names[static_cast<size_t>(answer.error())]);
}

DnsAnswer with(std::vector<std::string_view> addresses) {
  DnsAnswer answer;
  for (const std::string_view text : addresses) answer.addresses.push_back(*policy::parse_address(text));
  return answer;
}

World::Options asking(const DnsServer& server, std::vector<std::string> grants) {
  World::Options options{.grants = std::move(grants)};
  options.resolver.servers = {server.address()};
  options.resolver.reads_hosts_file = false;
  options.resolver.try_timeout = std::chrono::seconds(5);
  return options;
}

std::string text_of(const IpAddress& address) {
  const IpSocketAddress endpoint = std::holds_alternative<Ipv4Address>(address.value)
                                       ? IpSocketAddress{Ipv4SocketAddress{.address = std::get<Ipv4Address>(address.value)}}
                                       : IpSocketAddress{Ipv6SocketAddress{.address = std::get<Ipv6Address>(address.value)}};
  return policy::to_string(Endpoint::of(endpoint).ip);
}

/// All addresses in text, or the error.
std::string resolve(World& world, const std::string& name) {
  const Held network = world.network();
  const auto stream = world.call<Answer<Held>>("lookup", network.borrow(), name);
  if (!stream) return name_of(stream);
  EXPECT_TRUE(world.wait_for("lookup-subscribe", *stream));
  std::string text;
  while (true) {
    const auto next = world.call<Answer<std::optional<IpAddress>>>("lookup-next", stream->borrow());
    if (!next) return "later " + name_of(next);
    if (!*next) return text;
    text += (text.empty() ? "" : " ") + text_of(**next);
  }
}

TEST(NameLookup, AnswersAddressesWithoutAskingAnybody) {
  const DnsServer server([](const DnsQuestion&) { return with({"192.0.2.1"}); });
  World world(asking(server, {}));
  EXPECT_EQ(resolve(world, "127.0.0.1"), "127.0.0.1");
  EXPECT_EQ(resolve(world, "0x7f.1"), "127.0.0.1");
  EXPECT_EQ(resolve(world, "::ffff:10.0.0.1"), "10.0.0.1");
  EXPECT_EQ(resolve(world, "[::1]"), "::1");
  EXPECT_EQ(resolve(world, "DEAD:BEEF::0"), "dead:beef::");
  EXPECT_EQ(server.questions(), 0U);
}

TEST(NameLookup, RefusesWhatIsNoName) {
  World world;
  for (const std::string name : {"", " ", "a.b<&>", "127.0.0.1:80", "[::]:80", "http://example.com/", "münchen.de", "256.1.1.1"})
    EXPECT_EQ(resolve(world, name), "invalid-argument") << name;
  EXPECT_EQ(resolve(world, std::string("a\0b", 3)), "invalid-argument");
}

TEST(NameLookup, AsksForGrantedNamesAlone) {
  const DnsServer server([](const DnsQuestion&) { return with({"192.0.2.1"}); });
  World world(asking(server, {"network:resolve:*.example.com"}));
  EXPECT_EQ(resolve(world, "evilexample.com"), "access-denied");
  EXPECT_EQ(resolve(world, "example.org"), "access-denied");
  EXPECT_EQ(server.questions(), 0U);
  EXPECT_EQ(resolve(world, "API.Example.COM."), "192.0.2.1");
}

TEST(NameLookup, TellsFailuresByTheirCodesAgainAndAgain) {
  struct Case {
    uint8_t code;
    std::string_view result;
  };
  for (const Case& each : {Case{3, "name-unresolvable"}, Case{2, "temporary-resolver-failure"}, Case{1, "permanent-resolver-failure"}}) {
    const DnsServer server([&each](const DnsQuestion&) { return DnsAnswer{.code = each.code}; });
    World world(asking(server, {"network:resolve:*"}));
    const Held network = world.network();
    const auto stream = world.call<Answer<Held>>("lookup", network.borrow(), std::string("a.test"));
    ASSERT_TRUE(stream);
    ASSERT_TRUE(world.wait_for("lookup-subscribe", *stream));
    for (int again = 0; again < 2; again++) EXPECT_EQ(name_of(world.call<Answer<std::optional<IpAddress>>>("lookup-next", stream->borrow())), each.result);
  }
}

TEST(NameLookup, SaysNothingIsThereYetInsteadOfWaiting) {
  const DnsServer silent([](const DnsQuestion&) { return DnsAnswer{.is_silent = true}; });
  World world(asking(silent, {"network:resolve:*"}));
  const Held network = world.network();
  auto stream = world.call<Answer<Held>>("lookup", network.borrow(), std::string("a.test"));
  ASSERT_TRUE(stream);
  EXPECT_EQ(name_of(world.call<Answer<std::optional<IpAddress>>>("lookup-next", stream->borrow())), "would-block");
  Held pollable = world.call<Held>("lookup-subscribe", stream->borrow());
  EXPECT_FALSE(world.call<bool>("ready", pollable.borrow()));
  // A look-up that nobody waits for any more just ends.
  EXPECT_TRUE(world.drop(pollable));
  EXPECT_TRUE(world.drop(*stream));
}

TEST(NameLookup, BoundsHowManyLookUpsAreUnderWay) {
  const DnsServer silent([](const DnsQuestion&) { return DnsAnswer{.is_silent = true}; });
  World world(asking(silent, {"network:resolve:*"}));
  const Held network = world.network();
  std::vector<Held> streams;
  for (size_t i = 0; i < lookups_max; i++) {
    auto stream = world.call<Answer<Held>>("lookup", network.borrow(), "a" + std::to_string(i) + ".test");
    ASSERT_TRUE(stream) << i;
    streams.push_back(std::move(*stream));
  }
  EXPECT_EQ(name_of(world.call<Answer<Held>>("lookup", network.borrow(), std::string("b.test"))), "temporary-resolver-failure");
  EXPECT_EQ(resolve(world, "192.0.2.1"), "192.0.2.1");
  EXPECT_TRUE(world.drop(streams.back()));
  EXPECT_EQ(name_of(world.call<Answer<Held>>("lookup", network.borrow(), std::string("b.test"))), "ok");
}

TEST(NameLookup, EndsWithTheDeadlineAndWhenAnotherThreadCancels) {
  const DnsServer silent([](const DnsQuestion&) { return DnsAnswer{.is_silent = true}; });
  for (const bool is_cancelled : {false, true}) {
    World world(asking(silent, {"network:resolve:*"}));
    const Held network = world.network();
    const auto stream = world.call<Answer<Held>>("lookup", network.borrow(), std::string("a.test"));
    ASSERT_TRUE(stream);
    Held pollable = world.call<Held>("lookup-subscribe", stream->borrow());
    std::thread canceller;
    if (is_cancelled)
      canceller = std::thread([&world] { world.store().interrupt(); });
    else
      world.store().set_deadline(std::chrono::steady_clock::now() + std::chrono::milliseconds(20));
    const auto waited = world.try_call("block", pollable.borrow());
    if (canceller.joinable()) canceller.join();
    ASSERT_FALSE(waited);
    EXPECT_EQ(waited.error().kind(), ErrorKind::Timeout);
  }
}

std::string connect(World& world, std::string_view address, uint16_t port) {
  const Held network = world.network();
  Endpoint endpoint{.ip = *policy::parse_address(address), .port = port};
  const Held socket = world.tcp(endpoint.ip.is_v6 ? IpAddressFamily::Ipv6 : IpAddressFamily::Ipv4);
  return name_of(world.call<Answer<>>("tcp-start-connect", socket.borrow(), network.borrow(), endpoint.to_guest()));
}

TEST(NameLookup, OpensAnAddressOnlyToAGuestThatGotItByTheGrantedName) {
  const DnsServer server([](const DnsQuestion&) { return with({"192.0.2.1", "127.0.0.1"}); });
  World world(asking(server, {"network:outbound:api.test+loopback:443", "network:resolve:*"}));
  // The address is right, and nobody has looked the name up.
  EXPECT_EQ(connect(world, "127.0.0.1", 443), "access-denied");
  // It was got by another name.
  EXPECT_EQ(resolve(world, "other.test"), "192.0.2.1 127.0.0.1");
  EXPECT_EQ(connect(world, "127.0.0.1", 443), "access-denied");
  EXPECT_EQ(resolve(world, "api.test"), "192.0.2.1 127.0.0.1");
  EXPECT_EQ(connect(world, "127.0.0.1", 443), "ok");
  EXPECT_EQ(connect(world, "127.0.0.1", 80), "access-denied");
  EXPECT_EQ(connect(world, "127.0.0.2", 443), "access-denied");
}

/// The name's owner answers first with an address of the outside and then with one of the machine's own network.
TEST(NameLookup, DoesNotOpenPrivatePlacesToANameThatIsRebound) {
  std::atomic<bool> is_rebound = false;
  const DnsServer server([&is_rebound](const DnsQuestion&) {
    return is_rebound ? with({"127.0.0.1", "10.0.0.1", "192.168.1.1", "169.254.169.254", "::1", "fe80::1", "fd00::1"}) : with({"198.51.100.7"});
  });
  World world(asking(server, {"network:outbound:api.test"}));
  EXPECT_EQ(resolve(world, "api.test"), "198.51.100.7");
  is_rebound = true;
  EXPECT_NE(resolve(world, "api.test"), "");
  for (const std::string_view address : {"127.0.0.1", "10.0.0.1", "192.168.1.1", "169.254.169.254", "::1", "fe80::1", "fd00::1"})
    EXPECT_EQ(connect(world, address, 80), "access-denied") << address;
}

TEST(NameLookup, GivesOddFormsOfAnAddressNoOtherRightsThanTheAddressHas) {
  World world({.grants = {"network:outbound:api.test", "network:resolve:*"}});
  for (const std::string name : {"2130706433", "0177.0.0.1", "0x7f.1", "127.1", "::ffff:127.0.0.1"}) {
    EXPECT_EQ(resolve(world, name), "127.0.0.1") << name;
    EXPECT_EQ(connect(world, "127.0.0.1", 80), "access-denied") << name;
  }
}

}  // namespace
}  // namespace tenon::wasi::sockets
