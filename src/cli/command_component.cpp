#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "base/utf8.h"
#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/input.h"
#include "cli/output.h"
#include "cli/program.h"
#include "tenon/wit.h"

namespace tenon::cli {
namespace {

const std::map<std::string, wit::StringEncoding> encodings{
    {"utf8", wit::StringEncoding::Utf8}, {"utf16", wit::StringEncoding::Utf16}, {"latin1+utf16", wit::StringEncoding::Latin1OrUtf16}};
const std::map<std::string, wit::Preview1> adapters{{"auto", wit::Preview1::Automatic},
                                                    {"none", wit::Preview1::None},
                                                    {"command", wit::Preview1::Command},
                                                    {"reactor", wit::Preview1::Reactor},
                                                    {"proxy", wit::Preview1::Proxy}};

/// Where a result goes, and in which form.
struct Output {
  std::string path;
  bool text = false;
};

void add_output(CLI::App& command, Output& output) {
  command.add_option("-o,--output", output.path, "Write to this file instead of standard output");
  command.add_flag("-t,--text", output.text, "Write WebAssembly text instead of binary");
}

Result<ExitCode> write(Program& program, const Output& output, const std::vector<std::byte>& binary) {
  if (!output.text) return write_binary(program, output.path, binary);
  TENON_TRY(const std::string text, wit::binary_to_text(binary));
  return write_text(program, output.path, text);
}

/// A module or component as binary; what is neither is refused with what was seen.
Result<std::vector<std::byte>> read_wasm(Program& program, const std::string& path) {
  TENON_TRY(const Input input, load_input(program, path));
  return std::vector<std::byte>(input.bytes().begin(), input.bytes().end());
}

struct EmbedChoice {
  std::string wit;
  std::string world;
  std::vector<std::string> features;
  std::string encoding = "utf8";
};

void add_world(CLI::App& command, EmbedChoice& choice) {
  command.add_option("-w,--world", choice.world, "The world; may be left out when there is one");
  command.add_option("--encoding", choice.encoding, "How the module lays out strings: utf8, utf16 or latin1+utf16")
      ->check(CLI::IsMember(encodings))
      ->capture_default_str();
  command.add_option("--features", choice.features, "Features of @unstable items to keep; * keeps all")->allow_extra_args(false)->delimiter(',');
}

Result<std::vector<std::byte>> embed(const EmbedChoice& choice, const wit::Package& package, std::span<const std::byte> module) {
  return wit::embed(package, module, {.world = choice.world, .encoding = encodings.at(choice.encoding)});
}

struct EmbedOptions {
  EmbedChoice choice;
  std::string module;
  bool dummy = false;
  Output output;
};

Result<ExitCode> run_embed(Program& program, const EmbedOptions& options) {
  if (options.module.empty() != options.dummy) {
    program.note("error: give a core module, or --dummy for one that traps in every function\ntry: tenon component embed --help\n");
    return ExitCode::Usage;
  }
  TENON_TRY(const wit::Package package, wit::Package::load(options.choice.wit, {.features = options.choice.features}));
  std::vector<std::byte> module;
  if (options.dummy) {
    TENON_TRY(module, wit::dummy_module(package, options.choice.world));
  } else {
    TENON_TRY(module, read_wasm(program, options.module));
  }
  TENON_TRY(const std::vector<std::byte> embedded, embed(options.choice, package, module));
  return write(program, options.output, embedded);
}

void add_embed(CLI::App& parent, Program& program) {
  auto options = std::make_shared<EmbedOptions>();
  CLI::App* command = parent.add_subcommand("embed", "Write a world into a core module, for `component new`");
  command->add_option("wit", options->choice.wit, "WIT folder or file")->required();
  command->add_option("module", options->module, "Core module, binary or text, or - for standard input");
  command->add_flag("--dummy", options->dummy, "Make a module of the world that traps in every function");
  add_world(*command, options->choice);
  add_output(*command, options->output);
  program.set_action(*command, [options](Program& shared) { return run_embed(shared, *options); });
}

struct NewOptions {
  std::string module;
  EmbedChoice choice;
  std::vector<std::string> adapt;
  std::string preview1 = "auto";
  bool realloc_via_memory_grow = false;
  bool keep_versions = false;
  bool names = false;
  Output output;
};

/// "name=file", or a file whose name without its extension is the name.
std::pair<std::string, std::string> adapter_of(const std::string& argument) {
  const size_t equals = argument.find('=');
  if (equals != std::string::npos) return {argument.substr(0, equals), argument.substr(equals + 1)};
  const std::string file = argument.substr(argument.find_last_of('/') + 1);
  return {file.substr(0, file.find('.')), argument};
}

Result<ExitCode> run_new(Program& program, const NewOptions& options) {
  TENON_TRY(std::vector<std::byte> module, read_wasm(program, options.module));
  if (!options.choice.wit.empty()) {
    TENON_TRY(const wit::Package package, wit::Package::load(options.choice.wit, {.features = options.choice.features}));
    TENON_TRY(module, embed(options.choice, package, module));
  }
  wit::ComponentizeOptions componentize{
      .preview1 = adapters.at(options.preview1),
      .realloc_via_memory_grow = options.realloc_via_memory_grow,
      .merge_imports_by_semver = !options.keep_versions,
      .debug_names = options.names,
  };
  for (const std::string& argument : options.adapt) {
    auto [name, file] = adapter_of(argument);
    TENON_TRY(std::vector<std::byte> adapter, read_wasm(program, file));
    componentize.adapters.emplace_back(std::move(name), std::move(adapter));
  }
  TENON_TRY(const std::vector<std::byte> component, wit::componentize(module, componentize));
  return write(program, options.output, component);
}

void add_new(CLI::App& parent, Program& program) {
  auto options = std::make_shared<NewOptions>();
  CLI::App* command = parent.add_subcommand("new", "Make a component of a core module that has a world embedded");
  command->footer(
      "A module that imports wasi_snapshot_preview1 gets the published adapter: the command one when it exports _start, else the reactor.\n"
      "Examples:\n"
      "  tenon component new tool.core.wasm -o tool.wasm\n"
      "  tenon component new --wit wit/ -w tool tool.wat -o tool.wasm       embed and new in one step\n"
      "  tenon component new --adapt env=adapter.wasm core.wasm -o tool.wasm\n");
  command->add_option("module", options->module, "Core module, binary or text, or - for standard input")->required();
  command->add_option("--wit", options->choice.wit, "Embed a world of this WIT folder or file first");
  add_world(*command, options->choice);
  command->add_option("--adapt", options->adapt, "[NAME=]FILE: a core module that stands in for imports of module NAME; may be given again")
      ->allow_extra_args(false);
  command->add_option("--wasi", options->preview1, "Published adapter for wasi_snapshot_preview1")->check(CLI::IsMember(adapters))->capture_default_str();
  command->add_flag("--realloc-via-memory-grow", options->realloc_via_memory_grow, "Adapters take memory by memory.grow, not from cabi_realloc");
  command->add_flag("--keep-versions", options->keep_versions, "Keep imports of one interface in compatible versions apart");
  command->add_flag("--names", options->names, "With names for debugging");
  add_output(*command, options->output);
  program.set_action(*command, [options](Program& shared) { return run_new(shared, *options); });
}

struct ComposeOptions {
  std::vector<std::string> components;
  Output output;
};

Result<ExitCode> run_compose(Program& program, const ComposeOptions& options) {
  std::vector<std::vector<std::byte>> binaries;
  for (const std::string& path : options.components) {
    TENON_TRY(std::vector<std::byte> binary, read_wasm(program, path));
    binaries.push_back(std::move(binary));
  }
  std::vector<wit::NamedComponent> parts;
  parts.reserve(binaries.size());
  for (size_t i = 0; i < binaries.size(); ++i) parts.push_back({.name = options.components[i], .bytes = binaries[i]});
  TENON_TRY(const std::vector<std::byte> composed, wit::compose(parts));
  return write(program, options.output, composed);
}

void add_compose(CLI::App& parent, Program& program) {
  auto options = std::make_shared<ComposeOptions>();
  CLI::App* command = parent.add_subcommand("compose", "Link components to one: what one imports and another exports is connected");
  command->footer(
      "The result exports what the first component exports; imports that no component provides stay imports.\n"
      "Example:\n"
      "  tenon component compose app.wasm library.wasm -o linked.wasm\n");
  command->add_option("components", options->components, "The component whose exports are kept, then those that it needs")->required()->expected(2, 1000);
  add_output(*command, options->output);
  program.set_action(*command, [options](Program& shared) { return run_compose(shared, *options); });
}

struct TargetsOptions {
  std::string wit;
  std::string world;
  std::vector<std::string> features;
  std::string component;
  bool json = false;
};

Result<ExitCode> run_targets(Program& program, const TargetsOptions& options) {
  TENON_TRY(const wit::Package package, wit::Package::load(options.wit, {.features = options.features}));
  TENON_TRY(const std::vector<std::byte> component, read_wasm(program, options.component));
  TENON_TRY(const std::vector<std::string> differences, wit::targets(package, options.world, component));
  if (options.json) {
    program.print(nlohmann::json{{"fits", differences.empty()}, {"differences", differences}}.dump(2) + "\n");
  } else if (differences.empty()) {
    program.print(fmt::format("{} fits the world\n", options.component));
  } else {
    program.print(fmt::format("{} does not fit the world:\n", options.component));
    for (const std::string& difference : differences) program.print("  " + difference + "\n");
  }
  return differences.empty() ? ExitCode::Success : ExitCode::InvalidInput;
}

void add_targets(CLI::App& parent, Program& program) {
  auto options = std::make_shared<TargetsOptions>();
  CLI::App* command = parent.add_subcommand("targets", "Check a component against a world; exit 3 and list the differences when it does not fit");
  command->add_option("wit", options->wit, "WIT folder or file")->required();
  command->add_option("component", options->component, "Component, binary or text, or - for standard input")->required();
  command->add_option("-w,--world", options->world, "The world; may be left out when there is one");
  command->add_option("--features", options->features, "Features of @unstable items to keep; * keeps all")->allow_extra_args(false)->delimiter(',');
  command->add_flag("--json", options->json, "The differences as JSON");
  program.set_action(*command, [options](Program& shared) { return run_targets(shared, *options); });
}

struct MetadataOptions {
  std::string file;
  std::vector<std::string> set;
  Output output;
};

/// The JSON of `wit::add_metadata` for "name=value" arguments; tools are "processed-by=tool@version".
Result<std::string> metadata_request(const std::vector<std::string>& arguments) {
  nlohmann::json request = nlohmann::json::object();
  for (const std::string& argument : arguments) {
    const size_t equals = argument.find('=');
    if (equals == std::string::npos) return fail(ErrorKind::InvalidInput, argument + " is not FIELD=VALUE");
    if (!base::is_utf8(argument)) return fail(ErrorKind::InvalidInput, "--set " + argument + ": it is not UTF-8");
    const std::string field = argument.substr(0, equals);
    const std::string value = argument.substr(equals + 1);
    if (field == "processed-by" || field == "language" || field == "sdk") {
      const size_t at = value.rfind('@');
      request[field][value.substr(0, at)] = at == std::string::npos ? "" : value.substr(at + 1);
    } else if (value.empty()) {
      request[field] = nullptr;
    } else {
      request[field] = value;
    }
  }
  return request.dump();
}

Result<ExitCode> run_metadata(Program& program, const MetadataOptions& options) {
  TENON_TRY(const std::vector<std::byte> wasm, read_wasm(program, options.file));
  if (options.set.empty()) {
    TENON_TRY(const std::string json, wit::read_metadata(wasm));
    return write_text(program, options.output.path, nlohmann::json::parse(json, nullptr, false).dump(2) + "\n");
  }
  TENON_TRY(const std::string request, metadata_request(options.set));
  TENON_TRY(const std::vector<std::byte> changed, wit::add_metadata(wasm, request));
  return write(program, options.output, changed);
}

void add_metadata(CLI::App& parent, Program& program) {
  auto options = std::make_shared<MetadataOptions>();
  CLI::App* command = parent.add_subcommand("metadata", "Print, as JSON, or set the producers and registry metadata of a component or module");
  command->add_option("file", options->file, "Component or core module, binary or text, or - for standard input")->required();
  command
      ->add_option("--set", options->set,
                   "FIELD=VALUE, may be given again: name, authors, description, licenses, source, homepage, revision, version (empty clears); "
                   "processed-by, language, sdk (as TOOL@VERSION, added)")
      ->allow_extra_args(false);
  add_output(*command, options->output);
  program.set_action(*command, [options](Program& shared) { return run_metadata(shared, *options); });
}

}  // namespace

void add_component_command(CLI::App& app, Program& program) {
  CLI::App* command = app.add_subcommand("component", "Make, link and check components");
  command->require_subcommand(1);
  add_new(*command, program);
  add_embed(*command, program);
  add_compose(*command, program);
  add_targets(*command, program);
  add_metadata(*command, program);
}

}  // namespace tenon::cli
