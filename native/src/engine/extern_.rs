//! Functions, memories, tables and globals: handles as plain data.

use std::ffi::c_void;
use std::mem::{MaybeUninit, size_of};

use wasmtime::{Extern, Func, Global, GlobalType, HeapType, Memory, MemoryType, Mutability, Ref, RefType, SharedMemory, Table, TableType, Tag, V128, Val, ValRaw, ValType};

use super::failure::run_failure;
use super::store::{Context, context, tn_context};
use crate::ffi::{ErrorKind, Failure, guard, guard_fast, guard_value, tn_error};

/// One core value as it passes between host and guest. Which member counts is the function type's affair; numbers are little endian.
#[repr(C)]
#[derive(Clone, Copy)]
#[allow(non_camel_case_types)]
pub union tn_val {
    pub i32: i32,
    pub u32: u32,
    pub i64: i64,
    pub u64: u64,
    pub f32: f32,
    pub f64: f64,
    pub v128: [u8; 16],
    /// A `tn_func`'s `raw`, or null.
    pub funcref: *mut c_void,
    /// Opaque; not kept over a call.
    pub externref: u32,
}

const _: () = assert!(size_of::<tn_val>() == size_of::<ValRaw>() && align_of::<tn_val>() <= align_of::<ValRaw>());

/// A function of a store. Null `raw` is no function.
#[repr(C)]
#[derive(Clone, Copy)]
#[allow(non_camel_case_types)]
pub struct tn_func {
    pub raw: *mut c_void,
}

/// A linear memory of a store.
#[repr(C)]
#[derive(Clone, Copy)]
#[allow(non_camel_case_types)]
pub struct tn_memory {
    pub words: [MaybeUninit<u64>; 3],
}

/// A table of a store.
#[repr(C)]
#[derive(Clone, Copy)]
#[allow(non_camel_case_types)]
pub struct tn_table {
    pub words: [MaybeUninit<u64>; 3],
}

/// A global of a store.
#[repr(C)]
#[derive(Clone, Copy)]
#[allow(non_camel_case_types)]
pub struct tn_global {
    pub words: [MaybeUninit<u64>; 3],
}

/// An exception tag of a store.
#[repr(C)]
#[derive(Clone, Copy)]
#[allow(non_camel_case_types)]
pub struct tn_tag {
    pub words: [MaybeUninit<u64>; 3],
}

macro_rules! handle {
    ($name:ident, $inner:ty) => {
        impl From<$inner> for $name {
            fn from(inner: $inner) -> Self {
                const { assert!(size_of::<$inner>() <= size_of::<$name>() && align_of::<$inner>() <= align_of::<$name>()) };
                let mut handle = $name { words: [MaybeUninit::new(0); 3] };
                // SAFETY: the size is asserted; `$inner` is `Copy` plain data.
                unsafe { std::ptr::from_mut(&mut handle.words).cast::<$inner>().write(inner) };
                handle
            }
        }

        impl $name {
            /// # Safety
            /// The handle was made from an `$inner`.
            pub(crate) unsafe fn get(&self) -> $inner {
                unsafe { std::ptr::from_ref(&self.words).cast::<$inner>().read() }
            }
        }
    };
}

handle!(tn_memory, Memory);
handle!(tn_table, Table);
handle!(tn_global, Global);
handle!(tn_tag, Tag);

/// The kinds of imports and exports.
pub const TN_FUNC: u32 = 0;
pub const TN_TABLE: u32 = 1;
pub const TN_MEMORY: u32 = 2;
pub const TN_GLOBAL: u32 = 3;
/// A shared memory, in lists and as an export; `tn_instance_export_shared_memory` hands it out.
pub const TN_OTHER: u32 = 4;
/// An import only: function `index` of the instantiation's host set.
pub const TN_HOST_FUNC: u32 = 5;
/// An exception tag: handed from one instance to another, of no use to the host itself.
pub const TN_TAG: u32 = 6;
/// An import only: a shared memory, which need not be of the store.
pub const TN_SHARED_MEMORY: u32 = 8;

/// A memory that threads share. Any thread; alive as long as this handle or an instance holds it.
#[allow(non_camel_case_types)]
pub struct tn_shared_memory {
    pub(crate) memory: SharedMemory,
}

/// Ends the caller's hold on a shared memory. Null is ignored.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tn_shared_memory_free(memory: *mut tn_shared_memory) {
    if !memory.is_null() {
        guard_value((), || drop(unsafe { Box::from_raw(memory) }));
    }
}

/// An import only: an export of an instance that is given to the instantiation.
pub const TN_EXPORT: u32 = 7;

/// The export at `ordinal`, in the order of its module's exports, of the instance at `instance` of those given.
#[repr(C)]
#[derive(Clone, Copy)]
#[allow(non_camel_case_types)]
pub struct tn_export_of {
    pub instance: u32,
    pub ordinal: u32,
}

/// What an item is, by `tn_extern::kind`.
#[repr(C)]
#[derive(Clone, Copy)]
#[allow(non_camel_case_types)]
pub union tn_extern_item {
    pub func: tn_func,
    pub table: tn_table,
    pub memory: tn_memory,
    pub global: tn_global,
    pub tag: tn_tag,
    /// `TN_HOST_FUNC`.
    pub index: u32,
    /// `TN_EXPORT`.
    pub export_of: tn_export_of,
    /// `TN_SHARED_MEMORY`; borrowed.
    pub shared_memory: *const tn_shared_memory,
}

/// An import or an export.
#[repr(C)]
#[derive(Clone, Copy)]
#[allow(non_camel_case_types)]
pub struct tn_extern {
    pub kind: u32,
    pub of: tn_extern_item,
}

pub(crate) fn extern_out(ctx: &mut Context<'_>, item: Extern) -> tn_extern {
    match item {
        Extern::Func(func) => tn_extern { kind: TN_FUNC, of: tn_extern_item { func: tn_func { raw: func.to_raw(ctx) } } },
        Extern::Table(table) => tn_extern { kind: TN_TABLE, of: tn_extern_item { table: table.into() } },
        Extern::Memory(memory) => tn_extern { kind: TN_MEMORY, of: tn_extern_item { memory: memory.into() } },
        Extern::Global(global) => tn_extern { kind: TN_GLOBAL, of: tn_extern_item { global: global.into() } },
        Extern::Tag(tag) => tn_extern { kind: TN_TAG, of: tn_extern_item { tag: tag.into() } },
        Extern::SharedMemory(_) => tn_extern { kind: TN_OTHER, of: tn_extern_item { index: 0 } },
    }
}

/// # Safety
/// The handle's kind is right and it belongs to the store.
pub(crate) unsafe fn extern_in(ctx: &mut Context<'_>, item: &tn_extern) -> Result<Extern, Failure> {
    unsafe {
        Ok(match item.kind {
            TN_FUNC => Extern::Func(func_in(ctx, item.of.func)?),
            TN_TABLE => Extern::Table(item.of.table.get()),
            TN_MEMORY => Extern::Memory(item.of.memory.get()),
            TN_GLOBAL => Extern::Global(item.of.global.get()),
            TN_TAG => Extern::Tag(item.of.tag.get()),
            TN_SHARED_MEMORY => Extern::SharedMemory((*item.of.shared_memory).memory.clone()),
            other => return Err(Failure::invalid(format!("an item of kind {other} cannot be imported"))),
        })
    }
}

#[inline(always)]
pub(crate) unsafe fn func_in(ctx: &mut Context<'_>, func: tn_func) -> Result<Func, Failure> {
    unsafe { Func::from_raw(ctx, func.raw) }.ok_or_else(|| Failure::invalid("the function is null"))
}

/// Value types in arrays of bytes: the binary format's codes. `TN_TYPE_REFERENCE` is any other reference.
pub const TN_TYPE_I32: u8 = 0x7f;
pub const TN_TYPE_I64: u8 = 0x7e;
pub const TN_TYPE_F32: u8 = 0x7d;
pub const TN_TYPE_F64: u8 = 0x7c;
pub const TN_TYPE_V128: u8 = 0x7b;
pub const TN_TYPE_FUNCREF: u8 = 0x70;
pub const TN_TYPE_EXTERNREF: u8 = 0x6f;
pub const TN_TYPE_REFERENCE: u8 = 0x64;

pub(crate) fn type_code(ty: &ValType) -> u8 {
    match ty {
        ValType::I32 => TN_TYPE_I32,
        ValType::I64 => TN_TYPE_I64,
        ValType::F32 => TN_TYPE_F32,
        ValType::F64 => TN_TYPE_F64,
        ValType::V128 => TN_TYPE_V128,
        ValType::Ref(r) if r.is_nullable() && matches!(r.heap_type(), HeapType::Func) => TN_TYPE_FUNCREF,
        ValType::Ref(r) if r.is_nullable() && matches!(r.heap_type(), HeapType::Extern) => TN_TYPE_EXTERNREF,
        ValType::Ref(_) => TN_TYPE_REFERENCE,
    }
}

pub(crate) fn type_of_code(code: u8) -> Result<ValType, Failure> {
    Ok(match code {
        TN_TYPE_I32 => ValType::I32,
        TN_TYPE_I64 => ValType::I64,
        TN_TYPE_F32 => ValType::F32,
        TN_TYPE_F64 => ValType::F64,
        TN_TYPE_V128 => ValType::V128,
        TN_TYPE_FUNCREF => ValType::FUNCREF,
        TN_TYPE_EXTERNREF => ValType::EXTERNREF,
        other => return Err(Failure::invalid(format!("value type {other:#04x} cannot be used by the host"))),
    })
}

/// Calls `func`: `values` holds the arguments and receives the results; `count` is the larger of both numbers. Nothing is checked but null.
///
/// Errors: what the guest or a host function ended with, with frames. The store must not be used again by guests that share state with it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tn_func_call(ctx: *mut tn_context, func: tn_func, values: *mut tn_val, count: usize) -> *mut tn_error {
    guard_fast(|| unsafe {
        let mut store = context(ctx);
        let func = func_in(&mut store, func)?;
        let values = std::ptr::slice_from_raw_parts_mut(values.cast::<ValRaw>(), count);
        func.call_unchecked(&mut store, values).map_err(run_failure)
    })
}

/// Writes the type codes of the parameters and then of the results to `codes`, at most `capacity`, and how many of each there are.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tn_func_type(ctx: *mut tn_context, func: tn_func, codes: *mut u8, capacity: usize, params: *mut usize, results: *mut usize) -> *mut tn_error {
    guard(|| unsafe {
        let mut store = context(ctx);
        let ty = func_in(&mut store, func)?.ty(&store);
        let all = ty.params().chain(ty.results()).map(|ty| type_code(&ty));
        for (i, code) in all.take(capacity).enumerate() {
            codes.add(i).write(code);
        }
        *params = ty.params().len();
        *results = ty.results().len();
        Ok(())
    })
}

/// A memory's bytes at this moment: any call of the guest and any growth may move or lengthen them.
#[repr(C)]
#[derive(Clone, Copy)]
#[allow(non_camel_case_types)]
pub struct tn_memory_view {
    pub data: *mut u8,
    pub size: usize,
}

/// Where the memory lies and how long it is now.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tn_memory_data(ctx: *mut tn_context, memory: *const tn_memory) -> tn_memory_view {
    guard_value(tn_memory_view { data: std::ptr::null_mut(), size: 0 }, || unsafe {
        let store = context(ctx);
        let memory = (*memory).get();
        tn_memory_view { data: memory.data_ptr(&store), size: memory.data_size(&store) }
    })
}

/// Grows the memory by `pages` and writes its former size in pages. Error: `LimitExceeded` when a limit or the memory's maximum is in the way.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tn_memory_grow(ctx: *mut tn_context, memory: *const tn_memory, pages: u64, former: *mut u64) -> *mut tn_error {
    guard(|| unsafe {
        *former = (*memory).get().grow(&mut context(ctx), pages).map_err(|error| Failure::new(ErrorKind::LimitExceeded, format!("memory: {error:#}")))?;
        Ok(())
    })
}

/// Minimum, maximum and shape of a memory or table.
#[repr(C)]
#[derive(Clone, Copy, Default)]
#[allow(non_camel_case_types)]
pub struct tn_limits {
    pub minimum: u64,
    /// Counts when `has_maximum` is 1.
    pub maximum: u64,
    pub has_maximum: u8,
    /// 1: indexes are 64 bits.
    pub is_64: u8,
    pub is_shared: u8,
    /// Memories: a page is this power of two of bytes.
    pub page_size_log2: u8,
    /// Tables: the type code of the elements.
    pub element: u8,
}

pub(crate) fn memory_limits(ty: &MemoryType) -> tn_limits {
    tn_limits {
        minimum: ty.minimum(),
        maximum: ty.maximum().unwrap_or(0),
        has_maximum: ty.maximum().is_some().into(),
        is_64: ty.is_64().into(),
        is_shared: ty.is_shared().into(),
        page_size_log2: ty.page_size_log2(),
        element: 0,
    }
}

pub(crate) fn table_limits(ty: &TableType) -> tn_limits {
    tn_limits {
        minimum: ty.minimum(),
        maximum: ty.maximum().unwrap_or(0),
        has_maximum: ty.maximum().is_some().into(),
        is_64: ty.is_64().into(),
        is_shared: 0,
        page_size_log2: 0,
        element: type_code(&ValType::Ref(ty.element().clone())),
    }
}

/// The memory's type.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tn_memory_type(ctx: *mut tn_context, memory: *const tn_memory) -> tn_limits {
    guard_value(tn_limits::default(), || unsafe { memory_limits(&(*memory).get().ty(&context(ctx))) })
}

/// The table's type.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tn_table_type(ctx: *mut tn_context, table: *const tn_table) -> tn_limits {
    guard_value(tn_limits::default(), || unsafe { table_limits(&(*table).get().ty(&context(ctx))) })
}

/// Makes a memory of the host's. Error: `LimitExceeded`; `InvalidInput` when the limits contradict each other.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tn_memory_new(ctx: *mut tn_context, limits: tn_limits, out: *mut tn_memory) -> *mut tn_error {
    guard(|| unsafe {
        let mut builder = wasmtime::MemoryTypeBuilder::new();
        builder.min(limits.minimum).max((limits.has_maximum != 0).then_some(limits.maximum)).memory64(limits.is_64 != 0);
        let ty = builder.build().map_err(|error| Failure::invalid(format!("{error:#}")))?;
        *out = Memory::new(&mut context(ctx), ty).map_err(run_failure)?.into();
        Ok(())
    })
}

/// Makes a table of functions of the host's, full of null. Errors as `tn_memory_new`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tn_table_new(ctx: *mut tn_context, limits: tn_limits, out: *mut tn_table) -> *mut tn_error {
    guard(|| unsafe {
        let bound = |n: u64| u32::try_from(n).map_err(|_| Failure::invalid(format!("a table of {n} elements")));
        let maximum = if limits.has_maximum != 0 { Some(bound(limits.maximum)?) } else { None };
        let ty = TableType::new(RefType::FUNCREF, bound(limits.minimum)?, maximum);
        *out = Table::new(&mut context(ctx), ty, Ref::Func(None)).map_err(run_failure)?.into();
        Ok(())
    })
}

/// How many elements the table has.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tn_table_size(ctx: *mut tn_context, table: *const tn_table) -> u64 {
    guard_value(0, || unsafe { (*table).get().size(&context(ctx)) })
}

/// Element `index` of a table of functions; `raw` is null for a null element. Error: `InvalidInput` past the end or when the element is no function.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tn_table_get(ctx: *mut tn_context, table: *const tn_table, index: u64, out: *mut tn_func) -> *mut tn_error {
    guard(|| unsafe {
        let mut store = context(ctx);
        let raw = match (*table).get().get(&mut store, index) {
            Some(Ref::Func(Some(func))) => func.to_raw(&mut store),
            Some(Ref::Func(None)) => std::ptr::null_mut(),
            Some(_) => return Err(Failure::invalid("the table does not hold functions")),
            None => return Err(Failure::invalid(format!("table index {index} is past the end"))),
        };
        *out = tn_func { raw };
        Ok(())
    })
}

/// Sets element `index` of a table of functions; a null `raw` sets null. Errors as `tn_table_get`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tn_table_set(ctx: *mut tn_context, table: *const tn_table, index: u64, func: tn_func) -> *mut tn_error {
    guard(|| unsafe {
        let mut store = context(ctx);
        let value = Ref::Func(Func::from_raw(&mut store, func.raw));
        (*table).get().set(&mut store, index, value).map_err(|error| Failure::invalid(format!("table: {error:#}")))
    })
}

/// Grows a table of functions by `count` elements `func` and writes its former size. Error: `LimitExceeded`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tn_table_grow(ctx: *mut tn_context, table: *const tn_table, count: u64, func: tn_func, former: *mut u64) -> *mut tn_error {
    guard(|| unsafe {
        let mut store = context(ctx);
        let value = Ref::Func(Func::from_raw(&mut store, func.raw));
        *former = (*table).get().grow(&mut store, count, value).map_err(|error| Failure::new(ErrorKind::LimitExceeded, format!("table: {error:#}")))?;
        Ok(())
    })
}

unsafe fn val_in(ctx: &mut Context<'_>, ty: u8, value: tn_val) -> Result<Val, Failure> {
    unsafe {
        Ok(match ty {
            TN_TYPE_I32 => Val::I32(value.i32),
            TN_TYPE_I64 => Val::I64(value.i64),
            TN_TYPE_F32 => Val::F32(value.u32),
            TN_TYPE_F64 => Val::F64(value.u64),
            TN_TYPE_V128 => Val::V128(V128::from(u128::from_le_bytes(value.v128))),
            TN_TYPE_FUNCREF => Val::FuncRef(Func::from_raw(ctx, value.funcref)),
            other => return Err(Failure::invalid(format!("a global of type {other:#04x} cannot be set by the host"))),
        })
    }
}

/// Makes a global of the host's of a number type or of `TN_TYPE_FUNCREF`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tn_global_new(ctx: *mut tn_context, ty: u8, is_mutable: u8, value: tn_val, out: *mut tn_global) -> *mut tn_error {
    guard_fast(|| unsafe {
        let mut store = context(ctx);
        let value = val_in(&mut store, ty, value)?;
        let mutability = if is_mutable != 0 { Mutability::Var } else { Mutability::Const };
        *out = Global::new(&mut store, GlobalType::new(type_of_code(ty)?, mutability), value).map_err(run_failure)?.into();
        Ok(())
    })
}

/// The global's type code, and whether it is mutable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tn_global_type(ctx: *mut tn_context, global: *const tn_global, is_mutable: *mut u8) -> u8 {
    guard_value(TN_TYPE_REFERENCE, || unsafe {
        let ty = (*global).get().ty(&context(ctx));
        *is_mutable = matches!(ty.mutability(), Mutability::Var).into();
        type_code(ty.content())
    })
}

/// Reads a global of a number type or of functions. Error: `InvalidInput` for other references.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tn_global_get(ctx: *mut tn_context, global: *const tn_global, out: *mut tn_val) -> *mut tn_error {
    guard_fast(|| unsafe {
        let mut store = context(ctx);
        *out = match (*global).get().get(&mut store) {
            Val::I32(i32) => tn_val { i32 },
            Val::I64(i64) => tn_val { i64 },
            Val::F32(u32) => tn_val { u32 },
            Val::F64(u64) => tn_val { u64 },
            Val::V128(v) => tn_val { v128: v.as_u128().to_le_bytes() },
            Val::FuncRef(func) => tn_val { funcref: func.map_or(std::ptr::null_mut(), |func| func.to_raw(&mut store)) },
            _ => return Err(Failure::invalid("the global holds a reference that the host cannot read")),
        };
        Ok(())
    })
}

/// Sets a mutable global. Error: `InvalidInput` when it is not mutable or of a type that the host cannot write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tn_global_set(ctx: *mut tn_context, global: *const tn_global, value: tn_val) -> *mut tn_error {
    guard_fast(|| unsafe {
        let mut store = context(ctx);
        let global = (*global).get();
        let ty = type_code(global.ty(&store).content());
        let value = val_in(&mut store, ty, value)?;
        global.set(&mut store, value).map_err(|error| Failure::invalid(format!("global: {error:#}")))
    })
}
