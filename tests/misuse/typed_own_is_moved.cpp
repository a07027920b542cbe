// An owned handle has one owner.
// error: deleted
#include <utility>

#include "tenon/typed.h"

struct Tag {};

tenon::Own<Tag> keep(tenon::Own<Tag>& own) {
#ifdef MISUSE
  return own;
#else
  return std::move(own);
#endif
}
