#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "policy/address.h"
#include "wasi/sockets/socket.h"

/// A name server of the tests' own, on 127.0.0.1.
namespace tenon::wasi::sockets {

struct DnsQuestion {
  std::string name = {};
  bool wants_ipv6 = false;
  bool is_over_tcp = false;
};

struct DnsAnswer {
  /// 0 is success, 2 server failure, 3 no such name, 5 refused.
  uint8_t code = 0;
  std::vector<policy::IpAddress> addresses = {};
  /// What the name stands for, before the addresses.
  std::string alias = {};
  /// Asks for the question to be put again over TCP.
  bool is_truncated = false;
  /// No answer at all.
  bool is_silent = false;
  /// These bytes instead of an answer, after the question's number.
  std::string garbage = {};
};

class DnsServer final {
 public:
  using Answering = std::function<DnsAnswer(const DnsQuestion&)>;

  /// `answer` runs on the server's thread.
  explicit DnsServer(Answering answer) : answer_(std::move(answer)), stop_(eventfd(0, EFD_CLOEXEC)) {
    sockaddr_in local{};
    local.sin_family = AF_INET;
    local.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(local);
    udp_ = Descriptor(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    bind(udp_.number(), reinterpret_cast<sockaddr*>(&local), size);
    getsockname(udp_.number(), reinterpret_cast<sockaddr*>(&local), &size);
    port_ = ntohs(local.sin_port);
    tcp_ = Descriptor(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    is_listening_ = bind(tcp_.number(), reinterpret_cast<sockaddr*>(&local), size) == 0 && listen(tcp_.number(), 8) == 0;
    thread_ = std::thread([this] { run(); });
  }
  ~DnsServer() {
    eventfd_write(stop_.number(), 1);
    thread_.join();
  }
  DnsServer(const DnsServer&) = delete;
  DnsServer& operator=(const DnsServer&) = delete;

  /// For `ResolverOptions::servers`.
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  /// Whether the same port could be had for TCP.
  bool has_tcp() const { return is_listening_; }
  uint32_t questions() const { return questions_; }

 private:
  void run() {
    std::array<pollfd, 3> waits = {{{udp_.number(), POLLIN, 0}, {stop_.number(), POLLIN, 0}, {is_listening_ ? tcp_.number() : -1, POLLIN, 0}}};
    while (poll(waits.data(), waits.size(), -1) > 0 && waits[1].revents == 0) {
      if (waits[0].revents != 0) serve_datagram();
      if (waits[2].revents != 0) serve_connection();
    }
  }

  void serve_datagram() {
    std::string question(1500, '\0');
    sockaddr_in from{};
    socklen_t size = sizeof(from);
    const ssize_t count = recvfrom(udp_.number(), question.data(), question.size(), 0, reinterpret_cast<sockaddr*>(&from), &size);
    if (count < 17) return;
    question.resize(static_cast<size_t>(count));
    const std::string reply = reply_to(question, false);
    if (!reply.empty()) sendto(udp_.number(), reply.data(), reply.size(), 0, reinterpret_cast<sockaddr*>(&from), size);
  }

  void serve_connection() {
    const Descriptor peer(accept4(tcp_.number(), nullptr, nullptr, SOCK_CLOEXEC));
    std::array<char, 2> length{};
    while (recv(peer.number(), length.data(), length.size(), MSG_WAITALL) == 2) {
      std::string question(static_cast<size_t>(static_cast<uint8_t>(length[0]) << 8 | static_cast<uint8_t>(length[1])), '\0');
      if (recv(peer.number(), question.data(), question.size(), MSG_WAITALL) != static_cast<ssize_t>(question.size()) || question.size() < 17) return;
      const std::string reply = reply_to(question, true);
      const std::string framed = number(reply.size()) + reply;
      if (send(peer.number(), framed.data(), framed.size(), MSG_NOSIGNAL) < 0) return;
    }
  }

  static std::string number(size_t value) { return {static_cast<char>(value >> 8), static_cast<char>(value)}; }

  static std::string encoded(std::string_view name) {
    std::string text;
    while (!name.empty()) {
      const std::string_view label = name.substr(0, name.find('.'));
      text.push_back(static_cast<char>(label.size()));
      text.append(label);
      name.remove_prefix(std::min(name.size(), label.size() + 1));
    }
    text.push_back('\0');
    return text;
  }

  static std::string record(const std::string& name, uint16_t type, const std::string& data) {
    return name + number(type) + number(1) + std::string(4, '\0') + number(data.size()) + data;
  }

  std::string reply_to(const std::string& question, bool is_over_tcp) {
    questions_++;
    DnsQuestion asked{.is_over_tcp = is_over_tcp};
    size_t at = 12;
    while (at < question.size() && question[at] != '\0') {
      const auto length = static_cast<size_t>(question[at]);
      asked.name.append(asked.name.empty() ? "" : ".").append(question.substr(at + 1, length));
      at += length + 1;
    }
    if (at + 5 > question.size()) return {};
    const size_t end = at + 5;
    asked.wants_ipv6 = question[at + 2] == 28;
    const DnsAnswer answer = answer_(asked);
    if (answer.is_silent) return {};
    if (!answer.garbage.empty()) return question.substr(0, 2) + answer.garbage;

    std::string records;
    size_t count = 0;
    std::string owner = encoded(asked.name);
    if (!answer.alias.empty()) {
      records += record(owner, 5, encoded(answer.alias));
      owner = encoded(answer.alias);
      count++;
    }
    for (const policy::IpAddress& address : answer.addresses) {
      if (address.is_v6 != asked.wants_ipv6 || answer.is_truncated) continue;
      records += record(owner, asked.wants_ipv6 ? 28 : 1, {reinterpret_cast<const char*>(address.bytes.data()), address.is_v6 ? size_t{16} : size_t{4}});
      count++;
    }
    std::string reply = question.substr(0, 2);
    reply += {static_cast<char>(0x81 | (answer.is_truncated ? 2 : 0)), static_cast<char>(0x80 | answer.code)};
    reply += number(1) + number(count) + std::string(4, '\0');
    reply += question.substr(12, end - 12) + records;
    return reply;
  }

  Answering answer_;
  Descriptor stop_;
  Descriptor udp_;
  Descriptor tcp_;
  uint16_t port_ = 0;
  bool is_listening_ = false;
  std::atomic<uint32_t> questions_ = 0;
  std::thread thread_;
};

}  // namespace tenon::wasi::sockets
