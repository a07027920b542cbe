#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "tenon/result.h"

namespace tenon::wasi {

/// A stream of random bytes: ChaCha20, whose key is replaced by its own output with every refill, and whose output is erased as it is handed out, so that what
/// a generator holds tells nothing of what it gave before ("fast key erasure"). Trivial, because one may lie in a page that the kernel wipes at a fork.
struct ChaChaStream {
  static constexpr size_t key_bytes = 32;
  static constexpr size_t buffer_bytes = 2048;

  std::array<uint8_t, key_bytes> key;
  /// What is left of the buffer: its end.
  uint32_t left;
  /// Bytes since the key was last mixed with entropy.
  uint32_t since_seed;
  std::array<uint8_t, buffer_bytes> buffer;

  /// Fills `to`. Needs a key.
  void fill(std::span<std::byte> to);

 private:
  void refill();
};

/// Random bytes nobody can guess, from a generator of this thread that is keyed from the kernel, mixed with more of it every 64 KiB, and made anew in the child
/// after a fork. Any thread. Error: `Unavailable` when the kernel gives no random numbers.
Result<> fill_secure(std::span<std::byte> to);

/// The generator that gives the same bytes for the same `seed` and `purpose`, in every version of the program.
ChaChaStream repeatable_stream(uint64_t seed, std::string_view purpose);

}  // namespace tenon::wasi
