#pragma once

#include <string>
#include <string_view>

namespace tenon::oracle {

/// Why a call failed, without the wording: "alignment", "bounds", "text", …; the text itself when it is none that is known.
std::string trap_reason(std::string_view text);

}  // namespace tenon::oracle
