#pragma once

#include <string>

namespace tenon::base {

/// Writes where and what failed to stderr and aborts.
[[noreturn]] void check_failed(const char* file, int line, const char* condition, const std::string& message);

}  // namespace tenon::base

/// `TENON_CHECK(index < size, fmt::format("index {}", index));` ends the process when the condition does not hold: on in every build, for our
/// own bugs only, never for anything that a guest, a file, a configuration or a peer can cause. The message is made only on failure.
#define TENON_CHECK(condition, message)                                                  \
  do {                                                                                   \
    if (!(condition)) [[unlikely]]                                                       \
      ::tenon::base::check_failed(__FILE__, __LINE__, #condition, std::string(message)); \
  } while (false)
