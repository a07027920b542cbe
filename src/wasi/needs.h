#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "policy/access.h"

namespace tenon::wasi {

/// A capability that a program may ask for, by what it imports.
struct Need {
  policy::Access access{};
  /// A capability string with a target that stands for all: "filesystem:read:/**", "args".
  std::string capability;
  /// Without a grant of it the program is not started, because the import has no way to say no.
  bool at_start = false;
};

/// What a program that imports `names` may ask for, in the order of the policy's table, each once. A name is an interface of WASI 0.2 with or without its
/// version
/// ("wasi:cli/environment@0.2.6"), or a function of preview 1 ("wasi_snapshot_preview1.fd_write"). Others need nothing. What a program really asks for is up to
/// it; this is the most.
std::vector<Need> needs_of(std::span<const std::string> names);

}  // namespace tenon::wasi
