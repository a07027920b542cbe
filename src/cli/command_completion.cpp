#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/program.h"
#include "tenon/result.h"

namespace tenon::cli {
namespace {

/// One command with what may follow it: its path ("tenon cache ls"), the names of its subcommands, its options.
struct CommandWords {
  std::string path;
  std::vector<std::string> subcommands;
  std::vector<std::string> options;
};

void collect(const CLI::App& app, const std::string& path, std::vector<CommandWords>& commands) {
  CommandWords words{.path = path, .subcommands = {}, .options = {}};
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) words.options.push_back("--" + name);
    for (const std::string& name : option->get_snames()) words.options.push_back("-" + name);
  }
  const auto children = app.get_subcommands([](const CLI::App*) { return true; });
  for (const CLI::App* child : children) words.subcommands.push_back(child->get_name());
  commands.push_back(std::move(words));
  for (const CLI::App* child : children) collect(*child, path + " " + child->get_name(), commands);
}

std::string join(const std::vector<std::string>& words) { return fmt::format("{}", fmt::join(words, " ")); }

/// The commands as cases of a shell's `case`, each setting `words`.
std::string shell_cases(const std::vector<CommandWords>& commands) {
  std::string text;
  for (const CommandWords& command : commands)
    text += fmt::format("    \"{}\") words=\"{}\" ;;\n", command.path, join(command.subcommands) + " " + join(command.options));
  return text;
}

/// Walks along the words typed so far while they are subcommands; options and files end no path.
std::string bash_script(const std::vector<CommandWords>& commands) {
  std::string known;
  for (const CommandWords& command : commands) known += fmt::format("\"{}\"|", command.path);
  known.pop_back();
  return fmt::format(R"(_tenon() {{
  local current="${{COMP_WORDS[COMP_CWORD]}}" path="tenon" words="" word
  for word in "${{COMP_WORDS[@]:1:COMP_CWORD-1}}"; do
    case "$path $word" in
      {}) path="$path $word" ;;
    esac
  done
  case "$path" in
{}  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  local IFS=$'\n'  # names of files may have spaces
  if [[ $current != -* ]]; then COMPREPLY+=($(compgen -f -- "$current")); fi
}}
complete -o filenames -F _tenon tenon
)",
                     known, shell_cases(commands));
}

std::string zsh_script(const std::vector<CommandWords>& commands) {
  return "#compdef tenon\nautoload -U +X bashcompinit && bashcompinit\n" + bash_script(commands);
}

std::string fish_script(const std::vector<CommandWords>& commands) {
  std::string text = "complete -c tenon -e\n";
  for (const CommandWords& command : commands) {
    std::string condition;
    for (size_t at = command.path.find(' '); at != std::string::npos;) {
      const size_t next = command.path.find(' ', at + 1);
      condition += fmt::format("{}__fish_seen_subcommand_from {}", condition.empty() ? "" : "; and ",
                               command.path.substr(at + 1, next == std::string::npos ? next : next - at - 1));
      at = next;
    }
    if (!command.subcommands.empty()) {
      const std::string here = condition.empty() ? "not __fish_seen_subcommand_from " + join(command.subcommands)
                                                 : condition + "; and not __fish_seen_subcommand_from " + join(command.subcommands);
      text += fmt::format("complete -c tenon -n '{}' -f -a '{}'\n", here, join(command.subcommands));
    }
    for (const std::string& option : command.options) {
      if (option.starts_with("--")) text += fmt::format("complete -c tenon{} -l {}\n", condition.empty() ? "" : " -n '" + condition + "'", option.substr(2));
    }
  }
  return text;
}

}  // namespace

void add_completion_command(CLI::App& app, Program& program) {
  auto shell = std::make_shared<std::string>();
  CLI::App* command = app.add_subcommand("completion", "Print a script that completes commands and options in a shell");
  command->add_option("shell", *shell, "bash, zsh or fish")->required()->check(CLI::IsMember({"bash", "zsh", "fish"}));
  program.set_action(*command, [shell, &app](Program& shared) -> Result<ExitCode> {
    std::vector<CommandWords> commands;
    collect(app, app.get_name(), commands);
    shared.print(*shell == "bash" ? bash_script(commands) : *shell == "zsh" ? zsh_script(commands) : fish_script(commands));
    return ExitCode::Success;
  });
}

}  // namespace tenon::cli
