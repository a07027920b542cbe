#include "tenon/store.h"

#include <cerrno>
#include <cstring>
#include <utility>

#include <fmt/format.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "engine/engine_state.h"
#include "engine/raw.h"

namespace tenon {

namespace {

/// Asked by the engine on the store's thread when the epoch has moved: 0 ends the guest, else it goes on until the epoch moves that often again.
uint64_t on_epoch(void* data) noexcept {
  const auto& store = *static_cast<const Store*>(data);
  if (store.is_interrupted()) return 0;
  if (auto deadline = store.deadline(); deadline && std::chrono::steady_clock::now() >= *deadline) return 0;
  return 1;
}

Trap read_trap(const tn_error* error) {
  Trap trap{.kind = static_cast<ErrorKind>(tn_error_kind(error)),
            .code = static_cast<TrapCode>(tn_error_trap_code(error)),
            .message = std::string(engine::text_of(tn_error_message(error))),
            .frames = {}};
  size_t count = tn_error_frame_count(error);
  trap.frames.reserve(count);
  for (size_t i = 0; i < count; ++i) {
    tn_frame frame = tn_error_frame(error, i);
    trap.frames.push_back({.module = std::string(engine::text_of(frame.module)),
                           .function = std::string(engine::text_of(frame.function)),
                           .function_index = frame.function_index,
                           .module_offset = frame.module_offset == SIZE_MAX ? std::nullopt : std::optional(frame.module_offset)});
  }
  return trap;
}

/// A guest that runs out of memory ends itself with `unreachable`; when a limit refused it growth in the same call, that limit is what the caller wants to
/// know.
void explain_refusal(Trap& trap, const StoreFigures& figures, StoreLimit refused) {
  trap.kind = ErrorKind::LimitExceeded;
  if (refused == StoreLimit::Memory) {
    trap.message += fmt::format(" after the store's limit refused it memory (to {} bytes in all)", figures.refused_memory_bytes);
  } else {
    trap.message += fmt::format(" after the store's limit refused it table elements (to {} in all)", figures.refused_table_elements);
  }
}

/// The limit behind a `LimitExceeded` of the engine, when it is one of the store's. `is_trap`: it ended a guest that ran.
std::optional<StoreLimit> limit_of(int trap_code, bool is_trap, std::optional<StoreLimit> refused_growth, const StoreLimits& limits) {
  if (trap_code == static_cast<int>(TrapCode::OutOfFuel)) return StoreLimit::Fuel;
  if (trap_code == static_cast<int>(TrapCode::StackOverflow)) return StoreLimit::Stack;
  // A growth that is refused ends a guest only where the limits say so; otherwise it was a host function.
  if (is_trap && !limits.trap_on_growth_failure) return std::nullopt;
  return refused_growth;
}

}  // namespace

namespace engine {

Result<std::unique_ptr<Store>> Access::create_store(const Engine& engine, const StoreLimits& limits) {
  std::unique_ptr<Store> store(new Store(engine));
  store->limits_ = limits;
  tn_store_limits native{};
  native.memory_bytes = limits.memory_bytes;
  native.table_elements = limits.table_elements;
  native.instances = limits.instances;
  native.memories = limits.memories;
  native.tables = limits.tables;
  native.trap_on_grow_failure = limits.trap_on_growth_failure;
  const EngineConfig& config = engine.config();
  if (tn_error* error = tn_store_new(engine.state_->native(), &native, store.get(), &store->store_); error != nullptr)
    return std::unexpected(take_error(error));
  store->context_ = tn_store_context(store->store_);
  store->stack_bytes_ = config.wasm_stack_bytes + config.host_stack_bytes;
  if (config.epoch) {
    tn_store_set_epoch_callback(store->store_, on_epoch);
    tn_context_set_epoch_deadline(store->context_, 1);
  }
  return store;
}

void Access::destroy(Store& store) { tn_store_free(std::exchange(store.store_, nullptr)); }

Result<> Access::count_instance(Store& store, const core::Module& module) {
  const tn_needs& wanted = needs(module);
  const auto check = [&store](StoreLimit limit, std::string_view what, uint64_t would_be, uint64_t most) -> Result<> {
    if (would_be <= most) return {};
    store.refused_ = limit;
    return fail(ErrorKind::LimitExceeded, fmt::format("{} would be {}, the limit is {}", what, would_be, most));
  };
  const StoreLimits& limits = store.limits_;
  TENON_CHECK_OK(check(StoreLimit::Memories, "memories of a core instance", wanted.memories, limits.memories_per_instance));
  TENON_CHECK_OK(check(StoreLimit::Tables, "tables of a core instance", wanted.tables, limits.tables_per_instance));
  TENON_CHECK_OK(check(StoreLimit::Instances, "core instances of the store", uint64_t{store.instances_} + 1, limits.instances));
  TENON_CHECK_OK(check(StoreLimit::Memories, "memories of the store", uint64_t{store.memories_} + wanted.memories, limits.memories));
  TENON_CHECK_OK(check(StoreLimit::Tables, "tables of the store", uint64_t{store.tables_} + wanted.tables, limits.tables));
  store.instances_ += 1;
  store.memories_ += wanted.memories;
  store.tables_ += wanted.tables;
  return {};
}

std::optional<StoreLimit> Access::refused_growth(const Store& store) {
  const StoreFigures figures = store.figures();
  if (figures.refusals == store.refusals_before_) return std::nullopt;
  if (figures.refused_memory_bytes != store.refused_memory_before_) return StoreLimit::Memory;
  if (figures.refused_table_elements != store.refused_elements_before_) return StoreLimit::TableElements;
  // The same growth was refused as in an earlier call.
  return figures.refused_memory_bytes != 0 ? StoreLimit::Memory : StoreLimit::TableElements;
}

Error take_error(Store& store, tn_error* error) {
  OwnedError owned(error);
  const auto kind = static_cast<ErrorKind>(tn_error_kind(error));
  const int trap_code = tn_error_trap_code(error);
  const bool is_trap = trap_code >= 0 || tn_error_frame_count(error) != 0;
  const std::optional<StoreLimit> growth = Access::refused_growth(store);
  std::optional<StoreLimit>& refused = Access::refused(store);
  refused = kind == ErrorKind::LimitExceeded ? limit_of(trap_code, is_trap, growth, Access::limits(store)) : std::nullopt;
  if (!is_trap) return Error(kind, std::string(text_of(tn_error_message(error))));
  Trap trap = read_trap(error);
  if (trap.code == TrapCode::Unreachable && growth) {
    explain_refusal(trap, store.figures(), *growth);
    refused = growth;
  }
  Error answer(trap.kind, trap.message);
  Access::last_trap(store) = std::make_unique<Trap>(std::move(trap));
  return answer;
}

Error stack_exhausted(Store& store) {
  Access::refused(store) = StoreLimit::Stack;
  return Error(ErrorKind::LimitExceeded,
               fmt::format("calls are nested too deep: {} bytes of stack are left, a call needs {}", stack_left(), Access::stack_bytes(store)));
}

}  // namespace engine

std::string to_string(const Trap& trap) {
  std::string text = trap.message;
  size_t number = 0;
  for (const TrapFrame& frame : trap.frames) {
    text += fmt::format("\n  {}: ", number++);
    if (frame.module_offset) text += fmt::format("{:#x} ", *frame.module_offset);
    text += frame.function.empty() ? fmt::format("function {}", frame.function_index) : frame.function;
    if (!frame.module.empty()) text += fmt::format(" ({})", frame.module);
  }
  return text;
}

Result<std::unique_ptr<Store>> Store::create(const Engine& engine, const StoreLimits& limits) { return engine::Access::create_store(engine, limits); }

Store::Store(const Engine& engine) : engine_(engine) {}

Store::~Store() {
  if (extension_) extension_->end();
  clear_deadline();
  engine::Access::destroy(*this);
  if (const int descriptor = interrupt_descriptor_.load(std::memory_order_relaxed); descriptor >= 0) close(descriptor);
}

StoreFigures Store::figures() const {
  tn_store_figures figures = tn_context_figures(context_);
  return {.memory_bytes = figures.memory_bytes,
          .table_elements = figures.table_elements,
          .refusals = figures.refusals,
          .refused_memory_bytes = figures.refused_bytes,
          .refused_table_elements = figures.refused_elements};
}

Result<> Store::set_fuel(uint64_t fuel) {
  if (tn_error* error = tn_context_set_fuel(context_, fuel); error != nullptr) return std::unexpected(engine::take_error(error));
  return {};
}

std::optional<uint64_t> Store::fuel() const {
  if (!engine_.config().fuel) return std::nullopt;
  return tn_context_fuel(context_);
}

void Store::set_deadline(std::chrono::steady_clock::time_point deadline) {
  if (!deadline_ && engine_.config().epoch) engine::Access::state(engine_).ticker().arm();
  deadline_ = deadline;
  // Nobody need wait for a tick to learn that there is no time left.
  if (engine_.config().epoch && deadline <= std::chrono::steady_clock::now()) tn_engine_increment_epoch(engine::Access::native(engine_));
}

void Store::clear_deadline() {
  if (deadline_ && engine_.config().epoch) engine::Access::state(engine_).ticker().disarm();
  deadline_.reset();
}

void Store::interrupt() {
  // In one order with `interrupt_descriptor` and the look at `is_interrupted` after it: either the waiter sees the flag, or this sees the descriptor.
  interrupted_.store(true, std::memory_order_seq_cst);
  if (const int descriptor = interrupt_descriptor_.load(std::memory_order_seq_cst); descriptor >= 0) eventfd_write(descriptor, 1);
  tn_engine_increment_epoch(engine::Access::native(engine_));
}

void Store::clear_interrupt() {
  interrupted_.store(false, std::memory_order_relaxed);
  eventfd_t ignored = 0;
  if (const int descriptor = interrupt_descriptor_.load(std::memory_order_relaxed); descriptor >= 0) eventfd_read(descriptor, &ignored);
}

Result<int> Store::interrupt_descriptor() {
  int descriptor = interrupt_descriptor_.load(std::memory_order_relaxed);
  if (descriptor >= 0) return descriptor;
  descriptor = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (descriptor < 0) return fail(ErrorKind::Unavailable, fmt::format("no descriptor to wait with: {}", std::strerror(errno)));
  interrupt_descriptor_.store(descriptor, std::memory_order_seq_cst);
  if (interrupted_.load(std::memory_order_seq_cst)) eventfd_write(descriptor, 1);
  return descriptor;
}

}  // namespace tenon
