//! `tenon_wasi_oracle run`: one command, with what the options give it.

use crate::state;
use std::path::PathBuf;
use wasmtime::Engine;
use wasmtime::component::Component;
use wasmtime_wasi::p2::bindings::sync::Command;
use wasmtime_wasi::{FsPerms, I32Exit, WasiCtx, WasiCtxBuilder};

const TRAPPED: i32 = 134;

struct Options {
    wasi: WasiCtxBuilder,
    file: PathBuf,
    /// Where compiled code is kept: read when it is there, else written.
    compiled: Option<PathBuf>,
}

fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Options, String> {
    let mut wasi = WasiCtx::builder();
    wasi.inherit_stdio().allow_blocking_current_thread(true);
    let mut compiled = None;
    let file = loop {
        let word = arguments.next().ok_or("no file is given")?;
        let mut value = || arguments.next().ok_or(format!("{word} wants a value"));
        match word.as_str() {
            "--dir" => {
                let value = value()?;
                let (value, permissions) = value.strip_suffix(":ro").map_or((value.as_str(), FsPerms::ReadWrite), |value| (value, FsPerms::ReadOnly));
                let (host, guest) = value.split_once("::").unwrap_or((value, value));
                wasi.preopened_dir(host, guest, permissions).map_err(|error| format!("{host}: {error}"))?;
            }
            "--env" => {
                let value = value()?;
                let (name, value) = value.split_once('=').ok_or("--env wants NAME=VALUE")?;
                wasi.env(name, value);
            }
            "--inherit-network" => {
                wasi.inherit_network().allow_ip_name_lookup(true).allow_tcp(true).allow_udp(true);
            }
            "--compiled" => compiled = Some(PathBuf::from(value()?)),
            word if word.starts_with("--") => return Err(format!("unknown option {word}")),
            word => break word.to_owned(),
        }
    };
    wasi.arg(&file).args(&arguments.collect::<Vec<_>>());
    Ok(Options { wasi, file: file.into(), compiled })
}

/// The component, compiled now or before.
fn component(engine: &Engine, options: &Options) -> wasmtime::Result<Component> {
    let Some(compiled) = &options.compiled else { return Component::from_file(engine, &options.file) };
    if !compiled.exists() {
        // Whole or not at all: several of these may run at once.
        let own = compiled.with_extension(std::process::id().to_string());
        std::fs::write(&own, Component::from_file(engine, &options.file)?.serialize()?)?;
        std::fs::rename(own, compiled)?;
    }
    // SAFETY: the file is one that this program has written; nobody else gives it one.
    unsafe { Component::deserialize_file(engine, compiled) }
}

pub fn run(arguments: impl Iterator<Item = String>) -> Result<i32, String> {
    let mut options = parse(arguments)?;
    let describe = |error: wasmtime::Error| format!("{error:#}");
    let engine = state::engine().map_err(describe)?;
    let component = component(&engine, &options).map_err(describe)?;
    let linker = state::linker(&engine).map_err(describe)?;
    let mut store = state::store(&engine, options.wasi.build());
    let command = Command::instantiate(&mut store, &component, &linker).map_err(describe)?;
    match command.wasi_cli_run().call_run(&mut store) {
        Ok(Ok(())) => Ok(0),
        Ok(Err(())) => Ok(1),
        Err(error) => Ok(match error.downcast_ref::<I32Exit>() {
            Some(exit) => exit.0,
            None => {
                eprintln!("{error:?}");
                TRAPPED
            }
        }),
    }
}
