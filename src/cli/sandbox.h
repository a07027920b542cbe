#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "policy/guard.h"
#include "policy/policy_file.h"
#include "tenon/result.h"
#include "wasi/session.h"

namespace CLI {
class App;
}

namespace tenon::cli {

/// The options of `tenon run` that say what a guest may touch and spend.
struct SandboxOptions {
  std::vector<std::string> grants;
  std::vector<std::string> folders;
  std::vector<std::string> variables;
  /// A policy file; empty: the one that is found.
  std::string policy;
  /// What the policy file calls the program; without a package [default] alone counts.
  policy::PolicyTarget target;
  bool inherit_network = false;
  bool observe = false;
  std::optional<uint64_t> seed;
  std::optional<uint64_t> fuel;
  std::optional<std::chrono::microseconds> timeout;
  std::optional<uint64_t> memory_max;
  /// A file, or - for standard output; empty: none.
  std::string receipt;
  /// Whether people are told on standard error.
  bool receipt_text = false;
};

void add_sandbox_options(CLI::App& command, SandboxOptions& options);

/// Adds --policy, --package and --item.
void add_policy_options(CLI::App& command, std::string& policy, policy::PolicyTarget& target);

/// The policy file that `named` (--policy) or else the usual places give; null when there is none. Error: `InvalidInput` with a line for each of its problems.
Result<std::shared_ptr<const policy::PolicyFile>> load_policy(const std::string& named);

/// What policy file and options come to, before anything runs. `file` is what the program is called as, its first argument.
///
/// Errors: `InvalidInput` names the option and its text; those of `load_policy`; those of `policy::read_secret`.
Result<wasi::SessionOptions> plan_sandbox(const SandboxOptions& options, const std::string& file, const std::vector<std::string>& arguments);

/// What lines for users call a program: what the policy file calls it, "acme/tools/hash", or else its file.
std::string guest_name(const policy::PolicyTarget& target, const std::string& file);

/// A line for each mount that no rule opens, with the one that would: the program was not given it, and so nothing in it was ever asked for.
std::string describe_unused_mounts(const policy::Rules& rules, const std::vector<wasi::Mount>& mounts, const std::string& guest);

/// A line for each thing that was denied: what, to whom, and the line that would allow it. At most 20.
std::string describe_denials(const policy::Guard& guard, const std::string& guest);

}  // namespace tenon::cli
