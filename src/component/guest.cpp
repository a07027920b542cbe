#include "tenon/detail/guest.h"

namespace tenon::detail {

bool Guest::fail(ErrorKind kind, std::string message) { return fail(Error(kind, std::move(message))); }

bool Guest::fail(Error error) {
  // The first failure is the cause; what fails while leaving is not.
  if (!error_) error_.emplace(std::move(error));
  return false;
}

bool Guest::contains_now(uint64_t address, uint64_t size) {
  if (operations_->look == nullptr) return false;
  operations_->look(*this);
  return address <= memory_size_ && size <= memory_size_ - address;
}

bool Guest::fail_lift_limit() {
  return fail(ErrorKind::LimitExceeded, "too much data is being copied between the host and the guest: fuel allocated for hostcalls has been exhausted");
}

Error Guest::take_error() {
  if (!error_) return Error(ErrorKind::Trap, "unknown failure");
  Error error = std::move(*error_);
  error_.reset();
  return error;
}

bool check_area(Guest& guest, uint64_t address, uint64_t size, uint32_t alignment) {
  if (address % alignment != 0) return guest.trap("pointer not aligned");
  if (size >= CanonicalLayout::oversized || !guest.contains(address, size)) return guest.trap("pointer out of bounds of memory");
  return true;
}

bool check_list(Guest& guest, uint64_t address, uint64_t length, uint64_t size, uint32_t alignment, uint64_t host_size) {
  uint64_t bytes = 0;
  if (size >= CanonicalLayout::oversized || __builtin_mul_overflow(length, size, &bytes) || !guest.contains(address, bytes))
    return guest.trap("list pointer/length out of bounds of memory");
  if (address % alignment != 0) return guest.trap("list pointer is not aligned");
  return guest.spend(length, host_size);
}

bool allocate_list(Guest& guest, uint64_t length, uint64_t size, uint32_t alignment, uint64_t& address) {
  uint64_t bytes = 0;
  if (size >= CanonicalLayout::oversized || __builtin_mul_overflow(length, size, &bytes))
    return guest.fail(ErrorKind::LimitExceeded, "size overflow copying a list");
  return guest.realloc(0, 0, alignment, bytes, address);
}

}  // namespace tenon::detail
