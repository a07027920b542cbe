#include "cli/units.h"

#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

#include <CLI/CLI.hpp>

namespace tenon::cli {
namespace {

struct Unit {
  std::string_view name;
  double factor;
};

/// A decimal number and a unit behind it, as the smallest unit; absent when it is none of `units` or past `maximum`.
template <size_t N>
std::optional<double> parse_with_unit(std::string_view text, const std::array<Unit, N>& units, double maximum) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  if (error != std::errc() || std::signbit(number) || !std::isfinite(number)) return std::nullopt;
  const std::string_view name = text.substr(static_cast<size_t>(end - text.data()));
  for (const Unit& unit : units) {
    if (unit.name == name && number * unit.factor <= maximum) return number * unit.factor;
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::chrono::microseconds> parse_duration(std::string_view text) {
  constexpr double second = 1e6;
  constexpr std::array<Unit, 6> units = {{{"", second}, {"us", 1}, {"ms", 1e3}, {"s", second}, {"m", 60 * second}, {"h", 3600 * second}}};
  constexpr double year = 365.0 * 24 * 3600 * second;
  const auto found = parse_with_unit(text, units, year);
  return found ? std::optional(std::chrono::microseconds(static_cast<int64_t>(*found))) : std::nullopt;
}

std::optional<uint64_t> parse_bytes(std::string_view text) {
  uint64_t exact = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), exact);
  if (error == std::errc() && end == text.data() + text.size()) return exact;
  constexpr double k = 1024;
  constexpr std::array<Unit, 13> units = {{{"B", 1},
                                           {"k", k},
                                           {"K", k},
                                           {"KB", k},
                                           {"KiB", k},
                                           {"m", k * k},
                                           {"M", k * k},
                                           {"MB", k * k},
                                           {"MiB", k * k},
                                           {"g", k * k * k},
                                           {"G", k * k * k},
                                           {"GB", k * k * k},
                                           {"GiB", k * k * k}}};
  constexpr double largest = 9007199254740992.0;
  const auto found = parse_with_unit(text, units, largest);
  return found ? std::optional(static_cast<uint64_t>(*found)) : std::nullopt;
}

std::optional<uint64_t> parse_count(std::string_view text) {
  uint64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(count) : std::nullopt;
}

CLI::Option* add_count_option(CLI::App& command, const std::string& name, std::optional<uint64_t>& target, const std::string& description) {
  return command
      .add_option_function<std::string>(
          name,
          [&target, name](const std::string& text) {
            target = parse_count(text);
            if (!target) throw CLI::ValidationError(name, "\"" + text + "\" is no number from 0 to 18446744073709551615");
          },
          description)
      ->type_name("COUNT");
}

CLI::Option* add_duration_option(CLI::App& command, const std::string& name, std::optional<std::chrono::microseconds>& target, const std::string& description) {
  return command
      .add_option_function<std::string>(
          name,
          [&target, name](const std::string& text) {
            target = parse_duration(text);
            if (!target) throw CLI::ValidationError(name, "\"" + text + "\" is no duration such as 500ms, 2s or 1m");
          },
          description)
      ->type_name("DURATION");
}

CLI::Option* add_bytes_option(CLI::App& command, const std::string& name, std::optional<uint64_t>& target, const std::string& description) {
  return command
      .add_option_function<std::string>(
          name,
          [&target, name](const std::string& text) {
            target = parse_bytes(text);
            if (!target) throw CLI::ValidationError(name, "\"" + text + "\" is no size such as 65536, 64KiB or 1GiB");
          },
          description)
      ->type_name("SIZE");
}

}  // namespace tenon::cli
