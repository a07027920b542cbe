#pragma once

#include <type_traits>

#include "tenon/result.h"

namespace tenon::base {

/// A library of the system that is loaded when something of it is first needed, and stays for the rest of the process: for what most programs never use, and
/// what takes longer to load than a small program runs. Any thread.
class SharedLibrary final {
 public:
  /// Loads what the dynamic linker finds under `name`, which says the version of the binary interface: "libcurl.so.4". Error: `Unavailable`, with the dynamic
  /// linker's words.
  static Result<SharedLibrary> load(const char* name);

  /// Sets `function` to the one that the library calls `name`. The type is the caller's word for it: take it from the library's own header, as
  /// `decltype(&curl_easy_init)`. Error: `Unavailable` when there is none.
  template <class F>
    requires std::is_function_v<F>
  Result<> find(const char* name, F*& function) const {
    TENON_TRY(void* const found, find(name));
    function = reinterpret_cast<F*>(found);
    return {};
  }

 private:
  explicit SharedLibrary(void* handle) : handle_(handle) {}
  Result<void*> find(const char* name) const;

  /// Never closed: functions and threads of the library may be in use until the process ends.
  void* handle_;
};

}  // namespace tenon::base
