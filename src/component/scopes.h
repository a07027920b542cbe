#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "component/handles.h"
#include "component/host_resources.h"
#include "tenon/result.h"

namespace tenon::component {

/// The calls in progress in a store, innermost last, with what each has borrowed and lent (`CanonicalABI.md`, "Task State": `Task.num_borrows`,
/// `Subtask.lenders`).
///
/// Invariants:
/// 1. A scope's lenders are the end of the list, because only the innermost call lends.
/// 2. A call may not end while borrows that it was given are still in tables; then it gives its lends back.
class CallScopes {
 public:
  /// The depth of a scope: how borrow handles remember theirs.
  uint32_t push() {
    scopes_.push_back(Scope{.serial = ++serial_, .lenders = static_cast<uint32_t>(lenders_.size()), .borrows = 0});
    return depth() - 1;
  }
  uint32_t depth() const { return static_cast<uint32_t>(scopes_.size()); }
  uint32_t current() const { return depth() - 1; }
  uint64_t serial() const { return scopes_.empty() ? 0 : scopes_.back().serial; }
  bool is_live(uint64_t serial) const;

  /// The innermost call has got, or has dropped, a borrow.
  void add_borrow() { ++scopes_.back().borrows; }
  void drop_borrow(uint32_t scope) {
    if (scope < depth() && scopes_[scope].borrows != 0) --scopes_[scope].borrows;
  }
  void add_lender(HandleTable& table, uint32_t index) { lenders_.push_back(Lender{.table = &table, .index = index, .resource = nullptr}); }
  void add_lender(std::shared_ptr<HostResource> resource) { lenders_.push_back(Lender{.table = nullptr, .index = 0, .resource = std::move(resource)}); }

  /// Ends what the innermost call borrowed and lent; the scope itself stays until `pop`.
  /// Errors: `Trap` "borrow handles still remain at the end of the call".
  Result<> finish(HandleCounter& counter) {
    const Scope& scope = scopes_.back();
    if (scope.borrows != 0) [[unlikely]]
      return fail(ErrorKind::Trap, "borrow handles still remain at the end of the call");
    if (scope.lenders != lenders_.size()) [[unlikely]]
      give_back(counter, scope.lenders);
    return {};
  }
  void pop() { scopes_.pop_back(); }
  /// After a trap: leaves all scopes above `depth`.
  void unwind(HandleCounter& counter, uint32_t depth);

 private:
  struct Scope {
    uint64_t serial;
    uint32_t lenders;
    uint32_t borrows;
  };
  struct Lender {
    HandleTable* table;
    uint32_t index;
    std::shared_ptr<HostResource> resource;
  };

  void give_back(HandleCounter& counter, uint32_t first);

  std::vector<Scope> scopes_;
  std::vector<Lender> lenders_;
  uint64_t serial_ = 0;
};

}  // namespace tenon::component
