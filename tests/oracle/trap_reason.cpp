#include "trap_reason.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <string>
#include <string_view>

namespace tenon::oracle {

namespace {

struct Reason {
  std::string_view words;
  std::string_view name;
};

/// The first that fits counts.
constexpr std::array reasons = {
    Reason{"cannot enter component instance", "may not enter"},
    Reason{"cannot leave component instance", "may not leave"},
    Reason{"the host failed", "host"},
    Reason{"`unreachable` instruction", "unreachable"},
    Reason{"out of bounds memory access", "memory access"},
    Reason{"unknown handle index", "handle"},
    Reason{"is not a resource", "handle"},
    Reason{"not an own resource", "handle"},
    Reason{"handle index", "handle"},
    Reason{"borrow handles still remain", "borrow kept"},
    Reason{"while borrowed", "lent"},
    Reason{"own resource from a borrow", "lent"},
    Reason{"already de-allocated", "handle"},
    Reason{"already consumed", "handle"},
    Reason{"`char`", "char"},
    Reason{"discriminant", "discriminant"},
    Reason{"utf-8", "text"},
    Reason{"utf8", "text"},
    Reason{"utf-16", "text"},
    Reason{"surrogate", "text"},
    Reason{"aligned", "alignment"},
    Reason{"fuel allocated for hostcalls", "too much"},
    Reason{"byte length", "too long"},
    Reason{"out of bounds", "bounds"},
    Reason{"out-of-bounds", "bounds"},
    Reason{"beyond end of memory", "bounds"},
    Reason{"size overflow", "bounds"},
};

}  // namespace

std::string trap_reason(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  for (const Reason& reason : reasons) {
    if (lower.find(reason.words) != std::string::npos) return std::string(reason.name);
  }
  return std::string(text);
}

}  // namespace tenon::oracle
