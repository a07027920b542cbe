#include "wasi/http/connections.h"

#include <cstring>
#include <utility>

namespace tenon::wasi::http {

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

}  // namespace tenon::wasi::http
