// What a typed call answers must be looked at.
// error: nodiscard
#include "tenon/typed.h"

void call(const tenon::TypedFunc<void()>& func) {
#ifdef MISUSE
  func();
#else
  (void)func();
#endif
}
