//! WIT packages and worlds: parse, decode, print, describe as JSON, encode.
//!
//! A `tn_wit` is a resolved set of packages with one main package, and a main world when it was read from a component or a core module. It is immutable:
//! any thread may use it, several at once.

use wit_component::{DecodedWasm, OutputToString, WitPrinter};
use wit_parser::{PackageId, Resolve, WorldId};

use crate::ffi::{ErrorKind, Failure, guard, on_large_stack, tn_buffer, tn_bytes, tn_error};
use crate::limits;
use crate::wit_source::{self, SourceFile};
use crate::wit_text;

/// What a `tn_wit` was read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    Package = 0,
    Component = 1,
    Module = 2,
}

impl Origin {
    fn name(self) -> &'static str {
        match self {
            Origin::Package => "package",
            Origin::Component => "component",
            Origin::Module => "module",
        }
    }
}

/// A resolved set of WIT packages. Opaque; ended by `tn_wit_free`.
#[allow(non_camel_case_types)]
pub struct tn_wit {
    pub(crate) resolve: Resolve,
    pub(crate) package: PackageId,
    pub(crate) world: Option<WorldId>,
    pub(crate) origin: Origin,
}

/// One file of a WIT folder. `package` groups files: 0 is the main package, each dependency has a number of its own. `path` is for messages.
#[repr(C)]
#[allow(non_camel_case_types)]
pub struct tn_wit_file {
    pub path: tn_bytes,
    pub contents: tn_bytes,
    pub package: u32,
}

/// Bytes with a name: an adapter, a component to compose.
#[repr(C)]
#[allow(non_camel_case_types)]
pub struct tn_named_bytes {
    pub name: tn_bytes,
    pub contents: tn_bytes,
}

/// Flag of `tn_wit_print`: with documentation comments.
pub const TN_WIT_PRINT_DOCS: u32 = 1;
/// Flag of `tn_wit_print`: with the packages that the main one depends on, each in `package … { … }`.
pub const TN_WIT_PRINT_DEPENDENCIES: u32 = 2;

/// The failure of a library of the WIT family, with its whole chain of causes.
pub(crate) fn invalid(error: impl Into<anyhow::Error>) -> Failure {
    Failure::invalid(chain(&error.into()))
}

fn chain(error: &anyhow::Error) -> String {
    error.chain().map(|cause| cause.to_string()).collect::<Vec<_>>().join(": ")
}

/// # Safety
/// `items` points to `count` readable values, or `count` is 0.
pub(crate) unsafe fn slice<'a, T>(items: *const T, count: usize) -> &'a [T] {
    if count == 0 { &[] } else { unsafe { std::slice::from_raw_parts(items, count) } }
}

impl tn_wit {
    /// The world called `name` ("world", "ns:pkg/world@1.0.0"), or the only one when `name` is empty.
    pub(crate) fn select_world(&self, name: &str) -> Result<WorldId, Failure> {
        if name.is_empty() {
            if let Some(world) = self.world {
                return Ok(world);
            }
        }
        let wanted = (!name.is_empty()).then_some(name);
        self.resolve.select_world(&[self.package], wanted).map_err(|error| {
            let worlds: Vec<_> = self.resolve.packages[self.package].worlds.keys().map(String::as_str).collect();
            let known = if worlds.is_empty() { "the package has no world".to_string() } else { format!("the package has: {}", worlds.join(", ")) };
            Failure::new(ErrorKind::NotFound, format!("{}; {known}", chain(&error)))
        })
    }
}

/// Reads the WIT of a binary: a WIT package, a component, or a core module with an embedded component type.
pub(crate) fn decode(bytes: &[u8]) -> Result<tn_wit, Failure> {
    limits::check_size("the WebAssembly file", bytes.len(), limits::WASM_BYTES_MAX)?;
    let wit = if wasmparser::Parser::is_component(bytes) {
        match wit_component::decode(bytes).map_err(invalid)? {
            DecodedWasm::WitPackage(resolve, package) => tn_wit { resolve, package, world: None, origin: Origin::Package },
            DecodedWasm::Component(resolve, world) => {
                let package = resolve.worlds[world].package.ok_or_else(|| Failure::invalid("the component's world has no package"))?;
                tn_wit { resolve, package, world: Some(world), origin: Origin::Component }
            }
        }
    } else if wasmparser::Parser::is_core_wasm(bytes) {
        if !has_component_type(bytes)? {
            return Err(Failure::new(ErrorKind::NotFound, "the core module has no embedded component type (custom section component-type)"));
        }
        let (_, bindgen) = wit_component::metadata::decode(bytes).map_err(invalid)?;
        let world = bindgen.world;
        let package = bindgen.resolve.worlds[world].package.ok_or_else(|| Failure::invalid("the module's world has no package"))?;
        tn_wit { resolve: bindgen.resolve, package, world: Some(world), origin: Origin::Module }
    } else {
        return Err(Failure::invalid("neither a component nor a core module"));
    };
    wit_source::check_types(&wit.resolve)?;
    Ok(wit)
}

/// Whether a core module carries a `component-type` custom section.
pub(crate) fn has_component_type(module: &[u8]) -> Result<bool, Failure> {
    for payload in wasmparser::Parser::new(0).parse_all(module) {
        if let wasmparser::Payload::CustomSection(section) = payload.map_err(invalid)? {
            if section.name().starts_with("component-type") {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

fn print(wit: &tn_wit, flags: u32) -> Result<String, Failure> {
    let mut others: Vec<PackageId> = Vec::new();
    if flags & TN_WIT_PRINT_DEPENDENCIES != 0 {
        others.extend(wit.resolve.packages.iter().map(|(id, _)| id).filter(|&id| id != wit.package));
        others.sort_by_key(|&id| wit.resolve.packages[id].name.to_string());
    }
    let mut printer = WitPrinter::new(OutputToString::default());
    printer.emit_docs(flags & TN_WIT_PRINT_DOCS != 0);
    printer.print(&wit.resolve, wit.package, &others).map_err(invalid)?;
    Ok(printer.output.to_string())
}

fn json(wit: &tn_wit, world: &str) -> Result<Vec<u8>, Failure> {
    let selected = match (world.is_empty(), wit.world) {
        (false, _) => Some(wit.select_world(world)?),
        (true, known) => known,
    };
    let head = serde_json::json!({
        "origin": wit.origin.name(),
        "package": wit.package.index(),
        "world": selected.map(|id| id.index()),
    });
    // Spliced as text: a JSON value would sort the functions of an interface, which stand in the order of the source.
    let resolve = serde_json::to_string(&wit.resolve).map_err(invalid)?;
    let head = head.to_string();
    Ok(format!("{},{}", &head[..head.len() - 1], &resolve[1..]).into_bytes())
}

/// Parses the files of a WIT folder (or one file, or text) and of its dependencies, in any order. A file may be a WIT package in binary or text WebAssembly.
///
/// `features` lists `@unstable` features to keep, separated by commas; `*` keeps all. Errors: `InvalidInput` with file, line, column and the source line;
/// `LimitExceeded` when the sources are larger than `limits`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tn_wit_parse(files: *const tn_wit_file, count: usize, features: tn_bytes, wit: *mut *mut tn_wit) -> *mut tn_error {
    guard(|| {
        let mut sources = Vec::new();
        for file in unsafe { slice(files, count) } {
            let path = unsafe { file.path.as_str("the file's path") }?;
            sources.push(SourceFile { path, contents: unsafe { file.contents.as_slice() }, package: file.package });
        }
        let features = unsafe { features.as_str("the features") }?;
        let parsed = on_large_stack(|| wit_source::parse(&sources, features))?;
        unsafe { *wit = Box::into_raw(Box::new(parsed)) };
        Ok(())
    })
}

/// Reads the WIT of a WIT package as WebAssembly, of a component, or of a core module with an embedded component type; each as binary or as text.
///
/// Errors: `InvalidInput`; `NotFound` when a core module carries no component type; `LimitExceeded`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tn_wit_decode(bytes: tn_bytes, wit: *mut *mut tn_wit) -> *mut tn_error {
    guard(|| {
        let bytes = unsafe { bytes.as_slice() };
        let decoded = on_large_stack(|| decode(&wit_text::to_binary(bytes, "input")?))?;
        unsafe { *wit = Box::into_raw(Box::new(decoded)) };
        Ok(())
    })
}

/// Ends a `tn_wit`. Null is ignored.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tn_wit_free(wit: *mut tn_wit) {
    if !wit.is_null() {
        drop(unsafe { Box::from_raw(wit) });
    }
}

/// What the WIT was read from: 0 a WIT package, 1 a component, 2 a core module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tn_wit_origin(wit: *const tn_wit) -> u8 {
    unsafe { (*wit).origin as u8 }
}

/// WIT text of the main package; `flags` of `TN_WIT_PRINT_…`. With the dependencies it parses again to the same packages.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tn_wit_print(wit: *const tn_wit, flags: u32, text: *mut tn_buffer) -> *mut tn_error {
    guard(|| {
        let wit = unsafe { &*wit };
        let printed = on_large_stack(|| print(wit, flags))?;
        unsafe { *text = printed.into() };
        Ok(())
    })
}

/// Everything as one JSON object: `origin`, `package`, `world` (index or null) and the index spaces `packages`, `worlds`, `interfaces`, `types` of wit-parser.
/// `world` names the world to select; empty leaves what the WIT was read with. Errors: `NotFound` when there is no such world.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tn_wit_json(wit: *const tn_wit, world: tn_bytes, text: *mut tn_buffer) -> *mut tn_error {
    guard(|| {
        let wit = unsafe { &*wit };
        let world = unsafe { world.as_str("the world's name") }?;
        let described = on_large_stack(|| json(wit, world))?;
        unsafe { *text = described.into() };
        Ok(())
    })
}

/// The main package as a binary WIT package.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tn_wit_encode(wit: *const tn_wit, binary: *mut tn_buffer) -> *mut tn_error {
    guard(|| {
        let wit = unsafe { &*wit };
        let encoded = on_large_stack(|| wit_component::encode(&wit.resolve, wit.package).map_err(invalid))?;
        unsafe { *binary = encoded.into() };
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<tn_wit, Failure> {
        wit_source::parse(&[SourceFile { path: "test.wit", contents: text.as_bytes(), package: 0 }], "")
    }

    #[test]
    fn prints_what_parses_to_the_same_text() {
        let text = "package a:b;\n\n/// Docs.\nworld w {\n  /// Says it.\n  export say: func(text: string) -> result<u32, string>;\n}\n";
        let wit = parse(text).unwrap();
        let printed = print(&wit, TN_WIT_PRINT_DOCS).unwrap();
        assert_eq!(printed, text);
        assert!(!print(&wit, 0).unwrap().contains("Docs."));
    }

    #[test]
    fn names_the_worlds_when_there_is_no_such_world() {
        let wit = parse("package a:b; world one {} world two {}").unwrap();
        let failure = wit.select_world("three").unwrap_err();
        assert_eq!(failure.kind, ErrorKind::NotFound);
        assert!(failure.message.contains("one, two"), "{}", failure.message);
    }

    #[test]
    fn describes_the_world_as_json() {
        let wit = parse("package a:b; world w { import f: func(); }").unwrap();
        let described: serde_json::Value = serde_json::from_slice(&json(&wit, "w").unwrap()).unwrap();
        assert_eq!(described["world"], 0);
        assert_eq!(described["worlds"][0]["name"], "w");
        assert!(described["worlds"][0]["imports"]["f"]["function"].is_object());
    }

    #[test]
    fn says_that_a_plain_module_has_no_component_type() {
        let failure = decode(&wat::parse_str("(module)").unwrap()).err().unwrap();
        assert_eq!(failure.kind, ErrorKind::NotFound);
    }
}
