#include "wasi/context.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <ctime>

#include <fmt/format.h>
#include <poll.h>

namespace tenon::wasi {

Context::Context(Store& store, policy::Guard& guard, std::shared_ptr<const Config> config)
    : store_(store), guard_(guard), config_(std::move(config)), clock_(config_->deterministic) {
  store_.set_data(this);
}

Context::~Context() {
  for (size_t left = resources_.size(); left != 0; left--) guard_.budget().close_handle();
  store_.set_data(nullptr);
}

Result<> Context::check_time() const {
  if (store_.is_interrupted()) return fail(ErrorKind::Timeout, "the call was cancelled");
  if (const auto deadline = store_.deadline(); deadline && std::chrono::steady_clock::now() >= *deadline)
    return fail(ErrorKind::Timeout, "the deadline passed");
  return {};
}

Result<> Context::enter() {
  if (store_.is_interrupted()) [[unlikely]]
    return fail(ErrorKind::Timeout, "the call was cancelled");
  return guard_.budget().charge_host_call();
}

Result<> Context::drop(uint32_t representation) {
  TENON_CHECK_OK(resources_.get<Resource>(representation).settle(*this));
  TENON_TRY(const std::unique_ptr<Resource> removed, resources_.remove(representation));
  guard_.budget().close_handle();
  return {};
}

Result<> Context::wait(WaitSet& set) {
  TENON_TRY(const int interrupt, store_.interrupt_descriptor());
  std::erase_if(background_, [](const std::shared_ptr<Background>& work) { return !work->advance(); });
  for (const std::shared_ptr<Background>& work : background_) work->prepare(set);
  set.merge_descriptors();
  set.add_descriptor(interrupt, POLLIN);
  const auto deadline = store_.deadline();
  while (true) {
    if (store_.is_interrupted()) return fail(ErrorKind::Timeout, "the call was cancelled while it waited");
    const auto now = std::chrono::steady_clock::now();
    if (deadline && now >= *deadline) return fail(ErrorKind::Timeout, "the deadline passed while the call waited");
    if (set.moment_ && now >= *set.moment_) return {};
    std::optional<std::chrono::nanoseconds> left;
    if (deadline) left = *deadline - now;
    if (set.moment_ && (!left || *set.moment_ - now < *left)) left = *set.moment_ - now;
    // The clock that repeats is at the end of the wait at once, unless something else is ready now.
    if (set.virtual_instant_) left = std::chrono::nanoseconds(0);
    timespec timeout{};
    if (left) timeout = {.tv_sec = left->count() / 1'000'000'000, .tv_nsec = left->count() % 1'000'000'000};
    const int ready = ppoll(set.descriptors_.data(), set.descriptors_.size(), left ? &timeout : nullptr, nullptr);
    if (ready < 0 && errno != EINTR) return fail(ErrorKind::Unavailable, fmt::format("cannot wait: {}", std::strerror(errno)));
    if (ready > 1 || (ready == 1 && set.descriptors_.back().revents == 0)) return {};
    if (ready == 0 && set.virtual_instant_) {
      clock_.advance_to(*set.virtual_instant_);
      return {};
    }
  }
}

std::span<std::byte> Context::scratch(size_t size) {
  if (scratch_size_ < size) {
    scratch_ = std::make_unique_for_overwrite<std::byte[]>(size);
    scratch_size_ = size;
  }
  return {scratch_.get(), size};
}

}  // namespace tenon::wasi
