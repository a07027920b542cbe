#pragma once

#include "tenon/linker.h"
#include "tenon/result.h"
#include "wasi/resource.h"

namespace tenon::wasi::sockets {

/// The `network` of wasi:sockets: a guest needs one to reach out. What it may reach is the guard's to say.
class Network final : public Resource {};

/// wasi:sockets/network and wasi:sockets/instance-network.
Result<> add_network(Linker& linker);

}  // namespace tenon::wasi::sockets
