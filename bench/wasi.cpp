// Rows `wasi.*`, but for wasi.hello.process, which run.py times.
#include "wasi.h"

#include "command.h"
#include "tenon/typed.h"
#include "timing.h"

namespace tenon::bench {

namespace {

constexpr std::string_view tool = "rust-tool.p2.wasm";

/// Calls of one function: the guest makes them in a loop.
double calls(const WasiGuests& guests, std::string_view name) {
  const Engine& engine = guests.guests.engine;
  const auto session = must(wasi::Session::create(engine, {.rules = allow({"command"})}), "session");
  const Component component = load_component(engine, guests.guests.directory / "wasi_calls.wat");
  const Instance instance = must(wasi_linker(engine).instantiate(session->store(), component), name);
  const auto func = must(instance.get_func<void(uint32_t)>(name), name);
  return nanoseconds([&](uint32_t n) { must(func.call(n), name); });
}

double hello(const WasiGuests& guests) {
  const Command command(guests.guests.engine, guests, "rust-hello.p2.wasm");
  return command.milliseconds(usual_options(guests, {"hello"}, Sees::Nothing)) * 1e3;
}

double files(const WasiGuests& guests, std::string_view word) {
  const Command command(guests.guests.engine, guests, tool);
  return command.milliseconds(usual_options(guests, {"tool", std::string(word), "/data/small", "10000"}, Sees::Work));
}

double large_file(const WasiGuests& guests, std::string_view program) {
  const Command command(guests.guests.engine, guests, program);
  return command.once(usual_options(guests, {"program", "/data/1g"}, Sees::Work));
}

/// One request after the other by one guest.
double http(const WasiGuests& guests) {
  const Command command(guests.guests.engine, guests, "bench-http.wasm");
  wasi::SessionOptions options = usual_options(guests, {"http", guests.url, "1000"}, Sees::Nothing);
  options.rules = allow({"command", "http:GET:" + guests.url});
  return command.milliseconds(options);
}

}  // namespace

std::optional<double> run_wasi(const WasiGuests& guests, std::string_view row) {
  if (row == "wasi.random64") return calls(guests, "random64");
  if (row == "wasi.clock") return calls(guests, "clock");
  if (row == "wasi.write4k") return calls(guests, "write4k");
  if (row == "wasi.cat1g") return large_file(guests, "rust-cat.p2.wasm");
  if (row == "wasi.sha1g") return large_file(guests, "rust-sha256.p2.wasm");
  if (row == "wasi.stat10k") return files(guests, "stat-all");
  if (row == "wasi.open10k") return files(guests, "read-all");
  if (row == "wasi.hello") return hello(guests);
  if (row == "wasi.http") return http(guests);
  return std::nullopt;
}

}  // namespace tenon::bench
