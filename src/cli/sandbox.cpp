#include "cli/sandbox.h"

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <span>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <unistd.h>
#include <CLI/CLI.hpp>

#include "base/utf8.h"
#include "cli/units.h"
#include "policy/access.h"
#include "policy/capability.h"
#include "policy/path_pattern.h"
#include "policy/toml_text.h"
#include "wasi/policy_options.h"
#include "wit/walk.h"

namespace tenon::cli {
namespace {

using policy::Capability;
using policy::PathPattern;

policy::RuleSource source_of(std::string option) { return {.file = {}, .line = 0, .key = std::move(option)}; }

wasi::Stdio stdio_of(int descriptor) {
  wasi::Stdio stdio;
  stdio.kind = wasi::Stdio::Kind::Descriptor;
  stdio.descriptor = descriptor;
  return stdio;
}

policy::Rule rule_of(std::string domain, std::string action, Capability::Target target, std::string option) {
  return {.capability = Capability{.domain = std::move(domain), .action = std::move(action), .target = std::move(target)},
          .source = source_of(std::move(option))};
}

/// What `--dir HOST[::GUEST][:ro]` says.
Result<wasi::Mount> parse_folder(std::string_view text) {
  const auto wrong = [&](std::string_view what) { return fail(ErrorKind::InvalidInput, fmt::format("--dir {}: {}", text, what)); };
  wasi::Mount mount;
  std::string_view rest = text;
  if (rest.ends_with(":ro")) {
    mount.is_read_only = true;
    mount.read_only_advice = fmt::format("drop :ro from --dir {}", policy::shell_word(text));
    rest.remove_suffix(3);
  }
  const size_t separator = rest.find("::");
  mount.host_path = rest.substr(0, separator);
  if (mount.host_path.empty()) return wrong("expected HOST, HOST::GUEST or either with :ro behind it");
  if (!base::is_utf8(mount.host_path)) return wrong("the path is not UTF-8");
  std::string guest(separator == std::string_view::npos ? rest : rest.substr(separator + 2));
  if (separator != std::string_view::npos && guest.empty()) return wrong("the guest's path behind :: is missing");
  // The rules speak of absolute paths; a program that is given a relative name finds its folder under that.
  if (separator != std::string_view::npos && !guest.starts_with('/')) mount.name = guest;
  // A relative folder has its own name beneath the guest's root, which is where relative paths of programs begin.
  if (!guest.starts_with('/')) guest.insert(0, "/");
  auto pattern = PathPattern::parse(guest);
  std::string normal = std::filesystem::path(guest).lexically_normal().string();
  if (normal.size() > 1 && normal.ends_with('/')) normal.pop_back();
  if (guest.find("/../") != std::string::npos || guest.ends_with("/..")) return wrong("a guest's path has no \"..\"; name it with HOST::GUEST");
  if (!policy::is_normal_path(normal)) return wrong(pattern ? "the guest's path is no path" : pattern.error().message());
  mount.guest_path = std::move(normal);
  return mount;
}

void add_folder_rules(const wasi::Mount& mount, std::vector<policy::Rule>& rules) {
  for (const char* action : {"read", "list"}) rules.push_back(rule_of("filesystem", action, PathPattern::of_path(mount.guest_path), "--dir"));
  if (mount.is_read_only) return;
  for (const char* action : {"write", "create", "delete"}) rules.push_back(rule_of("filesystem", action, PathPattern::of_path(mount.guest_path), "--dir"));
}

/// What `--env NAME[=VALUE]` says; without a value it is this process's own, and nothing when that has none.
Result<> add_variable(const std::string& text, wasi::Config& config, std::vector<policy::Rule>& rules) {
  const size_t equals = text.find('=');
  const std::string name = text.substr(0, equals);
  if (name.empty()) return fail(ErrorKind::InvalidInput, fmt::format("--env {}: expected NAME or NAME=VALUE", text));
  std::string escaped;
  policy::append_escaped(escaped, name);
  auto pattern = policy::NamePattern::parse(escaped);
  if (!pattern) return std::unexpected(std::move(pattern).error().wrap("--env " + name));
  rules.push_back(rule_of("env", "read", *std::move(pattern), "--env"));
  std::optional<std::string> value;
  if (equals != std::string::npos) {
    value = text.substr(equals + 1);
  } else if (const char* own = std::getenv(name.c_str()); own != nullptr) {
    value = own;
  }
  if (!value) return {};
  // Never the value in a message.
  if (!base::is_utf8(*value)) return fail(ErrorKind::InvalidInput, fmt::format("--env {}: the value is not UTF-8, and guests take no other text", name));
  // The last one holds, as with env(1).
  std::erase_if(config.environment, [&name](const auto& variable) { return variable.first == name; });
  config.environment.emplace_back(name, *std::move(value));
  return {};
}

/// Those of this process's variables that `rules` grant; those of `--env` come first. The others are not even offered: a program asks for all variables at
/// once, and what it would be denied says nothing about it.
void add_own_variables(const policy::Rules& rules, wasi::Config& config) {
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const size_t equals = text.find('=');
    if (equals == 0 || equals == std::string_view::npos) continue;
    const std::string_view name = text.substr(0, equals);
    if (rules.answer({.access = policy::Access::EnvRead, .text = name}).verdict != policy::Verdict::Allowed) continue;
    const auto is_same = [&](const auto& variable) { return variable.first == name; };
    if (std::find_if(config.environment.begin(), config.environment.end(), is_same) == config.environment.end())
      config.environment.emplace_back(name, text.substr(equals + 1));
  }
}

}  // namespace

void add_policy_options(CLI::App& command, std::string& policy, policy::PolicyTarget& target) {
  command.add_option("--policy", policy,
                     "The operator's policy file (default: $TENON_POLICY, tenon/policy.toml in $XDG_CONFIG_HOME or ~/.config, /etc/tenon/policy.toml)");
  CLI::Option* package = command.add_option("--package", target.package, "What the policy file calls the program: [package.\"NAME\"] counts beside [default]");
  command.add_option("--item", target.item, "The item of the package that is run")->needs(package);
}

Result<std::shared_ptr<const policy::PolicyFile>> load_policy(const std::string& named) {
  TENON_TRY(const std::optional<std::filesystem::path> path, policy::find_policy(named));
  if (!path) return std::shared_ptr<const policy::PolicyFile>();
  auto loaded = policy::PolicyFile::load(*path);
  if (!loaded) return std::unexpected(policy::to_error(loaded.error()));
  return *std::move(loaded);
}

void add_sandbox_options(CLI::App& command, SandboxOptions& options) {
  const auto add_list = [&](const std::string& name, std::vector<std::string>& target, const std::string& description) {
    command.add_option(name, target, description)->expected(1)->allow_extra_args(false)->take_all();
  };
  add_list("--grant", options.grants,
           "A capability that the guest gets, such as 'filesystem:read:/data', 'network:outbound:api.example.com:443' or 'env:read:HOME', or a bundle: command "
           "(arguments, exit, clocks, random numbers); may be given several times");
  add_list("--dir", options.folders, "A folder that the guest gets, as HOST, HOST::GUEST, or either with :ro for reading alone; may be given several times");
  add_list("--env", options.variables, "A variable that the guest gets, as NAME=VALUE, or NAME for this process's value; may be given several times");
  add_policy_options(command, options.policy, options.target);
  command.add_flag("--inherit-network", options.inherit_network, "Give the guest all network of this machine: sockets, names and HTTP");
  command.add_flag("--observe", options.observe, "Allow everything and count what the grants would deny; see tenon policy learn");
  command.add_option("--deterministic", options.seed, "Random numbers from this seed, and clocks that start at 0 and advance by rule: runs repeat")
      ->type_name("SEED");
  add_count_option(command, "--fuel", options.fuel, "Units of work that all calls together may do, about one an instruction");
  add_duration_option(command, "--timeout", options.timeout, "Time that all calls together may take, waits included, such as 500ms or 2s");
  add_bytes_option(command, "--max-memory", options.memory_max, "Memory that the guest may have in all its memories, such as 64MiB");
  command.add_option("--receipt", options.receipt, "Write what the run touched and spent to this file as JSON, - for standard output; failed runs too");
  command.add_flag("--receipt-text", options.receipt_text, "Tell people on standard error what the run touched and spent; failed runs too");
}

Result<wasi::SessionOptions> plan_sandbox(const SandboxOptions& options, const std::string& file, const std::vector<std::string>& arguments) {
  wasi::SessionOptions plan;
  const auto made = std::make_shared<wasi::Config>();
  plan.config = made;
  wasi::Config& config = *made;
  policy::RuleInputs inputs;
  inputs.target = options.target;
  TENON_TRY(const std::shared_ptr<const policy::PolicyFile> policy_file, load_policy(options.policy));
  inputs.file = policy_file.get();
  std::vector<policy::Rule>& rules = inputs.granted;
  TENON_TRY(rules, policy::rules_of_grants(options.grants, "--grant"));
  if (options.inherit_network) {
    const std::string bundle = "inherit-network";
    TENON_TRY(const std::vector<policy::Rule> network, policy::rules_of_grants(std::span(&bundle, 1), "--inherit-network"));
    rules.insert(rules.end(), network.begin(), network.end());
  }
  if (options.observe) rules.push_back({.capability = std::nullopt, .mode = policy::Mode::Observe, .source = source_of("--observe")});
  for (const std::string& text : options.folders) {
    TENON_TRY(wasi::Mount mount, parse_folder(text));
    const auto is_same = [&](const wasi::Mount& other) { return other.guest_path == mount.guest_path; };
    if (const auto other = std::ranges::find_if(config.mounts, is_same); other != config.mounts.end())
      return fail(ErrorKind::InvalidInput, fmt::format("--dir {}: the guest's {} is {} already", text, mount.guest_path, other->host_path));
    add_folder_rules(mount, rules);
    config.mounts.push_back(std::move(mount));
  }
  for (const std::string& text : options.variables) TENON_CHECK_OK(add_variable(text, config, rules));
  // Programs get their own name alone: where they lie on the machine is not their business.
  config.arguments.push_back(std::filesystem::path(file).filename().string());
  for (const std::string& argument : arguments) {
    if (!base::is_utf8(argument)) return fail(ErrorKind::InvalidInput, fmt::format("the argument {} is not UTF-8, and guests take no other text", argument));
    config.arguments.push_back(argument);
  }
  config.standard_input = stdio_of(STDIN_FILENO);
  config.standard_output = stdio_of(STDOUT_FILENO);
  config.standard_error = stdio_of(STDERR_FILENO);
  if (options.seed) config.deterministic = wasi::Deterministic{.seed = *options.seed};
  policy::BudgetLimits limits;
  if (options.timeout) limits.time = *options.timeout;
  limits.fuel = options.fuel;
  limits.memory_bytes = options.memory_max;
  plan.limits = limits;
  if (policy_file != nullptr) {
    // The operator's limits hold; the command line may only lower them.
    plan.limits = policy::lower_of(policy_file->limits_for(inputs.target), limits);
    TENON_CHECK_OK(wasi::apply_policy(*policy_file, inputs.target, config));
  }
  plan.rules = policy::make_rules(std::move(inputs));
  add_own_variables(*plan.rules, config);
  return plan;
}

std::string guest_name(const policy::PolicyTarget& target, const std::string& file) {
  if (target.package.empty()) return file;
  return target.item.empty() ? target.package : target.package + "/" + target.item;
}

std::string describe_unused_mounts(const policy::Rules& rules, const std::vector<wasi::Mount>& mounts, const std::string& guest) {
  using policy::Access;
  constexpr std::array accesses = {Access::FilesystemRead, Access::FilesystemWrite, Access::FilesystemCreate, Access::FilesystemDelete, Access::FilesystemList};
  std::string text;
  for (const wasi::Mount& mount : mounts) {
    const auto denies = [&](Access access) { return rules.subtree(access, mount.guest_path) == policy::Subtree::Denied; };
    const policy::Ruling ruling = rules.answer({.access = Access::FilesystemRead, .text = mount.guest_path});
    if (ruling.rule != nullptr || !std::ranges::all_of(accesses, denies)) continue;
    std::string capability = "filesystem:read:";
    policy::append_escaped(capability, mount.guest_path);
    text += fmt::format("not given: {}: {}: no rule allows anything in this mount: {}\n", wit::printable(guest), wit::printable(mount.guest_path),
                        wit::printable(rules.layers()[ruling.layer].advice(capability)));
  }
  return text;
}

std::string describe_denials(const policy::Guard& guard, const std::string& guest) {
  constexpr size_t lines_max = 20;
  std::string text;
  size_t lines = 0;
  for (const policy::Decision& decision : guard.decisions()) {
    if (decision.verdict != policy::Verdict::Denied) continue;
    if (++lines > lines_max) continue;
    std::string advice = decision.rule;
    if (constexpr std::string_view deny = "deny "; advice.starts_with(deny))
      advice = fmt::format("denied by {}: take that out, or allow it in a more specific section", advice.substr(deny.size()));
    text += fmt::format("denied: {}: {}: {}\n", wit::printable(guest), wit::printable(decision.capability), wit::printable(advice));
  }
  if (lines > lines_max) text += fmt::format("denied: {} more\n", lines - lines_max);
  return text;
}

}  // namespace tenon::cli
