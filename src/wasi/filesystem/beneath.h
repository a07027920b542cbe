#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <sys/stat.h>
#include <sys/types.h>

#include "tenon/result.h"
#include "wasi/filesystem/types.h"

/// Path resolution that cannot lead out of a folder, because the kernel does it: openat2(2) with `RESOLVE_BENEATH`. No symlink, `..` or race with a rename can
/// lead out, and magic links (those of /proc/self/fd) are never followed. There is no other way in this program to open a guest's path.
///
/// Here are system calls alone: no policy, no budget. Any thread.
namespace tenon::wasi::filesystem {

/// An open descriptor that is closed with it.
class Fd final {
 public:
  Fd() = default;
  explicit Fd(int number) : number_(number) {}
  Fd(Fd&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~Fd();

  int get() const { return number_; }
  explicit operator bool() const { return number_ >= 0; }

 private:
  int number_ = -1;
};

/// Whether symlinks in a path are followed. Those of the last component are the business of `O_NOFOLLOW`.
enum class Links : uint8_t { Follow, Refuse };
/// Whether a path may lead onto another mount.
enum class Mounts : uint8_t { Cross, Stay };

/// How a path is resolved beneath a folder.
struct Resolution {
  Links links = Links::Follow;
  Mounts mounts = Mounts::Cross;
};

/// Opens `path` beneath the folder `base`. `flags` as for open(2); O_CLOEXEC and O_NOCTTY are added, and O_NONBLOCK so that no FIFO or device makes it wait.
///
/// Answers `not-permitted` for a path that leads out of `base` or onto a mount that it may not cross, `invalid` for one with a NUL, and what open(2) fails
/// with. A resolution that the kernel gives up because of a rename elsewhere is tried again `resolution_tries` times.
FileResult<Fd> open_beneath(int base, std::string_view path, int flags, Resolution resolution, mode_t mode = 0);

inline constexpr int resolution_tries = 256;

/// The folder that the last component of a path is in, and that component: what operations act on that the kernel gives no form beneath a folder.
struct Parent {
  /// Absent when it is the folder that the path is relative to.
  Fd opened;
  int folder = -1;
  /// One component, never `..`; `.` when the path names a folder through `..`, `.` or a slash at its end.
  std::string name;
};

/// Opens the parent of `path`. `no-entry` for an empty path.
FileResult<Parent> open_parent(int base, std::string_view path, Resolution resolution);

/// `path` without slashes at its end, but for the first character.
std::string_view without_slashes(std::string_view path);
/// The one component that `path` is, when it is just that: slashes and `.` at its end are left away.
std::optional<std::string_view> single_component(std::string_view path);
/// `path`, relative to the guest's folder `base`, as an absolute path without `.`, `..` and doubled slashes. Absent when it leads out of `base` or is absolute.
/// Right only where no component is a symlink.
std::optional<std::string> guest_path(std::string_view base, std::string_view path);

/// What a path names: of itself when `follows` is false, otherwise of what its symlink leads to.
FileResult<struct stat> stat_beneath(int base, std::string_view path, bool follows, Resolution resolution);

/// Whether this machine can resolve beneath a folder. Error: `Unsupported` where the kernel (before Linux 5.6) or its seccomp filter has no openat2.
Result<> check_openat2();

}  // namespace tenon::wasi::filesystem
