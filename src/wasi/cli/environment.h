#pragma once

#include <cstdint>
#include <vector>

#include <fmt/format.h>

#include "base/utf8.h"
#include "tenon/host_view.h"
#include "wasi/context.h"
#include "wasi/refusal.h"

namespace tenon::wasi {

/// The variables and arguments that the guest of a store gets: views into the config.
class Environment final : public Part {
 public:
  using Variable = std::pair<HostText, HostText>;

  explicit Environment(Context& context) {
    for (const auto& [name, value] : context.config().environment) {
      if (!base::is_utf8(name) || !base::is_utf8(value) || !context.guard().would_allow_env(name)) continue;
      // Noted is what the guest gets: it asked for all there are, not for those that it may not see.
      if (context.guard().allow_env(name)) variables.emplace_back(HostText(std::string_view(name)), HostText(std::string_view(value)));
    }
    if (context.config().arguments.empty() || !context.guard().allow(policy::Access::Args)) return;
    for (const std::string& argument : context.config().arguments) {
      if (base::is_utf8(argument)) arguments.emplace_back(std::string_view(argument));
    }
  }
  std::vector<Variable> variables;
  std::vector<HostText> arguments;
};

/// Ends the guest with a status: an error of kind `Exit`, or `Denied` without the grant.
inline Result<> exit_with(Context& context, uint8_t status) {
  if (!context.guard().allow(policy::Access::ProcessExit)) return fail(ErrorKind::Denied, denial(context.guard(), policy::Access::ProcessExit));
  context.set_exit_status(status);
  return fail(ErrorKind::Exit, fmt::format("the guest ended itself with status {}", status));
}

}  // namespace tenon::wasi
