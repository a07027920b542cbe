#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tenon/result.h"

namespace tenon::policy {

/// Longer paths match nothing: no kernel takes them.
inline constexpr size_t path_bytes_max = 4096;

/// Whether `path` is absolute without `.`, `..`, `//`, a trailing slash, a NUL, and at most `path_bytes_max` long.
bool is_normal_path(std::string_view path);

/// Whether `path` is `folder` or beneath it; both normalised. "/data" is above "/data/x", not above "/database".
bool is_within(std::string_view path, std::string_view folder);

/// One name with `*` for any run of characters, cut at the stars.
class NamePattern {
 public:
  /// `\` makes the character after it an ordinary one. Errors: `InvalidInput` for an empty text, text that is not UTF-8, a control character, `**`,
  /// `\` before anything but `* ? [ ] { } \`, and one of `? [ ] { }` without it, because other tools read these as globs.
  static Result<NamePattern> parse(std::string_view text);

  bool matches(std::string_view name) const;
  bool has_glob() const { return pieces_.size() > 1; }
  /// The name itself, when there is no glob.
  const std::string& literal() const { return pieces_.front(); }
  /// As `parse` takes it.
  std::string to_string() const;
  bool operator==(const NamePattern&) const = default;

 private:
  std::vector<std::string> pieces_;
};

/// `name` with a `\` before each character that `NamePattern::parse` would read otherwise.
void append_escaped(std::string& text, std::string_view name);

/// What a pattern has to do with a folder and all beneath it.
enum class Relation : uint8_t {
  /// Matches the folder and everything beneath it.
  Covers,
  /// May match some of it.
  Overlaps,
  /// Matches nothing of it.
  Apart,
};

/// A set of absolute paths. Without a glob: the path and everything beneath it, or with `/.` at its end the path alone. With a glob: `*` stands for a run of
/// characters within a name, `**` as a whole name for any number of names, none included; the path must match as a whole.
class PathPattern {
 public:
  /// Takes `//`, `/./` within and a trailing slash away. Errors: `InvalidInput` for a relative or empty path, `..`, `**` within a name, more than 63 names from
  /// the first glob on, more than `path_bytes_max` bytes, and what `NamePattern::parse` refuses.
  static Result<PathPattern> parse(std::string_view text);
  /// The pattern of a normalised path and everything beneath it.
  static PathPattern of_path(std::string_view path);

  /// `path` is normalised; otherwise it may match wrongly.
  bool matches(std::string_view path) const;
  Relation relation_to(std::string_view folder) const;

  bool has_glob() const { return !names_.empty(); }
  /// Whether it stands for one path and nothing beneath it.
  bool is_exact() const { return is_exact_; }
  /// What stands before the first name with a glob: a normalised path.
  std::string_view fixed_prefix() const { return prefix_.empty() ? std::string_view("/") : prefix_; }
  std::string to_string() const;
  bool operator==(const PathPattern&) const = default;

 private:
  struct Name {
    bool is_any_depth = false;
    NamePattern pattern;
    bool operator==(const Name&) const = default;
  };

  /// The places in `names_` where a match of those `from` … `to` may stand after `rest`, as bits; bit `to` is the end.
  uint64_t advance(std::string_view rest, size_t from, size_t to) const;
  uint64_t enter(uint64_t places) const;

  std::string prefix_;  // "" for the root
  std::vector<Name> names_;
  bool is_exact_ = false;
};

}  // namespace tenon::policy
