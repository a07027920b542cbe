#include "policy/toml_text.h"

#include <gtest/gtest.h>

namespace tenon::policy {
namespace {

TEST(TomlText, QuotesWhatATomlStringWouldReadOtherwise) {
  EXPECT_EQ(toml_string("env:read:HOME"), R"("env:read:HOME")");
  EXPECT_EQ(toml_string(R"(a"b)"), R"("a\"b")");
  EXPECT_EQ(toml_string(R"(a\*)"), R"('a\*')");
  EXPECT_EQ(toml_string(R"(a\'b)"), R"("a\\'b")");
  EXPECT_EQ(toml_string("a\nb"), R"("a\u000Ab")");
}

TEST(TomlText, QuotesWhatAShellWouldReadOtherwise) {
  EXPECT_EQ(shell_word("network:outbound:tcp://192.0.2.1:80"), "network:outbound:tcp://192.0.2.1:80");
  EXPECT_EQ(shell_word("filesystem:read:/a b"), "'filesystem:read:/a b'");
  EXPECT_EQ(shell_word("$(touch x)'"), R"('$(touch x)'\''')");
  EXPECT_EQ(shell_word(""), "''");
}

}  // namespace
}  // namespace tenon::policy
