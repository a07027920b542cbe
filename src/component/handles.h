#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "tenon/result.h"

namespace tenon::component {

enum class ResourceTableIndex : uint32_t;

/// Handles that a store may hold at once, over all its tables; a guest that asks for more traps.
inline constexpr uint32_t store_handles_max_default = 1 << 20;

/// Largest handle index plus one (`CanonicalABI.md`, "Table State", `Table.MAX_LENGTH`).
inline constexpr uint32_t handle_index_max = 1 << 28;

/// Counts the handles of all tables of one store against its limit. A lend counts as one, because it too takes memory of the host.
class HandleCounter {
 public:
  explicit HandleCounter(uint32_t limit = store_handles_max_default) : limit_(limit) {}

  uint32_t live() const { return live_; }
  uint32_t limit() const { return limit_; }
  void set_limit(uint32_t limit) { limit_ = limit; }

  bool take() {
    if (live_ >= limit_) return false;
    ++live_;
    return true;
  }
  /// Takes one that was given back just before, whatever the limit has become.
  void take_again() { ++live_; }
  void give_back() { --live_; }
  void give_back(uint32_t count) { live_ -= count; }

 private:
  uint32_t live_ = 0;
  uint32_t limit_;
};

/// The handles of one component instance (`CanonicalABI.md`, "Resource State", `ResourceHandle`).
///
/// Invariants:
/// 1. Indexes start at 1; 0 is never a handle.
/// 2. Free slots form a list through `rep`, most recently freed first, so the index a guest gets is predictable.
/// 3. `lend_count` is non-zero only on owned handles; such a handle can be neither dropped nor given away.
/// 4. Every live slot and every lend holds one unit of the store's `HandleCounter`.
///
/// A handle is looked up by its index and the table type that the caller has; another type is an error, never another meaning.
class HandleTable {
 public:
  /// What `remove` found. A borrow names the call scope that it must be returned to.
  struct Removed {
    uint32_t rep = 0;
    uint32_t scope = 0;
    bool owned = false;
  };
  /// What `lend` found: a borrow of an owned handle is remembered by the caller's scope, a borrow of a borrow is not.
  struct Lent {
    uint32_t rep = 0;
    bool owned = false;
  };

  /// Errors of all: `Trap` with the reason in Wasmtime's words ("unknown handle index 3").
  Result<uint32_t> insert_own(HandleCounter& counter, ResourceTableIndex type, uint32_t rep) { return insert(counter, type, rep, SlotKind::Own, 0); }
  Result<uint32_t> insert_borrow(HandleCounter& counter, ResourceTableIndex type, uint32_t rep, uint32_t scope) {
    return insert(counter, type, rep, SlotKind::Borrow, scope);
  }
  Result<uint32_t> rep(uint32_t index, ResourceTableIndex type) const;
  Result<Lent> lend(HandleCounter& counter, uint32_t index, ResourceTableIndex type);
  /// Takes back one lend. The handle is there and owned, because invariant 3 kept it.
  void undo_lend(HandleCounter& counter, uint32_t index);
  Result<Removed> remove(HandleCounter& counter, uint32_t index, ResourceTableIndex type);

  /// Takes out the owned handle with the highest index: its type and representation. Nothing when there is none. For the table's end: what lies above that
  /// handle, borrows too, is forgotten.
  std::optional<std::pair<ResourceTableIndex, uint32_t>> take_last_owned(HandleCounter& counter);

  /// Number of live handles.
  uint32_t size() const { return live_; }

 private:
  enum class SlotKind : uint8_t { Free, Own, Borrow };
  struct Slot {
    uint32_t rep = 0;  // free: the next free slot
    uint32_t lend_count_or_scope = 0;
    ResourceTableIndex type{};
    SlotKind kind = SlotKind::Free;
  };

  Result<uint32_t> insert(HandleCounter& counter, ResourceTableIndex type, uint32_t rep, SlotKind kind, uint32_t scope);
  Result<const Slot*> find(uint32_t index, ResourceTableIndex type) const;

  std::vector<Slot> slots_;
  uint32_t free_ = 0;
  uint32_t live_ = 0;
};

}  // namespace tenon::component
