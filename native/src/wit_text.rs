//! WebAssembly text and binary, each from the other.

use std::borrow::Cow;
use std::path::Path;

use ::wast::Wat;
use ::wast::parser::{self, ParseBuffer};

use crate::ffi::{Failure, guard, on_large_stack, tn_buffer, tn_bytes, tn_error};
use crate::{limits, text_work};
use crate::wit::invalid;

/// Flag of `tn_binary_to_text`: declarations without bodies and data.
pub const TN_TEXT_SKELETON: u32 = 1;
/// Flag of `tn_binary_to_text`: instructions folded into expressions.
pub const TN_TEXT_FOLDED: u32 = 2;

/// Whether the bytes are WebAssembly, binary or text, as far as their beginning says.
pub(crate) fn is_wasm(bytes: &[u8]) -> bool {
    wat::Detect::from_bytes(bytes).is_wasm()
}

/// The binary form of `bytes`, which are returned as they are when they are binary already. `path` is for messages.
pub(crate) fn to_binary<'a>(bytes: &'a [u8], path: &str) -> Result<Cow<'a, [u8]>, Failure> {
    if bytes.starts_with(b"\0asm") {
        limits::check_size(path, bytes.len(), limits::WASM_BYTES_MAX)?;
        return Ok(bytes.into());
    }
    limits::check_size(path, bytes.len(), limits::TEXT_BYTES_MAX)?;
    let text = std::str::from_utf8(bytes).map_err(|e| Failure::invalid(format!("{path} is neither binary WebAssembly nor UTF-8 text: {e}")))?;
    encode(text, path).map(Cow::Owned)
}

fn encode(text: &str, path: &str) -> Result<Vec<u8>, Failure> {
    let located = |mut error: ::wast::Error| {
        error.set_path(Path::new(path));
        error.set_text(text);
        invalid(error)
    };
    let buffer = ParseBuffer::new(text).map_err(located)?;
    let mut parsed = parser::parse::<Wat>(&buffer).map_err(located)?;
    text_work::check(&parsed)?;
    parsed.encode().map_err(located)
}

fn to_text(binary: &[u8], flags: u32) -> Result<String, Failure> {
    limits::check_size("the WebAssembly file", binary.len(), limits::WASM_BYTES_MAX)?;
    let mut config = wasmprinter::Config::new();
    config.print_skeleton(flags & TN_TEXT_SKELETON != 0);
    config.fold_instructions(flags & TN_TEXT_FOLDED != 0);
    let mut text = String::new();
    config.print(binary, &mut wasmprinter::PrintFmtWrite(&mut text)).map_err(invalid)?;
    Ok(text)
}

/// Binary WebAssembly of a text (a core module or a component). Binary input comes back unchanged. Not validated.
///
/// Errors: `InvalidInput` with file (`path`), line, column and the source line; `LimitExceeded`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tn_text_to_binary(text: tn_bytes, path: tn_bytes, binary: *mut tn_buffer) -> *mut tn_error {
    guard(|| {
        let text = unsafe { text.as_slice() };
        let path = unsafe { path.as_str("the file's path") }?;
        let translated = on_large_stack(|| to_binary(text, path).map(Cow::into_owned))?;
        unsafe { *binary = translated.into() };
        Ok(())
    })
}

/// Text of a binary module or component; `flags` of `TN_TEXT_…`. Errors: `InvalidInput` with the offset; `LimitExceeded`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tn_binary_to_text(binary: tn_bytes, flags: u32, text: *mut tn_buffer) -> *mut tn_error {
    guard(|| {
        let binary = unsafe { binary.as_slice() };
        let printed = on_large_stack(|| to_text(binary, flags))?;
        unsafe { *text = printed.into() };
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_carry_file_line_column_and_source_line() {
        let failure = to_binary(b"(module\n  (func (export \"f\") i32.cons 1)\n)", "m.wat").unwrap_err();
        assert!(failure.message.contains("m.wat:2:") && failure.message.contains("i32.cons 1"), "{}", failure.message);
    }

    #[test]
    fn text_of_a_binary_gives_the_same_binary() {
        let binary = to_binary(b"(component (core module $m (func (export \"f\"))) (core instance (instantiate $m)))", "c.wat").unwrap();
        let text = to_text(&binary, 0).unwrap();
        assert_eq!(to_binary(text.as_bytes(), "again.wat").unwrap(), binary);
    }

    #[test]
    fn deep_nesting_is_refused_without_a_crash() {
        let depth = 1_000_000;
        for (open, close) in [("(component ", ")"), ("(module (func (block ", ")))"), ("(", ")")] {
            let text = format!("{}{}", open.repeat(depth), close.repeat(depth));
            let failure = on_large_stack(|| to_binary(text.as_bytes(), "deep.wat").map(|_| ())).unwrap_err();
            assert!(!failure.message.contains("internal error"), "{}", failure.message);
        }
    }

    #[test]
    fn deep_folded_expressions_are_translated_or_refused() {
        let depth = 200_000;
        let text = format!("(module (func {}(i32.const 1){}))", "(drop (i32.eqz ".repeat(depth), "))".repeat(depth));
        let _ = on_large_stack(|| to_binary(text.as_bytes(), "deep.wat").map(|_| ()));
    }
}
