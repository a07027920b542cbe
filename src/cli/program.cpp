#include "cli/program.h"

#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "base/files.h"
#include "base/log.h"
#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/leave.h"
#include "tenon/result.h"
#include "wit/walk.h"

namespace tenon::cli {

void Program::set_action(CLI::App& command, Action action) {
  command.callback([this, action = std::move(action)] { action_ = action; });
}

ExitCode Program::run() {
  auto outcome = action_(*this);
  ExitCode code = ExitCode::Success;
  if (outcome) {
    code = *outcome;
  } else {
    print_error(outcome.error());
    code = exit_code_of(outcome.error().kind());
  }
  return flush(code);
}

ExitCode Program::flush(ExitCode code) {
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return code;
  note("error: standard output could not be written\n");
  return code == ExitCode::Success ? ExitCode::Unavailable : code;
}

void Program::print(std::string_view text) { std::fwrite(text.data(), 1, text.size(), stdout); }

void Program::note(std::string_view text) {
  std::fflush(stdout);
  std::fwrite(text.data(), 1, text.size(), stderr);
}

void Program::notice(std::string_view text) {
  if (base::log_enabled(base::LogLevel::Warn)) note(fmt::format("notice: {}\n", wit::printable(text)));
}

void Program::print_error(const Error& error) { note(fmt::format("error: {}\n", wit::printable(error.message()))); }

bool Program::is_terminal() const { return isatty(STDERR_FILENO) == 1; }

Result<std::string> Program::read_input(const std::string& path) {
  if (path != "-") return base::read_file(path, input_bytes_max);
  if (std::exchange(stdin_is_read_, true)) return fail(ErrorKind::InvalidInput, "standard input is named twice, it can be read once");
  return base::read_stdin(input_bytes_max);
}

/// CLI11 takes "[a,b]" for a list of two where a list may stand, so that a program would get other arguments than were written. Such a word gets an end that
/// is no bracket while CLI11 looks at it, and every option's value loses it again.
constexpr char bracket_guard = '\x7f';

/// Whether the word is in brackets, with `guards_min` guards or more behind them.
static bool is_in_brackets(std::string_view word, size_t guards_min) {
  const size_t last = word.find_last_not_of(bracket_guard);
  return word.starts_with('[') && last != std::string_view::npos && word[last] == ']' && word.size() - last - 1 >= guards_min;
}

static std::string guard_brackets(std::string word) {
  if (is_in_brackets(word, 0)) word += bracket_guard;
  return word;
}

static std::string bare(std::string word) {
  if (is_in_brackets(word, 1)) word.pop_back();
  return word;
}

static void unguard_values(CLI::App& app) {
  const CLI::Validator unguard([](std::string& word) { return word = bare(std::move(word)), std::string(); }, "");
  for (CLI::Option* option : app.get_options([](const CLI::Option* each) { return each->get_items_expected_max() > 0; })) option->transform(unguard);
  for (CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) unguard_values(*command);
}

/// The words as CLI11 wants them: the last first, without the program's name.
static std::vector<std::string> guarded_words(int argc, const char* const* argv) {
  std::vector<std::string> words;
  for (int i = argc - 1; i > 0; i--) words.push_back(guard_brackets(argv[i]));
  return words;
}

/// What is wrong with the command line. CLI11 tells of a missing command or argument first; where something stands that it does not know, that is the reason.
static std::string describe(const CLI::ParseError& error, const CLI::App& command) {
  // A word that a command does not know is left to the program itself.
  const CLI::App* program = &command;
  while (program->get_parent() != nullptr) program = program->get_parent();
  const std::vector<std::string> unknown = program->remaining(true);
  if (unknown.empty() || dynamic_cast<const CLI::RequiredError*>(&error) == nullptr) return error.what();
  const std::string first = bare(unknown.front());
  if (first.starts_with("-"))
    return fmt::format("there is no option {}{}", first, first.starts_with("--") ? "" : fmt::format(" (a file of that name is ./{})", first));
  std::vector<std::string> names;
  for (const CLI::App* child : command.get_subcommands([](const CLI::App*) { return true; })) names.push_back(child->get_name());
  if (names.empty()) return error.what();
  const std::vector<std::string_view> candidates(names.begin(), names.end());
  return fmt::format("there is no command \"{}\"{}", first, wit::did_you_mean(first, candidates));
}

/// CLI11 reports by exceptions; they end here.
static ExitCode parse_and_run(CLI::App& app, Program& program, int argc, const char* const* argv) {
  try {
    std::vector<std::string> words = guarded_words(argc, argv);
    if (std::ranges::any_of(words, [](const std::string& word) { return is_in_brackets(word, 1); })) unguard_values(app);
    app.parse(std::move(words));
  } catch (const CLI::CallForHelp&) {
    program.print(app.help());
    return program.flush(ExitCode::Success);
  } catch (const CLI::CallForAllHelp&) {
    program.print(app.help("", CLI::AppFormatMode::All));
    return program.flush(ExitCode::Success);
  } catch (const CLI::CallForVersion&) {
    program.print(app.version() + "\n");
    return program.flush(ExitCode::Success);
  } catch (const CLI::ParseError& error) {
    const CLI::App* command = &app;
    while (!command->get_subcommands().empty()) command = command->get_subcommands().front();
    std::string name = command->get_name();
    for (const CLI::App* parent = command->get_parent(); parent != nullptr; parent = parent->get_parent()) name.insert(0, parent->get_name() + " ");
    program.note(fmt::format("error: {}\ntry: {} --help\n", describe(error, *command), name));
    return ExitCode::Usage;
  }
  return program.run();
}

static void add_all_commands(CLI::App& app, Program& program) {
  add_run_command(app, program);
  add_compile_command(app, program);
  add_cache_command(app, program);
  add_inspect_command(app, program);
  add_validate_command(app, program);
  add_policy_command(app, program);
  add_bindgen_command(app, program);
  add_completion_command(app, program);
  add_component_command(app, program);
  add_wast_command(app, program);
  add_wit_command(app, program);
}

ExitCode run_program(int argc, const char* const* argv) {
  Program program;
  auto owned = std::make_unique<CLI::App>("Runs sandboxed WebAssembly: components and core modules.", "tenon");
  CLI::App& app = *owned;
  app.set_version_flag("--version,-V", "tenon " TENON_VERSION);
  app.require_subcommand(1);
  app.fallthrough();
  std::string log_level;
  app.add_option("--log-level", log_level, "What is told on standard error beside errors: trace, debug, info, warn, error or off")
      ->default_str("warn")
      ->check(CLI::IsMember({"trace", "debug", "info", "warn", "error", "off"}))
      ->each([](const std::string& name) {
        if (const auto level = base::parse_log_level(name)) base::set_log_level(*level);
      });
  base::set_log_level(base::LogLevel::Warn);

  // Options of commands that are not asked for would take most of the time that the command line takes.
  if (argc > 1 && argv[1] == std::string_view("run"))
    add_run_command(app, program);
  else
    add_all_commands(app, program);
  const ExitCode code = parse_and_run(app, program, argc, argv);
  leave_to_the_end(std::move(owned));
  return code;
}

}  // namespace tenon::cli
