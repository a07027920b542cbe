// An argument of another type than the signature's.
// error: call
#include <string>

#include "tenon/typed.h"

tenon::Result<> call(const tenon::TypedFunc<void(std::string)>& func) {
#ifdef MISUSE
  return func.call(42);
#else
  return func.call("42");
#endif
}
