#include "wasi/sockets/ares_library.h"

#include "base/check.h"
#include "base/log.h"
#include "base/shared_library.h"

namespace tenon::wasi::sockets {

namespace {

Result<AresLibrary> load() {
  TENON_TRY(const base::SharedLibrary library, base::SharedLibrary::load("libcares.so.2"));
  AresLibrary loaded;
#define TENON_ARES_FUNCTION(name) TENON_CHECK_OK(library.find("ares_" #name, loaded.name));
  TENON_ARES_FUNCTIONS(TENON_ARES_FUNCTION)
#undef TENON_ARES_FUNCTION
  if (loaded.library_init(ARES_LIB_INIT_ALL) != ARES_SUCCESS) return fail(ErrorKind::Unavailable, "c-ares does not start");
  return loaded;
}

}  // namespace

const AresLibrary* find_ares() {
  static const Result<AresLibrary> loaded = [] {
    auto library = load();
    if (!library) base::log(base::LogLevel::Error, "names cannot be looked up: " + library.error().message());
    return library;
  }();
  return loaded ? &*loaded : nullptr;
}

const AresLibrary& ares() {
  const AresLibrary* const found = find_ares();
  TENON_CHECK(found != nullptr, "a channel of c-ares is there, but not the library");
  return *found;
}

}  // namespace tenon::wasi::sockets
