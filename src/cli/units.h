#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace tenon::cli {

/// "1500ms", "2s", "1.5m", "10us"; a number alone is seconds. Absent for other text, negative numbers and more than a year.
std::optional<std::chrono::microseconds> parse_duration(std::string_view text);

/// "65536", "64KiB", "64k", "1.5GiB", "2g": K, M and G count in steps of 1,024. Absent for other text and more than 64 bits.
std::optional<uint64_t> parse_bytes(std::string_view text);

/// "10000000"; absent for other text, signs and more than 64 bits.
std::optional<uint64_t> parse_count(std::string_view text);

/// Options of a command that take such text; what is none is a usage error.
CLI::Option* add_duration_option(CLI::App& command, const std::string& name, std::optional<std::chrono::microseconds>& target, const std::string& description);
CLI::Option* add_bytes_option(CLI::App& command, const std::string& name, std::optional<uint64_t>& target, const std::string& description);
CLI::Option* add_count_option(CLI::App& command, const std::string& name, std::optional<uint64_t>& target, const std::string& description);

}  // namespace tenon::cli
