//! `tenon_wasi_oracle bench GUESTS PROGRAMS WORK URL`: the peer of `tenon_bench_wasi`.
//!
//! It prints its settings as a line of JSON, then reads names of rows, one a line, and answers each with `{"row": …, "value": …}`, so that bench/run.py
//! can let both programs take turns. The engine's settings and the way of timing are those of bench/peer.

#[path = "../../../bench/peer/src/settings.rs"]
mod settings;
#[path = "../../../bench/peer/src/timing.rs"]
#[allow(dead_code)]
mod timing;

use crate::state::{self, State};
use http_body_util::{BodyExt, Empty};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::json;
use std::io::{BufRead, Write};
use std::path::PathBuf;
use std::time::Instant;
use timing::nanoseconds;
use wasmtime::Engine;
use wasmtime::component::{Component, Linker};
use wasmtime_wasi::p2::bindings::sync::CommandPre;
use wasmtime_wasi::{FsPerms, I32Exit, WasiCtx};

const REQUESTS: usize = 1000;

struct Bench {
    guests: PathBuf,
    programs: PathBuf,
    /// What programs see as /data.
    work: PathBuf,
    url: String,
    engine: Engine,
    linker: Linker<State>,
}

/// What of the host a program sees.
#[derive(Clone, Copy, PartialEq)]
enum Sees {
    Nothing,
    Work,
}

impl Bench {
    /// Calls of one function: the guest makes them in a loop.
    fn calls(&self, name: &str) -> f64 {
        let bytes = wat::parse_file(self.guests.join("wasi_calls.wat")).expect("guest text");
        let component = Component::new(&self.engine, bytes).expect("guest");
        let mut store = state::store(&self.engine, WasiCtx::builder().allow_blocking_current_thread(true).build());
        let instance = self.linker.instantiate(&mut store, &component).expect("instance");
        let func = instance.get_typed_func::<(u32,), ()>(&mut store, name).expect("export");
        nanoseconds(|n| func.call(&mut store, (n,)).expect("call"))
    }

    fn program(&self, name: &str) -> CommandPre<State> {
        let component = Component::from_file(&self.engine, self.programs.join(name)).expect("program");
        CommandPre::new(self.linker.instantiate_pre(&component).expect("imports")).expect("a command")
    }

    /// From the context to the end of the store. What it prints is forgotten.
    fn run(&self, program: &CommandPre<State>, arguments: &[&str], sees: Sees) {
        let mut wasi = WasiCtx::builder();
        wasi.allow_blocking_current_thread(true).args(arguments);
        if sees == Sees::Work {
            wasi.preopened_dir(&self.work, "/data", FsPerms::ReadOnly).expect("folder");
        }
        let mut store = state::store(&self.engine, wasi.build());
        let command = program.instantiate(&mut store).expect("instance");
        match command.wasi_cli_run().call_run(&mut store) {
            Ok(Ok(())) => (),
            Err(error) if error.downcast_ref::<I32Exit>().is_some_and(|exit| exit.0 == 0) => (),
            other => panic!("{arguments:?}: {other:?}"),
        }
    }

    fn milliseconds(&self, name: &str, arguments: &[&str]) -> f64 {
        let program = self.program(name);
        nanoseconds(|n| (0..n).for_each(|_| self.run(&program, arguments, Sees::Work))) / 1e6
    }

    fn once(&self, name: &str, arguments: &[&str]) -> f64 {
        let program = self.program(name);
        let start = Instant::now();
        self.run(&program, arguments, Sees::Work);
        start.elapsed().as_secs_f64() * 1e3
    }

    fn hello(&self) -> f64 {
        let program = self.program("rust-hello.p2.wasm");
        nanoseconds(|n| (0..n).for_each(|_| self.run(&program, &["hello"], Sees::Nothing))) / 1e3
    }

    /// One request after the other by a native client that keeps its connection.
    fn http(&self) -> f64 {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().expect("runtime");
        let client: Client<HttpConnector, Empty<&'static [u8]>> = Client::builder(TokioExecutor::new()).build_http();
        let get = async || {
            let answer = client.get(self.url.parse().expect("address")).await.expect("answer");
            assert_eq!(answer.status(), 200);
            answer.into_body().collect().await.expect("body").to_bytes().len()
        };
        let all = async || {
            for _ in 0..REQUESTS {
                assert_ne!(get().await, 0);
            }
        };
        nanoseconds(|n| (0..n).for_each(|_| runtime.block_on(all()))) / 1e6
    }

    fn row(&self, row: &str) -> Option<f64> {
        Some(match row {
            "wasi.random64" => self.calls("random64"),
            "wasi.clock" => self.calls("clock"),
            "wasi.write4k" => self.calls("write4k"),
            "wasi.cat1g" => self.once("rust-cat.p2.wasm", &["cat", "/data/1g"]),
            "wasi.sha1g" => self.once("rust-sha256.p2.wasm", &["sha256", "/data/1g"]),
            "wasi.stat10k" => self.milliseconds("rust-tool.p2.wasm", &["tool", "stat-all", "/data/small", "10000"]),
            "wasi.open10k" => self.milliseconds("rust-tool.p2.wasm", &["tool", "read-all", "/data/small", "10000"]),
            "wasi.hello" => self.hello(),
            "wasi.http" => self.http(),
            _ => return None,
        })
    }
}

pub fn run(arguments: impl Iterator<Item = String>) -> Result<i32, String> {
    let arguments: Vec<String> = arguments.collect();
    let [guests, programs, work, url] = arguments.as_slice() else { return Err("usage: tenon_wasi_oracle bench GUESTS PROGRAMS WORK URL".into()) };
    let engine = settings::engine(settings::USUAL);
    let linker = state::linker(&engine).map_err(|error| format!("{error:#}"))?;
    let bench = Bench { guests: guests.into(), programs: programs.into(), work: work.into(), url: url.clone(), engine, linker };
    println!("{}", settings::print());
    for row in std::io::stdin().lock().lines().map_while(Result::ok) {
        println!("{}", json!({"row": row, "value": bench.row(&row)}));
        std::io::stdout().flush().map_err(|error| error.to_string())?;
    }
    Ok(0)
}
