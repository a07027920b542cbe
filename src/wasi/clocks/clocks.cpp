#include "wasi/clocks/clocks.h"

#include <algorithm>
#include <cstdint>
#include <ctime>
#include <limits>
#include <memory>
#include <string>

#include "wasi/clocks/datetime.h"
#include "wasi/context.h"
#include "wasi/link.h"
#include "wasi/refusal.h"

namespace tenon::wasi {

namespace {

/// `timezone-display`.
struct TimezoneDisplay {
  int32_t utc_offset = 0;
  std::string name = "UTC";
  bool in_daylight_saving_time = false;
};

}  // namespace

}  // namespace tenon::wasi

namespace tenon {

template <>
struct RecordTraits<wasi::TimezoneDisplay> {
  using T = wasi::TimezoneDisplay;
  static constexpr auto fields =
      std::make_tuple(field("utc-offset", &T::utc_offset), field("name", &T::name), field("in-daylight-saving-time", &T::in_daylight_saving_time));
};

}  // namespace tenon

namespace tenon::wasi {

namespace {

/// What was asked of the guard, once for a store: nothing of a clock is worth a decision for each reading. Without a grant a component with a clock is refused
/// before it runs; the functions ask all the same.
class ClockAccess final : public Part {
 public:
  explicit ClockAccess(Context& context) : context_(context) {}
  bool allows_monotonic() { return allows(monotonic_, policy::Access::ClockMonotonic); }
  bool allows_wall() { return allows(wall_, policy::Access::ClockWall); }

 private:
  bool allows(std::optional<bool>& known, policy::Access access) {
    if (!known) [[unlikely]]
      known = context_.guard().allow(access);
    return *known;
  }

  Context& context_;
  std::optional<bool> monotonic_;
  std::optional<bool> wall_;
};

Result<> check_monotonic(Context& context) {
  if (context.part<ClockAccess>().allows_monotonic()) [[likely]]
    return {};
  return fail(ErrorKind::Denied, denial(context.guard(), policy::Access::ClockMonotonic));
}

Result<> check_wall(Context& context) {
  if (context.part<ClockAccess>().allows_wall()) [[likely]]
    return {};
  return fail(ErrorKind::Denied, denial(context.guard(), policy::Access::ClockWall));
}

class ClockPollable final : public Pollable {
 public:
  explicit ClockPollable(uint64_t instant) : instant_(instant) {}
  bool is_ready(Context& context) override { return context.clock().has_come(instant_); }
  void prepare(Context& context, WaitSet& set) override { context.clock().add_to(set, instant_); }

 private:
  uint64_t instant_;
};

Result<HostOwn<Pollable>> subscribe(Context& context, uint64_t instant) {
  TENON_CHECK_OK(check_monotonic(context));
  return context.own<Pollable>(std::make_unique<ClockPollable>(instant));
}

Result<HostOwn<Pollable>> subscribe_after(Context& context, uint64_t duration) {
  TENON_CHECK_OK(check_monotonic(context));
  const uint64_t now = context.clock().monotonic_now();
  return subscribe(context, duration > std::numeric_limits<uint64_t>::max() - now ? std::numeric_limits<uint64_t>::max() : now + duration);
}

/// UTC where the wall clock is not the guest's to know, repeats, or does not reach.
TimezoneDisplay timezone_at(Context& context, Datetime when) {
  if (context.clock().is_virtual() || !context.part<ClockAccess>().allows_wall()) return {};
  if (when.seconds > static_cast<uint64_t>(std::numeric_limits<std::time_t>::max())) return {};
  const auto seconds = static_cast<std::time_t>(when.seconds);
  std::tm local{};
  if (localtime_r(&seconds, &local) == nullptr) return {};
  return {static_cast<int32_t>(local.tm_gmtoff), local.tm_zone == nullptr ? "UTC" : local.tm_zone, local.tm_isdst > 0};
}

}  // namespace

Result<> add_monotonic_clock(Linker& linker) {
  TENON_TRY(LinkerInstance clock, open_interface(linker, "wasi:clocks/monotonic-clock"));
  TENON_CHECK_OK(define(clock, "now", [](Context& context) -> Result<uint64_t> {
    if (auto allowed = check_monotonic(context); !allowed) return std::unexpected(std::move(allowed).error());
    return context.clock().monotonic_now();
  }));
  TENON_CHECK_OK(define(clock, "resolution", [](Context& context) -> Result<uint64_t> {
    if (auto allowed = check_monotonic(context); !allowed) return std::unexpected(std::move(allowed).error());
    return context.clock().resolution();
  }));
  TENON_CHECK_OK(define(clock, "subscribe-instant", [](Context& context, uint64_t instant) { return subscribe(context, instant); }));
  return define(clock, "subscribe-duration", [](Context& context, uint64_t duration) { return subscribe_after(context, duration); });
}

Result<> add_wall_clock(Linker& linker) {
  TENON_TRY(LinkerInstance clock, open_interface(linker, "wasi:clocks/wall-clock"));
  TENON_CHECK_OK(define(clock, "now", [](Context& context) -> Result<Datetime> {
    if (auto allowed = check_wall(context); !allowed) return std::unexpected(std::move(allowed).error());
    return Datetime::of(context.clock().wall_now());
  }));
  return define(clock, "resolution", [](Context& context) -> Result<Datetime> {
    if (auto allowed = check_wall(context); !allowed) return std::unexpected(std::move(allowed).error());
    return Datetime::of(std::chrono::nanoseconds(context.clock().resolution()));
  });
}

Result<> add_timezone(Linker& linker) {
  TENON_TRY(LinkerInstance zone, open_interface(linker, "wasi:clocks/timezone"));
  TENON_CHECK_OK(define(zone, "display", [](Context& context, Datetime when) { return timezone_at(context, when); }));
  return define(zone, "utc-offset", [](Context& context, Datetime when) { return timezone_at(context, when).utc_offset; });
}

Result<> add_clocks(Linker& linker) {
  TENON_CHECK_OK(add_monotonic_clock(linker));
  TENON_CHECK_OK(add_wall_clock(linker));
  return add_timezone(linker);
}

}  // namespace tenon::wasi
