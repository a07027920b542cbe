//! A component's bytes in, its plan out: one buffer of u32 words, strings and core modules that `src/component/plan.cpp` reads.
//!
//! Validation, resolution of nested components and fusing of calls between components are wasmtime-environ's; this module asks for them the way
//! Wasmtime itself does, and writes down what comes out (`encode`).

mod adapters;
mod copies;
mod count;
mod encode;
mod flags;
mod shims;
mod types;
mod values;

use wasmtime_environ::component::{ComponentTypesBuilder, Translator};
use wasmtime_environ::wasmparser::{BinaryReaderError, Parser, Validator, WasmFeatures};
use wasmtime_environ::{ScopeVec, Tunables};

use crate::ffi::{self, ErrorKind, Failure, guard, on_large_stack, tn_buffer, tn_bytes, tn_error};
use crate::limits;

/// Features of validation beyond Wasmtime's defaults; bits of `tn_plan_translate`'s `features`.
pub const TN_PLAN_MAPS: u32 = 1;
pub const TN_PLAN_FIXED_LENGTH_LISTS: u32 = 2;
pub const TN_PLAN_IMPLEMENTS: u32 = 4;
pub const TN_PLAN_MEMORY64: u32 = 8;
pub const TN_PLAN_ASYNC_STACKFUL: u32 = 16;
pub const TN_PLAN_MORE_ASYNC_BUILTINS: u32 = 32;
pub const TN_PLAN_THREADING: u32 = 64;
pub const TN_PLAN_ERROR_CONTEXT: u32 = 128;
pub const TN_PLAN_GC: u32 = 256;

/// Whether the plan is for tasks that run concurrently. Without it `async` does not validate, and adapters need no task switches.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Concurrency {
    Off,
    On,
}

/// The validator's features: what Wasmtime has on by default, and what was asked for.
fn wasm_features(asked: u32, concurrency: Concurrency) -> WasmFeatures {
    let mut features = WasmFeatures::WASM3 | WasmFeatures::COMPONENT_MODEL;
    let mut set = |bit: u32, feature: WasmFeatures| features.set(feature, asked & bit != 0);
    set(TN_PLAN_MAPS, WasmFeatures::CM_MAP);
    set(TN_PLAN_FIXED_LENGTH_LISTS, WasmFeatures::CM_FIXED_LENGTH_LISTS);
    set(TN_PLAN_IMPLEMENTS, WasmFeatures::CM_IMPLEMENTS);
    set(TN_PLAN_MEMORY64, WasmFeatures::CM64);
    set(TN_PLAN_GC, WasmFeatures::CM_GC);
    if concurrency == Concurrency::On {
        set(TN_PLAN_ASYNC_STACKFUL, WasmFeatures::CM_ASYNC_STACKFUL);
        set(TN_PLAN_MORE_ASYNC_BUILTINS, WasmFeatures::CM_MORE_ASYNC_BUILTINS);
        set(TN_PLAN_THREADING, WasmFeatures::CM_THREADING);
        set(TN_PLAN_ERROR_CONTEXT, WasmFeatures::CM_ERROR_CONTEXT);
        features |= WasmFeatures::CM_ASYNC;
    }
    features
}

/// What the validator or the translator said: the first is about the bytes, the second about what it cannot read.
fn failure_of(error: wasmtime_environ::error::Error) -> Failure {
    match error.downcast_ref::<BinaryReaderError>() {
        Some(invalid) => Failure::invalid(format!("{} (at offset 0x{:x})", invalid.message(), invalid.offset())),
        None => Failure::new(ErrorKind::Unsupported, format!("{error:#}")),
    }
}

fn translate_as(bytes: &[u8], features: u32, concurrency: Concurrency) -> Result<Vec<u8>, Failure> {
    let mut tunables = Tunables::default_host();
    tunables.concurrency_support = concurrency == Concurrency::On;
    // Names and addresses of functions are the compiler's business; here they would only cost memory.
    tunables.parse_wasm_debuginfo = false;
    let scope = ScopeVec::new();
    let mut validator = Validator::new_with_features(wasm_features(features, concurrency));
    let mut types = ComponentTypesBuilder::new(&validator);
    let (translation, modules) = Translator::new(&tunables, &mut validator, &mut types, &scope).translate(bytes).map_err(failure_of)?;
    let tables = encode::TableCounts {
        resources: types.num_resource_tables() as u32,
        futures: types.num_future_tables() as u32,
        streams: types.num_stream_tables() as u32,
        error_contexts: types.num_error_context_tables() as u32,
    };
    let (types, root) = types.finish(&translation.component);
    values::check(&translation, &types)?;
    encode::encode(&translation, &modules, &types, root, &tables, concurrency == Concurrency::On)
}

/// The plan of the component `bytes`; see `tn_plan_translate`.
pub fn translate(bytes: &[u8], features: u32) -> Result<Vec<u8>, Failure> {
    limits::check_size("component", bytes.len(), limits::WASM_BYTES_MAX)?;
    if !Parser::is_component(bytes) {
        return Err(Failure::invalid(describe_other(bytes)));
    }
    on_large_stack(|| {
        count::check(bytes)?;
        translate_as(bytes, features, Concurrency::Off).or_else(|first| match first.kind {
            // Not valid without async: what is said about it with async is what counts.
            ErrorKind::InvalidInput | ErrorKind::Unsupported => translate_as(bytes, features, Concurrency::On),
            _ => Err(first),
        })
    })
}

/// Why bytes that do not start like a component are none.
fn describe_other(bytes: &[u8]) -> String {
    if Parser::is_core_wasm(bytes) {
        return "a core module, not a component".into();
    }
    let seen: Vec<String> = bytes.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    format!("not a component: it starts with [{}], expected [00 61 73 6d 0d 00 01 00]", seen.join(" "))
}

/// Validates a component and writes its plan into `plan`, which the caller frees with `tn_buffer_free`. `features` are bits of `TN_PLAN_…`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tn_plan_translate(component: tn_bytes, features: u32, plan: *mut tn_buffer) -> *mut tn_error {
    guard(|| {
        let bytes = translate(unsafe { component.as_slice() }, features)?;
        unsafe { plan.write(ffi::tn_buffer::from(bytes)) };
        Ok(())
    })
}

/// Validates a component or a core module whole, function bodies too, which `tn_plan_translate` leaves to the compiler. `features` as there; async is
/// always valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tn_plan_validate(wasm: tn_bytes, features: u32) -> *mut tn_error {
    guard(|| {
        let bytes = unsafe { wasm.as_slice() };
        limits::check_size("the WebAssembly file", bytes.len(), limits::WASM_BYTES_MAX)?;
        on_large_stack(|| {
            let mut validator = Validator::new_with_features(wasm_features(features, Concurrency::On));
            validator.validate_all(bytes).map(drop).map_err(|invalid| failure_of(invalid.into()))
        })
    })
}

/// The names of the trampolines in the order of their numbers in a plan, one a line. Static.
#[unsafe(no_mangle)]
pub extern "C" fn tn_plan_trampoline_names() -> tn_bytes {
    tn_bytes::view(encode::TRAMPOLINE_NAMES.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: u32 = 0xff;

    fn plan_of(wat: &str) -> Result<Vec<u8>, Failure> {
        translate(&wat::parse_str(wat).unwrap(), ALL)
    }

    #[test]
    fn empty_component_has_a_plan() {
        assert!(plan_of("(component)").is_ok());
    }

    #[test]
    fn async_component_has_a_concurrent_plan() {
        let plan = plan_of("(component (import \"f\" (func async (result u32))))").unwrap();
        assert_eq!(encode::flags_of(&plan), encode::FLAG_CONCURRENT);
        let plan = plan_of("(component (import \"f\" (func (result u32))))").unwrap();
        assert_eq!(encode::flags_of(&plan), 0);
    }

    #[test]
    fn core_module_is_refused_as_one() {
        let failure = plan_of("(module)").unwrap_err();
        assert_eq!((failure.kind, failure.message.as_str()), (ErrorKind::InvalidInput, "a core module, not a component"));
    }

    #[test]
    fn invalid_component_says_what_and_where() {
        let failure = plan_of("(component (alias export 0 \"x\" (func)))").unwrap_err();
        assert_eq!(failure.kind, ErrorKind::InvalidInput);
        assert!(failure.message.contains("at offset 0x"), "{}", failure.message);
    }
}
