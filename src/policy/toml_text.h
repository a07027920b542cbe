#pragma once

#include <string>
#include <string_view>

namespace tenon::policy {

/// `text`, which is UTF-8, as a string of TOML on one line: "a", 'a\b', "a\"b".
std::string toml_string(std::string_view text);

/// `text` as one word of a shell: as it is where no shell reads it otherwise, else in single quotes.
std::string shell_word(std::string_view text);

}  // namespace tenon::policy
