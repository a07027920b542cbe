#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tenon/engine.h"
#include "tenon/result.h"

struct tn_context;
struct tn_store;

namespace tenon {

namespace engine {
class StoreExtension;
}

/// Limits over everything in a store together, not for each: two memories of 4 MiB do not fit into 5 MiB.
struct StoreLimits {
  /// Bytes of all linear memories. Default: no limit of the store's own.
  uint64_t memory_bytes = std::numeric_limits<uint64_t>::max();
  /// Elements of all tables, 8 to 16 bytes each. Default 10,000,000.
  uint64_t table_elements = 10'000'000;
  /// Core instances (a component has one for each of its core modules, but for those that only passed calls on), memories and tables. Defaults 10,000.
  uint32_t instances = 10'000;
  uint32_t memories = 10'000;
  uint32_t tables = 10'000;
  /// Memories and tables that one core instance may define by itself. Default: no limit of the store's own.
  uint32_t memories_per_instance = std::numeric_limits<uint32_t>::max();
  uint32_t tables_per_instance = std::numeric_limits<uint32_t>::max();
  /// What a guest that grows over a limit meets: the failure that the instruction defines (-1), or a `LimitExceeded` that ends it. Default -1.
  bool trap_on_growth_failure = false;
};

/// What a store holds. Memories never shrink, so these are also the peaks.
struct StoreFigures {
  uint64_t memory_bytes = 0;
  uint64_t table_elements = 0;
  /// How often a limit refused growth, and what the last refused one would have led to.
  uint64_t refusals = 0;
  uint64_t refused_memory_bytes = 0;
  uint64_t refused_table_elements = 0;
};

/// What a call or an instantiation can run out of in a store.
enum class StoreLimit : uint8_t { Memory, TableElements, Instances, Memories, Tables, Fuel, Stack };

/// Why a guest trapped, as the engine numbers it.
enum class TrapCode : int16_t {
  /// A host function ended the call.
  Host = -1,
  StackOverflow = 0,
  MemoryOutOfBounds = 1,
  HeapMisaligned = 2,
  TableOutOfBounds = 3,
  IndirectCallToNull = 4,
  BadSignature = 5,
  IntegerOverflow = 6,
  IntegerDivisionByZero = 7,
  BadConversionToInteger = 8,
  Unreachable = 9,
  Interrupt = 10,
  OutOfFuel = 11,
  /// An exception that no guest caught.
  UncaughtException = 49,
  // The others have no name of their own here; the message tells.
};

/// A guest's function on the stack when it trapped.
struct TrapFrame {
  /// From the module's name section; empty without one.
  std::string module;
  /// Demangled, from the module's name section; empty without one.
  std::string function;
  /// Index in the module.
  uint32_t function_index = 0;
  /// Where in the module's file, in bytes; absent when unknown.
  std::optional<size_t> module_offset;
};

/// How a call ended that failed inside a guest.
struct Trap {
  ErrorKind kind = ErrorKind::Trap;
  TrapCode code = TrapCode::Host;
  std::string message;
  /// Innermost first; at most 64.
  std::vector<TrapFrame> frames;
};

/// The message, and below it a line for each frame: "  0: 0x1a2b add (calculator)".
std::string to_string(const Trap& trap);

/// A live world of instances and all that they own: memories, tables, functions, fuel.
///
/// One thread at a time; another thread may only call `interrupt()`. Not movable, because host functions keep its address. A store is cheap (less than a
/// microsecond) and is thrown away after a trap: what a guest left half done is not worth reasoning about. Keeps its engine alive.
class Store final {
 public:
  /// Errors: `Unavailable` when the machine is out of memory.
  static Result<std::unique_ptr<Store>> create(const Engine& engine, const StoreLimits& limits = {});
  ~Store();
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  const Engine& engine() const { return engine_; }
  StoreFigures figures() const;

  /// Units of work that guests in the store may still do, about one for each instruction. A new store of an engine with fuel has none.
  /// Error: `InvalidInput` when the engine does not count fuel.
  Result<> set_fuel(uint64_t fuel);
  /// What is left. Absent when the engine does not count fuel.
  std::optional<uint64_t> fuel() const;

  /// When guests end, with `Timeout`, noticed within the engine's tick. Host functions look at it themselves. No effect in an engine without epochs.
  void set_deadline(std::chrono::steady_clock::time_point deadline);
  void clear_deadline();
  std::optional<std::chrono::steady_clock::time_point> deadline() const { return deadline_; }

  /// Ends the guest that runs in the store, or the next that does, with `Timeout`; host functions that look at `is_interrupted` end too. Any thread, as long as
  /// the store lives. Stays until `clear_interrupt`. No effect on guests of an engine without epochs.
  void interrupt();
  /// The thread of the store.
  void clear_interrupt();
  bool is_interrupted() const { return interrupted_.load(std::memory_order_relaxed); }
  /// A descriptor that is readable from `interrupt` to `clear_interrupt`, for host functions that wait in poll(2): ask for it first, then look at
  /// `is_interrupted`, then wait. Made when it is first asked for; the store closes it. Error: `Unavailable` when the process has no descriptor left. The
  /// thread of the store.
  Result<int> interrupt_descriptor();

  /// How the last call that failed inside a guest of this store ended, until the next one does; null before the first.
  const Trap* last_trap() const { return last_trap_.get(); }

  /// Which limit the last call or instantiation that failed ran into; nothing when it failed otherwise, or for a limit of a host function's own.
  std::optional<StoreLimit> refused() const { return refused_; }

  /// The embedder's own; the store does not look at it.
  void* data() const { return data_; }
  void set_data(void* data) { data_ = data; }

 private:
  friend struct engine::Access;
  explicit Store(const Engine& engine);

  Engine engine_;
  tn_store* store_ = nullptr;
  tn_context* context_ = nullptr;
  /// Bytes of stack that a call needs: the guest's and the host functions'.
  size_t stack_bytes_ = 0;
  std::atomic<bool> interrupted_ = false;
  std::atomic<int> interrupt_descriptor_ = -1;
  std::optional<std::chrono::steady_clock::time_point> deadline_;
  std::unique_ptr<Trap> last_trap_;
  StoreLimits limits_;
  std::optional<StoreLimit> refused_;
  /// What has been instantiated, whether it succeeded or not. Not more than the limits, which are as wide.
  uint32_t instances_ = 0;
  uint32_t memories_ = 0;
  uint32_t tables_ = 0;
  /// Calls into guests that are going on, one within the other.
  uint32_t calls_ = 0;
  /// What limits had refused when the outermost of them began.
  uint64_t refusals_before_ = 0;
  uint64_t refused_memory_before_ = 0;
  uint64_t refused_elements_before_ = 0;
  void* data_ = nullptr;
  /// What the component runtime keeps for the store; ended with it, after its guests.
  std::unique_ptr<engine::StoreExtension> extension_;
  /// Host functions made for this store alone.
  std::vector<std::shared_ptr<void>> keep_;
};

}  // namespace tenon
