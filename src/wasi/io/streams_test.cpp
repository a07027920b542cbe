#include "wasi/io/streams.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>

#include "wasi/driver.h"
#include "wasi/io/memory_stream.h"

namespace tenon::wasi {
namespace {

using driver::Answer;
using driver::Bytes;
using driver::Driver;
using driver::InputHandle;
using driver::LentInput;
using driver::LentOutput;
using driver::LentPollable;
using driver::OutputHandle;
using driver::PollableHandle;

std::shared_ptr<std::string> text(std::string bytes) { return std::make_shared<std::string>(std::move(bytes)); }

/// A driver whose stdin holds `input` and whose stdout is `output`.
Driver::Options memory_options(const std::string& input, const std::shared_ptr<std::string>& output = text("")) {
  Driver::Options options;
  options.config.standard_input = {.kind = Stdio::Kind::Memory, .bytes = text(input)};
  options.config.standard_output = {.kind = Stdio::Kind::Memory, .bytes = output};
  return options;
}

/// Gives what a test says, one step a call, and nothing ("not yet") in between.
class ScriptedInput final : public InputStream {
 public:
  struct Step {
    std::string bytes;
    bool fails = false;
  };
  explicit ScriptedInput(std::deque<Step> steps) : steps_(std::move(steps)) {}
  StreamResult<size_t> read(Context&, std::span<std::byte> to) override {
    if (waits_) return 0;
    if (steps_.empty()) return std::unexpected(StreamFailure::closed());
    const Step step = steps_.front();
    steps_.pop_front();
    waits_ = true;
    if (step.fails) return std::unexpected(StreamFailure::failed("the disk is on fire", EIO));
    const size_t count = std::min(to.size(), step.bytes.size());
    std::memcpy(to.data(), step.bytes.data(), count);
    return count;
  }
  bool is_ready(Context&) override { return !waits_; }
  void prepare(Context&, WaitSet& set) override {
    waits_ = false;
    set.add_moment(std::chrono::steady_clock::now());
  }

 private:
  std::deque<Step> steps_;
  bool waits_ = false;
};

/// Takes `piece` bytes at a time and waits between them; fails once `room` bytes were taken.
class SlowOutput final : public OutputStream {
 public:
  SlowOutput(std::string& taken, size_t piece, size_t room) : taken_(taken), piece_(piece), room_(room) {}
  StreamResult<uint64_t> check_write(Context&) override {
    if (taken_.size() >= room_) return std::unexpected(StreamFailure::failed("no room", ENOSPC));
    return waits_ ? 0 : std::min(piece_, room_ - taken_.size());
  }
  StreamResult<void> write(Context&, std::span<const std::byte> bytes) override {
    taken_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    waits_ = true;
    return {};
  }
  StreamResult<void> flush(Context&) override {
    flushes++;
    return {};
  }
  bool is_ready(Context&) override { return !waits_ || taken_.size() >= room_; }
  void prepare(Context&, WaitSet& set) override {
    waits_ = false;
    set.add_moment(std::chrono::steady_clock::now());
  }
  int flushes = 0;

 private:
  std::string& taken_;
  size_t piece_;
  size_t room_;
  bool waits_ = false;
};

template <class T, class Handle>
Handle give(Driver& guest, std::unique_ptr<T> stream) {
  using Base = std::conditional_t<std::derived_from<T, InputStream>, InputStream, OutputStream>;
  return Handle::create(guest.store(), guest.context().own<Base>(std::move(stream)).value().representation);
}
InputHandle give_input(Driver& guest, std::unique_ptr<InputStream> stream) { return give<InputStream, InputHandle>(guest, std::move(stream)); }
OutputHandle give_output(Driver& guest, std::unique_ptr<OutputStream> stream) { return give<OutputStream, OutputHandle>(guest, std::move(stream)); }

constexpr auto no_limit = std::numeric_limits<size_t>::max();

TEST(InputStreams, ReadWhatIsThereAndThenAreClosed) {
  Driver guest(memory_options("hello"));
  const auto in = guest.get<InputHandle>("stdin");
  EXPECT_EQ(driver::text_of(*guest.get<Answer<Bytes>>("read", in.borrow(), uint64_t{2})), "he");
  EXPECT_EQ(driver::text_of(*guest.get<Answer<Bytes>>("blocking-read", in.borrow(), uint64_t{100})), "llo");
  const auto end = guest.get<Answer<Bytes>>("read", in.borrow(), uint64_t{1});
  ASSERT_FALSE(end);
  EXPECT_TRUE(end.error().is_closed());
  EXPECT_TRUE(guest.get<Answer<Bytes>>("blocking-read", in.borrow(), uint64_t{1}).error().is_closed());
  EXPECT_TRUE(guest.get<Answer<uint64_t>>("skip", in.borrow(), uint64_t{1}).error().is_closed());
  EXPECT_TRUE(guest.get<Answer<uint64_t>>("blocking-skip", in.borrow(), uint64_t{1}).error().is_closed());
}

TEST(InputStreams, SkipWhatIsThere) {
  Driver guest(memory_options("0123456789"));
  const auto in = guest.get<InputHandle>("stdin");
  EXPECT_EQ(*guest.get<Answer<uint64_t>>("skip", in.borrow(), uint64_t{3}), 3);
  EXPECT_EQ(*guest.get<Answer<uint64_t>>("blocking-skip", in.borrow(), uint64_t{2}), 2);
  EXPECT_EQ(driver::text_of(*guest.get<Answer<Bytes>>("read", in.borrow(), uint64_t{100})), "56789");
}

TEST(InputStreams, ReadNothingWhenAskedForNothing) {
  Driver guest(memory_options("x"));
  const auto in = guest.get<InputHandle>("stdin");
  EXPECT_TRUE(guest.get<Answer<Bytes>>("read", in.borrow(), uint64_t{0})->empty());
  EXPECT_TRUE(guest.get<Answer<Bytes>>("blocking-read", in.borrow(), uint64_t{0})->empty());
  EXPECT_EQ(guest.get<Answer<Bytes>>("read", in.borrow(), uint64_t{9})->size(), 1);
  EXPECT_TRUE(guest.get<Answer<Bytes>>("read", in.borrow(), uint64_t{0}).error().is_closed());
}

TEST(InputStreams, GiveABoundedPieceOfAReadOfFourGigabytes) {
  Driver guest(memory_options(std::string(3 << 20, 'x')));
  const auto in = guest.get<InputHandle>("stdin");
  EXPECT_EQ(guest.get<Answer<Bytes>>("read", in.borrow(), uint64_t{4} << 30)->size(), read_bytes_max);
  EXPECT_EQ(guest.get<Answer<Bytes>>("read", in.borrow(), UINT64_MAX)->size(), read_bytes_max);
  EXPECT_EQ(*guest.get<Answer<uint64_t>>("skip", in.borrow(), UINT64_MAX), read_bytes_max);
}

TEST(InputStreams, WaitInTheirBlockingFormsOnly) {
  Driver guest;
  const auto in = give_input(guest, std::make_unique<ScriptedInput>(std::deque<ScriptedInput::Step>{{"one", false}, {"two", false}, {"three", false}}));
  EXPECT_EQ(driver::text_of(*guest.get<Answer<Bytes>>("read", in.borrow(), uint64_t{100})), "one");
  EXPECT_TRUE(guest.get<Answer<Bytes>>("read", in.borrow(), uint64_t{100})->empty());
  EXPECT_EQ(*guest.get<Answer<uint64_t>>("skip", in.borrow(), uint64_t{100}), 0);
  EXPECT_EQ(driver::text_of(*guest.get<Answer<Bytes>>("blocking-read", in.borrow(), uint64_t{100})), "two");
  EXPECT_EQ(*guest.get<Answer<uint64_t>>("blocking-skip", in.borrow(), uint64_t{100}), 5);
}

TEST(InputStreams, TellAnErrorOnceAndAreClosedAfterwards) {
  Driver guest;
  const auto in = give_input(guest, std::make_unique<ScriptedInput>(std::deque<ScriptedInput::Step>{{"", true}, {"more", false}}));
  const auto failed = guest.get<Answer<Bytes>>("blocking-read", in.borrow(), uint64_t{100});
  ASSERT_FALSE(failed);
  EXPECT_EQ(guest.debug_string(failed.error()), "the disk is on fire");
  EXPECT_TRUE(guest.get<Answer<Bytes>>("read", in.borrow(), uint64_t{100}).error().is_closed());
  EXPECT_TRUE(guest.get<Answer<Bytes>>("blocking-read", in.borrow(), uint64_t{100}).error().is_closed());
}

TEST(InputStreams, EndTheGuestWhenNoBytesAreLeftInItsBudgetAndNotBefore) {
  auto options = memory_options("0123456789");
  options.limits.bytes_in = 6;
  Driver guest(std::move(options));
  const auto in = guest.get<InputHandle>("stdin");
  EXPECT_EQ(driver::text_of(*guest.get<Answer<Bytes>>("read", in.borrow(), uint64_t{100})), "012345");
  const auto over = guest.call<Answer<Bytes>>("read", in.borrow(), uint64_t{100});
  ASSERT_FALSE(over);
  EXPECT_EQ(over.error().kind(), ErrorKind::LimitExceeded);
}

TEST(InputStreams, EndWellWhereTheirBudgetEndsToo) {
  auto options = memory_options("012345");
  options.limits.bytes_in = 6;
  Driver guest(std::move(options));
  const auto in = guest.get<InputHandle>("stdin");
  EXPECT_EQ(driver::text_of(*guest.get<Answer<Bytes>>("read", in.borrow(), uint64_t{100})), "012345");
  EXPECT_TRUE(guest.get<Answer<Bytes>>("read", in.borrow(), uint64_t{100}).error().is_closed());
}

TEST(InputStreams, MayNotBeDroppedBeforeTheirPollables) {
  Driver guest(memory_options("x"));
  const auto representation = guest.context().own<InputStream>(std::make_unique<EmptyInput>()).value().representation;
  auto in = InputHandle::create(guest.store(), representation);
  auto pollable = guest.get<PollableHandle>("subscribe-input", in.borrow());
  const auto dropped = guest.context().drop(representation);
  ASSERT_FALSE(dropped);
  EXPECT_EQ(dropped.error().kind(), ErrorKind::Trap);
  ASSERT_TRUE(pollable.drop(guest.store()));
  EXPECT_TRUE(in.drop(guest.store()));
}

TEST(OutputStreams, TakeWhatTheyAllowedAndTrapOnMore) {
  const auto output = text("");
  auto options = memory_options("", output);
  options.config.standard_output.bytes_max = 10;
  Driver guest(std::move(options));
  const auto out = guest.get<OutputHandle>("stdout");
  EXPECT_EQ(*guest.get<Answer<uint64_t>>("check-write", out.borrow()), 10);
  EXPECT_TRUE(guest.get<Answer<void>>("write", out.borrow(), driver::bytes_of("abc")));
  EXPECT_TRUE(guest.get<Answer<void>>("write", out.borrow(), driver::bytes_of("defg")));
  const auto more = guest.call<Answer<void>>("write", out.borrow(), driver::bytes_of("hijk"));
  ASSERT_FALSE(more);
  EXPECT_EQ(more.error().kind(), ErrorKind::Trap);
  EXPECT_EQ(more.error().message(), "a write of 4 bytes, check-write allowed 3");
  EXPECT_EQ(*output, "abcdefg");
}

TEST(OutputStreams, TrapOnAWriteThatWasNotAskedFor) {
  Driver guest(memory_options(""));
  const auto out = guest.get<OutputHandle>("stdout");
  EXPECT_TRUE(guest.get<Answer<void>>("write", out.borrow(), driver::bytes_of("")));
  EXPECT_EQ(guest.call<Answer<void>>("write", out.borrow(), driver::bytes_of("a")).error().kind(), ErrorKind::Trap);
}

TEST(OutputStreams, TrapOnZeroesThatWereNotAllowed) {
  Driver guest(memory_options(""));
  const auto out = guest.get<OutputHandle>("stdout");
  EXPECT_EQ(guest.call<Answer<void>>("write-zeroes", out.borrow(), uint64_t{1} << 62).error().kind(), ErrorKind::Trap);
}

TEST(OutputStreams, TakeNoWritesBetweenAFlushAndTheNextCheck) {
  Driver guest(memory_options(""));
  const auto out = guest.get<OutputHandle>("stdout");
  EXPECT_GT(*guest.get<Answer<uint64_t>>("check-write", out.borrow()), 0);
  EXPECT_TRUE(guest.get<Answer<void>>("flush", out.borrow()));
  EXPECT_EQ(guest.call<Answer<void>>("write", out.borrow(), driver::bytes_of("a")).error().kind(), ErrorKind::Trap);
}

TEST(OutputStreams, WriteZeroes) {
  const auto output = text("");
  Driver guest(memory_options("", output));
  const auto out = guest.get<OutputHandle>("stdout");
  EXPECT_GE(*guest.get<Answer<uint64_t>>("check-write", out.borrow()), 5);
  EXPECT_TRUE(guest.get<Answer<void>>("write-zeroes", out.borrow(), uint64_t{5}));
  EXPECT_TRUE(guest.get<Answer<void>>("blocking-write-zeroes-and-flush", out.borrow(), uint64_t{4096}));
  EXPECT_EQ(*output, std::string(4101, '\0'));
  EXPECT_EQ(guest.call<Answer<void>>("blocking-write-zeroes-and-flush", out.borrow(), uint64_t{4097}).error().kind(), ErrorKind::Trap);
}

TEST(OutputStreams, WriteAndFlushAtMost4096BytesAtOnce) {
  const auto output = text("");
  Driver guest(memory_options("", output));
  const auto out = guest.get<OutputHandle>("stdout");
  EXPECT_TRUE(guest.get<Answer<void>>("blocking-write-and-flush", out.borrow(), Bytes(4096)));
  EXPECT_EQ(output->size(), 4096);
  const auto more = guest.call<Answer<void>>("blocking-write-and-flush", out.borrow(), Bytes(4097));
  ASSERT_FALSE(more);
  EXPECT_EQ(more.error().message(), "a blocking write and flush of 4097 bytes, at most 4096 are allowed");
  EXPECT_EQ(output->size(), 4096);
}

TEST(OutputStreams, WaitInTheirBlockingFormsOnly) {
  Driver guest;
  std::string taken;
  const auto out = give_output(guest, std::make_unique<SlowOutput>(taken, 3, no_limit));
  EXPECT_EQ(*guest.get<Answer<uint64_t>>("check-write", out.borrow()), 3);
  EXPECT_TRUE(guest.get<Answer<void>>("write", out.borrow(), driver::bytes_of("ab")));
  EXPECT_EQ(*guest.get<Answer<uint64_t>>("check-write", out.borrow()), 0);
  EXPECT_TRUE(guest.get<Answer<void>>("blocking-write-and-flush", out.borrow(), driver::bytes_of("0123456789")));
  EXPECT_EQ(taken, "ab0123456789");
  EXPECT_GT(*guest.get<Answer<uint64_t>>("check-write", out.borrow()), 0);
  EXPECT_TRUE(guest.get<Answer<void>>("blocking-flush", out.borrow()));
}

TEST(OutputStreams, TellAnErrorOnceAndAreClosedAfterwards) {
  Driver guest;
  std::string taken;
  const auto out = give_output(guest, std::make_unique<SlowOutput>(taken, 3, 7));
  const auto failed = guest.get<Answer<void>>("blocking-write-and-flush", out.borrow(), driver::bytes_of("0123456789"));
  ASSERT_FALSE(failed);
  EXPECT_EQ(guest.debug_string(failed.error()), "no room");
  EXPECT_EQ(taken, "0123456");
  EXPECT_TRUE(guest.get<Answer<uint64_t>>("check-write", out.borrow()).error().is_closed());
  EXPECT_TRUE(guest.get<Answer<void>>("write", out.borrow(), driver::bytes_of("x")).error().is_closed());
  EXPECT_TRUE(guest.get<Answer<void>>("write-zeroes", out.borrow(), uint64_t{1} << 62).error().is_closed());
  EXPECT_TRUE(guest.get<Answer<void>>("flush", out.borrow()).error().is_closed());
  EXPECT_TRUE(guest.get<Answer<void>>("blocking-flush", out.borrow()).error().is_closed());
  EXPECT_TRUE(guest.get<Answer<void>>("blocking-write-and-flush", out.borrow(), driver::bytes_of("x")).error().is_closed());
  const auto pollable = guest.get<PollableHandle>("subscribe-output", out.borrow());
  EXPECT_TRUE(guest.get<bool>("ready", pollable.borrow()));
}

TEST(OutputStreams, EndTheGuestExactlyWhereItsBudgetEnds) {
  const auto output = text("");
  auto options = memory_options("", output);
  options.limits.bytes_out = 6;
  Driver guest(std::move(options));
  const auto out = guest.get<OutputHandle>("stdout");
  EXPECT_EQ(*guest.get<Answer<uint64_t>>("check-write", out.borrow()), 6);
  EXPECT_TRUE(guest.get<Answer<void>>("blocking-write-and-flush", out.borrow(), driver::bytes_of("abcd")));
  const auto over = guest.call<Answer<void>>("blocking-write-and-flush", out.borrow(), driver::bytes_of("efgh"));
  ASSERT_FALSE(over);
  EXPECT_EQ(over.error().kind(), ErrorKind::LimitExceeded);
  EXPECT_EQ(*output, "abcdef");
}

TEST(OutputStreams, SayWhenMemoryIsFull) {
  auto options = memory_options("");
  options.config.standard_output.bytes_max = 3;
  Driver guest(std::move(options));
  const auto out = guest.get<OutputHandle>("stdout");
  const auto failed = guest.get<Answer<void>>("blocking-write-and-flush", out.borrow(), driver::bytes_of("abcd"));
  ASSERT_FALSE(failed);
  EXPECT_EQ(guest.debug_string(failed.error()), "the output is full at 3 bytes");
}

TEST(Splices, MoveWhatBothSidesTake) {
  const auto output = text("");
  auto options = memory_options("0123456789", output);
  options.config.standard_output.bytes_max = 7;
  Driver guest(std::move(options));
  const auto in = guest.get<InputHandle>("stdin");
  const auto out = guest.get<OutputHandle>("stdout");
  EXPECT_EQ(*guest.get<Answer<uint64_t>>("splice", out.borrow(), in.borrow(), uint64_t{4}), 4);
  EXPECT_EQ(*guest.get<Answer<uint64_t>>("splice", out.borrow(), in.borrow(), uint64_t{0}), 0);
  EXPECT_EQ(*guest.get<Answer<uint64_t>>("blocking-splice", out.borrow(), in.borrow(), uint64_t{100}), 3);
  EXPECT_EQ(*output, "0123456");
  EXPECT_FALSE(guest.get<Answer<uint64_t>>("splice", out.borrow(), in.borrow(), uint64_t{100}).error().is_closed());
}

TEST(Splices, TellWhatEndedThem) {
  Driver guest(memory_options("ab"));
  const auto in = guest.get<InputHandle>("stdin");
  const auto out = guest.get<OutputHandle>("stdout");
  EXPECT_EQ(*guest.get<Answer<uint64_t>>("blocking-splice", out.borrow(), in.borrow(), uint64_t{100}), 2);
  EXPECT_TRUE(guest.get<Answer<uint64_t>>("blocking-splice", out.borrow(), in.borrow(), uint64_t{100}).error().is_closed());
}

TEST(Splices, WaitForBothSidesInTheirBlockingForm) {
  Driver guest;
  std::string taken;
  const auto in = give_input(guest, std::make_unique<ScriptedInput>(std::deque<ScriptedInput::Step>{{"abc", false}, {"def", false}}));
  const auto out = give_output(guest, std::make_unique<SlowOutput>(taken, 2, no_limit));
  EXPECT_EQ(*guest.get<Answer<uint64_t>>("blocking-splice", out.borrow(), in.borrow(), uint64_t{100}), 2);
  EXPECT_EQ(*guest.get<Answer<uint64_t>>("splice", out.borrow(), in.borrow(), uint64_t{100}), 0);
  EXPECT_EQ(*guest.get<Answer<uint64_t>>("blocking-splice", out.borrow(), in.borrow(), uint64_t{100}), 2);
  EXPECT_EQ(taken, "abde");
}

TEST(Splices, AreChargedOnBothSides) {
  auto options = memory_options("0123456789");
  options.limits.bytes_in = 4;
  Driver guest(std::move(options));
  const auto in = guest.get<InputHandle>("stdin");
  const auto out = guest.get<OutputHandle>("stdout");
  EXPECT_EQ(*guest.get<Answer<uint64_t>>("splice", out.borrow(), in.borrow(), uint64_t{100}), 4);
  EXPECT_EQ(guest.budget().left_in(), 0);
  EXPECT_EQ(guest.budget().spent(policy::Limit::BytesOut), 4);
  EXPECT_EQ(guest.call<Answer<uint64_t>>("splice", out.borrow(), in.borrow(), uint64_t{100}).error().kind(), ErrorKind::LimitExceeded);
}

TEST(HostCalls, AreChargedToTheBudget) {
  Driver::Options options;
  options.limits.host_calls = 3;
  Driver guest(std::move(options));
  for (int i = 0; i < 3; i++) guest.get<uint64_t>("monotonic-now");
  EXPECT_EQ(guest.call<uint64_t>("monotonic-now").error().kind(), ErrorKind::LimitExceeded);
}

TEST(HostCalls, OpenNoMoreHandlesThanTheBudgetAllows) {
  Driver::Options options;
  options.limits.handles = 2;
  Driver guest(std::move(options));
  auto first = guest.get<OutputHandle>("stdout");
  auto second = guest.get<OutputHandle>("stdout");
  ASSERT_TRUE(second.drop(guest.store()));
  const auto third = guest.get<OutputHandle>("stdout");
  EXPECT_EQ(guest.call<OutputHandle>("stdout").error().kind(), ErrorKind::LimitExceeded);
}

}  // namespace
}  // namespace tenon::wasi
