#pragma once

#include "component/plan.h"
#include "tenon/result.h"

namespace tenon::component {

/// What cannot be seen while a plan's records are read one by one, because it is about several of them:
///
/// 1. Each run-time index (memory, realloc, lowering, …) and each defined resource is made by exactly one initializer.
/// 2. Instance and component types end: none holds itself, none is deeper than the limit.
/// 3. Each import's path leads to a type, which is noted in `RuntimeImport::type`; functions, modules and resources are imported as such.
///
/// All indexes of `plan` are in range already. Errors: `InvalidInput`.
Result<> check_plan(Plan& plan);

}  // namespace tenon::component
