#include <gtest/gtest.h>

#include <filesystem>

#include "support/scripts.h"
#include "tenon/engine.h"
#include "wast/runner.h"

namespace tenon::tests {
namespace {

class Scripts : public testing::TestWithParam<std::filesystem::path> {};

TEST_P(Scripts, PassWhole) {
  const Engine engine = *Engine::create();
  const wast::Report report = run_script(engine, GetParam());
  EXPECT_GT(report.passed, 0);
  EXPECT_TRUE(report.findings.empty()) << describe(GetParam(), report);
}

std::string name_of(const testing::TestParamInfo<std::filesystem::path>& info) {
  std::string name = info.param.stem().string();
  for (char& c : name) {
    if (c == '-') c = '_';
  }
  return name;
}

INSTANTIATE_TEST_SUITE_P(Wast, Scripts, testing::ValuesIn(scripts_of(TENON_SOURCE_DIR "/tests/wast")), name_of);

}  // namespace
}  // namespace tenon::tests
