//! Rows `start.*`: store, instantiate, first call, drop. Rows `memory.*`.

use crate::guest::{self, Guests, State};
use crate::settings::USUAL;
use crate::timing::{nanoseconds, resident_bytes};
use wasmtime::StoreContextMut;
use wasmtime::component::{Component, ComponentExportIndex, ComponentNamedList, InstancePre, Lift, Linker, Lower, WasmStr};

struct Start {
    component: Component,
    pre: InstancePre<State>,
}

fn start(guests: &Guests, file: &str, link: impl FnOnce(&mut Linker<State>)) -> Start {
    let component = guest::component(&guests.engine, &guests.directory, file);
    let mut linker = Linker::new(&guests.engine);
    link(&mut linker);
    let pre = linker.instantiate_pre(&component).expect("imports");
    Start { component, pre }
}

fn index(start: &Start, name: &str) -> ComponentExportIndex {
    start.component.get_export_index(None, name).expect("export")
}

fn time<P, R>(guests: &Guests, start: Start, name: &str, params: P) -> f64
where
    P: ComponentNamedList + Lower + Copy + Send + Sync + 'static,
    R: ComponentNamedList + Lift + Send + Sync + 'static,
{
    let index = index(&start, name);
    nanoseconds(|n| {
        for _ in 0..n {
            let mut store = guest::store(&guests.engine, USUAL);
            let instance = start.pre.instantiate(&mut store).expect("instance");
            let func = instance.get_typed_func::<P, R>(&mut store, &index).expect("run");
            func.call(&mut store, params).expect("call");
        }
    }) / 1000.0
}

fn live1000(guests: &Guests) -> f64 {
    const COUNT: usize = 1000;
    let start = start(guests, "tiny.wat", |_| ());
    let index = index(&start, "run");
    let make_live = || {
        let mut store = guest::store(&guests.engine, USUAL);
        let instance = start.pre.instantiate(&mut store).expect("instance");
        let func = instance.get_typed_func::<(), (u32,)>(&mut store, &index).expect("run");
        func.call(&mut store, ()).expect("call");
        (store, instance)
    };
    let mut live = Vec::with_capacity(COUNT);
    // One that is gone before: the code that all of them run is no part of the figure.
    drop(make_live());
    let before = resident_bytes();
    for _ in 0..COUNT {
        live.push(make_live());
    }
    resident_bytes() - before
}

pub fn run(guests: &Guests, row: &str) -> Option<f64> {
    Some(match row {
        "start.tiny" => time::<(), (u32,)>(guests, start(guests, "tiny.wat", |_| ()), "run", ()),
        "start.three" => {
            let link = |linker: &mut Linker<State>| {
                let log = |mut cx: StoreContextMut<'_, State>, (level, message): (u32, WasmStr)| {
                    let size = message.to_str(&cx)?.len();
                    cx.data_mut().logged += level as u64 + size as u64;
                    Ok(())
                };
                linker.root().func_wrap("log", log).expect("log");
            };
            time::<(), (u32,)>(guests, start(guests, "three.wat", link), "run", ())
        }
        "start.imports40" => {
            let link = |linker: &mut Linker<State>| {
                for i in 0..40 {
                    linker.root().func_wrap(&format!("f{i}"), |_: StoreContextMut<'_, State>, (x,): (u32,)| Ok((x,))).expect("import");
                }
            };
            time::<(), (u32,)>(guests, start(guests, "imports40.wat", link), "run", ())
        }
        "start.composed" => time::<(u32,), ()>(guests, start(guests, "fused.wat", |_| ()), "nop", (1,)),
        "memory.live1000" => live1000(guests),
        "memory.process" => resident_bytes(),
        _ => return None,
    })
}
