#include <algorithm>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/program.h"
#include "cli/units.h"
#include "tenon/engine.h"
#include "wast/runner.h"
#include "wast/script.h"
#include "wit/walk.h"

namespace tenon::cli {
namespace {

struct Options {
  std::vector<std::string> paths;
  std::string filter;
  bool json = false;
  std::optional<std::chrono::microseconds> timeout;
};

/// A script that loops ends; the longest of the suites need a few seconds.
constexpr std::chrono::seconds timeout_default{60};

struct Totals {
  size_t passed = 0;
  size_t failed = 0;
  size_t not_run = 0;
};

/// The scripts that the paths stand for: folders with all that is below them, in the order of their names.
Result<std::vector<std::string>> find_scripts(const Options& options) {
  std::vector<std::string> scripts;
  for (const std::string& path : options.paths) {
    std::error_code error;
    if (!std::filesystem::is_directory(path, error)) {
      scripts.push_back(path);
      continue;
    }
    const size_t first = scripts.size();
    std::filesystem::recursive_directory_iterator entries(path, error);
    for (const std::filesystem::recursive_directory_iterator end; !error && entries != end; entries.increment(error)) {
      if (entries->path().extension() == ".wast" && entries->is_regular_file(error)) scripts.push_back(entries->path().string());
    }
    if (error) return fail(ErrorKind::Unavailable, fmt::format("{}: {}", path, error.message()));
    std::sort(scripts.begin() + static_cast<std::ptrdiff_t>(first), scripts.end());
  }
  std::erase_if(scripts, [&](const std::string& script) { return !script.contains(options.filter); });
  if (scripts.empty()) return fail(ErrorKind::NotFound, "no script: the folders have none, or none that matches --filter");
  return scripts;
}

Result<wast::Report> run_file(Program& program, const Engine& engine, const Options& options, const std::string& path) {
  TENON_TRY(const std::string text, program.read_input(path));
  TENON_TRY(wast::Script script, wast::Script::parse(text));
  return wast::run(engine, std::move(script), std::chrono::steady_clock::now() + options.timeout.value_or(timeout_default));
}

std::string describe(const wast::Finding& finding) {
  const std::string_view verdict = finding.verdict == wast::Verdict::NotRun ? "not run" : wast::to_string(finding.verdict);
  return finding.line == 0 ? fmt::format("{}: {}", verdict, finding.reason) : fmt::format("line {}: {}: {}", finding.line, verdict, finding.reason);
}

/// A script that cannot be read at all counts as one directive that failed.
wast::Report unreadable(const Error& error) {
  return {.passed = 0, .failed = 1, .not_run = 0, .findings = {{.line = 0, .verdict = wast::Verdict::Failed, .reason = error.message()}}};
}

void print_report(Program& program, const Options& options, const std::string& path, const wast::Report& report, const Error* error) {
  if (options.json) {
    auto reasons = nlohmann::json::array();
    for (const wast::Finding& finding : report.findings) reasons.push_back(describe(finding));
    nlohmann::ordered_json line{
        {"file", path}, {"passed", report.passed}, {"failed", report.failed}, {"not_run", report.not_run}, {"reasons", std::move(reasons)}};
    if (error != nullptr) line["error"] = {{"kind", to_string(error->kind())}, {"message", error->message()}};
    program.print(line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
    return;
  }
  program.print(fmt::format("{}: {} passed, {} failed, {} not run\n", path, report.passed, report.failed, report.not_run));
  for (const wast::Finding& finding : report.findings) program.print("  " + wit::printable(describe(finding)) + "\n");
}

Result<ExitCode> run_wast(Program& program, const Options& options) {
  TENON_TRY(const auto scripts, find_scripts(options));
  TENON_TRY(const auto engine, Engine::create());
  Totals totals;
  std::optional<ExitCode> unread;
  for (const std::string& path : scripts) {
    const Result<wast::Report> ran = run_file(program, engine, options, path);
    const wast::Report report = ran ? *ran : unreadable(ran.error());
    print_report(program, options, path, report, ran ? nullptr : &ran.error());
    totals.passed += report.passed;
    totals.failed += report.failed;
    totals.not_run += report.not_run;
    if (ran) continue;
    const std::string& message = ran.error().message();
    program.print_error(message.contains(path) ? ran.error() : Error(ran.error().kind(), fmt::format("{}: {}", path, message)));
    if (!unread) unread = exit_code_of(ran.error().kind());
  }
  if (!options.json && scripts.size() > 1) {
    program.print(fmt::format("{} scripts: {} passed, {} failed, {} not run\n", scripts.size(), totals.passed, totals.failed, totals.not_run));
  }
  if (unread) return *unread;
  return totals.failed == 0 ? ExitCode::Success : ExitCode::Guest;
}

}  // namespace

void add_wast_command(CLI::App& app, Program& program) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("wast", "Run WebAssembly test scripts");
  command->footer(
      "Examples:\n"
      "  tenon wast resources.wast              run one script, say what did not pass\n"
      "  tenon wast --json tests/wast           run all scripts of a folder, one JSON object a line and script\n"
      "  tenon wast tests --filter strings      run those with \"strings\" in their path\n"
      "Ends with status 1 when a directive failed, and with the code of what was wrong when a script cannot be read. What needs asynchronous components, or\n"
      "a proposal that is switched off, is counted as not run.");
  command->add_option("file", options->paths, "Scripts, folders of scripts, or - for standard input")->required();
  command->add_flag("--json", options->json, "One object a line and script: file, passed, failed, not_run, reasons");
  command->add_option("--filter", options->filter, "Run only scripts that have this text in their path");
  add_duration_option(*command, "--timeout", options->timeout, "Time that each script may take, such as 500ms or 2s (default: 60s)");
  program.set_action(*command, [options](Program& shared) { return run_wast(shared, *options); });
}

}  // namespace tenon::cli
