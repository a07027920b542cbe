#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/program.h"
#include "cli/runtime.h"
#include "engine/cache.h"
#include "tenon/engine.h"
#include "tenon/result.h"
#include "wit/inspect.h"

namespace tenon::cli {
namespace {

struct Options {
  EngineOptions engine;
  bool json = false;
};

/// Null when there is none yet: looking at a cache makes no folder.
Result<std::unique_ptr<engine::CodeCache>> open_cache(const Options& options) {
  TENON_TRY(const std::filesystem::path folder, cache_folder(options.engine));
  std::error_code failure;
  if (!std::filesystem::exists(folder, failure) && !failure) return nullptr;
  if (std::filesystem::is_directory(folder, failure) && !std::filesystem::exists(folder / "code", failure) && !failure) return nullptr;
  return engine::CodeCache::open(folder, EngineConfig().cache_bytes_max);
}

std::string describe_time(std::chrono::system_clock::time_point time) {
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::chrono::system_clock::to_time_t(time)));
}

Result<> print_items(Program& program, const Options& options, const std::vector<engine::CacheItem>& items) {
  uint64_t total = 0;
  for (const engine::CacheItem& item : items) {
    total += item.bytes;
    if (options.json) {
      const nlohmann::ordered_json line{
          {"file", item.file}, {"label", item.label}, {"bytes", item.bytes}, {"last_used", describe_time(item.last_used)}, {"fault", item.fault}};
      program.print(line.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n");
    } else {
      program.print(fmt::format("{}  {:<10} {:>12}  {}{}\n", describe_time(item.last_used), item.label, wit::describe_size(item.bytes), item.file,
                                item.fault.empty() ? "" : "  FAULTY: " + item.fault));
    }
  }
  if (!options.json) program.print(fmt::format("{} entries, {}\n", items.size(), wit::describe_size(total)));
  return {};
}

Result<ExitCode> list(Program& program, const Options& options) {
  TENON_TRY(const auto cache, open_cache(options));
  std::vector<engine::CacheItem> items;
  if (cache != nullptr) {
    TENON_TRY(items, cache->list(engine::CodeCache::Check::Headers));
  }
  TENON_CHECK_OK(print_items(program, options, items));
  return ExitCode::Success;
}

/// Faulty entries are told of and removed; they would never have been run.
Result<ExitCode> verify(Program& program, const Options& options) {
  TENON_TRY(const auto cache, open_cache(options));
  if (cache == nullptr) return list(program, options);
  TENON_TRY(const std::vector<engine::CacheItem> items, cache->list(engine::CodeCache::Check::Digests));
  TENON_CHECK_OK(print_items(program, options, items));
  TENON_TRY(const size_t removed, cache->remove_faulty());
  if (removed == 0) return ExitCode::Success;
  program.note(fmt::format("{} faulty entries were removed\n", removed));
  return ExitCode::InvalidInput;
}

Result<ExitCode> clean(Program& program, const Options& options) {
  TENON_TRY(const auto cache, open_cache(options));
  uint64_t freed = 0;
  if (cache != nullptr) {
    TENON_TRY(freed, cache->clean());
  }
  if (options.json)
    program.print(fmt::format("{{\"freed_bytes\":{}}}\n", freed));
  else
    program.print(fmt::format("{} freed\n", wit::describe_size(freed)));
  return ExitCode::Success;
}

}  // namespace

void add_cache_command(CLI::App& app, Program& program) {
  CLI::App* cache = app.add_subcommand("cache", "Look after the cache of compiled code");
  cache->require_subcommand(1);
  const auto add = [&](const std::string& name, const std::string& description, Result<ExitCode> (*action)(Program&, const Options&)) {
    auto options = std::make_shared<Options>();
    CLI::App* command = cache->add_subcommand(name, description);
    add_cache_folder_option(*command, options->engine);
    command->add_flag("--json", options->json, "One JSON object a line");
    program.set_action(*command, [options, action](Program& shared) { return action(shared, *options); });
  };
  add("ls", "List the entries, the one used last first", list);
  add("verify", "Read every entry and check its digest; faulty ones are listed and removed (exit code 3)", verify);
  add("clean", "Remove all entries", clean);
}

}  // namespace tenon::cli
