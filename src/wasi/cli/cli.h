#pragma once

#include "tenon/linker.h"

namespace tenon::wasi {

/// wasi:cli/stdin, stdout, stderr and terminal-*.
Result<> add_stdio(Linker& linker);
/// wasi:cli/environment and exit.
Result<> add_process(Linker& linker);

}  // namespace tenon::wasi
