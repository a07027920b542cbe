#include "wasi/http/transfer.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <utility>

#include "policy/address.h"
#include "wasi/http/curl_error.h"
#include "wasi/http/curl_library.h"
#include "wasi/http/secrets.h"
#include "wasi/http/syntax.h"

namespace tenon::wasi::http {

namespace {

/// Far away for a time-out, near enough not to overflow what is added to it.
constexpr std::chrono::nanoseconds timeout_max = std::chrono::hours(24 * 365);
/// libcurl's own time-outs end nothing: those of the request do.
constexpr long curl_timeout_ms = 24L * 3600 * 1000;
constexpr long name_cache_seconds = 10;
constexpr long read_buffer_bytes = 64L << 10;

WaitSet::Moment after(WaitSet::Moment moment, std::chrono::nanoseconds timeout) { return moment + std::min(timeout, timeout_max); }

std::string_view text_of(const char* bytes, size_t size) { return {bytes, size}; }

std::optional<policy::IpAddress> address_of(const sockaddr& address) {
  policy::IpAddress made;
  if (address.sa_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(address);
    std::memcpy(made.bytes.data(), &v4.sin_addr, sizeof v4.sin_addr);
    return made;
  }
  if (address.sa_family == AF_INET6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address);
    made.is_v6 = true;
    std::memcpy(made.bytes.data(), &v6.sin6_addr, sizeof v6.sin6_addr);
    return policy::unpack(made);
  }
  return std::nullopt;
}

bool may_have_no_body(std::string_view method) { return method != "POST" && method != "PUT" && method != "PATCH"; }

}  // namespace

/// What libcurl calls; each finds its transfer in the pointer that it was given.
struct Callbacks {
  static size_t header(char* bytes, size_t size, size_t count, void* self) noexcept {
    return static_cast<Transfer*>(self)->on_header(text_of(bytes, size * count));
  }
  static size_t body(char* bytes, size_t size, size_t count, void* self) noexcept {
    return static_cast<Transfer*>(self)->on_body(std::as_bytes(std::span(bytes, size * count)));
  }
  static size_t read(char* bytes, size_t size, size_t count, void* self) noexcept {
    return static_cast<Transfer*>(self)->on_read(std::as_writable_bytes(std::span(bytes, size * count)));
  }
  static int trailers(curl_slist** list, void* self) noexcept {
    TextList made;
    const int answer = static_cast<Transfer*>(self)->on_trailers(made);
    *list = made.release();
    return answer;
  }
  static int connected(void* self, char* address, char*, int port, int) noexcept {
    return static_cast<Transfer*>(self)->on_connected(address, port) ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT;
  }
  static curl_socket_t open(void* self, curlsocktype, curl_sockaddr* address) noexcept {
    auto* const transfer = static_cast<Transfer*>(self);
    if (!transfer->may_open(address->addr)) return CURL_SOCKET_BAD;
    transfer->client_->connections_opened_++;
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
  }
  /// libcurl is to look up nothing: it gets addresses. It asks for a host that is an address too, which it reads itself.
  static int look_up(void*, void*, void* self) noexcept { return static_cast<Transfer*>(self)->request_.target.address ? 0 : 1; }
};

Transfer::Transfer(std::shared_ptr<Client> client, Request request)
    : client_(std::move(client)),
      request_(std::move(request)),
      incoming_(std::make_shared<BodyPipe>(buffer_bytes)),
      started_(std::chrono::steady_clock::now()),
      last_byte_(started_) {}

Transfer::~Transfer() { end(); }

std::expected<void, ErrorCode> Transfer::make_headers() {
  const std::vector<Secret>& secrets = client_->context_.config().secrets;
  bool has_accept = false;
  bool has_expect = false;
  size_t lengths = 0;
  std::string text;
  for (const FieldLine& line : request_.headers->lines()) {
    if (equals_ignoring_case(line.name, "content-length")) {
      lengths++;
      continue;
    }
    has_accept = has_accept || equals_ignoring_case(line.name, "accept");
    has_expect = has_expect || equals_ignoring_case(line.name, "expect");
    std::string filled;
    std::string_view value = line.value;
    if (!secrets.empty()) {
      auto with_secrets = fill_secrets(secrets, request_.target, value);
      if (!with_secrets) return std::unexpected(std::move(with_secrets).error());
      filled = *std::move(with_secrets);
      value = filled;
    }
    value = trim(value);
    text.assign(line.name);
    // libcurl takes "Name:" for a header to leave out.
    text += value.empty() ? ";" : ": ";
    text += value;
    header_lines_.add(text.c_str());
    if (!filled.empty()) {
      explicit_bzero(filled.data(), filled.size());
      explicit_bzero(text.data(), text.size());
    }
  }
  // Two lengths are how one request is smuggled into another.
  if (lengths > 1) return std::unexpected(error_code<ErrorCase::ProtocolError>());
  if (!request_.body && request_.body_bytes.value_or(0) != 0) return std::unexpected(error_code<ErrorCase::RequestBodySize>(uint64_t{0}));
  if (!has_accept) header_lines_.add("Accept:");
  if (!has_expect) header_lines_.add("Expect:");
  return {};
}

bool Transfer::is_length_known() const { return !request_.body || request_.body_bytes || request_.body->has_ended(); }

void Transfer::start() {
  if (phase_ != Phase::Held) return;
  if (request_.body && request_.body->error()) return fail(*request_.body->error());
  client_->go_on_in_background();
  const Target& target = request_.target;
  if (target.address) {
    if (!client_->context_.guard().allow_http_address(target.for_policy(), *target.address)) return fail(error_code<ErrorCase::DestinationIpProhibited>());
    addresses_.push_back(*target.address);
    return run();
  }
  phase_ = Phase::Resolving;
  lookup_ = sockets::Lookup::start(target.host, client_->context_.config().resolver);
}

void Transfer::resolved() {
  const auto looked_up = lookup_->result();
  lookup_.reset();
  if (!looked_up) {
    DnsErrorPayload payload;
    if (looked_up.error() == sockets::LookupError::NotFound) payload.rcode = "NXDOMAIN";
    if (looked_up.error() == sockets::LookupError::Temporary) payload.rcode = "SERVFAIL";
    return fail(error_code<ErrorCase::DnsError>(std::move(payload)));
  }
  const policy::HttpTarget target = request_.target.for_policy();
  for (const policy::IpAddress& address : *looked_up) {
    if (client_->context_.guard().allow_http_address(target, address)) addresses_.push_back(address);
  }
  if (addresses_.empty()) return fail(error_code<ErrorCase::DestinationIpProhibited>());
  run();
}

void Transfer::run() {
  if (!client_->ensure_connections()) return fail(error_code<ErrorCase::ConnectionLimitReached>());
  easy_ = client_->connections_->take_easy();
  if (!easy_ || !configure()) return fail(error_code<ErrorCase::InternalError>("libcurl is out of memory"));
  if (phase_ == Phase::Ended) return;
  phase_ = Phase::Running;
  const CURLMcode added = curl().multi_add_handle(client_->connections_->multi.get(), easy_.get());
  if (added != CURLM_OK) {
    easy_.reset();
    fail(error_code<ErrorCase::InternalError>(std::string(curl().multi_strerror(added))));
  }
}

bool Transfer::configure() {
  CURL* const easy = easy_.get();
  const Target& target = request_.target;
  const Config& config = client_->context_.config();
  bool ok = true;
  const auto set = [&](CURLoption option, auto value) { ok = ok && curl().easy_setopt(easy, option, value) == CURLE_OK; };

  url_ = target.url();
  set(CURLOPT_PRIVATE, static_cast<void*>(this));
  set(CURLOPT_URL, url_.c_str());
  set(CURLOPT_PATH_AS_IS, 1L);
  if (target.is_whole_server) set(CURLOPT_REQUEST_TARGET, "*");
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
  set(CURLOPT_FOLLOWLOCATION, 0L);
  // An empty name, because a missing one is taken from the environment.
  set(CURLOPT_PROXY, "");
  set(CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_ERRORBUFFER, error_text_.data());
  set(CURLOPT_CONNECTTIMEOUT_MS, curl_timeout_ms);
  set(CURLOPT_BUFFERSIZE, read_buffer_bytes);
  set(CURLOPT_HTTP_CONTENT_DECODING, 0L);
  set(CURLOPT_HTTPHEADER, header_lines_.get());
  set(CURLOPT_HEADERFUNCTION, Callbacks::header);
  set(CURLOPT_HEADERDATA, static_cast<void*>(this));
  set(CURLOPT_WRITEFUNCTION, Callbacks::body);
  set(CURLOPT_WRITEDATA, static_cast<void*>(this));
  set(CURLOPT_OPENSOCKETFUNCTION, Callbacks::open);
  set(CURLOPT_OPENSOCKETDATA, static_cast<void*>(this));
  set(CURLOPT_PREREQFUNCTION, Callbacks::connected);
  set(CURLOPT_PREREQDATA, static_cast<void*>(this));
  set(CURLOPT_RESOLVER_START_FUNCTION, Callbacks::look_up);
  set(CURLOPT_RESOLVER_START_DATA, static_cast<void*>(this));
  set(CURLOPT_DNS_CACHE_TIMEOUT, name_cache_seconds);
  if (!target.address) {
    // With the plus sign the entry ages like any other, so that a guest that asks for many names does not fill the cache.
    std::string entry = "+" + target.host + ":" + std::to_string(target.port) + ":";
    for (size_t i = 0; i < addresses_.size(); i++) entry += (i == 0 ? "" : ",") + policy::to_string(addresses_[i]);
    resolve_lines_.add(entry.c_str());
    set(CURLOPT_RESOLVE, resolve_lines_.get());
  }
  set(CURLOPT_HTTP_VERSION, static_cast<long>(target.is_tls ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1));
  if (target.is_tls) {
    set(CURLOPT_SSL_VERIFYPEER, 1L);
    set(CURLOPT_SSL_VERIFYHOST, 2L);
    set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    if (!config.http.ca_file.empty()) {
      set(CURLOPT_CAINFO, config.http.ca_file.c_str());
      set(CURLOPT_CAPATH, static_cast<char*>(nullptr));
    }
  }
  if (ok) configure_body();
  return ok;
}

void Transfer::configure_body() {
  CURL* const easy = easy_.get();
  const std::string& method = request_.target.method;
  BodyPipe* const body = request_.body.get();
  const bool is_open = body != nullptr && !body->is_finished();
  const bool has_trailers = body != nullptr && body->trailers() && !body->trailers()->lines().empty();
  const bool is_empty = body == nullptr || (body->buffered() == 0 && !has_trailers && request_.body_bytes.value_or(0) == 0);
  curl().easy_setopt(easy, CURLOPT_CUSTOMREQUEST, method.c_str());
  if (method == "HEAD" || method == "TRACE") {
    if (!is_empty) return fail(error_code<ErrorCase::RequestBodySize>(uint64_t{0}));
    if (body != nullptr) body->close();
    if (method == "HEAD") curl().easy_setopt(easy, CURLOPT_NOBODY, 1L);
    return;
  }
  // What nothing was written to by now is taken for no body where bodies are rare, as other clients do.
  const bool is_left_out = is_empty && may_have_no_body(method) && (!is_open || method == "GET");
  if (is_left_out) {
    if (body != nullptr) body->close();
    return;
  }
  curl_off_t length = 0;
  if (request_.body_bytes)
    length = static_cast<curl_off_t>(*request_.body_bytes);
  else if (is_open || has_trailers)
    length = -1;
  else if (body != nullptr)
    length = static_cast<curl_off_t>(body->buffered());
  is_upload_ = true;
  const bool takes_trailers = length < 0 && (has_trailers || (is_open && request_.headers->find("trailer") != nullptr));
  if (body != nullptr) body->takes_trailers = takes_trailers;
  if (has_trailers && !takes_trailers) return fail(error_code<ErrorCase::ProtocolError>());
  curl().easy_setopt(easy, CURLOPT_UPLOAD, 1L);
  curl().easy_setopt(easy, CURLOPT_INFILESIZE_LARGE, length);
  curl().easy_setopt(easy, CURLOPT_READFUNCTION, Callbacks::read);
  curl().easy_setopt(easy, CURLOPT_READDATA, static_cast<void*>(this));
  if (!takes_trailers) return;
  curl().easy_setopt(easy, CURLOPT_TRAILERFUNCTION, Callbacks::trailers);
  curl().easy_setopt(easy, CURLOPT_TRAILERDATA, static_cast<void*>(this));
  // libcurl sends trailers over HTTP/1.1 alone, and cannot begin again on another connection when one that it used before turns out to be dead.
  curl().easy_setopt(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  curl().easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
}

void Transfer::fail(ErrorCode error) {
  if (phase_ == Phase::Ended) return;
  if (request_.body) request_.body->close(error);
  incoming_->fail(error);
  if (!head_) head_ = std::unexpected(std::move(error));
  end();
}

void Transfer::end() {
  if (phase_ == Phase::Ended) return;
  if (easy_) {
    if (phase_ == Phase::Running) curl().multi_remove_handle(client_->connections_->multi.get(), easy_.get());
    // libcurl forgets not all of an upload: after one with trailers, 7.88 writes in front of its buffer. Such a handle is used once.
    if (is_upload_)
      easy_.reset();
    else
      client_->connections_->give_easy(std::move(easy_));
  }
  phase_ = Phase::Ended;
  lookup_.reset();
  std::erase(client_->transfers_, this);
  client_->has_news_ = true;
  // The pipes kept this transfer alive; a caller does until it returns.
  if (request_.body) {
    request_.body->close();
    request_.body->driver.reset();
  }
  incoming_->driver.reset();
}

void Transfer::drive() {
  const std::shared_ptr<Transfer> self = shared_from_this();
  start();
  client_->drive();
}

void Transfer::prepare(WaitSet&) { client_->go_on_in_background(); }

void Transfer::abandon() {
  if (phase_ == Phase::Ended) return;
  const std::shared_ptr<Transfer> self = shared_from_this();
  incoming_->close();
  end();
}

void Transfer::advance() {
  if (phase_ == Phase::Resolving && lookup_->advance()) resolved();
  if (phase_ != Phase::Running) return;
  const bool receives = is_receiving_paused_ && incoming_->room() >= buffer_bytes / 2;
  const bool sends = is_sending_paused_ && (request_.body->buffered() != 0 || request_.body->has_ended());
  if (!receives && !sends) return;
  is_receiving_paused_ = is_receiving_paused_ && !receives;
  is_sending_paused_ = is_sending_paused_ && !sends;
  const int paused = (is_receiving_paused_ ? CURLPAUSE_RECV : 0) | (is_sending_paused_ ? CURLPAUSE_SEND : 0);
  if (const CURLcode code = curl().easy_pause(easy_.get(), paused); code != CURLE_OK) complete(code);
}

void Transfer::complete(CURLcode code) {
  if (phase_ != Phase::Running) return;
  if (code == CURLE_OK && !refusal_ && head_) {
    incoming_->finish(lines_ && !lines_->lines().empty() ? std::move(lines_) : nullptr);
    return end();
  }
  if (refusal_) return fail(*std::exchange(refusal_, std::nullopt));
  if (code == CURLE_OK) return fail(error_code<ErrorCase::ProtocolError>());
  long os_error = 0;
  curl().easy_getinfo(easy_.get(), CURLINFO_OS_ERRNO, &os_error);
  fail(error_of({.code = code, .os_error = os_error, .is_connected = connected_.has_value(), .has_head = head_.has_value(), .text = error_text_.data()}));
}

std::optional<WaitSet::Moment> Transfer::moment() const {
  switch (phase_) {
    case Phase::Held:
    case Phase::Ended: return std::nullopt;
    case Phase::Resolving: return after(started_, request_.timeouts.connect);
    case Phase::Running: break;
  }
  if (!connected_) return after(started_, request_.timeouts.connect);
  if (!head_) return after(*connected_, request_.timeouts.first_byte);
  if (is_receiving_paused_ || incoming_->buffered() != 0) return std::nullopt;
  return after(last_byte_, request_.timeouts.between_bytes);
}

void Transfer::add_waits(WaitSet& set) {
  if (lookup_) lookup_->prepare(set);
  if (const auto end = moment()) set.add_moment(*end);
}

void Transfer::check_time(WaitSet::Moment now) {
  const std::optional<WaitSet::Moment> end = moment();
  if (!end || now < *end) {
    if (!end) last_byte_ = now;
    return;
  }
  if (phase_ == Phase::Resolving) return fail(error_code<ErrorCase::DnsTimeout>());
  if (!connected_) return fail(error_code<ErrorCase::ConnectionTimeout>());
  fail(error_code<ErrorCase::ConnectionReadTimeout>());
}

void Transfer::refuse(ErrorCode reason) {
  if (!refusal_) refusal_ = std::move(reason);
}

size_t Transfer::on_header(std::string_view line) {
  const size_t taken = line.size();
  while (line.ends_with('\n') || line.ends_with('\r')) line.remove_suffix(1);
  if (!head_ && line.starts_with("HTTP/")) {
    // "HTTP/1.1 200 OK", "HTTP/2 200"
    const size_t space = line.find(' ');
    const std::string_view digits = space == std::string_view::npos ? "" : line.substr(space + 1, 3);
    status_ = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), status_);
    lines_ = std::make_shared<FieldList>(client_->ledger());
    if (status_ >= 100) return taken;
    refuse(error_code<ErrorCase::ProtocolError>());
    return 0;
  }
  if (line.empty()) {
    if (!head_) end_of_head();
    return refusal_ ? 0 : taken;
  }
  if (!lines_) lines_ = std::make_shared<FieldList>(client_->ledger());
  if (auto added = add_line(*lines_, line); !added) {
    refuse(std::move(added).error());
    return 0;
  }
  return taken;
}

std::expected<void, ErrorCode> Transfer::add_line(FieldList& list, std::string_view line) const {
  const size_t colon = line.find(':');
  const std::string_view name = line.substr(0, colon);
  if (colon == std::string_view::npos || !is_token(name)) return std::unexpected(error_code<ErrorCase::ProtocolError>());
  const std::string_view value = trim(line.substr(colon + 1));
  // Two lengths are two ways to read the answer, and the next one on the connection.
  const FieldLine* const earlier = equals_ignoring_case(name, "content-length") ? list.find(name) : nullptr;
  if (earlier != nullptr && earlier->value != value) return std::unexpected(error_code<ErrorCase::ProtocolError>());
  if (!is_field_value(value)) return std::unexpected(error_code<ErrorCase::ProtocolError>());
  if (is_forbidden_field(name) || list.add(name, value)) return {};
  const auto bytes = static_cast<uint32_t>(list.bytes() + name.size() + value.size());
  if (head_) return std::unexpected(error_code<ErrorCase::ResponseTrailerSectionSize>(bytes));
  return std::unexpected(error_code<ErrorCase::ResponseHeaderSectionSize>(bytes));
}

void Transfer::end_of_head() {
  if (status_ == 101) return refuse(error_code<ErrorCase::UpgradeFailed>());
  // Interim responses have no place in wasi:http.
  if (status_ < 200) return;
  last_byte_ = std::chrono::steady_clock::now();
  head_ = ResponseHead{.status = status_, .headers = std::exchange(lines_, nullptr)};
  client_->has_news_ = true;
}

size_t Transfer::on_body(std::span<const std::byte> bytes) {
  client_->has_news_ = true;
  if (incoming_->room() == 0) {
    is_receiving_paused_ = true;
    return CURL_WRITEFUNC_PAUSE;
  }
  last_byte_ = std::chrono::steady_clock::now();
  incoming_->push(bytes);
  return bytes.size();
}

size_t Transfer::on_read(std::span<std::byte> to) {
  if (!request_.body) return 0;
  BodyPipe& body = *request_.body;
  client_->has_news_ = true;
  if (body.error()) {
    refuse(*body.error());
    return CURL_READFUNC_ABORT;
  }
  if (body.buffered() != 0) return body.read(to);
  if (body.is_finished()) return 0;
  is_sending_paused_ = true;
  return CURL_READFUNC_PAUSE;
}

int Transfer::on_trailers(TextList& trailers) {
  if (request_.body && request_.body->trailers()) {
    for (const FieldLine& line : request_.body->trailers()->lines()) {
      if (equals_ignoring_case(line.name, "content-length")) continue;
      trailers.add((line.name + ": " + std::string(trim(line.value))).c_str());
    }
  }
  return CURL_TRAILERFUNC_OK;
}

bool Transfer::may_open(const sockaddr& address) {
  const std::optional<policy::IpAddress> asked = address_of(address);
  if (asked && std::ranges::find(addresses_, *asked) != addresses_.end()) return true;
  refuse(error_code<ErrorCase::DestinationIpProhibited>());
  return false;
}

bool Transfer::on_connected(std::string_view address, int port) {
  const std::optional<policy::IpAddress> peer = policy::parse_address(address);
  connected_ = last_byte_ = std::chrono::steady_clock::now();
  // A connection that an earlier request opened may lead to an address that the name does not have any more, but to none that the guard would refuse.
  if (peer && port == request_.target.port &&
      (std::ranges::find(addresses_, *peer) != addresses_.end() || client_->context_.guard().allow_http_address(request_.target.for_policy(), *peer))) {
    return true;
  }
  refuse(error_code<ErrorCase::DestinationIpProhibited>());
  return false;
}

}  // namespace tenon::wasi::http
