#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "policy/access.h"
#include "policy/guard.h"

namespace tenon::wasi::filesystem {

/// A set of the filesystem's accesses: bit n is `Access` n after `FilesystemRead`.
using Accesses = uint8_t;

namespace access {
inline constexpr Accesses read = 1, write = 2, create = 4, remove = 8, list = 16, every = 31;
}  // namespace access

constexpr policy::Access access_of(unsigned bit) { return static_cast<policy::Access>(static_cast<unsigned>(policy::Access::FilesystemRead) + bit); }

/// What an operation needs at a path: all of `all`, and one of `any` unless that is empty.
struct Needs {
  Accesses all = 0;
  Accesses any = 0;
};

/// The rows of rights.def.
enum class Right : uint8_t {
#define TENON_RIGHT(name, operation, where, needs) name,
#include "wasi/filesystem/rights.def"
#undef TENON_RIGHT
};

inline constexpr size_t right_count = 0
#define TENON_RIGHT(name, operation, where, needs) +1  // NOLINT(bugprone-macro-parentheses): a term of a sum
#include "wasi/filesystem/rights.def"
#undef TENON_RIGHT
    ;

struct RightRow {
  std::string_view operation;
  std::string_view where;
  Needs needs;
};

const std::array<RightRow, right_count>& right_rows();
const Needs& needs_of(Right right);

/// How the rules answer for a folder and everything beneath it, asked once and kept, so that what they allow or deny throughout costs nothing to check. A copy
/// belongs to each descriptor.
class Rights final {
 public:
  static Rights of(const policy::Guard& guard, std::string_view guest_path);
  /// For something beneath, at `guest_path`: asks again only where the rules were not of one mind.
  Rights beneath(const policy::Guard& guard, std::string_view guest_path) const;
  /// Without what depends on the path: for something whose path is not known, because a symlink led there or because its name has other spellings.
  Rights without_mixed() const;

  /// Allowed throughout.
  bool allows(Needs needs) const { return (needs.all & ~allowed_) == 0 && (needs.any == 0 || (needs.any & allowed_) != 0); }
  Accesses allowed() const { return allowed_; }
  Accesses denied() const { return denied_; }
  /// Of those allowed: what `enforce` would deny. Each use is noted with its path, so that a policy can be learned from it.
  Accesses observed() const { return observed_; }
  Accesses mixed() const { return access::every & ~(allowed_ | denied_); }

 private:
  void ask(const policy::Guard& guard, std::string_view guest_path, Accesses which);

  Accesses allowed_ = 0;
  Accesses denied_ = 0;
  Accesses observed_ = 0;
};

/// Asks the rules for `needs` at one path, where `rights` do not settle it; what is denied is noted for the receipt.
bool ask_rules(policy::Guard& guard, const Rights& rights, Needs needs, std::string_view guest_path);

/// Notes that `needs` were used, which `rights` allow throughout.
void note_use(policy::Guard& guard, Accesses used, std::string_view guest_path);

/// What the rules may keep of an object: its content. Making something at a path says nothing of what is there.
inline constexpr Accesses content_accesses = access::read | access::write | access::remove | access::list;

/// Whether a file may get a second or another name: reading and writing it must not be open at the new one where the rules keep it from the old one.
bool may_move_file(const policy::Guard& guard, std::string_view old_path, std::string_view new_path);
/// The same for a folder and all beneath it, for each of `content_accesses`.
bool may_move_folder(const policy::Guard& guard, std::string_view old_path, std::string_view new_path);

}  // namespace tenon::wasi::filesystem
