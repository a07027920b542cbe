// A host function that returns what may lie in the guest's memory, deep inside of its result.
// error: a host function returns no std::string_view or std::span
#include <optional>
#include <string>
#include <string_view>

#include "tenon/typed.h"

struct Reply {
#ifdef MISUSE
  std::optional<std::string_view> text;
#else
  std::optional<std::string> text;
#endif
};

template <>
struct tenon::RecordTraits<Reply> {
  static constexpr auto fields = std::make_tuple(field("text", &Reply::text));
};

tenon::Result<> define(tenon::LinkerInstance root) {
  return root.func("echo", [](std::string_view text) -> tenon::Result<Reply, uint8_t> { return Reply{decltype(Reply::text)(text)}; });
}
