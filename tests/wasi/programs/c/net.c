/* net WORD …: sockets over the C library's WASI 0.2. Addresses are IPv4 with a port. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sockets.h"

static int fail(const char* what) {
  printf("%s: %s\n", what, strerror(errno));
  return 1;
}

static struct sockaddr_in parse(const char* text) {
  struct sockaddr_in result = {.sin_family = AF_INET};
  char host[64] = {0};
  const char* colon = strrchr(text, ':');
  if (colon == NULL || (size_t)(colon - text) >= sizeof host) {
    fputs("net: an address is HOST:PORT\n", stderr);
    exit(2);
  }
  memcpy(host, text, (size_t)(colon - text));
  if (inet_pton(AF_INET, host, &result.sin_addr) != 1) {
    fprintf(stderr, "net: %s is no address\n", host);
    exit(2);
  }
  result.sin_port = htons((unsigned short)atoi(colon + 1));
  return result;
}

static void print_address(const struct sockaddr_in* address) {
  char host[64];
  printf("%s:%d\n", inet_ntop(AF_INET, &address->sin_addr, host, sizeof host), ntohs(address->sin_port));
  fflush(stdout);
}

static const struct sockaddr* any(const struct sockaddr_in* address) { return (const struct sockaddr*)address; }

static int send_all(int to, const char* bytes, size_t size) {
  for (size_t sent = 0; sent < size;) {
    const ssize_t part = send(to, bytes + sent, size - sent, 0);
    if (part < 0) return -1;
    sent += (size_t)part;
  }
  return 0;
}

/* Sends the text so many times, reads until the peer ends, and prints how much came and the last line of it. */
static int tcp_client(const char* text, const char* line, int times) {
  const struct sockaddr_in address = parse(text);
  const int peer = socket(AF_INET, SOCK_STREAM, 0);
  if (peer < 0) return fail("socket");
  if (connect(peer, any(&address), sizeof address) != 0) return fail("connect");
  for (int i = 0; i < times; i++) {
    if (send_all(peer, line, strlen(line)) != 0) return fail("send");
  }
  if (shutdown(peer, SHUT_WR) != 0) return fail("shutdown");
  char piece[4096], last[64] = {0};
  size_t total = 0;
  ssize_t size;
  while ((size = recv(peer, piece, sizeof piece, 0)) > 0) {
    total += (size_t)size;
    for (ssize_t i = 0; i < size; i++) {
      memmove(last, last + 1, sizeof last - 2);
      last[sizeof last - 2] = piece[i];
    }
  }
  if (size < 0) return fail("recv");
  const char* shown = last;
  while (shown < last + sizeof last - 1 && *shown == 0) shown++;
  printf("%zu bytes, last %s\n", total, times == 1 ? shown : "many");
  return close(peer) == 0 ? 0 : fail("close");
}

/* Answers connections, one after the other, until so many have ended. */
static int tcp_server(const char* text, int count) {
  struct sockaddr_in address = parse(text);
  socklen_t size = sizeof address;
  const int listener = socket(AF_INET, SOCK_STREAM, 0);
  if (listener < 0) return fail("socket");
  if (bind(listener, any(&address), sizeof address) != 0) return fail("bind");
  if (listen(listener, 8) != 0) return fail("listen");
  if (getsockname(listener, (struct sockaddr*)&address, &size) != 0) return fail("getsockname");
  print_address(&address);
  for (int i = 0; i < count; i++) {
    struct sockaddr_in from;
    socklen_t from_size = sizeof from;
    const int peer = accept(listener, (struct sockaddr*)&from, &from_size);
    if (peer < 0) return fail("accept");
    char piece[4096];
    ssize_t part;
    while ((part = recv(peer, piece, sizeof piece, 0)) > 0) {
      if (send_all(peer, piece, (size_t)part) != 0) return fail("send");
    }
    if (part < 0) return fail("recv");
    close(peer);
    printf("answered %d\n", i + 1);
  }
  return 0;
}

static int udp_client(const char* text, const char* line, int connected) {
  const struct sockaddr_in address = parse(text);
  const int own = socket(AF_INET, SOCK_DGRAM, 0);
  if (own < 0) return fail("socket");
  // The library answers 1 when this has worked.
  if (connected && connect(own, any(&address), sizeof address) < 0) return fail("connect");
  const ssize_t sent = connected ? send(own, line, strlen(line), 0) : sendto(own, line, strlen(line), 0, any(&address), sizeof address);
  if (sent < 0) return fail("send");
  char answer[2000] = {0};
  struct sockaddr_in from;
  socklen_t from_size = sizeof from;
  const ssize_t size = recvfrom(own, answer, sizeof answer - 1, 0, (struct sockaddr*)&from, &from_size);
  if (size < 0) return fail("recvfrom");
  printf("sent %zd, received %zd: %s\n", sent, size, answer);
  return from.sin_port == address.sin_port ? 0 : 1;
}

static int udp_server(const char* text, int count) {
  struct sockaddr_in address = parse(text);
  socklen_t size = sizeof address;
  const int own = socket(AF_INET, SOCK_DGRAM, 0);
  if (own < 0) return fail("socket");
  if (bind(own, any(&address), sizeof address) != 0) return fail("bind");
  if (getsockname(own, (struct sockaddr*)&address, &size) != 0) return fail("getsockname");
  print_address(&address);
  for (int i = 0; i < count; i++) {
    char piece[2000];
    struct sockaddr_in from;
    socklen_t from_size = sizeof from;
    const ssize_t part = recvfrom(own, piece, sizeof piece, 0, (struct sockaddr*)&from, &from_size);
    if (part < 0) return fail("recvfrom");
    if (sendto(own, piece, (size_t)part, 0, (struct sockaddr*)&from, from_size) != part) return fail("sendto");
  }
  return 0;
}

static int resolve(const char* name) {
  const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
  struct addrinfo* found = NULL;
  const int code = getaddrinfo(name, NULL, &hints, &found);
  if (code != 0) {
    printf("getaddrinfo: %s\n", gai_strerror(code));
    return 1;
  }
  for (const struct addrinfo* at = found; at != NULL; at = at->ai_next) {
    char host[64];
    const void* address = at->ai_family == AF_INET ? (const void*)&((const struct sockaddr_in*)at->ai_addr)->sin_addr
                                                   : (const void*)&((const struct sockaddr_in6*)at->ai_addr)->sin6_addr;
    puts(inet_ntop(at->ai_family, address, host, sizeof host));
  }
  freeaddrinfo(found);
  return 0;
}

/* What poll says of a connection before and after an answer came, and of a socket that does not wait. */
static int poll_client(const char* text) {
  const struct sockaddr_in address = parse(text);
  const int peer = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  if (peer < 0) return fail("socket");
  if (connect(peer, any(&address), sizeof address) != 0 && errno != EINPROGRESS) return fail("connect");
  struct pollfd wait = {.fd = peer, .events = POLLOUT};
  printf("connected: %d\n", poll(&wait, 1, 5000));
  int error = -1;
  socklen_t size = sizeof error;
  if (getsockopt(peer, SOL_SOCKET, SO_ERROR, &error, &size) != 0) return fail("getsockopt");
  printf("error: %d\n", error);
  char piece[100];
  printf("early: %zd, again %d\n", recv(peer, piece, sizeof piece, 0), errno == EAGAIN || errno == EWOULDBLOCK);
  wait.events = POLLIN;
  printf("nothing yet: %d\n", poll(&wait, 1, 50));
  if (send_all(peer, "hello", 5) != 0) return fail("send");
  printf("answered: %d\n", poll(&wait, 1, 5000));
  printf("received: %zd\n", recv(peer, piece, sizeof piece, 0));
  return 0;
}

static int option(int of, int level, int name, int value, const char* shown) {
  int have = -1;
  socklen_t size = sizeof have;
  const int set = setsockopt(of, level, name, &value, sizeof value) == 0 ? 0 : errno;
  const int got = getsockopt(of, level, name, &have, &size) == 0 ? 0 : errno;
  if (name == SO_SNDBUF || name == SO_RCVBUF) have = have >= value;
  return printf("%s %d: %s, %s, %d\n", shown, value, set == 0 ? "set" : strerror(set), got == 0 ? "got" : strerror(got), have);
}

static int options(void) {
  const int own = socket(AF_INET, SOCK_STREAM, 0);
  if (own < 0) return fail("socket");
  option(own, SOL_SOCKET, SO_KEEPALIVE, 1, "keep alive");
  option(own, SOL_SOCKET, SO_SNDBUF, 40000, "send buffer");
  option(own, SOL_SOCKET, SO_RCVBUF, 40000, "receive buffer");
  option(own, IPPROTO_IP, IP_TTL, 42, "hops");
  option(own, IPPROTO_IP, IP_TTL, 0, "hops");
  option(own, IPPROTO_TCP, TCP_NODELAY, 1, "no delay");
  option(own, IPPROTO_TCP, TCP_KEEPIDLE, 77, "idle");
  option(own, IPPROTO_TCP, TCP_KEEPINTVL, 5, "interval");
  option(own, IPPROTO_TCP, TCP_KEEPCNT, 3, "count");
  return 0;
}

int main(int argc, char** argv) {
  const char* word = argc > 1 ? argv[1] : "";
  if (strcmp(word, "tcp-client") == 0 && argc > 3) return tcp_client(argv[2], argv[3], argc > 4 ? atoi(argv[4]) : 1);
  if (strcmp(word, "tcp-server") == 0 && argc > 3) return tcp_server(argv[2], atoi(argv[3]));
  if (strcmp(word, "udp-client") == 0 && argc > 3) return udp_client(argv[2], argv[3], 0);
  if (strcmp(word, "udp-connected") == 0 && argc > 3) return udp_client(argv[2], argv[3], 1);
  if (strcmp(word, "udp-server") == 0 && argc > 3) return udp_server(argv[2], atoi(argv[3]));
  if (strcmp(word, "poll") == 0 && argc > 2) return poll_client(argv[2]);
  if (strcmp(word, "resolve") == 0 && argc > 2) return resolve(argv[2]);
  if (strcmp(word, "options") == 0) return options();
  fprintf(stderr, "net: unknown word %s\n", word);
  return 2;
}
