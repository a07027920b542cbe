#pragma once

#include <cstddef>
#include <memory>
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

/// The open connections of a context, with the handles to use them. One thread at a time.
struct Connections {
  Multi multi;
  /// Reset, for the next transfers.
  std::vector<Easy> idle;
  /// What they were opened under, for the pool; in the pool, which the config keeps, only `kept_for` is left of it.
  std::shared_ptr<const Config> config;
  std::weak_ptr<const Config> kept_for;
  std::shared_ptr<const policy::Rules> rules;

  static constexpr size_t idle_max = 8;
  /// Connections kept open.
  static constexpr long kept_max = 32;

  /// Null when the process has no descriptor left, or no libcurl.
  static std::unique_ptr<Connections> create();
  /// Null when there is no memory.
  Easy take_easy();
  void give_easy(Easy easy);
};

}  // namespace tenon::wasi::http
