#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "policy/budget.h"
#include "policy/error_names.h"
#include "policy/guard.h"
#include "policy/receipt.h"
#include "tenon/engine.h"
#include "tenon/result.h"
#include "tenon/store.h"
#include "tenon/wasi_config.h"
#include "wasi/context.h"

namespace tenon::wasi {

/// What a call runs under.
struct SessionOptions {
  /// Absent: nothing but what is allowed without any rule.
  std::shared_ptr<const policy::Rules> rules = nullptr;
  policy::BudgetLimits limits = {};
  /// Absent: one without arguments, variables, folders and streams.
  std::shared_ptr<const Config> config = nullptr;
};

/// How far a call had come when it failed: the same kind of error has another reason when a file is loaded than when its function is called.
enum class Stage : uint8_t {
  /// Reading and compiling the file.
  Load,
  /// Linking, instantiating and the guest's start.
  Instantiate,
  Call,
};

/// The reason behind an error that no store was part of, such as a file that is not there.
policy::Reason reason_of(ErrorKind kind, Stage stage);

/// One call, from its start to its receipt: a store with the budget's limits, and the guard and context that its host functions ask.
///
/// The thread that made it uses it, as a store; another may call `cancel` as long as it lives. What is instantiated in its store ends with it.
///
///     auto session = Session::create(engine, {.rules = rules, .limits = {.time = 5s, .memory_bytes = 64 << 20}, .config = config});
///     auto result = run(*instance_pre, (*session)->store());
///     Receipt receipt = result ? (*session)->finish() : (*session)->finish(result.error());
class Session final {
 public:
  /// The time of the budget begins to run. The engine must count fuel when a limit names it. An engine that counts it without a limit tells what was spent.
  ///
  /// Errors: `InvalidInput` when a limit names fuel and the engine does not count it; `Unavailable` when the machine is out of memory.
  static Result<std::unique_ptr<Session>> create(const Engine& engine, SessionOptions options);

  /// A call that this one makes, under what is left of its budget and what the options' limits leave of that. It may run on another thread, ends before this
  /// session does, and is cancelled with it; its receipt becomes part of this one's. Until `resume`, this session's guest has no fuel of its own: the sub-calls
  /// have it. The thread of this session.
  ///
  /// Errors: as `create`; `LimitExceeded` when sub-calls or depth are used up.
  Result<std::unique_ptr<Session>> create_sub(const Engine& engine, SessionOptions options);
  /// After sub-calls, before this session's guest goes on: takes the fuel that they left.
  Result<> resume();

  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  Store& store() { return *store_; }
  Context& context() { return *context_; }
  policy::Guard& guard() { return *guard_; }
  policy::Budget& budget() { return *budget_; }

  /// Ends the call and its sub-calls at once, guests and host functions that wait alike, with `Timeout`. Stays. Any thread.
  void cancel();
  bool is_cancelled() const { return cancelled_.load(std::memory_order_relaxed); }

  /// How the call ended, in codes. An exit with status 0 is a success.
  policy::Outcome outcome_of(const Error& error, Stage stage = Stage::Call) const;

  /// The receipt; asked for once, at the end of the call, also when it failed: gives back the fuel that is left, and tells the parent.
  policy::Receipt finish(const policy::Outcome& outcome = {});
  policy::Receipt finish(const Error& error, Stage stage = Stage::Call) { return finish(outcome_of(error, stage)); }

 private:
  Session(std::shared_ptr<policy::Budget> budget, SessionOptions options, Session* parent);
  static Result<std::unique_ptr<Session>> start(const Engine& engine, std::unique_ptr<Session> session);
  Result<> take_fuel();
  void settle_fuel();
  void tell_figures();
  policy::Reason limit_reason() const;
  policy::Reason trap_reason() const;

  policy::Meter meter_;
  std::shared_ptr<const Config> config_;
  std::shared_ptr<policy::Budget> budget_;
  std::unique_ptr<policy::Guard> guard_;
  // Ended in this order: the context with its resources, then the store, which host functions outlive.
  std::unique_ptr<Store> store_;
  std::unique_ptr<Context> context_;
  uint64_t fuel_taken_ = 0;
  std::atomic<bool> cancelled_ = false;

  Session* const parent_;
  std::mutex mutex_;
  /// Under the lock: the sub-calls that live, and the receipts of those that ended.
  std::vector<Session*> children_;
  std::vector<policy::Receipt> sub_receipts_;
};

}  // namespace tenon::wasi
