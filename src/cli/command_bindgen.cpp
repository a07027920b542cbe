#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/output.h"
#include "cli/program.h"
#include "tenon/wit.h"
#include "wit/bindgen.h"

namespace tenon::cli {
namespace {

struct Options {
  std::string wit;
  std::vector<std::string> features;
  wit::BindgenOptions bindgen;
  std::string output;
};

Result<ExitCode> run_bindgen(Program& program, const Options& options) {
  TENON_TRY(const wit::Package package, wit::Package::load(options.wit, {.features = options.features}));
  TENON_TRY(const std::string header, wit::generate_bindings(package, options.bindgen));
  return write_text(program, options.output, header);
}

}  // namespace

void add_bindgen_command(CLI::App& app, Program& program) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("bindgen", "Write the C++ header of a world, for its host");
  command->footer(
      "The header has the world's types, a class to implement for what it imports, and a class of typed functions for what it exports.\n"
      "Example:\n"
      "  tenon bindgen wit/ --world tool -o tool.h\n");
  command->add_option("wit", options->wit, "WIT folder or file, or a component")->required();
  command->add_option("-w,--world", options->bindgen.world, "The world; may be left out when there is one");
  command->add_option("--namespace", options->bindgen.name_space, "C++ namespace, a or a::b; the world's name when left out");
  command
      ->add_option("--skip-import", options->bindgen.skip_imports,
                   "Beginning of names of imported interfaces that something else provides, such as wasi:; may be given again")
      ->allow_extra_args(false);
  command->add_option("--features", options->features, "Features of @unstable items to keep; * keeps all")->allow_extra_args(false)->delimiter(',');
  command->add_option("-o,--output", options->output, "Write to this file instead of standard output");
  program.set_action(*command, [options](Program& shared) { return run_bindgen(shared, *options); });
}

}  // namespace tenon::cli
