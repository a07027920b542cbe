#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <curl/curl.h>

#include "policy/guard.h"
#include "wasi/http/body.h"
#include "wasi/http/client.h"
#include "wasi/http/connections.h"
#include "wasi/http/error_code.h"
#include "wasi/http/fields.h"
#include "wasi/sockets/resolver.h"

namespace tenon::wasi::http {

/// One request and its response. The thread of the store.
///
/// Held: a body is open and its length unknown; the request waits for the end of a short body, so that it is sent with its length, or for the first who waits.
/// Resolving: the host's addresses are looked up. Running: libcurl has it. Ended: the response is complete or failed; the transfer has let go of all else.
class Transfer final : public Driver, public std::enable_shared_from_this<Transfer> {
 public:
  /// Bytes of a response that are kept before the peer has to wait; one chunk of libcurl's may come on top.
  static constexpr size_t buffer_bytes = size_t{64} << 10;

  Transfer(std::shared_ptr<Client> client, Request request);
  ~Transfer() override;

  /// The header lines to send, checked and with their secrets. Errors: those of `Client::send`.
  std::expected<void, ErrorCode> make_headers();
  void start();

  /// The head of the response, or what went wrong before it; nothing before that.
  using Head = std::expected<ResponseHead, ErrorCode>;
  const std::optional<Head>& head() const { return head_; }
  const std::shared_ptr<BodyPipe>& response_body() const { return incoming_; }

  // Driver
  void drive() override;
  void prepare(WaitSet& set) override;
  void abandon() override;

 private:
  friend class Client;
  friend struct Callbacks;
  enum class Phase : uint8_t { Held, Resolving, Running, Ended };

  /// Whether the request can go out as it is: without a body, or with one whose length is known.
  bool is_length_known() const;
  void resolved();
  void run();
  bool configure();
  void configure_body();
  void fail(ErrorCode error);
  /// Lets go of libcurl and of the pipes; `fail` and `complete` say before what became of it.
  void end();

  // For the client.
  void advance();
  bool is_started() const { return phase_ == Phase::Resolving || phase_ == Phase::Running; }
  void complete(CURLcode code);
  void check_time(WaitSet::Moment now);
  /// When the time of its phase is over.
  std::optional<WaitSet::Moment> moment() const;
  void add_waits(WaitSet& set);

  // What libcurl calls.
  size_t on_header(std::string_view line);
  size_t on_body(std::span<const std::byte> bytes);
  size_t on_read(std::span<std::byte> to);
  int on_trailers(TextList& trailers);
  bool on_connected(std::string_view address, int port);
  bool may_open(const sockaddr& address);
  /// What ends the transfer from inside a callback.
  void refuse(ErrorCode reason);
  void end_of_head();
  std::expected<void, ErrorCode> add_line(FieldList& list, std::string_view line) const;

  std::shared_ptr<Client> client_;
  Request request_;
  std::shared_ptr<BodyPipe> incoming_;
  Phase phase_ = Phase::Held;

  std::unique_ptr<sockets::Lookup> lookup_;
  /// Those that the guard allowed, the only ones that are connected to.
  std::vector<policy::IpAddress> addresses_;

  Easy easy_;
  std::string url_;
  TextList header_lines_;
  TextList resolve_lines_;
  std::array<char, CURL_ERROR_SIZE> error_text_{};
  bool is_receiving_paused_ = false;
  bool is_sending_paused_ = false;
  /// Whether the handle sends a body.
  bool is_upload_ = false;

  uint16_t status_ = 0;
  std::shared_ptr<FieldList> lines_;
  std::optional<Head> head_;
  std::optional<ErrorCode> refusal_;

  WaitSet::Moment started_;
  std::optional<WaitSet::Moment> connected_;
  /// When the guest last got something, or could have.
  WaitSet::Moment last_byte_;
};

}  // namespace tenon::wasi::http
