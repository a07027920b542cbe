#pragma once

#include <csignal>

namespace tenon::wasi {

class Context;

/// While one lives, a write of its thread to a pipe or socket that nobody reads, or past the process's limit of a file's size, fails with EPIPE or EFBIG;
/// without it the signals SIGPIPE and SIGXFSZ would end the process. What the process itself does about these signals stays as it is.
///
/// Guards of one context nest, and all but the outermost cost nothing: hold one around everything that a guest does, so that each of its writes does not
/// need one. The thread of the store; made and ended on the same thread.
class SignalGuard final {
 public:
  explicit SignalGuard(Context& context);
  ~SignalGuard();
  SignalGuard(const SignalGuard&) = delete;
  SignalGuard& operator=(const SignalGuard&) = delete;

 private:
  /// Null when an outer guard holds the signals.
  Context* context_ = nullptr;
  sigset_t before_{};
  sigset_t pending_before_{};
};

}  // namespace tenon::wasi
