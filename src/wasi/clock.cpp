#include "wasi/clock.h"

#include <algorithm>
#include <ctime>

#include "wasi/wait.h"

namespace tenon::wasi {

using std::chrono::nanoseconds;
using std::chrono::steady_clock;

Clock::Clock(const std::optional<Deterministic>& rule) : rule_(rule), start_(steady_clock::now()) {}

uint64_t Clock::real_now() const { return static_cast<uint64_t>(nanoseconds(steady_clock::now() - start_).count()); }

uint64_t Clock::monotonic_now() {
  if (!rule_) [[likely]]
    return real_now();
  const uint64_t shown = virtual_now_;
  advance_to(shown + resolution());
  return shown;
}

nanoseconds Clock::wall_now() {
  if (!rule_) return std::chrono::system_clock::now().time_since_epoch();
  const uint64_t most = static_cast<uint64_t>((nanoseconds::max() - std::max(rule_->wall_start, nanoseconds(0))).count());
  return rule_->wall_start + nanoseconds(std::min(monotonic_now(), most));
}

uint64_t Clock::resolution() const {
  if (rule_) return static_cast<uint64_t>(std::max<int64_t>(rule_->step.count(), 1));
  timespec resolution{};
  clock_getres(CLOCK_MONOTONIC, &resolution);
  return std::max<uint64_t>(static_cast<uint64_t>(resolution.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(resolution.tv_nsec), 1);
}

bool Clock::has_come(uint64_t instant) const { return (rule_ ? virtual_now_ : real_now()) >= instant; }

void Clock::add_to(WaitSet& set, uint64_t instant) const {
  if (rule_) {
    set.add_virtual_instant(instant);
    return;
  }
  const auto most = static_cast<uint64_t>(nanoseconds(steady_clock::time_point::max() - start_).count());
  set.add_moment(start_ + nanoseconds(std::min(instant, most)));
}

void Clock::advance_to(uint64_t instant) { virtual_now_ = std::max(virtual_now_, instant); }

}  // namespace tenon::wasi
