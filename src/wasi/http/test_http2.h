#pragma once

#include <gtest/gtest.h>

#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <string>

#include "wasi/http/test_server.h"

namespace tenon::wasi::http {

/// For tests: a server of HTTP/2 alone, Node's, in a process of its own that ends with this. It echoes bodies, and tells in `x-seen` what it was asked; some
/// paths do what their names say.
class Http2Server {
 public:
  explicit Http2Server(const TestCertificate& certificate) {
    int ends[2];
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    socket_ = ends[0];
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    std::string words[] = {"node", "-e", script, certificate.file(), certificate.key_file()};
    char* arguments[] = {words[0].data(), words[1].data(), words[2].data(), words[3].data(), words[4].data(), nullptr};
    if (posix_spawnp(&process_, "node", &actions, nullptr, arguments, environ) != 0) process_ = -1;
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    char text[16] = {};
    if (process_ > 0 && read(socket_, text, sizeof text - 1) > 0) port_ = static_cast<uint16_t>(std::atoi(text));
  }
  ~Http2Server() {
    close(socket_);
    if (process_ > 0) waitpid(process_, nullptr, 0);
  }
  Http2Server(const Http2Server&) = delete;
  Http2Server& operator=(const Http2Server&) = delete;

  bool is_running() const { return port_ != 0; }
  std::string authority() const { return "127.0.0.1:" + std::to_string(port_); }

 private:
  static constexpr const char* script = R"(
    const http2 = require('http2'), fs = require('fs');
    const server = http2.createSecureServer({cert: fs.readFileSync(process.argv[1]), key: fs.readFileSync(process.argv[2]),
                                             maxSendHeaderBlockLength: 1 << 20});
    let sessions = 0;
    server.on('session', (session) => { sessions++; session.on('error', () => {}); });
    server.on('sessionError', () => {});
    server.on('stream', (stream, headers) => {
      stream.on('error', () => {});
      const {NGHTTP2_INTERNAL_ERROR, NGHTTP2_REFUSED_STREAM} = http2.constants;
      switch (headers[':path']) {
        case '/reset': return stream.close(NGHTTP2_INTERNAL_ERROR);
        case '/refused': return stream.close(NGHTTP2_REFUSED_STREAM);
        case '/gone': return stream.session.destroy();
        case '/never': return;
        case '/half':
          stream.respond({':status': 200, 'content-length': '10'});
          return stream.write('half', () => stream.close(NGHTTP2_INTERNAL_ERROR));
        case '/big':
          stream.respond({':status': 200});
          return stream.end(Buffer.alloc(8 << 20, 'x'));
        case '/trailers':
          stream.respond({':status': 200}, {waitForTrailers: true});
          stream.on('wantTrailers', () => stream.sendTrailers({sum: '2'}));
          return stream.end('hi');
        case '/huge':
          stream.respond({':status': 200, ...Object.fromEntries(Array.from({length: 150}, (_, i) => ['x-' + i, 'x'.repeat(1000)]))});
          return stream.end();
        case '/early': stream.additionalHeaders({':status': 103, link: '</x>'}); break;
        case '/stream':
          stream.respond({':status': 200});
          return stream.pipe(stream);
      }
      const pieces = [];
      stream.on('data', (piece) => pieces.push(piece));
      stream.on('end', () => {
        stream.respond({':status': 200, 'x-seen': JSON.stringify(headers), 'x-sessions': sessions});
        stream.end(Buffer.concat(pieces));
      });
    });
    server.listen(0, '127.0.0.1', () => process.stdout.write(String(server.address().port)));
    process.stdin.resume();
    process.stdin.on('end', () => process.exit());
    process.stdin.on('error', () => process.exit());
  )";

  int socket_ = -1;
  pid_t process_ = -1;
  uint16_t port_ = 0;
};

}  // namespace tenon::wasi::http
