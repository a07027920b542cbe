//! The C ABI as C++ calls it, where C++ cannot look: what the engine's own description says of the layouts that this code relies on.

use std::ffi::c_void;
use std::ptr::{null, null_mut};

use wasmtime_environ::PtrSize;

use super::*;
use crate::ffi::{ErrorKind, tn_bytes, tn_error, tn_error_free, tn_error_kind};

fn config() -> tn_engine_config {
    let unset = u64::MAX;
    tn_engine_config {
        pooling: 0,
        copy_on_write: 1,
        fuel: 0,
        epoch: 0,
        parallel_compilation: 0,
        opt_level: 0,
        nan_canonicalization: 0,
        relaxed_simd_deterministic: 0,
        wasm_multi_memory: 0,
        wasm_memory64: 0,
        wasm_threads: 0,
        wasm_exceptions: 0,
        wasm_gc: 0,
        wasm_relaxed_simd: 0,
        shared_memory: 0,
        memory_may_move: 1,
        max_wasm_stack: unset,
        memory_reservation: unset,
        memory_reservation_for_growth: unset,
        memory_guard_bytes: unset,
        pool_instances: unset,
        pool_memories: unset,
        pool_tables: unset,
        pool_memory_bytes: unset,
        pool_instance_bytes: unset,
        pool_table_elements: unset,
        pool_memories_per_module: unset,
        pool_tables_per_module: unset,
        pool_memory_keep_resident: unset,
        pool_table_keep_resident: unset,
        pool_unused_warm_slots: unset,
        pool_decommit_batch: unset,
    }
}

const NONE: tn_instances = tn_instances { instances: null(), modules: null(), count: 0 };

fn made<T>(make: impl FnOnce(*mut *mut T) -> *mut tn_error) -> *mut T {
    let mut out = null_mut();
    let error = make(&mut out);
    assert!(error.is_null(), "{}", unsafe { &(*error).failure.message });
    out
}

fn engine(config: tn_engine_config) -> *mut tn_engine {
    made(|out| unsafe { tn_engine_new(&config, out) })
}

fn module(engine: *mut tn_engine, text: &str) -> *mut tn_module {
    let bytes = wat::parse_str(text).unwrap();
    made(|out| unsafe { tn_module_compile(engine, tn_bytes::view(&bytes), out) })
}

fn store(engine: *mut tn_engine) -> *mut tn_store {
    let limits = tn_store_limits { memory_bytes: u64::MAX, table_elements: u64::MAX, instances: 100, memories: 100, tables: 100, trap_on_grow_failure: 0 };
    made(|out| unsafe { tn_store_new(engine, &limits, null_mut(), out) })
}

unsafe extern "C" fn add_env(env: *mut c_void, _data: *mut c_void, _ctx: *mut tn_context, values: *mut tn_val, count: usize) -> *mut tn_error {
    assert_eq!(count, 1);
    unsafe { (*values).i32 += env as usize as i32 };
    null_mut()
}

fn host_set(engine: *mut tn_engine, count: usize) -> *mut tn_host_set {
    static I32: [u8; 1] = [TN_TYPE_I32];
    let definitions: Vec<_> =
        (0..count).map(|i| tn_host_definition { params: tn_bytes::view(&I32), results: tn_bytes::view(&I32), function: Some(add_env), env: i as *mut c_void }).collect();
    made(|out| unsafe { tn_host_set_new(engine, definitions.as_ptr(), count, out) })
}

fn host_import(index: u32) -> tn_extern {
    tn_extern { kind: TN_HOST_FUNC, of: tn_extern_item { index } }
}

fn expect_kind(error: *mut tn_error, kind: ErrorKind) {
    assert!(!error.is_null());
    assert_eq!(unsafe { tn_error_kind(error) }, kind as u8, "{}", unsafe { &(*error).failure.message });
    unsafe { tn_error_free(error) };
}

const CALLER: &str = r#"(module (import "h" "a" (func $a (param i32) (result i32))) (import "h" "b" (func $b (param i32) (result i32)))
  (func (export "run") (param i32) (result i32) (call $b (call $a (local.get 0)))))"#;

fn run(store: *mut tn_store, module: *mut tn_module, set: *mut tn_host_set, argument: i32) -> i32 {
    let imports = [host_import(1), host_import(2)];
    let mut instance = tn_instance { words: [0; 2] };
    let mut export = tn_extern { kind: TN_OTHER, of: tn_extern_item { index: 0 } };
    let mut value = tn_val { i32: argument };
    unsafe {
        let ctx = tn_store_context(store);
        assert!(tn_instantiate(ctx, module, set, NONE, imports.as_ptr(), imports.len(), &mut instance).is_null());
        assert!(tn_instance_export(ctx, &instance, module, 0, &mut export).is_null());
        assert!(tn_func_call(ctx, export.of.func, &mut value, 1).is_null());
        value.i32
    }
}

#[test]
fn function_references_are_laid_out_as_the_host_set_copies_them() {
    let pointer = 8u8;
    assert_eq!(usize::from(pointer.vm_func_ref().size()), host::REFERENCE_WORDS * 8);
    assert_eq!(usize::from(pointer.vm_func_ref().wasm_call()), host::REFERENCE_WASM_CALL * 8);
}

#[test]
fn captured_host_functions_work_in_later_stores_and_after_their_first_store_is_gone() {
    let engine = engine(config());
    let module = module(engine, CALLER);
    let set = host_set(engine, 3);
    for round in 0..4 {
        let store = store(engine);
        assert_eq!(run(store, module, set, round), round + 3);
        // The second instance of a store takes the captured references too.
        assert_eq!(run(store, module, set, 10), 13);
        unsafe { tn_store_free(store) };
        assert!(unsafe { (*set).is_captured(1) && (*set).is_captured(2) && !(*set).is_captured(0) });
    }
    unsafe {
        tn_host_set_free(set);
        tn_module_free(module);
        tn_engine_free(engine);
    }
}

#[test]
fn prepared_modules_check_types_and_counts() {
    let engine = engine(config());
    let module_ = module(engine, CALLER);
    let other = module(engine, r#"(module (import "h" "a" (func (param i64))))"#);
    let set = host_set(engine, 3);
    let mut pre = null_mut();
    unsafe {
        expect_kind(tn_instance_pre_new(module_, set, [0, 1, 2].as_ptr(), 3, &mut pre), ErrorKind::InvalidInput);
        expect_kind(tn_instance_pre_new(module_, set, [0, 3].as_ptr(), 2, &mut pre), ErrorKind::InvalidInput);
        expect_kind(tn_instance_pre_new(other, set, [0].as_ptr(), 1, &mut pre), ErrorKind::InvalidInput);
        let pre = made(|out| tn_instance_pre_new(module_, set, [2, 2].as_ptr(), 2, out));
        let store = store(engine);
        let mut instance = tn_instance { words: [0; 2] };
        assert!(tn_instance_pre_instantiate(tn_store_context(store), pre, &mut instance).is_null());
        tn_store_free(store);
        tn_instance_pre_free(pre);
        tn_host_set_free(set);
    }
}

#[test]
fn a_host_function_without_a_set_or_of_no_index_is_refused() {
    let engine = engine(config());
    let module = module(engine, CALLER);
    let set = host_set(engine, 1);
    let store = store(engine);
    let mut instance = tn_instance { words: [0; 2] };
    let imports = [host_import(0), host_import(7)];
    unsafe {
        let ctx = tn_store_context(store);
        expect_kind(tn_instantiate(ctx, module, null(), NONE, imports.as_ptr(), 2, &mut instance), ErrorKind::InvalidInput);
        expect_kind(tn_instantiate(ctx, module, set, NONE, imports.as_ptr(), 2, &mut instance), ErrorKind::InvalidInput);
    }
}

#[test]
fn an_import_names_an_export_of_an_instance_that_is_given() {
    let engine = engine(config());
    let first = module(engine, r#"(module (global (export "g") i32 (i32.const 1)) (func (export "f") (result i32) (i32.const 42)))"#);
    let second = module(engine, r#"(module (import "" "" (func $f (result i32))) (func (export "call") (result i32) (call $f)))"#);
    let store = store(engine);
    let ctx = unsafe { tn_store_context(store) };
    let mut instances = [tn_instance { words: [0; 2] }; 2];
    let modules = [first.cast_const(), null()];
    let import = |instance, ordinal| tn_extern { kind: TN_EXPORT, of: tn_extern_item { export_of: tn_export_of { instance, ordinal } } };
    unsafe {
        assert!(tn_instantiate(ctx, first, null(), NONE, null(), 0, &mut instances[0]).is_null());
        let given = tn_instances { instances: instances.as_ptr(), modules: modules.as_ptr(), count: 2 };
        let mut made = tn_instance { words: [0; 2] };
        assert!(tn_instantiate(ctx, second, null(), given, &import(0, 1), 1, &mut made).is_null());
        let mut call = std::mem::MaybeUninit::<tn_extern>::uninit();
        assert!(tn_instance_export(ctx, &made, second, 0, call.as_mut_ptr()).is_null());
        let mut values = [tn_val { i32: 0 }];
        assert!(tn_func_call(ctx, call.assume_init().of.func, values.as_mut_ptr(), 1).is_null());
        assert_eq!(values[0].i32, 42);
        // Of another type, past the end, of an instance that may not be named, of one that is not given.
        expect_kind(tn_instantiate(ctx, second, null(), given, &import(0, 0), 1, &mut made), ErrorKind::InvalidInput);
        for (instance, ordinal) in [(0, 2), (1, 0), (2, 0), (u32::MAX, 0)] {
            expect_kind(tn_instantiate(ctx, second, null(), given, &import(instance, ordinal), 1, &mut made), ErrorKind::NotFound);
        }
        tn_store_free(store);
    }
}

#[test]
fn a_module_of_another_engine_is_refused() {
    let (first, second) = (engine(config()), engine(config()));
    let module = module(first, "(module)");
    let store = store(second);
    let mut instance = tn_instance { words: [0; 2] };
    expect_kind(unsafe { tn_instantiate(tn_store_context(store), module, null(), NONE, null(), 0, &mut instance) }, ErrorKind::InvalidInput);
}

#[test]
fn a_handle_of_another_store_is_an_error_not_a_crash() {
    let engine = engine(config());
    let (first, second) = (store(engine), store(engine));
    let limits = tn_limits { minimum: 1, ..tn_limits::default() };
    let mut memory = std::mem::MaybeUninit::<tn_memory>::uninit();
    unsafe {
        assert!(tn_memory_new(tn_store_context(first), limits, memory.as_mut_ptr()).is_null());
        let mut former = 0;
        expect_kind(tn_memory_grow(tn_store_context(second), memory.as_ptr(), 1, &mut former), ErrorKind::Unavailable);
        assert!(tn_memory_data(tn_store_context(second), memory.as_ptr()).data.is_null());
    }
}

#[test]
fn an_engine_refuses_choices_that_are_none() {
    let mut out = null_mut();
    let wrong = [tn_engine_config { opt_level: 3, ..config() }, tn_engine_config { wasm_gc: 3, ..config() }, tn_engine_config { pooling: 1, pool_tables: 1 << 40, ..config() }];
    for config in wrong {
        expect_kind(unsafe { tn_engine_new(&config, &mut out) }, ErrorKind::InvalidInput);
    }
}
