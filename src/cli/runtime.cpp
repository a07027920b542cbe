#include "cli/runtime.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include <fmt/format.h>
#include <sys/resource.h>
#include <CLI/CLI.hpp>

#include "cli/program.h"
#include "tenon/engine.h"
#include "tenon/result.h"

namespace tenon::cli {

static std::optional<std::filesystem::path> folder_of(const char* variable) {
  const char* value = std::getenv(variable);
  return value != nullptr && *value != '\0' ? std::optional<std::filesystem::path>(value) : std::nullopt;
}

std::optional<std::filesystem::path> default_cache_folder() {
  if (auto own = folder_of("TENON_CACHE_DIR")) return own;
  if (const auto cache = folder_of("XDG_CACHE_HOME")) return *cache / "tenon";
  if (const auto home = folder_of("HOME")) return *home / ".cache" / "tenon";
  return std::nullopt;
}

CLI::Option* add_cache_folder_option(CLI::App& command, EngineOptions& options) {
  return command.add_option("--cache-dir", options.cache_folder,
                            "Folder of the cache of compiled code (default: $TENON_CACHE_DIR, or tenon in $XDG_CACHE_HOME or ~/.cache)");
}

void add_cache_options(CLI::App& command, EngineOptions& options) {
  CLI::Option* folder = add_cache_folder_option(command, options);
  command.add_flag("--no-cache", options.no_cache, "Compile without the cache")->excludes(folder);
}

Result<std::filesystem::path> cache_folder(const EngineOptions& options) {
  if (!options.cache_folder.empty()) return options.cache_folder;
  if (auto folder = default_cache_folder()) return std::move(*folder);
  return fail(ErrorKind::Unavailable, "there is no folder for the cache: give --cache-dir, or set TENON_CACHE_DIR or HOME");
}

/// Of this process's stack, a quarter is the guest's: programs in Go and other languages without a bound of their own go deep. What is left is for calls from
/// guest to guest through the host, each of which needs as much again.
static size_t guest_stack_bytes() {
  constexpr size_t most = size_t{2} << 20;
  rlimit own{};
  if (getrlimit(RLIMIT_STACK, &own) != 0) return EngineConfig().wasm_stack_bytes;
  return std::clamp<size_t>(std::min<rlim_t>(own.rlim_cur, 4 * most) / 4, EngineConfig().wasm_stack_bytes, most);
}

Result<Engine> make_engine(Program& program, const EngineOptions& options) {
  EngineConfig config;
  config.wasm_stack_bytes = guest_stack_bytes();
  config.fuel = options.fuel;
  if (!options.no_cache) {
    if (auto folder = cache_folder(options)) config.cache_folder = std::move(*folder);
  }
  TENON_TRY(Engine engine, Engine::create(config));
  if (const std::string notice = engine.notice(); !notice.empty()) program.notice(notice);
  return engine;
}

std::string Stopwatch::text() const {
  return fmt::format("{:.1f} ms", std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start_).count());
}

Progress::Progress(Program& program, std::string what) : program_(program), what_(std::move(what)) {
  if (program.is_terminal()) thread_ = std::thread([this] { show(); });
}

Progress::~Progress() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
  }
  ended_changed_.notify_one();
  thread_.join();
}

void Progress::show() {
  constexpr auto step = std::chrono::milliseconds(500);
  const auto start = std::chrono::steady_clock::now();
  bool shown = false;
  std::unique_lock lock(mutex_);
  while (!ended_changed_.wait_for(lock, step, [this] { return ended_; })) {
    const auto seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    program_.note(fmt::format("\r{} … {:.0f} s", what_, seconds));
    shown = true;
  }
  if (shown) program_.note("\r\x1b[K");
}

}  // namespace tenon::cli
