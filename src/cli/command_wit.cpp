#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/output.h"
#include "cli/program.h"
#include "tenon/wit.h"

namespace tenon::cli {
namespace {

struct Options {
  std::string path;
  std::string world;
  std::string output;
  std::string compatible_with;
  std::vector<std::string> features;
  bool check = false;
  bool json = false;
  bool binary = false;
  bool no_docs = false;
  bool no_dependencies = false;
};

Result<wit::Package> load(Program& program, const std::string& path, const Options& options) {
  const wit::ParseOptions parse{.features = options.features};
  if (path != "-") return wit::Package::load(path, parse);
  TENON_TRY(const std::string contents, program.read_input(path));
  return wit::Package::read(contents, "standard input", parse);
}

/// Says what breaks, one line each.
Result<ExitCode> check_version(Program& program, const Options& options, const wit::Package& package) {
  TENON_TRY(const wit::Package before, load(program, options.compatible_with, options));
  TENON_TRY(const std::vector<std::string> breaks, wit::semver_check(before, package));
  if (options.json) {
    program.print(nlohmann::json{{"compatible", breaks.empty()}, {"differences", breaks}}.dump(2) + "\n");
  } else if (breaks.empty()) {
    program.print(fmt::format("{} is compatible with {}\n", options.path, options.compatible_with));
  } else {
    program.print(fmt::format("{} is not compatible with {}:\n", options.path, options.compatible_with));
    for (const std::string& difference : breaks) program.print("  " + difference + "\n");
  }
  return breaks.empty() ? ExitCode::Success : ExitCode::InvalidInput;
}

Result<ExitCode> run_wit(Program& program, const Options& options) {
  TENON_TRY(const wit::Package package, load(program, options.path, options));
  if (!options.compatible_with.empty()) return check_version(program, options, package);
  if (options.json) {
    TENON_TRY(const std::string json, package.json(options.world));
    return write_text(program, options.output, options.check ? "{\"valid\":true}\n" : json + "\n");
  }
  if (!options.world.empty()) TENON_CHECK_OK(package.json(options.world));
  if (options.check) {
    program.print(fmt::format("{} is valid WIT\n", options.path == "-" ? "standard input" : options.path));
    return ExitCode::Success;
  }
  if (options.binary) {
    TENON_TRY(const std::vector<std::byte> binary, package.encode());
    return write_binary(program, options.output, binary);
  }
  TENON_TRY(const std::string text, package.print({.docs = !options.no_docs, .dependencies = !options.no_dependencies}));
  return write_text(program, options.output, text);
}

}  // namespace

void add_wit_command(CLI::App& app, Program& program) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("wit", "Print or check the WIT of a folder, a file, a component or a module");
  command->footer(
      "Examples:\n"
      "  tenon wit component.wasm                           the world of a component, with docs\n"
      "  tenon wit --check wit/                             parse a folder with its deps/\n"
      "  tenon wit --compatible-with old/wit new/wit        list what the new version breaks\n");
  command->add_option("path", options->path, "WIT folder (dependencies in deps/), WIT file, WebAssembly file, or - for standard input")->required();
  command->add_flag("--check", options->check, "Only say whether it is valid, with file, line and column of an error");
  command->add_flag("--json", options->json, "Packages, worlds, interfaces and types as one JSON object");
  command->add_flag("--wasm", options->binary, "The package as WebAssembly")->excludes("--json")->excludes("--check");
  command->add_option("-w,--world", options->world, "Select this world: with --json its index is `world`; it must exist");
  command->add_option("--compatible-with", options->compatible_with, "An older version: list what this one breaks, exit 3 when it does")
      ->excludes("--check")
      ->excludes("--wasm");
  command->add_option("--features", options->features, "Features of @unstable items to keep; * keeps all")->allow_extra_args(false)->delimiter(',');
  command->add_flag("--no-docs", options->no_docs, "Without documentation comments");
  command->add_flag("--no-deps", options->no_dependencies, "Only the main package");
  command->add_option("-o,--output", options->output, "Write to this file instead of standard output");
  program.set_action(*command, [options](Program& shared) { return run_wit(shared, *options); });
}

}  // namespace tenon::cli
