#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "tenon/typed.h"

namespace tenon::wasi::http {

struct DnsErrorPayload {
  std::optional<std::string> rcode;
  std::optional<uint16_t> info_code;
  bool operator==(const DnsErrorPayload&) const = default;
};

struct TlsAlertReceivedPayload {
  std::optional<uint8_t> alert_id;
  std::optional<std::string> alert_message;
  bool operator==(const TlsAlertReceivedPayload&) const = default;
};

struct FieldSizePayload {
  std::optional<std::string> field_name;
  std::optional<uint32_t> field_size;
  bool operator==(const FieldSizePayload&) const = default;
};

/// The cases of wasi:http's `error-code`, one row each: TENON_HTTP_ERROR(enumerator, name, payload).
#define TENON_HTTP_ERRORS(X)                                                                   \
  X(DnsTimeout, "DNS-timeout", std::monostate)                                                 \
  X(DnsError, "DNS-error", DnsErrorPayload)                                                    \
  X(DestinationNotFound, "destination-not-found", std::monostate)                              \
  X(DestinationUnavailable, "destination-unavailable", std::monostate)                         \
  X(DestinationIpProhibited, "destination-IP-prohibited", std::monostate)                      \
  X(DestinationIpUnroutable, "destination-IP-unroutable", std::monostate)                      \
  X(ConnectionRefused, "connection-refused", std::monostate)                                   \
  X(ConnectionTerminated, "connection-terminated", std::monostate)                             \
  X(ConnectionTimeout, "connection-timeout", std::monostate)                                   \
  X(ConnectionReadTimeout, "connection-read-timeout", std::monostate)                          \
  X(ConnectionWriteTimeout, "connection-write-timeout", std::monostate)                        \
  X(ConnectionLimitReached, "connection-limit-reached", std::monostate)                        \
  X(TlsProtocolError, "TLS-protocol-error", std::monostate)                                    \
  X(TlsCertificateError, "TLS-certificate-error", std::monostate)                              \
  X(TlsAlertReceived, "TLS-alert-received", TlsAlertReceivedPayload)                           \
  X(RequestDenied, "HTTP-request-denied", std::monostate)                                      \
  X(RequestLengthRequired, "HTTP-request-length-required", std::monostate)                     \
  X(RequestBodySize, "HTTP-request-body-size", std::optional<uint64_t>)                        \
  X(RequestMethodInvalid, "HTTP-request-method-invalid", std::monostate)                       \
  X(RequestUriInvalid, "HTTP-request-URI-invalid", std::monostate)                             \
  X(RequestUriTooLong, "HTTP-request-URI-too-long", std::monostate)                            \
  X(RequestHeaderSectionSize, "HTTP-request-header-section-size", std::optional<uint32_t>)     \
  X(RequestHeaderSize, "HTTP-request-header-size", std::optional<FieldSizePayload>)            \
  X(RequestTrailerSectionSize, "HTTP-request-trailer-section-size", std::optional<uint32_t>)   \
  X(RequestTrailerSize, "HTTP-request-trailer-size", FieldSizePayload)                         \
  X(ResponseIncomplete, "HTTP-response-incomplete", std::monostate)                            \
  X(ResponseHeaderSectionSize, "HTTP-response-header-section-size", std::optional<uint32_t>)   \
  X(ResponseHeaderSize, "HTTP-response-header-size", FieldSizePayload)                         \
  X(ResponseBodySize, "HTTP-response-body-size", std::optional<uint64_t>)                      \
  X(ResponseTrailerSectionSize, "HTTP-response-trailer-section-size", std::optional<uint32_t>) \
  X(ResponseTrailerSize, "HTTP-response-trailer-size", FieldSizePayload)                       \
  X(ResponseTransferCoding, "HTTP-response-transfer-coding", std::optional<std::string>)       \
  X(ResponseContentCoding, "HTTP-response-content-coding", std::optional<std::string>)         \
  X(ResponseTimeout, "HTTP-response-timeout", std::monostate)                                  \
  X(UpgradeFailed, "HTTP-upgrade-failed", std::monostate)                                      \
  X(ProtocolError, "HTTP-protocol-error", std::monostate)                                      \
  X(LoopDetected, "loop-detected", std::monostate)                                             \
  X(ConfigurationError, "configuration-error", std::monostate)                                 \
  X(InternalError, "internal-error", std::optional<std::string>)

enum class ErrorCase : uint8_t {
#define TENON_HTTP_CASE(enumerator, name, payload) enumerator,
  TENON_HTTP_ERRORS(TENON_HTTP_CASE)
#undef TENON_HTTP_CASE
};

namespace detail {

/// The types of a list that begins with a placeholder, which the commas of the rows need.
template <class First, class... Rest>
struct WithoutFirst {
  using Type = std::variant<Rest...>;
};

}  // namespace detail

/// `error-code` of wasi:http/types.
struct ErrorCode {
  using Payload = detail::WithoutFirst<void
#define TENON_HTTP_PAYLOAD(enumerator, name, payload) , payload
                                           TENON_HTTP_ERRORS(TENON_HTTP_PAYLOAD)
#undef TENON_HTTP_PAYLOAD
                                       >::Type;
  Payload value;

  ErrorCase which() const { return static_cast<ErrorCase>(value.index()); }
  bool operator==(const ErrorCode&) const = default;
};

/// The error of a case, with its payload where it has one.
template <ErrorCase Case, class... P>
ErrorCode error_code(P&&... payload) {
  return ErrorCode{.value = ErrorCode::Payload(std::in_place_index<static_cast<size_t>(Case)>, std::forward<P>(payload)...)};
}

/// The case's name in WIT.
std::string_view to_string(ErrorCase error);

}  // namespace tenon::wasi::http

template <>
struct tenon::RecordTraits<tenon::wasi::http::DnsErrorPayload> {
  using T = tenon::wasi::http::DnsErrorPayload;
  static constexpr auto fields = std::make_tuple(field("rcode", &T::rcode), field("info-code", &T::info_code));
};
template <>
struct tenon::RecordTraits<tenon::wasi::http::TlsAlertReceivedPayload> {
  using T = tenon::wasi::http::TlsAlertReceivedPayload;
  static constexpr auto fields = std::make_tuple(field("alert-id", &T::alert_id), field("alert-message", &T::alert_message));
};
template <>
struct tenon::RecordTraits<tenon::wasi::http::FieldSizePayload> {
  using T = tenon::wasi::http::FieldSizePayload;
  static constexpr auto fields = std::make_tuple(field("field-name", &T::field_name), field("field-size", &T::field_size));
};
template <>
struct tenon::VariantTraits<tenon::wasi::http::ErrorCode> {
  static constexpr std::array<std::string_view, std::variant_size_v<tenon::wasi::http::ErrorCode::Payload>> names = {
#define TENON_HTTP_NAME(enumerator, name, payload) name,
      TENON_HTTP_ERRORS(TENON_HTTP_NAME)
#undef TENON_HTTP_NAME
  };
};
