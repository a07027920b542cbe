#include "wasi/io/poll.h"

#include <span>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "wasi/context.h"
#include "wasi/link.h"

namespace tenon::wasi {

namespace {

using Borrows = std::span<const HostBorrow<Pollable>>;

/// Which of `pollables` are ready now.
Result<std::vector<uint32_t>> ready_of(Context& context, Borrows pollables) {
  constexpr size_t asked_between_looks_at_the_time = 256;
  std::vector<uint32_t> ready;
  for (size_t i = 0; i < pollables.size(); i++) {
    if (i % asked_between_looks_at_the_time == asked_between_looks_at_the_time - 1) TENON_CHECK_OK(context.check_time());
    if (context.resources().get<Pollable>(pollables[i].representation).is_ready(context)) ready.push_back(static_cast<uint32_t>(i));
  }
  return ready;
}

Result<std::vector<uint32_t>> poll(Context& context, Borrows pollables) {
  if (pollables.empty()) return fail(ErrorKind::Trap, "a poll of no pollables");
  if (pollables.size() > poll_pollables_max)
    return fail(ErrorKind::LimitExceeded, fmt::format("a poll of {} pollables, at most {} are allowed", pollables.size(), poll_pollables_max));
  while (true) {
    TENON_TRY(std::vector<uint32_t> ready, ready_of(context, pollables));
    if (!ready.empty()) return ready;
    WaitSet set;
    for (const HostBorrow<Pollable> each : pollables) context.resources().get<Pollable>(each.representation).prepare(context, set);
    TENON_CHECK_OK(context.wait(set));
  }
}

}  // namespace

Result<> add_error(Linker& linker) {
  TENON_TRY(LinkerInstance error, open_interface(linker, "wasi:io/error"));
  TENON_CHECK_OK(define_resource<IoError>(error, "error"));
  return define(error, "[method]error.to-debug-string",
                [](Context& context, HostBorrow<IoError> self) -> std::string { return context.resources().get<IoError>(self.representation).message; });
}

Result<> add_poll(Linker& linker) {
  TENON_TRY(LinkerInstance interface, open_interface(linker, "wasi:io/poll"));
  TENON_CHECK_OK(define_resource<Pollable>(interface, "pollable"));
  TENON_CHECK_OK(define(interface, "[method]pollable.ready", [](Context& context, HostBorrow<Pollable> self) -> bool {
    return context.resources().get<Pollable>(self.representation).is_ready(context);
  }));
  TENON_CHECK_OK(define(interface, "[method]pollable.block", [](Context& context, HostBorrow<Pollable> self) -> Result<> {
    return context.wait_for(context.resources().get<Pollable>(self.representation));
  }));
  return define(interface, "poll", [](Context& context, Borrows pollables) { return poll(context, pollables); });
}

Result<> add_io(Linker& linker) {
  TENON_CHECK_OK(add_error(linker));
  TENON_CHECK_OK(add_poll(linker));
  return add_streams(linker);
}

}  // namespace tenon::wasi
