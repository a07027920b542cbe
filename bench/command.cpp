#include "command.h"

#include <iostream>
#include <span>
#include <utility>

#include "base/files.h"
#include "tenon/instance.h"
#include "timing.h"
#include "wasi/link.h"

namespace tenon::bench {

namespace {

constexpr uint64_t program_bytes_max = 64 << 20;

ExportIndex find_run(const Component& component, std::string_view name) {
  for (const Item& item : component.exports()) {
    if (!item.name().starts_with("wasi:cli/run@0.2.")) continue;
    if (const auto index = component.find_export(item.name(), "run")) return *index;
  }
  std::cerr << name << " is no command\n";
  std::exit(1);
}

}  // namespace

std::shared_ptr<const policy::Rules> allow(const std::vector<std::string>& grants) { return must(policy::Rules::from_grants(grants), "grants"); }

std::vector<std::string> usual_grants() { return {"command", "filesystem:read:/data/**", "filesystem:list:/data/**"}; }

Linker wasi_linker(const Engine& engine) {
  Linker linker(engine);
  must(wasi::add_to_linker(linker), "linker");
  return linker;
}

Component Command::load(const Engine& engine, const std::filesystem::path& file) {
  const std::string bytes = must(base::read_file(file.string(), program_bytes_max), "program");
  return must(Component::create(engine, std::as_bytes(std::span(bytes))), file.string());
}

Command::Command(const Engine& engine, const WasiGuests& guests, std::string_view program)
    : engine_(engine),
      name_(program),
      component_(load(engine, guests.programs / program)),
      pre_(must(wasi_linker(engine).instantiate_pre(component_), program)),
      run_(find_run(component_, program)) {}

void Command::run(const wasi::SessionOptions& options) const {
  const auto session = must(wasi::Session::create(engine_, options), "session");
  const Instance instance = must(pre_.instantiate(session->store()), name_);
  auto outcome = must(instance.get_func(run_), "run").call({});
  const policy::Receipt receipt = outcome ? session->finish() : session->finish(outcome.error());
  keep(receipt);
  if (!outcome && session->context().exit_status() != 0) must(std::move(outcome), name_);
}

double Command::milliseconds(const wasi::SessionOptions& options) const {
  return nanoseconds([&](uint32_t n) {
           for (uint32_t i = 0; i < n; i++) run(options);
         }) /
         1e6;
}

double Command::once(const wasi::SessionOptions& options) const {
  const auto start = Clock::now();
  run(options);
  return milliseconds_since(start);
}

wasi::SessionOptions usual_options(const WasiGuests& guests, std::vector<std::string> arguments, Sees sees) {
  auto config = std::make_shared<wasi::Config>();
  config->arguments = std::move(arguments);
  if (sees == Sees::Work) config->mounts.push_back({.host_path = guests.work.string(), .guest_path = "/data", .is_read_only = true});
  return {.rules = allow(usual_grants()), .config = std::move(config)};
}

}  // namespace tenon::bench
