#include "wit/walk.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <limits>
#include <string>
#include <string_view>

#include "tenon/types.h"
#include "tenon/value.h"

namespace tenon::wit {
namespace {

TEST(ParseFloat, RoundsOnceAndTellsTooSmallFromTooLarge) {
  const auto f32 = [](std::string_view text) { return parse_float(TypeKind::F32, text); };
  EXPECT_EQ(*f32("16777217"), Value(16777216.0f));
  EXPECT_EQ(*f32("1e-50"), Value(0.0f));
  EXPECT_EQ(*f32("-1e-50"), Value(-0.0f));
  constexpr float infinity = std::numeric_limits<float>::infinity();
  EXPECT_EQ(*f32("1e50"), Value(float{infinity}));
  EXPECT_EQ(*f32(std::string(400, '9')), Value(float{infinity}));
  EXPECT_EQ(*f32("-1e99999999999999999999"), Value(-infinity));
  EXPECT_EQ(*f32("1e-99999999999999999999"), Value(0.0f));
  EXPECT_EQ(*f32("0." + std::string(400, '0') + "1"), Value(0.0f));
  EXPECT_FALSE(f32("1x"));
  EXPECT_FALSE(f32(""));
}

TEST(DidYouMean, SuggestsOnlyWhatIsClose) {
  const std::array<std::string_view, 3> names = {"execute", "describe", "run"};
  EXPECT_EQ(did_you_mean("exceute", names), "; did you mean \"execute\"?");
  EXPECT_EQ(did_you_mean("rnu", names), "; did you mean \"run\"?");
  EXPECT_EQ(did_you_mean("ru", names), "; did you mean \"run\"?");
  EXPECT_EQ(did_you_mean("zzz", names), "");
  EXPECT_EQ(did_you_mean("", names), "");
  EXPECT_EQ(did_you_mean(std::string(1000, 'x'), names), "");
}

TEST(Excerpt, CutsAtCharactersAndShowsControls) {
  EXPECT_EQ(excerpt("abc"), "abc");
  EXPECT_EQ(excerpt("a\x1b[31m"), "a\\u{1b}[31m");
  EXPECT_EQ(excerpt("\xFF"), "\\u{ff}");
  EXPECT_EQ(excerpt(std::string(39, 'x') + "☃"), std::string(39, 'x') + "…");
}

TEST(Printable, ShowsWhatATerminalWouldActOn) {
  EXPECT_EQ(printable("a\n\tb☃"), "a\n\tb☃");
  EXPECT_EQ(printable("\x1b[2J\r\xc2\x9b\xff"), "\\u{1b}[2J\\u{d}\\u{9b}\\u{ff}");
  EXPECT_EQ(printable("\u202e"), "\\u{202e}");
}

TEST(Integers, FitExactlyIntoTheirKind) {
  EXPECT_TRUE(make_integer(TypeKind::S8, {true, 128}));
  EXPECT_FALSE(make_integer(TypeKind::S8, {true, 129}));
  EXPECT_EQ(*make_integer(TypeKind::S64, {true, uint64_t{1} << 63}), Value(INT64_MIN));
  EXPECT_FALSE(make_integer(TypeKind::S64, {false, uint64_t{1} << 63}));
  EXPECT_TRUE(make_integer(TypeKind::U8, {true, 0}));
  EXPECT_EQ(integer_of(Value(INT64_MIN)).magnitude, uint64_t{1} << 63);
  EXPECT_EQ(describe_integer(TypeKind::S64), "s64 (-9223372036854775808 to 9223372036854775807)");
}

}  // namespace
}  // namespace tenon::wit
