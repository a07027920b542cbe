#pragma once

#include <curl/curl.h>

namespace tenon::wasi::http {

/// What of libcurl is used: curl_easy_init, …
// clang-format off
#define TENON_CURL_FUNCTIONS(F) \
  F(easy_cleanup) F(easy_getinfo) F(easy_init) F(easy_pause) F(easy_reset) F(easy_setopt) F(easy_strerror) \
  F(global_init) F(multi_add_handle) F(multi_cleanup) F(multi_info_read) F(multi_init) F(multi_remove_handle) \
  F(multi_setopt) F(multi_socket_action) F(multi_strerror) F(slist_append) F(slist_free_all)
// clang-format on

/// libcurl, loaded for the first request: it brings thirty other libraries, and a program that makes no request does not wait for them.
struct CurlLibrary {
// NOLINTNEXTLINE(bugprone-macro-parentheses): a member's name
#define TENON_CURL_FUNCTION(name) decltype(&::curl_##name) name = nullptr;
  TENON_CURL_FUNCTIONS(TENON_CURL_FUNCTION)
#undef TENON_CURL_FUNCTION
};

/// Null when the library is not there or does not start; stays as it is. Any thread.
const CurlLibrary* find_curl();

/// For who has something of the library's already, as every transfer has: its functions, `curl().easy_init()`.
const CurlLibrary& curl();

}  // namespace tenon::wasi::http
