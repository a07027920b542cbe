#pragma once

#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

/// Servers inside a test, on 127.0.0.1.
namespace tenon::wasi::http {

/// A certificate and its key, made for the test; it is its own authority.
class TestCertificate {
 public:
  explicit TestCertificate(const char* names = "IP:127.0.0.1,DNS:localhost,DNS:secure.test") {
    key_.reset(EVP_EC_gen("P-256"));
    certificate_.reset(X509_new());
    X509* const made = certificate_.get();
    X509_set_version(made, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(made), 1);
    X509_gmtime_adj(X509_getm_notBefore(made), -3600);
    X509_gmtime_adj(X509_getm_notAfter(made), 3600);
    X509_set_pubkey(made, key_.get());
    X509_NAME* const name = X509_get_subject_name(made);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("test"), -1, -1, 0);
    X509_set_issuer_name(made, name);
    add_extension(NID_basic_constraints, "critical,CA:TRUE");
    add_extension(NID_subject_alt_name, names);
    X509_sign(made, key_.get(), EVP_sha256());
    file_ = new_file([&](FILE* file) { PEM_write_X509(file, made); });
    key_file_ = new_file([&](FILE* file) { PEM_write_PrivateKey(file, key_.get(), nullptr, nullptr, 0, nullptr, nullptr); });
  }
  ~TestCertificate() {
    unlink(file_.c_str());
    unlink(key_file_.c_str());
  }
  TestCertificate(const TestCertificate&) = delete;
  TestCertificate& operator=(const TestCertificate&) = delete;

  /// A PEM file of the certificate, for `HttpConfig::ca_file`.
  const std::string& file() const { return file_; }
  /// A PEM file of its key, for servers in other processes.
  const std::string& key_file() const { return key_file_; }
  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> server_context() const {
    std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context(SSL_CTX_new(TLS_server_method()), &SSL_CTX_free);
    SSL_CTX_use_certificate(context.get(), certificate_.get());
    SSL_CTX_use_PrivateKey(context.get(), key_.get());
    return context;
  }

 private:
  template <class F>
  static std::string new_file(F write) {
    char path[] = "/tmp/tenon-http-XXXXXX";
    FILE* const file = fdopen(mkstemp(path), "w");
    write(file);
    std::fclose(file);
    return path;
  }
  void add_extension(int id, const char* value) {
    X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, nullptr, id, value);
    X509_add_ext(certificate_.get(), extension, -1);
    X509_EXTENSION_free(extension);
  }
  std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key_{nullptr, &EVP_PKEY_free};
  std::unique_ptr<X509, decltype(&X509_free)> certificate_{nullptr, &X509_free};
  std::string file_;
  std::string key_file_;
};

struct SeenRequest {
  std::string method;
  std::string target;
  /// Names in lower case.
  std::multimap<std::string, std::string> headers;
  /// As sent, up to and with the empty line.
  std::string head;
  std::string body;
  std::multimap<std::string, std::string> trailers;

  std::string header(const std::string& name) const {
    const auto found = headers.find(name);
    return found == headers.end() ? "" : found->second;
  }
};

/// The server's end of one connection. The thread of the connection.
class Peer {
 public:
  Peer(int socket, SSL_CTX* tls) : socket_(socket), ssl_(nullptr, &SSL_free) {
    if (tls == nullptr) return;
    ssl_.reset(SSL_new(tls));
    SSL_set_fd(ssl_.get(), socket);
    if (SSL_accept(ssl_.get()) != 1) is_broken_ = true;
  }

  /// Some bytes; empty at the end.
  std::string read_some() {
    char bytes[16384];
    if (is_broken_) return "";
    const ssize_t count = ssl_ ? SSL_read(ssl_.get(), bytes, sizeof bytes) : recv(socket_, bytes, sizeof bytes, 0);
    if (count <= 0) is_broken_ = true;
    return {bytes, static_cast<size_t>(std::max<ssize_t>(count, 0))};
  }
  bool write(std::string_view text) {
    while (!text.empty() && !is_broken_) {
      const ssize_t count = ssl_ ? SSL_write(ssl_.get(), text.data(), static_cast<int>(std::min<size_t>(text.size(), 1 << 20)))
                                 : send(socket_, text.data(), text.size(), MSG_NOSIGNAL);
      if (count <= 0)
        is_broken_ = true;
      else
        text.remove_prefix(static_cast<size_t>(count));
    }
    return !is_broken_;
  }
  /// Ends the connection with a reset.
  void reset() {
    const linger hard{.l_onoff = 1, .l_linger = 0};
    setsockopt(socket_, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    is_broken_ = true;
  }

  bool read_head(SeenRequest& request) {
    while (buffer_.find("\r\n\r\n") == std::string::npos) {
      const std::string more = read_some();
      if (more.empty()) return false;
      buffer_ += more;
    }
    const size_t end = buffer_.find("\r\n\r\n") + 4;
    request.head = buffer_.substr(0, end);
    buffer_.erase(0, end);
    const size_t space = request.head.find(' ');
    request.method = request.head.substr(0, space);
    request.target = request.head.substr(space + 1, request.head.find(' ', space + 1) - space - 1);
    read_lines(request.head.substr(request.head.find("\r\n") + 2), request.headers);
    return true;
  }
  /// The head and the whole body.
  bool read_request(SeenRequest& request) {
    if (!read_head(request)) return false;
    if (request.header("transfer-encoding") == "chunked") return read_chunks(request);
    const std::string length = request.header("content-length");
    return length.empty() || take(std::stoul(length), request.body);
  }
  /// Exactly `size` bytes.
  bool take(size_t size, std::string& to) {
    while (buffer_.size() < size) {
      const std::string more = read_some();
      if (more.empty()) return false;
      buffer_ += more;
    }
    to += buffer_.substr(0, size);
    buffer_.erase(0, size);
    return true;
  }
  std::string take_line() {
    size_t end = 0;
    while ((end = buffer_.find("\r\n")) == std::string::npos) {
      const std::string more = read_some();
      if (more.empty()) return "";
      buffer_ += more;
    }
    std::string line = buffer_.substr(0, end);
    buffer_.erase(0, end + 2);
    return line;
  }
  /// Waits until the client closes.
  void wait_for_end() {
    while (!read_some().empty()) {
    }
  }

 private:
  static void read_lines(std::string_view text, std::multimap<std::string, std::string>& to) {
    while (!text.empty() && text.substr(0, 2) != "\r\n") {
      const std::string_view line = text.substr(0, text.find("\r\n"));
      text.remove_prefix(line.size() + 2);
      std::string name(line.substr(0, line.find(':')));
      std::ranges::transform(name, name.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
      std::string_view value = line.substr(line.find(':') + 1);
      if (value.starts_with(' ')) value.remove_prefix(1);
      to.emplace(std::move(name), value);
    }
  }
  bool read_chunks(SeenRequest& request) {
    while (true) {
      const size_t size = std::stoul("0" + take_line(), nullptr, 16);
      if (is_broken_) return false;
      if (size == 0) break;
      if (!take(size, request.body)) return false;
      take_line();
    }
    std::string lines;
    for (std::string line = take_line(); !line.empty(); line = take_line()) lines += line + "\r\n";
    read_lines(lines, request.trailers);
    return !is_broken_;
  }

  int socket_;
  std::unique_ptr<SSL, decltype(&SSL_free)> ssl_;
  std::string buffer_;
  bool is_broken_ = false;
};

/// Accepts until it ends, and runs `serve` for each connection on a thread of its own.
class TestServer {
 public:
  using Serve = std::function<void(Peer&)>;

  explicit TestServer(Serve serve, const TestCertificate* certificate = nullptr) : serve_(std::move(serve)) {
    if (certificate != nullptr) tls_ = certificate->server_context();
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(listen(listener_, 64), 0);
    socklen_t size = sizeof address;
    getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] { accept_all(); });
  }
  ~TestServer() {
    shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    close(listener_);
    {
      const std::lock_guard lock(mutex_);
      for (const int each : open_) shutdown(each, SHUT_RDWR);
    }
    for (std::thread& thread : threads_) thread.join();
  }
  TestServer(const TestServer&) = delete;
  TestServer& operator=(const TestServer&) = delete;

  uint16_t port() const { return port_; }
  std::string authority() const { return "127.0.0.1:" + std::to_string(port_); }
  int connections() const { return connections_; }

  /// For handshakes that come after this. TLS 1.2, whose clients learn of a refusal within the handshake.
  void require_client_certificate() {
    SSL_CTX_set_verify(tls_.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    SSL_CTX_set_max_proto_version(tls_.get(), TLS1_2_VERSION);
  }

  /// Answers every request of a connection.
  static Serve answering(std::function<std::string(const SeenRequest&)> answer) {
    return [answer = std::move(answer)](Peer& peer) {
      for (SeenRequest request; peer.read_request(request); request = {}) {
        if (!peer.write(answer(request))) return;
      }
    };
  }

 private:
  void accept_all() {
    // OpenSSL writes to connections that are gone. Only here: the client's side has to do without.
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    while (true) {
      const int accepted = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (accepted < 0) return;
      connections_++;
      const std::lock_guard lock(mutex_);
      open_.push_back(accepted);
      threads_.emplace_back([this, accepted] {
        {
          Peer peer(accepted, tls_.get());
          serve_(peer);
        }
        const std::lock_guard inner(mutex_);
        std::erase(open_, accepted);
        close(accepted);
      });
    }
  }

  Serve serve_;
  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> tls_{nullptr, &SSL_CTX_free};
  int listener_ = -1;
  uint16_t port_ = 0;
  std::atomic<int> connections_ = 0;
  std::mutex mutex_;
  std::vector<int> open_;
  std::list<std::thread> threads_;
  std::thread acceptor_;
};

/// A name server that knows some names, each with its IPv4 addresses; AAAA questions get no addresses, other names do not exist.
class TestNames {
 public:
  using Addresses = std::vector<std::string>;

  explicit TestNames(std::function<Addresses(const std::string&)> look_up) : look_up_(std::move(look_up)) {
    socket_ = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(bind(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    socklen_t size = sizeof address;
    getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  ~TestNames() {
    is_ended_ = true;
    thread_.join();
    close(socket_);
  }
  TestNames(const TestNames&) = delete;
  TestNames& operator=(const TestNames&) = delete;

  std::string server() const { return "127.0.0.1:" + std::to_string(port_); }

 private:
  void serve() {
    while (!is_ended_) {
      pollfd ready{.fd = socket_, .events = POLLIN, .revents = 0};
      if (poll(&ready, 1, 20) <= 0) continue;
      char question[512];
      sockaddr_in from{};
      socklen_t size = sizeof from;
      const ssize_t count = recvfrom(socket_, question, sizeof question, 0, reinterpret_cast<sockaddr*>(&from), &size);
      if (count < 17) continue;
      const std::string reply = answer({question, static_cast<size_t>(count)});
      sendto(socket_, reply.data(), reply.size(), 0, reinterpret_cast<sockaddr*>(&from), size);
    }
  }
  std::string answer(std::string_view question) const {
    std::string name;
    size_t at = 12;
    for (; question[at] != 0; at += static_cast<size_t>(question[at]) + 1) {
      if (!name.empty()) name += '.';
      name += question.substr(at + 1, static_cast<size_t>(question[at]));
    }
    const std::string_view asked = question.substr(12, at + 5 - 12);
    const bool is_v4 = question[at + 2] == 1;
    const Addresses known = look_up_(name);
    const Addresses told = is_v4 ? known : Addresses();
    std::string reply(question.substr(0, 2));
    reply += {'\x81', static_cast<char>(known.empty() ? '\x83' : '\x80'), 0, 1, 0, static_cast<char>(told.size()), 0, 0, 0, 0};
    reply += asked;
    for (const std::string& text : told) {
      in_addr address{};
      inet_pton(AF_INET, text.c_str(), &address);
      reply += {'\xc0', '\x0c', 0, 1, 0, 1, 0, 0, 0, 0, 0, 4};
      reply.append(reinterpret_cast<const char*>(&address), 4);
    }
    return reply;
  }

  std::function<Addresses(const std::string&)> look_up_;
  int socket_ = -1;
  uint16_t port_ = 0;
  std::atomic<bool> is_ended_ = false;
  std::thread thread_;
};

}  // namespace tenon::wasi::http
