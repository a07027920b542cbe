//! Engines: one configuration, shared by everything that is compiled and run with it.

use std::hash::{Hash, Hasher};
use std::num::NonZeroUsize;

use wasmtime::{Config, Enabled, Engine, InstanceAllocationStrategy, OptLevel, PoolingAllocationConfig};

use crate::ffi::{ErrorKind, Failure, guard, guard_value, tn_error};
use crate::limits;

/// An engine. Shared by any number of threads.
#[allow(non_camel_case_types)]
pub struct tn_engine {
    pub(crate) engine: Engine,
}

/// How an engine compiles and runs. Booleans are 0 or 1. A size or count of `UINT64_MAX` means the engine's own default.
#[repr(C)]
#[derive(Clone, Copy)]
#[allow(non_camel_case_types)]
pub struct tn_engine_config {
    /// Instances, memories and tables come out of pools that are mapped once. Otherwise each is mapped when it is needed.
    pub pooling: u8,
    /// Memories start as copy-on-write images of their module's data.
    pub copy_on_write: u8,
    /// Code counts fuel.
    pub fuel: u8,
    /// Code looks at the engine's epoch at loops and function entries.
    pub epoch: u8,
    /// Compile on all processors.
    pub parallel_compilation: u8,
    /// 0: compile fast, 1: run fast, 2: run fast and stay small.
    pub opt_level: u8,
    /// Every NaN that an instruction makes is the canonical one.
    pub nan_canonicalization: u8,
    /// Relaxed SIMD gives the same results on every machine.
    pub relaxed_simd_deterministic: u8,
    /// Proposals: 0 the engine's default, 1 on, 2 off.
    pub wasm_multi_memory: u8,
    pub wasm_memory64: u8,
    pub wasm_threads: u8,
    pub wasm_exceptions: u8,
    pub wasm_gc: u8,
    pub wasm_relaxed_simd: u8,
    /// Memories that are shared between threads can be made. No limit of a store counts them.
    pub shared_memory: u8,
    /// A memory may be moved when it grows past its reservation.
    pub memory_may_move: u8,
    /// Bytes of stack that guest code may use, counted from where each call enters.
    pub max_wasm_stack: u64,
    /// Address space reserved for a memory, for what it grows by afterwards, and as a guard behind it.
    pub memory_reservation: u64,
    pub memory_reservation_for_growth: u64,
    pub memory_guard_bytes: u64,
    /// Pools: how many of each live at a time.
    pub pool_instances: u64,
    pub pool_memories: u64,
    pub pool_tables: u64,
    /// Pools: how large one of each may be.
    pub pool_memory_bytes: u64,
    pub pool_instance_bytes: u64,
    pub pool_table_elements: u64,
    pub pool_memories_per_module: u64,
    pub pool_tables_per_module: u64,
    /// Pools: bytes of a slot that are cleared by hand and kept, where the rest is given back to the system.
    pub pool_memory_keep_resident: u64,
    pub pool_table_keep_resident: u64,
    /// Pools: slots kept warm for the module that used them, and slots given back at a time.
    pub pool_unused_warm_slots: u64,
    pub pool_decommit_batch: u64,
}

fn size(value: u64, what: &str, set: impl FnOnce(usize)) -> Result<(), Failure> {
    if value != u64::MAX {
        set(usize::try_from(value).map_err(|_| Failure::invalid(format!("{what} of {value} is too large")))?);
    }
    Ok(())
}

fn count(value: u64, what: &str, set: impl FnOnce(u32)) -> Result<(), Failure> {
    if value != u64::MAX {
        set(u32::try_from(value).map_err(|_| Failure::invalid(format!("{what} of {value} is too large")))?);
    }
    Ok(())
}

fn pooling(from: &tn_engine_config) -> Result<PoolingAllocationConfig, Failure> {
    let mut pool = PoolingAllocationConfig::new();
    count(from.pool_instances, "pool_instances", |n| { pool.total_core_instances(n); })?;
    count(from.pool_memories, "pool_memories", |n| { pool.total_memories(n); })?;
    count(from.pool_tables, "pool_tables", |n| { pool.total_tables(n); })?;
    size(from.pool_memory_bytes, "pool_memory_bytes", |n| { pool.max_memory_size(n); })?;
    size(from.pool_instance_bytes, "pool_instance_bytes", |n| { pool.max_core_instance_size(n); })?;
    size(from.pool_table_elements, "pool_table_elements", |n| { pool.table_elements(n); })?;
    count(from.pool_memories_per_module, "pool_memories_per_module", |n| { pool.max_memories_per_module(n); })?;
    count(from.pool_tables_per_module, "pool_tables_per_module", |n| { pool.max_tables_per_module(n); })?;
    size(from.pool_memory_keep_resident, "pool_memory_keep_resident", |n| { pool.linear_memory_keep_resident(n); })?;
    size(from.pool_table_keep_resident, "pool_table_keep_resident", |n| { pool.table_keep_resident(n); })?;
    count(from.pool_unused_warm_slots, "pool_unused_warm_slots", |n| { pool.max_unused_warm_slots(n); })?;
    size(from.pool_decommit_batch, "pool_decommit_batch", |n| { pool.decommit_batch_size(n); })?;
    pool.pagemap_scan(Enabled::No);
    Ok(pool)
}

fn wasmtime_config(from: &tn_engine_config) -> Result<Config, Failure> {
    let mut config = Config::new();
    config.consume_fuel(from.fuel != 0).epoch_interruption(from.epoch != 0).memory_init_cow(from.copy_on_write != 0);
    config.parallel_compilation(from.parallel_compilation != 0);
    config.cranelift_opt_level(match from.opt_level {
        0 => OptLevel::None,
        1 => OptLevel::Speed,
        2 => OptLevel::SpeedAndSize,
        other => return Err(Failure::invalid(format!("opt_level is {other}, expected 0 to 2"))),
    });
    config.cranelift_nan_canonicalization(from.nan_canonicalization != 0);
    config.relaxed_simd_deterministic(from.relaxed_simd_deterministic != 0);
    config.memory_may_move(from.memory_may_move != 0);
    config.shared_memory(from.shared_memory != 0);
    // Only debuggers and profilers read it; traps find their frames without, and modules load faster.
    config.native_unwind_info(false);
    config.wasm_backtrace_max_frames(NonZeroUsize::new(limits::TRAP_FRAMES_MAX));
    let proposals: [(u8, fn(&mut Config, bool) -> &mut Config); 6] = [
        (from.wasm_multi_memory, Config::wasm_multi_memory),
        (from.wasm_memory64, Config::wasm_memory64),
        (from.wasm_threads, Config::wasm_threads),
        (from.wasm_exceptions, Config::wasm_exceptions),
        (from.wasm_gc, |config, on| config.wasm_function_references(on).wasm_gc(on)),
        (from.wasm_relaxed_simd, Config::wasm_relaxed_simd),
    ];
    for (choice, set) in proposals {
        match choice {
            0 => {}
            1 => { set(&mut config, true); }
            2 => { set(&mut config, false); }
            other => return Err(Failure::invalid(format!("a proposal is set to {other}, expected 0 to 2"))),
        }
    }
    // The engine holds the stack of fibers, of which nothing runs here, to be no smaller than that of guests.
    const FIBER_STACK_BYTES: usize = 2 << 20;
    size(from.max_wasm_stack, "max_wasm_stack", |n| { config.max_wasm_stack(n).async_stack_size(n.max(FIBER_STACK_BYTES)); })?;
    if from.memory_reservation != u64::MAX {
        config.memory_reservation(from.memory_reservation);
    }
    if from.memory_reservation_for_growth != u64::MAX {
        config.memory_reservation_for_growth(from.memory_reservation_for_growth);
    }
    if from.memory_guard_bytes != u64::MAX {
        config.memory_guard_size(from.memory_guard_bytes);
    }
    if from.pooling != 0 {
        config.allocation_strategy(InstanceAllocationStrategy::Pooling(pooling(from)?));
    }
    Ok(config)
}

/// Makes an engine. Errors: `InvalidInput` when the configuration contradicts itself; `Unavailable` when the machine has no room for the pools.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tn_engine_new(config: *const tn_engine_config, out: *mut *mut tn_engine) -> *mut tn_error {
    guard(|| {
        let config = wasmtime_config(unsafe { &*config })?;
        let engine = Engine::new(&config).map_err(|error| {
            let text = format!("{error:#}");
            let kind = if text.contains("mmap") || text.contains("allocate") { ErrorKind::Unavailable } else { ErrorKind::InvalidInput };
            Failure::new(kind, format!("engine: {text}"))
        })?;
        unsafe { *out = Box::into_raw(Box::new(tn_engine { engine })) };
        Ok(())
    })
}

/// Ends the caller's hold on an engine; modules and stores keep it alive for themselves. Null is ignored.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tn_engine_free(engine: *mut tn_engine) {
    if !engine.is_null() {
        guard_value((), || drop(unsafe { Box::from_raw(engine) }));
    }
}

/// Advances the epoch by one. Any thread, and a signal handler too.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tn_engine_increment_epoch(engine: *const tn_engine) {
    unsafe { (*engine).engine.increment_epoch() };
}

struct Blake3Hasher(blake3::Hasher);

impl Hasher for Blake3Hasher {
    fn finish(&self) -> u64 {
        0
    }
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }
}

/// Writes 32 bytes that differ between engines whose compiled code is not interchangeable: version, configuration, processor features.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tn_engine_fingerprint(engine: *const tn_engine, out: *mut u8) {
    guard_value((), || {
        let mut hasher = Blake3Hasher(blake3::Hasher::new());
        unsafe { (*engine).engine.precompile_compatibility_hash().hash(&mut hasher) };
        hasher.0.update(env!("CARGO_PKG_VERSION").as_bytes());
        unsafe { std::ptr::copy_nonoverlapping(hasher.0.finalize().as_bytes().as_ptr(), out, 32) };
    });
}

/// What the pools hold now. All zero without pools.
#[repr(C)]
#[derive(Clone, Copy, Default)]
#[allow(non_camel_case_types)]
pub struct tn_pool_figures {
    /// In use.
    pub instances: u64,
    pub memories: u64,
    pub tables: u64,
    /// Free, but still resident.
    pub unused_warm_memories: u64,
    pub unused_memory_bytes_resident: u64,
    pub unused_warm_tables: u64,
    pub unused_table_bytes_resident: u64,
}

/// The figures of the engine's pools at this moment.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tn_engine_pool_figures(engine: *const tn_engine) -> tn_pool_figures {
    guard_value(tn_pool_figures::default(), || match unsafe { (*engine).engine.pooling_allocator_metrics() } {
        None => tn_pool_figures::default(),
        Some(metrics) => tn_pool_figures {
            instances: metrics.core_instances(),
            memories: metrics.memories() as u64,
            tables: metrics.tables() as u64,
            unused_warm_memories: metrics.unused_warm_memories().into(),
            unused_memory_bytes_resident: metrics.unused_memory_bytes_resident() as u64,
            unused_warm_tables: metrics.unused_warm_tables().into(),
            unused_table_bytes_resident: metrics.unused_table_bytes_resident() as u64,
        },
    })
}
