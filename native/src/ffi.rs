//! What every part of the C ABI shares: borrowed and owned bytes, the error, the guard that lets no panic out.
//!
//! Rules: input is borrowed for the time of the call. Output in a `tn_buffer` is owned by the caller and freed by `tn_buffer_free`. A function that can
//! fail returns `tn_error*`: null is success, anything else is owned by the caller and freed by `tn_error_free`. Out parameters are written on success only.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

use crate::limits;

/// Bytes that the callee reads during the call. `data` may be null when `size` is 0.
#[repr(C)]
#[derive(Clone, Copy)]
#[allow(non_camel_case_types)]
pub struct tn_bytes {
    pub data: *const u8,
    pub size: usize,
}

impl tn_bytes {
    /// # Safety
    /// `data` points to `size` readable bytes that outlive `'a`, or `size` is 0.
    pub unsafe fn as_slice<'a>(self) -> &'a [u8] {
        if self.size == 0 { &[] } else { unsafe { std::slice::from_raw_parts(self.data, self.size) } }
    }

    /// # Safety
    /// As `as_slice`.
    pub unsafe fn as_str<'a>(self, what: &str) -> Result<&'a str, Failure> {
        std::str::from_utf8(unsafe { self.as_slice() }).map_err(|e| Failure::invalid(format!("{what} is not UTF-8: {e}")))
    }

    /// A view that the caller of the ABI may read for as long as `bytes` lives.
    pub fn view(bytes: &[u8]) -> Self {
        tn_bytes { data: bytes.as_ptr(), size: bytes.len() }
    }
}

/// Bytes that the caller owns; `tn_buffer_free` ends them.
#[repr(C)]
#[allow(non_camel_case_types)]
pub struct tn_buffer {
    pub data: *mut u8,
    pub size: usize,
    pub capacity: usize,
}

impl From<Vec<u8>> for tn_buffer {
    fn from(bytes: Vec<u8>) -> Self {
        let mut bytes = std::mem::ManuallyDrop::new(bytes);
        tn_buffer { data: bytes.as_mut_ptr(), size: bytes.len(), capacity: bytes.capacity() }
    }
}

impl From<String> for tn_buffer {
    fn from(text: String) -> Self {
        text.into_bytes().into()
    }
}

/// The numbers of `tenon::ErrorKind`.
#[repr(u8)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    InvalidInput = 0,
    Unsupported = 1,
    NotFound = 2,
    Denied = 3,
    LimitExceeded = 4,
    Timeout = 5,
    Trap = 6,
    Exit = 7,
    Unavailable = 8,
}

/// One WebAssembly frame of a trap, innermost first.
#[derive(Debug, Default)]
pub struct TrapFrame {
    pub module: String,
    pub function: String,
    pub function_index: u32,
    /// Where in the module's file; `usize::MAX` when unknown.
    pub offset: usize,
}

/// What a trap carries beside its message.
#[derive(Debug, Default)]
pub struct TrapInfo {
    /// Number of `wasmtime::Trap`, or -1 when the trap came from the host.
    pub code: i32,
    pub frames: Vec<TrapFrame>,
}

/// A failure on its way to the caller.
#[derive(Debug)]
pub struct Failure {
    pub kind: ErrorKind,
    pub message: String,
    pub trap: Option<Box<TrapInfo>>,
}

impl Failure {
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        let mut message = message.into();
        if message.len() > limits::MESSAGE_BYTES_MAX {
            let end = (0..=limits::MESSAGE_BYTES_MAX).rev().find(|&i| message.is_char_boundary(i)).unwrap_or(0);
            message.truncate(end);
            message.push_str(" … (cut)");
        }
        Failure { kind, message, trap: None }
    }

    pub fn invalid(message: impl Into<String>) -> Self {
        Failure::new(ErrorKind::InvalidInput, message)
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}

/// An error that the caller owns. Opaque; read with `tn_error_kind`, `tn_error_message` and the `tn_error_trap…` functions.
#[allow(non_camel_case_types)]
pub struct tn_error {
    pub failure: Failure,
}

impl From<Failure> for *mut tn_error {
    fn from(failure: Failure) -> Self {
        Box::into_raw(Box::new(tn_error { failure }))
    }
}

fn panic_message(panic: &(dyn Any + Send)) -> &str {
    if let Some(text) = panic.downcast_ref::<&str>() {
        text
    } else if let Some(text) = panic.downcast_ref::<String>() {
        text
    } else {
        "of unknown kind"
    }
}

/// A panic is a message in an error here, so nothing goes to standard error.
fn quiet_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| std::panic::set_hook(Box::new(|_| {})));
}

fn panicked(panic: Box<dyn Any + Send>) -> Failure {
    Failure::new(ErrorKind::Unavailable, format!("internal error: {}", panic_message(&*panic)))
}

/// Runs `body` and turns a failure or a panic into an error. Every fallible `extern "C"` function is one call of it.
pub fn guard(body: impl FnOnce() -> Result<(), Failure>) -> *mut tn_error {
    quiet_panics();
    guard_fast(body)
}

/// `guard` for functions that are called millions of times a second after `guard` was called at least once.
#[inline(always)]
pub fn guard_fast(body: impl FnOnce() -> Result<(), Failure>) -> *mut tn_error {
    match catch_unwind(AssertUnwindSafe(body)) {
        Ok(Ok(())) => std::ptr::null_mut(),
        Ok(Err(failure)) => failure.into(),
        Err(panic) => panicked(panic).into(),
    }
}

/// `guard` for functions that cannot fail: `fallback` is the answer to a panic.
#[inline(always)]
pub fn guard_value<T>(fallback: T, body: impl FnOnce() -> T) -> T {
    catch_unwind(AssertUnwindSafe(body)).unwrap_or(fallback)
}

/// Runs `body` on a thread whose stack (`limits::PARSE_STACK_BYTES`) is enough for every depth that the limits let through.
///
/// `body` may carry raw pointers of the caller: the caller waits here until the thread has ended.
pub fn on_large_stack<T>(body: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
    struct AssertSend<V>(V);
    // SAFETY: one thread runs while the other is blocked in `join`, so nothing is ever used by two at a time.
    unsafe impl<V> Send for AssertSend<V> {}
    impl<V> AssertSend<V> {
        fn into_inner(self) -> V {
            self.0
        }
    }
    quiet_panics();
    let body = AssertSend(body);
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new()
            .name("tenon-parse".into())
            .stack_size(limits::PARSE_STACK_BYTES)
            .spawn_scoped(scope, move || AssertSend(body.into_inner()()))
            .map_err(|e| Failure::new(ErrorKind::Unavailable, format!("no thread to parse on: {e}")))?;
        match thread.join() {
            Ok(result) => result.into_inner(),
            Err(panic) => Err(panicked(panic)),
        }
    })
}

/// Ends a buffer that this library returned. One with a null `data` is ignored.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tn_buffer_free(buffer: tn_buffer) {
    if !buffer.data.is_null() {
        drop(unsafe { Vec::from_raw_parts(buffer.data, buffer.size, buffer.capacity) });
    }
}

/// Makes an error: host functions return it to end the guest's call. `kind` is a number of `tenon::ErrorKind`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tn_error_new(kind: u8, message: tn_bytes) -> *mut tn_error {
    let kind = match kind {
        0 => ErrorKind::InvalidInput,
        1 => ErrorKind::Unsupported,
        2 => ErrorKind::NotFound,
        3 => ErrorKind::Denied,
        4 => ErrorKind::LimitExceeded,
        5 => ErrorKind::Timeout,
        6 => ErrorKind::Trap,
        7 => ErrorKind::Exit,
        _ => ErrorKind::Unavailable,
    };
    Failure::new(kind, String::from_utf8_lossy(unsafe { message.as_slice() })).into()
}

/// Ends an error. Null is ignored.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tn_error_free(error: *mut tn_error) {
    if !error.is_null() {
        drop(unsafe { Box::from_raw(error) });
    }
}

/// The number of the error's `tenon::ErrorKind`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tn_error_kind(error: *const tn_error) -> u8 {
    unsafe { (*error).failure.kind as u8 }
}

/// The error's message in UTF-8; valid until the error is freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tn_error_message(error: *const tn_error) -> tn_bytes {
    tn_bytes::view(unsafe { (*error).failure.message.as_bytes() })
}

/// One frame of a trap. The texts are valid until the error is freed and are empty when unknown.
#[repr(C)]
#[allow(non_camel_case_types)]
pub struct tn_frame {
    pub module: tn_bytes,
    pub function: tn_bytes,
    pub function_index: u32,
    /// Offset in the module's bytes; `SIZE_MAX` when unknown.
    pub module_offset: usize,
}

/// The trap's number, in the order of `wasmtime::Trap`; -1 when the error is no trap of WebAssembly.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tn_error_trap_code(error: *const tn_error) -> i32 {
    unsafe { (*error).failure.trap.as_ref().map_or(-1, |trap| trap.code) }
}

/// How many WebAssembly frames the error carries.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tn_error_frame_count(error: *const tn_error) -> usize {
    unsafe { (*error).failure.trap.as_ref().map_or(0, |trap| trap.frames.len()) }
}

/// Frame `index`, innermost first; empty when there is none of that index.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tn_error_frame(error: *const tn_error, index: usize) -> tn_frame {
    match unsafe { (*error).failure.trap.as_ref().and_then(|trap| trap.frames.get(index)) } {
        Some(frame) => tn_frame {
            module: tn_bytes::view(frame.module.as_bytes()),
            function: tn_bytes::view(frame.function.as_bytes()),
            function_index: frame.function_index,
            module_offset: frame.offset,
        },
        None => tn_frame { module: tn_bytes::view(&[]), function: tn_bytes::view(&[]), function_index: u32::MAX, module_offset: usize::MAX },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guard_turns_a_panic_into_an_error() {
        let error = guard(|| panic!("boom {}", 1));
        assert!(!error.is_null());
        assert_eq!(unsafe { &(*error).failure.message }, "internal error: boom 1");
        unsafe { tn_error_free(error) };
    }

    #[test]
    fn large_stack_holds_a_deep_recursion() {
        fn depth(n: usize) -> usize {
            let pad = std::hint::black_box([0u8; 1024]);
            if n == 0 { pad[0] as usize } else { 1 + depth(n - 1) }
        }
        assert_eq!(on_large_stack(|| Ok(depth(50_000))).unwrap(), 50_000);
    }

    #[test]
    fn large_stack_turns_a_panic_into_a_failure() {
        let failure = on_large_stack::<()>(|| panic!("deep")).unwrap_err();
        assert_eq!(failure.message, "internal error: deep");
    }

    #[test]
    fn long_messages_are_cut_between_characters() {
        let failure = Failure::invalid("é".repeat(limits::MESSAGE_BYTES_MAX));
        assert!(failure.message.len() < limits::MESSAGE_BYTES_MAX + 20 && failure.message.ends_with("(cut)"));
    }
}
