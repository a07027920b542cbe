//! The peer of `tenon_bench`: the same rows through Wasmtime's Rust API.
//!
//! `tenon_bench_peer GUESTS BIG.wasm` prints its settings as a line of JSON, then reads names of rows, one a line, and answers each with
//! `{"row": …, "value": …}`, so that bench/run.py can let both programs take turns.

mod calls;
mod guest;
mod heavy;
mod resources;
mod settings;
mod start;
mod timing;

use serde_json::json;
use std::io::{BufRead, Write};
use std::path::PathBuf;

fn main() {
    let arguments: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let [directory, big] = arguments.as_slice() else {
        eprintln!("usage: tenon_bench_peer GUESTS BIG.wasm");
        std::process::exit(2);
    };
    let guests = guest::Guests { directory: directory.clone(), engine: settings::engine(settings::USUAL) };
    println!("{}", settings::print());
    for row in std::io::stdin().lock().lines().map_while(Result::ok) {
        let value = calls::run(&guests, &row)
            .or_else(|| resources::run(&guests, &row))
            .or_else(|| start::run(&guests, &row))
            .or_else(|| heavy::run(&guests, big, &row));
        println!("{}", json!({"row": row, "value": value}));
        std::io::stdout().flush().expect("stdout");
    }
}
