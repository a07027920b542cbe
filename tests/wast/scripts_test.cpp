#include <gtest/gtest.h>

#include <filesystem>

#include "support/scripts.h"
#include "tenon/engine.h"
#include "wast/runner.h"

namespace tenon::tests {
namespace {

class Scripts : public testing::TestWithParam<std::filesystem::path> {};

TEST_P(Scripts, PassWhole) { expect_passes_whole(GetParam()); }

INSTANTIATE_TEST_SUITE_P(Wast, Scripts, testing::ValuesIn(scripts_of(TENON_SOURCE_DIR "/tests/wast")), name_of_script);

}  // namespace
}  // namespace tenon::tests
