#pragma once

#include <set>
#include <string>
#include <string_view>

namespace tenon::wit {

/// WIT names as C++ identifiers. A word of C++, or a macro that the standard headers may define, gets an underscore behind it.

/// "call-id" → "call_id", "class" → "class_".
std::string snake_case(std::string_view name);

/// "tool-call" → "ToolCall", "HTTP-get" → "HttpGet".
std::string title_case(std::string_view name);

/// A C++ string literal of any text: "a\"b".
std::string literal(std::string_view text);

/// Names of one scope: one that is taken already gets underscores until it is not.
class Scope {
 public:
  std::string add(std::string name);

 private:
  std::set<std::string> names_;
};

}  // namespace tenon::wit
