#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "cli/exit_code.h"
#include "tenon/result.h"

namespace CLI {
class App;
}

namespace tenon::cli {

/// Largest file that a command reads: 512 MiB. The engine's own limit on code is smaller.
constexpr uint64_t input_bytes_max = uint64_t{512} << 20;

/// What all commands share: where output goes, and how failures are told. One for the process; main thread only.
///
/// A command is one file with a function `add_NAME_command(app, program)`, declared in commands.h, which adds a subcommand with its options and hands
/// over what is to be done:
///
///     struct Options { std::string file; };
///     void add_validate_command(CLI::App& app, Program& program) {
///       auto options = std::make_shared<Options>();   // shared with the action, which runs after all options are parsed
///       CLI::App* command = app.add_subcommand("validate", "Check that a file is valid WebAssembly");
///       command->add_option("file", options->file, "File, or - for standard input")->required();
///       program.set_action(*command, [options](Program& shared) { return validate(shared, *options); });
///     }
class Program {
 public:
  /// What a command does. An error is printed as "error: …" and decides the exit code.
  using Action = std::function<Result<ExitCode>(Program&)>;

  /// Runs `action` when `command` is the one that was asked for.
  void set_action(CLI::App& command, Action action);
  bool has_action() const { return action_ != nullptr; }
  /// Runs the chosen action and turns its outcome into an exit code.
  ExitCode run();
  /// `code`, or `Unavailable` instead of success when what was printed cannot be written.
  ExitCode flush(ExitCode code);

  /// Writes to standard output; a pipe that was closed is noticed at the end.
  void print(std::string_view text);
  /// Writes to standard error.
  void note(std::string_view text);
  /// "notice: " and the text, on standard error: what did not work as it should but is no failure. Not told below `--log-level warn`.
  void notice(std::string_view text);
  /// "error: " and the message, on standard error. Guests and files have a hand in messages: what a terminal would act on is shown escaped.
  void print_error(const Error& error);

  /// Whether people watch standard error: progress is shown only then.
  bool is_terminal() const;

  /// The bytes of a file, or of standard input for "-". Errors: as `base::read_file`; `InvalidInput` for "-" a second time.
  Result<std::string> read_input(const std::string& path);

 private:
  Action action_;
  bool stdin_is_read_ = false;
};

/// The whole program: parses the arguments, runs one command, returns the exit code.
ExitCode run_program(int argc, const char* const* argv);

}  // namespace tenon::cli
