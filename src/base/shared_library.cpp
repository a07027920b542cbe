#include "base/shared_library.h"

#include <dlfcn.h>

#include <string>

namespace tenon::base {

static std::unexpected<Error> failed(const char* name) {
  const char* const reason = dlerror();
  return fail(ErrorKind::Unavailable, reason != nullptr ? std::string(reason) : std::string(name) + " cannot be loaded");
}

Result<SharedLibrary> SharedLibrary::load(const char* name) {
  void* const handle = dlopen(name, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (handle == nullptr) return failed(name);
  return SharedLibrary(handle);
}

Result<void*> SharedLibrary::find(const char* name) const {
  void* const found = dlsym(handle_, name);
  if (found == nullptr) return failed(name);
  return found;
}

}  // namespace tenon::base
