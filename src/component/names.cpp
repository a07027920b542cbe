#include "component/names.h"

#include <algorithm>

namespace tenon::component {

namespace {

/// A number without a leading zero at the start of `text`, cut off from it.
std::optional<uint64_t> take_number(std::string_view& text) {
  size_t digits = 0;
  uint64_t number = 0;
  while (digits < text.size() && text[digits] >= '0' && text[digits] <= '9') {
    if (__builtin_mul_overflow(number, 10, &number) || __builtin_add_overflow(number, static_cast<uint64_t>(text[digits] - '0'), &number)) return std::nullopt;
    ++digits;
  }
  if (digits == 0 || (digits > 1 && text[0] == '0')) return std::nullopt;
  text.remove_prefix(digits);
  return number;
}

bool take(std::string_view& text, char c) {
  if (!text.starts_with(c)) return false;
  text.remove_prefix(1);
  return true;
}

/// Build metadata: identifiers of letters, digits and hyphens between dots.
bool is_build(std::string_view text) {
  bool empty = true;
  for (const char c : text) {
    if (c == '.') {
      if (empty) return false;
      empty = true;
    } else if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-') {
      empty = false;
    } else {
      return false;
    }
  }
  return !empty;
}

}  // namespace

std::optional<VersionTrack> find_version_track(std::string_view name) {
  const size_t sign = name.find('@');
  if (sign == std::string_view::npos) return std::nullopt;
  std::string_view rest = name.substr(sign + 1);
  const auto major = take_number(rest);
  if (!major || !take(rest, '.')) return std::nullopt;
  const size_t major_end = static_cast<size_t>(rest.data() - name.data()) - 1;
  const auto minor = take_number(rest);
  if (!minor || !take(rest, '.')) return std::nullopt;
  const size_t minor_end = static_cast<size_t>(rest.data() - name.data()) - 1;
  const auto patch = take_number(rest);
  if (!patch || (!rest.empty() && !(take(rest, '+') && is_build(rest)))) return std::nullopt;
  const Version version{*major, *minor, *patch};
  if (*major != 0) return VersionTrack{name.substr(0, major_end), version};
  if (*minor != 0) return VersionTrack{name.substr(0, minor_end), version};
  return std::nullopt;
}

}  // namespace tenon::component
