#pragma once

#include <cstddef>

#include "tenon/linker.h"

namespace tenon::wasi {

/// Longest list of one poll. More than the handles that a store can hold, so a longer one names some of them twice.
inline constexpr size_t poll_pollables_max = size_t{1} << 20;

/// wasi:io/error, wasi:io/poll and wasi:io/streams.
Result<> add_error(Linker& linker);
Result<> add_poll(Linker& linker);
Result<> add_streams(Linker& linker);

}  // namespace tenon::wasi
