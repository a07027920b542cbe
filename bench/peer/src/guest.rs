//! Guests and stores of the rows.

use crate::settings::{self, Meter};
use std::path::PathBuf;
use wasmtime::component::{Component, Instance, Linker, ResourceTable};
use wasmtime::{Engine, Store};

#[derive(Default)]
pub struct State {
    pub logged: u64,
    pub table: ResourceTable,
}

pub struct Guests {
    pub directory: PathBuf,
    pub engine: Engine,
}

/// A store with one live guest.
pub struct Live {
    pub store: Store<State>,
    pub instance: Instance,
}

pub fn store(engine: &Engine, meter: Meter) -> Store<State> {
    let mut store = Store::new(engine, State::default());
    if meter.epoch {
        store.set_epoch_deadline(u64::MAX / 2);
    }
    if meter.fuel {
        store.set_fuel(u64::MAX / 2).expect("fuel is on");
    }
    store
}

pub fn component(engine: &Engine, directory: &std::path::Path, name: &str) -> Component {
    let bytes = wat::parse_file(directory.join(name)).expect("guest text");
    Component::new(engine, bytes).expect("guest")
}

impl Guests {
    pub fn live(&self, name: &str, link: impl FnOnce(&mut Linker<State>)) -> Live {
        let component = component(&self.engine, &self.directory, name);
        let mut linker = Linker::new(&self.engine);
        link(&mut linker);
        let mut store = store(&self.engine, settings::USUAL);
        let instance = linker.instantiate(&mut store, &component).expect("instance");
        Live { store, instance }
    }
}
