#include "base/log.h"

#include <fmt/format.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <array>
#include <string>
#include <utility>

namespace tenon::base {
namespace {

struct Level {
  std::string_view name;
  LogLevel level;
  spdlog::level::level_enum spdlog_level;
};

constexpr std::array<Level, 6> levels{{
    {"trace", LogLevel::Trace, spdlog::level::trace},
    {"debug", LogLevel::Debug, spdlog::level::debug},
    {"info", LogLevel::Info, spdlog::level::info},
    {"warn", LogLevel::Warn, spdlog::level::warn},
    {"error", LogLevel::Error, spdlog::level::err},
    {"off", LogLevel::Off, spdlog::level::off},
}};

spdlog::level::level_enum to_spdlog(LogLevel level) { return levels[static_cast<size_t>(level)].spdlog_level; }

// The one logger of the process, off until somebody sets a level. Not in spdlog's registry: an embedder's own spdlog stays untouched.
spdlog::logger& logger() {
  static spdlog::logger instance = [] {
    spdlog::logger made("tenon", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    made.set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %l %v", spdlog::pattern_time_type::utc);
    made.set_level(spdlog::level::off);
    return made;
  }();
  return instance;
}

std::string escape_controls(std::string_view text) {
  std::string escaped;
  escaped.reserve(text.size());
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) {
      escaped += c == '\n' ? std::string("\\n") : fmt::format("\\x{:02x}", byte);
    } else {
      escaped += c;
    }
  }
  return escaped;
}

}  // namespace

std::optional<LogLevel> parse_log_level(std::string_view name) {
  for (const Level& level : levels) {
    if (level.name == name) return level.level;
  }
  return std::nullopt;
}

void set_log_level(LogLevel level) { logger().set_level(to_spdlog(level)); }

bool log_enabled(LogLevel level) { return level != LogLevel::Off && logger().should_log(to_spdlog(level)); }

void log(LogLevel level, std::string_view message) {
  if (log_enabled(level)) logger().log(to_spdlog(level), escape_controls(message));
}

}  // namespace tenon::base
