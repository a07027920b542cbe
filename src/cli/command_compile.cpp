#include <chrono>
#include <filesystem>
#include <memory>
#include <string>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/guest.h"
#include "cli/input.h"
#include "cli/program.h"
#include "cli/runtime.h"
#include "tenon/result.h"
#include "wit/inspect.h"

namespace tenon::cli {
namespace {

struct Options {
  std::string file;
  EngineOptions engine;
};

Result<ExitCode> compile(Program& program, const Options& options) {
  TENON_TRY(const Input input, load_input(program, options.file));
  TENON_TRY(const std::filesystem::path folder, cache_folder(options.engine));
  TENON_TRY(const Engine engine, make_engine(program, options.engine));
  if (!engine.notice().empty()) return fail(ErrorKind::Unavailable, fmt::format("nothing would be kept: the cache in {} cannot be used", folder.string()));
  const auto start = std::chrono::steady_clock::now();
  std::unique_ptr<CompiledGuest> compiled;
  {
    const Progress progress(program, "compiling " + input.name);
    TENON_TRY(compiled, compile_guest(engine, input));
  }
  if (!engine.notice().empty()) return fail(ErrorKind::Unavailable, fmt::format("{}: nothing is kept in {}: {}", input.name, folder.string(), engine.notice()));
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  program.print(fmt::format("{}: {} of code in {:.2f} s, kept in {}\n", input.name, wit::describe_size(compiled->code_bytes()), seconds, folder.string()));
  return ExitCode::Success;
}

}  // namespace

void add_compile_command(CLI::App& app, Program& program) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("compile", "Compile a component or core module into the cache, so that it starts at once");
  command->add_option("file", options->file, "Component or core module, binary or text, or - for standard input")->required();
  command->add_flag("--fuel", options->engine.fuel, "Code that counts fuel, for runs with --fuel");
  add_cache_folder_option(*command, options->engine);
  program.set_action(*command, [options](Program& shared) { return compile(shared, *options); });
}

}  // namespace tenon::cli
