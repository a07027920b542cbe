//! Rows `resource.cycle` (a resource of the guest) and `resource.cycle.host` (of the host).

use crate::guest::{Guests, State};
use crate::timing::nanoseconds;
use std::hint::black_box;
use wasmtime::StoreContextMut;
use wasmtime::component::{Resource, ResourceAny, ResourceType};

struct Counter(u32);

fn of_guest(guests: &Guests) -> f64 {
    let mut live = guests.live("resource_guest.wat", |_| ());
    let make = live.instance.get_typed_func::<(u32,), (ResourceAny,)>(&mut live.store, "[constructor]counter").expect("constructor");
    let add = live.instance.get_typed_func::<(ResourceAny, u32), (u32,)>(&mut live.store, "[method]counter.add").expect("method");
    nanoseconds(|n| {
        for _ in 0..n {
            let (counter,) = make.call(&mut live.store, (n,)).expect("constructor");
            black_box(add.call(&mut live.store, (counter, 3)).expect("method"));
            counter.resource_drop(&mut live.store).expect("drop");
        }
    })
}

fn of_host(guests: &Guests) -> f64 {
    let mut live = guests.live("resource_host.wat", |linker| {
        let mut host = linker.instance("host").expect("instance");
        host.resource("counter", ResourceType::host::<Counter>(), |mut cx: StoreContextMut<'_, State>, rep| {
            cx.data_mut().table.delete(Resource::<Counter>::new_own(rep))?;
            Ok(())
        })
        .expect("resource");
        host.func_wrap("[constructor]counter", |mut cx: StoreContextMut<'_, State>, (start,): (u32,)| {
            Ok((cx.data_mut().table.push(Counter(start))?,))
        })
        .expect("constructor");
        host.func_wrap("[method]counter.add", |mut cx: StoreContextMut<'_, State>, (this, n): (Resource<Counter>, u32)| {
            let counter = cx.data_mut().table.get_mut(&this)?;
            counter.0 = counter.0.wrapping_add(n);
            Ok((counter.0,))
        })
        .expect("method");
    });
    let run = live.instance.get_typed_func::<(u32,), (u32,)>(&mut live.store, "run").expect("run");
    nanoseconds(|n| {
        black_box(run.call(&mut live.store, (n,)).expect("run"));
    })
}

pub fn run(guests: &Guests, row: &str) -> Option<f64> {
    match row {
        "resource.cycle" => Some(of_guest(guests)),
        "resource.cycle.host" => Some(of_host(guests)),
        _ => None,
    }
}
