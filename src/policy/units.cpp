#include "policy/units.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <system_error>

#include <fmt/format.h>

namespace tenon::policy {

namespace {

/// Products of two numbers of 64 bits.
__extension__ using Wide = unsigned __int128;

struct Unit {
  std::string_view name;
  uint64_t factor;
};

constexpr uint64_t second = 1'000'000'000;
constexpr uint64_t year = uint64_t{365} * 24 * 3600 * second;
constexpr std::array<Unit, 7> durations = {
    {{"", second}, {"ns", 1}, {"us", 1'000}, {"ms", 1'000'000}, {"s", second}, {"m", 60 * second}, {"h", 3600 * second}}};

constexpr uint64_t k = 1024;
constexpr std::array<Unit, 18> sizes = {{{"", 1},
                                         {"B", 1},
                                         {"k", k},
                                         {"K", k},
                                         {"KB", k},
                                         {"KiB", k},
                                         {"m", k* k},
                                         {"M", k* k},
                                         {"MB", k* k},
                                         {"MiB", k* k},
                                         {"g", k* k* k},
                                         {"G", k* k* k},
                                         {"GB", k* k* k},
                                         {"GiB", k* k* k},
                                         {"t", k* k* k* k},
                                         {"T", k* k* k* k},
                                         {"TB", k* k* k* k},
                                         {"TiB", k* k* k* k}}};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// What stands before a unit: digits, and perhaps a point and more digits.
struct Decimal {
  uint64_t whole = 0;
  /// `fraction` / `scale`, both at most 10^18.
  uint64_t fraction = 0;
  uint64_t scale = 1;
};

std::optional<Decimal> take_decimal(std::string_view& text) {
  Decimal decimal;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), decimal.whole);
  if (error != std::errc() || !is_digit(text.front())) return std::nullopt;
  text.remove_prefix(static_cast<size_t>(end - text.data()));
  if (!text.starts_with('.')) return decimal;
  constexpr uint64_t scale_max = 1'000'000'000'000'000'000;
  size_t digits = 1;
  for (; digits < text.size() && is_digit(text[digits]); ++digits) {
    // Further digits are far below the smallest unit.
    if (decimal.scale == scale_max) continue;
    decimal.fraction = decimal.fraction * 10 + static_cast<uint64_t>(text[digits] - '0');
    decimal.scale *= 10;
  }
  if (digits == 1) return std::nullopt;
  text.remove_prefix(digits);
  return decimal;
}

std::optional<uint64_t> parse(std::string_view text, std::span<const Unit> units, uint64_t maximum) {
  const auto decimal = take_decimal(text);
  if (!decimal) return std::nullopt;
  const auto unit = std::ranges::find(units, text, &Unit::name);
  if (unit == units.end()) return std::nullopt;
  const Wide value = Wide{decimal->whole} * unit->factor + Wide{decimal->fraction} * unit->factor / decimal->scale;
  return value <= maximum ? std::optional(static_cast<uint64_t>(value)) : std::nullopt;
}

/// Input is quoted in messages no longer than this.
std::string quote(std::string_view text) {
  constexpr size_t bytes_max = 40;
  return fmt::format("\"{}{}\"", text.substr(0, bytes_max), text.size() > bytes_max ? "..." : "");
}

/// The largest of `units` that divides `value`.
std::string format(uint64_t value, std::span<const Unit> units) {
  const Unit* best = &units.front();
  for (const Unit& unit : units) {
    if (value != 0 && value % unit.factor == 0 && unit.factor > best->factor) best = &unit;
  }
  return fmt::format("{}{}", value / best->factor, best->name);
}

}  // namespace

Result<std::chrono::nanoseconds> parse_duration(std::string_view text) {
  if (const auto found = parse(text, durations, year)) return std::chrono::nanoseconds(static_cast<int64_t>(*found));
  return fail(ErrorKind::InvalidInput, quote(text) + " is no duration such as 500ms, 2s or 1m, of at most a year");
}

Result<uint64_t> parse_bytes(std::string_view text) {
  if (const auto found = parse(text, sizes, std::numeric_limits<uint64_t>::max())) return *found;
  return fail(ErrorKind::InvalidInput, quote(text) + " is no size such as 65536, 64KiB or 1GiB, of at most 64 bits");
}

Result<uint64_t> parse_count(std::string_view text) {
  constexpr std::array<Unit, 1> none = {{{"", 1}}};
  const bool is_whole = text.find('.') == std::string_view::npos;
  if (const auto found = parse(text, none, std::numeric_limits<uint64_t>::max()); found && is_whole) return *found;
  return fail(ErrorKind::InvalidInput, quote(text) + " is no number from 0 to 18446744073709551615");
}

std::string format_duration(std::chrono::nanoseconds duration) {
  constexpr std::array<Unit, 6> units = {{{"ns", 1}, {"us", 1'000}, {"ms", 1'000'000}, {"s", second}, {"m", 60 * second}, {"h", 3600 * second}}};
  const auto count = static_cast<uint64_t>(std::max<int64_t>(duration.count(), 0));
  return count == 0 ? "0s" : format(count, units);
}

std::string format_bytes(uint64_t bytes) {
  constexpr std::array<Unit, 5> units = {{{"", 1}, {"KiB", k}, {"MiB", k * k}, {"GiB", k * k * k}, {"TiB", k * k * k * k}}};
  return format(bytes, units);
}

}  // namespace tenon::policy
