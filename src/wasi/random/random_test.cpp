#include "wasi/random/random.h"

#include <gtest/gtest.h>

#include <set>
#include <tuple>

#include "wasi/driver.h"

namespace tenon::wasi {
namespace {

using driver::Bytes;
using driver::Driver;
using Seed = std::tuple<uint64_t, uint64_t>;

driver::Options repeatable(uint64_t seed) {
  driver::Options options;
  options.config.deterministic = Deterministic{.seed = seed};
  return options;
}

TEST(Random, GivesAsManyBytesAsAreAskedFor) {
  Driver guest;
  for (const char* const name : {"random-bytes", "insecure-bytes"}) {
    for (const uint64_t size : {0, 1, 63, 64, 2047, 2048, 2049, 100'000}) EXPECT_EQ(guest.get<Bytes>(name, size).size(), size);
  }
}

TEST(Random, RepeatsNothing) {
  Driver guest;
  std::set<uint64_t> numbers;
  for (int i = 0; i < 1000; i++) {
    numbers.insert(guest.get<uint64_t>("random-u64"));
    numbers.insert(guest.get<uint64_t>("insecure-u64"));
  }
  EXPECT_EQ(numbers.size(), 2000);
}

TEST(Random, SeedsAGuestOnce) {
  Driver guest;
  const auto seed = guest.get<Seed>("insecure-seed");
  EXPECT_EQ(guest.get<Seed>("insecure-seed"), seed);
  Driver other;
  EXPECT_NE(other.get<Seed>("insecure-seed"), seed);
}

TEST(Random, RefusesFourGigabytesAtOnceAndSaysWhatItGives) {
  for (const char* const name : {"random-bytes", "insecure-bytes"}) {
    for (const uint64_t size : {random_bytes_max + 1, uint64_t{4} << 30, UINT64_MAX}) {
      Driver guest;
      const auto result = guest.call<Bytes>(name, size);
      ASSERT_FALSE(result);
      EXPECT_EQ(result.error().kind(), ErrorKind::LimitExceeded);
      EXPECT_EQ(result.error().message(), std::to_string(size) + " random bytes at once, at most 67108864 are given");
    }
  }
}

TEST(Random, RepeatsItselfForASeed) {
  Driver first(repeatable(7));
  Driver second(repeatable(7));
  Driver other(repeatable(8));
  const auto bytes = first.get<Bytes>("random-bytes", uint64_t{100});
  EXPECT_EQ(second.get<Bytes>("random-bytes", uint64_t{100}), bytes);
  EXPECT_NE(other.get<Bytes>("random-bytes", uint64_t{100}), bytes);
  EXPECT_NE(first.get<Bytes>("random-bytes", uint64_t{100}), bytes);
  EXPECT_EQ(first.get<Seed>("insecure-seed"), second.get<Seed>("insecure-seed"));
  EXPECT_EQ(first.get<uint64_t>("insecure-u64"), second.get<uint64_t>("insecure-u64"));
}

TEST(Random, KeepsItsRepeatableStreamsApart) {
  Driver first(repeatable(7));
  Driver second(repeatable(7));
  static_cast<void>(first.get<uint64_t>("insecure-u64"));
  EXPECT_EQ(first.get<uint64_t>("random-u64"), second.get<uint64_t>("random-u64"));
}

TEST(Random, EndsTheGuestThatGotPastTheCheckOfItsImports) {
  for (const char* const name : {"random-u64", "insecure-u64"}) {
    Driver guest({.grants = {}});
    EXPECT_EQ(guest.call<uint64_t>(name).error().kind(), ErrorKind::Denied);
  }
  Driver guest({.grants = {"random:insecure"}});
  EXPECT_EQ(guest.call<Bytes>("insecure-bytes", uint64_t{1})->size(), 1);
  EXPECT_EQ(guest.call<Bytes>("random-bytes", uint64_t{1}).error().kind(), ErrorKind::Denied);
}

}  // namespace
}  // namespace tenon::wasi
