#pragma once

#include <optional>
#include <string_view>

namespace tenon::base {

enum class LogLevel { Trace, Debug, Info, Warn, Error, Off };

/// "trace", "debug", "info", "warn", "error" or "off"; anything else has no level.
std::optional<LogLevel> parse_log_level(std::string_view name);

/// What is below `level` is dropped. The library starts with `Off`: it prints nothing that its embedder did not ask for. Any thread.
void set_log_level(LogLevel level);
bool log_enabled(LogLevel level);

/// One line on stderr: time, level, message. Control characters of the message are shown escaped, because guests have a hand in some. Any thread.
void log(LogLevel level, std::string_view message);

}  // namespace tenon::base
