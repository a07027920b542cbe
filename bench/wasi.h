#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "guests.h"

namespace tenon::bench {

/// What the rows of WASI run.
struct WasiGuests {
  Guests guests;
  /// Commands that were compiled to WebAssembly: rust-hello.p2.wasm.
  std::filesystem::path programs;
  /// What programs see as /data (run.py fills it).
  std::filesystem::path work;
  /// Of the server that serve_http is.
  std::string url;
};

// The rows, by the file that has them; nothing when the name is another's.
std::optional<double> run_wasi(const WasiGuests& guests, std::string_view row);
std::optional<double> run_policy(const WasiGuests& guests, std::string_view row);

}  // namespace tenon::bench
