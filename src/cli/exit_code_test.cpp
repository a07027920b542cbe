#include "cli/exit_code.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <fstream>
#include <sstream>
#include <string>

#include <fmt/format.h>

#include "tenon/result.h"

namespace tenon::cli {
namespace {

TEST(ExitCode, IsTheOneThatTheDocumentGivesForEachKind) {
  std::ostringstream document;
  document << std::ifstream(std::string(TENON_SOURCE_DIR) + "/docs/exit-codes.md").rdbuf();
  ASSERT_NE(document.str().find("| 0 | success |"), std::string::npos);
  for (uint8_t i = 0; i <= static_cast<uint8_t>(ErrorKind::Unavailable); i++) {
    const auto kind = static_cast<ErrorKind>(i);
    // Exit is the guest's own way to end, and shares a code with the other ways in which a guest says no.
    const std::string name = kind == ErrorKind::Exit ? "guest" : std::string(to_string(kind));
    const std::string row = fmt::format("| {} | {} |", static_cast<int>(exit_code_of(kind)), name);
    EXPECT_NE(document.str().find(row), std::string::npos) << row;
  }
}

}  // namespace
}  // namespace tenon::cli
