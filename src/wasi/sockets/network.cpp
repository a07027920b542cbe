#include "wasi/sockets/network.h"

#include <memory>
#include <optional>

#include "tenon/typed.h"
#include "wasi/context.h"
#include "wasi/link.h"
#include "wasi/sockets/error.h"
#include "wasi/stream.h"

namespace tenon::wasi::sockets {

Result<> add_network(Linker& linker) {
  TENON_TRY(LinkerInstance network, open_interface(linker, "wasi:sockets/network"));
  TENON_CHECK_OK(define_resource<Network>(network, "network"));
  TENON_CHECK_OK(define(network, "network-error-code", [](Context& wasi, HostBorrow<IoError> error) -> std::optional<ErrorCode> {
    const std::optional<int> number = wasi.resources().get<IoError>(error.representation).number;
    return number ? std::optional(error_code_of(*number)) : std::nullopt;
  }));
  TENON_TRY(LinkerInstance instance, open_interface(linker, "wasi:sockets/instance-network"));
  return define(instance, "instance-network", [](Context& wasi) -> Result<HostOwn<Network>> { return wasi.own<Network>(std::make_unique<Network>()); });
}

}  // namespace tenon::wasi::sockets
