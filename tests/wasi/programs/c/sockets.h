/* Sockets of a C library for WASI 0.2: what the headers of one for preview 1, which systems have, lack. */
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

typedef unsigned socklen_t;

struct addrinfo {
  int ai_flags, ai_family, ai_socktype, ai_protocol;
  socklen_t ai_addrlen;
  struct sockaddr* ai_addr;
  char* ai_canonname;
  struct addrinfo* ai_next;
};

#define SO_ERROR 4
#define SO_SNDBUF 7
#define SO_RCVBUF 8
#define SO_KEEPALIVE 9
#define SO_RCVTIMEO 66
#define IP_TTL 2
#define TCP_NODELAY 1
#define TCP_KEEPIDLE 4
#define TCP_KEEPINTVL 5
#define TCP_KEEPCNT 6

int socket(int domain, int type, int protocol);
int bind(int socket, const struct sockaddr* address, socklen_t size);
int connect(int socket, const struct sockaddr* address, socklen_t size);
int listen(int socket, int backlog);
int accept(int socket, struct sockaddr* address, socklen_t* size);
int shutdown(int socket, int how);
int getsockname(int socket, struct sockaddr* address, socklen_t* size);
int getpeername(int socket, struct sockaddr* address, socklen_t* size);
int getsockopt(int socket, int level, int name, void* value, socklen_t* size);
int setsockopt(int socket, int level, int name, const void* value, socklen_t size);
ssize_t send(int socket, const void* bytes, size_t size, int flags);
ssize_t recv(int socket, void* bytes, size_t size, int flags);
ssize_t sendto(int socket, const void* bytes, size_t size, int flags, const struct sockaddr* address, socklen_t address_size);
ssize_t recvfrom(int socket, void* bytes, size_t size, int flags, struct sockaddr* address, socklen_t* address_size);
int getaddrinfo(const char* name, const char* service, const struct addrinfo* hints, struct addrinfo** found);
void freeaddrinfo(struct addrinfo* found);
const char* gai_strerror(int code);
