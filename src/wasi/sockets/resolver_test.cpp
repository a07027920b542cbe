#include "wasi/sockets/resolver.h"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "policy/rules.h"
#include "tenon/engine.h"
#include "wasi/context.h"
#include "wasi/sockets/dns_server.h"
#include "wasi/sockets/host_name.h"

namespace tenon::wasi::sockets {
namespace {

policy::IpAddress ip(std::string_view text) { return *policy::parse_address(text); }

DnsAnswer with(std::vector<std::string_view> addresses) {
  DnsAnswer answer;
  for (const std::string_view text : addresses) answer.addresses.push_back(ip(text));
  return answer;
}

/// A store to wait in.
class Lookups : public testing::Test {
 protected:
  Lookups()
      : engine_(*Engine::create()),
        store_(*Store::create(engine_)),
        guard_(*policy::Rules::from_grants({}), policy::Budget::create({})),
        context_(*store_, guard_, std::make_shared<Config>()) {}

  static ResolverOptions options(std::vector<std::string> servers) {
    ResolverOptions options;
    options.servers = std::move(servers);
    options.reads_hosts_file = false;
    options.try_timeout = std::chrono::seconds(5);
    return options;
  }

  Result<> finish(Lookup& lookup) {
    while (!lookup.advance()) {
      WaitSet set;
      lookup.prepare(set);
      TENON_CHECK_OK(context_.wait(set));
    }
    return {};
  }

  /// The addresses in text, or the error.
  std::string resolve(const std::string& name, const ResolverOptions& with) {
    const auto lookup = Lookup::start(name, with);
    if (const auto finished = finish(*lookup); !finished) return finished.error().message();
    if (!lookup->result()) {
      switch (lookup->result().error()) {
        case LookupError::NotFound: return "not found";
        case LookupError::Temporary: return "temporary";
        case LookupError::Permanent: return "permanent";
      }
    }
    std::string text;
    for (const auto& address : *lookup->result()) text += (text.empty() ? "" : " ") + policy::to_string(address);
    return text;
  }

  Engine engine_;
  std::unique_ptr<Store> store_;
  policy::Guard guard_;
  Context context_;
};

TEST_F(Lookups, FindAddressesOfBothFamiliesEachOnce) {
  const DnsServer server([](const DnsQuestion&) { return with({"192.0.2.1", "2001:db8::1", "192.0.2.1", "192.0.2.2"}); });
  const std::string found = resolve("a.test", options({server.address()}));
  // Which family comes first depends on the machine.
  EXPECT_TRUE(found == "192.0.2.1 192.0.2.2 2001:db8::1" || found == "2001:db8::1 192.0.2.1 192.0.2.2") << found;
}

TEST_F(Lookups, AskForTheNameAsItIs) {
  std::string asked;
  const DnsServer server([&asked](const DnsQuestion& question) {
    if (!question.wants_ipv6) asked = question.name;
    return with({"192.0.2.1"});
  });
  EXPECT_EQ(resolve("single", options({server.address()})), "192.0.2.1");
  EXPECT_EQ(asked, "single");
}

TEST_F(Lookups, FollowAnAlias) {
  const DnsServer server([](const DnsQuestion&) {
    DnsAnswer answer = with({"192.0.2.7"});
    answer.alias = "other.test";
    return answer;
  });
  EXPECT_EQ(resolve("a.test", options({server.address()})), "192.0.2.7");
}

TEST_F(Lookups, UnpackIpv4InIpv6) {
  const DnsServer server([](const DnsQuestion&) {
    DnsAnswer answer;
    policy::IpAddress mapped;
    mapped.is_v6 = true;
    mapped.bytes = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127, 0, 0, 1};
    answer.addresses = {mapped};
    return answer;
  });
  EXPECT_EQ(resolve("a.test", options({server.address()})), "127.0.0.1");
}

TEST_F(Lookups, TellANameThatDoesNotExistFromAServerThatFails) {
  struct Case {
    uint8_t code;
    std::string_view result;
  };
  for (const Case& each :
       {Case{3, "not found"}, Case{0, "not found"}, Case{2, "temporary"}, Case{5, "temporary"}, Case{1, "permanent"}, Case{4, "temporary"}}) {
    const DnsServer server([&each](const DnsQuestion&) { return DnsAnswer{.code = each.code}; });
    ResolverOptions asking = options({server.address()});
    asking.tries = 1;
    EXPECT_EQ(resolve("a.test", asking), each.result) << int{each.code};
  }
}

TEST_F(Lookups, AskTheNextServerWhenOneRefuses) {
  const DnsServer refusing([](const DnsQuestion&) { return DnsAnswer{.code = 5}; });
  const DnsServer answering([](const DnsQuestion&) { return with({"192.0.2.3"}); });
  EXPECT_EQ(resolve("a.test", options({refusing.address(), answering.address()})), "192.0.2.3");
  EXPECT_GT(refusing.questions(), 0U);
}

TEST_F(Lookups, GiveUpOnAServerThatIsSilent) {
  const DnsServer silent([](const DnsQuestion&) { return DnsAnswer{.is_silent = true}; });
  ResolverOptions asking = options({silent.address()});
  asking.try_timeout = std::chrono::milliseconds(5);
  asking.tries = 2;
  EXPECT_EQ(resolve("a.test", asking), "temporary");
  EXPECT_GE(silent.questions(), 2U);
}

TEST_F(Lookups, SurviveGarbage) {
  for (const std::string& garbage :
       {std::string(1, '\0'), std::string("\x81\x80\xff\xff\xff\xff\xff\xff\xff\xff", 10), std::string(600, '\xc0'), std::string(1200, '\0')}) {
    const DnsServer server([&garbage](const DnsQuestion&) { return DnsAnswer{.garbage = garbage}; });
    ResolverOptions asking = options({server.address()});
    asking.try_timeout = std::chrono::milliseconds(20);
    asking.tries = 1;
    const std::string result = resolve("a.test", asking);
    EXPECT_TRUE(result == "temporary" || result == "permanent" || result == "not found") << result;
  }
}

TEST_F(Lookups, AskOverTcpWhenAnAnswerDoesNotFitAndKeepNoMoreThanTheLimit) {
  const DnsServer server([](const DnsQuestion& question) {
    DnsAnswer answer;
    answer.is_truncated = !question.is_over_tcp;
    for (uint32_t i = 0; i < 2000; i++) {
      policy::IpAddress address;
      address.bytes = {198, 18, static_cast<uint8_t>(i >> 8), static_cast<uint8_t>(i)};
      answer.addresses.push_back(address);
    }
    return answer;
  });
  if (!server.has_tcp()) GTEST_SKIP() << "the port that the test got for UDP is taken for TCP";
  const auto lookup = Lookup::start("a.test", options({server.address()}));
  ASSERT_TRUE(finish(*lookup));
  ASSERT_TRUE(lookup->result());
  EXPECT_EQ(lookup->result()->size(), Lookup::addresses_max);
}

TEST_F(Lookups, EndWithTheDeadline) {
  const DnsServer silent([](const DnsQuestion&) { return DnsAnswer{.is_silent = true}; });
  store_->set_deadline(std::chrono::steady_clock::now() + std::chrono::milliseconds(20));
  const auto lookup = Lookup::start("a.test", options({silent.address()}));
  const auto finished = finish(*lookup);
  ASSERT_FALSE(finished);
  EXPECT_EQ(finished.error().kind(), ErrorKind::Timeout);
}

TEST_F(Lookups, EndWhenAnotherThreadCancels) {
  std::thread canceller;
  {
    // The question has arrived, so the look-up is under way.
    const DnsServer silent([this, &canceller](const DnsQuestion&) {
      if (!canceller.joinable()) canceller = std::thread([this] { store_->interrupt(); });
      return DnsAnswer{.is_silent = true};
    });
    const auto lookup = Lookup::start("a.test", options({silent.address()}));
    const auto finished = finish(*lookup);
    ASSERT_FALSE(finished);
    EXPECT_EQ(finished.error().kind(), ErrorKind::Timeout);
  }
  canceller.join();
}

TEST_F(Lookups, ReadTheHostsFileFirst) {
  const DnsServer server([](const DnsQuestion&) { return with({"192.0.2.1"}); });
  ResolverOptions asking = options({server.address()});
  asking.reads_hosts_file = true;
  const std::string found = resolve("localhost", asking);
  EXPECT_TRUE(found.find("127.0.0.1") != std::string::npos || found.find("::1") != std::string::npos) << found;
  EXPECT_EQ(server.questions(), 0U);
}

TEST_F(Lookups, FailForServersThatAreNoAddresses) { EXPECT_EQ(resolve("a.test", options({"not an address"})), "permanent"); }

}  // namespace
}  // namespace tenon::wasi::sockets
