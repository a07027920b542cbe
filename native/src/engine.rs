//! Core WebAssembly over the `wasmtime` crate: engines, modules, stores, instances and what they export, as handles that C++ may copy.
//!
//! Threads: `tn_engine`, `tn_module`, `tn_host_set` and `tn_instance_pre` are shared between threads. A `tn_store`, its `tn_context` and every
//! `tn_func`, `tn_memory`, `tn_table`, `tn_global` and `tn_instance` of it are used by one thread at a time. Handles are plain data, valid until their
//! store is freed; one given to another store is refused or, where the call says so, undefined.

mod config;
mod extern_;
mod failure;
mod host;
mod instance;
mod module;
mod store;

pub use config::*;
pub use extern_::*;
pub use host::*;
pub use instance::*;
pub use module::*;
pub use store::*;

#[cfg(test)]
mod tests;
