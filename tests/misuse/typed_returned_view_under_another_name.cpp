// A view does not turn into one of the host by itself, when the signature says that it is one.
// error: (could not convert|cannot convert|no viable|no matching|conversion from)
#include <string_view>

#include "tenon/typed.h"

tenon::Result<> define(tenon::LinkerInstance root) {
#ifdef MISUSE
  return root.define_func<tenon::HostText(std::string_view)>("name", [](std::string_view text) { return text; });
#else
  return root.define_func<tenon::HostText(std::string_view)>("name", [](std::string_view) { return tenon::HostText("constant"); });
#endif
}
