#include "wasi/packages.h"

#include <algorithm>
#include <span>
#include <string_view>

#include "wasi/link.h"

namespace tenon::wasi {

namespace {

struct Package {
  Result<> (*add)(Linker&);
  /// How the names of its interfaces begin.
  std::string_view prefix;
  /// Another beginning, for what the package provides beside WASI.
  std::string_view other = prefix;

  bool has(std::string_view name) const { return name.starts_with(prefix) || name.starts_with(other); }
};

constexpr Package packages[] = {
    {add_cli, "wasi:cli/", "tenon:preview1/"},
    {add_clocks, "wasi:clocks/"},
    {add_filesystem, "wasi:filesystem/"},
    {add_http, "wasi:http/"},
    {add_io, "wasi:io/"},
    {add_random, "wasi:random/"},
    {add_sockets, "wasi:sockets/"},
};

}  // namespace

Result<> add_imported(Linker& linker, const Component& component) {
  const std::span<const Item> imports = component.imports();
  for (const Package& package : packages) {
    const bool is_imported = std::any_of(imports.begin(), imports.end(), [&](const Item& item) { return package.has(item.name()); });
    if (is_imported) TENON_CHECK_OK(package.add(linker));
  }
  return {};
}

}  // namespace tenon::wasi
