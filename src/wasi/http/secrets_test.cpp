#include "wasi/http/secrets.h"

#include <gtest/gtest.h>

namespace tenon::wasi::http {
namespace {

Target target(std::string_view authority, const Scheme& scheme = scheme_https()) { return *make_target(Method(), scheme, authority, "/"); }

Secret secret(std::string host) { return {.name = "token", .placeholder = "PLACEHOLDER", .value = "value", .host = std::move(host)}; }

TEST(Secrets, GoToTheirHostAndPortAlone) {
  EXPECT_TRUE(goes_to(secret("api.example.com"), target("API.example.com.")));
  EXPECT_TRUE(goes_to(secret("API.EXAMPLE.COM"), target("api.example.com:443")));
  EXPECT_FALSE(goes_to(secret("api.example.com"), target("api.example.com:8443")));
  EXPECT_TRUE(goes_to(secret("api.example.com:8443"), target("api.example.com:8443")));
  EXPECT_FALSE(goes_to(secret("api.example.com:8443"), target("api.example.com")));
  EXPECT_FALSE(goes_to(secret("api.example.com"), target("example.com")));
  EXPECT_FALSE(goes_to(secret("api.example.com"), target("evil.api.example.com")));
  EXPECT_FALSE(goes_to(secret("api.example.com"), target("api.example.com.evil.com")));
  EXPECT_TRUE(goes_to(secret("[2001:db8::1]:8443"), target("[2001:DB8::1]:8443")));
  EXPECT_TRUE(goes_to(secret("2001:db8::1"), target("[2001:DB8::1]")));
  EXPECT_FALSE(goes_to(secret(""), target("a")));
  EXPECT_FALSE(goes_to(secret("a:"), target("a")));
  EXPECT_FALSE(goes_to(secret("a:x"), target("a")));
}

TEST(Secrets, GoOverTlsUnlessTheyMayDoWithout) {
  Secret plain = secret("a");
  EXPECT_FALSE(goes_to(plain, target("a", scheme_http())));
  plain.allow_plain = true;
  EXPECT_TRUE(goes_to(plain, target("a", scheme_http())));
}

TEST(Secrets, TakeThePlaceOfEveryPlaceholderOnce) {
  std::vector<Secret> secrets = {secret("a")};
  secrets.push_back({.name = "longer", .placeholder = "PLACEHOLDER-2", .value = "PLACEHOLDER", .host = "a"});
  EXPECT_EQ(*fill_secrets(secrets, target("a"), "PLACEHOLDER PLACEHOLDER-2 PLACEHOLDE"), "value PLACEHOLDER PLACEHOLDE");
  EXPECT_EQ(*fill_secrets(secrets, target("b"), "PLACEHOLDER"), "PLACEHOLDER");
  EXPECT_EQ(*fill_secrets(secrets, target("a"), ""), "");
}

TEST(Secrets, WithoutAPlaceholderStandNowhere) {
  std::vector<Secret> secrets = {secret("a")};
  secrets[0].placeholder.clear();
  EXPECT_EQ(*fill_secrets(secrets, target("a"), "anything"), "anything");
}

}  // namespace
}  // namespace tenon::wasi::http
