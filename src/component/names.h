#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace tenon::component {

/// The numbers of a version without a pre-release (semver 2.0.0, §2).
struct Version {
  uint64_t major = 0;
  uint64_t minor = 0;
  uint64_t patch = 0;
  auto operator<=>(const Version&) const = default;
};

/// A name with a version, cut down to what all compatible versions share: "a:b/c@0.2" of "a:b/c@0.2.6", "a:b/c@1" of "a:b/c@1.4.0".
struct VersionTrack {
  std::string_view track;
  Version version;
};

/// Absent for names without a version, with a wrong one, with a pre-release, and for 0.0.z: nothing is compatible with those.
std::optional<VersionTrack> find_version_track(std::string_view name);

/// Import and export names to `T`, found exactly or else by semver, as Wasmtime does: the newest definition of the same track, older or newer than what
/// was asked for. Keeps the order of insertion.
template <class T>
class NameMap {
 public:
  /// Defines `name`, or defines it again. Returns its value.
  T& insert(std::string_view name, T value) {
    if (const auto found = exact_.find(name); found != exact_.end()) {
      entries_[found->second].second = std::move(value);
      return entries_[found->second].second;
    }
    const size_t index = entries_.size();
    entries_.emplace_back(std::string(name), std::move(value));
    exact_.emplace(std::string(name), index);
    if (const auto track = find_version_track(name)) {
      const auto [slot, added] = tracks_.try_emplace(std::string(track->track), index, track->version);
      if (!added && !(track->version < slot->second.second)) slot->second = {index, track->version};
    }
    return entries_[index].second;
  }

  const T* find(std::string_view name) const {
    const std::optional<size_t> index = find_index(name);
    return index ? &entries_[*index].second : nullptr;
  }
  T* find(std::string_view name) {
    const std::optional<size_t> index = find_index(name);
    return index ? &entries_[*index].second : nullptr;
  }
  /// By exact name only.
  T* find_exact(std::string_view name) {
    const auto found = exact_.find(name);
    return found == exact_.end() ? nullptr : &entries_[found->second].second;
  }

  const std::vector<std::pair<std::string, T>>& entries() const { return entries_; }

 private:
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };

  std::optional<size_t> find_index(std::string_view name) const {
    if (const auto found = exact_.find(name); found != exact_.end()) return found->second;
    const auto track = find_version_track(name);
    if (!track) return std::nullopt;
    const auto found = tracks_.find(track->track);
    return found == tracks_.end() ? std::nullopt : std::optional(found->second.first);
  }

  std::vector<std::pair<std::string, T>> entries_;
  std::unordered_map<std::string, size_t, Hash, std::equal_to<>> exact_;
  std::unordered_map<std::string, std::pair<size_t, Version>, Hash, std::equal_to<>> tracks_;
};

}  // namespace tenon::component
