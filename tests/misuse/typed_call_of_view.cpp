// A typed call whose result is a view of nothing.
// error: a result holds no std::string_view or std::span
#include <string>
#include <string_view>

#include "tenon/typed.h"

#ifdef MISUSE
using Returned = std::string_view;
#else
using Returned = std::string;
#endif

tenon::Result<> call(const tenon::Instance& instance) {
  TENON_TRY(const auto func, instance.get_func<Returned()>("name"));
  TENON_TRY(const Returned name, func());
  return name.empty() ? tenon::fail(tenon::ErrorKind::InvalidInput, "no name") : tenon::Result<>();
}
