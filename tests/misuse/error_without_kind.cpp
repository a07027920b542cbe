// A message alone tells the caller nothing to branch on.
// error: (no matching function|too few arguments|could not convert|cannot convert|no viable)
#include "tenon/result.h"

tenon::Result<int> parse();

tenon::Result<int> parse() {
#ifdef MISUSE
  return tenon::fail("odd number 3");
#else
  return tenon::fail(tenon::ErrorKind::InvalidInput, "odd number 3");
#endif
}
