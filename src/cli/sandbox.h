#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/exit_code.h"
#include "cli/program.h"
#include "policy/budget.h"
#include "policy/guard.h"
#include "policy/receipt.h"
#include "policy/rules.h"
#include "tenon/result.h"
#include "tenon/store.h"
#include "tenon/wasi_config.h"
#include "wasi/context.h"

namespace CLI {
class App;
}

namespace tenon::cli {

/// The options of `tenon run` that say what a guest may touch and spend.
struct SandboxOptions {
  std::vector<std::string> grants;
  std::vector<std::string> folders;
  std::vector<std::string> variables;
  std::string policy;
  bool inherit_network = false;
  bool observe = false;
  std::optional<uint64_t> seed;
  std::optional<uint64_t> fuel;
  std::optional<std::chrono::microseconds> timeout;
  std::optional<uint64_t> memory_max;
  /// A file, or - for standard output; empty: none.
  std::string receipt;
};

void add_sandbox_options(CLI::App& command, SandboxOptions& options);

/// What the options come to, before anything runs. Errors: `InvalidInput` names the option and its text.
struct SandboxPlan {
  std::shared_ptr<const policy::Rules> rules;
  policy::BudgetLimits limits;
  std::shared_ptr<wasi::Config> config;
};
Result<SandboxPlan> plan_sandbox(const SandboxOptions& options, const std::string& file, const std::vector<std::string>& arguments);

/// One store with what its guest may touch and spend. Main thread, but for `cancel`.
class Sandbox final {
 public:
  static Result<std::unique_ptr<Sandbox>> create(const Engine& engine, SandboxPlan plan);

  Store& store() { return *store_; }
  policy::Guard& guard() { return guard_; }
  wasi::Context& context() { return context_; }
  /// Ends what runs, and what waits in a host function. Any thread.
  void cancel() { store_->interrupt(); }

  /// What the guest touched and spent until now. `error` is how its call failed, null when it did not.
  policy::Receipt receipt(const Error* error);
  /// A line for each thing that was denied: what, to whom, and the line that would allow it. At most 20.
  std::string denials(const std::string& guest) const;

 private:
  Sandbox(std::unique_ptr<Store> store, SandboxPlan plan);

  policy::Meter meter_;
  std::shared_ptr<policy::Budget> budget_;
  policy::Guard guard_;
  std::unique_ptr<Store> store_;
  wasi::Context context_;
  bool is_deterministic_;
  std::optional<uint64_t> fuel_;
};

}  // namespace tenon::cli
