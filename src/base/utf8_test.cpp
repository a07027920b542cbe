#include "base/utf8.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace tenon::base {
namespace {

TEST(Utf8, RoundTripsEveryScalarValue) {
  for (char32_t code = 0; code <= 0x10FFFF; code++) {
    if (!is_scalar_value(code)) continue;
    std::string text;
    append_utf8(text, code);
    const Decoded decoded = decode_utf8(text);
    ASSERT_EQ(decoded.code, code);
    ASSERT_EQ(decoded.bytes, text.size());
  }
}

TEST(Utf8, AcceptsLongMixedText) {
  EXPECT_TRUE(is_utf8("plain text that is longer than one word"));
  EXPECT_TRUE(is_utf8("eight by\xC3\xA9 and \xF0\x9F\x98\x80 then more ASCII text"));
  EXPECT_TRUE(is_utf8(""));
}

TEST(Utf8, RefusesOverlongSurrogatesAndCutText) {
  for (std::string_view bad : {"\x80", "\xC0\xAF", "\xC1\xBF", "\xE0\x80\xAF", "\xED\xA0\x80", "\xF0\x80\x80\x80", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80",
                               "\xE2\x82", "\xC3", "\xF0\x9F\x98", "\xFF", "12345678\xFF", "1234567\xC3"}) {
    EXPECT_FALSE(is_utf8(bad)) << bad;
  }
}

}  // namespace
}  // namespace tenon::base
