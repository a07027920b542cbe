#pragma once

#include <concepts>
#include <cstddef>
#include <expected>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "wasi/blocking_pool.h"
#include "wasi/context.h"
#include "wasi/filesystem/preopens.h"
#include "wasi/filesystem/types.h"

namespace tenon::wasi::filesystem {

/// What an operation comes to: an answer for the guest, or an error that ends it.
template <class T = void>
class [[nodiscard]] Answer : public Result<FileResult<T>> {
 public:
  using Whole = Result<FileResult<T>>;

  Answer() = default;
  template <class U>
    requires(!std::same_as<std::remove_cvref_t<U>, Answer> && std::constructible_from<Whole, U>)
  Answer(U&& outcome) : Whole(std::forward<U>(outcome)) {}  // NOLINT(google-explicit-constructor): what an operation returns
  Answer(std::unexpected<ErrorCode> code) : Whole(std::in_place, std::unexpect, code.error()) {}  // NOLINT(google-explicit-constructor): the same
};

namespace detail {

/// What a call that may outlive its caller keeps of an argument.
template <class T>
struct Kept {
  using Type = T;
  static T keep(const T& value) { return value; }
};
template <>
struct Kept<std::string_view> {
  using Type = std::string;
  static std::string keep(std::string_view text) { return std::string(text); }
};
template <>
struct Kept<std::span<const std::byte>> {
  using Type = std::vector<std::byte>;
  static std::vector<std::byte> keep(std::span<const std::byte> bytes) { return {bytes.begin(), bytes.end()}; }
};

}  // namespace detail

/// Starts `body(*file, arguments…)` on the pool with copies of what the arguments refer to. `body` holds no references.
template <class F, class... Args>
auto start_on_pool(const std::shared_ptr<const OpenFile>& file, F body, const Args&... arguments) {
  using Outcome = std::invoke_result_t<F, const OpenFile&, const Args&...>;
  return BlockingCall<Outcome>::start(BlockingPool::shared(), [file, body, kept = std::tuple(detail::Kept<Args>::keep(arguments)...)]() -> Outcome {
    return std::apply([&](const auto&... parts) { return body(*file, static_cast<const typename detail::Kept<Args>::Type&>(parts)...); }, kept);
  });
}

/// Answers `body(*file, arguments…)`: at once on this thread, or where the file's file system may hang on the pool, waiting until the deadline. Answers
/// `busy` when the pool takes no more.
template <class F, class... Args>
auto run_on(Context& context, const std::shared_ptr<const OpenFile>& file, F body, const Args&... arguments)
    -> Answer<typename std::invoke_result_t<F, const OpenFile&, const Args&...>::value_type> {
  if (!file->may_hang) [[likely]]
    return body(*file, arguments...);
  auto call = start_on_pool(file, std::move(body), arguments...);
  if (!call) return std::unexpected(ErrorCode::Busy);
  TENON_CHECK_OK(context.wait_for(*call));
  return call->take();
}

}  // namespace tenon::wasi::filesystem
