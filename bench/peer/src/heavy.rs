//! Rows `compile.12mb`, `load.12mb` and `meter.*`.

use crate::guest::{self, Guests};
use crate::settings::{self, Meter};
use crate::timing::nanoseconds;
use std::hint::black_box;
use std::path::Path;
use std::time::Instant;
use wasmtime::component::{Component, Linker};

fn compile(guests: &Guests, big: &Path) -> f64 {
    let bytes = std::fs::read(big).expect("the big component");
    let start = Instant::now();
    black_box(Component::new(&guests.engine, bytes).expect("compile"));
    start.elapsed().as_secs_f64() * 1000.0
}

/// `Component::deserialize_file`: what is mapped is not checked.
fn load(guests: &Guests, big: &Path) -> f64 {
    let saved = big.with_extension("peer.cwasm");
    if !saved.exists() {
        let component = Component::from_file(&guests.engine, big).expect("compile");
        std::fs::write(&saved, component.serialize().expect("serialise")).expect("write");
    }
    let time = || {
        let start = Instant::now();
        // SAFETY: the file was written by this program, for this engine.
        let loaded = unsafe { Component::deserialize_file(&guests.engine, &saved) };
        black_box(loaded.expect("load"));
        start.elapsed().as_secs_f64() * 1000.0
    };
    time();
    crate::timing::median(&mut [time(), time(), time(), time(), time()])
}

/// Time of an iteration of the guest's loop `export` under `meter`.
fn guest_loop(guests: &Guests, meter: Meter, export: &str) -> f64 {
    let engine = settings::engine(meter);
    let component = guest::component(&engine, &guests.directory, "meter.wat");
    let mut store = guest::store(&engine, meter);
    let instance = Linker::new(&engine).instantiate(&mut store, &component).expect("instance");
    if export == "spin" {
        let func = instance.get_typed_func::<(u32,), ()>(&mut store, export).expect("spin");
        return nanoseconds(|n| func.call(&mut store, (n,)).expect("call"));
    }
    let func = instance.get_typed_func::<(u32,), (u64,)>(&mut store, export).expect("multiply");
    nanoseconds(|n| {
        black_box(func.call(&mut store, (n,)).expect("call"));
    })
}

fn meter(guests: &Guests, on: Meter, export: &str) -> f64 {
    guest_loop(guests, on, export) / guest_loop(guests, Meter { epoch: false, fuel: false }, export)
}

pub fn run(guests: &Guests, big: &Path, row: &str) -> Option<f64> {
    const EPOCH: Meter = Meter { epoch: true, fuel: false };
    const FUEL: Meter = Meter { epoch: false, fuel: true };
    Some(match row {
        "compile.12mb" => compile(guests, big),
        "load.12mb" => load(guests, big),
        "meter.epoch" => meter(guests, EPOCH, "spin"),
        "meter.epoch.multiply" => meter(guests, EPOCH, "multiply"),
        "meter.fuel" => meter(guests, FUEL, "spin"),
        "meter.fuel.multiply" => meter(guests, FUEL, "multiply"),
        _ => return None,
    })
}
