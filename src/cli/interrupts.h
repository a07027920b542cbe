#pragma once

#include <functional>
#include <optional>

namespace tenon::cli {

/// Ctrl-C and SIGTERM while it lives: the first one runs `cancel`, in the signal's handler, on whichever thread the signal comes to; a second one ends the
/// program at once, as it would without this. At most one lives at a time. Main thread only.
class Interrupts {
 public:
  /// `cancel` does only what a handler of signals may do: it allocates nothing and takes no lock.
  explicit Interrupts(std::function<void()> cancel);
  ~Interrupts();
  Interrupts(const Interrupts&) = delete;
  Interrupts& operator=(const Interrupts&) = delete;

  /// The signal that came; absent when none did.
  static std::optional<int> signal();

 private:
  const std::function<void()> cancel_;
};

}  // namespace tenon::cli
