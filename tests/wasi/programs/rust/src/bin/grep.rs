//! grep TEXT FILE…: the lines that hold a text. Exits with 1 when there is none, with 2 when a file cannot be read.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};

fn main() {
    let mut arguments = std::env::args().skip(1);
    let Some(text) = arguments.next() else {
        eprintln!("usage: grep TEXT FILE…");
        std::process::exit(2);
    };
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let mut code = 1;
    for name in arguments {
        match File::open(&name) {
            Ok(file) => {
                for (number, line) in BufReader::new(file).lines().enumerate() {
                    match line {
                        Ok(line) if line.contains(&text) => {
                            code = code.min(0);
                            writeln!(out, "{name}:{}:{line}", number + 1).expect("stdout");
                        }
                        Ok(_) => {}
                        Err(error) => {
                            eprintln!("grep: {name}: {error}");
                            code = 2;
                            break;
                        }
                    }
                }
            }
            Err(error) => {
                eprintln!("grep: {name}: {error}");
                code = 2;
            }
        }
    }
    out.flush().expect("stdout");
    drop(out);
    std::process::exit(code);
}
