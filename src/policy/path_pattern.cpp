#include "policy/path_pattern.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include <fmt/format.h>

#include "base/utf8.h"

namespace tenon::policy {
namespace {

constexpr std::string_view glob_characters = "*?[]{}\\";
constexpr size_t glob_names_max = 63;

bool is_glob_character(char c) { return glob_characters.find(c) != std::string_view::npos; }

/// Takes the first name off `rest`, which is empty or begins with a slash.
std::string_view take_name(std::string_view& rest) {
  const size_t end = std::min(rest.find('/', 1), rest.size());
  const std::string_view name = rest.substr(1, end - 1);
  rest.remove_prefix(end);
  return name;
}

/// Takes the last name off `rest`, which is not empty and has a slash in front of each.
std::string_view take_last_name(std::string_view& rest) {
  // Not `rfind`, which goes byte by byte: one decision does this for each of its patterns.
  const auto* const slash = static_cast<const char*>(memrchr(rest.data(), '/', rest.size()));
  const size_t at = slash == nullptr ? 0 : static_cast<size_t>(slash - rest.data());
  const std::string_view name = rest.substr(at + (slash == nullptr ? 0 : 1));
  rest = rest.substr(0, at);
  return name;
}

}  // namespace

bool is_normal_path(std::string_view path) {
  if (path == "/") return true;
  if (path.empty() || path.size() > path_bytes_max || path.front() != '/' || path.find('\0') != path.npos) return false;
  for (std::string_view rest = path; !rest.empty();) {
    const std::string_view name = take_name(rest);
    if (name.empty() || name == "." || name == "..") return false;
  }
  return true;
}

bool is_within(std::string_view path, std::string_view folder) {
  if (folder == "/") return true;
  return path.starts_with(folder) && (path.size() == folder.size() || path[folder.size()] == '/');
}

void append_escaped(std::string& text, std::string_view name) {
  for (const char c : name) {
    if (is_glob_character(c)) text += '\\';
    text += c;
  }
}

Result<NamePattern> NamePattern::parse(std::string_view text) {
  if (text.empty()) return fail(ErrorKind::InvalidInput, "a name is empty");
  if (!base::is_utf8(text)) return fail(ErrorKind::InvalidInput, "a name is not UTF-8");
  NamePattern pattern;
  pattern.pieces_.emplace_back();
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return fail(ErrorKind::InvalidInput, "a name has a control character");
    if (c == '\\') {
      if (i + 1 == text.size() || !is_glob_character(text[i + 1]))
        return fail(ErrorKind::InvalidInput, fmt::format("in {} a \\ stands before no glob character; write \\\\ for itself", text));
      pattern.pieces_.back() += text[++i];
    } else if (c == '*') {
      if (pattern.pieces_.size() > 1 && pattern.pieces_.back().empty())
        return fail(ErrorKind::InvalidInput, fmt::format("in {} a ** is not a whole name of a path", text));
      pattern.pieces_.emplace_back();
    } else if (is_glob_character(c)) {
      return fail(ErrorKind::InvalidInput, fmt::format("in {} a {} is no glob here; write \\{} for the character", text, c, c));
    } else {
      pattern.pieces_.back() += c;
    }
  }
  return pattern;
}

bool NamePattern::matches(std::string_view name) const {
  const std::string& first = pieces_.front();
  if (pieces_.size() == 1) return name == first;
  const std::string& last = pieces_.back();
  if (name.size() < first.size() + last.size() || !name.starts_with(first) || !name.ends_with(last)) return false;
  name = name.substr(first.size(), name.size() - first.size() - last.size());
  for (size_t i = 1; i + 1 < pieces_.size(); ++i) {
    const size_t at = name.find(pieces_[i]);
    if (at == name.npos) return false;
    name.remove_prefix(at + pieces_[i].size());
  }
  return true;
}

std::string NamePattern::to_string() const {
  std::string text;
  for (size_t i = 0; i < pieces_.size(); ++i) {
    if (i > 0) text += '*';
    append_escaped(text, pieces_[i]);
  }
  return text;
}

Result<PathPattern> PathPattern::parse(std::string_view text) {
  if (text.empty()) return fail(ErrorKind::InvalidInput, "the path is empty");
  if (text.front() != '/') return fail(ErrorKind::InvalidInput, fmt::format("the path {} is not absolute", text));
  if (text.size() > path_bytes_max)
    return fail(ErrorKind::InvalidInput, fmt::format("the path is {} bytes long, at most {} are allowed", text.size(), path_bytes_max));
  PathPattern pattern;
  for (std::string_view rest = text; !rest.empty();) {
    const std::string_view name = take_name(rest);
    if (name.empty() || name == ".") continue;
    if (name == "..") return fail(ErrorKind::InvalidInput, fmt::format("the path {} has a \"..\"", text));
    if (name == "**") {
      pattern.names_.push_back({.is_any_depth = true, .pattern = {}});
    } else {
      TENON_TRY(NamePattern parsed, NamePattern::parse(name));
      if (pattern.names_.empty() && !parsed.has_glob()) {
        pattern.prefix_.append("/").append(parsed.literal());
        continue;
      }
      pattern.names_.push_back({.is_any_depth = false, .pattern = std::move(parsed)});
    }
    if (pattern.names_.size() > glob_names_max)
      return fail(ErrorKind::InvalidInput, fmt::format("the path has more than {} names from its first glob on", glob_names_max));
  }
  pattern.is_exact_ = pattern.names_.empty() && text.ends_with("/.");
  return pattern;
}

PathPattern PathPattern::of_path(std::string_view path) {
  PathPattern pattern;
  if (path != "/") pattern.prefix_ = path;
  return pattern;
}

uint64_t PathPattern::enter(uint64_t places) const {
  // `**` may stand for nothing: a match before it also stands behind it. Places are visited in rising order, so runs of `**` need one pass.
  for (size_t i = 0; i < names_.size(); ++i) {
    if ((places >> i & 1) != 0 && names_[i].is_any_depth) places |= uint64_t{1} << (i + 1);
  }
  return places;
}

uint64_t PathPattern::advance(std::string_view rest, size_t from, size_t to) const {
  uint64_t places = enter(uint64_t{1} << from);
  while (!rest.empty() && places != 0) {
    const std::string_view name = take_name(rest);
    uint64_t next = 0;
    for (uint64_t left = places; left != 0; left &= left - 1) {
      const auto i = static_cast<size_t>(std::countr_zero(left));
      if (i >= to) break;
      if (names_[i].is_any_depth) {
        next |= uint64_t{1} << i;
      } else if (names_[i].pattern.matches(name)) {
        next |= uint64_t{1} << (i + 1);
      }
    }
    places = enter(next);
  }
  return places;
}

bool PathPattern::matches(std::string_view path) const {
  if (!is_within(path, fixed_prefix())) return false;
  if (names_.empty()) return !is_exact_ || path == fixed_prefix();
  std::string_view rest = path == "/" ? std::string_view() : path.substr(prefix_.size());
  // What stands before the first `**` and behind the last has its place; most patterns need no more.
  size_t first = 0;
  for (; first < names_.size() && !names_[first].is_any_depth; ++first) {
    if (rest.empty() || !names_[first].pattern.matches(take_name(rest))) return false;
  }
  if (first == names_.size()) return rest.empty();
  size_t end = names_.size();
  for (; !names_[end - 1].is_any_depth; --end) {
    if (rest.empty() || !names_[end - 1].pattern.matches(take_last_name(rest))) return false;
  }
  return end - first == 1 || (advance(rest, first, end) >> end & 1) != 0;
}

Relation PathPattern::relation_to(std::string_view folder) const {
  if (!is_within(folder, fixed_prefix())) return is_within(fixed_prefix(), folder) ? Relation::Overlaps : Relation::Apart;
  if (names_.empty()) return !is_exact_ ? Relation::Covers : folder == fixed_prefix() ? Relation::Overlaps : Relation::Apart;
  const uint64_t places = advance(folder == "/" ? std::string_view() : folder.substr(prefix_.size()), 0, names_.size());
  // A match that reached a final `**` goes on for everything beneath.
  if (names_.back().is_any_depth && (places >> names_.size() & 1) != 0) return Relation::Covers;
  return places != 0 ? Relation::Overlaps : Relation::Apart;
}

std::string PathPattern::to_string() const {
  std::string text;
  append_escaped(text, prefix_);
  for (const Name& name : names_) {
    text += '/';
    text += name.is_any_depth ? "**" : name.pattern.to_string();
  }
  if (is_exact_) text += "/.";
  return text.empty() ? "/" : text;
}

}  // namespace tenon::policy
