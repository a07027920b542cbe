#include "wasi/filesystem/mounts.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

/// Whatever a table of mounts says: one mount point a line at most, none longer than what was read, and one more line changes nothing of those before it.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using tenon::wasi::filesystem::hanging_mount_points;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::vector<std::string> points = hanging_mount_points(text);
  size_t bytes = 0;
  for (const std::string& point : points) bytes += point.size();
  if (points.size() > static_cast<size_t>(std::ranges::count(text, '\n')) + 1 || bytes > size) std::abort();
  std::vector<std::string> longer = hanging_mount_points(std::string(text) + "\n1 2 0:3 / /last rw shared:1 - nfs4 server:/x rw\n");
  if (longer.empty() || longer.back() != "/last") std::abort();
  longer.pop_back();
  if (longer != points) std::abort();
  return 0;
}
