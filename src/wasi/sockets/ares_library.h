#pragma once

#include <ares.h>

namespace tenon::wasi::sockets {

/// What of c-ares is used: ares_destroy, …
// clang-format off
#define TENON_ARES_FUNCTIONS(F) \
  F(destroy) F(freeaddrinfo) F(getaddrinfo) F(getsock) F(init_options) F(library_init) F(process_fd) \
  F(set_servers_ports_csv) F(set_socket_functions) F(timeout)
// clang-format on

/// c-ares, loaded for the first look-up: a program that looks up no name does not wait for it.
struct AresLibrary {
// NOLINTNEXTLINE(bugprone-macro-parentheses): a member's name
#define TENON_ARES_FUNCTION(name) decltype(&::ares_##name) name = nullptr;
  TENON_ARES_FUNCTIONS(TENON_ARES_FUNCTION)
#undef TENON_ARES_FUNCTION
};

/// Null when the library is not there or does not start; stays as it is. Any thread.
const AresLibrary* find_ares();

/// For who has a channel: the library's functions, `ares().timeout(…)`.
const AresLibrary& ares();

}  // namespace tenon::wasi::sockets
