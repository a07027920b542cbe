#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/input.h"
#include "cli/program.h"
#include "component/plan.h"
#include "tenon/result.h"
#include "wasi/needs.h"
#include "wit/binary.h"
#include "wit/inspect.h"

namespace tenon::cli {
namespace {

struct Options {
  std::string file;
  bool json = false;
  bool schema = false;
  bool plan = false;
};

/// What a program may ask for, by what it imports: a line, and a member of the JSON object.
std::string needs_to_text(const std::vector<wasi::Need>& needs) {
  if (needs.empty()) return {};
  std::string text = "may ask for:";
  for (const wasi::Need& need : needs) text += fmt::format(" {}{}", need.capability, need.at_start ? " (at start)" : "");
  return text + "\n";
}

std::string with_needs(const std::string& json, const std::vector<wasi::Need>& needs) {
  auto object = nlohmann::ordered_json::parse(json);
  object["capabilities"] = nlohmann::ordered_json::array();
  for (const wasi::Need& need : needs) object["capabilities"].push_back({{"capability", need.capability}, {"at_start", need.at_start}});
  return object.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

Result<ExitCode> inspect(Program& program, const Options& options) {
  TENON_TRY(const Input input, load_input(program, options.file));
  auto inspection = wit::inspect(input.kind, input.bytes(), options.plan ? wit::PlanDump::With : wit::PlanDump::Without);
  if (!inspection) return std::unexpected<Error>(std::move(inspection).error().wrap(input.name));
  const std::vector<wasi::Need> needs = wasi::needs_of(inspection->wasi);
  if (options.schema)
    program.print(wit::schemas_to_json(*inspection) + "\n");
  else if (options.json)
    program.print(with_needs(wit::to_json(*inspection, input.name), needs) + "\n");
  else
    program.print(wit::to_text(*inspection, input.name) + needs_to_text(needs));
  return ExitCode::Success;
}

/// Whether a file is valid; says what it is.
Result<ExitCode> validate(Program& program, const std::string& file) {
  TENON_TRY(const Input input, load_input(program, file));
  auto valid = component::validate(input.bytes());
  if (!valid) return std::unexpected<Error>(std::move(valid).error().wrap(input.name));
  program.print(input.name + ": valid " + std::string(to_string(input.kind)) + "\n");
  return ExitCode::Success;
}

}  // namespace

void add_inspect_command(CLI::App& app, Program& program) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("inspect", "Show what a component, core module or WIT package imports, exports and holds");
  command->add_option("file", options->file, "WebAssembly, binary or text, or - for standard input")->required();
  CLI::Option* json = command->add_flag("--json", options->json, "One JSON object");
  CLI::Option* schema = command->add_flag("--schema", options->schema, "JSON Schemas of the exported functions: input, output, error")->excludes(json);
  command->add_flag("--plan", options->plan, "Add the plan that the runtime follows")->excludes(schema);
  program.set_action(*command, [options](Program& shared) { return inspect(shared, *options); });
}

void add_validate_command(CLI::App& app, Program& program) {
  auto file = std::make_shared<std::string>();
  CLI::App* command = app.add_subcommand("validate", "Check that a file is valid WebAssembly");
  command->add_option("file", *file, "Component, core module or WIT package, binary or text, or - for standard input")->required();
  program.set_action(*command, [file](Program& shared) { return validate(shared, *file); });
}

}  // namespace tenon::cli
