//! BLAKE3, of many megabytes by several threads.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock};
use std::thread;

use blake3::hazmat::{ChainingValue, HasherExt, Mode, left_subtree_len, merge_subtrees_non_root, merge_subtrees_root};
use blake3::{Hash, Hasher};

use crate::ffi::{guard_value, tn_bytes};

/// What one thread takes at a time: a power of two of BLAKE3's chunks, so that every piece is a subtree of the digest's tree.
const PIECE_BYTES: usize = 1 << 20;
/// Below it the threads cost more than they save.
const PARALLEL_BYTES_MIN: usize = 4 << 20;
/// More do not help: memory is what they wait for.
const THREADS_MAX: usize = 4;

/// The value of the subtree over `size` bytes whose pieces are `pieces`.
fn subtree(pieces: &[ChainingValue], size: usize, mode: Mode<'_>) -> ChainingValue {
    if let [piece] = pieces {
        return *piece;
    }
    let (left, right) = halves(pieces, size, mode);
    merge_subtrees_non_root(&left, &right, mode)
}

fn halves(pieces: &[ChainingValue], size: usize, mode: Mode<'_>) -> (ChainingValue, ChainingValue) {
    let left = left_subtree_len(size as u64) as usize;
    let (first, second) = pieces.split_at(left / PIECE_BYTES);
    (subtree(first, left, mode), subtree(second, size - left, mode))
}

/// The digest of more than one piece, by up to `threads` threads: fewer when the system gives no more.
fn parallel(base: &Hasher, mode: Mode<'_>, data: &[u8], threads: usize) -> Hash {
    let count = data.len().div_ceil(PIECE_BYTES);
    let next = AtomicUsize::new(0);
    let values = Mutex::new(vec![[0; 32]; count]);
    let work = || {
        loop {
            let piece = next.fetch_add(1, Ordering::Relaxed);
            if piece >= count {
                return;
            }
            let start = piece * PIECE_BYTES;
            let mut hasher = base.clone();
            hasher.set_input_offset(start as u64).update(&data[start..data.len().min(start + PIECE_BYTES)]);
            let value = hasher.finalize_non_root();
            if let Ok(mut values) = values.lock() {
                values[piece] = value;
            }
        }
    };
    thread::scope(|scope| {
        for _ in 1..threads {
            let _ = thread::Builder::new().name("tenon-digest".into()).spawn_scoped(scope, work);
        }
        work();
    });
    let values = values.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner());
    let (left, right) = halves(&values, data.len(), mode);
    merge_subtrees_root(&left, &right, mode)
}

/// Asked for once: the answer takes a dozen calls into the system.
fn threads() -> usize {
    static COUNT: OnceLock<usize> = OnceLock::new();
    *COUNT.get_or_init(|| thread::available_parallelism().map_or(1, |count| count.get().min(THREADS_MAX)))
}

fn digest(key: Option<&[u8; 32]>, data: &[u8]) -> Hash {
    let (mut base, mode) = match key {
        None => (Hasher::new(), Mode::Hash),
        Some(key) => (Hasher::new_keyed(key), Mode::KeyedHash(key)),
    };
    let threads = if data.len() < PARALLEL_BYTES_MIN { 1 } else { threads() };
    if threads == 1 { base.update(data).finalize() } else { parallel(&base, mode, data, threads) }
}

/// Writes the 32 bytes of BLAKE3 over `data`; keyed when `key` points to 32 bytes, plain when it is null. Of many megabytes several threads take parts.
/// All zero, which is the digest of nothing known, only after a panic.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tn_blake3(key: *const u8, data: tn_bytes, out: *mut u8) {
    let found = guard_value([0; 32], || {
        let key = if key.is_null() { None } else { Some(unsafe { key.cast::<[u8; 32]>().read() }) };
        *digest(key.as_ref(), unsafe { data.as_slice() }).as_bytes()
    });
    unsafe { std::ptr::copy_nonoverlapping(found.as_ptr(), out, found.len()) };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_and_one_agree_on_every_size() {
        let data: Vec<u8> = (0..6 * PIECE_BYTES as u32 + 5).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        let key = [7; 32];
        for size in [PIECE_BYTES + 1, 2 * PIECE_BYTES, 2 * PIECE_BYTES + 1, 3 * PIECE_BYTES, 4 * PIECE_BYTES, 5 * PIECE_BYTES - 1024, 6 * PIECE_BYTES, data.len()] {
            let data = &data[..size];
            for threads in [1, 2, 3] {
                assert_eq!(parallel(&Hasher::new(), Mode::Hash, data, threads), blake3::hash(data), "{size} bytes, {threads} threads");
                assert_eq!(parallel(&Hasher::new_keyed(&key), Mode::KeyedHash(&key), data, threads), blake3::keyed_hash(&key, data));
            }
        }
    }

    #[test]
    fn keyed_and_plain_digests_differ() {
        let mut plain = [0; 32];
        let mut keyed = [0; 32];
        unsafe {
            tn_blake3(std::ptr::null(), tn_bytes::view(b"text"), plain.as_mut_ptr());
            tn_blake3([1; 32].as_ptr(), tn_bytes::view(b"text"), keyed.as_mut_ptr());
        }
        assert_eq!(plain, *blake3::hash(b"text").as_bytes());
        assert_eq!(keyed, *blake3::keyed_hash(&[1; 32], b"text").as_bytes());
    }
}
