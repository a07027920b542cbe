#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "tenon/component.h"
#include "tenon/detail/guest.h"
#include "tenon/resource.h"
#include "tenon/result.h"
#include "tenon/types.h"

/// Calls across the border, for the dynamic path (src/component) and the typed one (tenon/typed.h). Not for embedders: it changes without notice.
namespace tenon {
class Store;
}

namespace tenon::component {
struct CanonicalOptions;
}

namespace tenon::detail {

class InstanceState;

/// How a function's parameters and result cross the border for one pointer width (`CanonicalABI.md`, `flatten_functype`).
struct FuncShape {
  /// Offsets of the parameters when they go through memory as one tuple.
  std::vector<uint32_t> offsets;
  uint32_t params_size = 0;
  uint32_t params_alignment = 1;
  uint32_t result_size = 0;
  uint32_t result_alignment = 1;
  /// Core values of the parameters, at most 16; 1 when they go through memory.
  uint8_t flat_params = 0;
  uint8_t flat_results = 0;
  bool params_in_memory = false;
  bool result_in_memory = false;
  /// Whether lifting the result, or the parameters, looks at memory at all.
  bool result_uses_memory = false;
  bool params_use_memory = false;
};

FuncShape shape_of(const TypeTable& types, const FuncTypeNode& type, bool is_64);

/// A lifted export of one instance with everything resolved that a call needs. Owned by the instance, never moved.
struct LiftedFunc {
  InstanceState* instance = nullptr;
  const component::CanonicalOptions* options = nullptr;
  const FuncShape* shape = nullptr;
  const TypeTable* types = nullptr;
  const FuncTypeNode* type = nullptr;
  /// The core functions, as the engine's references.
  void* core = nullptr;
  void* post_return = nullptr;

  FuncType func_type() const { return FuncType(*types, *type); }
};

/// A guest of a live instance, through one set of canonical options.
class LiveGuest final : public Guest {
 public:
  LiveGuest(InstanceState& instance, const component::CanonicalOptions& options);

  InstanceState& instance() const { return *instance_; }
  const component::CanonicalOptions& options() const { return *options_; }
  /// Sees to it that `memory()` is right, after anything that may have let the guest run. A memory that stays where it is and only grows is looked at again
  /// only before an access past the size that was seen last.
  void refresh() {
    if (!stays_ || memory() == nullptr) look();
  }
  /// Looks at the memory again.
  void look();
  /// The guest trapped, or lied, while values were lowered into it: it must not run again.
  bool is_broken() const { return broken_; }
  void set_broken() { broken_ = true; }

 private:
  InstanceState* instance_;
  const component::CanonicalOptions* options_;
  bool stays_;
  bool broken_ = false;
};

/// One call from the host into a guest. Lives on the stack:
///
///   GuestCall call(func);
///   if (!call.enter() || !lower(call.guest(), …, call.values()) || !call.invoke() || !lift(call.guest(), …, call.values()) || !call.leave())
///     return std::unexpected(call.take_error());
///
/// Without a successful `leave` the destructor takes back what the call borrowed, ends the host's resources that the result gave back, and poisons the
/// instance unless the host's arguments were the fault and lent nothing.
class GuestCall final {
 public:
  explicit GuestCall(LiftedFunc& func);
  ~GuestCall();
  GuestCall(const GuestCall&) = delete;
  GuestCall& operator=(const GuestCall&) = delete;

  Guest& guest() { return guest_; }
  const FuncShape& shape() const { return *func_->shape; }
  /// Arguments before `invoke`, results after it.
  RawValue* values() { return values_.data(); }

  /// Checks that the instance may be entered, and opens the call's scope.
  bool enter();
  /// For parameters that go through memory: makes room and puts its address into `values()[0]`.
  bool allocate_params(uint64_t& address);
  /// Runs the core function and ends the scope's borrows; the memory is fresh afterwards when the result needs it.
  bool invoke();
  /// For a result that is in memory: its checked address.
  bool result_address(uint64_t& address);
  /// Runs post-return and closes the scope.
  bool leave();
  Error take_error() { return guest_.take_error(); }

 private:
  void close();

  LiftedFunc* func_;
  InstanceState* previous_ = nullptr;
  uint32_t depth_ = 0;
  bool entered_ = false;
  bool invoked_ = false;
  bool lifting_ = false;
  LiveGuest guest_;
  std::array<RawValue, flat_params_max> values_;
};

/// One call from a guest into a host function.
///
///   lift from `values()` or from `params_address`, `begin_body`, run, then `finish`, then lower to `values()` or to `result_address`.
class HostFrame final {
 public:
  HostFrame(InstanceState& instance, const component::CanonicalOptions& options, FuncType type, const FuncShape& shape, RawValue* values)
      : guest_(instance, options), type_(type), shape_(&shape), values_(values) {}

  Guest& guest() { return guest_; }
  Store& store();
  FuncType type() const { return type_; }
  const FuncShape& shape() const { return *shape_; }
  RawValue* values() { return values_; }

  /// The parameters are lifted and from here on the host's: handles that a failure before this took from the guest for nothing are ended, later ones are not.
  void begin_body() { body_begun_ = true; }
  /// For parameters that come through memory: their checked address.
  bool params_address(uint64_t& address);
  /// Ends the borrows that the call was given; no lifting after it. The memory is fresh afterwards.
  bool finish();
  /// For a result that goes to memory: the checked address that the guest gave. After `finish`.
  bool result_address(uint64_t& address);

 private:
  friend struct ImportTrampoline;
  LiveGuest guest_;
  FuncType type_;
  const FuncShape* shape_;
  RawValue* values_;
  uint64_t result_area_ = 0;
  bool body_begun_ = false;
};

/// Which resource a table index of a type stands for, as far as it is known while linking.
class ResourceLookup {
 public:
  virtual ~ResourceLookup() = default;
  /// The type of an own or borrow node of the component that is being linked.
  virtual std::optional<ResourceType> find(const TypeNode& node) const = 0;
};

/// A host function behind an import. Shared between threads and stores.
class HostFunction {
 public:
  virtual ~HostFunction() = default;
  /// Whether it can stand for an import of type `type`. Error: `InvalidInput` with both types and the path to the difference.
  virtual Result<> check(FuncType type, const ResourceLookup& resources) const = 0;
  /// Lifts, runs, lowers. `false`: the frame's guest holds the error. Nothing may be thrown.
  virtual bool call(HostFrame& frame) const noexcept = 0;
};

}  // namespace tenon::detail
