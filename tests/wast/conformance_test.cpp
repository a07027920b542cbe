#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <utility>

#include "support/scripts.h"
#include "tenon/engine.h"
#include "wast/runner.h"

// The component-model repository's own tests. What does not pass is listed in baseline.txt with its reason: a directive that fails without
// being listed fails the test, and so does one that is listed and passes.

namespace tenon::tests {
namespace {

const std::filesystem::path suite = TENON_SHARED_DIR "/conformance/component-model/test";

// Counted in the suite at the commit that the contract names; more or fewer means that another suite lies there.
constexpr size_t synchronous_files = 45;
constexpr size_t synchronous_directives = 1046;

/// Where a directive is: the file's path in the suite, and the line.
using Place = std::pair<std::string, uint32_t>;

std::map<Place, std::string> read_baseline() {
  std::map<Place, std::string> baseline;
  std::ifstream file(TENON_SOURCE_DIR "/tests/wast/baseline.txt");
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line[0] == '#') continue;
    std::istringstream words(line);
    Place place;
    std::string reason;
    words >> place.first >> place.second;
    std::getline(words >> std::ws, reason);
    EXPECT_FALSE(reason.empty()) << "baseline entry without a reason: " << line;
    EXPECT_TRUE(baseline.emplace(place, reason).second) << "listed twice: " << line;
  }
  return baseline;
}

bool is_asynchronous(const std::string& file) { return file.starts_with("async/"); }

struct Totals {
  size_t files = 0;
  size_t passed = 0;
  size_t failed = 0;
  size_t not_run = 0;
};

class Conformance : public testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(suite)) GTEST_SKIP() << "the component-model tests are not at " << suite << ": set TENON_SHARED_DIR";
  }

  /// Runs one half of the suite and returns the places that did not pass, each with the reason.
  std::map<Place, wast::Finding> run_half(bool asynchronous, Totals& totals) {
    const Engine engine = *Engine::create();
    std::map<Place, wast::Finding> findings;
    for (const auto& path : scripts_of(suite)) {
      const std::string file = std::filesystem::relative(path, suite).generic_string();
      if (is_asynchronous(file) != asynchronous) continue;
      const wast::Report report = run_script(engine, path);
      ++totals.files;
      totals.passed += report.passed;
      totals.failed += report.failed;
      totals.not_run += report.not_run;
      for (const wast::Finding& finding : report.findings) findings.emplace(Place(file, finding.line), finding);
    }
    RecordProperty("passed", static_cast<int>(totals.passed));
    RecordProperty("failed", static_cast<int>(totals.failed));
    RecordProperty("not_run", static_cast<int>(totals.not_run));
    return findings;
  }
};

TEST_F(Conformance, PassesEverySynchronousDirectiveThatIsNotInTheBaseline) {
  Totals totals;
  const auto findings = run_half(false, totals);
  const auto baseline = read_baseline();
  EXPECT_EQ(totals.files, synchronous_files);
  EXPECT_EQ(totals.passed + totals.failed + totals.not_run, synchronous_directives);
  for (const auto& [place, finding] : findings) {
    EXPECT_TRUE(baseline.contains(place)) << place.first << ":" << place.second << ": " << wast::to_string(finding.verdict) << ": " << finding.reason;
  }
}

TEST_F(Conformance, HasNoStaleEntryInTheBaseline) {
  Totals totals;
  auto findings = run_half(false, totals);
  findings.merge(run_half(true, totals));
  for (const auto& [place, reason] : read_baseline()) {
    EXPECT_TRUE(findings.contains(place)) << place.first << ":" << place.second << " is listed (" << reason << "), but passes";
  }
}

TEST_F(Conformance, FailsNothingAsynchronousAndSaysWhyItIsNotRun) {
  Totals totals;
  const auto findings = run_half(true, totals);
  const auto baseline = read_baseline();
  EXPECT_GT(totals.not_run, 0);
  for (const auto& [place, finding] : findings) {
    EXPECT_FALSE(finding.reason.empty()) << place.first << ":" << place.second;
    if (finding.verdict == wast::Verdict::Failed) {
      EXPECT_TRUE(baseline.contains(place)) << place.first << ":" << place.second << ": " << finding.reason;
    }
  }
}

}  // namespace
}  // namespace tenon::tests
