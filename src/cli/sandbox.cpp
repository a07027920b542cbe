#include "cli/sandbox.h"

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <unistd.h>
#include <CLI/CLI.hpp>

#include "base/utf8.h"
#include "cli/units.h"
#include "policy/access.h"
#include "policy/capability.h"
#include "policy/error_names.h"
#include "policy/path_pattern.h"
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
    rest.remove_suffix(3);
  }
  const size_t separator = rest.find("::");
  mount.host_path = rest.substr(0, separator);
  if (mount.host_path.empty()) return wrong("expected HOST, HOST::GUEST or either with :ro behind it");
  if (!base::is_utf8(mount.host_path)) return wrong("the path is not UTF-8");
  std::string guest(separator == std::string_view::npos ? rest : rest.substr(separator + 2));
  if (separator != std::string_view::npos && guest.empty()) return wrong("the guest's path behind :: is missing");
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
  if (equals != std::string::npos) {
    config.environment.emplace_back(name, text.substr(equals + 1));
  } else if (const char* value = std::getenv(name.c_str()); value != nullptr) {
    config.environment.emplace_back(name, value);
  }
  return {};
}

/// This process's variables, of which the guest gets those that some rule grants; those of `--env` come first.
void add_own_variables(wasi::Config& config) {
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const size_t equals = text.find('=');
    if (equals == 0 || equals == std::string_view::npos) continue;
    const std::string_view name = text.substr(0, equals);
    const auto is_same = [&](const auto& variable) { return variable.first == name; };
    if (std::find_if(config.environment.begin(), config.environment.end(), is_same) == config.environment.end())
      config.environment.emplace_back(name, text.substr(equals + 1));
  }
}

StoreLimits store_limits(const policy::BudgetLimits& limits) {
  StoreLimits store;
  if (limits.memory_bytes) store.memory_bytes = *limits.memory_bytes;
  if (limits.table_elements) store.table_elements = *limits.table_elements;
  if (limits.instances) store.instances = *limits.instances;
  return store;
}

}  // namespace

void add_sandbox_options(CLI::App& command, SandboxOptions& options) {
  const auto add_list = [&](const std::string& name, std::vector<std::string>& target, const std::string& description) {
    command.add_option(name, target, description)->expected(1)->allow_extra_args(false)->take_all();
  };
  add_list("--grant", options.grants,
           "A capability that the guest gets, such as 'filesystem:read:/data', 'network:outbound:api.example.com:443' or 'env:read:HOME', or a bundle: command "
           "(arguments, exit, clocks, random numbers); may be given several times");
  add_list("--dir", options.folders, "A folder that the guest gets, as HOST, HOST::GUEST, or either with :ro for reading alone; may be given several times");
  add_list("--env", options.variables, "A variable that the guest gets, as NAME=VALUE, or NAME for this process's value; may be given several times");
  command.add_flag("--inherit-network", options.inherit_network, "Give the guest all network of this machine: sockets, names and HTTP");
  command.add_flag("--observe", options.observe, "Allow everything and count what the grants would deny; see tenon policy learn");
  command.add_option("--deterministic", options.seed, "Random numbers from this seed, and clocks that start at 0 and advance by rule: runs repeat")
      ->type_name("SEED");
  add_count_option(command, "--fuel", options.fuel, "Units of work that all calls together may do, about one an instruction");
  add_duration_option(command, "--timeout", options.timeout, "Time that all calls together may take, waits included, such as 500ms or 2s");
  add_bytes_option(command, "--max-memory", options.memory_max, "Memory that the guest may have in all its memories, such as 64MiB");
  command.add_option("--receipt", options.receipt, "Write what the run touched and spent to this file as JSON, - for standard output; failed runs too");
}

Result<SandboxPlan> plan_sandbox(const SandboxOptions& options, const std::string& file, const std::vector<std::string>& arguments) {
  SandboxPlan plan;
  plan.config = std::make_shared<wasi::Config>();
  wasi::Config& config = *plan.config;
  policy::RuleScope scope{.name = "--grant", .rules = {}};
  for (const std::string& text : options.grants) {
    auto grant = policy::parse_grant(text);
    if (!grant) return std::unexpected(std::move(grant).error().wrap("--grant " + text));
    for (Capability& capability : *grant) scope.rules.push_back({.capability = std::move(capability), .source = source_of("--grant")});
  }
  if (options.inherit_network) {
    TENON_TRY(std::vector<Capability> network, policy::parse_grant("inherit-network"));
    for (Capability& capability : network) scope.rules.push_back({.capability = std::move(capability), .source = source_of("--inherit-network")});
  }
  if (options.observe) scope.rules.push_back({.capability = std::nullopt, .mode = policy::Mode::Observe, .source = source_of("--observe")});
  for (const std::string& text : options.folders) {
    TENON_TRY(wasi::Mount mount, parse_folder(text));
    add_folder_rules(mount, scope.rules);
    config.mounts.push_back(std::move(mount));
  }
  for (const std::string& text : options.variables) TENON_CHECK_OK(add_variable(text, config, scope.rules));
  add_own_variables(config);
  config.arguments.push_back(file);
  config.arguments.insert(config.arguments.end(), arguments.begin(), arguments.end());
  config.standard_input = stdio_of(STDIN_FILENO);
  config.standard_output = stdio_of(STDOUT_FILENO);
  config.standard_error = stdio_of(STDERR_FILENO);
  if (options.seed) config.deterministic = wasi::Deterministic{.seed = *options.seed};
  std::vector<policy::RuleLayer> layers(1);
  layers[0].scopes.push_back(std::move(scope));
  plan.rules = policy::Rules::create(std::move(layers));
  if (options.timeout) plan.limits.time = *options.timeout;
  plan.limits.fuel = options.fuel;
  plan.limits.memory_bytes = options.memory_max;
  return plan;
}

Result<std::unique_ptr<Sandbox>> Sandbox::create(const Engine& engine, SandboxPlan plan) {
  TENON_TRY(std::unique_ptr<Store> store, Store::create(engine, store_limits(plan.limits)));
  if (plan.limits.fuel) TENON_CHECK_OK(store->set_fuel(*plan.limits.fuel));
  return std::unique_ptr<Sandbox>(new Sandbox(std::move(store), std::move(plan)));
}

Sandbox::Sandbox(std::unique_ptr<Store> store, SandboxPlan plan)
    : budget_(policy::Budget::create(plan.limits)),
      guard_(plan.rules, budget_),
      store_(std::move(store)),
      context_(*store_, guard_, plan.config),
      is_deterministic_(plan.config->deterministic.has_value()),
      fuel_(plan.limits.fuel) {
  if (const auto deadline = budget_->deadline()) store_->set_deadline(*deadline);
}

policy::Receipt Sandbox::receipt(const Error* error) {
  policy::Meter::End end;
  end.memory_bytes_peak = store_->figures().memory_bytes;
  end.is_deterministic = is_deterministic_;
  if (const auto status = context_.exit_status()) end.outcome.exit_status = *status;
  if (error != nullptr && error->kind() != ErrorKind::Exit) {
    const auto refused = budget_->refused();
    end.outcome.reason = error->kind() == ErrorKind::LimitExceeded && refused ? policy::reason_of(*refused) : policy::reason_of(error->kind());
  }
  if (const auto left = store_->fuel(); left && fuel_) end.fuel = *fuel_ - *left;
  return meter_.finish(std::move(end), *budget_, guard_.decisions());
}

std::string Sandbox::denials(const std::string& guest) const {
  constexpr size_t lines_max = 20;
  std::string text;
  size_t lines = 0;
  for (const policy::Decision& decision : guard_.decisions()) {
    if (decision.verdict != policy::Verdict::Denied) continue;
    if (++lines > lines_max) continue;
    text += fmt::format("denied: {}: {}: {}\n", wit::printable(guest), wit::printable(decision.capability), wit::printable(decision.rule));
  }
  if (lines > lines_max) text += fmt::format("denied: {} more\n", lines - lines_max);
  return text;
}

}  // namespace tenon::cli
