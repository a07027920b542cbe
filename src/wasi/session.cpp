#include "wasi/session.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "policy/rules.h"
#include "wasi/filesystem/preopens.h"

namespace tenon::wasi {

using policy::Budget;
using policy::Limit;
using policy::Reason;

namespace {

/// What a store without a limit on fuel gets: it only counts then.
constexpr uint64_t fuel_max = uint64_t{1} << 62;

/// A store's limits: its own, and what the budget leaves.
StoreLimits store_limits(const Budget& budget) {
  StoreLimits limits;
  const auto lower = [&budget](auto& limit, Limit what) {
    using Number = std::remove_reference_t<decltype(limit)>;
    limit = static_cast<Number>(std::min<uint64_t>(limit, budget.left(what)));
  };
  lower(limits.memory_bytes, Limit::MemoryBytes);
  lower(limits.table_elements, Limit::TableElements);
  lower(limits.instances, Limit::Instances);
  lower(limits.tables_per_instance, Limit::Tables);
  lower(limits.memories_per_instance, Limit::Memories);
  return limits;
}

Reason reason_behind(StoreLimit limit) {
  switch (limit) {
    case StoreLimit::Memory: return Reason::Memory;
    case StoreLimit::TableElements: return Reason::TableElements;
    case StoreLimit::Instances: return Reason::Instances;
    case StoreLimit::Memories: return Reason::Memories;
    case StoreLimit::Tables: return Reason::Tables;
    case StoreLimit::Fuel: return Reason::Fuel;
    case StoreLimit::Stack: return Reason::Stack;
  }
  return Reason::LimitExceeded;
}

}  // namespace

Reason reason_of(ErrorKind kind, Stage stage) {
  if (stage == Stage::Load) {
    if (kind == ErrorKind::InvalidInput) return Reason::InvalidModule;
    if (kind == ErrorKind::LimitExceeded) return Reason::ModuleTooLarge;
    if (kind == ErrorKind::Unavailable) return Reason::LoadFile;
  }
  if (stage == Stage::Instantiate) {
    if (kind == ErrorKind::InvalidInput) return Reason::Instantiation;
    if (kind == ErrorKind::NotFound) return Reason::MissingImport;
    if (kind == ErrorKind::Denied) return Reason::DeniedImport;
  }
  if (stage == Stage::Call && kind == ErrorKind::NotFound) return Reason::FunctionNotFound;
  return policy::reason_of(kind);
}

Session::Session(std::shared_ptr<Budget> budget, SessionOptions options, Session* parent)
    : config_(options.config != nullptr ? std::move(options.config) : std::make_shared<const Config>()),
      budget_(std::move(budget)),
      guard_(std::make_unique<policy::Guard>(
          filesystem::keep_read_only(options.rules != nullptr ? std::move(options.rules) : policy::Rules::create({}), config_->mounts), budget_)),
      parent_(parent) {}

Result<std::unique_ptr<Session>> Session::create(const Engine& engine, SessionOptions options) {
  auto budget = Budget::create(options.limits);
  return start(engine, std::unique_ptr<Session>(new Session(std::move(budget), std::move(options), nullptr)));
}

Result<std::unique_ptr<Session>> Session::create_sub(const Engine& engine, SessionOptions options) {
  tell_figures();
  settle_fuel();
  if (store_->fuel()) TENON_CHECK_OK(store_->set_fuel(0));
  TENON_TRY(auto budget, Budget::create_sub(budget_, options.limits));
  return start(engine, std::unique_ptr<Session>(new Session(std::move(budget), std::move(options), this)));
}

Result<std::unique_ptr<Session>> Session::start(const Engine& engine, std::unique_ptr<Session> session) {
  const Budget& budget = *session->budget_;
  if (!engine.config().fuel && budget.left(Limit::Fuel) != Budget::unlimited)
    return fail(ErrorKind::InvalidInput, "the budget limits fuel, but the engine does not count it");
  TENON_TRY(session->store_, Store::create(engine, store_limits(budget)));
  session->context_ = std::make_unique<Context>(*session->store_, *session->guard_, session->config_);
  TENON_CHECK_OK(session->take_fuel());
  if (const auto deadline = budget.deadline()) session->store_->set_deadline(*deadline);
  if (Session* parent = session->parent_) {
    const std::lock_guard lock(parent->mutex_);
    parent->children_.push_back(session.get());
    if (parent->is_cancelled()) session->cancel();
  }
  return session;
}

Session::~Session() {
  settle_fuel();
  if (parent_ == nullptr) return;
  const std::lock_guard lock(parent_->mutex_);
  std::erase(parent_->children_, this);
}

Result<> Session::take_fuel() {
  if (!store_->fuel()) return {};
  fuel_taken_ = budget_->take_fuel(fuel_max);
  return store_->set_fuel(fuel_taken_);
}

Result<> Session::resume() {
  settle_fuel();
  return take_fuel();
}

void Session::settle_fuel() {
  // A session that did not come about has no store.
  if (store_ == nullptr || fuel_taken_ == 0) return;
  const uint64_t left = store_->fuel().value_or(0);
  const uint64_t taken = std::exchange(fuel_taken_, 0);
  budget_->settle_fuel(taken, left < taken ? taken - left : 0);
}

void Session::tell_figures() {
  const StoreFigures figures = store_->figures();
  budget_->hold_memory(figures.memory_bytes);
  budget_->hold_table_elements(figures.table_elements);
}

void Session::cancel() {
  const std::lock_guard lock(mutex_);
  cancelled_.store(true, std::memory_order_relaxed);
  store_->interrupt();
  for (Session* child : children_) child->cancel();
}

Reason Session::limit_reason() const {
  if (const auto limit = store_->refused()) return reason_behind(*limit);
  if (const auto limit = budget_->refused()) return policy::reason_of(*limit);
  return Reason::LimitExceeded;
}

Reason Session::trap_reason() const {
  const auto& trap = store_->last_trap();
  if (!trap || trap->kind != ErrorKind::Trap) return Reason::Trap;
  switch (trap->code) {
    case TrapCode::Unreachable: return Reason::Unreachable;
    case TrapCode::MemoryOutOfBounds:
    case TrapCode::HeapMisaligned: return Reason::MemoryAccess;
    case TrapCode::TableOutOfBounds:
    case TrapCode::IndirectCallToNull:
    case TrapCode::BadSignature: return Reason::TableAccess;
    case TrapCode::IntegerOverflow:
    case TrapCode::IntegerDivisionByZero:
    case TrapCode::BadConversionToInteger: return Reason::Arithmetic;
    case TrapCode::Host: return Reason::HostTrap;
    default: return Reason::Trap;
  }
}

policy::Outcome Session::outcome_of(const Error& error, Stage stage) const {
  policy::Outcome outcome;
  switch (error.kind()) {
    case ErrorKind::Exit:
      if (const auto status = context_->exit_status()) outcome.exit_status = *status;
      if (outcome.exit_status != 0U) outcome.reason = Reason::Exit;
      break;
    case ErrorKind::Timeout: outcome.reason = is_cancelled() ? Reason::Cancelled : Reason::Deadline; break;
    case ErrorKind::LimitExceeded: outcome.reason = stage == Stage::Load ? Reason::ModuleTooLarge : limit_reason(); break;
    case ErrorKind::Trap: outcome.reason = trap_reason(); break;
    default: outcome.reason = reason_of(error.kind(), stage);
  }
  return outcome;
}

policy::Receipt Session::finish(const policy::Outcome& outcome) {
  const bool is_metered = store_->fuel().has_value();
  settle_fuel();
  if (is_metered) (void)store_->set_fuel(0);
  tell_figures();
  std::vector<policy::Receipt> sub_receipts;
  {
    const std::lock_guard lock(mutex_);
    sub_receipts = std::exchange(sub_receipts_, {});
  }
  policy::Receipt receipt = meter_.finish({.outcome = outcome,
                                           .fuel = is_metered ? std::optional(budget_->spent(Limit::Fuel)) : std::nullopt,
                                           .memory_bytes_peak = budget_->peak(Limit::MemoryBytes),
                                           .is_deterministic = config_->deterministic.has_value(),
                                           .sub_calls = std::move(sub_receipts)},
                                          *budget_, guard_->decisions());
  if (parent_ != nullptr) {
    const std::lock_guard lock(parent_->mutex_);
    parent_->sub_receipts_.push_back(receipt);
  }
  return receipt;
}

}  // namespace tenon::wasi
