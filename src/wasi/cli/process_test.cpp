#include <gtest/gtest.h>

#include <expected>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "wasi/driver.h"

namespace tenon::wasi {
namespace {

using driver::Driver;
using Variables = std::vector<std::pair<std::string, std::string>>;
using Words = std::vector<std::string>;

driver::Options with_everything() {
  driver::Options options;
  options.config.environment = {{"HOME", "/elsewhere"}, {"TOKEN", "secret"}, {"LÄNDER", "Ä"}, {"BAD", "\xff"}, {"EMPTY", ""}};
  options.config.arguments = {"program", "--flag", "", "\xc3\x28", "ä"};
  options.config.initial_cwd = "/work";
  return options;
}

TEST(Environment, IsWhatTheGrantsOfVariablesLeave) {
  auto options = with_everything();
  options.grants = {"env:read:HOME", "env:read:BAD", "env:read:EMPTY"};
  Driver guest(std::move(options));
  EXPECT_EQ(guest.get<Variables>("environment"), (Variables{{"HOME", "/elsewhere"}, {"EMPTY", ""}}));
  EXPECT_EQ(guest.get<Variables>("environment").size(), 2);
  // What it may not see it did not ask for: no denial is told.
  for (const policy::Decision& decision : guest.guard().decisions()) {
    EXPECT_TRUE(decision.access != policy::Access::EnvRead || decision.verdict == policy::Verdict::Allowed) << decision.capability;
  }
  EXPECT_EQ(guest.get<Words>("arguments"), Words());
}

TEST(Environment, IsWhatTheHostOffersWhenAllIsGranted) {
  auto options = with_everything();
  options.grants = {"env:read:*", "args"};
  Driver guest(std::move(options));
  EXPECT_EQ(guest.get<Variables>("environment"), (Variables{{"HOME", "/elsewhere"}, {"TOKEN", "secret"}, {"LÄNDER", "Ä"}, {"EMPTY", ""}}));
  EXPECT_EQ(guest.get<Words>("arguments"), (Words{"program", "--flag", "", "ä"}));
  EXPECT_EQ(guest.get<std::optional<std::string>>("initial-cwd"), "/work");
}

TEST(Environment, IsEmptyWithoutGrants) {
  auto options = with_everything();
  options.grants = {};
  Driver guest(std::move(options));
  EXPECT_EQ(guest.get<Variables>("environment"), Variables());
  EXPECT_EQ(guest.get<Words>("arguments"), Words());
  Driver bare;
  EXPECT_EQ(bare.get<std::optional<std::string>>("initial-cwd"), std::nullopt);
}

TEST(Exit, EndsTheCallAndTellsTheStatus) {
  for (const int status : {0, 3, 255}) {
    Driver guest;
    EXPECT_EQ(guest.context().exit_status(), std::nullopt);
    const auto result = guest.call<void>("exit-with-code", static_cast<uint8_t>(status));
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind(), ErrorKind::Exit);
    EXPECT_EQ(guest.context().exit_status(), status);
  }
}

TEST(Exit, TellsSuccessAndFailureAsZeroAndOne) {
  using Status = std::expected<void, std::monostate>;
  Driver good;
  EXPECT_EQ(good.call<void>("exit", Status()).error().kind(), ErrorKind::Exit);
  EXPECT_EQ(good.context().exit_status(), 0);
  Driver bad;
  EXPECT_EQ(bad.call<void>("exit", Status(std::unexpect)).error().kind(), ErrorKind::Exit);
  EXPECT_EQ(bad.context().exit_status(), 1);
}

TEST(Exit, IsDeniedWithoutAGrant) {
  Driver guest({.grants = {}});
  const auto result = guest.call<void>("exit-with-code", uint8_t{0});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind(), ErrorKind::Denied);
  EXPECT_EQ(result.error().message().find("process:exit is not granted"), 0);
  EXPECT_EQ(guest.context().exit_status(), std::nullopt);
}

}  // namespace
}  // namespace tenon::wasi
