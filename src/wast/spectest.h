#pragma once

#include <map>
#include <string>

#include "tenon/core.h"
#include "tenon/engine.h"
#include "tenon/linker.h"
#include "tenon/result.h"
#include "tenon/store.h"

/// What scripts expect of whoever runs them: the module `spectest` of the core test suite, and for components the instance `host` and its companions
/// of Wasmtime's runner, so that its scripts run here as they are.
namespace tenon::wast {

/// What core modules import by its module's name and its own.
using CoreNames = std::map<std::string, std::map<std::string, core::Extern, std::less<>>, std::less<>>;

/// Adds `spectest` to `names`: functions that take numbers and print nothing, four globals, a table and a memory, in `store`. And `wasmtime`, whose `gc`
/// collects garbage.
Result<> define_core_spectest(Store& store, CoreNames& names);

/// Adds what components import: `host-return-two`, and the instance `host` with functions, the instance `nested`, the module `simple-module`, and
/// the resources `resource1` (whose destructor counts), `resource2` and `resource1-again` (the first one under a second name); and the instance `wasmtime`.
Result<> define_component_spectest(const Engine& engine, Linker& linker);

}  // namespace tenon::wast
