//! The C ABI as C++ calls it.
