#pragma once

#include <string>
#include <string_view>

namespace tenon::wit {

/// Appends `text`, which is UTF-8, as a JSON string with its quotes. Control characters are escaped, so that the result is safe to show in a terminal.
void append_json_string(std::string& out, std::string_view text);

}  // namespace tenon::wit
