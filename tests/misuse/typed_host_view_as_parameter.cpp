// A parameter comes from the guest and is never a view of the host.
// error: a host function's parameter is the guest's
#include <string_view>
#include <vector>

#include "tenon/typed.h"

#ifdef MISUSE
using Parameter = std::vector<tenon::HostText>;
#else
using Parameter = std::vector<std::string>;
#endif

tenon::Result<> define(tenon::LinkerInstance root) {
  return root.func("log", [](const Parameter&) {});
}
