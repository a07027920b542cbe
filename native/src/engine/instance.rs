//! Instances: a module with its imports, alive in a store.

use wasmtime::{Extern, Instance, InstancePre};

use super::extern_::*;
use super::failure::run_failure;
use super::host::{HOST_NAMESPACE, tn_host_set};
use super::module::tn_module;
use super::store::{Context, Data, context, tn_context};
use crate::ffi::{ErrorKind, Failure, guard, guard_fast, guard_value, tn_bytes, tn_error};

/// An instance of a store.
#[repr(C)]
#[derive(Clone, Copy)]
#[allow(non_camel_case_types)]
pub struct tn_instance {
    pub words: [u64; 2],
}

impl From<Instance> for tn_instance {
    fn from(instance: Instance) -> Self {
        const { assert!(size_of::<Instance>() == 16) };
        let mut handle = tn_instance { words: [0; 2] };
        // SAFETY: the size is asserted; an `Instance` is `Copy` plain data.
        unsafe { std::ptr::from_mut(&mut handle.words).cast::<Instance>().write(instance) };
        handle
    }
}

impl tn_instance {
    /// # Safety
    /// The handle was made from an `Instance`.
    unsafe fn get(&self) -> Instance {
        unsafe { std::ptr::from_ref(&self.words).cast::<Instance>().read() }
    }
}

/// A module whose imports are all host functions, ready to be instantiated. Immutable; shared between threads.
#[allow(non_camel_case_types)]
pub struct tn_instance_pre {
    pre: InstancePre<Data>,
}

/// What was counted for an instance that did not come about is given back, unless the instance lives on behind a trap.
fn give_back(ctx: *mut tn_context, before: super::store::tn_store_figures, failure: Failure) -> Failure {
    if failure.trap.is_none() {
        let mut store = unsafe { context(ctx) };
        let figures = &mut store.data_mut().figures;
        let refused = figures.refusals != before.refusals;
        figures.memory_bytes = before.memory_bytes;
        figures.table_elements = before.table_elements;
        if refused && failure.kind == ErrorKind::InvalidInput {
            return Failure { kind: ErrorKind::LimitExceeded, ..failure };
        }
    }
    failure
}

/// Instances whose exports imports may name (`TN_EXPORT`), and the module that each was made from; null for one that is not to be named.
#[repr(C)]
#[derive(Clone, Copy)]
#[allow(non_camel_case_types)]
pub struct tn_instances {
    pub instances: *const tn_instance,
    pub modules: *const *const tn_module,
    pub count: usize,
}

impl tn_instances {
    unsafe fn export(&self, ctx: &mut Context<'_>, of: tn_export_of) -> Result<Extern, Failure> {
        let (at, ordinal) = (of.instance as usize, of.ordinal as usize);
        let module = if at < self.count { unsafe { *self.modules.add(at) } } else { std::ptr::null() };
        if module.is_null() {
            return Err(Failure::new(ErrorKind::NotFound, format!("there is no instance {at}")));
        }
        unsafe { export_of(ctx, &*self.instances.add(at), &*module, ordinal) }
    }
}

unsafe fn export_of(ctx: &mut Context<'_>, instance: &tn_instance, module: &tn_module, ordinal: usize) -> Result<Extern, Failure> {
    let export = module.export(ordinal).ok_or_else(|| Failure::new(ErrorKind::NotFound, format!("the module has no export {ordinal}")))?;
    unsafe { instance.get() }.get_module_export(ctx, export).ok_or_else(|| Failure::new(ErrorKind::NotFound, "the instance is of another module"))
}

unsafe fn collect_imports(ctx: &mut Context<'_>, set: *const tn_host_set, made: tn_instances, imports: &[tn_extern], externs: &mut Vec<Extern>) -> Result<(), Failure> {
    externs.reserve(imports.len());
    for import in imports {
        externs.push(unsafe {
            match import.kind {
                TN_HOST_FUNC if set.is_null() => return Err(Failure::invalid("a host function was given without a host set")),
                TN_HOST_FUNC => Extern::Func((*set).func(ctx, import.of.index)?),
                TN_EXPORT => made.export(ctx, import.of.export_of)?,
                _ => extern_in(ctx, import)?,
            }
        });
    }
    Ok(())
}

/// Instantiates `module` with `imports` in the order of its imports, and runs its start function. `set` may be null when no import is `TN_HOST_FUNC`; `made`
/// counts for imports that are `TN_EXPORT`.
///
/// Errors: `InvalidInput` when an import has the wrong type, with its name and both types; `NotFound` for an export that does not exist; `LimitExceeded`
/// when a limit or pool has no room; what the start function ended with.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tn_instantiate(
    ctx: *mut tn_context,
    module: *const tn_module,
    set: *const tn_host_set,
    made: tn_instances,
    imports: *const tn_extern,
    count: usize,
    out: *mut tn_instance,
) -> *mut tn_error {
    guard_fast(|| unsafe {
        let mut store = context(ctx);
        let module = &(*module).module;
        let imports = if count == 0 { &[] } else { std::slice::from_raw_parts(imports, count) };
        // A start function may come back here for another instance of the store; it then finds no room and makes its own.
        let mut externs = std::mem::take(&mut store.data_mut().imports);
        collect_imports(&mut store, set, made, imports, &mut externs)?;
        let before = store.data().figures;
        let instance = Instance::new(&mut store, module, &externs).map_err(|error| give_back(ctx, before, run_failure(error)))?;
        for (import, item) in imports.iter().zip(&externs) {
            if let (TN_HOST_FUNC, Extern::Func(func)) = (import.kind, item) {
                (*set).capture(&mut store, import.of.index, func, module);
            }
        }
        externs.clear();
        store.data_mut().imports = externs;
        *out = instance.into();
        Ok(())
    })
}

/// Prepares `module` whose import `i` is function `indices[i]` of `set`, for all imports. Errors: `InvalidInput` when a type differs.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tn_instance_pre_new(module: *const tn_module, set: *const tn_host_set, indices: *const u32, count: usize, out: *mut *mut tn_instance_pre) -> *mut tn_error {
    guard(|| unsafe {
        let (module, set) = (&(*module).module, &*set);
        let imports: Vec<_> = module.imports().collect();
        if imports.len() != count {
            return Err(Failure::invalid(format!("the module has {} imports, {count} were given", imports.len())));
        }
        let mut linker = set.linker.clone();
        linker.allow_shadowing(true);
        let failure = |error: wasmtime::Error| Failure::invalid(format!("{error:#}"));
        let mut seen = std::collections::HashMap::new();
        for (i, import) in imports.iter().enumerate() {
            let index = *indices.add(i);
            let name = set.names.get(index as usize).ok_or_else(|| Failure::invalid(format!("there is no host function {index}")))?;
            let key = (import.module(), import.name());
            if key.0 == HOST_NAMESPACE || *seen.entry(key).or_insert(index) != index {
                return Err(Failure::new(ErrorKind::Unsupported, "the same name is imported twice"));
            }
            linker.alias(HOST_NAMESPACE, name, key.0, key.1).map_err(failure)?;
        }
        let pre = linker.instantiate_pre(module).map_err(failure)?;
        *out = Box::into_raw(Box::new(tn_instance_pre { pre }));
        Ok(())
    })
}

/// Ends a prepared module. Null is ignored.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tn_instance_pre_free(pre: *mut tn_instance_pre) {
    if !pre.is_null() {
        guard_value((), || drop(unsafe { Box::from_raw(pre) }));
    }
}

/// Instantiates a prepared module. Errors as `tn_instantiate`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tn_instance_pre_instantiate(ctx: *mut tn_context, pre: *const tn_instance_pre, out: *mut tn_instance) -> *mut tn_error {
    guard_fast(|| unsafe {
        let mut store = context(ctx);
        let before = store.data().figures;
        *out = (*pre).pre.instantiate(&mut store).map_err(|error| give_back(ctx, before, run_failure(error)))?.into();
        Ok(())
    })
}

/// Export `index` of an instance of `module` (the module that it was made from). Error: `NotFound`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tn_instance_export(ctx: *mut tn_context, instance: *const tn_instance, module: *const tn_module, index: usize, out: *mut tn_extern) -> *mut tn_error {
    guard_fast(|| unsafe {
        let mut store = context(ctx);
        let item = export_of(&mut store, &*instance, &*module, index)?;
        *out = extern_out(&mut store, item);
        Ok(())
    })
}

/// The shared memory that is exported as `name`: it can be imported in any store of the engine. The caller frees it.
/// Errors: `NotFound`; `InvalidInput` when the export is something else.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tn_instance_export_shared_memory(ctx: *mut tn_context, instance: *const tn_instance, name: tn_bytes, out: *mut *mut tn_shared_memory) -> *mut tn_error {
    guard(|| unsafe {
        let mut store = context(ctx);
        let name = name.as_str("the name")?;
        let Some(item) = (*instance).get().get_export(&mut store, name) else {
            return Err(Failure::new(ErrorKind::NotFound, format!("there is no export \"{name}\"")));
        };
        let Extern::SharedMemory(memory) = item else {
            return Err(Failure::invalid(format!("the export \"{name}\" is no shared memory")));
        };
        *out = Box::into_raw(Box::new(tn_shared_memory { memory }));
        Ok(())
    })
}

/// The export called `name`. Error: `NotFound`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tn_instance_export_named(ctx: *mut tn_context, instance: *const tn_instance, name: tn_bytes, out: *mut tn_extern) -> *mut tn_error {
    guard(|| unsafe {
        let mut store = context(ctx);
        let name = name.as_str("the name")?;
        let item = (*instance).get().get_export(&mut store, name).ok_or_else(|| Failure::new(ErrorKind::NotFound, format!("there is no export \"{name}\"")))?;
        *out = extern_out(&mut store, item);
        Ok(())
    })
}
