#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/raw.h"
#include "tenon/engine.h"
#include "tenon/result.h"

namespace tenon::engine {

/// Names an entry: what was compiled, for what, by which engine with which configuration on which processor.
using CacheKey = std::array<uint8_t, 32>;

/// What an entry holds: one run of plain bytes (a component's plan) and compiled modules.
struct CacheEntry {
  std::vector<std::byte> plain;
  std::vector<core::Module> modules;
};

/// An entry as `tenon cache ls` shows it.
struct CacheItem {
  /// Name of the file in the folder.
  std::string file;
  /// What was compiled: "module", "component".
  std::string label;
  uint64_t bytes = 0;
  std::chrono::system_clock::time_point last_used;
  /// Why it would not be run; empty when it is sound.
  std::string fault;
};

/// Compiled code on disk, in a folder that belongs to this user alone (mode 0700).
///
/// Invariants: 1. Code is run only when a keyed digest over exactly the bytes that are mapped is right; they lie in a sealed memory file, which nobody can
/// change after the check. 2. A file appears whole or not at all (written beside, renamed). 3. A file that is not sound is removed and counts as missing. Any
/// thread, any number of processes on one folder. docs/cache.md has the file's format and says what this protects from.
class CodeCache {
 public:
  /// Opens or makes `folder`/code. Errors: `Denied` when it belongs to somebody else or others may enter it; `Unavailable` when it cannot be made, written or
  /// read.
  static Result<std::unique_ptr<CodeCache>> open(const std::filesystem::path& folder, uint64_t bytes_max);
  ~CodeCache();
  CodeCache(const CodeCache&) = delete;
  CodeCache& operator=(const CodeCache&) = delete;

  /// `label` says what `content` is compiled to; the same bytes with another label are another entry.
  static CacheKey key(const Engine& engine, std::string_view label, std::span<const std::byte> content);

  /// The entry when it is there and sound. Marks it as used.
  std::optional<CacheEntry> load(const Engine& engine, const CacheKey& key);

  /// Writes an entry and removes those not used for longest until all fit. Of `label`, which `list` shows, 32 bytes are kept. Errors: `Unavailable` (disk full,
  /// permissions); `LimitExceeded` when it alone is too large.
  Result<> save(const CacheKey& key, std::string_view label, std::span<const std::byte> plain, std::span<const core::Module> modules);

  /// Why the first entry that `save` could not write was not; empty when all were.
  std::string trouble() const;

  /// All entries, the one used last first. `Check::Digests` reads every byte; otherwise only the headers are looked at.
  enum class Check { Headers, Digests };
  Result<std::vector<CacheItem>> list(Check check) const;

  /// Removes all entries (and what interrupted writers left); the bytes that were freed.
  Result<uint64_t> clean();
  /// Removes the entries that are not sound; how many.
  Result<size_t> remove_faulty();

 private:
  CodeCache(int folder, uint64_t bytes_max, const std::array<uint8_t, 32>& secret) : folder_(folder), bytes_max_(bytes_max), secret_(secret) {}
  Result<> write(const CacheKey& key, std::string_view label, std::span<const std::byte> plain, std::span<const core::Module> modules);
  void evict(uint64_t bytes_max) const;

  const int folder_;
  const uint64_t bytes_max_;
  const std::array<uint8_t, 32> secret_;
  mutable std::mutex trouble_mutex_;
  std::string trouble_;
};

}  // namespace tenon::engine
