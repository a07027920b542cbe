// A failure that nobody looks at.
// error: (ignoring|discarding).*(nodiscard|Result)
#include "tenon/result.h"

tenon::Result<> step();
void work();

void work() {
#ifdef MISUSE
  step();
#else
  if (!step()) return;
#endif
}
