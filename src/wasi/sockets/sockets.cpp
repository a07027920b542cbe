#include "wasi/link.h"
#include "wasi/sockets/name_lookup.h"
#include "wasi/sockets/network.h"
#include "wasi/sockets/tcp.h"
#include "wasi/sockets/udp.h"

namespace tenon::wasi {

Result<> add_sockets(Linker& linker) {
  TENON_CHECK_OK(sockets::add_network(linker));
  TENON_CHECK_OK(sockets::add_tcp(linker));
  TENON_CHECK_OK(sockets::add_udp(linker));
  return sockets::add_name_lookup(linker);
}

}  // namespace tenon::wasi
