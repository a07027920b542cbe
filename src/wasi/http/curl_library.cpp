#include "wasi/http/curl_library.h"

#include "base/check.h"
#include "base/log.h"
#include "base/shared_library.h"

namespace tenon::wasi::http {

namespace {

Result<CurlLibrary> load() {
  // The name that the library has kept since 2006, because its binary interface stayed.
  TENON_TRY(const base::SharedLibrary library, base::SharedLibrary::load("libcurl.so.4"));
  CurlLibrary loaded;
#define TENON_CURL_FUNCTION(name) TENON_CHECK_OK(library.find("curl_" #name, loaded.name));
  TENON_CURL_FUNCTIONS(TENON_CURL_FUNCTION)
#undef TENON_CURL_FUNCTION
  if (loaded.global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) return fail(ErrorKind::Unavailable, "libcurl does not start");
  return loaded;
}

}  // namespace

const CurlLibrary* find_curl() {
  static const Result<CurlLibrary> loaded = [] {
    auto library = load();
    if (!library) base::log(base::LogLevel::Error, "requests cannot be made: " + library.error().message());
    return library;
  }();
  return loaded ? &*loaded : nullptr;
}

const CurlLibrary& curl() {
  const CurlLibrary* const found = find_curl();
  TENON_CHECK(found != nullptr, "something of libcurl's is there, but not the library");
  return *found;
}

}  // namespace tenon::wasi::http
