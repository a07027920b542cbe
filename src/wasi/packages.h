#pragma once

#include "tenon/component.h"
#include "tenon/linker.h"

namespace tenon::wasi {

/// `add_to_linker` for a linker that links this one component: the packages that it imports something of, which for most programs is half of the work.
Result<> add_imported(Linker& linker, const Component& component);

}  // namespace tenon::wasi
