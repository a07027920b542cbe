//! Host functions: made once for an engine, imported by any store.

use std::ffi::c_void;
use std::mem::{MaybeUninit, size_of};
use std::sync::OnceLock;

use wasmtime::{AsContextMut, Caller, FuncType, Linker, Module, ValRaw};

use super::config::tn_engine;
use super::extern_::{tn_func, tn_val, type_of_code};
use super::failure::HostFailure;
use super::store::{Context, Data, context_pointer, tn_context};
use crate::ffi::{Failure, guard, guard_value, tn_bytes, tn_error};
use crate::limits;

/// A function of the host's. `values` holds the arguments and receives the results; it has room for the larger of both. Returns null, or an error (made with
/// `tn_error_new`, or one that a nested call returned) that ends the guest's call. Nothing may unwind out of it.
#[allow(non_camel_case_types)]
pub type tn_host_function =
    Option<unsafe extern "C" fn(env: *mut c_void, data: *mut c_void, ctx: *mut tn_context, values: *mut tn_val, count: usize) -> *mut tn_error>;

/// One function to be made: type codes of parameters and results, the function and its `env`, which outlives the host set.
#[repr(C)]
#[derive(Clone, Copy)]
#[allow(non_camel_case_types)]
pub struct tn_host_definition {
    pub params: tn_bytes,
    pub results: tn_bytes,
    pub function: tn_host_function,
    pub env: *mut c_void,
}

/// What a function reference consists of. Its words are the same in every store for a host function, once a module that imports
/// the function's type has been instantiated; they are then kept so that later stores need not make a new one.
struct Captured {
    reference: [MaybeUninit<usize>; REFERENCE_WORDS],
    /// Holds the code that the reference's second word points to.
    _module: Module,
}

// SAFETY: the words are written once and point to code and to the host function, which this set keeps alive.
unsafe impl Send for Captured {}
unsafe impl Sync for Captured {}

/// A set of host functions. Immutable; shared between threads; outlives every store that imports one of its functions.
#[allow(non_camel_case_types)]
pub struct tn_host_set {
    pub(crate) linker: Linker<Data>,
    pub(crate) names: Vec<String>,
    captured: Vec<OnceLock<Captured>>,
}

/// The name that the set's linker knows its functions under.
pub(crate) const HOST_NAMESPACE: &str = "host";

/// Words of the engine's function reference, and which of them is null until a module lends its entry code.
pub(super) const REFERENCE_WORDS: usize = 4;
pub(super) const REFERENCE_WASM_CALL: usize = 1;

struct Env(*mut c_void);

// SAFETY: the definition's owner promises that `env` may be used from any thread.
unsafe impl Send for Env {}
unsafe impl Sync for Env {}

fn define(linker: &mut Linker<Data>, name: &str, definition: &tn_host_definition) -> Result<(), Failure> {
    let codes = |bytes: tn_bytes| unsafe { bytes.as_slice() }.iter().map(|&code| type_of_code(code)).collect::<Result<Vec<_>, _>>();
    let ty = FuncType::new(linker.engine(), codes(definition.params)?, codes(definition.results)?);
    let function = definition.function.ok_or_else(|| Failure::invalid("a host function is null"))?;
    let env = Env(definition.env);
    let body = move |mut caller: Caller<'_, Data>, values: &mut [MaybeUninit<ValRaw>]| {
        let env = &env;
        let data = caller.data().user;
        let ctx = context_pointer(caller.as_context_mut());
        // SAFETY: `function` keeps to the contract of `tn_host_function`.
        let error = unsafe { function(env.0, data, ctx, values.as_mut_ptr().cast(), values.len()) };
        if error.is_null() {
            return Ok(());
        }
        // SAFETY: the callee gives the error away.
        Err(wasmtime::Error::new(HostFailure(unsafe { Box::from_raw(error) }.failure)))
    };
    // SAFETY: values are passed in the engine's own form and by the type given.
    unsafe { linker.func_new_unchecked(HOST_NAMESPACE, name, ty, body) }.map_err(|error| Failure::invalid(format!("{error:#}")))?;
    Ok(())
}

/// Makes a set of host functions. Error: `InvalidInput` for types that the host cannot use; `LimitExceeded` for too many.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tn_host_set_new(engine: *const tn_engine, definitions: *const tn_host_definition, count: usize, out: *mut *mut tn_host_set) -> *mut tn_error {
    guard(|| {
        limits::check_size("host functions", count, limits::MODULE_ITEMS_MAX)?;
        let mut linker = Linker::new(unsafe { &(*engine).engine });
        let names: Vec<String> = (0..count).map(|i| i.to_string()).collect();
        for (i, name) in names.iter().enumerate() {
            define(&mut linker, name, unsafe { &*definitions.add(i) })?;
        }
        let captured = (0..count).map(|_| OnceLock::new()).collect();
        unsafe { *out = Box::into_raw(Box::new(tn_host_set { linker, names, captured })) };
        Ok(())
    })
}

/// Ends a host set. Every store that used it is gone by now. Null is ignored.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tn_host_set_free(set: *mut tn_host_set) {
    if !set.is_null() {
        guard_value((), || drop(unsafe { Box::from_raw(set) }));
    }
}

impl tn_host_set {
    /// Function `index` for the store of `ctx`.
    pub(crate) fn func(&self, ctx: &mut Context<'_>, index: u32) -> Result<wasmtime::Func, Failure> {
        let index = index as usize;
        if let Some(captured) = self.captured.get(index).and_then(OnceLock::get) {
            // SAFETY: see `Captured`: the words hold nothing of the store that they were read in.
            let raw = captured.reference.as_ptr().cast_mut().cast::<c_void>();
            return unsafe { wasmtime::Func::from_raw(ctx, raw) }.ok_or_else(|| Failure::invalid("the function is null"));
        }
        let name = self.names.get(index).ok_or_else(|| Failure::invalid(format!("there is no host function {index}")))?;
        let unknown = || Failure::invalid(format!("host function {index} is unknown"));
        self.linker.get(ctx, HOST_NAMESPACE, name).ok().and_then(|item| item.into_func()).ok_or_else(unknown)
    }

    #[cfg(test)]
    pub(super) fn is_captured(&self, index: usize) -> bool {
        self.captured[index].get().is_some()
    }

    /// Keeps the reference of a function that `func` made and that `module` has just imported.
    pub(crate) fn capture(&self, ctx: &mut Context<'_>, index: u32, func: &wasmtime::Func, module: &Module) {
        let Some(slot) = self.captured.get(index as usize) else { return };
        if slot.get().is_some() {
            return;
        }
        let words = func.to_raw(ctx).cast::<usize>();
        // SAFETY: the engine's function reference has these words (asserted in the tests against its own description); one has padding.
        let (wasm_call, reference) = unsafe { (words.add(REFERENCE_WASM_CALL).read(), words.cast::<[MaybeUninit<usize>; REFERENCE_WORDS]>().read()) };
        if wasm_call != 0 {
            let _ = slot.set(Captured { reference, _module: module.clone() });
        }
    }
}

const _: () = assert!(size_of::<usize>() == 8);

/// Function `index` of the set as a function of the store: callable, and storable in tables and globals.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tn_host_set_func(set: *const tn_host_set, ctx: *mut tn_context, index: u32, out: *mut tn_func) -> *mut tn_error {
    guard(|| unsafe {
        let mut store = super::store::context(ctx);
        *out = tn_func { raw: (*set).func(&mut store, index)?.to_raw(&mut store) };
        Ok(())
    })
}
