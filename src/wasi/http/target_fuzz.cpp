#include "wasi/http/target.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <curl/curl.h>

#include "policy/address.h"

namespace {

using namespace tenon::wasi::http;

/// The text up to the next line break, which it takes off.
std::string_view take_line(std::string_view& text) {
  const size_t end = std::min(text.find('\n'), text.size());
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return line;
}

std::optional<Scheme> scheme_of(std::string_view text) {
  if (text.empty()) return std::nullopt;
  if (text == "http") return scheme_http();
  if (text == "https") return scheme_https();
  return Scheme{.value = Scheme::Value(std::in_place_index<2>, text)};
}

std::string part_of(CURLU* url, CURLUPart part) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, CURLU_DEFAULT_PORT) != CURLUE_OK) return "";
  std::string made(text);
  curl_free(text);
  return made;
}

/// Whether libcurl goes where the policy was asked about, or nowhere.
bool is_read_alike(const Target& target) {
  const std::unique_ptr<CURLU, decltype(&curl_url_cleanup)> url(curl_url(), &curl_url_cleanup);
  if (curl_url_set(url.get(), CURLUPART_URL, target.url().c_str(), CURLU_PATH_AS_IS | CURLU_DISALLOW_USER) != CURLUE_OK) return true;
  std::string host = part_of(url.get(), CURLUPART_HOST);
  if (host.starts_with('[')) host = host.substr(1, host.size() - 2);
  const bool is_same_host = target.address ? tenon::policy::parse_address(host) == target.address : host == target.host;
  const std::string query = part_of(url.get(), CURLUPART_QUERY);
  const bool is_same_query = query.empty() ? target.query.size() <= 1 : target.query == "?" + query;
  return is_same_host && is_same_query && part_of(url.get(), CURLUPART_PORT) == std::to_string(target.port) &&
         part_of(url.get(), CURLUPART_PATH) == target.path && part_of(url.get(), CURLUPART_SCHEME) == target.scheme();
}

}  // namespace

/// Lines: method, scheme, authority, path with query. A target's parts make the same target again, and libcurl reads its URL as the policy was told.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  const Method method = method_of(take_line(text));
  const std::optional<Scheme> scheme = scheme_of(take_line(text));
  const std::string_view authority = take_line(text);
  const auto target = make_target(method, scheme, authority, text);
  if (!target) return 0;
  const std::string path = target->is_whole_server ? "*" : target->path + target->query;
  const auto again = make_target(method_of(target->method), target->is_tls ? scheme_https() : scheme_http(), target->authority(), path);
  // Only the slash in front of a bare query makes it longer than it was given.
  if (!again) return path.size() > path_with_query_bytes_max ? 0 : (std::abort(), 0);
  if (again->host != target->host || again->address != target->address || again->port != target->port || again->path != target->path ||
      again->query != target->query || again->method != target->method || again->url() != target->url())
    std::abort();
  if (!is_read_alike(*target)) std::abort();
  return 0;
}
