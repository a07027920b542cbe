#include "wasi/filesystem/times.h"

#include <cstdint>
#include <limits>

#include <sys/stat.h>

#include "wasi/filesystem/error_code.h"

namespace tenon::wasi::filesystem {
namespace {

constexpr uint32_t nanoseconds_per_second = 1'000'000'000;

FileResult<timespec> new_time(const NewTimestamp& stamp) {
  if (stamp.value.index() == 0) return timespec{.tv_sec = 0, .tv_nsec = UTIME_OMIT};
  if (stamp.value.index() == 1) return timespec{.tv_sec = 0, .tv_nsec = UTIME_NOW};
  const Datetime& moment = std::get<2>(stamp.value);
  const uint32_t carried = moment.nanoseconds / nanoseconds_per_second;
  constexpr auto seconds_max = static_cast<uint64_t>(std::numeric_limits<time_t>::max());
  if (moment.seconds > seconds_max - carried) return failed(ErrorCode::Overflow);
  return timespec{.tv_sec = static_cast<time_t>(moment.seconds + carried), .tv_nsec = moment.nanoseconds % nanoseconds_per_second};
}

}  // namespace

FileResult<NewTimes> new_times(const NewTimestamp& access, const NewTimestamp& modification) {
  const auto accessed = new_time(access);
  if (!accessed) return failed(accessed.error());
  const auto modified = new_time(modification);
  if (!modified) return failed(modified.error());
  return NewTimes{*accessed, *modified};
}

}  // namespace tenon::wasi::filesystem
