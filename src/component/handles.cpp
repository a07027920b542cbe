#include "component/handles.h"

#include <limits>
#include <string>

namespace tenon::component {

Result<uint32_t> HandleTable::insert(HandleCounter& counter, ResourceTableIndex type, uint32_t rep, SlotKind kind, uint32_t scope) {
  const uint32_t next = free_;
  if (next + 1 >= handle_index_max) return fail(ErrorKind::Trap, "cannot allocate another handle: index overflow");
  if (!counter.take()) return fail(ErrorKind::Trap, "cannot allocate another handle: store handle limit exceeded");
  if (next == slots_.size()) slots_.push_back(Slot{.rep = next + 1});
  Slot& slot = slots_[next];
  free_ = slot.rep;
  slot = Slot{.rep = rep, .lend_count_or_scope = scope, .type = type, .kind = kind};
  ++live_;
  return next + 1;
}

Result<const HandleTable::Slot*> HandleTable::find(uint32_t index, ResourceTableIndex type) const {
  if (index == 0 || index > slots_.size() || slots_[index - 1].kind == SlotKind::Free)
    return fail(ErrorKind::Trap, "unknown handle index " + std::to_string(index));
  const Slot& slot = slots_[index - 1];
  if (slot.type != type)
    return fail(ErrorKind::Trap, "handle index " + std::to_string(index) +
                                     " used with the wrong type, expected guest-defined resource but found a different guest-defined resource");
  return &slot;
}

Result<uint32_t> HandleTable::rep(uint32_t index, ResourceTableIndex type) const {
  TENON_TRY(const Slot* slot, find(index, type));
  return slot->rep;
}

Result<HandleTable::Lent> HandleTable::lend(HandleCounter& counter, uint32_t index, ResourceTableIndex type) {
  TENON_TRY(const Slot* found, find(index, type));
  Slot& slot = slots_[index - 1];
  if (found->kind == SlotKind::Borrow) return Lent{.rep = slot.rep, .owned = false};
  if (slot.lend_count_or_scope == std::numeric_limits<uint32_t>::max()) return fail(ErrorKind::Trap, "cannot lend resource: too many active lends");
  if (!counter.take()) return fail(ErrorKind::Trap, "cannot lend resource: store handle limit exceeded");
  ++slot.lend_count_or_scope;
  return Lent{.rep = slot.rep, .owned = true};
}

void HandleTable::undo_lend(HandleCounter& counter, uint32_t index) {
  --slots_[index - 1].lend_count_or_scope;
  counter.give_back();
}

Result<HandleTable::Removed> HandleTable::remove(HandleCounter& counter, uint32_t index, ResourceTableIndex type) {
  // The order of the two checks is Wasmtime's: a lent handle is refused before its type is looked at.
  if (index != 0 && index <= slots_.size()) {
    const Slot& slot = slots_[index - 1];
    if (slot.kind == SlotKind::Own && slot.lend_count_or_scope != 0) return fail(ErrorKind::Trap, "cannot remove owned resource while borrowed");
  }
  TENON_TRY(const Slot* found, find(index, type));
  const Removed removed{.rep = found->rep, .scope = found->kind == SlotKind::Borrow ? found->lend_count_or_scope : 0, .owned = found->kind == SlotKind::Own};
  slots_[index - 1] = Slot{.rep = free_};
  free_ = index - 1;
  --live_;
  counter.give_back();
  return removed;
}

std::optional<std::pair<ResourceTableIndex, uint32_t>> HandleTable::take_last_owned(HandleCounter& counter) {
  while (!slots_.empty()) {
    const Slot slot = slots_.back();
    slots_.pop_back();
    free_ = static_cast<uint32_t>(slots_.size());
    if (slot.kind == SlotKind::Free) continue;
    --live_;
    counter.give_back();
    if (slot.kind == SlotKind::Own) return std::pair(slot.type, slot.rep);
  }
  return std::nullopt;
}

}  // namespace tenon::component
