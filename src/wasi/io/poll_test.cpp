#include "wasi/io/poll.h"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include <unistd.h>

#include "wasi/driver.h"

namespace tenon::wasi {
namespace {

using namespace std::chrono_literals;
using driver::Driver;
using driver::LentPollable;
using driver::PollableHandle;

uint64_t count(std::chrono::nanoseconds time) { return static_cast<uint64_t>(time.count()); }

std::vector<uint32_t> poll(Driver& guest, std::vector<LentPollable> pollables) { return guest.get<std::vector<uint32_t>>("poll", pollables); }

TEST(Poll, TellsAllThatAreReady) {
  Driver guest;
  const auto past = guest.get<PollableHandle>("subscribe-instant", uint64_t{0});
  const auto never = guest.get<PollableHandle>("subscribe-duration", UINT64_MAX);
  EXPECT_EQ(poll(guest, {past.borrow(), never.borrow(), past.borrow()}), (std::vector<uint32_t>{0, 2}));
  EXPECT_EQ(poll(guest, {never.borrow(), past.borrow()}), (std::vector<uint32_t>{1}));
}

TEST(Poll, WaitsForTheFirst) {
  Driver guest;
  const auto soon = guest.get<PollableHandle>("subscribe-duration", count(5ms));
  const auto later = guest.get<PollableHandle>("subscribe-duration", count(10min));
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(poll(guest, {later.borrow(), soon.borrow(), soon.borrow()}), (std::vector<uint32_t>{1, 2}));
  EXPECT_GE(std::chrono::steady_clock::now() - start, 4ms);
  EXPECT_TRUE(guest.get<bool>("ready", soon.borrow()));
  EXPECT_FALSE(guest.get<bool>("ready", later.borrow()));
}

TEST(Poll, TrapsOnAnEmptyList) {
  Driver guest;
  const auto result = guest.call<std::vector<uint32_t>>("poll", std::vector<LentPollable>());
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind(), ErrorKind::Trap);
  EXPECT_EQ(result.error().message(), "a poll of no pollables");
}

TEST(Poll, TakesTheSamePollableAgainAndAgain) {
  Driver guest;
  const auto past = guest.get<PollableHandle>("subscribe-instant", uint64_t{0});
  EXPECT_EQ(poll(guest, std::vector<LentPollable>(1000, past.borrow())).size(), 1000);
}

TEST(Poll, IsEndedByTheDeadline) {
  Driver guest({.limits = {.time = 30ms}});
  const auto never = guest.get<PollableHandle>("subscribe-duration", UINT64_MAX);
  const auto result = guest.call<std::vector<uint32_t>>("poll", std::vector<LentPollable>{never.borrow()});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind(), ErrorKind::Timeout);
}

TEST(Poll, IsEndedByAnotherThreadAtOnce) {
  Driver guest;
  const auto never = guest.get<PollableHandle>("subscribe-duration", UINT64_MAX);
  std::thread other([&] {
    std::this_thread::sleep_for(20ms);
    guest.store().interrupt();
  });
  const auto start = std::chrono::steady_clock::now();
  const auto result = guest.call<void>("block", never.borrow());
  other.join();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind(), ErrorKind::Timeout);
  EXPECT_LT(std::chrono::steady_clock::now() - start, 10s);
}

TEST(Poll, WaitsForMoreDescriptorsThanTheProcessMayHaveOpen) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  Driver guest({.config = {.standard_input = {.kind = Stdio::Kind::Descriptor, .descriptor = ends[0]}}, .grants = {"stdio:stdin", "command"}});
  const auto in = guest.get<driver::InputHandle>("stdin");
  std::vector<PollableHandle> pollables;
  std::vector<LentPollable> lent;
  for (int i = 0; i < 5; i++) pollables.push_back(guest.get<PollableHandle>("subscribe-input", in.borrow()));
  // 100,000 entries over one descriptor, while the usual limit of descriptors is 1,024 to 65,536.
  for (int i = 0; i < 100'000; i++) lent.push_back(pollables[static_cast<size_t>(i) % pollables.size()].borrow());
  std::thread writer([&] {
    std::this_thread::sleep_for(20ms);
    EXPECT_EQ(write(ends[1], "x", 1), 1);
  });
  // The byte may come while the first of them were asked already.
  EXPECT_FALSE(poll(guest, lent).empty());
  writer.join();
  close(ends[0]);
  close(ends[1]);
}

}  // namespace
}  // namespace tenon::wasi
