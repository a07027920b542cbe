#include "wasi/random/generator.h"

#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

namespace tenon::wasi {
namespace {

std::vector<std::byte> take(ChaChaStream& stream, size_t size) {
  std::vector<std::byte> bytes(size);
  stream.fill(bytes);
  return bytes;
}

uint64_t secure_number() {
  uint64_t number = 0;
  EXPECT_TRUE(fill_secure(std::as_writable_bytes(std::span(&number, 1))));
  return number;
}

std::string hex(std::span<const std::byte> bytes) {
  std::string text;
  for (const std::byte each : bytes) {
    text += "0123456789abcdef"[std::to_integer<unsigned>(each) >> 4];
    text += "0123456789abcdef"[std::to_integer<unsigned>(each) & 15];
  }
  return text;
}

// The numbers are BLAKE2b-256 of the text as a key, and the 33rd to 48th byte of its ChaCha20 stream, from another implementation.
TEST(RepeatableStream, IsTheSameInEveryVersionOfTheProgram) {
  ChaChaStream stream = repeatable_stream(42, "secure");
  EXPECT_EQ(hex(take(stream, 16)), "7722899aabf5ca651bad9c4927bef918");
  ChaChaStream other = repeatable_stream(42, "insecure");
  EXPECT_EQ(hex(take(other, 16)), "6871cb73ef3b5c18f53dfc9a68260b1a");
}

TEST(ChaChaStream, DoesNotDependOnHowItIsCutWithinABuffer) {
  ChaChaStream whole = repeatable_stream(1, "test");
  ChaChaStream parts = repeatable_stream(1, "test");
  const auto expected = take(whole, 2048);
  std::vector<std::byte> got;
  for (size_t size = 1; got.size() < expected.size(); size++) {
    const auto piece = take(parts, std::min(size, expected.size() - got.size()));
    got.insert(got.end(), piece.begin(), piece.end());
  }
  EXPECT_EQ(got, expected);
}

TEST(ChaChaStream, ErasesWhatItGave) {
  ChaChaStream stream = repeatable_stream(1, "test");
  const auto given = take(stream, 100);
  const std::string held(reinterpret_cast<const char*>(&stream), sizeof stream);
  EXPECT_EQ(held.find(std::string(reinterpret_cast<const char*>(given.data()), 8)), std::string::npos);
}

TEST(ChaChaStream, LooksRandom) {
  ChaChaStream stream = repeatable_stream(3, "test");
  for (const size_t size : {size_t{1000}, size_t{1} << 20}) {
    const auto bytes = take(stream, size);
    size_t ones = 0;
    for (const std::byte each : bytes) ones += static_cast<size_t>(std::popcount(std::to_integer<uint8_t>(each)));
    EXPECT_NEAR(static_cast<double>(ones) / static_cast<double>(size * 8), 0.5, 0.03);
  }
}

TEST(SecureRandom, DiffersBetweenThreads) {
  std::set<uint64_t> numbers;
  for (int i = 0; i < 8; i++) {
    uint64_t number = 0;
    std::thread([&number] { number = secure_number(); }).join();
    numbers.insert(number);
    numbers.insert(secure_number());
  }
  EXPECT_EQ(numbers.size(), 16);
}

TEST(SecureRandom, DiffersBetweenAProcessAndItsChildAfterAFork) {
  static_cast<void>(secure_number());
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    std::array<uint64_t, 4> numbers{};
    const bool filled = fill_secure(std::as_writable_bytes(std::span(numbers))).has_value();
    _exit(filled && write(ends[1], numbers.data(), sizeof numbers) == sizeof numbers ? 0 : 1);
  }
  std::array<uint64_t, 4> of_child{};
  ASSERT_EQ(read(ends[0], of_child.data(), sizeof of_child), static_cast<ssize_t>(sizeof of_child));
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  std::set<uint64_t> numbers(of_child.begin(), of_child.end());
  for (int i = 0; i < 4; i++) numbers.insert(secure_number());
  EXPECT_EQ(numbers.size(), 8);
  close(ends[0]);
  close(ends[1]);
}

TEST(SecureRandom, GoesOnPastTheBytesOfOneSeed) {
  std::set<uint64_t> numbers;
  for (int i = 0; i < 20'000; i++) numbers.insert(secure_number());
  EXPECT_EQ(numbers.size(), 20'000);
}

}  // namespace
}  // namespace tenon::wasi
