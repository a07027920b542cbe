// A parameter whose type has no counterpart in the component model.
// error: no counterpart in the component model
#include <memory>

#include "tenon/typed.h"

tenon::Result<> call(const tenon::Instance& instance) {
#ifdef MISUSE
  using Parameter = std::unique_ptr<int>;
#else
  using Parameter = std::vector<int>;
#endif
  TENON_TRY(const auto func, instance.get_func<void(Parameter)>("f"));
  return func(Parameter());
}
