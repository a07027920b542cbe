#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

#include "tenon/result.h"

namespace tenon::engine {

namespace detail {
/// The lowest address that the thread's stack may reach; 0 before the first question. Constant-initialised, so that reading it is one load.
extern thread_local constinit uintptr_t stack_floor;
/// Asks the system; once a thread.
uintptr_t find_stack_floor();
}  // namespace detail

/// Bytes of stack between the caller's frame and the end of the thread's stack (without its guard).
///
/// Guest code counts its stack from where each call enters it, so calls that nest through host functions add up; who enters a guest asks here first.
inline size_t stack_left() {
  uintptr_t floor = detail::stack_floor;
  if (floor == 0) [[unlikely]]
    floor = detail::find_stack_floor();
  auto here = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
  return here > floor ? here - floor : 0;
}

/// Runs `body` on a new thread with `stack_bytes` of stack and waits for it. Memory is taken only as the stack is used.
///
/// Error: `Unavailable` when the machine has no room for the thread.
Result<> run_with_stack(size_t stack_bytes, const std::function<void()>& body);

}  // namespace tenon::engine
