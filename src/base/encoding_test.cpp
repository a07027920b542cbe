#include "base/encoding.h"

#include <gtest/gtest.h>

#include <random>

namespace tenon::base {
namespace {

std::span<const std::byte> bytes(std::string_view text) { return std::as_bytes(std::span(text)); }

std::string decoded(std::string_view text) {
  const auto result = decode_base64(text);
  if (!result) return "error: " + result.error().message();
  std::string content;
  for (const std::byte byte : *result) content += static_cast<char>(byte);
  return content;
}

TEST(Hex, IsTwoLowerCaseDigitsAByte) {
  EXPECT_EQ(encode_hex(bytes("\x01\xab ")), "01ab20");
  EXPECT_EQ(encode_hex({}), "");
}

TEST(Base64, HasTheVectorsOfRfc4648) {
  const std::pair<std::string_view, std::string_view> vectors[] = {
      {"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foob", "Zm9vYg=="}, {"fooba", "Zm9vYmE="}, {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, encoded] : vectors) {
    EXPECT_EQ(encode_base64(bytes(plain)), encoded);
    EXPECT_EQ(decoded(encoded), plain);
  }
}

TEST(Base64, RoundTripsEveryLength) {
  std::mt19937 random(1);
  for (size_t size = 0; size < 200; ++size) {
    std::string text(size, '\0');
    for (char& c : text) c = static_cast<char>(random());
    EXPECT_EQ(decoded(encode_base64(bytes(text))), text);
  }
}

TEST(Base64, RefusesWhatNoEncoderWrites) {
  EXPECT_EQ(decoded("Zg="), "error: base64 text of 3 characters, expected a multiple of 4");
  EXPECT_EQ(decoded("Zg-="), "error: character 2 is not base64");
  EXPECT_EQ(decoded("Z==="), "error: character 1 is not base64");
  EXPECT_EQ(decoded("===="), "error: character 0 is not base64");
  EXPECT_EQ(decoded("Zg==Zg=="), "error: character 2 is not base64");
  EXPECT_EQ(decoded("Zh=="), "error: base64 text ends in bits that are not zero");
  EXPECT_EQ(decoded("Zm 8"), "error: character 2 is not base64");
}

}  // namespace
}  // namespace tenon::base
