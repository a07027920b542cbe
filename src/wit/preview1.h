#pragma once

#include <cstddef>
#include <span>

#include "tenon/component.h"
#include "tenon/result.h"

/// Core modules of WASI preview 1, which run by being made components.
namespace tenon::wit {

/// Whether a core module imports something of `wasi_snapshot_preview1`. Errors: as `read_core_module`.
Result<bool> imports_preview1(std::span<const std::byte> module);

/// Makes a component of such a module with the published adapter: the one for commands when it exports `_start`, else the one for reactors. Its name changes
/// with the adapters. Errors of making: as `componentize`.
///
/// The status of `proc_exit` goes to the host whole, as `tenon:preview1/exit@0.1.0#proc-exit`: WASI 0.2's own `exit`, to which the adapters bring it, tells
/// success from failure alone.
const ComponentRecipe& preview1_recipe();

}  // namespace tenon::wit
