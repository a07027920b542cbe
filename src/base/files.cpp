#include "base/files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <system_error>
#include <utility>

namespace tenon::base {
namespace {

/// How much is read at a time where nobody knows how much there is.
constexpr size_t chunk_bytes_min = size_t{64} << 10;
constexpr size_t chunk_bytes_max = size_t{1} << 20;

class Descriptor final {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  int number() const { return number_; }
  /// Closing reports what buffered writing could not (quotas, network file systems).
  bool close() { return ::close(std::exchange(number_, -1)) == 0; }

 private:
  int number_;
};

std::unexpected<Error> system_failure(std::string_view what, const std::filesystem::path& path, int code) {
  ErrorKind kind = ErrorKind::Unavailable;
  if (code == ENOENT || code == ENOTDIR) kind = ErrorKind::NotFound;
  if (code == EACCES || code == EPERM || code == EROFS) kind = ErrorKind::Denied;
  return fail(kind, fmt::format("{} {}: {}", what, path.string(), std::generic_category().message(code)));
}

Result<std::string> read_all(int descriptor, const std::filesystem::path& path, uint64_t size_hint, uint64_t size_max) {
  std::string content;
  content.reserve(std::min(size_hint, size_max) + 1);
  while (true) {
    const size_t filled = content.size();
    // One byte more than there should be tells the end, and one more than allowed tells "full" from "too large".
    const uint64_t expected = size_hint != 0 && filled <= size_hint ? size_hint - filled + 1 : std::clamp<uint64_t>(filled, chunk_bytes_min, chunk_bytes_max);
    const size_t want = std::min(expected, size_max - filled + 1);
    ssize_t got = 0;
    int code = 0;
    // Not `resize`, which would write zeros first.
    content.resize_and_overwrite(filled + want, [&](char* data, size_t /*size*/) {
      got = ::read(descriptor, data + filled, want);
      code = errno;
      return filled + static_cast<size_t>(std::max<ssize_t>(got, 0));
    });
    if (got < 0 && code == EINTR) continue;
    if (got < 0) return system_failure("cannot read", path, code);
    if (got == 0) return content;
    if (content.size() > size_max) return fail(ErrorKind::LimitExceeded, fmt::format("{} is larger than {} bytes", path.string(), size_max));
  }
}

bool write_all(int descriptor, std::string_view content) {
  while (!content.empty()) {
    const ssize_t written = ::write(descriptor, content.data(), content.size());
    if (written < 0 && errno != EINTR) return false;
    if (written > 0) content.remove_prefix(static_cast<size_t>(written));
  }
  return true;
}

/// Writes to what is there already: a device, a pipe, an open file by its name in /proc. Nothing takes its place.
Result<> write_into(const std::filesystem::path& path, std::string_view content) {
  Descriptor file(::open(path.c_str(), O_WRONLY | O_TRUNC | O_CLOEXEC | O_NOCTTY));
  if (file.number() < 0 || !write_all(file.number(), content) || !file.close()) return system_failure("cannot write", path, errno);
  return {};
}

/// The file that `path` names after all links, which need not be there yet.
std::filesystem::path follow_links(std::filesystem::path path) {
  constexpr int links_max = 40;  // as the kernel's
  std::error_code failure;
  for (int i = 0; i < links_max; i++) {
    const std::filesystem::path next = std::filesystem::read_symlink(path, failure);
    if (failure) break;
    path = path.parent_path() / next;
    // These links lead to what is open, whatever text they hold.
    if (path.native().starts_with("/proc/")) break;
  }
  return path;
}

}  // namespace

Result<std::string> read_file(const std::filesystem::path& path, uint64_t size_max) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  struct stat status = {};
  if (file.number() < 0 || ::fstat(file.number(), &status) != 0) return system_failure("cannot open", path, errno);
  if (S_ISDIR(status.st_mode)) return fail(ErrorKind::InvalidInput, fmt::format("{} is a folder", path.string()));
  const uint64_t size = S_ISREG(status.st_mode) ? static_cast<uint64_t>(status.st_size) : 0;
  if (size > size_max) return fail(ErrorKind::LimitExceeded, fmt::format("{} is {} bytes, at most {} are read", path.string(), size, size_max));
  return read_all(file.number(), path, size, size_max);
}

Result<std::string> read_stdin(uint64_t size_max) { return read_all(STDIN_FILENO, "standard input", 0, size_max); }

Result<> write_file(const std::filesystem::path& path, std::string_view content, mode_t mode) {
  const std::filesystem::path target = follow_links(path);
  struct stat status = {};
  if (::stat(target.c_str(), &status) == 0) {
    if (S_ISDIR(status.st_mode)) return fail(ErrorKind::InvalidInput, fmt::format("cannot write {}: it is a folder", path.string()));
    if (!S_ISREG(status.st_mode) || target.native().starts_with("/proc/")) return write_into(target, content);
    mode &= status.st_mode;
  }
  // By chance and not by the process's number, which is the same in many containers: what one that was killed left would be in the way for ever.
  uint64_t number = 0;
  if (::getrandom(&number, sizeof(number), 0) != static_cast<ssize_t>(sizeof(number))) return system_failure("no random name beside", path, errno);
  const std::filesystem::path temporary = fmt::format("{}.{:016x}.new", target.string(), number);
  Descriptor file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
  if (file.number() < 0) return system_failure("cannot write", path, errno);
  if (!write_all(file.number(), content) || !file.close() || ::rename(temporary.c_str(), target.c_str()) != 0) {
    const int code = errno;
    ::unlink(temporary.c_str());
    return system_failure("cannot write", path, code);
  }
  return {};
}

}  // namespace tenon::base
