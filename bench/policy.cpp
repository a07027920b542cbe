// Rows `policy.*` and `deadline.*`: what limits cost. The peer has none of them.
#include <chrono>
#include <string>
#include <vector>

#include "command.h"
#include "policy/guard.h"
#include "timing.h"

namespace tenon::bench {

namespace {

using policy::Access;

constexpr size_t grants_count = 64;

/// As many grants of one access; the last is of project63 when it is 64 of them.
std::vector<std::string> folder_grants(const std::string& folder, size_t count) {
  std::vector<std::string> grants;
  for (size_t i = 0; i < count; i++) grants.push_back("filesystem:read:" + folder + "/project" + std::to_string(i) + "/**");
  return grants;
}

double check64() {
  policy::Guard guard(allow(folder_grants("/data", grants_count)), policy::Budget::create({}));
  return nanoseconds([&](uint32_t n) {
    for (uint32_t i = 0; i < n; i++) keep(guard.allow_path(Access::FilesystemRead, "/data/project63/src/policy/guard.cpp"));
  });
}

/// A limit on everything but fuel, which is another variant of the code (`meter.fuel`); none is reached.
policy::BudgetLimits all_limits() {
  constexpr uint64_t many = uint64_t{1} << 40;
  return {.time = std::chrono::hours(1),
          .memory_bytes = pool_memory_bytes,
          .table_elements = table_elements,
          .tables = 10,
          .memories = 10,
          .instances = 100,
          .bytes_in = many,
          .bytes_out = many,
          .host_calls = many,
          .handles = 1000,
          .sub_calls = 100,
          .depth = 4};
}

struct Variant {
  const Command& command;
  const wasi::SessionOptions& options;
};

/// How many times as long `on` takes as `off`; they take turns.
double overhead(const Variant& on, const Variant& off, size_t turns) {
  std::vector<double> with;
  std::vector<double> without;
  on.command.run(on.options);
  off.command.run(off.options);
  for (size_t turn = 0; turn < turns; turn++) {
    for (const bool is_on : {turn % 2 == 0, turn % 2 == 1}) {
      const Variant& variant = is_on ? on : off;
      (is_on ? with : without).push_back(variant.command.once(variant.options));
    }
  }
  return median(std::move(with)) / median(std::move(without));
}

/// 10,000 stats with 64 grants, a deadline and limits, beside the grants that it needs and no limits.
double policy_overhead(const WasiGuests& guests) {
  const Command command(guests.guests.engine, guests, "rust-tool.p2.wasm");
  const std::vector<std::string> needed = {"command", "filesystem:read:/data/small/**", "filesystem:list:/data/small/**"};
  wasi::SessionOptions off = usual_options(guests, {"tool", "stat-all", "/data/small", "10000"}, Sees::Work);
  off.rules = allow(needed);
  wasi::SessionOptions on = off;
  std::vector<std::string> grants = folder_grants("/data/small", grants_count - needed.size());
  grants.insert(grants.end(), needed.begin(), needed.end());
  on.rules = allow(grants);
  on.limits = all_limits();
  constexpr size_t turns = 21;
  return overhead({command, on}, {command, off}, turns);
}

/// A sum over 64 MiB with a deadline and limits, beside none on an engine that could not interrupt it.
double deadline_overhead(const WasiGuests& guests) {
  constexpr std::string_view program = "rust-sha256.p2.wasm";
  const Engine unmetered = must(Engine::create(config({.epoch = false, .fuel = false})), "engine");
  const Command with(guests.guests.engine, guests, program);
  const Command without(unmetered, guests, program);
  const wasi::SessionOptions off = usual_options(guests, {"sha256", "/data/64m"}, Sees::Work);
  wasi::SessionOptions on = off;
  on.limits = all_limits();
  constexpr size_t turns = 5;
  return overhead({with, on}, {without, off}, turns);
}

}  // namespace

std::optional<double> run_policy(const WasiGuests& guests, std::string_view row) {
  if (row == "policy.check64") return check64();
  if (row == "policy.overhead") return policy_overhead(guests);
  if (row == "deadline.overhead") return deadline_overhead(guests);
  return std::nullopt;
}

}  // namespace tenon::bench
