#include <algorithm>
#include <expected>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <fmt/format.h>

#include "base/utf8.h"
#include "wasi/cli/cli.h"
#include "wasi/cli/environment.h"
#include "wasi/context.h"
#include "wasi/link.h"
#include "wasi/refusal.h"

namespace tenon::wasi {

Result<> add_process(Linker& linker) {
  TENON_TRY(LinkerInstance environment, open_interface(linker, "wasi:cli/environment"));
  TENON_CHECK_OK(
      define(environment, "get-environment", [](Context& context) { return HostList<Environment::Variable>(context.part<Environment>().variables); }));
  TENON_CHECK_OK(define(environment, "get-arguments", [](Context& context) { return HostList<HostText>(context.part<Environment>().arguments); }));
  TENON_CHECK_OK(define(environment, "initial-cwd", [](Context& context) -> std::optional<std::string> { return context.config().initial_cwd; }));
  TENON_TRY(LinkerInstance exit, open_interface(linker, "wasi:cli/exit"));
  TENON_CHECK_OK(define(exit, "exit", [](Context& context, std::expected<void, std::monostate> status) { return exit_with(context, status ? 0 : 1); }));
  TENON_CHECK_OK(define(exit, "exit-with-code", [](Context& context, uint8_t status) { return exit_with(context, status); }));
  // What modules of preview 1 end with (src/wit/preview1.h); as a process's status its lowest byte counts.
  TENON_TRY(LinkerInstance preview1, linker.instance("tenon:preview1/exit@0.1.0"));
  return define(preview1, "proc-exit", [](Context& context, uint32_t status) { return exit_with(context, static_cast<uint8_t>(status)); });
}

Result<> add_cli(Linker& linker) {
  TENON_CHECK_OK(add_process(linker));
  return add_stdio(linker);
}

}  // namespace tenon::wasi
