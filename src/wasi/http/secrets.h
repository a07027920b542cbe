#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "wasi/context.h"
#include "wasi/http/error_code.h"
#include "wasi/http/target.h"

namespace tenon::wasi::http {

/// Whether the secret goes to the target: its host and port, over TLS unless it may do without, and not in a TRACE, which the peer would send back.
bool goes_to(const Secret& secret, const Target& target);

/// The value of a header with the secrets of the target's host in place of their placeholders. What a secret's value says is not looked at again.
///
/// Error: `configuration-error` when a secret would make the header another one, because its value holds CR, LF, NUL or the like.
std::expected<std::string, ErrorCode> fill_secrets(const std::vector<Secret>& secrets, const Target& target, std::string_view value);

}  // namespace tenon::wasi::http
