#pragma once

#include <string>

#include "component/plan.h"
#include "engine/raw.h"
#include "tenon/result.h"

/// Core types as the plan has them beside those that the engine tells of a compiled module.
namespace tenon::component {

/// The engine's code of a value type; what the plan only knows as another reference has a code of its own and matches no other.
uint8_t type_code(CoreValueType type);

/// Whether `actual`, what is given, can stand where `expected` is asked for (core specification, "import matching").
/// Error: `InvalidInput` "expected memory of at least 2 pages, found 1".
Result<> match(const CoreExternType& expected, const tn_module_item& actual, const std::vector<CoreFuncType>& types);
/// The other way round: what a module imports (`wanted`) beside what it will be given (`given`).
Result<> match(const tn_module_item& wanted, const CoreExternType& given, const std::vector<CoreFuncType>& types);

/// Whether a module can be used where one of type `expected` is asked for: it exports at least as much and imports at most as much.
Result<> match(const ModuleType& expected, const tn_module* actual, const std::vector<CoreFuncType>& types);

}  // namespace tenon::component
