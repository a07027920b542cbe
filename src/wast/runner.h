#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tenon/engine.h"
#include "tenon/result.h"
#include "wast/script.h"

namespace tenon::wast {

/// How a directive ended.
enum class Verdict : uint8_t {
  Passed,
  /// It did not come to what the script says.
  Failed,
  /// It needs something that does not run yet or that is switched off.
  NotRun,
};

/// "passed", "failed", "not-run".
std::string_view to_string(Verdict verdict);

/// A directive that did not pass, and why.
struct Finding {
  uint32_t line = 0;
  Verdict verdict = Verdict::Failed;
  std::string reason;
};

/// How a script ended. Every directive is in one of the three numbers.
struct Report {
  size_t passed = 0;
  size_t failed = 0;
  size_t not_run = 0;
  /// In the order of the script; those of threads where they are waited for.
  std::vector<Finding> findings;
};

/// Runs a script: all its core modules in one store, each component instance in one of its own.
///
/// As in Wasmtime's runner, a named component instance offers its modules and resource types, not its functions, to the components after it; and what
/// failed is expected by a part of its message. Unlike there, functions of a named component instance can be invoked by its name.
///
/// What the script says that it needs on or off (`Script::settings`) holds for it alone: component proposals; core proposals that are on by default and are to
/// be off; `nan_canonicalization`; and with `threads = true` memories that its threads share (`EngineConfig::shared_memory`).
///
/// Any thread; needs the stack that guests may use. Nothing in a script is a failure of this function.
/// With a deadline, guests that run past it end there: their directives fail, and so do those after them that run a guest. One that waits for another
/// thread by then is left behind, with a thread of its own, until the process ends.
Report run(const Engine& engine, Script script, std::optional<std::chrono::steady_clock::time_point> deadline = std::nullopt);

/// Whether a failure with the message `actual` is what a script means by `expected`: it contains it, or differs in a way that is known and harmless.
bool is_expected_trap(std::string_view expected, std::string_view actual);

}  // namespace tenon::wast
