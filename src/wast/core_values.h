#pragma once

#include <span>
#include <vector>

#include "tenon/core.h"
#include "tenon/result.h"
#include "wast/script.h"

/// The core values of scripts, as arguments and as what is expected.
namespace tenon::wast {

/// The core value that a script writes as `constant`.
/// Errors: `Unsupported` for references, which hosts neither make nor read here; `InvalidInput` for a constant of components.
Result<core::Val> to_core_value(const Constant& constant);

/// Whether `actual` is what a script expects, with NaN patterns and alternatives (`either`); `InvalidInput` says how it is not.
/// Error: `Unsupported` for references.
Result<> match_core(const Constant& expected, const core::Val& actual);

}  // namespace tenon::wast
