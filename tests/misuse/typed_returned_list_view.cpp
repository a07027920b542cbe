// A host function that returns its parameter, which lies in the guest's memory.
// error: a host function returns no std::string_view or std::span
#include <cstdint>
#include <span>
#include <vector>

#include "tenon/typed.h"

#ifdef MISUSE
using Returned = std::span<const uint8_t>;
#else
using Returned = std::vector<uint8_t>;
#endif

tenon::Result<> define(tenon::LinkerInstance root) {
  return root.func("echo", [](std::span<const uint8_t> bytes) -> tenon::Result<Returned> { return Returned(bytes.begin(), bytes.end()); });
}
