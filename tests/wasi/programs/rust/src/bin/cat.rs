//! cat [FILE…]: copies files, or standard input, to standard output.

use std::fs::File;
use std::io::{self, Read, Write};

const PIECE: usize = 64 << 10;

fn copy(from: &mut impl Read, to: &mut impl Write) -> io::Result<u64> {
    let mut piece = vec![0; PIECE];
    let mut copied = 0;
    loop {
        let size = from.read(&mut piece)?;
        if size == 0 {
            return Ok(copied);
        }
        to.write_all(&piece[..size])?;
        copied += size as u64;
    }
}

fn main() {
    let files: Vec<String> = std::env::args().skip(1).collect();
    let mut out = io::stdout().lock();
    let mut failed = false;
    let mut outcome = |name: &str, result: io::Result<u64>| {
        if let Err(error) = result {
            eprintln!("cat: {name}: {error}");
            failed = true;
        }
    };
    if files.is_empty() {
        outcome("-", copy(&mut io::stdin().lock(), &mut out));
    }
    for name in &files {
        outcome(name, File::open(name).and_then(|mut file| copy(&mut file, &mut out)));
    }
    if let Err(error) = out.flush() {
        eprintln!("cat: {error}");
        failed = true;
    }
    std::process::exit(failed.into());
}
