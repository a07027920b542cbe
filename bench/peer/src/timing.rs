//! How a row is timed: batches of at least 0.3 ms, the median over the batches of one run. bench/timing.h does the same.

use std::time::{Duration, Instant};

const BATCH_MIN: Duration = Duration::from_micros(300);
const RUN_MIN: Duration = Duration::from_millis(60);
const BATCHES_MIN: usize = 15;
const BATCHES_MAX: usize = 200;

pub fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Median nanoseconds of one iteration; `body(n)` does `n` of them.
pub fn nanoseconds(mut body: impl FnMut(u32)) -> f64 {
    let mut time = |n: u32| {
        let start = Instant::now();
        body(n);
        start.elapsed()
    };
    let mut n = 1;
    while time(n) < BATCH_MIN {
        n *= 2;
    }
    let mut batches = Vec::with_capacity(BATCHES_MAX);
    let start = Instant::now();
    while batches.len() < BATCHES_MIN || (start.elapsed() < RUN_MIN && batches.len() < BATCHES_MAX) {
        batches.push(time(n).as_nanos() as f64 / n as f64);
    }
    median(&mut batches)
}

/// Resident bytes of this process.
pub fn resident_bytes() -> f64 {
    let statm = std::fs::read_to_string("/proc/self/statm").expect("/proc/self/statm");
    let pages: f64 = statm.split(' ').nth(1).and_then(|n| n.parse().ok()).expect("resident pages");
    pages * 4096.0
}
