//! `.wast` scripts: the text becomes directives as JSON (the form of the crate `json-from-wast`) and the binaries of its modules and
//! components, in one buffer.
//!
//! Layout of the buffer: the size of the JSON as a little-endian u64, the JSON, then the binaries. The JSON is
//! `{"source_filename": …, "commands": […], "files": {NAME: {"offset": N, "size": N} | {"error": TEXT}}}`; offsets count from the end of
//! the JSON. A module that a directive quotes as text is encoded here too, so that a file is always a binary or the reason why it is none.

use crate::ffi::{Failure, guard, on_large_stack, tn_buffer, tn_bytes, tn_error};
use crate::limits::{self, check_size};
use crate::text_work;
use ::wast::lexer::Lexer;
use ::wast::parser::{self, ParseBuffer};
use ::wast::token::Span;
use serde_json::{Map, Value, json};

/// Turns the text of a `.wast` script into directives and binaries.
///
/// Errors: `InvalidInput` with line and column when the text is no script, `LimitExceeded` when it or what comes of it is too large.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tn_wast_parse(text: tn_bytes, output: *mut tn_buffer) -> *mut tn_error {
    guard(|| {
        check_size("the script", text.size, limits::WAST_BYTES_MAX)?;
        let text = unsafe { text.as_str("the script") }?;
        let buffer = on_large_stack(|| parse(text))?;
        unsafe { output.write(buffer.into()) };
        Ok(())
    })
}

fn parse(text: &str) -> Result<Vec<u8>, Failure> {
    let located = |error: ::wast::Error| invalid_at(text, error.span(), &error.message());
    let mut lexer = Lexer::new(text);
    // Scripts that test names hold confusing characters on purpose.
    lexer.allow_confusing_unicode(true);
    let buffer = ParseBuffer::new_with_lexer(lexer).map_err(located)?;
    let script = parser::parse::<::wast::Wast>(&buffer).map_err(located)?;
    text_work::check_script(&script)?;
    let mut script = json_from_wast::Opts::default().module_filename("file").convert("script", text, script).map_err(|error| {
        match error.downcast_ref::<::wast::Error>() {
            Some(cause) => invalid_at(text, cause.span(), &cause.message()),
            None => Failure::invalid(format!("{error:#}")),
        }
    })?;

    let mut files = Map::new();
    let mut binaries = Vec::new();
    for (name, contents) in script.wasms.drain(..) {
        // Binaries come back as they are; they are told from text by their first bytes.
        let file = match wat::parse_bytes(&contents) {
            Ok(binary) => {
                let offset = binaries.len();
                binaries.extend_from_slice(&binary);
                json!({"offset": offset, "size": binary.len()})
            }
            Err(error) => json!({"error": error.to_string()}),
        };
        check_size("what the script encodes to", binaries.len(), limits::WASM_BYTES_MAX)?;
        files.insert(name, file);
    }
    assemble(&script, files, &binaries)
}

fn assemble(script: &json_from_wast::Wast, files: Map<String, Value>, binaries: &[u8]) -> Result<Vec<u8>, Failure> {
    let internal = |error: serde_json::Error| Failure::invalid(format!("cannot describe the script: {error}"));
    let mut description = serde_json::to_value(script).map_err(internal)?;
    description["files"] = Value::Object(files);
    let description = serde_json::to_vec(&description).map_err(internal)?;
    let mut buffer = Vec::with_capacity(8 + description.len() + binaries.len());
    buffer.extend_from_slice(&(description.len() as u64).to_le_bytes());
    buffer.extend_from_slice(&description);
    buffer.extend_from_slice(binaries);
    Ok(buffer)
}

fn invalid_at(text: &str, span: Span, message: &str) -> Failure {
    let (line, column) = span.linecol_in(text);
    let source = text.lines().nth(line).unwrap_or("").trim();
    Failure::invalid(format!("line {}, column {}: {message}: `{source}`", line + 1, column + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn describe(text: &str) -> (Value, Vec<u8>) {
        let buffer = on_large_stack(|| parse(text)).unwrap();
        let size = u64::from_le_bytes(buffer[..8].try_into().unwrap()) as usize;
        (serde_json::from_slice(&buffer[8..8 + size]).unwrap(), buffer[8 + size..].to_vec())
    }

    #[test]
    fn directives_keep_their_order_and_lines() {
        let (script, binaries) = describe("(component)\n(assert_return (invoke \"f\") (u32.const 7))\n");
        let commands = script["commands"].as_array().unwrap();
        assert_eq!(commands[0]["type"], "module");
        assert_eq!(commands[1]["type"], "assert_return");
        assert_eq!(commands[1]["line"], 2);
        assert_eq!(commands[1]["expected"][0], json!({"type": "u32", "value": "7"}));
        assert_eq!(script["files"]["file.0.wasm"], json!({"offset": 0, "size": 8}));
        assert_eq!(binaries, b"\0asm\x0d\0\x01\0");
    }

    #[test]
    fn quoted_text_that_is_wrong_carries_its_reason() {
        let (script, _) = describe("(assert_malformed (component quote \"(bogus)\") \"x\")");
        assert!(script["files"]["file.0.wat"]["error"].as_str().unwrap().contains("bogus"));
    }

    #[test]
    fn wrong_text_is_refused_with_line_and_column() {
        let failure = on_large_stack(|| parse("(component)\n  (component (bogus))")).unwrap_err();
        assert!(failure.message.starts_with("line 2, column 15: "), "{}", failure.message);
    }

    #[test]
    fn names_that_do_not_resolve_are_refused_with_line_and_column() {
        let failure = on_large_stack(|| parse("(component)\n(component (export \"a\" (func $missing)))")).unwrap_err();
        assert!(failure.message.starts_with("line 2, column 30: "), "{}", failure.message);
    }

    #[test]
    fn a_deep_nest_of_parentheses_is_refused() {
        let text = format!("{}{}", "(component ".repeat(200_000), ")".repeat(200_000));
        assert!(on_large_stack(|| parse(&text)).is_err());
    }

    #[test]
    fn a_script_over_the_limit_is_refused() {
        let text = vec![b' '; limits::WAST_BYTES_MAX + 1];
        let mut output = std::mem::MaybeUninit::uninit();
        let error = unsafe { tn_wast_parse(tn_bytes::view(&text), output.as_mut_ptr()) };
        assert_eq!(unsafe { (*error).failure.kind }, crate::ffi::ErrorKind::LimitExceeded);
        unsafe { crate::ffi::tn_error_free(error) };
    }
}
