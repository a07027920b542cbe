//! The only Rust of Tenon: a static library with a narrow C ABI (`tn_…`). Bytes in, bytes or structs out; it knows nothing of the
//! product. `engine` stands over the `wasmtime` crate's core engine, `plan` over its component translator, `wit` over the WIT family.

pub mod digest;
pub mod engine;
pub mod ffi;
pub mod limits;
pub mod plan;
mod text_work;
pub mod wit;
pub mod wit_compare;
pub mod wit_component;
pub mod wit_compose;
pub mod wit_docs;
pub mod wit_metadata;
pub mod wit_source;
pub mod wit_text;
pub mod wast;
