#pragma once

#include <cstddef>

#include "tenon/linker.h"
#include "tenon/result.h"

namespace tenon::wasi::sockets {

/// So many look-ups of a store may be under way: each has sockets and tens of kilobytes of the host's. One more is answered with `temporary-resolver-failure`.
inline constexpr size_t lookups_max = 64;

/// wasi:sockets/ip-name-lookup. An address is answered as it is, without a question to anybody. A name is asked of the guard, looked up, and each address that
/// it has is told to the guard: what the guest connects to later is decided by address.
Result<> add_name_lookup(Linker& linker);

}  // namespace tenon::wasi::sockets
