#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// Which file systems may keep a call for as long as they like, because another machine or process serves them. Any thread.
namespace tenon::wasi::filesystem {

/// Whether calls on a file system of this type (`f_type` of statfs(2)) may hang: network file systems, FUSE, automounts.
bool may_hang(uint64_t file_system_type);

/// `f_type` of /proc.
bool is_proc(uint64_t file_system_type);

/// Whether it takes names that differ in case alone for one.
bool folds_names(uint64_t file_system_type);

/// Whether a file system that may hang is mounted beneath the folder that `descriptor` is open on. Mounts that appear later are not seen.
bool has_hanging_mount_beneath(int descriptor);

/// For tests: the mount points of file systems that may hang, of text as in /proc/self/mountinfo (proc(5)).
std::vector<std::string> hanging_mount_points(std::string_view mountinfo);

}  // namespace tenon::wasi::filesystem
