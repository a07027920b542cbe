#include "component/transcode.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "component/strings.h"

namespace tenon::component {
namespace {

std::vector<uint8_t> wide(std::string_view text) {
  std::vector<uint8_t> out(2 * utf16_length(text));
  write_utf16(text, out.data());
  return out;
}

const uint8_t* data(std::string_view text) { return reinterpret_cast<const uint8_t*>(text.data()); }

TEST(Transcode, CopiesOnlyValidUtf8) {
  std::string to(8, '\0');
  auto* const out = reinterpret_cast<uint8_t*>(to.data());
  EXPECT_TRUE(transcode(Transcode::CopyUtf8, {.from = data("aé"), .from_length = 3, .to = out}));
  EXPECT_EQ(to.substr(0, 3), "aé");
  const auto bad = transcode(Transcode::CopyUtf8, {.from = data("a\xff"), .from_length = 2, .to = out});
  EXPECT_EQ(bad.error().message(), "invalid utf8 encoding");
  EXPECT_EQ(bad.error().kind(), ErrorKind::Trap);
}

TEST(Transcode, Utf16ToUtf8StopsAtTheFirstWideCharacterInTheFirstPassAndWhenFull) {
  const auto from = wide("ab☃😀");
  std::vector<uint8_t> to(16);
  const auto first = transcode(Transcode::Utf16ToUtf8, {.from = from.data(), .from_length = 5, .to = to.data(), .to_length = 16, .first_pass = true});
  ASSERT_TRUE(first);
  EXPECT_EQ(first->first, 2u);
  EXPECT_EQ(first->second, 2u);
  const auto rest = transcode(Transcode::Utf16ToUtf8, {.from = from.data() + 4, .from_length = 3, .to = to.data() + 2, .to_length = 14});
  ASSERT_TRUE(rest);
  EXPECT_EQ(rest->first, 3u);
  EXPECT_EQ(rest->second, 7u);
  EXPECT_EQ(std::string(to.begin(), to.begin() + 9), "ab☃😀");
  const auto full = transcode(Transcode::Utf16ToUtf8, {.from = from.data(), .from_length = 5, .to = to.data(), .to_length = 4});
  ASSERT_TRUE(full);
  EXPECT_EQ(full->first, 2u);
}

TEST(Transcode, Utf8ToLatin1StopsBeforeWhatDoesNotFit) {
  std::vector<uint8_t> to(8);
  const auto result = transcode(Transcode::Utf8ToLatin1, {.from = data("aé☃"), .from_length = 6, .to = to.data()});
  ASSERT_TRUE(result);
  EXPECT_EQ(result->first, 3u);
  EXPECT_EQ(result->second, 2u);
  EXPECT_EQ(to[1], 0xe9);
}

TEST(Transcode, CompactUtf16WidensWhatWasWrittenAsLatin1) {
  std::vector<uint8_t> to(8);
  to[0] = 'a';
  to[1] = 0xe9;
  const auto result = transcode(Transcode::Utf8ToCompactUtf16, {.from = data("☃"), .from_length = 3, .to = to.data(), .to_length = 4, .latin1_bytes = 2});
  ASSERT_TRUE(result);
  EXPECT_EQ(result->first, 3u);
  to.resize(6);
  EXPECT_EQ(to, wide("aé☃"));
  EXPECT_FALSE(transcode(Transcode::Utf8ToCompactUtf16, {.from = data(""), .to = to.data(), .to_length = 1, .latin1_bytes = 2}));
}

TEST(Transcode, ProbablyUtf16IsNarrowedWhenEverythingIsLatin1) {
  const auto latin = wide("aé");
  std::vector<uint8_t> to(8);
  auto result = transcode(Transcode::Utf16ToCompactProbablyUtf16, {.from = latin.data(), .from_length = 2, .to = to.data()});
  ASSERT_TRUE(result);
  EXPECT_EQ(result->first, 2u);
  EXPECT_EQ(to[1], 0xe9);
  const auto snow = wide("a☃");
  result = transcode(Transcode::Utf16ToCompactProbablyUtf16, {.from = snow.data(), .from_length = 2, .to = to.data()});
  ASSERT_TRUE(result);
  EXPECT_EQ(result->first, 2u | 1u << 31);
}

TEST(Transcode, RefusesUnpairedSurrogates) {
  const std::vector<uint8_t> from{0x00, 0xd8};
  std::vector<uint8_t> to(8);
  for (const Transcode operation : {Transcode::CopyUtf16, Transcode::Utf16ToUtf8, Transcode::Utf16ToCompactProbablyUtf16, Transcode::Utf16ToCompactUtf16}) {
    const auto result = transcode(operation, {.from = from.data(), .from_length = 1, .to = to.data(), .to_length = 4});
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().message(), "invalid utf16 encoding");
  }
}

}  // namespace
}  // namespace tenon::component
