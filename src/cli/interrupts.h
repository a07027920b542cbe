#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <thread>

#include "tenon/result.h"

namespace tenon::cli {

/// Ctrl-C and SIGTERM while it lives: the first one runs `cancel`, on a thread of its own; a second one ends the program at once, as it would without this.
/// At most one lives at a time. Main thread only.
class Interrupts {
 public:
  /// Error: `Unavailable` when the process has no descriptor left.
  static Result<std::unique_ptr<Interrupts>> create(std::function<void()> cancel);
  ~Interrupts();
  Interrupts(const Interrupts&) = delete;
  Interrupts& operator=(const Interrupts&) = delete;

  /// The signal that came; absent when none did.
  static std::optional<int> signal();

 private:
  Interrupts(int descriptor, std::function<void()> cancel);
  int descriptor_;
  std::thread thread_;
};

}  // namespace tenon::cli
