//! A store's data, and the engine that all of it runs in.

use wasmtime::component::{Linker, ResourceTable};
use wasmtime::{Config, Engine, Store};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

pub struct State {
    wasi: WasiCtx,
    http: WasiHttpCtx,
    table: ResourceTable,
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

impl WasiHttpView for State {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView { hooks: Default::default(), table: &mut self.table, ctx: &mut self.http }
    }
}

/// The settings that the command `tenon run` has: instances on demand, copy-on-write, epoch checks on.
pub fn engine() -> wasmtime::Result<Engine> {
    let mut config = Config::new();
    config.memory_init_cow(true).concurrency_support(false).epoch_interruption(true);
    Engine::new(&config)
}

pub fn linker(engine: &Engine) -> wasmtime::Result<Linker<State>> {
    let mut linker = Linker::new(engine);
    wasmtime_wasi::p2::add_to_linker_sync(&mut linker)?;
    wasmtime_wasi_http::p2::add_only_http_to_linker_sync(&mut linker)?;
    Ok(linker)
}

pub fn store(engine: &Engine, wasi: WasiCtx) -> Store<State> {
    let mut store = Store::new(engine, State { wasi, http: WasiHttpCtx::new(), table: ResourceTable::new() });
    store.set_epoch_deadline(u64::MAX / 2);
    store
}
