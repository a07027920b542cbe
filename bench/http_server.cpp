#include "http_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <iostream>
#include <string>
#include <string_view>
#include <thread>

namespace tenon::bench {

namespace {

constexpr size_t body_bytes = 128;
constexpr size_t head_bytes_max = 16 << 10;

bool send_all(int connection, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = send(connection, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
  return true;
}

/// Requests have no body: an empty line ends each.
void answer(int connection) {
  const int on = 1;
  setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  const std::string response =
      "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: " + std::to_string(body_bytes) + "\r\n\r\n" + std::string(body_bytes, 'x');
  std::string pending;
  std::array<char, 4096> piece{};
  for (;;) {
    const ssize_t size = recv(connection, piece.data(), piece.size(), 0);
    if (size <= 0) break;
    pending.append(piece.data(), static_cast<size_t>(size));
    bool is_open = true;
    for (size_t end = pending.find("\r\n\r\n"); is_open && end != std::string::npos; end = pending.find("\r\n\r\n")) {
      pending.erase(0, end + 4);
      is_open = send_all(connection, response);
    }
    if (!is_open || pending.size() > head_bytes_max) break;
  }
  close(connection);
}

}  // namespace

int serve_http() {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (listener < 0 || bind(listener, generic, size) != 0 || listen(listener, 64) != 0 || getsockname(listener, generic, &size) != 0) {
    std::cerr << "the server of wasi.http has no port\n";
    return 1;
  }
  std::cout << "http://127.0.0.1:" << ntohs(address.sin_port) << "/" << std::endl;
  std::thread([listener] {
    for (;;) {
      const int connection = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
      if (connection >= 0) std::thread(answer, connection).detach();
    }
  }).detach();
  std::string line;
  while (std::getline(std::cin, line)) {
  }
  _exit(0);  // connections may still be open
}

}  // namespace tenon::bench
