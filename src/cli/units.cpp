#include "cli/units.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include <CLI/CLI.hpp>

#include "policy/units.h"

namespace tenon::cli {

CLI::Option* add_count_option(CLI::App& command, const std::string& name, std::optional<uint64_t>& target, const std::string& description) {
  return command
      .add_option_function<std::string>(
          name,
          [&target, name](const std::string& text) {
            const auto count = policy::parse_count(text);
            if (!count) throw CLI::ValidationError(name, count.error().message());
            target = *count;
          },
          description)
      ->type_name("COUNT");
}

CLI::Option* add_duration_option(CLI::App& command, const std::string& name, std::optional<std::chrono::microseconds>& target, const std::string& description) {
  return command
      .add_option_function<std::string>(
          name,
          [&target, name](const std::string& text) {
            const auto duration = policy::parse_duration(text);
            if (!duration) throw CLI::ValidationError(name, duration.error().message());
            target = std::chrono::duration_cast<std::chrono::microseconds>(*duration);
          },
          description)
      ->type_name("DURATION");
}

CLI::Option* add_bytes_option(CLI::App& command, const std::string& name, std::optional<uint64_t>& target, const std::string& description) {
  return command
      .add_option_function<std::string>(
          name,
          [&target, name](const std::string& text) {
            const auto bytes = policy::parse_bytes(text);
            if (!bytes) throw CLI::ValidationError(name, bytes.error().message());
            target = *bytes;
          },
          description)
      ->type_name("SIZE");
}

}  // namespace tenon::cli
