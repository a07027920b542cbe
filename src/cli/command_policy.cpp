#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/output.h"
#include "cli/program.h"
#include "cli/sandbox.h"
#include "policy/budget.h"
#include "policy/capability.h"
#include "policy/explain.h"
#include "policy/learn.h"
#include "policy/policy_file.h"
#include "policy/receipt.h"
#include "policy/units.h"
#include "tenon/result.h"
#include "wit/walk.h"

namespace tenon::cli {
namespace {

using nlohmann::ordered_json;

std::string dump(const ordered_json& json) { return json.dump(-1, ' ', false, ordered_json::error_handler_t::replace) + "\n"; }

// tenon policy check

struct CheckOptions {
  std::string file;
  bool json = false;
};

Result<ExitCode> check(Program& program, const CheckOptions& options) {
  TENON_TRY(const std::optional<std::filesystem::path> path, policy::find_policy(options.file));
  if (!path) return fail(ErrorKind::NotFound, "there is no policy file: name one, or set TENON_POLICY");
  const auto loaded = policy::PolicyFile::load(*path);
  const policy::PolicyProblems problems = loaded ? policy::PolicyProblems() : loaded.error();
  if (options.json) {
    ordered_json list = ordered_json::array();
    for (const policy::PolicyProblem& problem : problems)
      list.push_back({{"file", problem.file}, {"line", problem.line}, {"column", problem.column}, {"key", problem.key}, {"message", problem.message}});
    program.print(dump({{"file", path->string()}, {"ok", problems.empty()}, {"problems", std::move(list)}}));
  } else if (problems.empty()) {
    const size_t rules = (*loaded)->layer_for({}).scopes.empty() ? 0 : (*loaded)->layer_for({}).scopes.front().rules.size();
    program.print(fmt::format("{}: right; {} rules in [default], {} packages\n", path->string(), rules, (*loaded)->packages().size()));
  }
  if (problems.empty()) return ExitCode::Success;
  for (const policy::PolicyProblem& problem : problems) program.note(fmt::format("error: {}\n", wit::printable(problem.to_string())));
  return ExitCode::InvalidInput;
}

// tenon policy why

struct RulesOptions {
  std::string policy;
  policy::PolicyTarget target;
  std::vector<std::string> grants;
  bool json = false;
};

void add_rules_options(CLI::App& command, RulesOptions& options) {
  add_policy_options(command, options.policy, options.target);
  command.add_option("--grant", options.grants, "As in `tenon run`: what the command line allows beside the file")
      ->expected(1)
      ->allow_extra_args(false)
      ->take_all();
  command.add_flag("--json", options.json, "One JSON object");
}

Result<std::shared_ptr<const policy::Rules>> load_rules(const RulesOptions& options) {
  TENON_TRY(const std::shared_ptr<const policy::PolicyFile> file, load_policy(options.policy));
  policy::RuleInputs inputs;
  inputs.file = file.get();
  inputs.target = options.target;
  TENON_TRY(inputs.granted, policy::rules_of_grants(options.grants, "--grant"));
  return policy::make_rules(std::move(inputs));
}

Result<ExitCode> why(Program& program, const RulesOptions& options, const std::string& asked) {
  TENON_TRY(const std::shared_ptr<const policy::Rules> rules, load_rules(options));
  TENON_TRY(const policy::Capability capability, policy::Capability::parse(asked));
  TENON_TRY(const policy::Explanation explanation, policy::explain(*rules, capability));
  if (options.json) {
    ordered_json steps = ordered_json::array();
    for (const policy::Explanation::Step& step : explanation.steps) {
      steps.push_back({{"verdict", to_string(step.verdict)}, {"text", step.text}});
      if (step.rule != nullptr) steps.back()["rule"] = step.rule->to_string();
    }
    program.print(dump(
        {{"capability", explanation.capability}, {"verdict", to_string(explanation.verdict)}, {"steps", std::move(steps)}, {"advice", explanation.advice}}));
  } else {
    program.print(explanation.to_text());
  }
  return explanation.verdict == policy::Verdict::Denied ? ExitCode::Denied : ExitCode::Success;
}

// tenon policy show

std::string limit_text(policy::Limit limit, const policy::Budget& budget) {
  const std::optional<uint64_t> value = budget.limit(limit);
  if (!value) return {};
  if (limit == policy::Limit::Time) return policy::format_duration(std::chrono::nanoseconds(*value));
  const bool is_bytes = limit == policy::Limit::MemoryBytes || limit == policy::Limit::BytesIn || limit == policy::Limit::BytesOut;
  return is_bytes ? policy::format_bytes(*value) : std::to_string(*value);
}

Result<ExitCode> show(Program& program, const RulesOptions& options) {
  TENON_TRY(const std::shared_ptr<const policy::Rules> rules, load_rules(options));
  TENON_TRY(const std::shared_ptr<const policy::PolicyFile> file, load_policy(options.policy));
  ordered_json scopes = ordered_json::array();
  std::string text = file != nullptr ? fmt::format("policy file: {}\n", file->name()) : "policy file: none\n";
  for (const policy::RuleLayer& layer : rules->layers()) {
    for (const policy::RuleScope& scope : layer.scopes) {
      ordered_json list = ordered_json::array();
      text += scope.name + "\n";
      for (const policy::Rule& rule : scope.rules) {
        text += "  " + rule.to_string() + "\n";
        list.push_back(rule.to_string());
      }
      scopes.push_back({{"scope", scope.name}, {"rules", std::move(list)}});
    }
  }
  ordered_json limits = ordered_json::object();
  const auto budget = policy::Budget::create(file != nullptr ? file->limits_for(options.target) : policy::BudgetLimits());
  for (size_t i = 0; i < policy::limit_count; i++) {
    const auto limit = static_cast<policy::Limit>(i);
    const std::string value = limit_text(limit, *budget);
    if (value.empty()) continue;
    if (limits.empty()) text += "limits\n";
    text += fmt::format("  {}: {}\n", to_string(limit), value);
    limits[std::string(to_string(limit))] = value;
  }
  ordered_json mounts = ordered_json::array();
  ordered_json secrets = ordered_json::array();
  std::string ca_file;
  if (file != nullptr) {
    for (const policy::MountSetting& mount : file->mounts_for(options.target)) {
      text += fmt::format("{}  {} is {}{}\n", mounts.empty() ? "mounts\n" : "", mount.guest_path, mount.host_path, mount.is_read_only ? ", read-only" : "");
      mounts.push_back({{"guest", mount.guest_path}, {"host", mount.host_path}, {"read_only", mount.is_read_only}});
    }
    for (const policy::SecretSetting& secret : file->secrets_for(options.target)) {
      text += fmt::format("{}  {} for {}\n", secrets.empty() ? "secrets\n" : "", secret.name, fmt::join(secret.hosts, ", "));
      secrets.push_back({{"name", secret.name}, {"hosts", secret.hosts}});
    }
    ca_file = file->http_for(options.target).ca_file;
    if (!ca_file.empty()) text += fmt::format("certificate authorities\n  {}\n", ca_file);
  }
  if (!options.json) {
    program.print(wit::printable(text));
    return ExitCode::Success;
  }
  program.print(dump({{"file", file != nullptr ? ordered_json(file->name()) : ordered_json()},
                      {"scopes", std::move(scopes)},
                      {"limits", std::move(limits)},
                      {"mounts", std::move(mounts)},
                      {"secrets", std::move(secrets)},
                      {"ca_file", ca_file.empty() ? ordered_json() : ordered_json(ca_file)}}));
  return ExitCode::Success;
}

// tenon policy learn

struct LearnChoice {
  std::vector<std::string> receipts;
  std::string output;
  policy::LearnOptions options;
};

void collect(const policy::Receipt& receipt, std::vector<policy::Decision>& decisions) {
  decisions.insert(decisions.end(), receipt.decisions.begin(), receipt.decisions.end());
  for (const policy::Receipt& sub : receipt.sub_calls) collect(sub, decisions);
}

Result<ExitCode> learn(Program& program, const LearnChoice& choice) {
  std::vector<policy::Decision> decisions;
  for (const std::string& path : choice.receipts) {
    TENON_TRY(const std::string text, program.read_input(path));
    auto receipt = policy::parse_receipt(text);
    if (!receipt) return std::unexpected<Error>(std::move(receipt).error().wrap(path == "-" ? "standard input" : path));
    collect(*receipt, decisions);
  }
  return write_text(program, choice.output, policy::learn_policy(decisions, choice.options));
}

}  // namespace

void add_policy_command(CLI::App& app, Program& program) {
  CLI::App* parent = app.add_subcommand("policy", "Check, explain, show and learn what guests may do");
  parent->require_subcommand(1);

  auto checked = std::make_shared<CheckOptions>();
  CLI::App* command = parent->add_subcommand("check", "Check a policy file; all that is wrong is told with file, line and key (exit code 3)");
  command->add_option("file", checked->file, "The file (default: the one that `tenon run` would take)");
  command->add_flag("--json", checked->json, "One JSON object");
  program.set_action(*command, [checked](Program& shared) { return check(shared, *checked); });

  auto asked = std::make_shared<std::pair<RulesOptions, std::string>>();
  command = parent->add_subcommand("why", "Explain a decision: which rule of which file and line, or which line is missing where (exit code 6: denied)");
  command->add_option("capability", asked->second, "What is asked for, such as filesystem:read:/data/a.txt or network:outbound:api.example.com:443")
      ->required();
  add_rules_options(*command, asked->first);
  program.set_action(*command, [asked](Program& shared) { return why(shared, asked->first, asked->second); });

  auto shown = std::make_shared<RulesOptions>();
  command = parent->add_subcommand("show", "Show what holds for a program: rules with where they stand, limits, mounts, names of secrets");
  add_rules_options(*command, *shown);
  program.set_action(*command, [shown](Program& shared) { return show(shared, *shown); });

  auto choice = std::make_shared<LearnChoice>();
  command =
      parent->add_subcommand("learn", "Write the smallest policy that observed runs needed, from their receipts (`tenon run --observe --receipt FILE …`)");
  command->add_option("receipts", choice->receipts, "Receipts of runs, or - for standard input")->required();
  command->add_option("-o,--output", choice->output, "Write to this file instead of standard output");
  CLI::Option* package = command->add_option("--package", choice->options.package, "Write the section of this package instead of [default]");
  command->add_option("--item", choice->options.item, "Write the section of this item of the package")->needs(package);
  program.set_action(*command, [choice](Program& shared) { return learn(shared, *choice); });
}

}  // namespace tenon::cli
