#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace tenon::cli {

/// Options of a command that take such text; what is none is a usage error. See policy/units.h for the forms.
CLI::Option* add_duration_option(CLI::App& command, const std::string& name, std::optional<std::chrono::microseconds>& target, const std::string& description);
CLI::Option* add_bytes_option(CLI::App& command, const std::string& name, std::optional<uint64_t>& target, const std::string& description);
CLI::Option* add_count_option(CLI::App& command, const std::string& name, std::optional<uint64_t>& target, const std::string& description);

}  // namespace tenon::cli
