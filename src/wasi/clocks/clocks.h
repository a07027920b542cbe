#pragma once

#include "tenon/linker.h"

namespace tenon::wasi {

/// Each registers one interface of wasi:clocks.
Result<> add_monotonic_clock(Linker& linker);
Result<> add_wall_clock(Linker& linker);
Result<> add_timezone(Linker& linker);

}  // namespace tenon::wasi
