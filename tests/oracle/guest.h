#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "random.h"
#include "tenon/types.h"
#include "types.h"

namespace tenon::oracle {

/// One component in a chain of components that call each other. Each has a memory, an allocator and a string encoding of its own.
struct Level {
  /// As in component text: "utf8", "utf16", "latin1+utf16".
  std::string_view encoding;
  bool has_post_return = false;
};

enum class Leaf : uint8_t {
  /// The innermost component calls the host's `echo`, which gives its first argument back: arguments and results go through flat values.
  Host,
  /// The innermost component gives back what it finds in its memory: `run` takes 17 numbers so that its arguments come as an address.
  Memory,
};

/// A guest that gives back what it is given, in a way that crosses every border there is, and that can be told to misbehave.
///
/// It exports `run`, and for each level `setN(what, a, b)`, see `Misbehaviour`.
struct Guest {
  std::vector<TypeIndex> params;
  std::optional<TypeIndex> result;
  std::vector<Level> levels;
  Leaf leaf = Leaf::Host;
  /// How many of the parameters come before the one that is given back; they are u64.
  size_t padding = 0;
};

/// What `setN` switches on, from the next call of `run`: its first argument.
enum class Misbehaviour : uint32_t {
  /// Core parameter `a` of `run` is replaced by `b` before it goes on.
  Flat = 0,
  /// Byte, or four bytes, `b` at `a` bytes from the start of the result.
  Result8 = 1,
  Result32 = 2,
  /// The same, from the start of what realloc gave out.
  Heap8 = 3,
  Heap32 = 4,
  /// The result is said to lie `a` bytes further.
  Moved = 5,
  /// The allocator does `a` (see the text) at its `b`th call.
  Realloc = 6,
  /// Post-return: 1 traps, 2 calls out.
  PostReturn = 7,
};

/// Number of things that the allocator can do wrong.
inline constexpr uint32_t realloc_kinds = 9;

/// A random guest; its types are added to `table`.
Guest random_guest(Random& random, TypeTable& table);

/// The guest as component text.
std::string text(const Guest& guest, const TypeTable& table);

}  // namespace tenon::oracle
