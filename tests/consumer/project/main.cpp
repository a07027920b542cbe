#include <tenon/types.h>
#include <tenon/value.h>

#include <cstdio>

int main() {
  const tenon::Value value(uint32_t{42});
  std::printf("%s\n", value == tenon::Value(uint32_t{42}) ? "ok" : "different");
}
