#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "policy/guard.h"
#include "wasi/context.h"
#include "wasi/http/curl_library.h"

namespace tenon::wasi::http {

struct EasyDeleter {
  void operator()(CURL* easy) const { curl().easy_cleanup(easy); }
};
using Easy = std::unique_ptr<CURL, EasyDeleter>;

struct MultiDeleter {
  void operator()(CURLM* multi) const { curl().multi_cleanup(multi); }
};
using Multi = std::unique_ptr<CURLM, MultiDeleter>;

/// A list of libcurl's, whose texts are overwritten before they are freed: a secret may be among them. Adding needs the library.
class TextList final {
 public:
  TextList() = default;
  ~TextList();
  TextList(const TextList&) = delete;
  TextList& operator=(const TextList&) = delete;

  void add(const char* text);
  curl_slist* get() const { return list_; }
  /// The list is the caller's from now on.
  curl_slist* release();

 private:
  curl_slist* list_ = nullptr;
};

/// Whom connections may be shared among: `http::Pool` in tenon/wasi_config.h says why it is these.
struct Kinship {
  std::shared_ptr<const policy::Rules> rules;
  std::string ca_file;
  ResolverOptions resolver;
  /// A digest of the secrets' values and hosts, in their order, under a key of this process.
  std::array<unsigned char, 32> secrets{};

  static Kinship of(const Config& config, std::shared_ptr<const policy::Rules> rules);
  bool operator==(const Kinship&) const = default;
};

/// The open connections of a context, with the handles to use them. One thread at a time.
struct Connections {
  Multi multi;
  /// Reset, for the next transfers.
  std::vector<Easy> idle;
  Kinship kinship;
  /// Where they go when the context ends; null: nowhere. Not set in the pool.
  std::shared_ptr<Pool> pool;
  /// When they came into the pool.
  std::chrono::steady_clock::time_point given;

  static constexpr size_t idle_max = 8;
  /// Connections kept open.
  static constexpr long kept_max = 32;

  /// Null when the process has no descriptor left, or no libcurl.
  static std::unique_ptr<Connections> create();
  /// Null when there is no memory.
  Easy take_easy();
  void give_easy(Easy easy);
};

/// See tenon/wasi_config.h. Any thread.
class Pool final {
 public:
  explicit Pool(const PoolOptions& options);

  /// What a context of this kind left last; null when there is nothing.
  std::unique_ptr<Connections> take(const Kinship& kinship);
  void give(std::unique_ptr<Connections> connections);

 private:
  using Kept = std::vector<std::unique_ptr<Connections>>;
  /// Moves those that waited too long to `ended`, which closes them outside of the lock.
  void drop_idle(Kept& ended);

  const size_t contexts_max_;
  const std::chrono::milliseconds idle_time_;
  std::mutex mutex_;
  Kept kept_;  // oldest first
};

}  // namespace tenon::wasi::http
