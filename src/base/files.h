#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "tenon/result.h"

namespace tenon::base {

/// The whole content of a file, a pipe or a device, never more than `size_max` bytes.
///
/// Errors: `NotFound`; `Denied` (permissions); `InvalidInput` for a folder; `LimitExceeded` past `size_max`; `Unavailable` when reading fails.
Result<std::string> read_file(const std::filesystem::path& path, uint64_t size_max);

/// The same for standard input, up to its end.
Result<std::string> read_stdin(uint64_t size_max);

/// Writes a new file beside `path` and renames it over it: a reader sees the old content or the new, never a part, and a failure leaves the old.
/// Not synced to disk: after a power cut the file may be the old or empty. Links are followed and stay. A file that was there lends the new one its
/// permissions as far as `mode` has them. What is no file, a device or a pipe, is written to and stays what it is.
///
/// Errors: `NotFound` when the folder is missing; `Denied`; `InvalidInput` for a folder; `Unavailable` (disk full, I/O).
Result<> write_file(const std::filesystem::path& path, std::string_view content, mode_t mode = 0644);

}  // namespace tenon::base
