//! Wasmtime's own WASI as a program: what Tenon's is compared with.
//!
//! `tenon_wasi_oracle run [options] FILE [ARG…]` runs a command component as `wasmtime run` does; its exit code is the guest's, 134 after a trap.
//! `tenon_wasi_oracle bench …` measures rows of the benchmarks.

mod bench;
mod run;
mod state;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let code = match arguments.next().as_deref() {
        Some("run") => run::run(arguments),
        Some("bench") => bench::run(arguments),
        _ => Err("usage: tenon_wasi_oracle run [--dir HOST::GUEST[:ro]] [--env NAME=VALUE] [--inherit-network] [--compiled FILE] FILE [ARG…]".into()),
    };
    std::process::exit(code.unwrap_or_else(|message| {
        eprintln!("tenon_wasi_oracle: {message}");
        2
    }));
}
