#pragma once

#include <array>
#include <ctime>

#include "wasi/filesystem/types.h"

namespace tenon::wasi::filesystem {

/// Access and modification, as utimensat(2) takes them.
using NewTimes = std::array<timespec, 2>;

/// Answers `overflow` for a moment that the kernel has no number for.
FileResult<NewTimes> new_times(const NewTimestamp& access, const NewTimestamp& modification);

}  // namespace tenon::wasi::filesystem
