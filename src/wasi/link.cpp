#include "wasi/link.h"

#include <string>

namespace tenon::wasi {

Result<LinkerInstance> open_interface(Linker& linker, std::string_view name) {
  std::string full(name);
  full.append("@").append(version);
  return linker.instance(full);
}

Result<> add_to_linker(Linker& linker) {
  constexpr Result<> (*packages[])(Linker&) = {
      add_cli, add_clocks, add_filesystem, add_http, add_io, add_random, add_sockets,
  };
  for (const auto add : packages) TENON_CHECK_OK(add(linker));
  return {};
}

}  // namespace tenon::wasi
