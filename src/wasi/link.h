#pragma once

#include <string_view>

#include "tenon/linker.h"

namespace tenon::wasi {

/// The version that each interface is registered with; imports of every 0.2.x match it.
inline constexpr std::string_view version = "0.2.12";

/// The linker's instance for "wasi:io/streams", at `version`.
Result<LinkerInstance> open_interface(Linker& linker, std::string_view name);

/// Each registers the interfaces of one package. They do not depend on a store: one linker, and one `InstancePre`, serve any number of stores whose data is a
/// `Context`. Error: `InvalidInput` when a name is taken.
Result<> add_cli(Linker& linker);
Result<> add_clocks(Linker& linker);
Result<> add_filesystem(Linker& linker);
Result<> add_http(Linker& linker);
Result<> add_io(Linker& linker);
Result<> add_random(Linker& linker);
Result<> add_sockets(Linker& linker);

/// All of WASI 0.2 that commands import.
Result<> add_to_linker(Linker& linker);

}  // namespace tenon::wasi
