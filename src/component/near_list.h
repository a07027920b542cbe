#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace tenon::component {

/// A list of fixed length that lies near by, in the same allocation: half the size of a span. Its owner has the room, begins and ends the elements.
///
/// Not movable, because it counts from where it lies itself. Elements consist of whole words.
template <class T>
class NearList {
 public:
  NearList() = default;
  NearList(const NearList&) = delete;
  NearList& operator=(const NearList&) = delete;

  /// Bytes that `count` elements need.
  static constexpr size_t bytes(size_t count) {
    static_assert(sizeof(T) % sizeof(uint64_t) == 0 && alignof(T) <= alignof(uint64_t));
    return count * sizeof(T);
  }

  /// Makes `count` elements at `at`, which lies behind the list, and returns where they end. The list was empty.
  std::byte* make(std::byte* at, size_t count) {
    words_ = static_cast<uint32_t>((at - reinterpret_cast<std::byte*>(this)) / static_cast<ptrdiff_t>(sizeof(uint64_t)));
    count_ = static_cast<uint32_t>(count);
    std::uninitialized_value_construct_n(data(), count);
    return at + bytes(count);
  }

  /// Ends the elements.
  void destroy() {
    std::destroy_n(data(), count_);
    count_ = 0;
  }

  T* data() const {
    // NOLINTNEXTLINE(performance-no-int-to-ptr): the elements lie behind the list, outside of the object that a pointer to it may walk
    return reinterpret_cast<T*>(reinterpret_cast<uintptr_t>(this) + uintptr_t{words_} * sizeof(uint64_t));
  }
  size_t size() const { return count_; }
  T& operator[](size_t index) const { return std::span<T>(data(), count_)[index]; }

 private:
  uint32_t words_ = 0;
  uint32_t count_ = 0;
};

}  // namespace tenon::component
