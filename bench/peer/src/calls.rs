//! Rows `call.*`, `list.*`, `record.30`, `fused.*`.

use crate::guest::{Guests, Live, State};
use crate::timing::nanoseconds;
use std::hint::black_box;
use wasmtime::component::{ComponentNamedList, ComponentType, Lift, Linker, Lower, TypedFunc, Val, WasmStr};

#[derive(ComponentType, Lift, Lower, Clone)]
#[component(record)]
struct ToolCall {
    #[component(name = "call-id")]
    call_id: String,
    name: String,
    input: String,
}

#[derive(ComponentType, Lift, Lower, Clone)]
#[component(record)]
struct Context {
    #[component(name = "agent-id")]
    agent_id: String,
    #[component(name = "session-id")]
    session_id: Option<String>,
    task: Option<String>,
}

#[derive(ComponentType, Lift, Lower, Clone)]
#[component(record)]
struct ToolResult {
    ok: bool,
    value: String,
    error: Option<String>,
}

#[derive(ComponentType, Lift, Lower, Clone)]
#[component(record)]
struct Entry {
    id: u32,
    name: String,
    score: f64,
}

macro_rules! wide {
    ($($a:ident $b:ident $c:ident: $t:ty = $v:expr),*) => {
        #[derive(ComponentType, Lift, Lower, Clone)]
        #[component(record)]
        struct Wide { $($a: $t,)* $($b: $t,)* $($c: $t,)* }
        fn wide() -> Wide { Wide { $($a: $v,)* $($b: $v,)* $($c: $v,)* } }
    };
}
wide!(a0 b0 c0: u8 = 8, a1 b1 c1: u16 = 16, a2 b2 c2: u32 = 32, a3 b3 c3: u64 = 64, a4 b4 c4: i32 = -32,
      a5 b5 c5: f64 = 0.5, a6 b6 c6: bool = true, a7 b7 c7: char = 'x', a8 b8 c8: String = NAME.into(), a9 b9 c9: Option<u32> = Some(7));

const NAME: &str = "a name of 24 characters!";
pub const CALL_ID: &str = "call-0123456789abcdef-0123456789abcdef-0";
pub const TOOL: &str = "filesystem.search-in-files.with-patterns";
pub const INPUT: &str = "{\"query\": \"tenon\", \"limit\": 10, \"x\": 1} ";
pub const AGENT: &str = "agent-7f6c2f4e-1111-2222-3333-4444555566";
pub const SESSION: &str = "session-7f6c2f4e-1111-2222-3333-44445555";

fn link_log(linker: &mut Linker<State>) {
    linker
        .root()
        .func_wrap("log", |mut cx: wasmtime::StoreContextMut<'_, State>, (level, message): (u32, WasmStr)| {
            let size = message.to_str(&cx)?.len();
            cx.data_mut().logged += level as u64 + size as u64;
            Ok(())
        })
        .expect("log");
}

fn typed<P, R>(live: &mut Live, name: &str) -> TypedFunc<P, R>
where
    P: ComponentNamedList + Lower,
    R: ComponentNamedList + Lift,
{
    live.instance.get_typed_func(&mut live.store, name).expect("export")
}

fn echo<T: ComponentType + Lift + Lower + Clone + Send + Sync + 'static>(live: &mut Live, name: &str, value: T) -> f64
where
    for<'a> (&'a T,): ComponentNamedList + Lower,
{
    let func = live.instance.get_func(&mut live.store, name).expect("export");
    let func = func.typed::<(&T,), (T,)>(&live.store).expect("type");
    nanoseconds(|n| {
        for _ in 0..n {
            black_box(func.call(&mut live.store, (&value,)).expect("call"));
        }
    })
}

fn call_nop(live: &mut Live) -> f64 {
    let func = typed::<(), ()>(live, "nop");
    nanoseconds(|n| {
        for _ in 0..n {
            func.call(&mut live.store, ()).expect("call");
        }
    })
}

/// A row whose loop is in the guest.
fn guest_loop(live: &mut Live, name: &str) -> f64 {
    let func = typed::<(u32,), ()>(live, name);
    nanoseconds(|n| func.call(&mut live.store, (n,)).expect("call"))
}

fn execute_typed(live: &mut Live) -> f64 {
    let func = typed::<(ToolCall, Context), (Result<ToolResult, String>,)>(live, "execute");
    nanoseconds(|n| {
        for _ in 0..n {
            let call = ToolCall { call_id: CALL_ID.into(), name: TOOL.into(), input: INPUT.into() };
            let context = Context { agent_id: AGENT.into(), session_id: Some(SESSION.into()), task: None };
            let (result,) = func.call(&mut live.store, (call, context)).expect("call");
            assert!(black_box(result).is_ok_and(|r| r.ok));
        }
    })
}

fn execute_dynamic(live: &mut Live) -> f64 {
    let func = live.instance.get_func(&mut live.store, "execute").expect("export");
    let text = |s: &str| Val::String(s.into());
    nanoseconds(|n| {
        for _ in 0..n {
            let call = Val::Record(vec![("call-id".into(), text(CALL_ID)), ("name".into(), text(TOOL)), ("input".into(), text(INPUT))]);
            let context = Val::Record(vec![
                ("agent-id".into(), text(AGENT)),
                ("session-id".into(), Val::Option(Some(Box::new(text(SESSION))))),
                ("task".into(), Val::Option(None)),
            ]);
            let mut results = [Val::Bool(false)];
            func.call(&mut live.store, &[call, context], &mut results).expect("call");
            assert!(matches!(black_box(&results[0]), Val::Result(Ok(_))));
        }
    })
}

pub fn run(guests: &Guests, row: &str) -> Option<f64> {
    if let Some(export) = row.strip_prefix("fused.") {
        return Some(guest_loop(&mut guests.live("fused.wat", |_| ()), export));
    }
    if !["call.", "list.", "record."].iter().any(|prefix| row.starts_with(prefix)) {
        return None;
    }
    let live = &mut guests.live("calls.wat", link_log);
    Some(match row {
        "call.nop" => call_nop(live),
        "call.log" => guest_loop(live, "write-log"),
        "call.execute.typed" => execute_typed(live),
        "call.execute.dynamic" => execute_dynamic(live),
        "list.u8.64" => echo::<Vec<u8>>(live, "echo-u8", vec![7; 64]),
        "list.u8.4k" => echo::<Vec<u8>>(live, "echo-u8", vec![7; 4 << 10]),
        "list.u8.1m" => echo::<Vec<u8>>(live, "echo-u8", vec![7; 1 << 20]),
        "list.u32.1k" => echo::<Vec<u32>>(live, "echo-u32", vec![7; 1 << 10]),
        "list.string.1k" => echo::<Vec<String>>(live, "echo-strings", vec![NAME.into(); 1 << 10]),
        "list.record.1k" => echo::<Vec<Entry>>(live, "echo-entries", vec![Entry { id: 7, name: NAME.into(), score: 0.5 }; 1 << 10]),
        "record.30" => echo::<Wide>(live, "echo-wide", wide()),
        _ => return None,
    })
}
