#include "wasi/http/curl_error.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <utility>

namespace tenon::wasi::http {
namespace {

ErrorCase case_of(CURLcode code, long os_error = 0, bool is_connected = false, std::string_view text = "") {
  return error_of({.code = code, .os_error = os_error, .is_connected = is_connected, .text = text}).which();
}

TEST(HttpCurlError, SaysWhyNoConnectionWasMade) {
  constexpr std::pair<int, ErrorCase> reasons[] = {
      {ECONNREFUSED, ErrorCase::ConnectionRefused},        {ETIMEDOUT, ErrorCase::ConnectionTimeout},
      {ENETUNREACH, ErrorCase::DestinationIpUnroutable},   {EHOSTUNREACH, ErrorCase::DestinationIpUnroutable},
      {EADDRNOTAVAIL, ErrorCase::DestinationIpUnroutable}, {EAFNOSUPPORT, ErrorCase::DestinationIpUnroutable},
      {EMFILE, ErrorCase::ConnectionLimitReached},         {ENFILE, ErrorCase::ConnectionLimitReached},
      {EACCES, ErrorCase::DestinationUnavailable},         {0, ErrorCase::DestinationUnavailable},
  };
  for (const auto& [os_error, expected] : reasons) EXPECT_EQ(case_of(CURLE_COULDNT_CONNECT, os_error), expected) << os_error;
  EXPECT_EQ(case_of(CURLE_COULDNT_RESOLVE_HOST), ErrorCase::DnsError);
  EXPECT_EQ(case_of(CURLE_OPERATION_TIMEDOUT), ErrorCase::ConnectionTimeout);
  EXPECT_EQ(case_of(CURLE_OPERATION_TIMEDOUT, 0, true), ErrorCase::ConnectionReadTimeout);
}

TEST(HttpCurlError, SaysWhatWasWrongWithTls) {
  EXPECT_EQ(case_of(CURLE_PEER_FAILED_VERIFICATION), ErrorCase::TlsCertificateError);
  EXPECT_EQ(case_of(CURLE_SSL_CACERT_BADFILE), ErrorCase::ConfigurationError);
  EXPECT_EQ(case_of(CURLE_SSL_CONNECT_ERROR, 0, false, "error:0A00010B:SSL routines::wrong version number"), ErrorCase::TlsProtocolError);
  const ErrorCode alert = error_of({.code = CURLE_SSL_CONNECT_ERROR,
                                    .os_error = 0,
                                    .is_connected = false,
                                    .has_head = false,
                                    .text = "error:0A000410:SSL routines::sslv3 alert handshake failure"});
  EXPECT_EQ(alert, error_code<ErrorCase::TlsAlertReceived>(TlsAlertReceivedPayload{.alert_id = 40, .alert_message = {}}));
  EXPECT_EQ(case_of(CURLE_RECV_ERROR, 0, true, "error:0A00045C:SSL routines::tlsv13 alert certificate required"), ErrorCase::TlsAlertReceived);
  for (const char* text : {"", "error:", "error:0A", "error:zz", "error:1A000410:", "error:0A0003E7:", "error:0A0004E8:", "error:FFFFFFFFFF:"})
    EXPECT_EQ(case_of(CURLE_SSL_CONNECT_ERROR, 0, false, text), ErrorCase::TlsProtocolError) << text;
}

TEST(HttpCurlError, SaysHowAnExchangeBroke) {
  EXPECT_EQ(case_of(CURLE_PARTIAL_FILE, 0, true), ErrorCase::ConnectionTerminated);
  EXPECT_EQ(error_of({.code = CURLE_PARTIAL_FILE, .is_connected = true, .has_head = true, .text = ""}).which(), ErrorCase::ResponseIncomplete);
  EXPECT_EQ(case_of(CURLE_GOT_NOTHING, 0, true), ErrorCase::ConnectionTerminated);
  EXPECT_EQ(case_of(CURLE_SEND_ERROR, EPIPE, true), ErrorCase::ConnectionTerminated);
  EXPECT_EQ(case_of(CURLE_RECV_ERROR, ECONNRESET, true), ErrorCase::ConnectionTerminated);
  EXPECT_EQ(case_of(CURLE_RECV_ERROR, 0, true), ErrorCase::ProtocolError);
  EXPECT_EQ(case_of(CURLE_UPLOAD_FAILED, 0, true), ErrorCase::RequestLengthRequired);
  EXPECT_EQ(case_of(CURLE_HTTP2_STREAM, 0, true), ErrorCase::ProtocolError);
  EXPECT_EQ(case_of(CURLE_WEIRD_SERVER_REPLY, 0, true), ErrorCase::ProtocolError);
  EXPECT_EQ(case_of(CURLE_URL_MALFORMAT), ErrorCase::RequestUriInvalid);
  EXPECT_EQ(case_of(CURLE_OUT_OF_MEMORY), ErrorCase::InternalError);
}

}  // namespace
}  // namespace tenon::wasi::http
