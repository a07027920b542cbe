#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "tenon/result.h"

namespace tenon {

namespace engine {
class EngineState;
struct Access;
}  // namespace engine

/// A WebAssembly proposal: as the engine has it by default, or by choice.
enum class Proposal : uint8_t { Default, On, Off };

/// How compiled code is made.
enum class OptLevel : uint8_t {
  /// Compile fast.
  None,
  /// Run fast.
  Speed,
  /// Run fast and stay small.
  SpeedAndSize,
};

/// Where instances, memories and tables come from.
enum class Allocation : uint8_t {
  /// Each is mapped when it is needed and unmapped with its store.
  OnDemand,
  /// They come out of pools that are mapped once: starting an instance is faster, and their number is bounded.
  Pooled,
};

/// Sizes of the pools of an engine with `Allocation::Pooled`. Everything counts over the whole engine.
struct PoolConfig {
  /// Core instances that live at a time; a component has one for each of its core modules. Default 1,000.
  uint32_t instances = 1000;
  /// Memories that live at a time. Each takes its reservation of address space (4 GiB by default), not of memory. Default 1,000.
  uint32_t memories = 1000;
  /// Tables that live at a time. Default 1,000.
  uint32_t tables = 1000;
  /// Bytes that one memory may grow to. Default 4 GiB.
  uint64_t memory_bytes_max = uint64_t{4} << 30;
  /// Bytes of one instance's own record, which grows with its functions and globals. Default 1 MiB.
  uint64_t instance_bytes_max = uint64_t{1} << 20;
  /// Elements that one table may grow to. Default 20,000.
  uint64_t table_elements_max = 20'000;
  /// Memories and tables that one core module may define. Defaults 1 and 1.
  uint32_t memories_per_module_max = 1;
  uint32_t tables_per_module_max = 1;
  /// Bytes at the start of a memory or table that are cleared by hand for the next user; the rest is given back to the system. Default 0.
  uint64_t memory_keep_resident_bytes = 0;
  uint64_t table_keep_resident_bytes = 0;
  /// Free slots kept warm for the module that used them last. Default 100.
  uint32_t unused_warm_slots_max = 100;
};

/// How an engine compiles and runs. Everything that runs with an engine shares it, and code compiled with another configuration is not taken.
struct EngineConfig {
  Allocation allocation = Allocation::OnDemand;
  PoolConfig pool = {};
  /// Memories start as copy-on-write images of their module's data: starting costs no copy.
  bool copy_on_write = true;
  /// Code counts the work that it does (`Store::set_fuel`): repeatable, and slower in tight loops. Default off.
  bool fuel = false;
  /// Code can be ended from outside (`Store::set_deadline`, `Store::interrupt`): needs a look at a counter in each loop. Default on.
  bool epoch = true;
  /// How often deadlines are looked at, 100 us to 1 s. A deadline is noticed at most this late. Default 10 ms.
  std::chrono::microseconds tick = std::chrono::milliseconds(10);
  OptLevel opt_level = OptLevel::Speed;
  /// Compiles on all processors.
  bool parallel_compilation = true;
  /// Bytes of stack that guest code may use, counted from where a call enters it, 16 KiB to 64 MiB. Default 512 KiB.
  size_t wasm_stack_bytes = size_t{512} << 10;
  /// Bytes of stack that stay free for host functions below the guest's, 16 KiB to 64 MiB. A call that would leave less is refused. Default 256 KiB.
  size_t host_stack_bytes = size_t{256} << 10;
  /// Every NaN that an instruction makes is the canonical one, so that results do not depend on the processor. Default off.
  bool canonical_nans = false;
  /// Relaxed SIMD instructions give the same results on every processor. Default off.
  bool deterministic_relaxed_simd = false;
  Proposal multi_memory = Proposal::Default;
  Proposal memory64 = Proposal::Default;
  Proposal threads = Proposal::Default;
  Proposal exceptions = Proposal::Default;
  Proposal garbage_collection = Proposal::Default;
  Proposal relaxed_simd = Proposal::Default;
  /// Modules may make memories that threads share (`(memory 1 1 shared)`). For trusted modules only: no limit of a store counts their bytes, and a guest that
  /// waits for another thread (`memory.atomic.wait32`) is ended by no deadline. Default off.
  bool shared_memory = false;
  /// Bytes of address space reserved for a memory, and of guard behind it; absent: the engine's own choice (4 GiB and 32 MiB on 64 bits), for
  /// which bounds need no checks in the code.
  std::optional<uint64_t> memory_reservation_bytes = std::nullopt;
  std::optional<uint64_t> memory_guard_bytes = std::nullopt;
  /// Folder of the cache of compiled code; absent: nothing is cached. Made with mode 0700 when it is missing. When it cannot be used the engine works without
  /// it and `Engine::notice` says so. See docs/cache.md for what the cache protects from.
  std::optional<std::filesystem::path> cache_folder = std::nullopt;
  /// Bytes that the cache may take; the entries not used for longest go first. Default 1 GiB.
  uint64_t cache_bytes_max = uint64_t{1} << 30;
};

/// What the pools of an engine hold at a moment; all zero without pools.
struct PoolFigures {
  uint64_t instances = 0;
  uint64_t memories = 0;
  uint64_t tables = 0;
  /// Free, but still holding memory of the machine.
  uint64_t unused_warm_memories = 0;
  uint64_t unused_memory_bytes_resident = 0;
  uint64_t unused_warm_tables = 0;
  uint64_t unused_table_bytes_resident = 0;
};

/// Compiles and runs WebAssembly by one configuration. Immutable; shared between threads; copies share one state, which lives as long as any copy,
/// module, component or store of it. Has one thread that ticks while some store has a deadline.
class Engine {
 public:
  /// Errors: `InvalidInput` when the configuration is out of its ranges or contradicts itself; `Unavailable` when the machine has no room for the pools.
  static Result<Engine> create(const EngineConfig& config = {});

  const EngineConfig& config() const;
  PoolFigures pool_figures() const;

  /// 32 bytes that differ between engines whose compiled code cannot be exchanged: version, configuration, features of the processor.
  const std::array<uint8_t, 32>& fingerprint() const;

  /// What did not work as configured but is no failure: the cache that cannot be used. Empty when all is well.
  std::string notice() const;

 private:
  friend struct engine::Access;
  explicit Engine(std::shared_ptr<engine::EngineState> state) : state_(std::move(state)) {}
  std::shared_ptr<engine::EngineState> state_;
};

}  // namespace tenon
