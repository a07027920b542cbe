// Rows `start.*`: store, instantiate, first call, drop. Rows `memory.*`.
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "guests.h"
#include "tenon/typed.h"
#include "timing.h"

namespace tenon::bench {

namespace {

struct Start {
  InstancePre pre;
  ExportIndex index;
};

Start prepare(const Guests& guests, std::string_view file, const Linker& linker, std::string_view name) {
  const Component component = load_component(guests.engine, guests.directory / file);
  InstancePre pre = must(linker.instantiate_pre(component), file);
  const auto index = component.find_export(name);
  if (!index) std::exit(1);
  return {std::move(pre), *index};
}

template <class Signature, class... Arguments>
double time(const Guests& guests, const Start& start, Arguments... arguments) {
  return nanoseconds([&](uint32_t n) {
           for (uint32_t i = 0; i < n; i++) {
             const auto store = make_store(guests.engine, usual);
             const Instance instance = must(start.pre.instantiate(*store), "instance");
             const auto func = must(instance.get_func<Signature>(start.index), "run");
             if constexpr (std::is_same_v<Signature, uint32_t()>)
               keep(must(func.call(arguments...), "call"));
             else
               must(func.call(arguments...), "call");
           }
         }) /
         1000;
}

std::unique_ptr<Store> make_live(const Guests& guests, const Start& start) {
  auto store = make_store(guests.engine, usual);
  const Instance instance = must(start.pre.instantiate(*store), "instance");
  keep(must(must(instance.get_func<uint32_t()>(start.index), "run").call(), "call"));
  return store;
}

double live1000(const Guests& guests) {
  constexpr size_t count = 1000;
  const Start start = prepare(guests, "tiny.wat", Linker(guests.engine), "run");
  std::vector<std::unique_ptr<Store>> live;
  live.reserve(count);
  // One that is gone before: the code that all of them run is no part of the figure.
  make_live(guests, start);
  const double before = resident_bytes();
  for (size_t i = 0; i < count; i++) live.push_back(make_live(guests, start));
  return resident_bytes() - before;
}

double start_three(const Guests& guests) {
  State state;
  Linker linker(guests.engine);
  must(linker.root().func("log", [&state](uint32_t level, std::string_view message) { state.logged += level + message.size(); }), "log");
  return time<uint32_t()>(guests, prepare(guests, "three.wat", linker, "run"));
}

double start_imports40(const Guests& guests) {
  Linker linker(guests.engine);
  for (int i = 0; i < 40; i++) {
    must(linker.root().func("f" + std::to_string(i), [](uint32_t x) { return x; }), "import");
  }
  return time<uint32_t()>(guests, prepare(guests, "imports40.wat", linker, "run"));
}

}  // namespace

std::optional<double> run_start(const Guests& guests, std::string_view row) {
  if (row == "start.tiny") return time<uint32_t()>(guests, prepare(guests, "tiny.wat", Linker(guests.engine), "run"));
  if (row == "start.three") return start_three(guests);
  if (row == "start.imports40") return start_imports40(guests);
  if (row == "start.composed") return time<void(uint32_t)>(guests, prepare(guests, "fused.wat", Linker(guests.engine), "nop"), uint32_t{1});
  if (row == "memory.live1000") return live1000(guests);
  if (row == "memory.process") return resident_bytes();
  return std::nullopt;
}

}  // namespace tenon::bench
