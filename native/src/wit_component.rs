//! From a core module to a component: `embed` writes the world into the module, `new` builds the component around it.

use std::borrow::Cow;

use wasi_preview1_component_adapter_provider as preview1;
use wit_component::{ComponentEncoder, StringEncoding};
use wit_parser::{LiftLowerAbi, ManglingAndAbi};

use crate::ffi::{Failure, guard, on_large_stack, tn_buffer, tn_bytes, tn_error};
use crate::wit::{has_component_type, invalid, slice, tn_named_bytes, tn_wit};
use crate::wit_docs;
use crate::wit_metadata::add_processed_by;
use crate::wit_text::to_binary;

/// Which published adapter stands between a module that imports `wasi_snapshot_preview1` and WASI 0.2.
pub const TN_ADAPTER_AUTOMATIC: u32 = 0;
/// No adapter but those given by name.
pub const TN_ADAPTER_NONE: u32 = 1;
/// The one that exports `wasi:cli/run`.
pub const TN_ADAPTER_COMMAND: u32 = 2;
/// The one for modules that are called.
pub const TN_ADAPTER_REACTOR: u32 = 3;
/// The one of the world `wasi:http/proxy`.
pub const TN_ADAPTER_PROXY: u32 = 4;

/// Options of `tn_component_new`.
#[repr(C)]
#[allow(non_camel_case_types)]
pub struct tn_component_new_options {
    /// Adapters by the name of the core module that they stand in for, as binary or text.
    pub adapters: *const tn_named_bytes,
    pub adapter_count: usize,
    /// `TN_ADAPTER_…`; only used when the module imports `wasi_snapshot_preview1` and no adapter of that name is given.
    pub preview1: u32,
    /// The adapter's own memory comes from `memory.grow` instead of the module's `cabi_realloc`.
    pub realloc_via_memory_grow: bool,
    /// Two imports of one interface in versions that are compatible become one import.
    pub merge_imports_by_semver: bool,
    /// The component's text names come with it.
    pub debug_names: bool,
}

pub(crate) struct NewOptions<'a> {
    pub adapters: Vec<(&'a str, Cow<'a, [u8]>)>,
    pub preview1: u32,
    pub realloc_via_memory_grow: bool,
    pub merge_imports_by_semver: bool,
    pub debug_names: bool,
}

fn require_module(bytes: &[u8], what: &str) -> Result<(), Failure> {
    if wasmparser::Parser::is_component(bytes) {
        return Err(Failure::invalid(format!("{what} is a component already, expected a core module")));
    }
    if !wasmparser::Parser::is_core_wasm(bytes) {
        return Err(Failure::invalid(format!("{what} is not a core module")));
    }
    Ok(())
}

pub(crate) fn embed(wit: &tn_wit, world: &str, module: &[u8], encoding: &str) -> Result<Vec<u8>, Failure> {
    let world = wit.select_world(world)?;
    let encoding = match encoding {
        "" | "utf8" => StringEncoding::UTF8,
        "utf16" => StringEncoding::UTF16,
        "latin1+utf16" | "compact-utf16" => StringEncoding::CompactUTF16,
        other => return Err(Failure::invalid(format!("string encoding {other} is not one of utf8, utf16, latin1+utf16"))),
    };
    require_module(module, "the file")?;
    wasmparser::Validator::new_with_features(wasmparser::WasmFeatures::all()).validate_all(module).map_err(invalid)?;
    let mut embedded = module.to_vec();
    wit_component::embed_component_metadata(&mut embedded, &wit.resolve, world, encoding).map_err(invalid)?;
    wit_docs::embed(&mut embedded, &wit.resolve, world)?;
    Ok(embedded)
}

/// What decides about the adapter: does the module import preview 1, and is it a program?
struct ModuleShape {
    imports_preview1: bool,
    exports_start: bool,
}

fn shape(module: &[u8]) -> Result<ModuleShape, Failure> {
    let mut shape = ModuleShape { imports_preview1: false, exports_start: false };
    for payload in wasmparser::Parser::new(0).parse_all(module) {
        match payload.map_err(invalid)? {
            wasmparser::Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    shape.imports_preview1 |= import.map_err(invalid)?.module == preview1::WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME;
                }
            }
            wasmparser::Payload::ExportSection(section) => {
                for export in section {
                    shape.exports_start |= export.map_err(invalid)?.name == "_start";
                }
            }
            _ => {}
        }
    }
    Ok(shape)
}

fn published_adapter(choice: u32, shape: &ModuleShape) -> Result<Option<&'static [u8]>, Failure> {
    if !shape.imports_preview1 {
        return Ok(None);
    }
    Ok(match choice {
        TN_ADAPTER_NONE => None,
        TN_ADAPTER_COMMAND => Some(preview1::WASI_SNAPSHOT_PREVIEW1_COMMAND_ADAPTER),
        TN_ADAPTER_REACTOR => Some(preview1::WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER),
        TN_ADAPTER_PROXY => Some(preview1::WASI_SNAPSHOT_PREVIEW1_PROXY_ADAPTER),
        TN_ADAPTER_AUTOMATIC if shape.exports_start => Some(preview1::WASI_SNAPSHOT_PREVIEW1_COMMAND_ADAPTER),
        TN_ADAPTER_AUTOMATIC => Some(preview1::WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER),
        other => return Err(Failure::invalid(format!("adapter {other} is unknown"))),
    })
}

pub(crate) fn new(module: &[u8], options: &NewOptions) -> Result<Vec<u8>, Failure> {
    require_module(module, "the file")?;
    let shape = shape(module)?;
    let name = preview1::WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME;
    let given = options.adapters.iter().any(|(adapter, _)| *adapter == name);
    let published = if given { None } else { published_adapter(options.preview1, &shape)? };
    if options.adapters.is_empty() && published.is_none() && !has_component_type(module)? {
        return Err(Failure::invalid("the core module has no component type, so a component of it would export nothing: embed a world first"));
    }
    let (module, docs) = wit_docs::take(module)?;
    let mut encoder = ComponentEncoder::default()
        .validate(true)
        .debug_names(options.debug_names)
        .realloc_via_memory_grow(options.realloc_via_memory_grow)
        .merge_imports_based_on_semver(options.merge_imports_by_semver)
        .module(&module)
        .map_err(invalid)?;
    for (adapter, bytes) in &options.adapters {
        require_module(bytes, &format!("adapter {adapter}"))?;
        encoder = encoder.adapter(adapter, bytes).map_err(invalid)?;
    }
    if let Some(bytes) = published {
        encoder = encoder.adapter(name, bytes).map_err(invalid)?;
    }
    let component = add_processed_by(&encoder.encode().map_err(invalid)?)?;
    match docs {
        Some(docs) => wit_docs::add_to_component(component, &docs),
        None => Ok(component),
    }
}

/// The core module with the world as its component type. `module` is binary or text; `encoding` is `utf8` (also when empty), `utf16` or `latin1+utf16`;
/// `world` may be empty when there is only one.
///
/// Errors: `InvalidInput` for a module that is not valid or not a core module; `NotFound` when there is no such world.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tn_wit_embed(
    wit: *const tn_wit, world: tn_bytes, module: tn_bytes, encoding: tn_bytes, embedded: *mut tn_buffer,
) -> *mut tn_error {
    guard(|| {
        let wit = unsafe { &*wit };
        let world = unsafe { world.as_str("the world's name") }?;
        let encoding = unsafe { encoding.as_str("the string encoding") }?;
        let module = unsafe { module.as_slice() };
        let bytes = on_large_stack(|| embed(wit, world, &to_binary(module, "module")?, encoding))?;
        unsafe { *embedded = bytes.into() };
        Ok(())
    })
}

/// A core module that has the shape of `world` and traps in every function: binary, without the component type.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tn_wit_dummy_module(wit: *const tn_wit, world: tn_bytes, module: *mut tn_buffer) -> *mut tn_error {
    guard(|| {
        let wit = unsafe { &*wit };
        let world = unsafe { world.as_str("the world's name") }?;
        let bytes = on_large_stack(|| {
            let world = wit.select_world(world)?;
            Ok(wit_component::dummy_module(&wit.resolve, world, ManglingAndAbi::Legacy(LiftLowerAbi::Sync)))
        })?;
        unsafe { *module = bytes.into() };
        Ok(())
    })
}

/// The component of a core module (binary or text) that carries its component type. The result is validated.
///
/// Errors: `InvalidInput` when the module does not fit its world, naming the import or export; `NotFound` never.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tn_component_new(module: tn_bytes, options: *const tn_component_new_options, component: *mut tn_buffer) -> *mut tn_error {
    guard(|| {
        let module = unsafe { module.as_slice() };
        let given = unsafe { &*options };
        let mut adapters = Vec::new();
        for adapter in unsafe { slice(given.adapters, given.adapter_count) } {
            adapters.push((unsafe { adapter.name.as_str("the adapter's name") }?, unsafe { adapter.contents.as_slice() }));
        }
        let bytes = on_large_stack(|| {
            let adapters = adapters.into_iter().map(|(name, bytes)| Ok((name, to_binary(bytes, name)?))).collect::<Result<_, Failure>>()?;
            let options = NewOptions {
                adapters,
                preview1: given.preview1,
                realloc_via_memory_grow: given.realloc_via_memory_grow,
                merge_imports_by_semver: given.merge_imports_by_semver,
                debug_names: given.debug_names,
            };
            new(&to_binary(module, "module")?, &options)
        })?;
        unsafe { *component = bytes.into() };
        Ok(())
    })
}

/// One of the published preview 1 adapters as a core module: `TN_ADAPTER_COMMAND`, `TN_ADAPTER_REACTOR` or `TN_ADAPTER_PROXY`. Valid for the life of the
/// process; empty for any other number.
#[unsafe(no_mangle)]
pub extern "C" fn tn_preview1_adapter(which: u32) -> tn_bytes {
    tn_bytes::view(match which {
        TN_ADAPTER_COMMAND => preview1::WASI_SNAPSHOT_PREVIEW1_COMMAND_ADAPTER,
        TN_ADAPTER_REACTOR => preview1::WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER,
        TN_ADAPTER_PROXY => preview1::WASI_SNAPSHOT_PREVIEW1_PROXY_ADAPTER,
        _ => &[],
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wit_source::{SourceFile, parse};

    const WIT: &str = "package a:b; world w { import log: func(text: string); export run: func(x: u32) -> u32; }";
    const MODULE: &str = r#"(module
        (import "$root" "log" (func (param i32 i32)))
        (memory (export "memory") 1)
        (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) i32.const 16)
        (func (export "run") (param i32) (result i32) local.get 0))"#;

    fn options() -> NewOptions<'static> {
        NewOptions { adapters: vec![], preview1: TN_ADAPTER_AUTOMATIC, realloc_via_memory_grow: false, merge_imports_by_semver: true, debug_names: false }
    }

    fn wit() -> tn_wit {
        parse(&[SourceFile { path: "t.wit", contents: WIT.as_bytes(), package: 0 }], "").unwrap()
    }

    #[test]
    fn embed_then_new_gives_a_component_of_the_world() {
        for encoding in ["utf8", "utf16", "latin1+utf16"] {
            let embedded = embed(&wit(), "w", &to_binary(MODULE.as_bytes(), "m").unwrap(), encoding).unwrap();
            let component = new(&embedded, &options()).unwrap();
            let decoded = crate::wit::decode(&component).unwrap();
            let world = &decoded.resolve.worlds[decoded.world.unwrap()];
            assert_eq!((world.imports.len(), world.exports.len()), (1, 1));
        }
    }

    #[test]
    fn docs_of_the_world_come_along_as_far_as_they_are_used() {
        let text = WIT.replace("world w", "/// The world.\nworld w").replace("import log", "/// Unused.\nimport other: func();\n/// Logs.\nimport log").replace("export run", "/// Runs.\nexport run");
        let wit = parse(&[SourceFile { path: "t.wit", contents: text.as_bytes(), package: 0 }], "").unwrap();
        let embedded = embed(&wit, "w", &to_binary(MODULE.as_bytes(), "m").unwrap(), "").unwrap();
        let component = new(&embedded, &options()).unwrap();
        wasmparser::Validator::new_with_features(wasmparser::WasmFeatures::all()).validate_all(&component).unwrap();
        let decoded = crate::wit::decode(&component).unwrap();
        let described = serde_json::to_string(&decoded.resolve).unwrap();
        for (docs, there) in [("The world.", true), ("Runs.", true), ("Logs.", true), ("Unused.", false)] {
            assert_eq!(described.contains(docs), there, "{docs} in {described}");
        }
        assert!(!String::from_utf8_lossy(&component).contains("tenon:world-docs"));
    }

    #[test]
    fn a_module_without_the_export_is_refused_by_name() {
        let embedded = embed(&wit(), "w", &to_binary(b"(module)", "m").unwrap(), "utf8").unwrap();
        let failure = new(&embedded, &options()).unwrap_err();
        assert!(failure.message.contains("run"), "{}", failure.message);
    }

    #[test]
    fn a_program_gets_the_command_adapter_and_a_library_the_reactor() {
        let program = r#"(module (import "wasi_snapshot_preview1" "proc_exit" (func $e (param i32))) (memory (export "memory") 1)
            (func (export "_start") i32.const 0 call $e))"#;
        let decoded = crate::wit::decode(&new(&to_binary(program.as_bytes(), "m").unwrap(), &options()).unwrap()).unwrap();
        assert_eq!(decoded.resolve.worlds[decoded.world.unwrap()].exports.len(), 1);
        let library = program.replace("_start", "other");
        let decoded = crate::wit::decode(&new(&to_binary(library.as_bytes(), "m").unwrap(), &options()).unwrap()).unwrap();
        assert_eq!(decoded.resolve.worlds[decoded.world.unwrap()].exports.len(), 0);
        let none = NewOptions { preview1: TN_ADAPTER_NONE, ..options() };
        let embedded = embed(&wit(), "w", &to_binary(library.as_bytes(), "m").unwrap(), "").unwrap();
        assert!(new(&embedded, &none).unwrap_err().message.contains("wasi_snapshot_preview1"));
    }

    #[test]
    fn components_and_plain_modules_are_refused() {
        assert!(new(&to_binary(b"(component)", "m").unwrap(), &options()).unwrap_err().message.contains("component already"));
        assert!(new(&to_binary(b"(module)", "m").unwrap(), &options()).unwrap_err().message.contains("embed"));
        assert!(embed(&wit(), "", &to_binary(b"(module)", "m").unwrap(), "ebcdic").unwrap_err().message.contains("ebcdic"));
    }
}
