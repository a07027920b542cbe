#include "wasi/http/client.h"

#include <poll.h>

#include <algorithm>
#include <array>
#include <utility>

#include "wasi/http/connections.h"
#include "wasi/http/curl_library.h"
#include "wasi/http/transfer.h"

namespace tenon::wasi::http {

namespace {

/// How often a drive goes round while libcurl has more to do at once.
constexpr int rounds_max = 8;

short events_of(int what) {
  switch (what) {
    case CURL_POLL_IN: return POLLIN;
    case CURL_POLL_OUT: return POLLOUT;
    case CURL_POLL_INOUT: return POLLIN | POLLOUT;
    default: return 0;
  }
}

int action_of(short events) {
  int action = 0;
  if ((events & POLLIN) != 0) action |= CURL_CSELECT_IN;
  if ((events & POLLOUT) != 0) action |= CURL_CSELECT_OUT;
  if ((events & (POLLERR | POLLHUP | POLLNVAL)) != 0) action |= CURL_CSELECT_ERR;
  return action;
}

}  // namespace

struct MultiCallbacks {
  static int socket(CURL*, curl_socket_t descriptor, int what, void* self, void*) noexcept {
    static_cast<Client*>(self)->watch(descriptor, events_of(what));
    return 0;
  }
  static int timer(CURLM*, long timeout_ms, void* self) noexcept {
    auto& timer = static_cast<Client*>(self)->timer_;
    if (timeout_ms < 0)
      timer.reset();
    else
      timer = std::chrono::steady_clock::now() + std::chrono::milliseconds(timeout_ms);
    return 0;
  }
};

namespace {

/// Ends after the store's resources, so that no transfer outlives its client's context.
class ClientPart final : public Part {
 public:
  explicit ClientPart(Context& context) : client(std::make_shared<Client>(context)) {}
  ~ClientPart() override { client->abandon_all(); }
  std::shared_ptr<Client> client;
};

}  // namespace

std::shared_ptr<Client> Client::of(Context& context) { return context.part<ClientPart>().client; }

Client::Client(Context& context) : context_(context) {}

Client::~Client() {
  if (!connections_) return;
  CURLM* const multi = connections_->multi.get();
  curl().multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, nullptr);
  curl().multi_setopt(multi, CURLMOPT_TIMERFUNCTION, nullptr);
  if (const std::shared_ptr<Pool> pool = std::exchange(connections_->pool, nullptr)) pool->give(std::move(connections_));
}

bool Client::ensure_connections() {
  if (connections_) return true;
  const std::shared_ptr<Pool>& pool = context_.config().http.pool;
  if (!pool) {
    connections_ = Connections::create();
  } else {
    Kinship kinship = Kinship::of(context_.config(), context_.guard().shared_rules());
    connections_ = pool->take(kinship);
    if (!connections_) connections_ = Connections::create();
    if (connections_) {
      connections_->kinship = std::move(kinship);
      connections_->pool = pool;
    }
  }
  if (!connections_) return false;
  CURLM* const multi = connections_->multi.get();
  curl().multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, MultiCallbacks::socket);
  curl().multi_setopt(multi, CURLMOPT_SOCKETDATA, this);
  curl().multi_setopt(multi, CURLMOPT_TIMERFUNCTION, MultiCallbacks::timer);
  curl().multi_setopt(multi, CURLMOPT_TIMERDATA, this);
  return true;
}

std::expected<std::shared_ptr<Transfer>, ErrorCode> Client::send(Request request) {
  if (transfers_.size() >= transfers_max) return std::unexpected(error_code<ErrorCase::ConnectionLimitReached>());
  if (find_curl() == nullptr) return std::unexpected(error_code<ErrorCase::InternalError>("libcurl cannot be loaded"));
  const std::shared_ptr<BodyPipe> body = request.body;
  auto transfer = std::make_shared<Transfer>(shared_from_this(), std::move(request));
  if (auto made = transfer->make_headers(); !made) return std::unexpected(std::move(made).error());
  transfers_.push_back(transfer.get());
  if (body) body->driver = transfer;
  transfer->response_body()->driver = transfer;
  if (transfer->is_length_known()) transfer->drive();
  return transfer;
}

void Client::abandon_all() {
  while (!transfers_.empty()) {
    const std::shared_ptr<Transfer> transfer = transfers_.back()->shared_from_this();
    transfer->abandon();
    // What abandoning leaves, a transfer that waits for its body, goes from the list all the same.
    std::erase(transfers_, transfer.get());
  }
}

void Client::watch(int descriptor, short events) {
  const auto found = std::ranges::find(sockets_, descriptor, &Socket::descriptor);
  if (events == 0) {
    if (found != sockets_.end()) sockets_.erase(found);
  } else if (found != sockets_.end()) {
    found->events = events;
  } else {
    sockets_.push_back({.descriptor = descriptor, .events = events});
  }
}

void Client::run_sockets() {
  // libcurl opens at most two sockets for a transfer.
  std::array<pollfd, 2 * transfers_max> ready;
  const size_t count = std::min(sockets_.size(), ready.size());
  for (size_t i = 0; i < count; i++) ready[i] = {.fd = sockets_[i].descriptor, .events = sockets_[i].events, .revents = 0};
  if (count == 0 || poll(ready.data(), count, 0) <= 0) return;
  for (size_t i = 0; i < count; i++) {
    int running = 0;
    if (ready[i].revents != 0) curl().multi_socket_action(connections_->multi.get(), ready[i].fd, action_of(ready[i].revents), &running);
  }
}

void Client::take_messages() {
  int left = 0;
  while (const CURLMsg* const message = curl().multi_info_read(connections_->multi.get(), &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    const CURLcode code = message->data.result;
    Transfer* transfer = nullptr;
    curl().easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
    const std::shared_ptr<Transfer> kept = transfer->shared_from_this();
    kept->complete(code);
  }
}

template <class F>
void Client::for_each(F action) {
  for (size_t i = 0; i < transfers_.size();) {
    const std::shared_ptr<Transfer> transfer = transfers_[i]->shared_from_this();
    action(*transfer);
    if (i < transfers_.size() && transfers_[i] == transfer.get()) i++;
  }
}

void Client::drive() {
  if (is_driving_) return;
  is_driving_ = true;
  const auto is_due = [&] { return timer_ && *timer_ <= std::chrono::steady_clock::now(); };
  for (int round = 0; round < rounds_max && !transfers_.empty(); round++) {
    for_each([](Transfer& transfer) { transfer.advance(); });
    if (!connections_) break;
    if (is_due()) {
      timer_.reset();
      int running = 0;
      curl().multi_socket_action(connections_->multi.get(), CURL_SOCKET_TIMEOUT, 0, &running);
    } else {
      run_sockets();
    }
    take_messages();
    if (!is_due()) break;
  }
  const auto now = std::chrono::steady_clock::now();
  for_each([&](Transfer& transfer) { transfer.check_time(now); });
  is_driving_ = false;
}

bool Client::advance() {
  has_news_ = false;
  drive();
  // With news it stays once more, because only what stays is asked for what to wait for.
  is_in_background_ = has_news_ || std::ranges::any_of(transfers_, [](const Transfer* transfer) { return transfer->is_started(); });
  return is_in_background_;
}

void Client::prepare(WaitSet& set) {
  // What this drive brought was not there when the guest was asked whether it is ready.
  if (has_news_) set.add_moment(std::chrono::steady_clock::now());
  for (const Socket& socket : sockets_) set.add_descriptor(socket.descriptor, socket.events);
  if (timer_) set.add_moment(*timer_);
  for (Transfer* const transfer : transfers_) transfer->add_waits(set);
}

void Client::go_on_in_background() {
  if (!std::exchange(is_in_background_, true)) context_.add_background(shared_from_this());
}

}  // namespace tenon::wasi::http
