// Rows `resource.cycle` (a resource of the guest) and `resource.cycle.host` (of the host).
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "guests.h"
#include "tenon/resource.h"
#include "tenon/typed.h"
#include "timing.h"

namespace tenon::bench {

namespace {

struct Counter {
  uint32_t value = 0;
};

/// The host's counters, by representation. Freed places are used again, as in the peer's table.
class Counters {
 public:
  uint32_t add(uint32_t start) {
    if (free_.empty()) {
      counters_.push_back({start});
      return static_cast<uint32_t>(counters_.size() - 1);
    }
    const uint32_t at = free_.back();
    free_.pop_back();
    counters_[at] = {start};
    return at;
  }
  Counter* find(uint32_t at) { return at < counters_.size() ? &counters_[at] : nullptr; }
  void remove(uint32_t at) { free_.push_back(at); }

 private:
  std::vector<Counter> counters_;
  std::vector<uint32_t> free_;
};

double of_guest(const Guests& guests) {
  const Live live(guests, "resource_guest.wat", Linker(guests.engine));
  const auto make = must(live.instance.get_func<Own<Counter>(uint32_t)>("[constructor]counter"), "constructor");
  const auto add = must(live.instance.get_func<uint32_t(Borrow<Counter>, uint32_t)>("[method]counter.add"), "method");
  return nanoseconds([&](uint32_t n) {
    for (uint32_t i = 0; i < n; i++) {
      Own<Counter> counter = must(make.call(n), "constructor");
      keep(must(add.call(counter, 3), "method"));
      must(std::move(counter).drop(*live.store), "drop");
    }
  });
}

double of_host(const Guests& guests) {
  Counters counters;
  Linker linker(guests.engine);
  LinkerInstance host = must(linker.instance("host"), "instance");
  const auto remove = [&counters](Store&, uint32_t at) -> Result<> {
    counters.remove(at);
    return {};
  };
  must(host.define_resource("counter", host_resource_type<Counter>(), remove), "resource");
  must(host.func("[constructor]counter", [&counters](uint32_t start) { return HostOwn<Counter>{counters.add(start)}; }), "constructor");
  const auto add = [&counters](HostBorrow<Counter> self, uint32_t n) -> Result<uint32_t> {
    Counter* counter = counters.find(self.representation);
    if (counter == nullptr) return fail(ErrorKind::NotFound, "no such counter");
    return counter->value += n;
  };
  must(host.func("[method]counter.add", add), "method");
  const Live live(guests, "resource_host.wat", linker);
  const auto run = must(live.instance.get_func<uint32_t(uint32_t)>("run"), "run");
  return nanoseconds([&](uint32_t n) { keep(must(run.call(n), "run")); });
}

}  // namespace

std::optional<double> run_resources(const Guests& guests, std::string_view row) {
  if (row == "resource.cycle") return of_guest(guests);
  if (row == "resource.cycle.host") return of_host(guests);
  return std::nullopt;
}

}  // namespace tenon::bench
