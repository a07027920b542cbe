#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tenon/detail/guest.h"

namespace tenon::component {

/// A guest made of a byte vector, for tests and fuzzers of lift and lower. Its realloc hands out room from the front and moves the memory each time, so
/// that a kept pointer is noticed; it can be told to misbehave. Handles are their indexes.
class FakeGuest {
 public:
  enum class Fault : uint8_t { None, Trap };

  struct Options {
    detail::TextEncoding encoding = detail::TextEncoding::Utf8;
    bool is_64 = false;
    uint64_t memory_bytes = 1 << 16;
    uint64_t lift_bytes = detail::lift_bytes_max_default;
  };

  FakeGuest(const TypeTable& types, Options options)
      : bytes_(std::make_unique<std::vector<uint8_t>>(options.memory_bytes)),
        guest_{{operations, types, options.encoding, options.is_64, options.lift_bytes}, this} {
    guest_.guest.set_memory(bytes_->data(), bytes_->size());
  }

  detail::Guest& guest() { return guest_.guest; }
  std::vector<uint8_t>& bytes() { return *bytes_; }
  void set_fault(Fault fault) { fault_ = fault; }
  /// Where the next allocation starts looking.
  void set_next(uint64_t next) { next_ = next; }
  int reallocs() const { return reallocs_; }

 private:
  /// The guest first, so that an operation finds its owner behind it.
  struct Owned {
    detail::Guest guest;
    FakeGuest* owner;
  };

  static FakeGuest& self(detail::Guest& guest) { return *reinterpret_cast<Owned&>(guest).owner; }

  static bool realloc(detail::Guest& guest, uint64_t old_address, uint64_t old_size, uint32_t alignment, uint64_t new_size, uint64_t& address) {
    FakeGuest& me = self(guest);
    ++me.reallocs_;
    if (me.fault_ == Fault::Trap) return guest.trap("realloc trapped");
    const uint64_t start = (me.next_ + alignment - 1) / alignment * alignment;
    if (start > me.bytes_->size() || new_size > me.bytes_->size() - start) return guest.trap("realloc return: beyond end of memory");
    auto moved = std::make_unique<std::vector<uint8_t>>(*me.bytes_);
    std::copy_n(me.bytes_->begin() + static_cast<ptrdiff_t>(old_address), std::min(old_size, new_size), moved->begin() + static_cast<ptrdiff_t>(start));
    me.bytes_ = std::move(moved);
    guest.set_memory(me.bytes_->data(), me.bytes_->size());
    me.next_ = start + new_size;
    address = start;
    return true;
  }
  static bool lift_handle(detail::Guest&, const TypeNode& type, uint32_t index, ResourceAny& resource) {
    resource = {.state = std::make_shared<uint32_t>(index), .owned = type.kind == TypeKind::Own};
    return true;
  }
  static bool lower_handle(detail::Guest&, const TypeNode&, const ResourceAny& resource, uint32_t& index) {
    index = *static_cast<const uint32_t*>(resource.state.get());
    return true;
  }
  static bool same(detail::Guest&, const TypeNode&, uint32_t from, uint32_t& to) {
    to = from;
    return true;
  }

  static constexpr detail::GuestOperations operations{&realloc, &lift_handle, &lower_handle, &same, &same};

  std::unique_ptr<std::vector<uint8_t>> bytes_;
  Owned guest_;
  uint64_t next_ = 8;
  int reallocs_ = 0;
  Fault fault_ = Fault::None;
};

}  // namespace tenon::component
