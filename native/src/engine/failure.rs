//! From the engine's errors to ours: kind, message, frames.

use wasmtime::{PoolConcurrencyLimitError, ThrownException, Trap, WasmBacktrace};

use crate::ffi::{ErrorKind, Failure, TrapFrame, TrapInfo, tn_buffer};
use crate::limits;

/// A host function's error on its way through the guest.
#[derive(Debug)]
pub struct HostFailure(pub Failure);

impl std::fmt::Display for HostFailure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl std::error::Error for HostFailure {}

fn frames(error: &wasmtime::Error) -> Vec<TrapFrame> {
    let Some(backtrace) = error.downcast_ref::<WasmBacktrace>() else { return Vec::new() };
    let frame = |info: &wasmtime::FrameInfo| {
        let mut function = String::new();
        if let Some(name) = info.func_name() {
            // Mangled names begin so. Without looking, "f" would be read as the mangled name of C++'s type `float`.
            if !name.starts_with('_') || wasmtime_environ::demangle_function_name(&mut function, name).is_err() {
                function = name.to_owned();
            }
        }
        TrapFrame {
            module: info.module().name().unwrap_or("").to_owned(),
            function,
            function_index: info.func_index(),
            offset: info.module_offset().unwrap_or(usize::MAX),
        }
    };
    backtrace.frames().iter().take(limits::TRAP_FRAMES_MAX).map(frame).collect()
}

/// What a call, an instantiation or a growth failed with.
#[cold]
pub fn run_failure(error: wasmtime::Error) -> Failure {
    let frames = frames(&error);
    if error.is::<HostFailure>() {
        let HostFailure(mut failure) = error.downcast::<HostFailure>().expect("checked above");
        let info = failure.trap.get_or_insert_with(|| Box::new(TrapInfo { code: -1, frames: Vec::new() }));
        // A host function that called another guest hands in that guest's frames; ours lie outside of them.
        info.frames.extend(frames);
        info.frames.truncate(limits::TRAP_FRAMES_MAX);
        return failure;
    }
    // An exception that no guest caught ends the call as a trap does; adapters word it so too.
    let uncaught = error.is::<ThrownException>().then_some(&Trap::UncaughtException);
    if let Some(trap) = error.downcast_ref::<Trap>().or(uncaught) {
        let kind = match trap {
            Trap::StackOverflow | Trap::OutOfFuel => ErrorKind::LimitExceeded,
            Trap::Interrupt => ErrorKind::Timeout,
            _ => ErrorKind::Trap,
        };
        let mut failure = Failure::new(kind, trap.to_string());
        failure.trap = Some(Box::new(TrapInfo { code: *trap as i32, frames }));
        return failure;
    }
    let text = format!("{error:#}");
    let limit = error.is::<PoolConcurrencyLimitError>() || error.is::<wasmtime::OutOfMemory>() || text.contains("resource limit exceeded") || text.contains("exceeds memory limits") || text.contains("exceeds table limits");
    // What the system refused: no room in the address space for a memory, for instance.
    let unavailable = text.contains("(os error ");
    let kind = if limit { ErrorKind::LimitExceeded } else if unavailable { ErrorKind::Unavailable } else { ErrorKind::InvalidInput };
    let mut failure = Failure::new(kind, text);
    if !frames.is_empty() {
        failure.kind = ErrorKind::Trap;
        failure.trap = Some(Box::new(TrapInfo { code: -1, frames }));
    }
    failure
}

/// The words for trap number `code`, as a trap of the engine has them: "wasm trap: integer overflow". Empty when there is no such number.
#[unsafe(no_mangle)]
pub extern "C" fn tn_trap_text(code: u8) -> tn_buffer {
    Trap::from_u8(code).map(|trap| trap.to_string()).unwrap_or_default().into()
}
