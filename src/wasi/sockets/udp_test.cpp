#include "wasi/sockets/udp.h"

#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "wasi/sockets/test_world.h"

namespace tenon::wasi::sockets {
namespace {

template <class T>
std::string name_of(const Answer<T>& answer) {
  return answer ? "ok" : std::string(EnumTraits<ErrorCode>::names[static_cast<size_t>(answer.error())]);
}

/// A bound socket with its streams.
struct Peer {
  Held socket;
  Held incoming;
  Held outgoing;
  IpSocketAddress address;
};

class Udp : public testing::TestWithParam<IpAddressFamily> {
 protected:
  void SetUp() override {
    if (!has_family(family())) GTEST_SKIP() << "this machine has no loopback address of the family";
  }
  static IpAddressFamily family() { return GetParam(); }
  static IpAddressFamily other_family() { return family() == IpAddressFamily::Ipv4 ? IpAddressFamily::Ipv6 : IpAddressFamily::Ipv4; }
  static IpSocketAddress local(uint16_t port = 0) { return loopback(family(), port).to_guest(); }

  static Held bound(World& world, const IpSocketAddress& address) {
    const Held network = world.network();
    Held socket = world.udp(family());
    EXPECT_EQ(name_of(world.call<Answer<>>("udp-start-bind", socket.borrow(), network.borrow(), address)), "ok");
    EXPECT_EQ(name_of(world.call<Answer<>>("udp-finish-bind", socket.borrow())), "ok");
    return socket;
  }
  static Answer<HeldStreams> stream(World& world, const Held& socket, const std::optional<IpSocketAddress>& remote = std::nullopt) {
    return world.call<Answer<HeldStreams>>("udp-stream", socket.borrow(), remote);
  }
  static Peer peer(World& world, const std::optional<IpSocketAddress>& remote = std::nullopt) {
    Held socket = bound(world, local());
    auto streams = stream(world, socket, remote);
    EXPECT_EQ(name_of(streams), "ok");
    const auto address = world.call<Answer<IpSocketAddress>>("udp-local-address", socket.borrow());
    return {std::move(socket), std::move(std::get<0>(*streams)), std::move(std::get<1>(*streams)), *address};
  }

  static Answer<uint64_t> send(World& world, const Peer& from, const std::vector<OutgoingDatagram>& datagrams) {
    EXPECT_TRUE(world.wait_for("udp-outgoing-subscribe", from.outgoing));
    EXPECT_GE(*world.call<Answer<uint64_t>>("udp-check-send", from.outgoing.borrow()), datagrams.size());
    return world.call<Answer<uint64_t>>("udp-send", from.outgoing.borrow(), datagrams);
  }
  static Answer<std::vector<IncomingDatagram>> receive(World& world, const Peer& at, uint64_t max = 100) {
    EXPECT_TRUE(world.wait_for("udp-incoming-subscribe", at.incoming));
    return world.call<Answer<std::vector<IncomingDatagram>>>("udp-receive", at.incoming.borrow(), max);
  }
  static void drop_streams(World& world, HeldStreams& streams) {
    EXPECT_TRUE(world.drop(std::get<0>(streams)));
    EXPECT_TRUE(world.drop(std::get<1>(streams)));
  }
};

INSTANTIATE_TEST_SUITE_P(Families, Udp, testing::Values(IpAddressFamily::Ipv4, IpAddressFamily::Ipv6),
                         [](const auto& suite) { return suite.param == IpAddressFamily::Ipv4 ? "Ipv4" : "Ipv6"; });

TEST_P(Udp, EchoesBothAsServerAndAsClient) {
  World world;
  const Peer server = peer(world);
  const Peer client = peer(world, server.address);
  ASSERT_EQ(send(world, client, {{bytes_of("hello"), std::nullopt}}), 1U);
  const auto heard = receive(world, server);
  ASSERT_TRUE(heard);
  ASSERT_EQ(heard->size(), 1U);
  EXPECT_EQ(text_of(heard->front().data), "hello");
  EXPECT_EQ(Endpoint::of(heard->front().remote_address), Endpoint::of(client.address));
  ASSERT_EQ(send(world, server, {{heard->front().data, heard->front().remote_address}}), 1U);
  const auto echo = receive(world, client);
  ASSERT_TRUE(echo);
  ASSERT_EQ(echo->size(), 1U);
  EXPECT_EQ(text_of(echo->front().data), "hello");
}

TEST_P(Udp, SendsAndReceivesManyAtOnceInOrderUpToItsLimits) {
  World world;
  const Peer server = peer(world);
  const Peer client = peer(world, server.address);
  std::vector<OutgoingDatagram> many;
  for (uint8_t i = 0; i < DatagramSocket::datagrams_max; i++) many.push_back({Bytes(i, i), std::nullopt});
  ASSERT_EQ(send(world, client, many), many.size());
  const auto some = receive(world, server, 3);
  ASSERT_TRUE(some);
  ASSERT_EQ(some->size(), 3U);
  const auto none = receive(world, server, 0);
  ASSERT_TRUE(none);
  EXPECT_TRUE(none->empty());
  const auto rest = receive(world, server, UINT64_MAX);
  ASSERT_TRUE(rest);
  ASSERT_EQ(rest->size(), many.size() - 3);
  for (size_t i = 0; i < rest->size(); i++) EXPECT_EQ((*rest)[i].data, many[i + 3].data);
  const auto empty = world.call<Answer<std::vector<IncomingDatagram>>>("udp-receive", server.incoming.borrow(), uint64_t{1});
  ASSERT_TRUE(empty);
  EXPECT_TRUE(empty->empty());
}

TEST_P(Udp, TrapsOnMoreThanWasPermittedAndOnASecondSend) {
  for (const bool is_second : {false, true}) {
    World world;
    const Peer server = peer(world);
    const Peer client = peer(world, server.address);
    const uint64_t permitted = *world.call<Answer<uint64_t>>("udp-check-send", client.outgoing.borrow());
    ASSERT_GT(permitted, 0U);
    if (is_second) {
      ASSERT_TRUE(world.call<Answer<uint64_t>>("udp-send", client.outgoing.borrow(), std::vector<OutgoingDatagram>{{bytes_of("x"), std::nullopt}}));
    }
    const std::vector<OutgoingDatagram> datagrams(is_second ? 1 : permitted + 1, {bytes_of("x"), std::nullopt});
    const auto sent = world.try_call<Answer<uint64_t>>("udp-send", client.outgoing.borrow(), datagrams);
    ASSERT_FALSE(sent);
    EXPECT_EQ(sent.error().kind(), ErrorKind::Trap);
  }
}

TEST_P(Udp, SendsNothingWithoutAPermitWhenThereIsNothingToSend) {
  World world;
  const Peer client = peer(world);
  EXPECT_EQ(world.call<Answer<uint64_t>>("udp-send", client.outgoing.borrow(), std::vector<OutgoingDatagram>()), 0U);
}

TEST_P(Udp, RefusesDatagramsThatItCannotSend) {
  World world;
  const Peer server = peer(world);
  Endpoint mapped = loopback(IpAddressFamily::Ipv6, 80);
  mapped.ip.bytes = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127, 0, 0, 1};
  Endpoint unspecified = Endpoint::any(family());
  unspecified.port = 80;
  const Peer free = peer(world);
  for (const std::optional<IpSocketAddress>& to : {std::optional<IpSocketAddress>(), std::optional(mapped.to_guest()), std::optional(unspecified.to_guest()),
                                                   std::optional(local(0)), std::optional(loopback(other_family(), 80).to_guest())})
    EXPECT_EQ(name_of(send(world, free, {{bytes_of("x"), to}})), "invalid-argument");
  EXPECT_EQ(name_of(send(world, free, {{Bytes(65'536), server.address}})), "datagram-too-large");
  EXPECT_EQ(name_of(send(world, free, {{Bytes(65'530), server.address}})), "datagram-too-large");
  // What was sent before the refusal is told, the refusal with the next call.
  EXPECT_EQ(send(world, free, {{bytes_of("x"), server.address}, {bytes_of("y"), std::nullopt}}), 1U);
  const Peer connected = peer(world, server.address);
  EXPECT_EQ(name_of(send(world, connected, {{bytes_of("x"), free.address}})), "invalid-argument");
  EXPECT_EQ(send(world, connected, {{bytes_of("x"), server.address}}), 1U);
}

TEST_P(Udp, ConnectsDisconnectsAndConnectsElsewhereAtOnePort) {
  World world;
  const Peer first = peer(world);
  const Peer second = peer(world);
  for (const bool is_any : {false, true}) {
    const Held socket = bound(world, is_any ? Endpoint::any(family()).to_guest() : local());
    const auto remote = [&] { return world.call<Answer<IpSocketAddress>>("udp-remote-address", socket.borrow()); };
    const auto port = [&] { return Endpoint::of(*world.call<Answer<IpSocketAddress>>("udp-local-address", socket.borrow())).port; };
    const uint16_t own = port();
    EXPECT_NE(own, 0);
    for (const std::optional<IpSocketAddress>& to :
         {std::optional<IpSocketAddress>(), std::optional(first.address), std::optional(first.address), std::optional(second.address),
          std::optional<IpSocketAddress>(), std::optional<IpSocketAddress>(), std::optional(first.address)}) {
      auto streams = stream(world, socket, to);
      ASSERT_EQ(name_of(streams), "ok");
      if (to) {
        EXPECT_EQ(Endpoint::of(*remote()), Endpoint::of(*to));
      } else {
        EXPECT_EQ(name_of(remote()), "invalid-state");
      }
      EXPECT_EQ(port(), own);
      drop_streams(world, *streams);
    }
  }
}

TEST_P(Udp, HearsItsRemoteAloneAlsoOfWhatCameBefore) {
  World world;
  const Held socket = bound(world, local());
  const auto address = world.call<Answer<IpSocketAddress>>("udp-local-address", socket.borrow());
  const Peer wanted = peer(world);
  const Peer unwanted = peer(world);
  ASSERT_EQ(send(world, unwanted, {{bytes_of("no"), *address}}), 1U);
  ASSERT_EQ(send(world, wanted, {{bytes_of("yes"), *address}}), 1U);
  ASSERT_EQ(send(world, unwanted, {{bytes_of("no"), *address}}), 1U);
  auto streams = stream(world, socket, wanted.address);
  ASSERT_TRUE(streams);
  ASSERT_TRUE(world.wait_for("udp-incoming-subscribe", std::get<0>(*streams)));
  const auto heard = world.call<Answer<std::vector<IncomingDatagram>>>("udp-receive", std::get<0>(*streams).borrow(), uint64_t{100});
  ASSERT_TRUE(heard);
  ASSERT_EQ(heard->size(), 1U);
  EXPECT_EQ(text_of(heard->front().data), "yes");
  Held pollable = world.call<Held>("udp-incoming-subscribe", std::get<0>(*streams).borrow());
  EXPECT_FALSE(world.call<bool>("ready", pollable.borrow()));
}

TEST_P(Udp, TellsThatNobodyListensAtTheOtherEnd) {
  World world;
  Peer receiver = peer(world);
  EXPECT_TRUE(world.drop(receiver.incoming));
  EXPECT_TRUE(world.drop(receiver.outgoing));
  EXPECT_TRUE(world.drop(receiver.socket));
  const Peer sender = peer(world, receiver.address);
  ASSERT_EQ(send(world, sender, {{bytes_of("x"), std::nullopt}}), 1U);
  EXPECT_EQ(name_of(receive(world, sender)), "connection-refused");
}

TEST_P(Udp, TrapsWhenStreamsAreAskedForWhileOthersLive) {
  World world;
  const Held socket = bound(world, local());
  auto streams = stream(world, socket);
  ASSERT_TRUE(streams);
  EXPECT_TRUE(world.drop(std::get<0>(*streams)));
  const auto again = world.try_call<Answer<HeldStreams>>("udp-stream", socket.borrow(), std::optional<IpSocketAddress>());
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().kind(), ErrorKind::Trap);
}

TEST_P(Udp, RefusesOperationsOfTheWrongState) {
  World world;
  const Held network = world.network();
  const Held fresh = world.udp(family());
  EXPECT_EQ(name_of(world.call<Answer<>>("udp-finish-bind", fresh.borrow())), "not-in-progress");
  EXPECT_EQ(name_of(stream(world, fresh)), "invalid-state");
  EXPECT_EQ(name_of(stream(world, fresh, local(80))), "invalid-state");
  EXPECT_EQ(name_of(world.call<Answer<IpSocketAddress>>("udp-local-address", fresh.borrow())), "invalid-state");
  EXPECT_EQ(name_of(world.call<Answer<IpSocketAddress>>("udp-remote-address", fresh.borrow())), "invalid-state");
  EXPECT_EQ(world.call<IpAddressFamily>("udp-address-family", fresh.borrow()), family());
  EXPECT_TRUE(world.wait_for("udp-subscribe", fresh));
  EXPECT_EQ(name_of(world.call<Answer<>>("udp-start-bind", fresh.borrow(), network.borrow(), local())), "ok");
  EXPECT_EQ(name_of(world.call<Answer<>>("udp-start-bind", fresh.borrow(), network.borrow(), local())), "concurrency-conflict");
  EXPECT_EQ(name_of(world.call<Answer<>>("udp-finish-bind", fresh.borrow())), "ok");
  EXPECT_EQ(name_of(world.call<Answer<>>("udp-start-bind", fresh.borrow(), network.borrow(), local())), "invalid-state");
  EXPECT_EQ(name_of(world.call<Answer<IpSocketAddress>>("udp-local-address", fresh.borrow())), "ok");
}

TEST_P(Udp, RefusesAddressesThatItCannotUse) {
  World world;
  const Held network = world.network();
  Endpoint mapped = loopback(IpAddressFamily::Ipv6, 80);
  mapped.ip.bytes = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127, 0, 0, 1};
  Endpoint elsewhere = Endpoint::any(family());
  if (family() == IpAddressFamily::Ipv4)
    elsewhere.ip.bytes = {192, 0, 2, 1};
  else
    elsewhere.ip.bytes = {0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  const Peer taken = peer(world);
  const Held socket = world.udp(family());
  struct Case {
    IpSocketAddress address;
    std::string_view result;
  };
  for (const Case& each : {Case{mapped.to_guest(), "invalid-argument"}, Case{loopback(other_family(), 0).to_guest(), "invalid-argument"},
                           Case{elsewhere.to_guest(), "address-not-bindable"}, Case{taken.address, "address-in-use"}})
    EXPECT_EQ(name_of(world.call<Answer<>>("udp-start-bind", socket.borrow(), network.borrow(), each.address)), each.result);
  const Held ready = bound(world, local());
  Endpoint unspecified = Endpoint::any(family());
  unspecified.port = 80;
  for (const Endpoint& remote : {mapped, loopback(other_family(), 80), unspecified, loopback(family(), 0)})
    EXPECT_EQ(name_of(stream(world, ready, remote.to_guest())), "invalid-argument");
}

TEST_P(Udp, ReadsOptionsBackAndRefusesZero) {
  World world;
  const Held socket = world.udp(family());
  for (const uint8_t value : {uint8_t{1}, uint8_t{42}, uint8_t{255}}) {
    EXPECT_EQ(name_of(world.call<Answer<>>("udp-set-unicast-hop-limit", socket.borrow(), value)), "ok");
    EXPECT_EQ(world.call<Answer<uint8_t>>("udp-unicast-hop-limit", socket.borrow()), value);
  }
  EXPECT_EQ(name_of(world.call<Answer<>>("udp-set-unicast-hop-limit", socket.borrow(), uint8_t{0})), "invalid-argument");
  for (const std::string which : {"receive-buffer-size", "send-buffer-size"}) {
    EXPECT_EQ(name_of(world.call<Answer<>>("udp-set-" + which, socket.borrow(), uint64_t{0x10000})), "ok");
    EXPECT_EQ(world.call<Answer<uint64_t>>("udp-" + which, socket.borrow()), uint64_t{0x10000});
    EXPECT_EQ(name_of(world.call<Answer<>>("udp-set-" + which, socket.borrow(), uint64_t{0})), "invalid-argument");
    EXPECT_EQ(name_of(world.call<Answer<>>("udp-set-" + which, socket.borrow(), uint64_t{1})), "ok");
    EXPECT_EQ(name_of(world.call<Answer<>>("udp-set-" + which, socket.borrow(), UINT64_MAX)), "ok");
  }
}

TEST_P(Udp, StopsWaitingAtTheDeadlineAndWhenAnotherThreadCancels) {
  for (const bool is_cancelled : {false, true}) {
    World world;
    const Peer silent = peer(world);
    Held pollable = world.call<Held>("udp-incoming-subscribe", silent.incoming.borrow());
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

TEST_P(Udp, TrapsWhenASocketIsDroppedBeforeItsStreams) {
  World world;
  Peer some = peer(world);
  const auto dropped = world.drop(some.socket);
  ASSERT_FALSE(dropped);
  EXPECT_EQ(dropped.error().kind(), ErrorKind::Trap);
}

TEST_P(Udp, ChargesWhatItSendsAndReceives) {
  World world({.limits = {.bytes_in = 10, .bytes_out = 14}});
  const Peer server = peer(world);
  const Peer client = peer(world, server.address);
  ASSERT_EQ(send(world, client, {{Bytes(7), std::nullopt}, {Bytes(7), std::nullopt}}), 2U);
  EXPECT_EQ(world.budget().left_out(), 0U);
  ASSERT_TRUE(receive(world, server, 1));
  EXPECT_EQ(world.budget().left_in(), 3U);
  const auto received = world.try_call<Answer<std::vector<IncomingDatagram>>>("udp-receive", server.incoming.borrow(), uint64_t{1});
  ASSERT_FALSE(received);
  EXPECT_EQ(received.error().kind(), ErrorKind::LimitExceeded);
}

TEST_P(Udp, SendsNothingThatItsBudgetDoesNotCover) {
  World world({.limits = {.bytes_out = 10}});
  const Peer server = peer(world);
  const Peer client = peer(world, server.address);
  ASSERT_TRUE(world.call<Answer<uint64_t>>("udp-check-send", client.outgoing.borrow()));
  const auto sent = world.try_call<Answer<uint64_t>>("udp-send", client.outgoing.borrow(), std::vector<OutgoingDatagram>{{Bytes(11), std::nullopt}});
  ASSERT_FALSE(sent);
  EXPECT_EQ(sent.error().kind(), ErrorKind::LimitExceeded);
}

/// Another store at the other end.
class UdpPolicy : public Udp {};
INSTANTIATE_TEST_SUITE_P(Families, UdpPolicy, testing::Values(IpAddressFamily::Ipv4, IpAddressFamily::Ipv6),
                         [](const auto& suite) { return suite.param == IpAddressFamily::Ipv4 ? "Ipv4" : "Ipv6"; });

TEST_P(UdpPolicy, RefusesEveryAddressToAGuestWithoutAnyNetworkRule) {
  World world({.grants = {}});
  const Held network = world.network();
  const Held socket = world.udp(family());
  EXPECT_EQ(name_of(world.call<Answer<>>("udp-start-bind", socket.borrow(), network.borrow(), local())), "access-denied");
  EXPECT_EQ(name_of(world.call<Answer<>>("udp-start-bind", socket.borrow(), network.borrow(), Endpoint::any(family()).to_guest())), "ok");
  EXPECT_EQ(name_of(world.call<Answer<>>("udp-finish-bind", socket.borrow())), "ok");
  EXPECT_EQ(name_of(stream(world, socket, local(9))), "access-denied");
}

TEST_P(UdpPolicy, ChecksTheDestinationOfEachDatagram) {
  World other;
  const Peer granted = peer(other);
  const Peer denied = peer(other);
  const std::string host = family() == IpAddressFamily::Ipv4 ? "127.0.0.1" : "[::1]";
  const std::string port = std::to_string(Endpoint::of(granted.address).port);
  World world({.grants = {"network:outbound:udp://" + host + ":" + port}});
  const Held socket = bound(world, Endpoint::any(family()).to_guest());
  auto streams = stream(world, socket);
  ASSERT_TRUE(streams);
  const auto send_to = [&](const IpSocketAddress& to) {
    EXPECT_TRUE(world.call<Answer<uint64_t>>("udp-check-send", std::get<1>(*streams).borrow()));
    return name_of(world.call<Answer<uint64_t>>("udp-send", std::get<1>(*streams).borrow(), std::vector<OutgoingDatagram>{{bytes_of("x"), to}}));
  };
  EXPECT_EQ(send_to(denied.address), "access-denied");
  EXPECT_EQ(send_to(granted.address), "ok");
  EXPECT_EQ(send_to(denied.address), "access-denied");
  EXPECT_EQ(send_to(granted.address), "ok");
  drop_streams(world, *streams);
  EXPECT_EQ(name_of(stream(world, socket, denied.address)), "access-denied");
  EXPECT_EQ(name_of(stream(world, socket, granted.address)), "ok");
  // The denied one got nothing.
  Held nothing = other.call<Held>("udp-incoming-subscribe", denied.incoming.borrow());
  EXPECT_FALSE(other.call<bool>("ready", nothing.borrow()));
}

TEST_P(UdpPolicy, HearsAnswersAloneWithoutAGrantToListen) {
  World other;
  const Peer server = peer(other);
  const Peer stranger = peer(other);
  const std::string host = family() == IpAddressFamily::Ipv4 ? "127.0.0.1" : "[::1]";
  World world({.grants = {"network:outbound:udp://" + host}});
  const Held socket = bound(world, Endpoint::any(family()).to_guest());
  auto streams = stream(world, socket);
  ASSERT_TRUE(streams);
  const uint16_t port = Endpoint::of(*world.call<Answer<IpSocketAddress>>("udp-local-address", socket.borrow())).port;
  ASSERT_EQ(send(other, stranger, {{bytes_of("unasked"), local(port)}}), 1U);
  Held pollable = world.call<Held>("udp-incoming-subscribe", std::get<0>(*streams).borrow());
  EXPECT_FALSE(world.call<bool>("ready", pollable.borrow()));
  ASSERT_TRUE(world.call<Answer<uint64_t>>("udp-check-send", std::get<1>(*streams).borrow()));
  ASSERT_TRUE(world.call<Answer<uint64_t>>("udp-send", std::get<1>(*streams).borrow(), std::vector<OutgoingDatagram>{{bytes_of("question"), server.address}}));
  const auto question = receive(other, server);
  ASSERT_TRUE(question);
  ASSERT_EQ(send(other, stranger, {{bytes_of("unasked"), local(port)}}), 1U);
  ASSERT_EQ(send(other, server, {{bytes_of("answer"), question->front().remote_address}}), 1U);
  ASSERT_TRUE(world.try_call("block", pollable.borrow()));
  const auto heard = world.call<Answer<std::vector<IncomingDatagram>>>("udp-receive", std::get<0>(*streams).borrow(), uint64_t{10});
  ASSERT_TRUE(heard);
  ASSERT_EQ(heard->size(), 1U);
  EXPECT_EQ(text_of(heard->front().data), "answer");
}

TEST_P(UdpPolicy, ListensWhereItIsGrantedAlone) {
  const std::string host = family() == IpAddressFamily::Ipv4 ? "127.0.0.1" : "[::1]";
  World world({.grants = {"network:listen:udp://" + host + ":0"}});
  const Held network = world.network();
  const Held socket = world.udp(family());
  EXPECT_EQ(name_of(world.call<Answer<>>("udp-start-bind", socket.borrow(), network.borrow(), local(5353))), "access-denied");
  EXPECT_EQ(name_of(world.call<Answer<>>("udp-start-bind", socket.borrow(), network.borrow(), local())), "ok");
  EXPECT_EQ(name_of(world.call<Answer<>>("udp-finish-bind", socket.borrow())), "ok");
  auto streams = stream(world, socket);
  ASSERT_TRUE(streams);
  World other;
  const Peer stranger = peer(other);
  const auto address = world.call<Answer<IpSocketAddress>>("udp-local-address", socket.borrow());
  ASSERT_EQ(send(other, stranger, {{bytes_of("hello"), *address}}), 1U);
  EXPECT_TRUE(world.wait_for("udp-incoming-subscribe", std::get<0>(*streams)));
  // It may listen, and not answer.
  ASSERT_TRUE(world.call<Answer<uint64_t>>("udp-check-send", std::get<1>(*streams).borrow()));
  EXPECT_EQ(name_of(world.call<Answer<uint64_t>>("udp-send", std::get<1>(*streams).borrow(), std::vector<OutgoingDatagram>{{bytes_of("x"), stranger.address}})),
            "access-denied");
}

}  // namespace
}  // namespace tenon::wasi::sockets
