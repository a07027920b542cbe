#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "tenon/result.h"
#include "tenon/types.h"
#include "tenon/value.h"

/// The ground that lifting and lowering stand on, dynamic (src/component/lift, lower) and typed (tenon/typed.h) alike. Not for embedders: it
/// changes without notice.
///
/// Failures here are a `bool`, and the error is kept in the `Guest`: a lift runs through dozens of steps for one call, and a `Result` for each would cost
/// more than the step.
namespace tenon::detail {

/// A core value in the array that a core function is called with: 16 bytes, little endian, as the engine has it.
///
/// Has no initial value, because a call has room for sixteen and rarely needs them.
struct RawValue {
  uint64_t bits;
  uint64_t high;

  uint32_t u32() const { return static_cast<uint32_t>(bits); }
  uint64_t u64() const { return bits; }
  static RawValue of(uint64_t value) { return {value, 0}; }
};

/// Most core values that a function takes as parameters; more go through memory (`CanonicalABI.md`, `MAX_FLAT_PARAMS`).
inline constexpr size_t flat_params_max = 16;
/// Most core values that a function returns (`MAX_FLAT_RESULTS`).
inline constexpr size_t flat_results_max = 1;
/// Default of `ComponentLimits::lift_bytes`.
inline constexpr uint64_t lift_bytes_max_default = uint64_t{128} << 20;
/// Longest text that is copied into a guest, in bytes of its encoding there.
inline constexpr uint64_t string_bytes_max = (uint64_t{1} << 31) - 1;

/// utf8, utf16 and latin1+utf16, with the numbers of a plan's `StringEncoding`.
enum class TextEncoding : uint8_t { Utf8, Utf16, CompactUtf16 };

class Guest;

/// What differs between a live guest and a test's: calls into it, and its handles. `false` means that `guest` holds the error.
struct GuestOperations {
  /// Calls the guest's realloc, checks what it returned, and looks at the memory again (it may have moved or grown).
  bool (*realloc)(Guest& guest, uint64_t old_address, uint64_t old_size, uint32_t alignment, uint64_t new_size, uint64_t& address);
  /// Handles (`CanonicalABI.md`, `lift_own`, `lift_borrow`, `lower_own`, `lower_borrow`). `type` is an own or borrow node.
  bool (*lift_handle)(Guest& guest, const TypeNode& type, uint32_t index, ResourceAny& resource);
  bool (*lower_handle)(Guest& guest, const TypeNode& type, const ResourceAny& resource, uint32_t& index);
  /// The same for a resource that the host defines and whose representation it wants at once, without a `ResourceAny`.
  bool (*lift_representation)(Guest& guest, const TypeNode& type, uint32_t index, uint32_t& representation);
  bool (*lower_representation)(Guest& guest, const TypeNode& type, uint32_t representation, uint32_t& index);
  /// Looks at the memory again: it may be larger than when it was looked at last. Null when it never is.
  void (*look)(Guest& guest) = nullptr;
};

/// A guest during one lifting or lowering: its memory through one set of canonical options, its handles, and the error if there was one.
///
/// Lives on the stack of the call. `memory()` is valid until the next call into the guest, which only `realloc` makes.
class Guest {
 public:
  Guest(const GuestOperations& operations, const TypeTable& types, TextEncoding encoding, bool is_64, uint64_t lift_bytes)
      : operations_(&operations), types_(&types), lift_bytes_(lift_bytes), encoding_(encoding), is_64_(is_64) {}
  Guest(const Guest&) = delete;
  Guest& operator=(const Guest&) = delete;

  const TypeTable& types() const { return *types_; }
  const TypeNode& node(TypeIndex type) const { return types_->node(type); }
  TextEncoding encoding() const { return encoding_; }
  /// Whether pointers and lengths are 64 bits wide.
  bool is_64() const { return is_64_; }

  uint8_t* memory() const { return memory_; }
  uint64_t memory_size() const { return memory_size_; }
  void set_memory(uint8_t* memory, uint64_t size) {
    memory_ = memory;
    memory_size_ = size;
  }
  /// Whether `size` bytes at `address` lie in the memory.
  bool contains(uint64_t address, uint64_t size) {
    if (address <= memory_size_ && size <= memory_size_ - address) [[likely]]
      return true;
    return contains_now(address, size);
  }

  /// Layout for this guest's pointer width.
  uint32_t size_of(const TypeNode& type) const { return is_64_ ? type.layout.size64 : type.layout.size32; }
  uint32_t alignment_of(const TypeNode& type) const { return is_64_ ? type.layout.align64 : type.layout.align32; }
  uint32_t offset_of(const TypeField& field) const { return is_64_ ? field.offset64 : field.offset32; }
  uint32_t payload_offset_of(const TypeNode& type) const { return is_64_ ? type.layout.payload_offset64 : type.layout.payload_offset32; }
  uint32_t pointer_size() const { return is_64_ ? 8 : 4; }
  uint64_t utf16_tag() const { return is_64_ ? uint64_t{1} << 63 : uint64_t{1} << 31; }

  /// Reads and writes at an address that was checked before.
  template <class T>
  T load(uint64_t address) const {
    T value;
    std::memcpy(&value, memory_ + address, sizeof(T));
    return value;
  }
  template <class T>
  void store(uint64_t address, T value) {
    std::memcpy(memory_ + address, &value, sizeof(T));
  }
  uint64_t load_pointer(uint64_t address) const { return is_64_ ? load<uint64_t>(address) : load<uint32_t>(address); }
  void store_pointer(uint64_t address, uint64_t value) {
    if (is_64_) {
      store<uint64_t>(address, value);
    } else {
      store<uint32_t>(address, static_cast<uint32_t>(value));
    }
  }
  /// A pointer or length that came as a core value.
  uint64_t pointer(const RawValue& value) const { return is_64_ ? value.u64() : value.u32(); }

  /// Takes `bytes` (or `count` times `size`) from what this lifting may still fill; fails with `LimitExceeded`.
  bool spend(uint64_t bytes) {
    if (bytes > lift_bytes_) [[unlikely]]
      return fail_lift_limit();
    lift_bytes_ -= bytes;
    return true;
  }
  bool spend(uint64_t count, uint64_t size) {
    if (count != 0 && size > lift_bytes_ / count) [[unlikely]]
      return fail_lift_limit();
    lift_bytes_ -= count * size;
    return true;
  }

  bool realloc(uint64_t old_address, uint64_t old_size, uint32_t alignment, uint64_t new_size, uint64_t& address) {
    return operations_->realloc(*this, old_address, old_size, alignment, new_size, address);
  }
  bool lift_handle(const TypeNode& type, uint32_t index, ResourceAny& resource) { return operations_->lift_handle(*this, type, index, resource); }
  bool lower_handle(const TypeNode& type, const ResourceAny& resource, uint32_t& index) { return operations_->lower_handle(*this, type, resource, index); }
  bool lift_representation(const TypeNode& type, uint32_t index, uint32_t& representation) {
    return operations_->lift_representation(*this, type, index, representation);
  }
  bool lower_representation(const TypeNode& type, uint32_t representation, uint32_t& index) {
    return operations_->lower_representation(*this, type, representation, index);
  }

  /// Notes the error; always false.
  [[gnu::cold]] bool fail(ErrorKind kind, std::string message);
  [[gnu::cold]] bool fail(Error error);
  /// The guest's fault.
  [[gnu::cold]] bool trap(std::string message) { return fail(ErrorKind::Trap, std::move(message)); }
  Error take_error();
  bool has_error() const { return error_.has_value(); }
  /// Of the error that there is.
  ErrorKind error_kind() const { return error_->kind(); }

 private:
  [[gnu::cold]] bool fail_lift_limit();
  [[gnu::cold]] bool contains_now(uint64_t address, uint64_t size);

  const GuestOperations* operations_;
  const TypeTable* types_;
  uint8_t* memory_ = nullptr;
  uint64_t memory_size_ = 0;
  uint64_t lift_bytes_;
  std::optional<Error> error_;
  TextEncoding encoding_;
  bool is_64_;
};

/// The address of spilled parameters or results: aligned, and `type`'s size in bounds.
///
/// `what` is "" for parameters and for where results go ("pointer not aligned"), or "return " for what a guest returned.
bool check_area(Guest& guest, uint64_t address, uint64_t size, uint32_t alignment);

/// Text. `length` is the guest's word for it, with its tag for latin1+utf16.
bool lift_string(Guest& guest, uint64_t address, uint64_t length, std::string& text);
/// Checks `text` for nothing: it is UTF-8 by the caller's word, see `check_text`.
bool lower_string(Guest& guest, std::string_view text, uint64_t& address, uint64_t& length);
/// UTF-8 text that is in the guest's own encoding already (utf8): validated, not copied. Valid while the memory is. Other encodings: use `lift_string`.
bool lift_string_view(Guest& guest, uint64_t address, uint64_t length, std::string_view& text);
/// Whether the host's text is UTF-8; `InvalidInput` when not.
bool check_text(Guest& guest, std::string_view text);

/// A list's range: `length` elements of `size` bytes at `address`, in bounds and aligned; their place in host memory (`host_size` each) is spent.
bool check_list(Guest& guest, uint64_t address, uint64_t length, uint64_t size, uint32_t alignment, uint64_t host_size);
/// Room for a list in the guest.
bool allocate_list(Guest& guest, uint64_t length, uint64_t size, uint32_t alignment, uint64_t& address);

/// Dynamic values. `flat` advances past what was read or written.
bool lift_flat(Guest& guest, TypeIndex type, const RawValue*& flat, Value& value);
bool lift_memory(Guest& guest, TypeIndex type, uint64_t address, Value& value);
bool lower_flat(Guest& guest, TypeIndex type, const Value& value, RawValue*& flat);
bool lower_memory(Guest& guest, TypeIndex type, const Value& value, uint64_t address);

}  // namespace tenon::detail
