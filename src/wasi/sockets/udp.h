#pragma once

#include "tenon/linker.h"
#include "tenon/result.h"

namespace tenon::wasi::sockets {

/// wasi:sockets/udp and wasi:sockets/udp-create-socket. A new pair of streams while the former ones live is a trap.
Result<> add_udp(Linker& linker);

}  // namespace tenon::wasi::sockets
