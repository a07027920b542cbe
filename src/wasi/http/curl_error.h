#pragma once

#include <string_view>

#include <curl/curl.h>

#include "wasi/http/error_code.h"

namespace tenon::wasi::http {

/// How a transfer of libcurl's failed.
struct CurlFailure {
  CURLcode code;
  /// The errno of connecting, sending or receiving; 0 when there is none.
  long os_error = 0;
  /// Whether a connection was there.
  bool is_connected = false;
  /// Whether the head of the response was.
  bool has_head = false;
  /// libcurl's words. Only the number of a TLS alert is taken from them.
  std::string_view text;
};

/// The `error-code` of a failure, which says nothing of what was sent.
ErrorCode error_of(const CurlFailure& failure);

}  // namespace tenon::wasi::http
