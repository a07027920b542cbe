#pragma once

#include <memory>

namespace tenon::cli {

#if defined(__has_feature)
#define TENON_HAS_FEATURE(feature) __has_feature(feature)
#else
#define TENON_HAS_FEATURE(feature) false
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || TENON_HAS_FEATURE(address_sanitizer) || TENON_HAS_FEATURE(thread_sanitizer)
inline constexpr bool wants_all_freed = true;
#else
inline constexpr bool wants_all_freed = false;
#endif
#undef TENON_HAS_FEATURE

/// Leaves what the program is done with to the end of the process, which follows: the system takes its memory back at once, while compiled code, engines and
/// options take a small program a noticeable time to free. Not for what has an effect when it ends. Sanitizers get to see it freed.
template <class T>
void leave_to_the_end(std::unique_ptr<T> thing) {
  if constexpr (!wants_all_freed) static_cast<void>(thing.release());
}

}  // namespace tenon::cli
