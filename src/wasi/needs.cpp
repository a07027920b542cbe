#include "wasi/needs.h"

#include <algorithm>
#include <array>
#include <bitset>
#include <initializer_list>
#include <utility>

namespace tenon::wasi {
namespace {

using policy::Access;
using Accesses = std::bitset<policy::access_count>;

Accesses set_of(std::initializer_list<Access> accesses) {
  Accesses set;
  for (const Access access : accesses) set.set(static_cast<size_t>(access));
  return set;
}

Accesses files() {
  return set_of({Access::FilesystemRead, Access::FilesystemWrite, Access::FilesystemCreate, Access::FilesystemDelete, Access::FilesystemList});
}
Accesses stdio() { return set_of({Access::StdioStdin, Access::StdioStdout, Access::StdioStderr}); }

/// What functions behind a name, or a beginning of names, may ask for.
struct Row {
  std::string_view name;
  Accesses accesses;
};

/// Interfaces of WASI 0.2; the longest one that the name begins with counts.
Accesses of_interface(std::string_view name) {
  static const auto rows = std::to_array<Row>({
      {"wasi:cli/environment", set_of({Access::EnvRead, Access::Args})},
      {"wasi:cli/exit", set_of({Access::ProcessExit})},
      {"wasi:cli/stdin", set_of({Access::StdioStdin})},
      {"wasi:cli/stdout", set_of({Access::StdioStdout})},
      {"wasi:cli/stderr", set_of({Access::StdioStderr})},
      {"wasi:clocks/monotonic-clock", set_of({Access::ClockMonotonic})},
      {"wasi:clocks/wall-clock", set_of({Access::ClockWall})},
      {"wasi:filesystem/preopens", files()},
      {"wasi:http/outgoing-handler", set_of({Access::Http})},
      {"wasi:random/random", set_of({Access::RandomSecure})},
      {"wasi:random/insecure", set_of({Access::RandomInsecure})},
      {"wasi:random/insecure-seed", set_of({Access::RandomInsecure})},
      {"wasi:sockets/ip-name-lookup", set_of({Access::NetworkResolve})},
      {"wasi:sockets/tcp", set_of({Access::NetworkOutbound, Access::NetworkListen})},
      {"wasi:sockets/udp", set_of({Access::NetworkOutbound, Access::NetworkListen})},
  });
  const std::string_view plain = name.substr(0, name.find('@'));
  const auto found = std::ranges::find(rows, plain, &Row::name);
  return found != rows.end() ? found->accesses : Accesses();
}

/// Functions of preview 1.
Accesses of_preview1(std::string_view name) {
  static const auto rows = std::to_array<Row>({
      {"args_", set_of({Access::Args})},
      {"environ_", set_of({Access::EnvRead})},
      {"proc_exit", set_of({Access::ProcessExit})},
      {"random_get", set_of({Access::RandomSecure})},
      {"clock_", set_of({Access::ClockWall, Access::ClockMonotonic})},
      {"poll_oneoff", set_of({Access::ClockWall, Access::ClockMonotonic}) | stdio()},
      {"fd_read", files() | stdio()},
      {"fd_write", files() | stdio()},
      {"fd_prestat_", files()},
      {"path_", files()},
  });
  for (const Row& row : rows)
    if (name.starts_with(row.name)) return row.accesses;
  return {};
}

std::string capability_of(Access access) {
  const policy::AccessName name = policy::name_of(access);
  std::string text(name.domain);
  if (!name.action.empty()) text.append(":").append(name.action);
  switch (name.target) {
    case policy::TargetKind::None: return text;
    case policy::TargetKind::Path: return text + ":/**";
    case policy::TargetKind::Url: return text + ":*:**";
    case policy::TargetKind::Endpoint:
    case policy::TargetKind::Host:
    case policy::TargetKind::Name: return text + ":*";
  }
  return text;
}

bool has_no_refusal(Access access) { return access == Access::ClockWall || access == Access::RandomSecure || access == Access::RandomInsecure; }

}  // namespace

std::vector<Need> needs_of(std::span<const std::string> names) {
  constexpr std::string_view preview1 = "wasi_snapshot_preview1.";
  Accesses needed;
  for (const std::string_view name : names) {
    needed |= name.starts_with(preview1) ? of_preview1(name.substr(preview1.size())) : of_interface(name);
  }
  std::vector<Need> needs;
  for (size_t i = 0; i < policy::access_count; i++) {
    if (!needed.test(i)) continue;
    const auto access = static_cast<Access>(i);
    needs.push_back({.access = access, .capability = capability_of(access), .at_start = has_no_refusal(access)});
  }
  return needs;
}

}  // namespace tenon::wasi
