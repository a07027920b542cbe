#include "wasi/filesystem/rights.h"

#include <utility>

#include "policy/path_pattern.h"
#include "policy/rules.h"

namespace tenon::wasi::filesystem {
namespace {

using policy::Access;
using policy::Subtree;

static_assert(access_of(1) == Access::FilesystemWrite && access_of(2) == Access::FilesystemCreate && access_of(3) == Access::FilesystemDelete &&
              access_of(4) == Access::FilesystemList);

template <class... A>
constexpr Needs all(A... accesses) {
  return {.all = static_cast<Accesses>((0 | ... | accesses)), .any = 0};
}
template <class... A>
constexpr Needs any(A... accesses) {
  return {.all = 0, .any = static_cast<Accesses>((0 | ... | accesses))};
}

constexpr std::array<RightRow, right_count> rows = [] {
  using namespace access;  // NOLINT(google-build-using-namespace): the words of the table
  return std::array<RightRow, right_count>{{
#define TENON_RIGHT(name, operation, where, needs) {operation, where, needs},
#include "wasi/filesystem/rights.def"
#undef TENON_RIGHT
  }};
}();

template <class F>
void for_each_access(Accesses accesses, F body) {
  for (unsigned bit = 0; accesses >> bit != 0; bit++) {
    if ((accesses >> bit & 1) != 0) body(static_cast<Accesses>(1U << bit), access_of(bit));
  }
}

policy::Verdict answer_at(const policy::Guard& guard, Access access, std::string_view guest_path) {
  return guard.rules().answer({.access = access, .text = guest_path}).verdict;
}

}  // namespace

const std::array<RightRow, right_count>& right_rows() { return rows; }

const Needs& needs_of(Right right) { return rows[static_cast<size_t>(right)].needs; }

void Rights::ask(const policy::Guard& guard, std::string_view guest_path, Accesses which) {
  for_each_access(which, [&](Accesses bit, Access access) {
    const Subtree answer = guard.subtree(access, guest_path);
    if (answer == Subtree::Allowed) {
      allowed_ |= bit;
      if (answer_at(guard, access, guest_path) == policy::Verdict::Observed) observed_ |= bit;
    }
    if (answer == Subtree::Denied) denied_ |= bit;
  });
}

Rights Rights::of(const policy::Guard& guard, std::string_view guest_path) {
  Rights rights;
  rights.ask(guard, guest_path, access::every);
  return rights;
}

Rights Rights::beneath(const policy::Guard& guard, std::string_view guest_path) const {
  Rights rights = *this;
  rights.ask(guard, guest_path, mixed());
  return rights;
}

Rights Rights::without_mixed() const {
  Rights rights = *this;
  rights.denied_ |= mixed();
  return rights;
}

bool ask_rules(policy::Guard& guard, const Rights& rights, Needs needs, std::string_view guest_path) {
  // What is denied throughout may have been denied because nobody knows the path: then the rules are not asked, and only what they would deny is noted.
  const auto ask = [&](Accesses bit, Access access) {
    if ((rights.allowed() & bit) != 0) return true;
    if ((rights.denied() & bit) == 0) return guard.allow_path(access, guest_path);
    if (answer_at(guard, access, guest_path) == policy::Verdict::Denied) guard.allow_path(access, guest_path);
    return false;
  };
  bool is_allowed = true;
  for_each_access(needs.all, [&](Accesses bit, Access access) { is_allowed = is_allowed && ask(bit, access); });
  if (!is_allowed || needs.any == 0 || (needs.any & rights.allowed()) != 0) return is_allowed;
  // One is enough: the first that has a chance is asked, so that no denial is noted of which nothing followed.
  std::optional<std::pair<Accesses, Access>> chosen;
  const auto has_chance = [&](Accesses bit, Access access) {
    return (rights.denied() & bit) == 0 && answer_at(guard, access, guest_path) != policy::Verdict::Denied;
  };
  for_each_access(needs.any, [&](Accesses bit, Access access) {
    if (!chosen || (!has_chance(chosen->first, chosen->second) && has_chance(bit, access))) chosen.emplace(bit, access);
  });
  return ask(chosen->first, chosen->second);
}

void note_use(policy::Guard& guard, Accesses used, std::string_view guest_path) {
  // A path that is longer than any rule can be was allowed by a rule for what lies above it.
  if (!policy::is_normal_path(guest_path)) return;
  for_each_access(used, [&](Accesses /*bit*/, Access access) { guard.allow_path(access, guest_path); });
}

bool may_move_file(const policy::Guard& guard, std::string_view old_path, std::string_view new_path) {
  bool may = true;
  for_each_access(access::read | access::write, [&](Accesses /*bit*/, Access access) {
    if (answer_at(guard, access, old_path) == policy::Verdict::Denied && answer_at(guard, access, new_path) != policy::Verdict::Denied) may = false;
  });
  return may;
}

bool may_move_folder(const policy::Guard& guard, std::string_view old_path, std::string_view new_path) {
  bool may = true;
  for_each_access(content_accesses, [&](Accesses /*bit*/, Access access) {
    if (guard.subtree(access, old_path) != Subtree::Allowed && guard.subtree(access, new_path) != Subtree::Denied) may = false;
  });
  return may;
}

}  // namespace tenon::wasi::filesystem
