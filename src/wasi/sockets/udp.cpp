#include "wasi/sockets/udp.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <tuple>
#include <utility>
#include <vector>

#include <poll.h>

#include "wasi/context.h"
#include "wasi/link.h"
#include "wasi/sockets/datagram.h"
#include "wasi/sockets/network.h"

namespace tenon::wasi::sockets {
namespace {

/// The `udp-socket` of wasi:sockets/udp.
class UdpSocket final : public Resource {
 public:
  explicit UdpSocket(std::shared_ptr<DatagramSocket> socket) : core(std::move(socket)) {}
  const std::shared_ptr<DatagramSocket> core;
  bool is_binding = false;
};

/// The `incoming-datagram-stream` of wasi:sockets/udp.
class IncomingDatagramStream final : public Resource {
 public:
  explicit IncomingDatagramStream(std::shared_ptr<DatagramSocket> socket) : core(std::move(socket)) { core->open_stream(); }
  ~IncomingDatagramStream() override { core->close_stream(); }
  const std::shared_ptr<DatagramSocket> core;
};

/// The `outgoing-datagram-stream` of wasi:sockets/udp.
class OutgoingDatagramStream final : public Resource {
 public:
  explicit OutgoingDatagramStream(std::shared_ptr<DatagramSocket> socket) : core(std::move(socket)) { core->open_stream(); }
  ~OutgoingDatagramStream() override { core->close_stream(); }
  const std::shared_ptr<DatagramSocket> core;
  /// How many datagrams the last `check-send` allowed.
  size_t permitted = 0;
};

/// Nothing of a datagram socket itself ever waits.
class UdpPollable final : public Pollable {
 public:
  bool is_ready(Context&) override { return true; }
  void prepare(Context&, WaitSet&) override {}
};

class IncomingPollable final : public Pollable {
 public:
  explicit IncomingPollable(std::shared_ptr<DatagramSocket> socket) : core_(std::move(socket)) {}
  bool is_ready(Context& context) override { return core_->is_receivable(context); }
  void prepare(Context&, WaitSet& set) override { set.add_descriptor(core_->socket().number(), POLLIN); }

 private:
  std::shared_ptr<DatagramSocket> core_;
};

class OutgoingPollable final : public Pollable {
 public:
  explicit OutgoingPollable(std::shared_ptr<DatagramSocket> socket) : core_(std::move(socket)) {}
  bool is_ready(Context&) override { return core_->is_sendable(); }
  void prepare(Context&, WaitSet& set) override { set.add_descriptor(core_->socket().number(), POLLOUT); }

 private:
  std::shared_ptr<DatagramSocket> core_;
};

using Self = HostBorrow<UdpSocket>;
using Streams = std::tuple<HostOwn<IncomingDatagramStream>, HostOwn<OutgoingDatagramStream>>;

UdpSocket& get(Context& wasi, Self self) { return wasi.resources().get<UdpSocket>(self.representation); }

Result<Answer<Streams>> open_streams(Context& wasi, Self self, const std::optional<IpSocketAddress>& remote) {
  const std::shared_ptr<DatagramSocket> core = get(wasi, self).core;
  if (core->has_streams()) return fail(ErrorKind::Trap, "the datagram streams of the socket were not dropped before new ones were asked for");
  const auto set = core->set_remote(wasi, remote ? std::optional(Endpoint::of(*remote)) : std::nullopt);
  if (!set) return refuse(set.error());
  TENON_TRY(const auto incoming, wasi.own_child<IncomingDatagramStream>(std::make_unique<IncomingDatagramStream>(core), self.representation));
  TENON_TRY(const auto outgoing, wasi.own_child<OutgoingDatagramStream>(std::make_unique<OutgoingDatagramStream>(core), self.representation));
  return Streams{incoming, outgoing};
}

Result<Answer<uint64_t>> send_all(Context& wasi, OutgoingDatagramStream& stream, const std::vector<OutgoingDatagram>& datagrams) {
  if (datagrams.empty()) return 0;
  if (datagrams.size() > stream.permitted) return fail(ErrorKind::Trap, "more datagrams were sent than check-send permitted");
  stream.permitted = 0;
  uint64_t sent = 0;
  for (const OutgoingDatagram& datagram : datagrams) {
    TENON_TRY(const Answer<> answer, stream.core->send(wasi, datagram));
    if (!answer) {
      if (sent != 0 || answer.error() == ErrorCode::WouldBlock) break;
      return refuse(answer.error());
    }
    sent++;
  }
  return sent;
}

Result<> add_socket(LinkerInstance& udp) {
  TENON_CHECK_OK(define_resource<UdpSocket>(udp, "udp-socket"));
  TENON_CHECK_OK(define(udp, "[method]udp-socket.start-bind", [](Context& wasi, Self self, HostBorrow<Network>, IpSocketAddress local) -> Answer<> {
    UdpSocket& socket = get(wasi, self);
    if (socket.is_binding) return refuse(ErrorCode::ConcurrencyConflict);
    const auto bound = socket.core->bind(wasi, Endpoint::of(local));
    socket.is_binding = bound.has_value();
    return bound;
  }));
  TENON_CHECK_OK(define(udp, "[method]udp-socket.finish-bind", [](Context& wasi, Self self) -> Answer<> {
    if (!std::exchange(get(wasi, self).is_binding, false)) return refuse(ErrorCode::NotInProgress);
    return {};
  }));
  TENON_CHECK_OK(define(udp, "[method]udp-socket.stream",
                        [](Context& wasi, Self self, std::optional<IpSocketAddress> remote) { return open_streams(wasi, self, remote); }));
  TENON_CHECK_OK(define(udp, "[method]udp-socket.local-address", [](Context& wasi, Self self) -> Answer<IpSocketAddress> {
    const auto endpoint = get(wasi, self).core->local_address();
    if (!endpoint) return refuse(endpoint.error());
    return endpoint->to_guest();
  }));
  TENON_CHECK_OK(define(udp, "[method]udp-socket.remote-address", [](Context& wasi, Self self) -> Answer<IpSocketAddress> {
    const std::optional<Endpoint>& remote = get(wasi, self).core->remote();
    if (!remote) return refuse(ErrorCode::InvalidState);
    return remote->to_guest();
  }));
  TENON_CHECK_OK(define(udp, "[method]udp-socket.address-family", [](Context& wasi, Self self) -> IpAddressFamily { return get(wasi, self).core->family(); }));
  return define(udp, "[method]udp-socket.subscribe", [](Context& wasi, Self self) -> Result<HostOwn<Pollable>> {
    return wasi.own_child<Pollable>(std::make_unique<UdpPollable>(), self.representation);
  });
}

Result<> add_options(LinkerInstance& udp) {
  TENON_CHECK_OK(define(udp, "[method]udp-socket.unicast-hop-limit", [](Context& wasi, Self self) -> Answer<uint8_t> {
    const DatagramSocket& core = *get(wasi, self).core;
    return hop_limit(core.socket(), core.family());
  }));
  TENON_CHECK_OK(define(udp, "[method]udp-socket.set-unicast-hop-limit", [](Context& wasi, Self self, uint8_t value) -> Answer<> {
    const DatagramSocket& core = *get(wasi, self).core;
    return set_hop_limit(core.socket(), core.family(), value);
  }));
  TENON_CHECK_OK(define(udp, "[method]udp-socket.receive-buffer-size",
                        [](Context& wasi, Self self) -> Answer<uint64_t> { return buffer_size(get(wasi, self).core->socket(), Buffer::Receive); }));
  TENON_CHECK_OK(define(udp, "[method]udp-socket.set-receive-buffer-size", [](Context& wasi, Self self, uint64_t value) -> Answer<> {
    return set_buffer_size(get(wasi, self).core->socket(), Buffer::Receive, value);
  }));
  TENON_CHECK_OK(define(udp, "[method]udp-socket.send-buffer-size",
                        [](Context& wasi, Self self) -> Answer<uint64_t> { return buffer_size(get(wasi, self).core->socket(), Buffer::Send); }));
  return define(udp, "[method]udp-socket.set-send-buffer-size",
                [](Context& wasi, Self self, uint64_t value) -> Answer<> { return set_buffer_size(get(wasi, self).core->socket(), Buffer::Send, value); });
}

Result<> add_streams(LinkerInstance& udp) {
  TENON_CHECK_OK(define_resource<IncomingDatagramStream>(udp, "incoming-datagram-stream"));
  TENON_CHECK_OK(define(udp, "[method]incoming-datagram-stream.receive", [](Context& wasi, HostBorrow<IncomingDatagramStream> self, uint64_t max) {
    return wasi.resources().get<IncomingDatagramStream>(self.representation).core->receive(wasi, max);
  }));
  TENON_CHECK_OK(define(udp, "[method]incoming-datagram-stream.subscribe", [](Context& wasi, HostBorrow<IncomingDatagramStream> self) {
    const auto& core = wasi.resources().get<IncomingDatagramStream>(self.representation).core;
    return wasi.own_child<Pollable>(std::make_unique<IncomingPollable>(core), self.representation);
  }));
  TENON_CHECK_OK(define_resource<OutgoingDatagramStream>(udp, "outgoing-datagram-stream"));
  TENON_CHECK_OK(define(udp, "[method]outgoing-datagram-stream.check-send", [](Context& wasi, HostBorrow<OutgoingDatagramStream> self) -> Answer<uint64_t> {
    auto& stream = wasi.resources().get<OutgoingDatagramStream>(self.representation);
    stream.permitted = stream.core->is_sendable() ? DatagramSocket::datagrams_max : 0;
    return stream.permitted;
  }));
  TENON_CHECK_OK(
      define(udp, "[method]outgoing-datagram-stream.send", [](Context& wasi, HostBorrow<OutgoingDatagramStream> self, std::vector<OutgoingDatagram> datagrams) {
        return send_all(wasi, wasi.resources().get<OutgoingDatagramStream>(self.representation), datagrams);
      }));
  return define(udp, "[method]outgoing-datagram-stream.subscribe", [](Context& wasi, HostBorrow<OutgoingDatagramStream> self) {
    const auto& core = wasi.resources().get<OutgoingDatagramStream>(self.representation).core;
    return wasi.own_child<Pollable>(std::make_unique<OutgoingPollable>(core), self.representation);
  });
}

}  // namespace

Result<> add_udp(Linker& linker) {
  TENON_TRY(LinkerInstance udp, open_interface(linker, "wasi:sockets/udp"));
  TENON_CHECK_OK(add_socket(udp));
  TENON_CHECK_OK(add_options(udp));
  TENON_CHECK_OK(add_streams(udp));
  TENON_TRY(LinkerInstance create, open_interface(linker, "wasi:sockets/udp-create-socket"));
  return define(create, "create-udp-socket", [](Context& wasi, IpAddressFamily family) -> Result<Answer<HostOwn<UdpSocket>>> {
    auto core = DatagramSocket::create(family);
    if (!core) return refuse(core.error());
    TENON_TRY(const HostOwn<UdpSocket> handle, wasi.own<UdpSocket>(std::make_unique<UdpSocket>(*std::move(core))));
    return handle;
  });
}

}  // namespace tenon::wasi::sockets
