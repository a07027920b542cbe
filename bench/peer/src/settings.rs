//! The engine's settings, equal to those of bench/settings.h.

use serde_json::json;
use wasmtime::{Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig};

pub const POOL_INSTANCES: u32 = 2_000;
pub const POOL_MEMORY_BYTES: usize = 64 << 20;
pub const KEEP_RESIDENT_BYTES: usize = 16 << 10;
pub const TABLE_ELEMENTS: usize = 20_000;

#[derive(Clone, Copy)]
pub struct Meter {
    pub epoch: bool,
    pub fuel: bool,
}

/// What every row but `meter.*` runs with.
pub const USUAL: Meter = Meter { epoch: true, fuel: false };

pub fn engine(meter: Meter) -> Engine {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(POOL_INSTANCES)
        .total_core_instances(POOL_INSTANCES)
        .total_memories(POOL_INSTANCES)
        .total_tables(POOL_INSTANCES)
        .max_memory_size(POOL_MEMORY_BYTES)
        .linear_memory_keep_resident(KEEP_RESIDENT_BYTES)
        .table_keep_resident(KEEP_RESIDENT_BYTES)
        .table_elements(TABLE_ELEMENTS);
    let mut config = Config::new();
    config
        .allocation_strategy(InstanceAllocationStrategy::Pooling(pool))
        .memory_init_cow(true)
        .concurrency_support(false)
        .epoch_interruption(meter.epoch)
        .consume_fuel(meter.fuel);
    Engine::new(&config).expect("an engine")
}

pub fn print() -> serde_json::Value {
    json!({
        "wasmtime": "48.0.8",
        "features": "runtime cranelift pooling-allocator parallel-compilation std gc threads component-model",
        "allocation": "pooling",
        "pool_instances": POOL_INSTANCES,
        "pool_memory_bytes": POOL_MEMORY_BYTES,
        "keep_resident_bytes": KEEP_RESIDENT_BYTES,
        "copy_on_write": true,
        "epoch": USUAL.epoch,
        "fuel": USUAL.fuel,
    })
}
