#pragma once

namespace tenon::wasi {

/// Guests leave this many of the process's descriptors to the rest of it.
inline constexpr int descriptors_left = 64;

/// Whether something that a guest opens may have this descriptor: a guest that opens without end must not take the last one from everybody else in the process.
/// Any thread.
bool may_have_descriptor(int descriptor);

}  // namespace tenon::wasi
