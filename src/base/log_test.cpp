#include "base/log.h"

#include <gtest/gtest.h>

#include <string>

namespace tenon::base {
namespace {

class Log : public testing::Test {
 protected:
  void TearDown() override { set_log_level(LogLevel::Off); }
};

TEST_F(Log, PrintsNothingUntilALevelIsSet) {
  testing::internal::CaptureStderr();
  log(LogLevel::Error, "lost");
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

TEST_F(Log, PrintsItsLevelAndAbove) {
  set_log_level(LogLevel::Warn);
  EXPECT_FALSE(log_enabled(LogLevel::Info));
  testing::internal::CaptureStderr();
  log(LogLevel::Info, "low");
  log(LogLevel::Warn, "cache folder cannot be written");
  const std::string text = testing::internal::GetCapturedStderr();
  EXPECT_EQ(text.find("low"), std::string::npos);
  EXPECT_NE(text.find("Z warning cache folder cannot be written\n"), std::string::npos) << text;
}

TEST_F(Log, EscapesWhatCouldForgeALine) {
  set_log_level(LogLevel::Info);
  testing::internal::CaptureStderr();
  log(LogLevel::Info, "one\ntwo \x1b[2J {}");
  EXPECT_NE(testing::internal::GetCapturedStderr().find("info one\\ntwo \\x1b[2J {}\n"), std::string::npos);
}

TEST_F(Log, NamesItsLevels) {
  EXPECT_EQ(parse_log_level("debug"), LogLevel::Debug);
  EXPECT_EQ(parse_log_level("off"), LogLevel::Off);
  EXPECT_EQ(parse_log_level("DEBUG"), std::nullopt);
  EXPECT_EQ(parse_log_level(""), std::nullopt);
}

}  // namespace
}  // namespace tenon::base
