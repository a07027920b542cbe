//! Producers and registry metadata of modules and components.

use serde_json::Value;
use wasm_metadata::{AddMetadata, AddMetadataField, Payload, Producers};

use crate::ffi::{ErrorKind, Failure, guard, on_large_stack, tn_buffer, tn_bytes, tn_error};
use crate::limits;
use crate::wit::invalid;

/// The name under which this library enters itself into what it makes.
const PRODUCER: &str = "tenon";

pub(crate) fn add_processed_by(wasm: &[u8]) -> Result<Vec<u8>, Failure> {
    let mut producers = Producers::empty();
    producers.add("processed-by", PRODUCER, env!("CARGO_PKG_VERSION"));
    producers.add_to_wasm(wasm).map_err(invalid)
}

/// `LimitExceeded` when more lies inside of the file, or deeper, than a description of all of it should have: ten bytes become hundreds, and each level an
/// object inside of an object. What does not parse is for the reader to judge.
fn check_nesting(wasm: &[u8]) -> Result<(), Failure> {
    let (mut nested, mut depth) = (0, 0);
    for payload in wasmparser::Parser::new(0).parse_all(wasm) {
        match payload {
            Ok(wasmparser::Payload::Version { .. }) => {
                nested += 1;
                depth += 1;
            }
            Ok(wasmparser::Payload::End(_)) => depth -= 1,
            Ok(_) => {}
            Err(_) => return Ok(()),
        }
        if depth > limits::COMPONENT_DEPTH_MAX + 1 {
            let text = format!("components are nested more than {} levels deep", limits::COMPONENT_DEPTH_MAX);
            return Err(Failure::new(ErrorKind::LimitExceeded, text));
        }
        if nested > limits::NESTED_MODULES_MAX + 1 {
            let text = format!("more than {} components and modules are nested in the file", limits::NESTED_MODULES_MAX);
            return Err(Failure::new(ErrorKind::LimitExceeded, text));
        }
    }
    Ok(())
}

fn read(wasm: &[u8]) -> Result<Vec<u8>, Failure> {
    limits::check_size("the WebAssembly file", wasm.len(), limits::WASM_BYTES_MAX)?;
    check_nesting(wasm)?;
    let payload = Payload::from_binary(wasm).map_err(invalid)?;
    serde_json::to_vec(&payload).map_err(invalid)
}

/// A field given as text is set, as null cleared, and kept when it is not given.
fn field<T: std::fmt::Debug + Clone>(
    request: &Value, name: &str, make: impl Fn(&str) -> Result<T, Failure>,
) -> Result<AddMetadataField<T>, Failure> {
    match request.get(name) {
        None => Ok(AddMetadataField::Keep),
        Some(Value::Null) => Ok(AddMetadataField::Clear),
        Some(Value::String(text)) => Ok(AddMetadataField::Set(make(text).map_err(|e| Failure::invalid(format!("{name}: {}", e.message)))?)),
        Some(other) => Err(Failure::invalid(format!("{name}: expected text or null, found {other}"))),
    }
}

fn tools(request: &Value, name: &str) -> Result<Vec<(String, String)>, Failure> {
    let Some(given) = request.get(name) else { return Ok(Vec::new()) };
    let wrong = || Failure::invalid(format!("{name}: expected an object of names and versions, found {given}"));
    let object = given.as_object().ok_or_else(wrong)?;
    object.iter().map(|(tool, version)| Ok((tool.clone(), version.as_str().ok_or_else(wrong)?.to_string()))).collect()
}

const FIELDS: [&str; 11] =
    ["name", "language", "processed-by", "sdk", "authors", "description", "licenses", "source", "homepage", "revision", "version"];

fn add(wasm: &[u8], request: &[u8]) -> Result<Vec<u8>, Failure> {
    limits::check_size("the WebAssembly file", wasm.len(), limits::WASM_BYTES_MAX)?;
    let request: Value = serde_json::from_slice(request).map_err(invalid)?;
    let object = request.as_object().ok_or_else(|| Failure::invalid("metadata is not a JSON object"))?;
    if let Some(unknown) = object.keys().find(|key| !FIELDS.contains(&key.as_str())) {
        return Err(Failure::invalid(format!("metadata has no field {unknown}; it has: {}", FIELDS.join(", "))));
    }
    let mut change = AddMetadata::default();
    change.name = field(&request, "name", |text| Ok(text.to_string()))?;
    change.language = tools(&request, "language")?;
    change.processed_by = tools(&request, "processed-by")?;
    change.sdk = tools(&request, "sdk")?;
    change.authors = field(&request, "authors", |text| Ok(wasm_metadata::Authors::new(text.to_string())))?;
    change.description = field(&request, "description", |text| Ok(wasm_metadata::Description::new(text.to_string())))?;
    change.licenses = field(&request, "licenses", |text| wasm_metadata::Licenses::new(text).map_err(invalid))?;
    change.source = field(&request, "source", |text| wasm_metadata::Source::new(text).map_err(invalid))?;
    change.homepage = field(&request, "homepage", |text| wasm_metadata::Homepage::new(text).map_err(invalid))?;
    change.revision = field(&request, "revision", |text| Ok(wasm_metadata::Revision::new(text.to_string())))?;
    change.version = field(&request, "version", |text| Ok(wasm_metadata::Version::new(text.to_string())))?;
    change.to_wasm(wasm).map_err(invalid)
}

/// Metadata of a module or component and of all that it holds, as JSON: `{"component": {"metadata": {name, producers, authors, description, licenses, source,
/// homepage, revision, version, range, dependencies}, "children": […]}}` or `{"module": {…}}`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tn_metadata_read(wasm: tn_bytes, json: *mut tn_buffer) -> *mut tn_error {
    guard(|| {
        let wasm = unsafe { wasm.as_slice() };
        let bytes = on_large_stack(|| read(wasm))?;
        unsafe { *json = bytes.into() };
        Ok(())
    })
}

/// The binary with metadata set from a JSON object: `name`, `authors`, `description`, `licenses`, `source`, `homepage`, `revision`, `version` (text sets, null
/// clears) and `language`, `processed-by`, `sdk` (objects of name and version that are added). Errors: `InvalidInput` naming the field.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tn_metadata_add(wasm: tn_bytes, json: tn_bytes, changed: *mut tn_buffer) -> *mut tn_error {
    guard(|| {
        let (wasm, json) = unsafe { (wasm.as_slice(), json.as_slice()) };
        let bytes = on_large_stack(|| add(wasm, json))?;
        unsafe { *changed = bytes.into() };
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_added_is_read_again() {
        for text in ["(module)", "(component)"] {
            let wasm = wat::parse_str(text).unwrap();
            let request = br#"{"name":"n","processed-by":{"x":"1"},"licenses":"Apache-2.0","version":"1.2.3","homepage":"https://example.com/a"}"#;
            let text = String::from_utf8(read(&add(&wasm, request).unwrap()).unwrap()).unwrap();
            for part in ["\"n\"", "\"x\":\"1\"", "Apache-2.0", "1.2.3", "example.com"] {
                assert!(text.contains(part), "{part} in {text}");
            }
        }
    }

    #[test]
    fn levels_and_numbers_without_end_are_refused() {
        let component = |content: &[u8]| [b"\0asm\x0d\0\x01\0", content].concat();
        let section = |content: &[u8]| {
            let mut bytes = vec![4];
            let mut rest = content.len();
            while rest > 0x7f {
                bytes.push((rest & 0x7f) as u8 | 0x80);
                rest >>= 7;
            }
            bytes.push(rest as u8);
            [bytes, content.to_vec()].concat()
        };
        let deep = |levels: usize| (0..levels).fold(component(b""), |inner, _| component(&section(&inner)));
        assert!(read(&deep(limits::COMPONENT_DEPTH_MAX)).is_ok());
        assert_eq!(read(&deep(limits::COMPONENT_DEPTH_MAX + 1)).unwrap_err().kind, ErrorKind::LimitExceeded);
        let many = |count: usize| component(&section(&component(b"")).repeat(count));
        assert!(read(&many(limits::NESTED_MODULES_MAX)).is_ok());
        assert_eq!(read(&many(limits::NESTED_MODULES_MAX + 1)).unwrap_err().kind, ErrorKind::LimitExceeded);
    }

    #[test]
    fn unknown_and_wrong_fields_are_named() {
        let wasm = wat::parse_str("(module)").unwrap();
        assert!(add(&wasm, br#"{"titel":"x"}"#).unwrap_err().message.contains("titel"));
        assert!(add(&wasm, br#"{"licenses":"not a licence"}"#).unwrap_err().message.contains("licenses"));
        assert!(add(&wasm, br#"{"sdk":"x"}"#).unwrap_err().message.contains("sdk"));
    }
}
