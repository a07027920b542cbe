#include "component/strings.h"

#include <gtest/gtest.h>

#include <vector>

namespace tenon::component {
namespace {

std::span<const uint8_t> bytes(std::string_view text) { return {reinterpret_cast<const uint8_t*>(text.data()), text.size()}; }

std::string error_of(std::string_view text) {
  const auto error = find_utf8_error(bytes(text));
  return error ? to_string(*error) : "";
}

TEST(Utf8, AcceptsEveryScalarValue) {
  std::string all;
  for (char32_t scalar = 0; scalar <= 0x10ffff; ++scalar) {
    if (scalar >= 0xd800 && scalar <= 0xdfff) continue;
    uint8_t out[4];
    const size_t size = encode_utf8(scalar, out);
    const Scalar back = decode_utf8(out);
    ASSERT_EQ(back.value, scalar);
    ASSERT_EQ(back.units, size);
    all.append(reinterpret_cast<char*>(out), size);
  }
  EXPECT_FALSE(find_utf8_error(bytes(all)));
}

TEST(Utf8, SaysWhereAndHowLongTheErrorIs) {
  EXPECT_EQ(error_of("ab\xff"), "invalid utf-8 sequence of 1 bytes from index 2");
  EXPECT_EQ(error_of("\xc0\x80"), "invalid utf-8 sequence of 1 bytes from index 0");
  EXPECT_EQ(error_of("\xed\xa0\x80"), "invalid utf-8 sequence of 1 bytes from index 0");
  EXPECT_EQ(error_of("\xe2\x82z"), "invalid utf-8 sequence of 2 bytes from index 0");
  EXPECT_EQ(error_of("\xf0\x9f\x98z"), "invalid utf-8 sequence of 3 bytes from index 0");
  EXPECT_EQ(error_of("\xf4\x90\x80\x80"), "invalid utf-8 sequence of 1 bytes from index 0");
  EXPECT_EQ(error_of("abcdefghijklmnopqrstuvwxyz0123456789\xe2\x82"), "incomplete utf-8 byte sequence from index 36");
}

TEST(Utf8, FindsTheFirstByteThatIsNotAsciiAtEveryPosition) {
  for (size_t size = 0; size < 80; ++size) {
    for (size_t at = 0; at <= size; ++at) {
      std::string text(size, 'x');
      if (at < size) text[at] = '\x80';
      ASSERT_EQ(ascii_prefix(bytes(text)), at);
    }
  }
}

TEST(Utf16, RoundTripsThroughUtf8) {
  const std::string text = "aé☃😀z";
  std::vector<uint8_t> wide(2 * utf16_length(text));
  EXPECT_EQ(write_utf16(text, wide.data()), 6u);
  EXPECT_EQ(wide.size(), 12u);
  std::string back;
  EXPECT_FALSE(append_utf16(wide, back));
  EXPECT_EQ(back, text);
}

TEST(Utf16, RefusesUnpairedSurrogates) {
  std::string out;
  const std::vector<uint8_t> high_at_end{0x61, 0, 0x3d, 0xd8};
  EXPECT_EQ(append_utf16(high_at_end, out), 0xd83d);
  const std::vector<uint8_t> high_then_letter{0x3d, 0xd8, 0x61, 0};
  EXPECT_EQ(append_utf16(high_then_letter, out), 0xd83d);
  const std::vector<uint8_t> low_alone{0x00, 0xdc};
  EXPECT_EQ(append_utf16(low_alone, out), 0xdc00);
}

TEST(Latin1, BecomesUtf8) {
  std::string out;
  const std::vector<uint8_t> text{'a', 0xe9, 'b', 0xff};
  append_latin1(text, out);
  EXPECT_EQ(out, "aébÿ");
}

}  // namespace
}  // namespace tenon::component
