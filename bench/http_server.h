#pragma once

namespace tenon::bench {

/// `tenon_bench_wasi serve`: answers each request to 127.0.0.1 with the same 128 bytes, a thread for each connection, until standard input ends. The first line
/// that it prints is its address. Returns the exit code.
int serve_http();

}  // namespace tenon::bench
