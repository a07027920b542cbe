#pragma once

#include "tenon/linker.h"
#include "tenon/result.h"

namespace tenon::wasi::sockets {

/// wasi:sockets/ip-name-lookup. An address is answered as it is, without a question to anybody. A name is asked of the guard, looked up, and each address that
/// it has is told to the guard: what the guest connects to later is decided by address.
Result<> add_name_lookup(Linker& linker);

}  // namespace tenon::wasi::sockets
