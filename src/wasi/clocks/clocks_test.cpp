#include "wasi/clocks/clocks.h"

#include <gtest/gtest.h>

#include <chrono>
#include <ctime>

#include <unistd.h>

#include "wasi/clocks/datetime.h"
#include "wasi/driver.h"

namespace tenon::wasi {

/// `timezone-display` as the test gets it.
struct ShownZone {
  int32_t utc_offset = 0;
  std::string name;
  bool in_daylight_saving_time = false;
};

}  // namespace tenon::wasi

namespace tenon {

template <>
struct RecordTraits<wasi::ShownZone> {
  using T = wasi::ShownZone;
  static constexpr auto fields =
      std::make_tuple(field("utc-offset", &T::utc_offset), field("name", &T::name), field("in-daylight-saving-time", &T::in_daylight_saving_time));
};

}  // namespace tenon

namespace tenon::wasi {
namespace {

using namespace std::chrono_literals;
using driver::Driver;
using driver::LentPollable;
using driver::PollableHandle;

uint64_t count(std::chrono::nanoseconds time) { return static_cast<uint64_t>(time.count()); }

driver::Options repeatable() {
  driver::Options options;
  options.config.deterministic = Deterministic{.seed = 1, .wall_start = 1'700'000'000s + 5ns, .step = 10ns};
  return options;
}

TEST(MonotonicClock, NeverGoesBack) {
  Driver guest;
  uint64_t before = guest.get<uint64_t>("monotonic-now");
  for (int i = 0; i < 1000; i++) {
    const auto now = guest.get<uint64_t>("monotonic-now");
    ASSERT_GE(now, before);
    before = now;
  }
  EXPECT_GT(guest.get<uint64_t>("monotonic-resolution"), 0);
}

TEST(MonotonicClock, BeginsWithTheStoreAndTellsNothingOfTheMachine) {
  Driver guest;
  EXPECT_LT(guest.get<uint64_t>("monotonic-now"), count(1min));
}

TEST(MonotonicClock, WaitsForAnInstantAndForADuration) {
  Driver guest;
  const auto start = guest.get<uint64_t>("monotonic-now");
  guest.get<void>("block", guest.get<PollableHandle>("subscribe-duration", count(3ms)).borrow());
  EXPECT_GE(guest.get<uint64_t>("monotonic-now"), start + count(3ms));
  guest.get<void>("block", guest.get<PollableHandle>("subscribe-instant", start + count(8ms)).borrow());
  EXPECT_GE(guest.get<uint64_t>("monotonic-now"), start + count(8ms));
  guest.get<void>("block", guest.get<PollableHandle>("subscribe-duration", uint64_t{0}).borrow());
  guest.get<void>("block", guest.get<PollableHandle>("subscribe-instant", uint64_t{0}).borrow());
}

TEST(MonotonicClock, NeverReachesTheLastInstant) {
  Driver guest({.limits = {.time = 20ms}});
  const auto never = guest.get<PollableHandle>("subscribe-duration", UINT64_MAX);
  const auto nor_this = guest.get<PollableHandle>("subscribe-instant", UINT64_MAX);
  EXPECT_FALSE(guest.get<bool>("ready", never.borrow()));
  EXPECT_FALSE(guest.get<bool>("ready", nor_this.borrow()));
  EXPECT_EQ(guest.call<void>("block", nor_this.borrow()).error().kind(), ErrorKind::Timeout);
}

TEST(WallClock, ShowsTheTimeOfTheMachine) {
  Driver guest;
  const auto shown = guest.get<Datetime>("wall-now");
  EXPECT_LE(std::abs(static_cast<int64_t>(shown.seconds) - static_cast<int64_t>(std::time(nullptr))), 2);
  EXPECT_LT(shown.nanoseconds, 1'000'000'000);
  EXPECT_GT(guest.get<Datetime>("wall-resolution").nanoseconds, 0);
}

TEST(ClocksThatRepeat, AdvanceByTheirStepWithEachReading) {
  Driver guest(repeatable());
  EXPECT_EQ(guest.get<uint64_t>("monotonic-now"), 0);
  EXPECT_EQ(guest.get<uint64_t>("monotonic-now"), 10);
  const auto wall = guest.get<Datetime>("wall-now");
  EXPECT_EQ(wall.seconds, 1'700'000'000);
  EXPECT_EQ(wall.nanoseconds, 25);
  EXPECT_EQ(guest.get<uint64_t>("monotonic-now"), 30);
  EXPECT_EQ(guest.get<uint64_t>("monotonic-resolution"), 10);
}

TEST(ClocksThatRepeat, AreAtTheEndOfAWaitAtOnce) {
  Driver guest(repeatable());
  const auto start = std::chrono::steady_clock::now();
  const auto day = guest.get<PollableHandle>("subscribe-instant", count(24h));
  const auto hour = guest.get<PollableHandle>("subscribe-instant", count(1h));
  EXPECT_FALSE(guest.get<bool>("ready", hour.borrow()));
  const auto ready = guest.get<std::vector<uint32_t>>("poll", std::vector<LentPollable>{day.borrow(), hour.borrow()});
  EXPECT_EQ(ready, (std::vector<uint32_t>{1}));
  EXPECT_EQ(guest.get<uint64_t>("monotonic-now"), count(1h));
  guest.get<void>("block", day.borrow());
  EXPECT_EQ(guest.get<Datetime>("wall-now").seconds, 1'700'000'000 + 24 * 3600);
  EXPECT_LT(std::chrono::steady_clock::now() - start, 1min);
}

TEST(ClocksThatRepeat, LetWhatIsReadyComeFirst) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  ASSERT_EQ(write(ends[1], "x", 1), 1);
  auto options = repeatable();
  options.config.standard_input = {.kind = Stdio::Kind::Descriptor, .descriptor = ends[0]};
  Driver guest(std::move(options));
  const auto in = guest.get<driver::InputHandle>("stdin");
  const auto bytes = guest.get<PollableHandle>("subscribe-input", in.borrow());
  const auto hour = guest.get<PollableHandle>("subscribe-instant", count(1h));
  EXPECT_EQ(guest.get<std::vector<uint32_t>>("poll", std::vector<LentPollable>{hour.borrow(), bytes.borrow()}), (std::vector<uint32_t>{1}));
  EXPECT_EQ(guest.get<uint64_t>("monotonic-now"), 0);
  close(ends[0]);
  close(ends[1]);
}

TEST(ClocksThatRepeat, AreStoppedByARealDeadline) {
  auto options = repeatable();
  options.limits.time = 0ns;
  Driver guest(std::move(options));
  const auto hour = guest.call<PollableHandle>("subscribe-instant", count(1h));
  EXPECT_EQ((hour ? guest.call<void>("block", hour->borrow()).error() : hour.error()).kind(), ErrorKind::Timeout);
}

TEST(Timezone, IsThatOfTheMachine) {
  Driver guest;
  const std::time_t winter = 1'705'000'000;
  std::tm local{};
  localtime_r(&winter, &local);
  const auto shown = guest.get<ShownZone>("timezone-display-of", Datetime{static_cast<uint64_t>(winter), 0});
  EXPECT_EQ(shown.utc_offset, local.tm_gmtoff);
  EXPECT_EQ(shown.name, local.tm_zone);
  EXPECT_EQ(shown.in_daylight_saving_time, local.tm_isdst > 0);
  EXPECT_EQ(guest.get<int32_t>("utc-offset", Datetime{static_cast<uint64_t>(winter), 0}), local.tm_gmtoff);
}

TEST(Timezone, IsUtcWhereNoCalendarReaches) {
  Driver guest;
  for (const uint64_t seconds : {UINT64_MAX, static_cast<uint64_t>(INT64_MAX)}) {
    EXPECT_EQ(guest.get<ShownZone>("timezone-display-of", Datetime{seconds, UINT32_MAX}).name, "UTC");
    EXPECT_EQ(guest.get<int32_t>("utc-offset", Datetime{seconds, 0}), 0);
  }
}

TEST(Timezone, IsUtcWithoutAGrantAndForClocksThatRepeat) {
  Driver denied({.grants = {}});
  EXPECT_EQ(denied.get<ShownZone>("timezone-display-of", Datetime{}).name, "UTC");
  Driver guest(repeatable());
  EXPECT_EQ(guest.get<int32_t>("utc-offset", Datetime{}), 0);
}

TEST(Clocks, EndTheGuestThatGotPastTheCheckOfItsImports) {
  Driver guest({.grants = {}});
  EXPECT_GE(guest.get<uint64_t>("monotonic-now"), 0);
  const auto denied = guest.call<Datetime>("wall-now");
  ASSERT_FALSE(denied);
  EXPECT_EQ(denied.error().kind(), ErrorKind::Denied);
  EXPECT_EQ(denied.error().message().find("clock:wall is not granted"), 0);
}

}  // namespace
}  // namespace tenon::wasi
