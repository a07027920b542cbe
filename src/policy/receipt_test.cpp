#include "policy/receipt.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "policy/budget.h"

namespace tenon::policy {
namespace {

using namespace std::chrono_literals;

Receipt sample() {
  Receipt receipt{.outcome = {.reason = Reason::HostCalls, .exit_status = std::nullopt},
                  .is_deterministic = true,
                  .fuel = 1234,
                  .wall = 1500us,
                  .cpu = 900us,
                  .memory_bytes_peak = 131072,
                  .bytes_in = 10,
                  .bytes_out = 2048,
                  .host_calls = 7,
                  .decisions = {{Access::FilesystemRead, Verdict::Allowed, "filesystem:read:/data/a", "filesystem:read:/data/** (policy.toml:12)", 3},
                                {Access::Http, Verdict::Denied, "http:GET:example.com/", "add http:GET:example.com/ to [default] of policy.toml", 1},
                                {Access::Args, Verdict::Observed, "args", "observe (policy.toml:3)", 1}},
                  .sub_calls = {}};
  receipt.sub_calls.push_back({});
  receipt.sub_calls[0].outcome.exit_status = 0;
  return receipt;
}

TEST(Receipt, HasTheFieldsOfItsDocument) {
  EXPECT_EQ(
      to_json(sample()),
      R"j({"receipt":1,"outcome":"error","error":{"kind":"limit-exceeded","reason":"host-calls"},"deterministic":true,"fuel":1234,"wall_ns":1500000,)j"
      R"j("cpu_ns":900000,"memory_bytes_peak":131072,"bytes_in":10,"bytes_out":2048,"host_calls":7,"asked":{"filesystem:read":3,"http":1,"args":1},)j"
      R"j("decisions":[{"access":"filesystem:read","capability":"filesystem:read:/data/a","verdict":"allowed",)j"
      R"j("rule":"filesystem:read:/data/** (policy.toml:12)","count":3},)j"
      R"j({"access":"http","capability":"http:GET:example.com/","verdict":"denied","rule":"add http:GET:example.com/ to [default] of policy.toml","count":1},)j"
      R"j({"access":"args","capability":"args","verdict":"observed","rule":"observe (policy.toml:3)","count":1}],)j"
      R"j("sub_calls":[{"receipt":1,"outcome":"ok","exit_status":0,"deterministic":false,"wall_ns":0,"memory_bytes_peak":0,"bytes_in":0,"bytes_out":0,)j"
      R"j("host_calls":0,"asked":{},"decisions":[],"sub_calls":[]}]})j");
}

TEST(Receipt, StaysOnItsLinesAsTextWhateverAGuestAskedFor) {
  Receipt receipt;
  receipt.decisions = {{Access::FilesystemRead, Verdict::Denied, "filesystem:read:/a\nok\x1b[2J\xff\u202e", "add\tit", 1}};
  const std::string text = to_text(receipt);
  EXPECT_NE(text.find("  denied        1 x filesystem:read:/a\\u{a}ok\\u{1b}[2J\\u{ff}\\u{202e}  [add\\u{9}it]\n"), std::string::npos) << text;
  EXPECT_EQ(std::ranges::count(text, '\n'), 3);
}

TEST(Receipt, IsReadBackAsItWas) {
  const auto read = parse_receipt(to_json(sample()));
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(*read, sample());
  EXPECT_EQ(*parse_receipt(to_json(Receipt())), Receipt());
}

TEST(Receipt, IsReadThoughItHasFieldsOfALaterTime) {
  std::string json = to_json(sample());
  json.insert(1, R"("new":[1,{"x":null}],)");
  EXPECT_EQ(*parse_receipt(json), sample());
}

/// The message with which a receipt is refused in which one text stands for another.
std::string refusal(std::string_view from, std::string_view to) {
  std::string json = to_json(sample());
  const size_t at = json.find(from);
  if (at == std::string::npos) return "the sample lacks " + std::string(from);
  auto read = parse_receipt(json.replace(at, from.size(), to));
  return read ? "taken" : read.error().message();
}

TEST(Receipt, RefusesWhatIsNone) {
  EXPECT_EQ(parse_receipt("").error().message(), "the receipt is no JSON");
  EXPECT_EQ(parse_receipt("{\"receipt\":1").error().message(), "the receipt is no JSON");
  EXPECT_EQ(parse_receipt("[]").error().message(), "receipt: expected an object");
  EXPECT_EQ(parse_receipt("{}").error().message(), "receipt.receipt: expected a number");
  EXPECT_EQ(parse_receipt("\"\xff\"").error().message(), "the receipt is no JSON");
  EXPECT_EQ(refusal("\"receipt\":1", "\"receipt\":2"), "receipt.receipt: expected 1, the version of the format");
  EXPECT_EQ(refusal("\"error\",", "\"maybe\","), "receipt.outcome: expected ok or error");
  EXPECT_EQ(refusal("\"reason\":\"host-calls\"", "\"reason\":\"bad luck\""), "receipt.error.reason: expected the name of a reason");
  EXPECT_EQ(refusal("\"fuel\":1234", "\"fuel\":-1"), "receipt.fuel: expected a number from 0 to 18446744073709551615");
  EXPECT_EQ(refusal("\"fuel\":1234", "\"fuel\":1.5"), "receipt.fuel: expected a number from 0 to 18446744073709551615");
  EXPECT_EQ(refusal("\"wall_ns\":1500000", "\"wall_ns\":18446744073709551615"), "receipt.wall_ns: expected nanoseconds of at most 292 years");
  EXPECT_EQ(refusal("\"deterministic\":true", "\"deterministic\":1"), "receipt.deterministic: expected true or false");
  EXPECT_EQ(refusal("\"bytes_in\":10,", ""), "receipt.bytes_in: expected a number");
  EXPECT_EQ(refusal("\"access\":\"filesystem:read\"", "\"access\":\"filesystem:lick\""),
            "receipt.decisions[0].access: expected a kind of capability such as filesystem:read");
  EXPECT_EQ(refusal("\"verdict\":\"denied\"", "\"verdict\":\"DENIED\""), "receipt.decisions[1].verdict: expected allowed, denied or observed");
  EXPECT_EQ(refusal("\"count\":3", "\"count\":\"3\""), "receipt.decisions[0].count: expected a number from 0 to 18446744073709551615");
  EXPECT_EQ(refusal("\"outcome\":\"ok\"", "\"outcome\":0"), "receipt.sub_calls[0].outcome: expected a string");
  EXPECT_EQ(refusal("\"exit_status\":0", "\"exit_status\":4294967296"), "receipt.sub_calls[0].exit_status: expected a number of 32 bits");
}

TEST(Receipt, RefusesEndlessNesting) {
  Receipt receipt;
  for (int i = 0; i < 64; ++i) {
    Receipt outer;
    outer.sub_calls.push_back(std::move(receipt));
    receipt = std::move(outer);
  }
  EXPECT_TRUE(parse_receipt(to_json(receipt)));
  Receipt deeper;
  deeper.sub_calls.push_back(std::move(receipt));
  EXPECT_EQ(parse_receipt(to_json(deeper)).error().kind(), ErrorKind::LimitExceeded);
  EXPECT_FALSE(parse_receipt(std::string(1'000'000, '[')));
  EXPECT_FALSE(parse_receipt(std::string(1'000'000, '[') + std::string(1'000'000, ']')));
}

TEST(Receipt, RefusesMoreTextThanItsLimit) { EXPECT_EQ(parse_receipt(std::string((16 << 20) + 1, ' ')).error().kind(), ErrorKind::LimitExceeded); }

TEST(Receipt, ShowsNoQueryAndNoValueEvenIfOneWasGiven) {
  Receipt receipt;
  receipt.decisions = {{Access::Http, Verdict::Allowed, "http:GET:example.com/a?token=secret#also", "", 1},
                       {Access::EnvRead, Verdict::Allowed, "env:read:HOME=secret", "", 1}};
  EXPECT_EQ(to_json(receipt).find("secret"), std::string::npos);
  EXPECT_EQ(to_text(receipt).find("secret"), std::string::npos);
  const Receipt made = Meter().finish({}, *Budget::create({}), receipt.decisions);
  EXPECT_EQ(made.decisions[0].capability, "http:GET:example.com/a");
  EXPECT_EQ(made.decisions[1].capability, "env:read:HOME");
}

TEST(Receipt, TellsPeopleInSomeLines) {
  EXPECT_EQ(to_text(sample()),
            "failed: host-calls; 1.5 ms, 900.0 us of the processor, 1234 units of fuel, 128.0 KiB of memory, deterministic\n"
            "10 B in, 2.0 KiB out, 7 host calls, 1 denied\n"
            "  allowed       3 x filesystem:read:/data/a  [filesystem:read:/data/** (policy.toml:12)]\n"
            "  denied        1 x http:GET:example.com/  [add http:GET:example.com/ to [default] of policy.toml]\n"
            "  observed      1 x args  [observe (policy.toml:3)]\n"
            "  sub-call:\n"
            "    ok, exit status 0; 0 ns, 0 B of memory\n"
            "    0 B in, 0 B out, 0 host calls, 0 denied\n");
}

TEST(Receipt, TextThatIsNoUtf8IsStillJson) {
  Receipt receipt;
  receipt.decisions = {{Access::FilesystemRead, Verdict::Denied, "filesystem:read:/\xff", "", 1}};
  EXPECT_TRUE(parse_receipt(to_json(receipt)));
}

TEST(Meter, TakesWhatTheBudgetCountedAndTheTimeThatPassed) {
  auto budget = Budget::create({});
  const Meter meter;
  ASSERT_TRUE(budget->charge_host_call());
  ASSERT_TRUE(budget->charge_in(5));
  ASSERT_TRUE(budget->charge_out(6));
  const auto end = std::chrono::steady_clock::now() + 3ms;
  while (std::chrono::steady_clock::now() < end) {
  }
  const Receipt receipt = meter.finish({.outcome = {.reason = Reason::Fuel, .exit_status = {}}, .fuel = 9, .memory_bytes_peak = 65536}, *budget, {});
  EXPECT_EQ(receipt.outcome.reason, Reason::Fuel);
  EXPECT_EQ(receipt.fuel, 9U);
  EXPECT_EQ(receipt.memory_bytes_peak, 65536U);
  EXPECT_EQ(receipt.host_calls, 1U);
  EXPECT_EQ(receipt.bytes_in, 5U);
  EXPECT_EQ(receipt.bytes_out, 6U);
  EXPECT_GE(receipt.wall, 3ms);
  ASSERT_TRUE(receipt.cpu);
  EXPECT_GT(*receipt.cpu, 0ns);
  EXPECT_LE(*receipt.cpu, receipt.wall + 1ms);
}

TEST(Meter, KnowsNoProcessorTimeOfAnotherThread) {
  const Meter meter;
  Receipt receipt;
  std::thread([&] { receipt = meter.finish({}, *Budget::create({}), {}); }).join();
  EXPECT_EQ(receipt.cpu, std::nullopt);
}

}  // namespace
}  // namespace tenon::policy
