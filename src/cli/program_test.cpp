#include "cli/program.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "cli/exit_code.h"

namespace tenon::cli {
namespace {

/// What `tenon` says on standard error to a wrong command line.
std::string refusal(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "tenon");
  testing::internal::CaptureStderr();
  EXPECT_EQ(run_program(static_cast<int>(arguments.size()), arguments.data()), ExitCode::Usage);
  return testing::internal::GetCapturedStderr();
}

TEST(Program, NamesTheCommandThatItDoesNotKnow) {
  EXPECT_EQ(refusal({"isnpect", "x.wasm"}), "error: there is no command \"isnpect\"; did you mean \"inspect\"?\ntry: tenon --help\n");
  EXPECT_EQ(refusal({"component", "xyz"}), "error: there is no command \"xyz\"\ntry: tenon component --help\n");
  EXPECT_EQ(refusal({}), "error: A subcommand is required\ntry: tenon --help\n");
}

TEST(Program, NamesTheOptionThatItDoesNotKnow) {
  EXPECT_EQ(refusal({"inspect", "-x.wasm"}), "error: there is no option -x.wasm (a file of that name is ./-x.wasm)\ntry: tenon inspect --help\n");
  EXPECT_EQ(refusal({"run", "--feul"}), "error: there is no option --feul\ntry: tenon run --help\n");
  EXPECT_EQ(refusal({"run"}), "error: file is required\ntry: tenon run --help\n");
}

TEST(Program, TakesWordsInBracketsAsTheyAre) {
  EXPECT_EQ(refusal({"run", "x.wasm", "--fuel", "[1,2]"}), "error: --fuel: \"[1,2]\" is no number from 0 to 18446744073709551615\ntry: tenon run --help\n");
  EXPECT_EQ(refusal({"component", "[a,b]"}), "error: there is no command \"[a,b]\"\ntry: tenon component --help\n");
}

TEST(Program, RefusesFuelThatIsNoCount) {
  EXPECT_EQ(refusal({"run", "x.wasm", "--fuel", "-1"}), "error: --fuel: \"-1\" is no number from 0 to 18446744073709551615\ntry: tenon run --help\n");
}

}  // namespace
}  // namespace tenon::cli
