#include "wasi/http/curl_error.h"

#include <cerrno>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <system_error>

#include "wasi/http/curl_library.h"

namespace tenon::wasi::http {

namespace {

/// The alert that a peer ended a handshake with, out of "error:0A000410:SSL routines:…": OpenSSL numbers the reasons of alerts from 1000 on.
std::optional<uint8_t> alert_of(std::string_view text) {
  constexpr std::string_view mark = "error:";
  constexpr uint32_t library = 0x0a000000;
  constexpr uint32_t first_alert = 1000;
  const size_t at = text.find(mark);
  if (at == std::string_view::npos) return std::nullopt;
  text.remove_prefix(at + mark.size());
  uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, 16);
  if (error != std::errc() || (number & 0xff800000) != library) return std::nullopt;
  const uint32_t reason = number & 0x7fffff;
  if (reason < first_alert || reason > first_alert + 255) return std::nullopt;
  return static_cast<uint8_t>(reason - first_alert);
}

ErrorCode tls_error(std::string_view text) {
  if (const std::optional<uint8_t> alert = alert_of(text))
    return error_code<ErrorCase::TlsAlertReceived>(TlsAlertReceivedPayload{.alert_id = alert, .alert_message = {}});
  return error_code<ErrorCase::TlsProtocolError>();
}

ErrorCode connect_error(long os_error) {
  switch (os_error) {
    case ECONNREFUSED: return error_code<ErrorCase::ConnectionRefused>();
    case ETIMEDOUT: return error_code<ErrorCase::ConnectionTimeout>();
    case ENETUNREACH:
    case EHOSTUNREACH:
    case EADDRNOTAVAIL:
    case EAFNOSUPPORT: return error_code<ErrorCase::DestinationIpUnroutable>();
    case EMFILE:
    case ENFILE: return error_code<ErrorCase::ConnectionLimitReached>();
    default: return error_code<ErrorCase::DestinationUnavailable>();
  }
}

}  // namespace

ErrorCode error_of(const CurlFailure& failure) {
  switch (failure.code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY: return error_code<ErrorCase::DnsError>(DnsErrorPayload{});
    case CURLE_COULDNT_CONNECT: return connect_error(failure.os_error);
    case CURLE_OPERATION_TIMEDOUT: return failure.is_connected ? error_code<ErrorCase::ConnectionReadTimeout>() : error_code<ErrorCase::ConnectionTimeout>();
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
    case CURLE_SSL_PINNEDPUBKEYNOTMATCH: return error_code<ErrorCase::TlsCertificateError>();
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CIPHER:
    case CURLE_USE_SSL_FAILED: return tls_error(failure.text);
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CRL_BADFILE:
    case CURLE_SSL_ENGINE_NOTFOUND:
    case CURLE_SSL_ENGINE_SETFAILED:
    case CURLE_SSL_ENGINE_INITFAILED: return error_code<ErrorCase::ConfigurationError>();
    case CURLE_PARTIAL_FILE:
      // With HTTP/2 a connection that ends is always that.
      if (!failure.has_head) return error_code<ErrorCase::ConnectionTerminated>();
      return error_code<ErrorCase::ResponseIncomplete>();
    case CURLE_RECV_ERROR:
      // TLS 1.3 peers refuse a handshake in what libcurl takes for the first answer.
      if (alert_of(failure.text)) return tls_error(failure.text);
      return failure.os_error == 0 ? error_code<ErrorCase::ProtocolError>() : error_code<ErrorCase::ConnectionTerminated>();
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
    case CURLE_SEND_FAIL_REWIND: return error_code<ErrorCase::ConnectionTerminated>();
    case CURLE_UPLOAD_FAILED: return error_code<ErrorCase::RequestLengthRequired>();
    case CURLE_URL_MALFORMAT: return error_code<ErrorCase::RequestUriInvalid>();
    case CURLE_BAD_CONTENT_ENCODING: return error_code<ErrorCase::ResponseTransferCoding>(std::nullopt);
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
    case CURLE_HTTP_RETURNED_ERROR: return error_code<ErrorCase::ProtocolError>();
    default: return error_code<ErrorCase::InternalError>(std::string(curl().easy_strerror(failure.code)));
  }
}

}  // namespace tenon::wasi::http
