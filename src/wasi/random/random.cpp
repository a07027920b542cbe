#include "wasi/random/random.h"

#include <string>
#include <tuple>

#include <fmt/format.h>

#include "wasi/link.h"
#include "wasi/refusal.h"

namespace tenon::wasi {

namespace {

using Quality = Random::Quality;

/// A `list<u8>` of random numbers, made where it lies in the guest: as many as there are take no memory of the host's.
struct RandomBytes {
  Random* source = nullptr;
  Quality quality = Quality::Secure;
  uint64_t size = 0;
};

}  // namespace

}  // namespace tenon::wasi

namespace tenon::detail {

template <>
struct Codec<wasi::RandomBytes> : PointerPair<Codec<wasi::RandomBytes>, wasi::RandomBytes> {
  template <int W>
  static bool put(Guest& guest, TypeIndex, const wasi::RandomBytes& bytes, uint64_t& address, uint64_t& length) {
    length = bytes.size;
    if (!allocate_list(guest, length, 1, 1, address)) return false;
    auto filled = bytes.source->fill(bytes.quality, {reinterpret_cast<std::byte*>(guest.memory() + address), length});
    return filled || guest.fail(std::move(filled).error());
  }
  template <int W>
  static bool take(Guest&, TypeIndex, uint64_t, uint64_t, wasi::RandomBytes&) {
    return false;
  }
  static bool matches(Mismatch& mismatch, Type type) { return matches_list<uint8_t>(mismatch, type); }
};

}  // namespace tenon::detail

namespace tenon::wasi {

namespace {

Result<RandomBytes> random_bytes(Context& context, Quality quality, uint64_t size) {
  if (size > random_bytes_max) return fail(ErrorKind::LimitExceeded, fmt::format("{} random bytes at once, at most {} are given", size, random_bytes_max));
  return RandomBytes{&context.part<Random>(), quality, size};
}

template <class T>
Result<T> random_number(Context& context, Quality quality) {
  T number{};
  TENON_CHECK_OK(context.part<Random>().fill(quality, std::as_writable_bytes(std::span(&number, 1))));
  return number;
}

}  // namespace

Random::Random(Context& context)
    : context_(context), sources_{{policy::Access::RandomSecure, std::nullopt, std::nullopt}, {policy::Access::RandomInsecure, std::nullopt, std::nullopt}} {
  const auto& rule = context.config().deterministic;
  if (!rule) return;
  sources_[0].repeatable = repeatable_stream(rule->seed, "secure");
  sources_[1].repeatable = repeatable_stream(rule->seed, "insecure");
}

Result<> Random::fill(Quality quality, std::span<std::byte> to) {
  Source& source = sources_[static_cast<size_t>(quality)];
  if (!source.allowed) source.allowed = context_.guard().allow(source.access);
  if (!*source.allowed) [[unlikely]]
    return fail(ErrorKind::Denied, denial(context_.guard(), source.access));
  if (!source.repeatable) [[likely]]
    return fill_secure(to);
  source.repeatable->fill(to);
  return {};
}

Result<Random::Seed> Random::insecure_seed() {
  if (!seed_) {
    Seed drawn{};
    TENON_CHECK_OK(fill(Quality::Insecure, std::as_writable_bytes(std::span(drawn))));
    seed_ = drawn;
  }
  return *seed_;
}

Result<> add_random(Linker& linker) {
  TENON_TRY(LinkerInstance secure, open_interface(linker, "wasi:random/random"));
  TENON_CHECK_OK(define(secure, "get-random-bytes", [](Context& context, uint64_t size) { return random_bytes(context, Quality::Secure, size); }));
  TENON_CHECK_OK(define(secure, "get-random-u64", [](Context& context) { return random_number<uint64_t>(context, Quality::Secure); }));
  TENON_TRY(LinkerInstance insecure, open_interface(linker, "wasi:random/insecure"));
  TENON_CHECK_OK(define(insecure, "get-insecure-random-bytes", [](Context& context, uint64_t size) { return random_bytes(context, Quality::Insecure, size); }));
  TENON_CHECK_OK(define(insecure, "get-insecure-random-u64", [](Context& context) { return random_number<uint64_t>(context, Quality::Insecure); }));
  TENON_TRY(LinkerInstance seed, open_interface(linker, "wasi:random/insecure-seed"));
  return define(seed, "insecure-seed", [](Context& context) -> Result<std::tuple<uint64_t, uint64_t>> {
    TENON_TRY(const Random::Seed halves, context.part<Random>().insecure_seed());
    return std::tuple(halves[0], halves[1]);
  });
}

}  // namespace tenon::wasi
