#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "policy/access.h"
#include "wasi/context.h"
#include "wasi/random/generator.h"

namespace tenon::wasi {

/// Most bytes that one call of `get-random-bytes` gives.
inline constexpr uint64_t random_bytes_max = uint64_t{64} << 20;

/// The random numbers of one store: the machine's, or two streams that repeat. The thread of the store.
class Random final : public Part {
 public:
  enum class Quality : uint8_t { Secure, Insecure };

  explicit Random(Context& context);

  /// Errors: `Denied` without the grant; `Unavailable` when the machine gives none.
  Result<> fill(Quality quality, std::span<std::byte> to);

  using Seed = std::array<uint64_t, 2>;
  /// What `insecure-seed` gives: the same numbers with each call. Errors: those of `fill`.
  Result<Seed> insecure_seed();

 private:
  struct Source {
    policy::Access access;
    std::optional<bool> allowed;
    std::optional<ChaChaStream> repeatable;
  };

  Context& context_;
  Source sources_[2];
  std::optional<Seed> seed_;
};

}  // namespace tenon::wasi
