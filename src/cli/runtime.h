#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "cli/program.h"
#include "tenon/engine.h"
#include "tenon/result.h"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace tenon::cli {

/// Measures from when it was made.
class Stopwatch {
 public:
  /// "12.3 ms".
  std::string text() const;

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

/// Options of the commands that compile.
struct EngineOptions {
  /// Empty: `default_cache_folder()`.
  std::string cache_folder;
  bool no_cache = false;
  bool fuel = false;
};

/// $TENON_CACHE_DIR, else `tenon` in $XDG_CACHE_HOME or ~/.cache; absent when neither is known.
std::optional<std::filesystem::path> default_cache_folder();

/// Adds --cache-dir.
CLI::Option* add_cache_folder_option(CLI::App& command, EngineOptions& options);
/// Adds --cache-dir and --no-cache.
void add_cache_options(CLI::App& command, EngineOptions& options);

/// The folder that the options name, or the default. Error: `Unavailable` when neither is known.
Result<std::filesystem::path> cache_folder(const EngineOptions& options);

/// An engine as the options want it. A cache that cannot be used is a notice on standard error, not a failure.
Result<Engine> make_engine(Program& program, const EngineOptions& options);

/// "compiling big.wasm … 3 s" on a terminal while it lives, from half a second on; nothing elsewhere.
class Progress {
 public:
  Progress(Program& program, std::string what);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

 private:
  void show();

  Program& program_;
  const std::string what_;
  std::mutex mutex_;
  std::condition_variable ended_changed_;
  bool ended_ = false;
  std::thread thread_;
};

}  // namespace tenon::cli
