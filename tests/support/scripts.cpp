#include "support/scripts.h"

#include <fmt/format.h>

#include <algorithm>
#include <system_error>

#include "base/check.h"
#include "base/files.h"

namespace tenon::tests {

namespace {
constexpr uint64_t script_bytes_max = 64 << 20;
}

std::vector<std::filesystem::path> scripts_of(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> scripts;
  std::error_code error;
  std::filesystem::recursive_directory_iterator entries(folder, error);
  for (const std::filesystem::recursive_directory_iterator end; !error && entries != end; entries.increment(error)) {
    if (entries->path().extension() == ".wast") scripts.push_back(entries->path());
  }
  std::ranges::sort(scripts);
  return scripts;
}

wast::Report run_script(const Engine& engine, const std::filesystem::path& path) {
  const auto unreadable = [](const Error& error) {
    return wast::Report{.passed = 0, .failed = 1, .not_run = 0, .findings = {{.line = 0, .verdict = wast::Verdict::Failed, .reason = error.message()}}};
  };
  const auto text = base::read_file(path, script_bytes_max);
  if (!text) return unreadable(text.error());
  const auto script = wast::Script::parse(*text);
  if (!script) return unreadable(script.error());
  return wast::run(engine, *script);
}

std::string describe(const std::filesystem::path& path, const wast::Report& report) {
  std::string text;
  for (const wast::Finding& finding : report.findings) {
    text += fmt::format("{}:{}: {}: {}\n", path.filename().string(), finding.line, wast::to_string(finding.verdict), finding.reason);
  }
  return text;
}

void expect_passes_whole(const std::filesystem::path& path) {
  const Engine engine = *Engine::create();
  const wast::Report report = run_script(engine, path);
  EXPECT_GT(report.passed, 0);
  EXPECT_TRUE(report.findings.empty()) << describe(path, report);
}

std::string name_of_script(const testing::TestParamInfo<std::filesystem::path>& info) {
  std::string name = info.param.stem().string();
  std::ranges::replace(name, '-', '_');
  return name;
}

std::vector<std::vector<std::byte>> binaries_of(std::string_view text) {
  const auto script = wast::Script::parse(text);
  TENON_CHECK(script.has_value(), script.error().message());
  std::vector<std::vector<std::byte>> binaries;
  for (const wast::Directive& directive : script->directives) binaries.push_back(script->files[directive.file].bytes);
  return binaries;
}

}  // namespace tenon::tests
