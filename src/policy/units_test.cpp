#include "policy/units.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <string_view>

namespace tenon::policy {
namespace {

using namespace std::chrono_literals;

TEST(Duration, TakesANumberWithItsUnit) {
  EXPECT_EQ(*parse_duration("2"), 2s);
  EXPECT_EQ(*parse_duration("0"), 0s);
  EXPECT_EQ(*parse_duration("60s"), 60s);
  EXPECT_EQ(*parse_duration("1.5s"), 1500ms);
  EXPECT_EQ(*parse_duration("500ms"), 500ms);
  EXPECT_EQ(*parse_duration("10us"), 10us);
  EXPECT_EQ(*parse_duration("7ns"), 7ns);
  EXPECT_EQ(*parse_duration("1m"), 60s);
  EXPECT_EQ(*parse_duration("0.1h"), 360s);
  EXPECT_EQ(*parse_duration("8760h"), 24h * 365);
  EXPECT_EQ(*parse_duration("0.0000000019"), 1ns);
  EXPECT_EQ(*parse_duration("0." + std::string(1000, '9')), 999'999'999ns);
}

TEST(Duration, RefusesWhatIsNone) {
  for (std::string_view bad : {"",     "s",         "-1",  "-0",  "1x",        "1 s",       " 1s",
                               "1s ",  "nan",       "inf", "1e3", "99999999h", "8760.001h", "1s2",
                               "0x10", "+1",        ".5",  "5.",  "5.s",       "1.2.3",     "18446744073709551616",
                               "1S",   "1\xc2\xb5s"})
    EXPECT_FALSE(parse_duration(bad)) << bad;
  EXPECT_EQ(parse_duration("soon").error().message(), "\"soon\" is no duration such as 500ms, 2s or 1m, of at most a year");
  EXPECT_EQ(parse_duration("soon").error().kind(), ErrorKind::InvalidInput);
  EXPECT_LT(parse_duration(std::string(100'000, 'x')).error().message().size(), 200U);
}

TEST(Bytes, TakesANumberWithItsUnit) {
  EXPECT_EQ(*parse_bytes("65536"), 65536U);
  EXPECT_EQ(*parse_bytes("18446744073709551615"), UINT64_MAX);
  EXPECT_EQ(*parse_bytes("256MB"), uint64_t{256} << 20);
  EXPECT_EQ(*parse_bytes("64KiB"), 65536U);
  EXPECT_EQ(*parse_bytes("1.5M"), 1572864U);
  EXPECT_EQ(*parse_bytes("2g"), uint64_t{2} << 30);
  EXPECT_EQ(*parse_bytes("1TiB"), uint64_t{1} << 40);
  EXPECT_EQ(*parse_bytes("16777215TiB"), uint64_t{16777215} << 40);
  EXPECT_EQ(*parse_bytes("9007199254740993B"), 9007199254740993U) << "exact past 53 bits";
}

TEST(Bytes, RefusesWhatIsNone) {
  for (std::string_view bad :
       {"", "-1", "1 k", "k", "18446744073709551616", "1e30", "16777216TiB", "99999999999GiB", "1kib", "1KIB", "nan", "1PB", "1.", "0x10"})
    EXPECT_FALSE(parse_bytes(bad)) << bad;
  EXPECT_EQ(parse_bytes("much").error().message(), "\"much\" is no size such as 65536, 64KiB or 1GiB, of at most 64 bits");
}

TEST(Count, TakesAllOf64BitsAndNoSign) {
  EXPECT_EQ(*parse_count("0"), 0U);
  EXPECT_EQ(*parse_count("18446744073709551615"), UINT64_MAX);
  for (std::string_view bad : {"", "-1", "+1", "18446744073709551616", "1.5", "1.0", "1k", " 1", "0x10"}) EXPECT_FALSE(parse_count(bad)) << bad;
  EXPECT_EQ(parse_count("all").error().message(), "\"all\" is no number from 0 to 18446744073709551615");
}

TEST(Units, AreWrittenInAFormThatReadsBackAsTheSame) {
  EXPECT_EQ(format_bytes(uint64_t{256} << 20), "256MiB");
  EXPECT_EQ(format_bytes(0), "0");
  EXPECT_EQ(format_bytes(1000), "1000");
  EXPECT_EQ(format_duration(1500ms), "1500ms");
  EXPECT_EQ(format_duration(0s), "0s");
  EXPECT_EQ(format_duration(7200s), "2h");
  for (uint64_t bytes : {uint64_t{1}, uint64_t{1023}, uint64_t{1536}, uint64_t{3} << 30, UINT64_MAX}) EXPECT_EQ(*parse_bytes(format_bytes(bytes)), bytes);
  for (std::chrono::nanoseconds time : {std::chrono::nanoseconds(1), std::chrono::nanoseconds(90s), std::chrono::nanoseconds(123456789)})
    EXPECT_EQ(*parse_duration(format_duration(time)), time);
}

}  // namespace
}  // namespace tenon::policy
