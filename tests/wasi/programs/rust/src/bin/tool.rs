//! tool WORD …: small programs, one a word.

use std::io::{Read, Write};
use std::time::{Duration, Instant, SystemTime};

fn number(text: Option<String>) -> u64 {
    text.and_then(|text| text.parse().ok()).unwrap_or(0)
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    match arguments.next().as_deref() {
        Some("arguments") => println!("{:?}", arguments.collect::<Vec<_>>()),
        Some("environment") => {
            let mut all: Vec<_> = std::env::vars().collect();
            all.sort();
            all.iter().for_each(|(name, value)| println!("{name}={value}"));
        }
        Some("exit") => std::process::exit(number(arguments.next()) as i32),
        Some("panic") => panic!("as asked"),
        Some("abort") => std::process::abort(),
        Some("sleep") => {
            let time = Duration::from_millis(number(arguments.next()));
            let start = Instant::now();
            std::thread::sleep(time);
            println!("slept long enough: {}", start.elapsed() >= time);
        }
        Some("count") => {
            let mut bytes = Vec::new();
            std::io::stdin().lock().read_to_end(&mut bytes).expect("standard input");
            println!("{} bytes, {} lines", bytes.len(), bytes.iter().filter(|byte| **byte == b'\n').count());
        }
        Some("spin") => {
            let mut sum = 0_u64;
            loop {
                sum = std::hint::black_box(sum.wrapping_mul(31).wrapping_add(1));
            }
        }
        Some("yes") => {
            let line = "y\n".repeat(2048);
            let mut out = std::io::stdout().lock();
            while out.write_all(line.as_bytes()).is_ok() {}
            eprintln!("nobody reads");
            std::process::exit(4);
        }
        Some("clocks") => {
            for _ in 0..number(arguments.next()) {
                std::hint::black_box(Instant::now());
            }
            println!("wall clock after 2020: {}", SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).is_ok_and(|time| time.as_secs() > 1_577_836_800));
        }
        Some("now") => println!("{}", SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("after 1970").as_nanos()),
        Some("memory") => {
            let mut held = Vec::new();
            let wanted = number(arguments.next());
            for _ in 0..wanted {
                let mut piece = Vec::new();
                if piece.try_reserve_exact(1 << 20).is_err() {
                    println!("refused after {} MiB", held.len());
                    std::process::exit(5);
                }
                piece.resize(1 << 20, 1_u8);
                held.push(piece);
            }
            println!("got {} MiB", held.len());
        }
        Some("recurse") => {
            fn deeper(n: u64) -> u64 {
                let page = std::hint::black_box([n; 64]);
                if n == 0 { page[0] } else { deeper(n - 1) + page[63] }
            }
            println!("{}", deeper(number(arguments.next())));
        }
        Some("hash") => {
            // The keys of std's maps are random: secure random numbers in preview 1, insecure seeds in 0.2.
            use std::hash::{BuildHasher, RandomState};
            println!("{:016x}", RandomState::new().hash_one(42));
        }
        Some("open") => {
            let folder = arguments.next().expect("a folder");
            let wanted = number(arguments.next());
            let mut held = Vec::new();
            for i in 0..wanted {
                match std::fs::OpenOptions::new().write(true).create(true).truncate(false).open(format!("{folder}/{i}")) {
                    Ok(file) => held.push(file),
                    Err(error) => {
                        println!("refused after {}: {:?}", held.len(), error.kind());
                        std::process::exit(6);
                    }
                }
            }
            println!("opened {}", held.len());
        }
        Some("stat-all") => {
            let (folder, wanted) = (arguments.next().expect("a folder"), number(arguments.next()));
            let total: u64 = (0..wanted).map(|i| std::fs::metadata(format!("{folder}/{i}")).expect("a file").len()).sum();
            println!("{total}");
        }
        Some("read-all") => {
            let (folder, wanted) = (arguments.next().expect("a folder"), number(arguments.next()));
            let mut piece = [0; 4096];
            let mut total = 0;
            for i in 0..wanted {
                total += std::fs::File::open(format!("{folder}/{i}")).and_then(|mut file| file.read(&mut piece)).expect("a file");
            }
            println!("{total}");
        }
        other => {
            eprintln!("tool: unknown word {other:?}");
            std::process::exit(2);
        }
    }
}
