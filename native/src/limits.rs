//! What strangers may send, at most. `catch_unwind` catches neither an exhausted stack nor a failed allocation, so whoever parses compares with
//! these first and answers `ErrorKind::LimitExceeded`.

use crate::ffi::{ErrorKind, Failure};

/// A component, a core module or a WIT package as WebAssembly.
pub const WASM_BYTES_MAX: usize = 256 << 20;
/// WAT, WIT, WAVE, WAST: one file.
pub const TEXT_BYTES_MAX: usize = 64 << 20;
/// A `.wast` script: a directive of eight bytes becomes a syntax tree of hundreds.
pub const WAST_BYTES_MAX: usize = 8 << 20;
/// Items that the reader of a component's text moves for definitions that are written where they are used (`text_work`): some seconds.
pub const TEXT_MOVES_MAX: u64 = 1_000_000_000;
/// The stack of a thread that parses, validates or compiles (`ffi::on_large_stack`). Reserved, not committed.
pub const PARSE_STACK_BYTES: usize = 256 << 20;
/// Components or modules nested in a component, counted over all levels.
pub const NESTED_MODULES_MAX: usize = 10_000;
/// Component instances that a component comes to, over all levels; `plan_load.cpp` has the same number.
pub const COMPONENT_INSTANCES_MAX: usize = 100_000;
/// Items (aliases, instances, imports, exports, lifted and lowered functions) of all those instances together.
pub const COMPONENT_ITEMS_MAX: usize = 2_000_000;
/// Levels of components inside components.
pub const COMPONENT_DEPTH_MAX: usize = 100;
/// Levels of types inside types, parentheses inside parentheses.
pub const TYPE_DEPTH_MAX: usize = 500;
/// Blocks inside blocks of a function's code. A large `switch` is a nest of one block for each case.
pub const BLOCK_DEPTH_MAX: usize = 50_000;
/// Loops inside loops of a function's code: the compiler's time grows with the square.
pub const LOOP_DEPTH_MAX: usize = 1_000;
/// Imports of a core module or exports of one: the validator's own limit, repeated for arrays that cross the ABI.
pub const MODULE_ITEMS_MAX: usize = 1_000_000;
/// Frames kept of a trap.
pub const TRAP_FRAMES_MAX: usize = 64;
/// Bytes of a message in an error: longer ones are cut.
pub const MESSAGE_BYTES_MAX: usize = 64 << 10;

/// `LimitExceeded` when `size` is over `max`: "component is 300 bytes, the limit is 256".
pub fn check_size(what: &str, size: usize, max: usize) -> Result<(), Failure> {
    if size > max {
        return Err(Failure::new(ErrorKind::LimitExceeded, format!("{what} is {size} bytes, the limit is {max}")));
    }
    Ok(())
}
