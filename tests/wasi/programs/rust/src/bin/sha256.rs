//! sha256 FILE…: digests, as sha256sum prints them.

use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::Read;

fn digest(name: &str) -> std::io::Result<String> {
    let mut file = File::open(name)?;
    let mut state = Sha256::new();
    let mut piece = vec![0; 64 << 10];
    loop {
        let size = file.read(&mut piece)?;
        if size == 0 {
            return Ok(state.finalize().iter().map(|byte| format!("{byte:02x}")).collect());
        }
        state.update(&piece[..size]);
    }
}

fn main() {
    let mut code = 0;
    for name in std::env::args().skip(1) {
        match digest(&name) {
            Ok(text) => println!("{text}  {name}"),
            Err(error) => {
                eprintln!("sha256: {name}: {error}");
                code = 1;
            }
        }
    }
    std::process::exit(code);
}
