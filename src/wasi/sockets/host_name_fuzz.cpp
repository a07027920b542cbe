#include "wasi/sockets/host_name.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

/// Whatever a guest names: read without harm, and what was read reads the same again.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using tenon::wasi::sockets::parse_host_name;
  const auto host = parse_host_name({reinterpret_cast<const char*>(data), size});
  if (!host) return 0;
  const std::string text = host->address ? tenon::policy::to_string(*host->address) : host->name;
  const auto again = parse_host_name(text);
  if (!again || again->address != host->address || again->name != host->name) std::abort();
  return 0;
}
