#include "wasi/sockets/tcp.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <sys/socket.h>
#include <unistd.h>

#include "wasi/sockets/test_world.h"

namespace tenon::wasi::sockets {
namespace {

constexpr uint64_t a_second = 1'000'000'000;

/// "ok" or the name of the error code, to compare in one table.
template <class T>
std::string name_of(const Answer<T>& answer) {
  return answer ? "ok" : std::string(EnumTraits<ErrorCode>::names[static_cast<size_t>(answer.error())]);
}

/// One end of a connection.
struct End {
  Held socket;
  Held input;
  Held output;
};

class Tcp : public testing::TestWithParam<IpAddressFamily> {
 protected:
  void SetUp() override {
    if (!has_family(family())) GTEST_SKIP() << "this machine has no loopback address of the family";
  }
  static IpAddressFamily family() { return GetParam(); }
  static IpAddressFamily other_family() { return family() == IpAddressFamily::Ipv4 ? IpAddressFamily::Ipv6 : IpAddressFamily::Ipv4; }
  static IpSocketAddress local(uint16_t port = 0) { return loopback(family(), port).to_guest(); }

  static Held listener(World& world, const Held& network) {
    Held socket = world.tcp(family());
    EXPECT_EQ(name_of(world.call<Answer<>>("tcp-start-bind", socket.borrow(), network.borrow(), local())), "ok");
    EXPECT_EQ(name_of(world.call<Answer<>>("tcp-finish-bind", socket.borrow())), "ok");
    EXPECT_EQ(name_of(world.call<Answer<>>("tcp-start-listen", socket.borrow())), "ok");
    EXPECT_EQ(name_of(world.call<Answer<>>("tcp-finish-listen", socket.borrow())), "ok");
    return socket;
  }

  static IpSocketAddress address_of(World& world, const Held& socket) { return *world.call<Answer<IpSocketAddress>>("tcp-local-address", socket.borrow()); }

  static Answer<End> connect(World& world, const Held& network, const IpSocketAddress& to) {
    Held socket = world.tcp(family());
    if (const auto started = world.call<Answer<>>("tcp-start-connect", socket.borrow(), network.borrow(), to); !started) return refuse(started.error());
    EXPECT_TRUE(world.wait_for("tcp-subscribe", socket));
    auto streams = world.call<Answer<HeldStreams>>("tcp-finish-connect", socket.borrow());
    if (!streams) return refuse(streams.error());
    return End{std::move(socket), std::move(std::get<0>(*streams)), std::move(std::get<1>(*streams))};
  }

  static End accept(World& world, const Held& listener) {
    EXPECT_TRUE(world.wait_for("tcp-subscribe", listener));
    auto accepted = world.call<Answer<HeldAccepted>>("tcp-accept", listener.borrow());
    EXPECT_EQ(name_of(accepted), "ok");
    return End{std::move(std::get<0>(*accepted)), std::move(std::get<1>(*accepted)), std::move(std::get<2>(*accepted))};
  }

  /// Both ends of a connection, the client's first.
  static std::pair<End, End> pair(World& world) {
    const Held network = world.network();
    const Held server = listener(world, network);
    auto client = connect(world, network, address_of(world, server));
    EXPECT_EQ(name_of(client), "ok");
    return {*std::move(client), accept(world, server)};
  }

  static std::string read_all(World& world, const End& end) {
    std::string text;
    while (true) {
      const auto bytes = world.call<StreamReply<Bytes>>("blocking-read", end.input.borrow(), uint64_t{100'000});
      if (!bytes) {
        EXPECT_TRUE(bytes.error().is_closed());
        return text;
      }
      text += text_of(*bytes);
    }
  }
};

INSTANTIATE_TEST_SUITE_P(Families, Tcp, testing::Values(IpAddressFamily::Ipv4, IpAddressFamily::Ipv6),
                         [](const auto& suite) { return suite.param == IpAddressFamily::Ipv4 ? "Ipv4" : "Ipv6"; });

TEST_P(Tcp, EchoesBothAsServerAndAsClient) {
  World world;
  const auto [client, server] = pair(world);
  ASSERT_TRUE(world.call<StreamReply<>>("blocking-write", client.output.borrow(), bytes_of("hello")));
  const auto heard = world.call<StreamReply<Bytes>>("blocking-read", server.input.borrow(), uint64_t{100});
  ASSERT_TRUE(heard);
  EXPECT_EQ(text_of(*heard), "hello");
  ASSERT_TRUE(world.call<StreamReply<>>("blocking-write", server.output.borrow(), *heard));
  const auto echo = world.call<StreamReply<Bytes>>("blocking-read", client.input.borrow(), uint64_t{100});
  ASSERT_TRUE(echo);
  EXPECT_EQ(text_of(*echo), "hello");
}

TEST_P(Tcp, TellsBothEndsTheirAddresses) {
  World world;
  const auto [client, server] = pair(world);
  const auto endpoint = [&world](std::string_view name, const End& end) {
    return Endpoint::of(*world.call<Answer<IpSocketAddress>>(name, end.socket.borrow()));
  };
  EXPECT_EQ(endpoint("tcp-local-address", client), endpoint("tcp-remote-address", server));
  EXPECT_EQ(endpoint("tcp-remote-address", client), endpoint("tcp-local-address", server));
  EXPECT_EQ(endpoint("tcp-local-address", client).ip, loopback(family(), 0).ip);
  EXPECT_NE(endpoint("tcp-local-address", client).port, 0);
}

TEST_P(Tcp, SaysNothingIsThereYetInsteadOfWaiting) {
  World world;
  const Held network = world.network();
  const Held server = listener(world, network);
  EXPECT_EQ(name_of(world.call<Answer<HeldAccepted>>("tcp-accept", server.borrow())), "would-block");
  Held pollable = world.call<Held>("tcp-subscribe", server.borrow());
  EXPECT_FALSE(world.call<bool>("ready", pollable.borrow()));
  const auto client = connect(world, network, address_of(world, server));
  ASSERT_TRUE(client);
  const End accepted = accept(world, server);
  const auto bytes = world.call<StreamReply<Bytes>>("read", accepted.input.borrow(), uint64_t{100});
  ASSERT_TRUE(bytes);
  EXPECT_TRUE(bytes->empty());
  Held readable = world.call<Held>("input-subscribe", accepted.input.borrow());
  EXPECT_FALSE(world.call<bool>("ready", readable.borrow()));
  EXPECT_GT(*world.call<StreamReply<uint64_t>>("check-write", accepted.output.borrow()), 0U);
}

TEST_P(Tcp, HalfClosesSendingAndGoesOnReceiving) {
  World world;
  const auto [client, server] = pair(world);
  ASSERT_TRUE(world.call<StreamReply<>>("blocking-write", client.output.borrow(), bytes_of("question")));
  EXPECT_EQ(name_of(world.call<Answer<>>("tcp-shutdown", client.socket.borrow(), ShutdownType::Send)), "ok");
  EXPECT_EQ(read_all(world, server), "question");
  ASSERT_TRUE(world.call<StreamReply<>>("blocking-write", server.output.borrow(), bytes_of("answer")));
  EXPECT_EQ(name_of(world.call<Answer<>>("tcp-shutdown", server.socket.borrow(), ShutdownType::Both)), "ok");
  EXPECT_EQ(read_all(world, client), "answer");
}

TEST_P(Tcp, ClosesTheStreamsOfADirectionThatIsShutDown) {
  World world;
  const auto [client, server] = pair(world);
  // Something to read is there, and is lost.
  ASSERT_TRUE(world.call<StreamReply<>>("blocking-write", server.output.borrow(), bytes_of("lost")));
  ASSERT_TRUE(world.wait_for("input-subscribe", client.input));
  for (int again = 0; again < 2; again++) {
    EXPECT_EQ(name_of(world.call<Answer<>>("tcp-shutdown", client.socket.borrow(), ShutdownType::Receive)), "ok");
    for (const uint64_t size : {uint64_t{10}, uint64_t{0}}) {
      const auto read = world.call<StreamReply<Bytes>>("read", client.input.borrow(), size);
      ASSERT_FALSE(read);
      EXPECT_TRUE(read.error().is_closed());
    }
  }
  EXPECT_GT(*world.call<StreamReply<uint64_t>>("check-write", client.output.borrow()), 0U);
  EXPECT_EQ(name_of(world.call<Answer<>>("tcp-shutdown", client.socket.borrow(), ShutdownType::Send)), "ok");
  const auto written = world.call<StreamReply<>>("write", client.output.borrow(), bytes_of("x"));
  ASSERT_FALSE(written);
  EXPECT_TRUE(written.error().is_closed());
  EXPECT_FALSE(world.call<StreamReply<uint64_t>>("check-write", client.output.borrow()));
  EXPECT_FALSE(world.call<StreamReply<>>("flush", client.output.borrow()));
  EXPECT_EQ(name_of(world.call<Answer<>>("tcp-shutdown", client.socket.borrow(), ShutdownType::Both)), "ok");
}

TEST_P(Tcp, LosesNothingOfAWriteLargerThanTheBuffersWhenItIsShutDownAtOnce) {
  World world;
  const auto [client, server] = pair(world);
  ASSERT_TRUE(world.call<Answer<>>("tcp-set-send-buffer-size", client.socket.borrow(), uint64_t{1024}));
  size_t sent = 0;
  while (true) {
    const uint64_t permit = *world.call<StreamReply<uint64_t>>("check-write", client.output.borrow());
    if (permit == 0) break;
    ASSERT_TRUE(world.call<StreamReply<>>("write", client.output.borrow(), Bytes(permit, uint8_t{'x'})));
    sent += permit;
  }
  // The last write is kept at least in part; nobody reads yet.
  EXPECT_EQ(name_of(world.call<Answer<>>("tcp-shutdown", client.socket.borrow(), ShutdownType::Send)), "ok");
  EXPECT_EQ(read_all(world, server).size(), sent);
}

TEST_P(Tcp, EndsReadingWhenThePeerIsGone) {
  World world;
  auto [client, server] = pair(world);
  EXPECT_TRUE(world.drop(server.input));
  EXPECT_TRUE(world.drop(server.output));
  EXPECT_TRUE(world.drop(server.socket));
  EXPECT_EQ(read_all(world, client), "");
  const auto again = world.call<StreamReply<Bytes>>("read", client.input.borrow(), uint64_t{0});
  ASSERT_FALSE(again);
  EXPECT_TRUE(again.error().is_closed());
}

TEST_P(Tcp, TellsAResetByItsErrorCode) {
  World world;
  auto [client, server] = pair(world);
  ASSERT_TRUE(world.call<StreamReply<>>("blocking-write", client.output.borrow(), bytes_of("unread")));
  ASSERT_TRUE(world.wait_for("input-subscribe", server.input));
  // What was not read makes the end a reset.
  EXPECT_TRUE(world.drop(server.input));
  EXPECT_TRUE(world.drop(server.output));
  EXPECT_TRUE(world.drop(server.socket));
  ASSERT_TRUE(world.wait_for("input-subscribe", client.input));
  const auto read = world.call<StreamReply<Bytes>>("read", client.input.borrow(), uint64_t{10});
  ASSERT_FALSE(read);
  ASSERT_FALSE(read.error().is_closed());
  const auto code = world.call<std::optional<ErrorCode>>("network-error-code", std::get<0>(read.error().value).borrow());
  EXPECT_EQ(code, ErrorCode::ConnectionReset);
}

TEST_P(Tcp, ReportsARefusedConnectionAndIsClosedThen) {
  World world;
  const Held network = world.network();
  IpSocketAddress nobody;
  {
    Held bound = world.tcp(family());
    ASSERT_TRUE(world.call<Answer<>>("tcp-start-bind", bound.borrow(), network.borrow(), local()));
    nobody = address_of(world, bound);
    // Bound and not listening: nothing else takes the port, and nobody answers.
    Held socket = world.tcp(family());
    ASSERT_EQ(name_of(world.call<Answer<>>("tcp-start-connect", socket.borrow(), network.borrow(), nobody)), "ok");
    ASSERT_TRUE(world.wait_for("tcp-subscribe", socket));
    EXPECT_EQ(name_of(world.call<Answer<HeldStreams>>("tcp-finish-connect", socket.borrow())), "connection-refused");
    EXPECT_EQ(name_of(world.call<Answer<HeldStreams>>("tcp-finish-connect", socket.borrow())), "not-in-progress");
    EXPECT_EQ(name_of(world.call<Answer<>>("tcp-start-connect", socket.borrow(), network.borrow(), nobody)), "invalid-state");
    EXPECT_EQ(name_of(world.call<Answer<>>("tcp-start-bind", socket.borrow(), network.borrow(), local())), "invalid-state");
    EXPECT_EQ(name_of(world.call<Answer<IpSocketAddress>>("tcp-local-address", socket.borrow())), "invalid-state");
    EXPECT_EQ(name_of(world.call<Answer<uint8_t>>("tcp-hop-limit", socket.borrow())), "invalid-state");
    EXPECT_EQ(name_of(world.call<Answer<>>("tcp-set-listen-backlog-size", socket.borrow(), uint64_t{1})), "invalid-state");
    EXPECT_TRUE(world.wait_for("tcp-subscribe", socket));
    EXPECT_TRUE(world.drop(socket));
  }
}

/// Every operation in every state.
TEST_P(Tcp, RefusesOperationsOfTheWrongState) {
  World world;
  const Held network = world.network();
  const auto start_bind = [&](const Held& socket) { return name_of(world.call<Answer<>>("tcp-start-bind", socket.borrow(), network.borrow(), local())); };
  const auto start_connect = [&](const Held& socket) {
    return name_of(world.call<Answer<>>("tcp-start-connect", socket.borrow(), network.borrow(), local(1)));
  };
  const auto simple = [&](std::string_view name, const Held& socket) { return name_of(world.call<Answer<>>(name, socket.borrow())); };
  const auto finish_connect = [&](const Held& socket) { return name_of(world.call<Answer<HeldStreams>>("tcp-finish-connect", socket.borrow())); };
  const auto accept_one = [&](const Held& socket) { return name_of(world.call<Answer<HeldAccepted>>("tcp-accept", socket.borrow())); };
  const auto shutdown = [&](const Held& socket) { return name_of(world.call<Answer<>>("tcp-shutdown", socket.borrow(), ShutdownType::Both)); };
  const auto address = [&](std::string_view name, const Held& socket) { return name_of(world.call<Answer<IpSocketAddress>>(name, socket.borrow())); };
  const auto backlog = [&](const Held& socket) { return name_of(world.call<Answer<>>("tcp-set-listen-backlog-size", socket.borrow(), uint64_t{32})); };

  const Held fresh = world.tcp(family());
  const Held binding = world.tcp(family());
  ASSERT_EQ(start_bind(binding), "ok");
  const Held bound = world.tcp(family());
  ASSERT_EQ(start_bind(bound), "ok");
  ASSERT_EQ(simple("tcp-finish-bind", bound), "ok");
  const Held starting = world.tcp(family());
  ASSERT_EQ(start_bind(starting), "ok");
  ASSERT_EQ(simple("tcp-finish-bind", starting), "ok");
  ASSERT_EQ(simple("tcp-start-listen", starting), "ok");
  const Held listening = listener(world, network);
  const auto connected = connect(world, network, address_of(world, listening));
  ASSERT_TRUE(connected);
  const Held connecting = world.tcp(family());
  ASSERT_EQ(name_of(world.call<Answer<>>("tcp-start-connect", connecting.borrow(), network.borrow(), address_of(world, listening))), "ok");

  struct Row {
    std::string_view name;
    const Held& socket;
    std::string_view start_bind, finish_bind, start_connect, finish_connect, start_listen, finish_listen, accept, shutdown, local_address, remote_address,
        backlog;
    bool is_listening;
  };
  // What would change a state that the next row needs is left out: "-".
  const Row rows[] = {
      {"fresh", fresh, "-", "not-in-progress", "-", "not-in-progress", "invalid-state", "not-in-progress", "invalid-state", "invalid-state", "invalid-state",
       "invalid-state", "ok", false},
      {"binding", binding, "concurrency-conflict", "-", "concurrency-conflict", "not-in-progress", "concurrency-conflict", "not-in-progress", "invalid-state",
       "invalid-state", "ok", "invalid-state", "ok", false},
      {"bound", bound, "invalid-state", "not-in-progress", "-", "not-in-progress", "-", "not-in-progress", "invalid-state", "invalid-state", "ok",
       "invalid-state", "ok", false},
      {"listen started", starting, "concurrency-conflict", "not-in-progress", "concurrency-conflict", "not-in-progress", "concurrency-conflict", "-",
       "invalid-state", "invalid-state", "ok", "invalid-state", "ok", true},
      {"listening", listening, "invalid-state", "not-in-progress", "invalid-state", "not-in-progress", "invalid-state", "not-in-progress", "-", "invalid-state",
       "ok", "invalid-state", "ok", true},
      {"connecting", connecting, "concurrency-conflict", "not-in-progress", "concurrency-conflict", "-", "concurrency-conflict", "not-in-progress",
       "invalid-state", "invalid-state", "invalid-state", "invalid-state", "invalid-state", false},
      {"connected", connected->socket, "invalid-state", "not-in-progress", "invalid-state", "not-in-progress", "invalid-state", "not-in-progress",
       "invalid-state", "-", "ok", "ok", "invalid-state", false},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.name);
    const auto expect = [](std::string_view expected, const std::function<std::string()>& call) {
      if (expected != "-") {
        EXPECT_EQ(call(), expected);
      }
    };
    const Held& socket = row.socket;
    expect(row.start_bind, [&] { return start_bind(socket); });
    expect(row.finish_bind, [&] { return simple("tcp-finish-bind", socket); });
    expect(row.start_connect, [&] { return start_connect(socket); });
    expect(row.finish_connect, [&] { return finish_connect(socket); });
    expect(row.start_listen, [&] { return simple("tcp-start-listen", socket); });
    expect(row.finish_listen, [&] { return simple("tcp-finish-listen", socket); });
    expect(row.accept, [&] { return accept_one(socket); });
    expect(row.shutdown, [&] { return shutdown(socket); });
    expect(row.local_address, [&] { return address("tcp-local-address", socket); });
    expect(row.remote_address, [&] { return address("tcp-remote-address", socket); });
    expect(row.backlog, [&] { return backlog(socket); });
    EXPECT_EQ(world.call<bool>("tcp-is-listening", socket.borrow()), row.is_listening);
    EXPECT_EQ(world.call<IpAddressFamily>("tcp-address-family", socket.borrow()), family());
  }
}

TEST_P(Tcp, RefusesAddressesThatItCannotUse) {
  World world;
  const Held network = world.network();
  Endpoint mapped = loopback(IpAddressFamily::Ipv6, 80);
  mapped.ip.bytes = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127, 0, 0, 1};
  Endpoint compatible = loopback(IpAddressFamily::Ipv6, 80);
  compatible.ip.bytes = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 127, 0, 0, 1};
  Endpoint multicast4 = loopback(IpAddressFamily::Ipv4, 80);
  multicast4.ip.bytes = {224, 0, 0, 1};
  Endpoint broadcast = multicast4;
  broadcast.ip.bytes = {255, 255, 255, 255};
  Endpoint multicast6 = loopback(IpAddressFamily::Ipv6, 80);
  multicast6.ip.bytes = {0xff, 2};
  for (const Endpoint& endpoint : {mapped, compatible, multicast4, broadcast, multicast6, loopback(other_family(), 80)}) {
    const Held socket = world.tcp(family());
    EXPECT_EQ(name_of(world.call<Answer<>>("tcp-start-bind", socket.borrow(), network.borrow(), endpoint.to_guest())), "invalid-argument");
    EXPECT_EQ(name_of(world.call<Answer<>>("tcp-start-connect", socket.borrow(), network.borrow(), endpoint.to_guest())), "invalid-argument");
  }
  Endpoint unspecified = Endpoint::any(family());
  unspecified.port = 80;
  for (const Endpoint& endpoint : {unspecified, loopback(family(), 0)}) {
    const Held socket = world.tcp(family());
    EXPECT_EQ(name_of(world.call<Answer<>>("tcp-start-connect", socket.borrow(), network.borrow(), endpoint.to_guest())), "invalid-argument");
    // What was refused changed nothing.
    EXPECT_EQ(name_of(world.call<Answer<>>("tcp-start-bind", socket.borrow(), network.borrow(), local())), "ok");
  }
}

TEST_P(Tcp, RefusesToBindWhatIsTakenOrNotHere) {
  World world;
  const Held network = world.network();
  const Held first = listener(world, network);
  const Held second = world.tcp(family());
  EXPECT_EQ(name_of(world.call<Answer<>>("tcp-start-bind", second.borrow(), network.borrow(), address_of(world, first))), "address-in-use");
  Endpoint elsewhere = Endpoint::any(family());
  if (family() == IpAddressFamily::Ipv4)
    elsewhere.ip.bytes = {192, 0, 2, 1};
  else
    elsewhere.ip.bytes = {0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  EXPECT_EQ(name_of(world.call<Answer<>>("tcp-start-bind", second.borrow(), network.borrow(), elsewhere.to_guest())), "address-not-bindable");
  EXPECT_EQ(name_of(world.call<Answer<>>("tcp-start-bind", second.borrow(), network.borrow(), local())), "ok");
}

TEST_P(Tcp, ListensAgainAtAPortWhoseConnectionsLinger) {
  World world;
  const Held network = world.network();
  IpSocketAddress address;
  std::optional<End> client;
  {
    Held first = listener(world, network);
    address = address_of(world, first);
    client = *connect(world, network, address);
    End accepted = accept(world, first);
    EXPECT_TRUE(world.drop(accepted.input));
    EXPECT_TRUE(world.drop(accepted.output));
    EXPECT_TRUE(world.drop(accepted.socket));
    EXPECT_TRUE(world.drop(first));
  }
  const Held second = world.tcp(family());
  EXPECT_EQ(name_of(world.call<Answer<>>("tcp-start-bind", second.borrow(), network.borrow(), address)), "ok");
  EXPECT_EQ(name_of(world.call<Answer<>>("tcp-finish-bind", second.borrow())), "ok");
  EXPECT_EQ(name_of(world.call<Answer<>>("tcp-start-listen", second.borrow())), "ok");
}

TEST_P(Tcp, ReadsOptionsBack) {
  World world;
  const Held socket = world.tcp(family());
  const auto check = [&]<class T>(std::string_view get, std::string_view set, T value, T expected) {
    EXPECT_EQ(name_of(world.call<Answer<>>(set, socket.borrow(), value)), "ok") << set;
    const auto read = world.call<Answer<T>>(get, socket.borrow());
    ASSERT_TRUE(read) << get;
    EXPECT_EQ(*read, expected) << get;
  };
  check("tcp-keep-alive-enabled", "tcp-set-keep-alive-enabled", true, true);
  check("tcp-keep-alive-enabled", "tcp-set-keep-alive-enabled", false, false);
  for (const auto& [value, expected] :
       {std::pair{42 * a_second, 42 * a_second}, {uint64_t{1}, a_second}, {a_second + 1, 2 * a_second}, {UINT64_MAX, 32'767 * a_second}}) {
    check("tcp-keep-alive-idle-time", "tcp-set-keep-alive-idle-time", value, expected);
    check("tcp-keep-alive-interval", "tcp-set-keep-alive-interval", value, expected);
  }
  check("tcp-keep-alive-count", "tcp-set-keep-alive-count", uint32_t{42}, uint32_t{42});
  check("tcp-keep-alive-count", "tcp-set-keep-alive-count", UINT32_MAX, uint32_t{127});
  check("tcp-hop-limit", "tcp-set-hop-limit", uint8_t{42}, uint8_t{42});
  check("tcp-hop-limit", "tcp-set-hop-limit", uint8_t{255}, uint8_t{255});
  check("tcp-receive-buffer-size", "tcp-set-receive-buffer-size", uint64_t{0x10000}, uint64_t{0x10000});
  check("tcp-send-buffer-size", "tcp-set-send-buffer-size", uint64_t{0x10000}, uint64_t{0x10000});
  for (const uint64_t value : {uint64_t{1}, UINT64_MAX}) {
    for (const std::string_view set : {"tcp-set-receive-buffer-size", "tcp-set-send-buffer-size", "tcp-set-listen-backlog-size"})
      EXPECT_EQ(name_of(world.call<Answer<>>(set, socket.borrow(), value)), "ok") << set;
  }
  EXPECT_GT(*world.call<Answer<uint64_t>>("tcp-receive-buffer-size", socket.borrow()), 0U);
  EXPECT_GT(*world.call<Answer<uint64_t>>("tcp-send-buffer-size", socket.borrow()), 0U);
}

TEST_P(Tcp, RefusesOptionsOfZero) {
  World world;
  const Held socket = world.tcp(family());
  for (const std::string_view set : {"tcp-set-listen-backlog-size", "tcp-set-keep-alive-idle-time", "tcp-set-keep-alive-interval",
                                     "tcp-set-receive-buffer-size", "tcp-set-send-buffer-size"})
    EXPECT_EQ(name_of(world.call<Answer<>>(set, socket.borrow(), uint64_t{0})), "invalid-argument") << set;
  EXPECT_EQ(name_of(world.call<Answer<>>("tcp-set-keep-alive-count", socket.borrow(), uint32_t{0})), "invalid-argument");
  EXPECT_EQ(name_of(world.call<Answer<>>("tcp-set-hop-limit", socket.borrow(), uint8_t{0})), "invalid-argument");
}

TEST_P(Tcp, HasNoOptionsWhileItConnects) {
  World world;
  const Held network = world.network();
  const Held server = listener(world, network);
  const Held socket = world.tcp(family());
  ASSERT_EQ(name_of(world.call<Answer<>>("tcp-start-connect", socket.borrow(), network.borrow(), address_of(world, server))), "ok");
  EXPECT_EQ(name_of(world.call<Answer<bool>>("tcp-keep-alive-enabled", socket.borrow())), "invalid-state");
  EXPECT_EQ(name_of(world.call<Answer<>>("tcp-set-keep-alive-enabled", socket.borrow(), true)), "invalid-state");
  for (const std::string name : {"keep-alive-idle-time", "keep-alive-interval", "receive-buffer-size", "send-buffer-size"}) {
    EXPECT_EQ(name_of(world.call<Answer<uint64_t>>("tcp-" + name, socket.borrow())), "invalid-state") << name;
    EXPECT_EQ(name_of(world.call<Answer<>>("tcp-set-" + name, socket.borrow(), 2 * a_second)), "invalid-state") << name;
  }
  EXPECT_EQ(name_of(world.call<Answer<uint32_t>>("tcp-keep-alive-count", socket.borrow())), "invalid-state");
  EXPECT_EQ(name_of(world.call<Answer<>>("tcp-set-keep-alive-count", socket.borrow(), uint32_t{2})), "invalid-state");
  EXPECT_EQ(name_of(world.call<Answer<uint8_t>>("tcp-hop-limit", socket.borrow())), "invalid-state");
  EXPECT_EQ(name_of(world.call<Answer<>>("tcp-set-hop-limit", socket.borrow(), uint8_t{2})), "invalid-state");
}

TEST_P(Tcp, HandsTheListenersOptionsToWhatItAccepts) {
  World world;
  const Held network = world.network();
  const Held server = listener(world, network);
  ASSERT_TRUE(world.call<Answer<>>("tcp-set-keep-alive-enabled", server.borrow(), true));
  ASSERT_TRUE(world.call<Answer<>>("tcp-set-keep-alive-idle-time", server.borrow(), 42 * a_second));
  ASSERT_TRUE(world.call<Answer<>>("tcp-set-keep-alive-interval", server.borrow(), 43 * a_second));
  ASSERT_TRUE(world.call<Answer<>>("tcp-set-keep-alive-count", server.borrow(), uint32_t{44}));
  ASSERT_TRUE(world.call<Answer<>>("tcp-set-hop-limit", server.borrow(), uint8_t{45}));
  ASSERT_TRUE(world.call<Answer<>>("tcp-set-receive-buffer-size", server.borrow(), uint64_t{0x10000}));
  ASSERT_TRUE(world.call<Answer<>>("tcp-set-send-buffer-size", server.borrow(), uint64_t{0x10000}));
  const auto client = connect(world, network, address_of(world, server));
  ASSERT_TRUE(client);
  const End accepted = accept(world, server);
  EXPECT_EQ(*world.call<Answer<bool>>("tcp-keep-alive-enabled", accepted.socket.borrow()), true);
  EXPECT_EQ(*world.call<Answer<uint64_t>>("tcp-keep-alive-idle-time", accepted.socket.borrow()), 42 * a_second);
  EXPECT_EQ(*world.call<Answer<uint64_t>>("tcp-keep-alive-interval", accepted.socket.borrow()), 43 * a_second);
  EXPECT_EQ(*world.call<Answer<uint32_t>>("tcp-keep-alive-count", accepted.socket.borrow()), 44U);
  EXPECT_EQ(*world.call<Answer<uint8_t>>("tcp-hop-limit", accepted.socket.borrow()), 45);
  EXPECT_EQ(*world.call<Answer<uint64_t>>("tcp-receive-buffer-size", accepted.socket.borrow()), 0x10000U);
  EXPECT_EQ(*world.call<Answer<uint64_t>>("tcp-send-buffer-size", accepted.socket.borrow()), 0x10000U);
  EXPECT_EQ(world.call<IpAddressFamily>("tcp-address-family", accepted.socket.borrow()), family());
}

TEST_P(Tcp, WaitsForAConnectionThatNobodyMakesUntilTheDeadline) {
  World world;
  const Held network = world.network();
  const Held server = listener(world, network);
  Held pollable = world.call<Held>("tcp-subscribe", server.borrow());
  world.store().set_deadline(std::chrono::steady_clock::now() + std::chrono::milliseconds(20));
  const auto waited = world.try_call("block", pollable.borrow());
  ASSERT_FALSE(waited);
  EXPECT_EQ(waited.error().kind(), ErrorKind::Timeout);
}

TEST_P(Tcp, WaitsForAPeerThatNeverAnswersUntilTheDeadline) {
  // What a listener with a full queue does not answer stays under way.
  const Descriptor silent = *open_socket(family(), SOCK_STREAM);
  ASSERT_EQ(bind_to(silent, loopback(family(), 0)), 0);
  ASSERT_EQ(listen(silent.number(), 0), 0);
  World world;
  std::vector<std::unique_ptr<TcpSocket>> clients;
  while (clients.size() < 64) {
    clients.push_back(*TcpSocket::create(family()));
    TcpSocket& client = *clients.back();
    ASSERT_TRUE(client.start_connect(world.context(), *local_endpoint(silent)));
    world.store().set_deadline(std::chrono::steady_clock::now() + std::chrono::milliseconds(50));
    while (!client.is_ready()) {
      WaitSet set;
      client.prepare(set);
      const auto waited = world.context().wait(set);
      if (waited) continue;
      EXPECT_EQ(waited.error().kind(), ErrorKind::Timeout);
      EXPECT_EQ(name_of(client.finish_connect()), "would-block");
      return;
    }
  }
  GTEST_SKIP() << "this machine answers for a listener whose queue is full";
}

TEST_P(Tcp, StopsWaitingWhenAnotherThreadCancels) {
  World world;
  const Held network = world.network();
  const Held server = listener(world, network);
  Held pollable = world.call<Held>("tcp-subscribe", server.borrow());
  std::thread canceller([&world] { world.store().interrupt(); });
  const auto waited = world.try_call("block", pollable.borrow());
  canceller.join();
  ASSERT_FALSE(waited);
  EXPECT_EQ(waited.error().kind(), ErrorKind::Timeout);
}

TEST_P(Tcp, TrapsWhenASocketIsDroppedBeforeItsStreamsOrPollables) {
  for (const bool is_pollable : {false, true}) {
    World world;
    auto [client, server] = pair(world);
    Held pollable;
    if (is_pollable) {
      pollable = world.call<Held>("tcp-subscribe", client.socket.borrow());
      ASSERT_TRUE(world.drop(client.input));
      ASSERT_TRUE(world.drop(client.output));
    }
    const auto dropped = world.drop(client.socket);
    ASSERT_FALSE(dropped);
    EXPECT_EQ(dropped.error().kind(), ErrorKind::Trap);
  }
}

TEST_P(Tcp, RefusesAHandleAfterItsDrop) {
  World world;
  Held socket = world.tcp(family());
  const Lent lent = socket.borrow();
  ASSERT_TRUE(world.drop(socket));
  const auto called = world.try_call<bool>("tcp-is-listening", lent);
  ASSERT_FALSE(called);
  EXPECT_EQ(called.error().kind(), ErrorKind::InvalidInput);
}

TEST(TcpPolicy, TellsAGuestWithoutAnyNetworkRuleWhichOneWouldAllowIt) {
  World world({.grants = {"env:read:HOME", "network:resolve:*"}});
  const Held network = world.network();
  const Held socket = world.tcp();
  const auto address = loopback(IpAddressFamily::Ipv4, 8080).to_guest();
  EXPECT_EQ(name_of(world.call<Answer<>>("tcp-start-connect", socket.borrow(), network.borrow(), address)), "access-denied");
  EXPECT_EQ(name_of(world.call<Answer<>>("tcp-start-bind", socket.borrow(), network.borrow(), address)), "access-denied");
  ASSERT_EQ(world.guard().decisions().size(), 2U);
  EXPECT_EQ(world.guard().decisions()[0].rule, "add --grant network:outbound:tcp://127.0.0.1:8080");
  EXPECT_EQ(world.guard().decisions()[1].rule, "add --grant network:listen:tcp://127.0.0.1:8080");
}

TEST(TcpPolicy, ConnectsToWhatIsGrantedAlone) {
  World everything;
  const Held any_network = everything.network();
  const Held server = everything.tcp();
  const auto free_port = loopback(IpAddressFamily::Ipv4, 0).to_guest();
  ASSERT_TRUE(everything.call<Answer<>>("tcp-start-bind", server.borrow(), any_network.borrow(), free_port));
  const Endpoint address = Endpoint::of(*everything.call<Answer<IpSocketAddress>>("tcp-local-address", server.borrow()));
  World world({.grants = {"network:outbound:tcp://127.0.0.1:" + std::to_string(address.port)}});
  const Held network = world.network();
  const Held socket = world.tcp();
  Endpoint other_port = address;
  other_port.port ^= 1;
  Endpoint other_ip = address;
  other_ip.ip.bytes[3] = 2;
  Endpoint metadata = address;
  metadata.ip.bytes = {169, 254, 169, 254};
  for (const Endpoint& denied : {other_port, other_ip, metadata})
    EXPECT_EQ(name_of(world.call<Answer<>>("tcp-start-connect", socket.borrow(), network.borrow(), denied.to_guest())), "access-denied");
  // The refusals changed nothing, and the granted address is still open to it.
  EXPECT_EQ(name_of(world.call<Answer<>>("tcp-start-connect", socket.borrow(), network.borrow(), address.to_guest())), "ok");
}

TEST(TcpPolicy, ListensWhereItIsGrantedAlone) {
  World world({.grants = {"network:listen:tcp://127.0.0.1:0"}});
  const Held network = world.network();
  const Held socket = world.tcp();
  EXPECT_EQ(name_of(world.call<Answer<>>("tcp-start-bind", socket.borrow(), network.borrow(), loopback(IpAddressFamily::Ipv4, 8080).to_guest())),
            "access-denied");
  Endpoint any = Endpoint::any(IpAddressFamily::Ipv4);
  any.port = 8080;
  EXPECT_EQ(name_of(world.call<Answer<>>("tcp-start-bind", socket.borrow(), network.borrow(), any.to_guest())), "access-denied");
  EXPECT_EQ(name_of(world.call<Answer<>>("tcp-start-bind", socket.borrow(), network.borrow(), loopback(IpAddressFamily::Ipv4, 0).to_guest())), "ok");
  EXPECT_EQ(name_of(world.call<Answer<>>("tcp-finish-bind", socket.borrow())), "ok");
  EXPECT_EQ(name_of(world.call<Answer<>>("tcp-start-listen", socket.borrow())), "ok");
}

TEST(TcpPolicy, BindsLikeAClientWithoutAGrantAndIsRefusedWhenItListens) {
  World world({.grants = {"network:outbound:tcp://127.0.0.1"}});
  const Held network = world.network();
  const Held socket = world.tcp();
  EXPECT_EQ(name_of(world.call<Answer<>>("tcp-start-bind", socket.borrow(), network.borrow(), Endpoint::any(IpAddressFamily::Ipv4).to_guest())), "ok");
  EXPECT_EQ(name_of(world.call<Answer<>>("tcp-finish-bind", socket.borrow())), "ok");
  EXPECT_EQ(name_of(world.call<Answer<>>("tcp-start-listen", socket.borrow())), "access-denied");
  EXPECT_FALSE(world.call<bool>("tcp-is-listening", socket.borrow()));
}

TEST(TcpBudget, EndsAtTheHandlesThatAreAllowed) {
  World world({.limits = {.handles = 1000}});
  std::vector<Held> sockets;
  while (true) {
    auto socket = world.try_call<Answer<Held>>("tcp-create", IpAddressFamily::Ipv4);
    if (!socket) {
      EXPECT_EQ(socket.error().kind(), ErrorKind::LimitExceeded);
      break;
    }
    if (!*socket) {
      EXPECT_EQ(socket->error(), ErrorCode::NewSocketLimit);
      break;
    }
    sockets.push_back(**std::move(socket));
    ASSERT_LE(sockets.size(), 1000U);
  }
  EXPECT_GT(sockets.size(), 100U);
}

TEST(TcpBudget, AcceptsNothingWhenTheProcessHasNoDescriptorLeft) {
  World world;
  const Held network = world.network();
  const Held server = world.tcp(IpAddressFamily::Ipv4);
  ASSERT_TRUE(world.call<Answer<>>("tcp-start-bind", server.borrow(), network.borrow(), loopback(IpAddressFamily::Ipv4, 0).to_guest()));
  ASSERT_TRUE(world.call<Answer<>>("tcp-finish-bind", server.borrow()));
  ASSERT_TRUE(world.call<Answer<>>("tcp-start-listen", server.borrow()));
  ASSERT_TRUE(world.call<Answer<>>("tcp-finish-listen", server.borrow()));
  const auto address = world.call<Answer<IpSocketAddress>>("tcp-local-address", server.borrow());
  const Held client = world.tcp(IpAddressFamily::Ipv4);
  ASSERT_TRUE(world.call<Answer<>>("tcp-start-connect", client.borrow(), network.borrow(), *address));
  ASSERT_TRUE(world.wait_for("tcp-subscribe", server));
  std::vector<Held> sockets;
  while (sockets.size() < 100'000) {
    auto socket = world.call<Answer<Held>>("tcp-create", IpAddressFamily::Ipv4);
    if (!socket) break;
    sockets.push_back(*std::move(socket));
  }
  if (sockets.size() == 100'000) GTEST_SKIP() << "this machine gives a process more than 100,000 descriptors";
  EXPECT_EQ(name_of(world.call<Answer<HeldAccepted>>("tcp-accept", server.borrow())), "new-socket-limit");
  // The connection still waits.
  EXPECT_TRUE(world.drop(sockets.back()));
  EXPECT_EQ(name_of(world.call<Answer<HeldAccepted>>("tcp-accept", server.borrow())), "ok");
}

TEST(TcpBudget, LeavesTheProcessDescriptorsWhenAGuestTakesAllThatItCan) {
  World world;
  std::vector<Held> sockets;
  while (sockets.size() < 100'000) {
    auto socket = world.call<Answer<Held>>("tcp-create", IpAddressFamily::Ipv4);
    if (!socket) {
      EXPECT_EQ(name_of(socket), "new-socket-limit");
      const Descriptor spare(dup(0));
      EXPECT_TRUE(spare);
      return;
    }
    sockets.push_back(*std::move(socket));
  }
  GTEST_SKIP() << "this machine gives a process more than 100,000 descriptors";
}

}  // namespace
}  // namespace tenon::wasi::sockets
