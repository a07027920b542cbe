#include "tenon/engine.h"

#include <fmt/format.h>

#include <limits>
#include <utility>

#include "engine/engine_state.h"
#include "engine/raw.h"

namespace tenon {

namespace {

constexpr size_t kib = 1024;
constexpr size_t mib = 1024 * kib;

Result<> check(const EngineConfig& config) {
  auto out_of_range = [](std::string_view what, auto value, std::string_view range) {
    return fail(ErrorKind::InvalidInput, fmt::format("{} is {}, expected {}", what, value, range));
  };
  if (config.tick < std::chrono::microseconds(100) || config.tick > std::chrono::seconds(1)) {
    return out_of_range("tick", config.tick.count(), "100 to 1,000,000 microseconds");
  }
  if (config.wasm_stack_bytes < 16 * kib || config.wasm_stack_bytes > 64 * mib)
    return out_of_range("wasm_stack_bytes", config.wasm_stack_bytes, "16 KiB to 64 MiB");
  if (config.host_stack_bytes < 16 * kib || config.host_stack_bytes > 64 * mib)
    return out_of_range("host_stack_bytes", config.host_stack_bytes, "16 KiB to 64 MiB");
  return {};
}

uint8_t choice(Proposal proposal) { return static_cast<uint8_t>(proposal); }

tn_engine_config native_config(const EngineConfig& config) {
  constexpr uint64_t by_default = std::numeric_limits<uint64_t>::max();
  const PoolConfig& pool = config.pool;
  tn_engine_config native{};
  native.pooling = config.allocation == Allocation::Pooled;
  native.copy_on_write = config.copy_on_write;
  native.fuel = config.fuel;
  native.epoch = config.epoch;
  native.parallel_compilation = config.parallel_compilation;
  native.opt_level = static_cast<uint8_t>(config.opt_level);
  native.nan_canonicalization = config.canonical_nans;
  native.relaxed_simd_deterministic = config.deterministic_relaxed_simd;
  native.wasm_multi_memory = choice(config.multi_memory);
  native.wasm_memory64 = choice(config.memory64);
  native.wasm_threads = choice(config.threads);
  native.shared_memory = config.shared_memory;
  native.wasm_exceptions = choice(config.exceptions);
  native.wasm_gc = choice(config.garbage_collection);
  native.wasm_relaxed_simd = choice(config.relaxed_simd);
  native.memory_may_move = 1;
  native.max_wasm_stack = config.wasm_stack_bytes;
  native.memory_reservation = config.memory_reservation_bytes.value_or(by_default);
  native.memory_reservation_for_growth = by_default;
  native.memory_guard_bytes = config.memory_guard_bytes.value_or(by_default);
  native.pool_instances = pool.instances;
  native.pool_memories = pool.memories;
  native.pool_tables = pool.tables;
  native.pool_memory_bytes = pool.memory_bytes_max;
  native.pool_instance_bytes = pool.instance_bytes_max;
  native.pool_table_elements = pool.table_elements_max;
  native.pool_memories_per_module = pool.memories_per_module_max;
  native.pool_tables_per_module = pool.tables_per_module_max;
  native.pool_memory_keep_resident = pool.memory_keep_resident_bytes;
  native.pool_table_keep_resident = pool.table_keep_resident_bytes;
  native.pool_unused_warm_slots = pool.unused_warm_slots_max;
  native.pool_decommit_batch = by_default;
  return native;
}

}  // namespace

namespace engine {

EngineState::EngineState(const EngineConfig& config, OwnedEngine native)
    : config_(config), native_(std::move(native)), ticker_(config.tick, [engine = native_.get()] { tn_engine_increment_epoch(engine); }) {
  if (config_.cache_folder) {
    auto cache = CodeCache::open(*config_.cache_folder, config_.cache_bytes_max);
    if (cache) {
      cache_ = *std::move(cache);
    } else {
      notice_ = "compiled code is not cached: " + cache.error().message();
    }
  }
}

const std::array<uint8_t, 32>& EngineState::fingerprint() const {
  std::call_once(fingerprint_once_, [this] { tn_engine_fingerprint(native_.get(), fingerprint_.data()); });
  return fingerprint_;
}

std::string EngineState::notice() const {
  if (!notice_.empty() || cache_ == nullptr) return notice_;
  const std::string trouble = cache_->trouble();
  return trouble.empty() ? "" : "compiled code is not cached: " + trouble;
}

const tn_engine* Access::native(const Engine& engine) { return engine.state_->native(); }
CodeCache* Access::cache(const Engine& engine) { return engine.state_->cache(); }

Error take_error(tn_error* error) {
  OwnedError owned(error);
  return Error(static_cast<ErrorKind>(tn_error_kind(error)), std::string(text_of(tn_error_message(error))));
}

tn_error* give_error(const Error& error) { return tn_error_new(static_cast<uint8_t>(error.kind()), bytes_of(error.message())); }

}  // namespace engine

Result<Engine> Engine::create(const EngineConfig& config) {
  TENON_CHECK_OK(check(config));
  tn_engine_config native = native_config(config);
  tn_engine* made = nullptr;
  if (tn_error* error = tn_engine_new(&native, &made); error != nullptr) return std::unexpected(engine::take_error(error));
  return Engine(std::make_shared<engine::EngineState>(config, engine::OwnedEngine(made)));
}

const EngineConfig& Engine::config() const { return state_->config(); }

PoolFigures Engine::pool_figures() const {
  tn_pool_figures figures = tn_engine_pool_figures(state_->native());
  return {.instances = figures.instances,
          .memories = figures.memories,
          .tables = figures.tables,
          .unused_warm_memories = figures.unused_warm_memories,
          .unused_memory_bytes_resident = figures.unused_memory_bytes_resident,
          .unused_warm_tables = figures.unused_warm_tables,
          .unused_table_bytes_resident = figures.unused_table_bytes_resident};
}

const std::array<uint8_t, 32>& Engine::fingerprint() const { return state_->fingerprint(); }

std::string Engine::notice() const { return state_->notice(); }

}  // namespace tenon
