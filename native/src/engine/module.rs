//! Modules: compiled code, shared between threads and engines' stores.

use std::fs::File;
use std::os::fd::{BorrowedFd, RawFd};
use std::sync::OnceLock;

use wasmtime::{ExternType, Module, ModuleExport};

use super::config::tn_engine;
use super::extern_::*;
use crate::ffi::{ErrorKind, Failure, guard, guard_value, on_large_stack, tn_buffer, tn_bytes, tn_error};
use crate::limits;

/// A compiled module. Immutable; shared between threads.
#[allow(non_camel_case_types)]
pub struct tn_module {
    pub(crate) module: Module,
    items: OnceLock<Items>,
}

struct Item {
    module: String,
    name: String,
    kind: u32,
    codes: Vec<u8>,
    params: usize,
    limits: tn_limits,
    global: u8,
    is_mutable: u8,
    export: Option<ModuleExport>,
}

struct Items {
    imports: Vec<Item>,
    exports: Vec<Item>,
}

fn item(module: &str, name: &str, ty: ExternType) -> Item {
    let mut item = Item {
        module: module.to_owned(),
        name: name.to_owned(),
        kind: TN_OTHER,
        codes: Vec::new(),
        params: 0,
        limits: tn_limits::default(),
        global: 0,
        is_mutable: 0,
        export: None,
    };
    match ty {
        ExternType::Func(ty) => {
            item.kind = TN_FUNC;
            item.codes = ty.params().chain(ty.results()).map(|ty| type_code(&ty)).collect();
            item.params = ty.params().len();
        }
        ExternType::Table(ty) => {
            item.kind = TN_TABLE;
            item.limits = table_limits(&ty);
        }
        ExternType::Memory(ty) => {
            item.kind = if ty.is_shared() { TN_OTHER } else { TN_MEMORY };
            item.limits = memory_limits(&ty);
        }
        ExternType::Global(ty) => {
            item.kind = TN_GLOBAL;
            item.global = type_code(ty.content());
            item.is_mutable = matches!(ty.mutability(), wasmtime::Mutability::Var).into();
        }
        ExternType::Tag(tag) => {
            item.kind = TN_TAG;
            item.codes = tag.ty().params().map(|ty| type_code(&ty)).collect();
            item.params = item.codes.len();
        }
    }
    item
}

impl tn_module {
    pub(crate) fn new(module: Module) -> *mut tn_module {
        Box::into_raw(Box::new(tn_module { module, items: OnceLock::new() }))
    }

    fn items(&self) -> &Items {
        self.items.get_or_init(|| Items {
            imports: self.module.imports().map(|import| item(import.module(), import.name(), import.ty())).collect(),
            exports: (self.module.exports())
                .map(|export| Item { export: self.module.get_export_index(export.name()), ..item("", export.name(), export.ty()) })
                .collect(),
        })
    }

    pub(crate) fn export(&self, index: usize) -> Option<&ModuleExport> {
        self.items().exports.get(index)?.export.as_ref()
    }
}

fn compile_failure(error: wasmtime::Error) -> Failure {
    Failure::invalid(format!("{error:#}"))
}

/// Whether the nesting of code is within the limits. What is not valid is left for the validator to say.
fn check_nesting(wasm: &[u8]) -> Result<(), Failure> {
    for payload in wasmparser::Parser::new(0).parse_all(wasm) {
        match payload {
            Ok(wasmparser::Payload::CodeSectionEntry(body)) => check_body(&body)?,
            Ok(_) => {}
            Err(_) => break,
        }
    }
    Ok(())
}

fn check_body(body: &wasmparser::FunctionBody<'_>) -> Result<(), Failure> {
    use wasmparser::Operator::{Block, End, If, Loop, Try, TryTable};
    let Ok(mut operators) = body.get_operators_reader() else { return Ok(()) };
    // Whether each open block is a loop.
    let mut open: Vec<bool> = Vec::new();
    let mut loops = 0;
    while let Ok(operator) = operators.read() {
        match operator {
            Loop { .. } => {
                loops += 1;
                open.push(true);
            }
            Block { .. } | If { .. } | Try { .. } | TryTable { .. } => open.push(false),
            End => loops -= usize::from(open.pop() == Some(true)),
            _ => continue,
        }
        if open.len() > limits::BLOCK_DEPTH_MAX || loops > limits::LOOP_DEPTH_MAX {
            let (what, max) = if loops > limits::LOOP_DEPTH_MAX { ("loops", limits::LOOP_DEPTH_MAX) } else { ("blocks", limits::BLOCK_DEPTH_MAX) };
            return Err(Failure::new(ErrorKind::LimitExceeded, format!("function at offset {:#x}: more than {max} {what} inside each other", body.range().start)));
        }
    }
    Ok(())
}

/// Validates and compiles `wasm` (binary only). Errors: `InvalidInput` with the offset of the fault; `LimitExceeded` when it is too large.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tn_module_compile(engine: *const tn_engine, wasm: tn_bytes, out: *mut *mut tn_module) -> *mut tn_error {
    guard(|| {
        limits::check_size("module", wasm.size, limits::WASM_BYTES_MAX)?;
        let bytes = unsafe { wasm.as_slice() };
        let engine = unsafe { &(*engine).engine };
        check_nesting(bytes)?;
        let module = on_large_stack(|| Module::from_binary(engine, bytes).map_err(compile_failure))?;
        unsafe { *out = tn_module::new(module) };
        Ok(())
    })
}

/// Validates `wasm` without compiling it. Errors as `tn_module_compile`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tn_module_validate(engine: *const tn_engine, wasm: tn_bytes) -> *mut tn_error {
    guard(|| {
        limits::check_size("module", wasm.size, limits::WASM_BYTES_MAX)?;
        let bytes = unsafe { wasm.as_slice() };
        let engine = unsafe { &(*engine).engine };
        on_large_stack(|| Module::validate(engine, bytes).map_err(compile_failure))
    })
}

/// The module's compiled form, to be given to `tn_module_deserialize` of an engine with the same fingerprint.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tn_module_serialize(module: *const tn_module, out: *mut tn_buffer) -> *mut tn_error {
    guard(|| {
        let bytes = unsafe { &*module }.module.serialize().map_err(|error| Failure::new(ErrorKind::Unavailable, format!("serialize: {error:#}")))?;
        unsafe { *out = bytes.into() };
        Ok(())
    })
}

/// A module out of its compiled form. The bytes become machine code that runs: only what `tn_module_serialize` made and nobody changed may come here.
/// Error: `InvalidInput` when they are of another version or configuration.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tn_module_deserialize(engine: *const tn_engine, code: tn_bytes, out: *mut *mut tn_module) -> *mut tn_error {
    guard(|| unsafe {
        let module = Module::deserialize(&(*engine).engine, code.as_slice()).map_err(compile_failure)?;
        *out = tn_module::new(module);
        Ok(())
    })
}

/// `tn_module_deserialize` of a whole file that is mapped, not read: nobody may change it afterwards. `fd` stays the caller's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tn_module_deserialize_fd(engine: *const tn_engine, fd: RawFd, out: *mut *mut tn_module) -> *mut tn_error {
    guard(|| unsafe {
        let file = BorrowedFd::borrow_raw(fd).try_clone_to_owned().map_err(|error| Failure::new(ErrorKind::Unavailable, format!("file descriptor {fd}: {error}")))?;
        let module = Module::deserialize_open_file(&(*engine).engine, File::from(file)).map_err(compile_failure)?;
        *out = tn_module::new(module);
        Ok(())
    })
}

/// Ends the caller's hold on a module. Null is ignored.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tn_module_free(module: *mut tn_module) {
    if !module.is_null() {
        guard_value((), || drop(unsafe { Box::from_raw(module) }));
    }
}

/// The module's own name from its name section; empty when it has none. Valid as long as the module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tn_module_name(module: *const tn_module) -> tn_bytes {
    tn_bytes::view(unsafe { &*module }.module.name().unwrap_or("").as_bytes())
}

/// Bytes of machine code.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tn_module_code_size(module: *const tn_module) -> usize {
    guard_value(0, || unsafe { &*module }.module.text().len())
}

/// What an instance of a module takes from its store beside its code: the tables and memories that it defines, not those that it imports.
#[repr(C)]
#[derive(Clone, Copy, Default)]
#[allow(non_camel_case_types)]
pub struct tn_needs {
    pub tables: u32,
    pub memories: u32,
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn tn_module_needs(module: *const tn_module) -> tn_needs {
    guard_value(tn_needs { tables: u32::MAX, memories: u32::MAX }, || {
        let needs = unsafe { &*module }.module.resources_required();
        tn_needs { tables: needs.num_tables, memories: needs.num_memories }
    })
}

/// An import or an export of a module. The texts are valid as long as the module.
#[repr(C)]
#[derive(Clone, Copy)]
#[allow(non_camel_case_types)]
pub struct tn_module_item {
    /// Imports: the first of the two names.
    pub module: tn_bytes,
    pub name: tn_bytes,
    /// `TN_FUNC` … `TN_OTHER`, `TN_TAG`.
    pub kind: u32,
    /// Functions: type codes of the parameters, and of the results.
    pub params: tn_bytes,
    pub results: tn_bytes,
    /// Memories and tables.
    pub limits: tn_limits,
    /// Globals: type code, and whether it is mutable.
    pub global: u8,
    pub is_mutable: u8,
}

fn item_out(item: &Item) -> tn_module_item {
    let (params, results) = item.codes.split_at(item.params);
    tn_module_item {
        module: tn_bytes::view(item.module.as_bytes()),
        name: tn_bytes::view(item.name.as_bytes()),
        kind: item.kind,
        params: tn_bytes::view(params),
        results: tn_bytes::view(results),
        limits: item.limits,
        global: item.global,
        is_mutable: item.is_mutable,
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn tn_module_import_count(module: *const tn_module) -> usize {
    guard_value(0, || unsafe { &*module }.items().imports.len())
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn tn_module_export_count(module: *const tn_module) -> usize {
    guard_value(0, || unsafe { &*module }.items().exports.len())
}

/// Import `index`, which is below `tn_module_import_count`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tn_module_import(module: *const tn_module, index: usize) -> tn_module_item {
    item_out(&unsafe { &*module }.items().imports[index])
}

/// Export `index`, which is below `tn_module_export_count`. The same index finds it in an instance.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tn_module_export(module: *const tn_module, index: usize) -> tn_module_item {
    item_out(&unsafe { &*module }.items().exports[index])
}
