#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "wasi/blocking_pool.h"
#include "wasi/filesystem/preopens.h"

namespace tenon::wasi::filesystem {

/// Closes files whose closing may hang, on threads of a pool. Any thread.
///
/// What waits here was counted as somebody's open handle and is one no more, so the number of threads that close is bounded instead: when each of them hangs,
/// files wait until one goes on. A pool that takes no more is asked again with the next file.
class Closing final {
 public:
  static constexpr uint32_t threads_max = 4;

  explicit Closing(BlockingPool& pool) : pool_(pool) {}
  /// Closes what still waits itself. No thread may be closing any more.
  ~Closing() = default;
  Closing(const Closing&) = delete;
  Closing& operator=(const Closing&) = delete;

  /// Of the process, with its pool.
  static Closing& shared();

  void close(std::unique_ptr<OpenFile> file);

 private:
  class Task;

  /// The next file; null when there is none, and then the thread that asked is counted as gone.
  std::unique_ptr<OpenFile> next();

  BlockingPool& pool_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<OpenFile>> waiting_;
  uint32_t threads_ = 0;
};

}  // namespace tenon::wasi::filesystem
