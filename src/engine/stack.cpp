#include "engine/stack.h"

#include <pthread.h>
#include <sys/auxv.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <system_error>

namespace tenon::engine {

namespace detail {

thread_local constinit uintptr_t stack_floor = 0;

/// The main thread's stack grows to a limit that may be far or absent; what lies between may be taken by mappings. This much is believed at most.
static constexpr uintptr_t main_stack_bytes_max = uintptr_t{64} << 20;

/// The floor of the stack that the process began with; 0 where the kernel does not tell where that is. pthread_getattr_np answers the same, but reads
/// /proc/self/maps for it, which takes a small program a noticeable time.
static uintptr_t find_first_stack_floor() {
  // The name of the program's file is the last thing on that stack, before the zeros of one word.
  const auto* const name = reinterpret_cast<const char*>(getauxval(AT_EXECFN));
  rlimit limit{};
  if (name == nullptr || getrlimit(RLIMIT_STACK, &limit) != 0) return 0;
  const auto page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  const uintptr_t end = reinterpret_cast<uintptr_t>(name) + std::strlen(name) + 1 + sizeof(void*);
  const uintptr_t top = (end + page - 1) / page * page;
  return top - std::min<uintptr_t>({top, limit.rlim_cur, main_stack_bytes_max});
}

uintptr_t find_stack_floor() {
  // Where the system does not answer, a megabyte from here is assumed: less than any thread that a library makes.
  auto here = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
  uintptr_t floor = here - std::min<uintptr_t>(here, 1 << 20);
  if (getpid() == gettid()) {
    // The one thread of a process that was forked off by another thread than the first is on that thread's stack.
    const uintptr_t first = find_first_stack_floor();
    if (first != 0 && here >= first && here - first < main_stack_bytes_max) return stack_floor = first;
  }
  pthread_attr_t attributes;
  if (pthread_getattr_np(pthread_self(), &attributes) == 0) {
    void* address = nullptr;
    size_t size = 0;
    size_t guard = 0;
    if (pthread_attr_getstack(&attributes, &address, &size) == 0) {
      auto low = reinterpret_cast<uintptr_t>(address);
      const uintptr_t far = here - std::min(here, main_stack_bytes_max);
      if (getpid() == gettid()) low = std::max(low, far);
      floor = low;
      if (pthread_attr_getguardsize(&attributes, &guard) == 0) floor += guard;
    }
    pthread_attr_destroy(&attributes);
  }
  stack_floor = floor;
  return floor;
}

}  // namespace detail

Result<> run_with_stack(size_t stack_bytes, const std::function<void()>& body) {
  pthread_attr_t attributes;
  if (int code = pthread_attr_init(&attributes); code != 0) return fail(ErrorKind::Unavailable, "thread attributes: " + std::generic_category().message(code));
  long page = sysconf(_SC_PAGESIZE);
  size_t rounded = (stack_bytes + static_cast<size_t>(page) - 1) / static_cast<size_t>(page) * static_cast<size_t>(page);
  pthread_t thread{};
  int code = pthread_attr_setstacksize(&attributes, rounded);
  if (code == 0) {
    auto start = [](void* argument) -> void* {
      (*static_cast<const std::function<void()>*>(argument))();
      return nullptr;
    };
    code = pthread_create(&thread, &attributes, start, const_cast<std::function<void()>*>(&body));
  }
  pthread_attr_destroy(&attributes);
  if (code != 0)
    return fail(ErrorKind::Unavailable, "no thread with " + std::to_string(stack_bytes) + " bytes of stack: " + std::generic_category().message(code));
  pthread_join(thread, nullptr);
  return {};
}

}  // namespace tenon::engine
