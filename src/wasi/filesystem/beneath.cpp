#include "wasi/filesystem/beneath.h"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/openat2.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "wasi/filesystem/error_code.h"

namespace tenon::wasi::filesystem {
namespace {

constexpr int tries_before_yield = 8;

int openat2(int base, const char* path, const open_how& how) { return static_cast<int>(syscall(SYS_openat2, base, path, &how, sizeof how)); }

bool has_nul(std::string_view text) { return text.find('\0') != std::string_view::npos; }

/// A path with the NUL that the kernel wants, without allocation where it is short.
class PathText final {
 public:
  explicit PathText(std::string_view path) {
    if (path.size() < sizeof small_) {
      std::memcpy(small_, path.data(), path.size());
      small_[path.size()] = '\0';
      text_ = small_;
    } else {
      large_ = path;
      text_ = large_.c_str();
    }
  }
  PathText(const PathText&) = delete;
  PathText& operator=(const PathText&) = delete;
  const char* get() const { return text_; }

 private:
  const char* text_;
  std::string large_;
  char small_[256];  // NOLINT(modernize-avoid-c-arrays): not initialised on purpose
};

uint64_t resolve_flags(Resolution resolution) {
  uint64_t flags = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  if (resolution.links == Links::Refuse) flags |= RESOLVE_NO_SYMLINKS;
  if (resolution.mounts == Mounts::Stay) flags |= RESOLVE_NO_XDEV;
  return flags;
}

bool ends_as_folder(std::string_view path) { return path.ends_with('/') || path.ends_with("/."); }

}  // namespace

Fd::~Fd() {
  if (number_ >= 0) close(number_);
}

FileResult<Fd> open_beneath(int base, std::string_view path, int flags, Resolution resolution, mode_t mode) {
  if (has_nul(path)) return failed(ErrorCode::Invalid);
  if (path.size() >= PATH_MAX) return failed(ErrorCode::NameTooLong);
  const PathText text(path);
  open_how how = {};
  // The kernel refuses flags that have no meaning beside O_PATH.
  how.flags = static_cast<uint64_t>(flags) | O_CLOEXEC | ((flags & O_PATH) != 0 ? 0 : O_NONBLOCK | O_NOCTTY);
  how.mode = (flags & O_CREAT) != 0 ? mode : 0;
  how.resolve = resolve_flags(resolution);
  for (int tries = 1;; tries++) {
    Fd opened(openat2(base, text.get(), how));
    if (opened) return opened;
    if (errno == EXDEV) return failed(ErrorCode::NotPermitted);
    if ((errno != EAGAIN && errno != EINTR) || tries == resolution_tries) return failed_with_errno();
    if (tries > tries_before_yield) sched_yield();
  }
}

std::string_view without_slashes(std::string_view path) {
  while (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
  return path;
}

std::optional<std::string_view> single_component(std::string_view path) {
  while (ends_as_folder(path)) path.remove_suffix(1);
  if (path.empty() || path == "." || path == ".." || path.find('/') != std::string_view::npos) return std::nullopt;
  return path;
}

std::optional<std::string> guest_path(std::string_view base, std::string_view path) {
  if (path.starts_with('/')) return std::nullopt;
  std::string joined(base);
  if (joined == "/") joined.clear();
  const size_t root = joined.size();
  while (!path.empty()) {
    const size_t end = std::min(path.find('/'), path.size());
    const std::string_view component = path.substr(0, end);
    path.remove_prefix(std::min(end + 1, path.size()));
    if (component.empty() || component == ".") continue;
    if (component == "..") {
      if (joined.size() == root) return std::nullopt;
      joined.resize(joined.rfind('/'));
    } else {
      joined.append("/").append(component);
    }
  }
  if (joined.empty()) joined = "/";
  return joined;
}

FileResult<Parent> open_parent(int base, std::string_view path, Resolution resolution) {
  if (path.empty()) return failed(ErrorCode::NoEntry);
  if (has_nul(path)) return failed(ErrorCode::Invalid);
  std::string_view folder = path;
  std::string_view name = ".";
  if (path == ".") {
    folder = {};
  } else if (const size_t slash = path.rfind('/'); !ends_as_folder(path) && path.substr(slash + 1) != "..") {
    folder = slash == std::string_view::npos ? std::string_view() : without_slashes(path.substr(0, slash + 1));
    name = path.substr(slash + 1);
  }
  // The kernel says where a name is too long; this keeps it from being copied before.
  if (name.size() >= PATH_MAX) return failed(ErrorCode::NameTooLong);
  Parent parent;
  parent.folder = base;
  if (!folder.empty()) {
    auto opened = open_beneath(base, folder, O_PATH | O_DIRECTORY, resolution);
    if (!opened) return failed(opened.error());
    parent.opened = std::move(*opened);
    parent.folder = parent.opened.get();
  }
  parent.name = name;
  return parent;
}

FileResult<struct stat> stat_beneath(int base, std::string_view path, bool follows, Resolution resolution) {
  struct stat found = {};
  if (path.size() >= PATH_MAX) return failed(ErrorCode::NameTooLong);
  if (path == ".") {
    if (fstat(base, &found) != 0) return failed_with_errno();
    return found;
  }
  // One call instead of three where the path is one name: nothing to resolve, and a name that is no symlink needs no following.
  const std::optional<std::string_view> name = single_component(path);
  if (name && !has_nul(path) && resolution.mounts == Mounts::Cross && (!follows || name->size() == path.size())) {
    const PathText text(*name);
    if (fstatat(base, text.get(), &found, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT) != 0) return failed_with_errno();
    if (!follows || !S_ISLNK(found.st_mode)) return found;
  }
  auto opened = open_beneath(base, path, O_PATH | (follows ? 0 : O_NOFOLLOW), resolution);
  if (!opened) return failed(opened.error());
  if (fstat(opened->get(), &found) != 0) return failed_with_errno();
  return found;
}

Result<> check_openat2() {
  static const int error = [] {
    open_how how = {};
    how.flags = O_PATH | O_DIRECTORY | O_CLOEXEC;
    how.resolve = RESOLVE_NO_MAGICLINKS;
    const Fd opened(openat2(AT_FDCWD, "/", how));
    return opened ? 0 : errno;
  }();
  if (error == 0) return {};
  return fail(ErrorKind::Unsupported,
              fmt::format("files cannot be confined to a folder here: openat2(2), of Linux 5.6 or newer, fails with \"{}\"", std::strerror(error)));
}

}  // namespace tenon::wasi::filesystem
