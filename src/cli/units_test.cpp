#include "cli/units.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string_view>

namespace tenon::cli {
namespace {

using std::chrono::microseconds;

TEST(Duration, TakesANumberWithItsUnit) {
  EXPECT_EQ(parse_duration("2"), microseconds(2000000));
  EXPECT_EQ(parse_duration("0"), microseconds(0));
  EXPECT_EQ(parse_duration("1.5s"), microseconds(1500000));
  EXPECT_EQ(parse_duration("500ms"), microseconds(500000));
  EXPECT_EQ(parse_duration("10us"), microseconds(10));
  EXPECT_EQ(parse_duration("1m"), microseconds(60000000));
}

TEST(Duration, RefusesWhatIsNone) {
  for (std::string_view bad : {"", "s", "-1", "-0", "1x", "1 s", "nan", "inf", "1e3", "99999999h", "1s2", "0x10", "+1"})
    EXPECT_FALSE(parse_duration(bad)) << bad;
}

TEST(Bytes, TakesANumberWithItsUnit) {
  EXPECT_EQ(parse_bytes("65536"), 65536u);
  EXPECT_EQ(parse_bytes("18446744073709551615"), UINT64_MAX);
  EXPECT_EQ(parse_bytes("64KiB"), 65536u);
  EXPECT_EQ(parse_bytes("1.5M"), 1572864u);
  EXPECT_EQ(parse_bytes("2g"), uint64_t{2} << 30);
}

TEST(Bytes, RefusesWhatIsNone) {
  for (std::string_view bad : {"", "-1", "1 k", "k", "18446744073709551616", "1e30", "99999999999GiB", "1kib", "nan"}) EXPECT_FALSE(parse_bytes(bad)) << bad;
}

TEST(Count, TakesAllOf64BitsAndNoSign) {
  EXPECT_EQ(parse_count("0"), 0u);
  EXPECT_EQ(parse_count("18446744073709551615"), UINT64_MAX);
  for (std::string_view bad : {"", "-1", "+1", "18446744073709551616", "1.5", "1k", " 1", "0x10"}) EXPECT_FALSE(parse_count(bad)) << bad;
}

}  // namespace
}  // namespace tenon::cli
