#include "wasi/cli/stdio.h"

#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <thread>

#include <fcntl.h>
#include <pty.h>
#include <sys/socket.h>
#include <unistd.h>

#include "wasi/driver.h"

namespace tenon::wasi {
namespace {

using namespace std::chrono_literals;
using driver::Answer;
using driver::Bytes;
using driver::Driver;
using driver::InputHandle;
using driver::OutputHandle;
using driver::PollableHandle;

/// Two connected descriptors, closed at the end.
struct Pair {
  int read_end = -1;
  int write_end = -1;
  Pair() = default;
  Pair(Pair&& other) noexcept : read_end(std::exchange(other.read_end, -1)), write_end(std::exchange(other.write_end, -1)) {}
  Pair& operator=(Pair&&) = delete;
  ~Pair() {
    close_reader();
    close_writer();
  }
  void close_reader() {
    if (read_end >= 0) close(std::exchange(read_end, -1));
  }
  void close_writer() {
    if (write_end >= 0) close(std::exchange(write_end, -1));
  }
  static Pair of_pipe() {
    Pair pair;
    int ends[2];
    EXPECT_EQ(pipe2(ends, O_CLOEXEC), 0);
    pair.read_end = ends[0];
    pair.write_end = ends[1];
    return pair;
  }
  static Pair of_sockets() {
    Pair pair;
    int ends[2];
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    pair.read_end = ends[0];
    pair.write_end = ends[1];
    return pair;
  }
  /// What the writer writes to is the terminal.
  static Pair of_terminal() {
    Pair pair;
    EXPECT_EQ(openpty(&pair.read_end, &pair.write_end, nullptr, nullptr, nullptr), 0);
    return pair;
  }
};

/// A file without a name.
int temporary_file() {
  char path[] = "/tmp/tenon-stdio-XXXXXX";
  const int descriptor = mkostemp(path, O_CLOEXEC);
  EXPECT_GE(descriptor, 0);
  unlink(path);
  return descriptor;
}

driver::Options with_input(int descriptor) {
  driver::Options options;
  options.config.standard_input = {.kind = Stdio::Kind::Descriptor, .descriptor = descriptor};
  return options;
}
driver::Options with_output(int descriptor) {
  driver::Options options;
  options.config.standard_output = {.kind = Stdio::Kind::Descriptor, .descriptor = descriptor};
  return options;
}

bool is_nonblocking(int descriptor) { return (fcntl(descriptor, F_GETFL) & O_NONBLOCK) != 0; }

std::string read_all(int descriptor) {
  std::string text;
  char buffer[4096];
  for (ssize_t got = read(descriptor, buffer, sizeof buffer); got > 0; got = read(descriptor, buffer, sizeof buffer))
    text.append(buffer, static_cast<size_t>(got));
  return text;
}

Answer<void> print(Driver& guest, const OutputHandle& out, std::string_view text) {
  return guest.get<Answer<void>>("blocking-write-and-flush", out.borrow(), driver::bytes_of(text));
}

void read_in_pieces_and_to_the_end(Pair pair) {
  Driver guest(with_input(pair.read_end));
  const auto in = guest.get<InputHandle>("stdin");
  EXPECT_TRUE(guest.get<Answer<Bytes>>("read", in.borrow(), uint64_t{100})->empty());
  const auto pollable = guest.get<PollableHandle>("subscribe-input", in.borrow());
  EXPECT_FALSE(guest.get<bool>("ready", pollable.borrow()));
  ASSERT_EQ(write(pair.write_end, "hello", 5), 5);
  EXPECT_TRUE(guest.get<bool>("ready", pollable.borrow()));
  EXPECT_EQ(driver::text_of(*guest.get<Answer<Bytes>>("read", in.borrow(), uint64_t{100})), "hello");
  std::thread writer([&] {
    std::this_thread::sleep_for(10ms);
    EXPECT_EQ(write(pair.write_end, "again", 5), 5);
    std::this_thread::sleep_for(10ms);
    pair.close_writer();
  });
  EXPECT_EQ(driver::text_of(*guest.get<Answer<Bytes>>("blocking-read", in.borrow(), uint64_t{100})), "again");
  EXPECT_TRUE(guest.get<Answer<Bytes>>("blocking-read", in.borrow(), uint64_t{100}).error().is_closed());
  writer.join();
  EXPECT_TRUE(guest.get<bool>("ready", pollable.borrow()));
  EXPECT_FALSE(is_nonblocking(pair.read_end));
}

TEST(Stdin, OfAPipeIsReadInPiecesAndToTheEnd) { read_in_pieces_and_to_the_end(Pair::of_pipe()); }
TEST(Stdin, OfASocketIsReadInPiecesAndToTheEnd) { read_in_pieces_and_to_the_end(Pair::of_sockets()); }

TEST(Stdin, OfATerminalIsReadWithoutWaiting) {
  Pair pair = Pair::of_terminal();
  Driver guest(with_input(pair.write_end));
  const auto in = guest.get<InputHandle>("stdin");
  EXPECT_TRUE(guest.get<Answer<Bytes>>("read", in.borrow(), uint64_t{100})->empty());
  ASSERT_EQ(write(pair.read_end, "line\n", 5), 5);
  EXPECT_EQ(driver::text_of(*guest.get<Answer<Bytes>>("blocking-read", in.borrow(), uint64_t{100})), "line\n");
  EXPECT_FALSE(is_nonblocking(pair.write_end));
}

TEST(Stdin, OfAFileBeginsWhereTheDescriptorIs) {
  const int file = temporary_file();
  ASSERT_EQ(write(file, "0123456789", 10), 10);
  ASSERT_EQ(lseek(file, 4, SEEK_SET), 4);
  Driver guest(with_input(file));
  const auto in = guest.get<InputHandle>("stdin");
  EXPECT_EQ(driver::text_of(*guest.get<Answer<Bytes>>("read", in.borrow(), uint64_t{100})), "456789");
  EXPECT_TRUE(guest.get<Answer<Bytes>>("read", in.borrow(), uint64_t{100}).error().is_closed());
  close(file);
}

TEST(Stdin, OfAPipeThatNobodyWritesToIsEndedByTheDeadline) {
  Pair pair = Pair::of_pipe();
  auto options = with_input(pair.read_end);
  options.limits.time = 30ms;
  Driver guest(std::move(options));
  const auto in = guest.get<InputHandle>("stdin");
  const auto result = guest.call<Answer<Bytes>>("blocking-read", in.borrow(), uint64_t{100});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind(), ErrorKind::Timeout);
}

TEST(Stdin, OfAPipeThatNobodyWritesToIsEndedByACancel) {
  Pair pair = Pair::of_pipe();
  Driver guest(with_input(pair.read_end));
  const auto in = guest.get<InputHandle>("stdin");
  std::thread other([&] {
    std::this_thread::sleep_for(20ms);
    guest.store().interrupt();
  });
  EXPECT_EQ(guest.call<Answer<Bytes>>("blocking-read", in.borrow(), uint64_t{100}).error().kind(), ErrorKind::Timeout);
  other.join();
}

TEST(Stdin, IsReadInOneOrderByAllItsHandles) {
  driver::Options options;
  options.config.standard_input = {.kind = Stdio::Kind::Memory, .bytes = std::make_shared<std::string>("abcd")};
  Driver guest(std::move(options));
  const auto first = guest.get<InputHandle>("stdin");
  const auto second = guest.get<InputHandle>("stdin");
  EXPECT_EQ(driver::text_of(*guest.get<Answer<Bytes>>("read", first.borrow(), uint64_t{2})), "ab");
  EXPECT_EQ(driver::text_of(*guest.get<Answer<Bytes>>("read", second.borrow(), uint64_t{2})), "cd");
}

TEST(Stdin, IsAtItsEndWithoutAGrant) {
  auto options = with_input(STDIN_FILENO);
  options.grants = {};
  Driver guest(std::move(options));
  const auto in = guest.get<InputHandle>("stdin");
  EXPECT_TRUE(guest.get<Answer<Bytes>>("blocking-read", in.borrow(), uint64_t{1}).error().is_closed());
}

TEST(Stdin, IsNoDecisionUntilItIsRead) {
  Driver guest({.grants = {}});
  const auto in = guest.get<InputHandle>("stdin");
  EXPECT_TRUE(guest.guard().decisions().empty());
  EXPECT_FALSE(guest.get<Answer<Bytes>>("read", in.borrow(), uint64_t{1}));
  EXPECT_FALSE(guest.get<Answer<Bytes>>("read", in.borrow(), uint64_t{1}));
  ASSERT_EQ(guest.guard().decisions().size(), 1);
  EXPECT_EQ(guest.guard().decisions()[0].verdict, policy::Verdict::Denied);
  EXPECT_EQ(guest.guard().decisions()[0].count, 1);
}

TEST(Stdin, OfADescriptorThatIsNotOpenIsAnError) {
  Driver guest(with_input(99'999));
  const auto in = guest.get<InputHandle>("stdin");
  EXPECT_EQ(guest.debug_string(guest.get<Answer<Bytes>>("blocking-read", in.borrow(), uint64_t{1}).error()), "Bad file descriptor");
}

TEST(Stdout, GoesToAPipeASocketATerminalAndAFile) {
  for (auto make : {Pair::of_pipe, Pair::of_sockets, Pair::of_terminal}) {
    Pair pair = make();
    Driver guest(with_output(pair.write_end));
    const auto out = guest.get<OutputHandle>("stdout");
    EXPECT_TRUE(print(guest, out, "hello"));
    char buffer[16];
    ASSERT_EQ(read(pair.read_end, buffer, sizeof buffer), 5);
    EXPECT_EQ(std::string_view(buffer, 5), "hello");
    EXPECT_FALSE(is_nonblocking(pair.write_end));
  }
  const int file = temporary_file();
  Driver guest(with_output(file));
  const auto out = guest.get<OutputHandle>("stdout");
  EXPECT_TRUE(print(guest, out, "hello"));
  ASSERT_EQ(lseek(file, 0, SEEK_SET), 0);
  EXPECT_EQ(read_all(file), "hello");
  close(file);
}

TEST(Stdout, LosesNothingWhenTheReaderIsSlow) {
  for (auto make : {Pair::of_pipe, Pair::of_sockets}) {
    Pair pair = make();
    std::string got;
    std::string sent;
    std::thread reader;
    {
      Driver guest(with_output(pair.write_end));
      const auto out = guest.get<OutputHandle>("stdout");
      reader = std::thread([&got, end = pair.read_end] {
        std::this_thread::sleep_for(20ms);
        got = read_all(end);
      });
      for (int i = 0; i < 256; i++) {
        const std::string piece(4096, static_cast<char>('a' + i % 26));
        ASSERT_TRUE(print(guest, out, piece));
        sent += piece;
      }
      ASSERT_TRUE(finish_stdio(guest.context()));
      EXPECT_FALSE(is_nonblocking(pair.write_end));
    }
    pair.close_writer();
    reader.join();
    EXPECT_EQ(got, sent);
  }
}

TEST(Stdout, KeepsABoundedPartOfWhatNobodyReads) {
  for (auto make : {Pair::of_pipe, Pair::of_sockets}) {
    Pair pair = make();
    Driver guest(with_output(pair.write_end));
    const auto out = guest.get<OutputHandle>("stdout");
    uint64_t total = 0;
    for (uint64_t permit = 1; permit != 0;) {
      permit = *guest.get<Answer<uint64_t>>("check-write", out.borrow());
      ASSERT_LE(permit, 64 << 10);
      ASSERT_TRUE(guest.get<Answer<void>>("write", out.borrow(), Bytes(permit)));
      total += permit;
      ASSERT_LT(total, 16 << 20);
    }
    const auto pollable = guest.get<PollableHandle>("subscribe-output", out.borrow());
    EXPECT_FALSE(guest.get<bool>("ready", pollable.borrow()));
  }
}

TEST(Stdout, OfAWriterWhomNobodyReadsIsEndedByTheDeadline) {
  Pair pair = Pair::of_pipe();
  auto options = with_output(pair.write_end);
  options.limits.time = 50ms;
  Driver guest(std::move(options));
  const auto out = guest.get<OutputHandle>("stdout");
  Result<Answer<void>> result{};
  do {
    result = guest.call<Answer<void>>("blocking-write-and-flush", out.borrow(), Bytes(4096));
  } while (result);
  EXPECT_EQ(result.error().kind(), ErrorKind::Timeout);
}

TEST(Stdout, OfAWriterWhomNobodyReadsIsEndedByItsBudget) {
  const int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
  auto options = with_output(null);
  options.limits.bytes_out = 100'000;
  Driver guest(std::move(options));
  const auto out = guest.get<OutputHandle>("stdout");
  Result<Answer<void>> result{};
  do {
    result = guest.call<Answer<void>>("blocking-write-and-flush", out.borrow(), Bytes(4096));
  } while (result);
  EXPECT_EQ(result.error().kind(), ErrorKind::LimitExceeded);
  close(null);
}

TEST(Stdout, ThatIsClosedOnTheOtherSideIsClosedToTheGuestAndNoSignal) {
  ASSERT_NE(signal(SIGPIPE, SIG_DFL), SIG_ERR);
  for (auto make : {Pair::of_pipe, Pair::of_sockets}) {
    Pair pair = make();
    Driver guest(with_output(pair.write_end));
    const auto out = guest.get<OutputHandle>("stdout");
    EXPECT_TRUE(print(guest, out, "heard"));
    pair.close_reader();
    const auto result = print(guest, out, "not heard");
    ASSERT_FALSE(result);
    EXPECT_TRUE(result.error().is_closed());
    EXPECT_TRUE(print(guest, out, "nor this").error().is_closed());
  }
}

TEST(Stdout, ThatWasClosedOnTheOtherSideBeforeIsClosedToTheGuest) {
  Pair pair = Pair::of_pipe();
  pair.close_reader();
  Driver guest(with_output(pair.write_end));
  const auto out = guest.get<OutputHandle>("stdout");
  EXPECT_TRUE(print(guest, out, "x").error().is_closed());
}

TEST(Stdout, TellsThatTheDeviceIsFull) {
  const int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
  if (full < 0) GTEST_SKIP() << "no /dev/full";
  Driver guest(with_output(full));
  const auto out = guest.get<OutputHandle>("stdout");
  EXPECT_EQ(guest.debug_string(print(guest, out, "x").error()), "No space left on device");
  close(full);
}

TEST(Stdout, OfADescriptorForReadingGainsNoRightToWrite) {
  Pair pair = Pair::of_pipe();
  Driver guest(with_output(pair.read_end));
  const auto out = guest.get<OutputHandle>("stdout");
  EXPECT_EQ(guest.debug_string(print(guest, out, "x").error()), "Bad file descriptor");
}

TEST(Stdout, SaysWhatIsMissingWithoutAGrant) {
  driver::Options options;
  options.config.standard_output = {.kind = Stdio::Kind::Memory, .bytes = std::make_shared<std::string>()};
  options.rules = policy::Rules::create({{.key = policy::RuleLayer::Key::Allowed,
                                          .scopes = {{.name = "default",
                                                      .rules = {{.capability = policy::Capability::parse("stdio:stdout").value(),
                                                                 .effect = policy::Effect::Deny,
                                                                 .source = {.file = "policy.toml", .line = 3, .key = "default.deny[0]"}}}}},
                                          .place = "policy.toml"}});
  const auto output = options.config.standard_output.bytes;
  Driver guest(std::move(options));
  const auto out = guest.get<OutputHandle>("stdout");
  const auto failed = print(guest, out, "x");
  ASSERT_FALSE(failed);
  EXPECT_NE(guest.debug_string(failed.error()).find("stdio:stdout is not granted"), std::string::npos);
  EXPECT_NE(guest.debug_string(failed.error()).find("policy.toml:3"), std::string::npos);
  EXPECT_EQ(*output, "");
}

TEST(Stdout, AndStderrGoTheirOwnWays) {
  const auto output = std::make_shared<std::string>();
  const auto error = std::make_shared<std::string>();
  driver::Options options;
  options.config.standard_output = {.kind = Stdio::Kind::Memory, .bytes = output};
  options.config.standard_error = {.kind = Stdio::Kind::Memory, .bytes = error};
  Driver guest(std::move(options));
  EXPECT_TRUE(print(guest, guest.get<OutputHandle>("stdout"), "out"));
  EXPECT_TRUE(print(guest, guest.get<OutputHandle>("stderr"), "err"));
  EXPECT_TRUE(print(guest, guest.get<OutputHandle>("stdout"), "put"));
  EXPECT_EQ(*output, "output");
  EXPECT_EQ(*error, "err");
}

TEST(Stdout, ThatLeadsNowhereTakesEverything) {
  Driver guest;
  const auto out = guest.get<OutputHandle>("stdout");
  EXPECT_TRUE(print(guest, out, "x"));
  EXPECT_TRUE(guest.get<Answer<Bytes>>("read", guest.get<InputHandle>("stdin").borrow(), uint64_t{1}).error().is_closed());
}

using TerminalHandle = Own<struct AnyTerminal>;

TEST(Terminals, AreThereForTerminalsAlone) {
  Pair terminal = Pair::of_terminal();
  Pair pipe = Pair::of_pipe();
  driver::Options options;
  options.config.standard_input = {.kind = Stdio::Kind::Descriptor, .descriptor = terminal.write_end};
  options.config.standard_output = {.kind = Stdio::Kind::Descriptor, .descriptor = terminal.write_end};
  options.config.standard_error = {.kind = Stdio::Kind::Descriptor, .descriptor = pipe.write_end};
  Driver guest(std::move(options));
  EXPECT_TRUE(guest.get<std::optional<TerminalHandle>>("terminal-stdin"));
  EXPECT_TRUE(guest.get<std::optional<TerminalHandle>>("terminal-stdout"));
  EXPECT_FALSE(guest.get<std::optional<TerminalHandle>>("terminal-stderr"));
}

TEST(Terminals, AreNotThereWithoutAGrant) {
  Pair terminal = Pair::of_terminal();
  auto options = with_input(terminal.write_end);
  options.grants = {};
  Driver guest(std::move(options));
  EXPECT_FALSE(guest.get<std::optional<TerminalHandle>>("terminal-stdin"));
}

}  // namespace
}  // namespace tenon::wasi
