#include "wasi/random/generator.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>
#include <type_traits>

#include <sodium/core.h>
#include <sodium/crypto_generichash.h>
#include <sodium/crypto_stream_chacha20.h>
#include <sodium/utils.h>
#include <sys/mman.h>
#include <sys/random.h>

#include "base/check.h"

namespace tenon::wasi {

namespace {

static_assert(ChaChaStream::key_bytes == crypto_stream_chacha20_KEYBYTES);
static_assert(std::is_trivially_copyable_v<ChaChaStream>);

constexpr uint32_t seeded_bytes_max = 64 << 10;

/// Every key is used for one output, so the nonce need not change.
constexpr std::array<uint8_t, crypto_stream_chacha20_NONCEBYTES> nonce = {};

void stream_into(std::span<uint8_t> to, const std::array<uint8_t, ChaChaStream::key_bytes>& key) {
  crypto_stream_chacha20(to.data(), to.size(), nonce.data(), key.data());
}

bool kernel_random(std::span<uint8_t> to) {
  while (!to.empty()) {
    const ssize_t got = getrandom(to.data(), to.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return false;
    to = to.subspan(static_cast<size_t>(got));
  }
  return true;
}

/// What one thread keeps, alone on a page that is zero in the child of a fork.
struct SecureState {
  bool is_seeded;
  ChaChaStream stream;
};

class SecureGenerator final {
 public:
  SecureGenerator() {
    // Chooses the fastest code for the processor; does nothing the second time.
    TENON_CHECK(sodium_init() >= 0, "libsodium does not start");
    void* const page = mmap(nullptr, sizeof(SecureState), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) return;
    if (madvise(page, sizeof(SecureState), MADV_WIPEONFORK) != 0) {
      munmap(page, sizeof(SecureState));
      return;
    }
    madvise(page, sizeof(SecureState), MADV_DONTDUMP);
    state_ = new (page) SecureState;
  }
  ~SecureGenerator() {
    if (state_ == nullptr) return;
    sodium_memzero(state_, sizeof(SecureState));
    munmap(state_, sizeof(SecureState));
  }
  SecureGenerator(const SecureGenerator&) = delete;
  SecureGenerator& operator=(const SecureGenerator&) = delete;

  bool fill(std::span<std::byte> to) {
    // A kernel without such pages: each call asks it.
    if (state_ == nullptr) return kernel_random({reinterpret_cast<uint8_t*>(to.data()), to.size()});
    if (!state_->is_seeded || state_->stream.since_seed >= seeded_bytes_max) [[unlikely]] {
      if (!seed()) return false;
    }
    state_->stream.fill(to);
    return true;
  }

 private:
  /// Mixes, so that neither a bad kernel nor a known state alone tells the new key.
  bool seed() {
    std::array<uint8_t, ChaChaStream::key_bytes> entropy;
    if (!kernel_random(entropy)) return false;
    ChaChaStream& stream = state_->stream;
    for (size_t i = 0; i < entropy.size(); i++) stream.key[i] ^= entropy[i];
    sodium_memzero(entropy.data(), entropy.size());
    stream.left = 0;
    stream.since_seed = 0;
    state_->is_seeded = true;
    return true;
  }

  SecureState* state_ = nullptr;
};

}  // namespace

void ChaChaStream::refill() {
  std::array<uint8_t, key_bytes + buffer_bytes> output;
  stream_into(output, key);
  std::memcpy(key.data(), output.data(), key_bytes);
  std::memcpy(buffer.data(), output.data() + key_bytes, buffer_bytes);
  sodium_memzero(output.data(), output.size());
  left = buffer_bytes;
}

void ChaChaStream::fill(std::span<std::byte> to) {
  since_seed += static_cast<uint32_t>(std::min<size_t>(to.size(), seeded_bytes_max));
  if (to.size() > buffer_bytes) {
    // Too much for the buffer: a key of its own, straight into place.
    std::array<uint8_t, key_bytes> once;
    fill(std::as_writable_bytes(std::span(once)));
    stream_into({reinterpret_cast<uint8_t*>(to.data()), to.size()}, once);
    sodium_memzero(once.data(), once.size());
    return;
  }
  while (!to.empty()) {
    if (left == 0) refill();
    const size_t count = std::min<size_t>(to.size(), left);
    uint8_t* const from = buffer.data() + (buffer_bytes - left);
    std::memcpy(to.data(), from, count);
    std::memset(from, 0, count);
    left -= static_cast<uint32_t>(count);
    to = to.subspan(count);
  }
}

Result<> fill_secure(std::span<std::byte> to) {
  // One for each thread, not for each store: a page and a key cost more than most stores ever ask for, and threads must not share one.
  static thread_local SecureGenerator generator;
  if (generator.fill(to)) [[likely]]
    return {};
  return fail(ErrorKind::Unavailable, std::string("the system gives no random numbers: ") + std::strerror(errno));
}

ChaChaStream repeatable_stream(uint64_t seed, std::string_view purpose) {
  std::string text = "tenon repeatable random numbers, " + std::string(purpose) + ", seed ";
  text += std::to_string(seed);
  ChaChaStream stream{};
  crypto_generichash(stream.key.data(), stream.key.size(), reinterpret_cast<const unsigned char*>(text.data()), text.size(), nullptr, 0);
  return stream;
}

}  // namespace tenon::wasi
