//! Stores: what lives together and is thrown away together, with limits over all of it.

use std::ffi::c_void;
use std::mem::{size_of, transmute};

use wasmtime::{AsContextMut, Extern, ResourceLimiter, Store, StoreContextMut, Trap, UpdateDeadline};

use super::config::tn_engine;
use crate::ffi::{ErrorKind, Failure, guard, guard_value, tn_error};

/// What the host may ask at an epoch deadline: how many ticks the guest may go on, 0 to end it with the trap "interrupt".
#[allow(non_camel_case_types)]
pub type tn_epoch_callback = Option<unsafe extern "C" fn(data: *mut c_void) -> u64>;

/// Limits over everything in a store together.
#[repr(C)]
#[derive(Clone, Copy)]
#[allow(non_camel_case_types)]
pub struct tn_store_limits {
    /// Bytes of all linear memories (and garbage-collected heaps).
    pub memory_bytes: u64,
    /// Elements of all tables.
    pub table_elements: u64,
    pub instances: u32,
    pub memories: u32,
    pub tables: u32,
    /// 1: a growth over a limit traps. 0: `memory.grow` and `table.grow` answer -1.
    pub trap_on_grow_failure: u8,
}

/// What a store holds now.
#[repr(C)]
#[derive(Clone, Copy, Default)]
#[allow(non_camel_case_types)]
pub struct tn_store_figures {
    pub memory_bytes: u64,
    /// Memory of a store never shrinks, so this is also its peak.
    pub table_elements: u64,
    /// How often a limit refused to let something grow, and the bytes or elements that the last refusal would have led to.
    pub refusals: u64,
    pub refused_bytes: u64,
    pub refused_elements: u64,
}

pub(crate) struct Data {
    pub user: *mut c_void,
    limits: tn_store_limits,
    pub figures: tn_store_figures,
    /// Growth that was granted last and is taken back when it fails after all.
    pending: u64,
    epoch: tn_epoch_callback,
    /// Room for imports, empty between instantiations.
    pub imports: Vec<Extern>,
}

// SAFETY: a store and its data are used by one thread at a time; the user's pointer is the user's affair.
unsafe impl Send for Data {}
unsafe impl Sync for Data {}

/// Over a limit: a trap of the guest when the store says so, else an answer of "no".
fn refuse(trap: u8, what: &str, desired: u64, limit: u64) -> wasmtime::Result<bool> {
    if trap != 0 {
        let failure = Failure::new(ErrorKind::LimitExceeded, format!("{what} would grow to {desired}, the limit is {limit}"));
        return Err(wasmtime::Error::new(super::failure::HostFailure(failure)));
    }
    Ok(false)
}

impl ResourceLimiter for Data {
    fn memory_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        if maximum.is_some_and(|maximum| desired > maximum) {
            return Ok(false);
        }
        let delta = (desired - current) as u64;
        let total = self.figures.memory_bytes.saturating_add(delta);
        if total > self.limits.memory_bytes {
            self.figures.refusals += 1;
            self.figures.refused_bytes = total;
            return refuse(self.limits.trap_on_grow_failure, "memory bytes of the store", total, self.limits.memory_bytes);
        }
        self.figures.memory_bytes = total;
        self.pending = delta;
        Ok(true)
    }

    fn memory_grow_failed(&mut self, _error: wasmtime::Error) -> wasmtime::Result<()> {
        self.figures.memory_bytes -= std::mem::take(&mut self.pending);
        Ok(())
    }

    fn table_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        if maximum.is_some_and(|maximum| desired > maximum) {
            return Ok(false);
        }
        let delta = (desired - current) as u64;
        let total = self.figures.table_elements.saturating_add(delta);
        if total > self.limits.table_elements {
            self.figures.refusals += 1;
            self.figures.refused_elements = total;
            return refuse(self.limits.trap_on_grow_failure, "table elements of the store", total, self.limits.table_elements);
        }
        self.figures.table_elements = total;
        self.pending = delta;
        Ok(true)
    }

    fn table_grow_failed(&mut self, _error: wasmtime::Error) -> wasmtime::Result<()> {
        self.figures.table_elements -= std::mem::take(&mut self.pending);
        Ok(())
    }

    fn instances(&self) -> usize {
        self.limits.instances as usize
    }

    fn tables(&self) -> usize {
        self.limits.tables as usize
    }

    fn memories(&self) -> usize {
        self.limits.memories as usize
    }
}

/// A store: owns everything that is instantiated in it.
#[allow(non_camel_case_types)]
pub struct tn_store {
    store: Store<Data>,
}

/// A store as calls see it. The same pointer for the whole life of the store, and the one that host functions receive.
#[allow(non_camel_case_types)]
pub struct tn_context {
    _opaque: [u8; 0],
}

pub(crate) type Context<'a> = StoreContextMut<'a, Data>;

const _: () = assert!(size_of::<Context<'static>>() == size_of::<*mut tn_context>());

/// # Safety
/// `context` came from `context_pointer`, its store is alive and no other thread uses it.
#[inline(always)]
pub(crate) unsafe fn context<'a>(context: *mut tn_context) -> Context<'a> {
    // SAFETY: `StoreContextMut` is `repr(transparent)` over one reference; its size is asserted above.
    unsafe { transmute::<*mut tn_context, Context<'a>>(context) }
}

#[inline(always)]
pub(crate) fn context_pointer(context: Context<'_>) -> *mut tn_context {
    // SAFETY: the inverse of `context`.
    unsafe { transmute::<Context<'_>, *mut tn_context>(context) }
}

/// Makes an empty store. `data` is handed to host functions and callbacks. With fuel the store starts with none; with epochs its deadline is never.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tn_store_new(engine: *const tn_engine, limits: *const tn_store_limits, data: *mut c_void, out: *mut *mut tn_store) -> *mut tn_error {
    guard(|| {
        let data = Data { user: data, limits: unsafe { *limits }, figures: tn_store_figures::default(), pending: 0, epoch: None, imports: Vec::new() };
        let mut store = Store::try_new(unsafe { &(*engine).engine }, data).map_err(|error| Failure::new(ErrorKind::Unavailable, format!("store: {error:#}")))?;
        store.limiter(|data| data);
        store.set_epoch_deadline(u64::MAX / 2);
        unsafe { *out = Box::into_raw(Box::new(tn_store { store })) };
        Ok(())
    })
}

/// Ends a store and everything in it. Not from inside one of its host functions. Null is ignored.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tn_store_free(store: *mut tn_store) {
    if !store.is_null() {
        guard_value((), || drop(unsafe { Box::from_raw(store) }));
    }
}

/// The context of the store; stays the same until the store is freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tn_store_context(store: *mut tn_store) -> *mut tn_context {
    context_pointer(unsafe { (*store).store.as_context_mut() })
}

/// What the store holds now.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tn_context_figures(ctx: *mut tn_context) -> tn_store_figures {
    unsafe { context(ctx) }.data().figures
}

/// Sets the fuel left. Error: `InvalidInput` when the engine does not count fuel.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tn_context_set_fuel(ctx: *mut tn_context, fuel: u64) -> *mut tn_error {
    guard(|| unsafe { context(ctx) }.set_fuel(fuel).map_err(|error| Failure::invalid(format!("{error:#}"))))
}

/// The fuel left; `UINT64_MAX` when the engine does not count it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tn_context_fuel(ctx: *mut tn_context) -> u64 {
    guard_value(u64::MAX, || unsafe { context(ctx) }.get_fuel().unwrap_or(u64::MAX))
}

/// Sets the epoch deadline to `ticks` from now. No effect without epochs.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tn_context_set_epoch_deadline(ctx: *mut tn_context, ticks: u64) {
    guard_value((), || unsafe { context(ctx) }.set_epoch_deadline(ticks.min(u64::MAX / 2)));
}

/// Sets who is asked when the epoch deadline has passed. Without a callback the guest traps. `callback` runs on the store's thread and does not use the store.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tn_store_set_epoch_callback(store: *mut tn_store, callback: tn_epoch_callback) {
    let store = unsafe { &mut (*store).store };
    guard_value((), || match callback {
        None => store.epoch_deadline_trap(),
        Some(_) => {
            store.data_mut().epoch = callback;
            store.epoch_deadline_callback(|context| {
                let data = context.data();
                // SAFETY: `user` is what the store was made with.
                match data.epoch.map_or(0, |callback| unsafe { callback(data.user) }) {
                    0 => Err(Trap::Interrupt.into()),
                    ticks => Ok(UpdateDeadline::Continue(ticks)),
                }
            });
        }
    });
}

/// Runs the collector of garbage-collected heaps, if there is one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tn_context_gc(ctx: *mut tn_context) {
    guard_value((), || drop(unsafe { context(ctx) }.gc(None)));
}
