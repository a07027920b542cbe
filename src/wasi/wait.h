#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

#include <poll.h>

#include "wasi/resource.h"

namespace tenon::wasi {

class Context;

/// What a wait ends with: descriptors that become ready, or a moment.
class WaitSet final {
 public:
  using Moment = std::chrono::steady_clock::time_point;

  /// `events` as for poll(2): POLLIN, POLLOUT.
  void add_descriptor(int descriptor, short events) { descriptors_.push_back({descriptor, events, 0}); }
  void add_moment(Moment moment) {
    if (!moment_ || moment < *moment_) moment_ = moment;
  }
  /// An instant of a clock that repeats; `Clock::add_to` knows when.
  void add_virtual_instant(uint64_t instant) {
    if (!virtual_instant_ || instant < *virtual_instant_) virtual_instant_ = instant;
  }

 private:
  friend class Context;
  /// Leaves each descriptor once: poll(2) takes no more of them than the process may have open.
  void merge_descriptors();

  std::vector<pollfd> descriptors_;
  std::optional<Moment> moment_;
  std::optional<uint64_t> virtual_instant_;
};

/// Something that becomes ready: the `pollable` of wasi:io/poll. Every operation that can wait is a form that does not wait and one of these.
class Pollable : public Resource {
 public:
  /// Whether the operation behind it would go on now. Never waits.
  virtual bool is_ready(Context& context) = 0;
  /// What to wait for before asking again. Called only when it is not ready.
  virtual void prepare(Context& context, WaitSet& set) = 0;
};

/// Work that goes on while its guest waits for something else: bytes that a stream took and could not send yet. The thread of the store.
class Background {
 public:
  Background() = default;
  virtual ~Background() = default;
  Background(const Background&) = delete;
  Background& operator=(const Background&) = delete;

  /// Goes on without waiting. Whether something is left to do.
  virtual bool advance() = 0;
  /// What to wait for before the next `advance`.
  virtual void prepare(WaitSet& set) = 0;
};

}  // namespace tenon::wasi
