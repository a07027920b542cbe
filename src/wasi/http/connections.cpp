#include "wasi/http/connections.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <string_view>
#include <utility>

#include <sodium.h>

#include "base/check.h"

namespace tenon::wasi::http {

namespace {

constexpr size_t contexts_limit = 1024;

/// Digests texts, each with its length before it, so that what stands in one cannot be taken for another.
class Digest final {
 public:
  Digest() {
    static const Key key = [] {
      TENON_CHECK(sodium_init() >= 0, "libsodium does not start");
      Key made;
      randombytes_buf(made.data(), made.size());
      return made;
    }();
    crypto_generichash_init(&state_, key.data(), key.size(), crypto_generichash_BYTES);
  }
  ~Digest() { sodium_memzero(&state_, sizeof state_); }
  Digest(const Digest&) = delete;
  Digest& operator=(const Digest&) = delete;

  void add(std::string_view text) {
    const uint64_t size = text.size();
    crypto_generichash_update(&state_, reinterpret_cast<const unsigned char*>(&size), sizeof size);
    crypto_generichash_update(&state_, reinterpret_cast<const unsigned char*>(text.data()), text.size());
  }
  std::array<unsigned char, crypto_generichash_BYTES> finish() {
    std::array<unsigned char, crypto_generichash_BYTES> made;
    crypto_generichash_final(&state_, made.data(), made.size());
    return made;
  }

 private:
  using Key = std::array<unsigned char, crypto_generichash_KEYBYTES>;
  crypto_generichash_state state_;
};

}  // namespace

Kinship Kinship::of(const Config& config, std::shared_ptr<const policy::Rules> rules) {
  Digest secrets;
  for (const Secret& secret : config.secrets) {
    secrets.add(secret.host);
    secrets.add(secret.value);
    secrets.add(secret.allow_plain ? "plain" : "");
  }
  return {.rules = std::move(rules), .ca_file = config.http.ca_file, .resolver = config.resolver, .secrets = secrets.finish()};
}

TextList::~TextList() {
  for (curl_slist* item = list_; item != nullptr; item = item->next) explicit_bzero(item->data, std::strlen(item->data));
  if (list_ != nullptr) curl().slist_free_all(list_);
}

void TextList::add(const char* text) {
  curl_slist* const longer = curl().slist_append(list_, text);
  // As everywhere, a process without memory ends.
  if (longer == nullptr) std::abort();
  list_ = longer;
}

curl_slist* TextList::release() { return std::exchange(list_, nullptr); }

std::unique_ptr<Connections> Connections::create() {
  if (find_curl() == nullptr) return nullptr;
  auto made = std::make_unique<Connections>();
  made->multi.reset(curl().multi_init());
  if (!made->multi) return nullptr;
  curl().multi_setopt(made->multi.get(), CURLMOPT_PIPELINING, static_cast<long>(CURLPIPE_NOTHING));
  curl().multi_setopt(made->multi.get(), CURLMOPT_MAXCONNECTS, kept_max);
  return made;
}

Easy Connections::take_easy() {
  if (idle.empty()) return Easy(curl().easy_init());
  Easy easy = std::move(idle.back());
  idle.pop_back();
  return easy;
}

void Connections::give_easy(Easy easy) {
  if (idle.size() == idle_max) return;
  // Callbacks and texts of the transfer end with it; connections and TLS sessions stay with the multi handle.
  curl().easy_reset(easy.get());
  idle.push_back(std::move(easy));
}

Pool::Pool(const PoolOptions& options) : contexts_max_(std::min(options.contexts_max, contexts_limit)), idle_time_(options.idle_time) {}

void Pool::drop_idle(Kept& ended) {
  const auto now = std::chrono::steady_clock::now();
  const auto young = std::ranges::find_if(kept_, [&](const auto& kept) { return now - kept->given <= idle_time_; });
  std::move(kept_.begin(), young, std::back_inserter(ended));
  kept_.erase(kept_.begin(), young);
}

std::unique_ptr<Connections> Pool::take(const Kinship& kinship) {
  Kept ended;
  const std::lock_guard lock(mutex_);
  drop_idle(ended);
  const auto found = std::find_if(kept_.rbegin(), kept_.rend(), [&](const auto& kept) { return kept->kinship == kinship; });
  if (found == kept_.rend()) return nullptr;
  std::unique_ptr<Connections> taken = std::move(*found);
  kept_.erase(std::next(found).base());
  return taken;
}

void Pool::give(std::unique_ptr<Connections> connections) {
  Kept ended;
  const std::lock_guard lock(mutex_);
  drop_idle(ended);
  if (contexts_max_ == 0) return ended.push_back(std::move(connections));
  if (kept_.size() >= contexts_max_) {
    ended.push_back(std::move(kept_.front()));
    kept_.erase(kept_.begin());
  }
  connections->given = std::chrono::steady_clock::now();
  kept_.push_back(std::move(connections));
}

std::shared_ptr<Pool> create_pool(const PoolOptions& options) { return std::make_shared<Pool>(options); }

}  // namespace tenon::wasi::http
