//! Wasmtime's own component runtime as the oracle of oracle_test.cpp.
//!
//! Reads requests from stdin: a line of JSON, `{"size": n, "calls": [{"func": name, "arguments": […], "fresh": bool} | {"drop": kept}]}`, followed by
//! the n bytes of a component, binary or text. Answers each with a line of JSON: `{"error": text}` when the component was refused, otherwise
//! `{"results": […]}` with, for each call, `{"ok": [results], "journal": […]}` or `{"trap": text, "journal": […]}`; the journal is what the host saw
//! meanwhile. A call that is `fresh` gets a new instance.
//! values.rs describes how values are written, host.rs what the host does.

mod host;
mod values;

use host::State;
use serde_json::{Value as Json, json};
use std::io::{BufRead, Read, Write};
use wasmtime::component::{Component, Instance, InstancePre, Val};
use wasmtime::{AsContextMut, Config, Engine, OptLevel, Result, Store, format_err};

struct Live {
    store: Store<State>,
    instance: Instance,
}

fn start(pre: &InstancePre<State>) -> Result<Live> {
    let mut store = Store::new(pre.engine(), State::default());
    let instance = pre.instantiate(&mut store)?;
    Ok(Live { store, instance })
}

fn call(live: &mut Live, call: &Json) -> Result<Json> {
    let store = &mut live.store;
    if let Some(number) = call["drop"].as_u64() {
        let kept = *store.data().kept.get(number as usize).ok_or_else(|| format_err!("oracle: no such kept handle"))?;
        kept.resource_drop(store)?;
        return Ok(json!([]));
    }
    let name = call["func"].as_str().ok_or_else(|| format_err!("oracle: a call without a function"))?;
    let func = live.instance.get_func(&mut *store, name).ok_or_else(|| format_err!("oracle: no function {name}"))?;
    let ty = func.ty(&*store);
    let given = call["arguments"].as_array().ok_or_else(|| format_err!("oracle: no arguments"))?;
    let mut arguments = Vec::new();
    for (argument, (_, ty)) in given.iter().zip(ty.params()) {
        arguments.push(values::to_val(argument, &ty, &mut store.as_context_mut())?);
    }
    let mut results = vec![Val::Bool(false); ty.results().len()];
    let called = func.call(&mut *store, &arguments, &mut results);
    let lent = std::mem::take(&mut store.data_mut().lent);
    for handle in lent {
        let _ = handle.try_into_resource::<host::Thing>(&mut *store);
    }
    called?;
    let mut answers = Vec::new();
    for (result, ty) in results.iter_mut().zip(ty.results()) {
        answers.push(values::of_val(result, &ty, &mut store.as_context_mut())?);
    }
    Ok(Json::Array(answers))
}

fn serve(engine: &Engine, request: &Json, bytes: &[u8]) -> Result<Json> {
    let component = Component::new(engine, wat::parse_bytes(bytes).map_err(|error| format_err!("{error}"))?)?;
    let pre = host::linker(engine, &component)?.instantiate_pre(&component)?;
    let mut live = start(&pre)?;
    let mut results = Vec::new();
    for (i, one) in request["calls"].as_array().into_iter().flatten().enumerate() {
        if i > 0 && one["fresh"].as_bool() == Some(true) {
            live = start(&pre)?;
        }
        let mut result = match call(&mut live, one) {
            Ok(values) => json!({"ok": values}),
            Err(error) => json!({"trap": format!("{error:#}")}),
        };
        result["journal"] = std::mem::take(&mut live.store.data_mut().journal).into();
        results.push(result);
    }
    Ok(json!({"results": results}))
}

fn engine() -> Result<Engine> {
    let mut config = Config::new();
    config
        .cranelift_opt_level(OptLevel::None)
        .concurrency_support(false)
        .wasm_component_model_map(true)
        .wasm_component_model_fixed_length_lists(true)
        .wasm_backtrace_max_frames(None);
    Engine::new(&config)
}

fn main() -> Result<()> {
    let engine = engine()?;
    let mut input = std::io::stdin().lock();
    let mut line = String::new();
    while input.read_line(&mut line)? > 0 {
        let request: Json = serde_json::from_str(&line)?;
        line.clear();
        let mut bytes = vec![0; request["size"].as_u64().unwrap_or(0) as usize];
        input.read_exact(&mut bytes)?;
        let answer = serve(&engine, &request, &bytes).unwrap_or_else(|error| json!({"error": format!("{error:#}")}));
        let mut output = std::io::stdout().lock();
        writeln!(output, "{answer}")?;
        output.flush()?;
    }
    Ok(())
}
