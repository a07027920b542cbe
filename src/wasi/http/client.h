#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "policy/guard.h"
#include "wasi/context.h"
#include "wasi/http/body.h"
#include "wasi/http/error_code.h"
#include "wasi/http/fields.h"
#include "wasi/http/target.h"
#include "wasi/wait.h"

namespace tenon::wasi::http {

class Transfer;
struct Connections;

/// How long a request may take in its parts.
struct Timeouts {
  static constexpr std::chrono::nanoseconds standard = std::chrono::seconds(600);
  std::chrono::nanoseconds connect = standard;
  /// From the connection to the head of the response.
  std::chrono::nanoseconds first_byte = standard;
  /// While the guest has nothing to read.
  std::chrono::nanoseconds between_bytes = standard;
};

/// A request as it is sent.
struct Request {
  Target target;
  std::shared_ptr<const FieldList> headers;
  /// Null: none.
  std::shared_ptr<BodyPipe> body;
  /// What its `content-length` says.
  std::optional<uint64_t> body_bytes;
  Timeouts timeouts;
};

struct ResponseHead {
  uint16_t status = 0;
  std::shared_ptr<const FieldList> headers;
};

/// The outgoing requests of one context, over libcurl. The thread of the store; never waits.
///
/// One transfer at a time uses a connection, also with HTTP/2: a guest that leaves one response unread does not hold up another.
class Client final : public Background, public std::enable_shared_from_this<Client> {
 public:
  /// Requests under way at a time.
  static constexpr size_t transfers_max = 128;

  /// The context's, made when it is first asked for.
  static std::shared_ptr<Client> of(Context& context);
  explicit Client(Context& context);
  ~Client() override;

  const std::shared_ptr<FieldLedger>& ledger() const { return ledger_; }

  /// Begins a request that the guard allowed. Errors: `connection-limit-reached`; `HTTP-request-body-size`, `HTTP-protocol-error`, `configuration-error` for
  /// headers that cannot be sent; `internal-error` when this machine has no libcurl. What goes wrong later is told by the transfer.
  std::expected<std::shared_ptr<Transfer>, ErrorCode> send(Request request);

  /// Ends what is under way, when the context ends: transfers and the pipes of their bodies keep each other.
  void abandon_all();
  /// Moves all transfers on.
  void drive();

  // Background
  bool advance() override;
  void prepare(WaitSet& set) override;

  /// Connections opened so far.
  uint64_t connections_opened() const { return connections_opened_; }

 private:
  friend class Transfer;
  friend struct Callbacks;
  friend struct MultiCallbacks;
  struct Socket {
    int descriptor;
    short events;
  };

  /// False when the process has no descriptor left.
  bool ensure_connections();
  /// What libcurl wants to know of a socket; no events: nothing more.
  void watch(int descriptor, short events);
  template <class F>
  void for_each(F action);
  void run_sockets();
  void take_messages();
  void go_on_in_background();

  Context& context_;
  std::shared_ptr<FieldLedger> ledger_ = std::make_shared<FieldLedger>();
  std::unique_ptr<Connections> connections_;
  std::vector<Transfer*> transfers_;
  std::vector<Socket> sockets_;
  /// When curl wants to be called without a socket being ready.
  std::optional<WaitSet::Moment> timer_;
  bool is_driving_ = false;
  /// Whether something happened that a guest may wait for.
  bool has_news_ = false;
  bool is_in_background_ = false;
  uint64_t connections_opened_ = 0;
};

}  // namespace tenon::wasi::http
