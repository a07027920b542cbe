#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>

#include "tenon/component.h"
#include "tenon/policy.h"
#include "tenon/receipt.h"
#include "tenon/result.h"
#include "tenon/wasi_config.h"

namespace tenon {
class Engine;
}

/// WASI 0.2 for embedders: command-line programs that are components, run under rules and a budget.
///
///     TENON_TRY(const auto command, tenon::wasi::Command::create(engine, component));
///     tenon::wasi::RunOptions options{.limits = {.time = std::chrono::seconds(5), .memory_bytes = 64 << 20}};
///     TENON_TRY(options.rules, tenon::policy::rules_from_grants(std::vector<std::string>{"command", "filesystem:read:/data/**"}));
///     options.config = std::make_shared<tenon::wasi::Config>(tenon::wasi::Config{
///         .arguments = {"wc", "/data/a.txt"}, .standard_output = {.kind = tenon::wasi::Stdio::Kind::Descriptor, .descriptor = 1}});
///     const tenon::wasi::RunResult result = command.run(options);
namespace tenon::wasi {

/// What one run may touch and spend, and what it is offered.
struct RunOptions {
  /// Absent: nothing but stdout, stderr and the monotonic clock.
  std::shared_ptr<const policy::Rules> rules = nullptr;
  /// A limit of fuel needs an engine that counts it.
  policy::BudgetLimits limits = {};
  /// Absent: one without arguments, variables, folders and streams.
  std::shared_ptr<const Config> config = nullptr;
  /// Ends the run from any thread, its waits too.
  std::stop_token stop = {};
};

/// What an operator's `policy.toml` (docs/policy.md) says for an item of a package: rules, limits, mounts, secrets, certificate authorities and deterministic
/// mode; both empty for a program that is in no package. `config` is what the embedder offers himself: arguments, streams, and variables, of which the guest
/// gets those that the rules grant; none of this process's are added. Its mounts come before the file's of the same guest path, and its deterministic mode
/// before the file's; the file's authorities come before its own. Limits of the result may be lowered; raised ones are no longer the operator's.
///
/// The file and the secrets' values are read now. The guest finds each secret's placeholder in a variable of the secret's name.
///
/// Any thread. Errors: `InvalidInput` with all that is wrong in the file, or when it cannot be read, and for a secret that no header can carry; `NotFound` when
/// a secret's variable or file is not there; `Unavailable` when the machine has no random numbers.
Result<RunOptions> options_from_policy(const std::string& path, const std::string& package = {}, const std::string& item = {}, Config config = {});

/// How a run ended.
struct RunResult {
  /// The program's own: 0 for success, 1 when it said that it failed, or what it ended itself with. 0 with an error.
  uint8_t exit_status = 0;
  /// What kept it from ending by itself. `Denied`: it imports what is not granted and has no way to hear "no", all of it named with what to add, or it ended
  /// itself without that grant. `LimitExceeded`, `Timeout` (the deadline, or `stop`), `Trap`: ended on its way. `InvalidInput`: the limits do not fit the
  /// engine. `Unavailable`: the machine has no room.
  std::optional<Error> error = std::nullopt;
  /// What it touched and spent, also of a run that failed. Absent when none began. `policy::to_json` and `policy::to_text` write it.
  std::optional<policy::Receipt> receipt = std::nullopt;
};

/// A command, which is a component that exports `wasi:cli/run`, with its imports linked. Immutable; shared between threads; copies share one state. Each run
/// has a store of its own.
class Command final {
 public:
  /// Errors: `NotFound` when it is no command, or imports what WASI 0.2 does not have, listing all; `InvalidInput` when a type differs; `Unsupported` as
  /// `Linker::instantiate_pre`.
  static Result<Command> create(const Engine& engine, const Component& component);

  /// Runs it on this thread, and returns when it ended. Any thread, any number of times at once.
  RunResult run(const RunOptions& options) const;

 private:
  struct State;
  explicit Command(std::shared_ptr<const State> state) : state_(std::move(state)) {}
  std::shared_ptr<const State> state_;
};

}  // namespace tenon::wasi
