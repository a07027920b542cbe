#include "engine/cache.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <system_error>
#include <utility>

#include "base/encoding.h"
#include "base/log.h"
#include "engine/cache_format.h"
#include "engine/engine_state.h"

namespace tenon::engine {

namespace {

constexpr std::string_view folder_name = "code";
constexpr const char* secret_name = "secret";
constexpr std::string_view entry_suffix = ".code";
constexpr std::string_view temporary_prefix = "new-";
/// Modules smaller than this are read into memory instead of being mapped from a memory file: fewer calls into the system, but every page is taken twice.
constexpr uint64_t map_bytes_min = 64 << 10;
constexpr uint64_t page_bytes = 4096;
/// What an interrupted writer left is removed after this long.
constexpr std::chrono::hours temporary_age_max{1};

/// A file descriptor that is closed.
class File {
 public:
  File() = default;
  explicit File(int fd) : fd_(fd) {}
  ~File() {
    if (fd_ >= 0) close(fd_);
  }
  File(File&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  File& operator=(File&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  explicit operator bool() const { return fd_ >= 0; }
  int get() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }

 private:
  int fd_ = -1;
};

std::string reason(int code) { return std::generic_category().message(code); }

std::unexpected<Error> system_failure(std::string_view what, int code) {
  auto kind = code == EACCES || code == EPERM ? ErrorKind::Denied : ErrorKind::Unavailable;
  return fail(kind, fmt::format("{}: {}", what, reason(code)));
}

Digest digest(const Digest& secret, std::span<const std::byte> bytes) {
  Digest out;
  tn_blake3(secret.data(), bytes_of(bytes), out.data());
  return out;
}

Result<> read_at(int fd, std::span<std::byte> to, uint64_t offset) {
  while (!to.empty()) {
    ssize_t got = pread(fd, to.data(), to.size(), static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_failure("read", errno);
    if (got == 0) return fail(ErrorKind::InvalidInput, "the file ends early");
    to = to.subspan(static_cast<size_t>(got));
    offset += static_cast<uint64_t>(got);
  }
  return {};
}

Result<> write_all(int fd, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    ssize_t put = write(fd, bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return system_failure("write", errno);
    bytes = bytes.subspan(static_cast<size_t>(put));
  }
  return {};
}

/// A mapping that is unmapped.
class Mapping {
 public:
  Mapping(int fd, size_t size) : size_(size), address_(mmap(nullptr, size, PROT_READ, MAP_SHARED, fd, 0)) {}
  ~Mapping() {
    if (address_ != MAP_FAILED) munmap(address_, size_);
  }
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;
  explicit operator bool() const { return address_ != MAP_FAILED; }
  std::span<const std::byte> bytes() const { return {static_cast<const std::byte*>(address_), size_}; }

 private:
  size_t size_;
  void* address_;
};

/// Copies a part into a memory file that nobody can change any more, and checks what is in it then.
Result<File> sealed_copy(int from, const CachePart& part, const Digest& secret) {
  File copy(memfd_create("tenon-code", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!copy) return system_failure("memory file", errno);
  auto offset = static_cast<off_t>(part.offset);
  for (uint64_t left = part.size; left > 0;) {
    ssize_t sent = sendfile(copy.get(), from, &offset, left);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) return system_failure("copy", errno);
    if (sent == 0) return fail(ErrorKind::InvalidInput, "the file ends early");
    left -= static_cast<uint64_t>(sent);
  }
  if (fcntl(copy.get(), F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) return system_failure("seal", errno);
  Mapping mapping(copy.get(), part.size);
  if (!mapping) return system_failure("map", errno);
  if (digest(secret, mapping.bytes()) != part.digest) return fail(ErrorKind::InvalidInput, "the code was changed");
  return copy;
}

/// Copies a part into memory of ours, `to` of its size, and checks what is in it then.
Result<> copy_to(std::span<std::byte> to, int from, const CachePart& part, const Digest& secret) {
  TENON_CHECK_OK(read_at(from, to, part.offset));
  return digest(secret, to) == part.digest ? Result<>() : fail(ErrorKind::InvalidInput, "the bytes were changed");
}

Result<std::vector<std::byte>> private_copy(int from, const CachePart& part, const Digest& secret) {
  std::vector<std::byte> bytes(part.size);
  TENON_CHECK_OK(copy_to(bytes, from, part, secret));
  return bytes;
}

Result<core::Module> load_module(const Engine& engine, int from, const CachePart& part, const Digest& secret) {
  if (part.size < map_bytes_min) {
    // Not a vector, which would write zeros first.
    const auto bytes = std::make_unique_for_overwrite<std::byte[]>(part.size);
    const std::span<std::byte> copy(bytes.get(), part.size);
    TENON_CHECK_OK(copy_to(copy, from, part, secret));
    return core::Module::deserialize(engine, copy);
  }
  TENON_TRY(File copy, sealed_copy(from, part, secret));
  tn_module* made = nullptr;
  if (tn_error* error = tn_module_deserialize_fd(Access::native(engine), copy.get(), &made); error != nullptr) return std::unexpected(take_error(error));
  return Access::module(engine, OwnedModule(made));
}

/// Opens an entry and reads its head; the digest of the head is checked.
Result<CacheHead> read_head(int fd, const Digest& secret) {
  struct stat info{};
  if (fstat(fd, &info) != 0) return system_failure("stat", errno);
  if (!S_ISREG(info.st_mode)) return fail(ErrorKind::InvalidInput, "no regular file");
  auto file_bytes = static_cast<uint64_t>(info.st_size);
  std::vector<std::byte> head(cache_head_fixed_bytes);
  TENON_CHECK_OK(read_at(fd, head, 0));
  TENON_TRY(size_t size, cache_head_size(head));
  if (size > file_bytes) return fail(ErrorKind::InvalidInput, "the file ends early");
  head.resize(size);
  TENON_CHECK_OK(read_at(fd, head, 0));
  Digest written;
  std::memcpy(written.data(), head.data() + size - sizeof(Digest), sizeof(Digest));
  if (digest(secret, std::span(head).first(size - sizeof(Digest))) != written) return fail(ErrorKind::InvalidInput, "the head was changed");
  return parse_cache_head(head, file_bytes);
}

std::string file_name(const CacheKey& key) { return base::encode_hex(std::as_bytes(std::span(key))) + std::string(entry_suffix); }

File open_entry(int folder, const std::string& name) { return File(openat(folder, name.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)); }

std::string random_name() {
  std::array<uint8_t, 16> bytes{};
  if (getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) return std::string(temporary_prefix) + std::to_string(getpid());
  return std::string(temporary_prefix) + base::encode_hex(std::as_bytes(std::span(bytes)));
}

/// A file that is being written beside its place; removed unless it was moved there.
class NewFile {
 public:
  explicit NewFile(int folder)
      : folder_(folder), name_(random_name()), file_(openat(folder, name_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600)) {}
  ~NewFile() {
    if (file_ && !moved_) unlinkat(folder_, name_.c_str(), 0);
  }
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;
  explicit operator bool() const { return static_cast<bool>(file_); }
  int fd() const { return file_.get(); }
  /// Takes the place of what was there.
  bool move_to(const std::string& name) {
    moved_ = renameat(folder_, name_.c_str(), folder_, name.c_str()) == 0;
    return moved_;
  }
  /// Fails with EEXIST when somebody was faster.
  bool link_to(const char* name) const { return linkat(folder_, name_.c_str(), folder_, name, 0) == 0; }

 private:
  int folder_;
  std::string name_;
  File file_;
  bool moved_ = false;
};

/// The folder's secret, made by whoever comes first.
Result<Digest> read_secret(int folder) {
  for (int attempt = 0; attempt < 2; ++attempt) {
    if (File file = open_entry(folder, secret_name)) {
      struct stat info{};
      Digest secret;
      if (fstat(file.get(), &info) != 0) return system_failure("the secret", errno);
      if (!S_ISREG(info.st_mode) || info.st_uid != geteuid() || (info.st_mode & 077) != 0) return fail(ErrorKind::Denied, "the secret can be read by others");
      if (info.st_size != sizeof(secret))
        return fail(ErrorKind::Unavailable, fmt::format("the secret has {} bytes, expected {}; remove the folder", info.st_size, sizeof(secret)));
      TENON_CHECK_OK(read_at(file.get(), std::as_writable_bytes(std::span(secret)), 0));
      return secret;
    }
    if (errno != ENOENT) return system_failure("the secret", errno);
    NewFile file(folder);
    if (!file) return system_failure("a new secret", errno);
    Digest secret;
    if (getrandom(secret.data(), secret.size(), 0) != static_cast<ssize_t>(secret.size())) return system_failure("random numbers", errno);
    TENON_CHECK_OK(write_all(file.fd(), std::as_bytes(std::span(secret))));
    if (!file.link_to(secret_name) && errno != EEXIST) return system_failure("a new secret", errno);
  }
  return fail(ErrorKind::Unavailable, "the secret comes and goes");
}

/// The names in a folder that are regular entries of the cache or left over from writers.
Result<std::vector<std::string>> names_in(int folder) {
  int copy = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (copy < 0) return system_failure("list", errno);
  DIR* stream = fdopendir(copy);
  if (stream == nullptr) {
    int code = errno;
    close(copy);
    return system_failure("list", code);
  }
  std::vector<std::string> names;
  while (const dirent* entry = readdir(stream)) {
    std::string_view name = entry->d_name;
    if (name.ends_with(entry_suffix) || name.starts_with(temporary_prefix)) names.emplace_back(name);
  }
  closedir(stream);
  return names;
}

std::chrono::system_clock::time_point time_of(const timespec& time) {
  return std::chrono::system_clock::time_point(
      std::chrono::duration_cast<std::chrono::system_clock::duration>(std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec)));
}

}  // namespace

Result<std::unique_ptr<CodeCache>> CodeCache::open(const std::filesystem::path& folder, uint64_t bytes_max) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  std::filesystem::path own = folder / folder_name;
  if (mkdir(own.c_str(), 0700) != 0 && errno != EEXIST) return system_failure(own.string(), errno);
  File opened(::open(own.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
  if (!opened) return system_failure(own.string(), errno);
  struct stat info{};
  if (fstat(opened.get(), &info) != 0) return system_failure(own.string(), errno);
  if (info.st_uid != geteuid()) return fail(ErrorKind::Denied, fmt::format("{} belongs to user {}", own.string(), info.st_uid));
  if ((info.st_mode & 077) != 0)
    return fail(ErrorKind::Denied, fmt::format("{} can be entered by others (mode {:o}, expected 700)", own.string(), info.st_mode & 0777));
  if (faccessat(opened.get(), ".", W_OK | X_OK, AT_EACCESS) != 0) return system_failure(own.string(), errno);
  auto secret = read_secret(opened.get());
  if (!secret) return std::unexpected(std::move(secret).error().wrap(own.string()));
  return std::unique_ptr<CodeCache>(new CodeCache(opened.release(), bytes_max, *secret));
}

CodeCache::~CodeCache() { close(folder_); }

CacheKey CodeCache::key(const Engine& engine, std::string_view label, std::span<const std::byte> content) {
  std::vector<std::byte> parts;
  auto append = [&parts](std::span<const std::byte> bytes) { parts.insert(parts.end(), bytes.begin(), bytes.end()); };
  Digest content_digest;
  tn_blake3(nullptr, bytes_of(content), content_digest.data());
  append(std::as_bytes(std::span(engine.fingerprint())));
  append(std::as_bytes(std::span(content_digest)));
  append(std::as_bytes(std::span(label)));
  CacheKey key;
  tn_blake3(nullptr, bytes_of(parts), key.data());
  return key;
}

std::optional<CacheEntry> CodeCache::load(const Engine& engine, const CacheKey& key) {
  std::string name = file_name(key);
  File file = open_entry(folder_, name);
  if (!file) {
    base::log(base::LogLevel::Debug, fmt::format("cache: no {}", name));
    return std::nullopt;
  }
  auto read = [&]() -> Result<CacheEntry> {
    TENON_TRY(CacheHead head, read_head(file.get(), secret_));
    if (head.key != key) return fail(ErrorKind::InvalidInput, "the entry is another's");
    CacheEntry entry;
    TENON_TRY(entry.plain, private_copy(file.get(), head.parts[0], secret_));
    for (const CachePart& part : std::span(head.parts).subspan(1)) {
      TENON_TRY(core::Module module, load_module(engine, file.get(), part, secret_));
      entry.modules.push_back(std::move(module));
    }
    return entry;
  };
  auto entry = read();
  if (!entry) {
    // What the machine could not do now may work later; what is wrong stays wrong.
    const bool is_wrong = entry.error().kind() == ErrorKind::InvalidInput;
    if (is_wrong) unlinkat(folder_, name.c_str(), 0);
    base::log(base::LogLevel::Warn, fmt::format("cache: {} is not used{}: {}", name, is_wrong ? " and removed" : "", entry.error().message()));
    return std::nullopt;
  }
  base::log(base::LogLevel::Debug, fmt::format("cache: {} is used", name));
  futimens(file.get(), nullptr);
  return std::move(*entry);
}

Result<> CodeCache::save(const CacheKey& key, std::string_view label, std::span<const std::byte> plain, std::span<const core::Module> modules) {
  auto written = write(key, label, plain, modules);
  base::log(base::LogLevel::Debug, fmt::format("cache: {} is {}", file_name(key), written ? "written" : "not written: " + written.error().message()));
  if (!written) {
    const std::scoped_lock lock(trouble_mutex_);
    if (trouble_.empty()) trouble_ = written.error().message();
  }
  return written;
}

std::string CodeCache::trouble() const {
  const std::scoped_lock lock(trouble_mutex_);
  return trouble_;
}

Result<> CodeCache::write(const CacheKey& key, std::string_view label, std::span<const std::byte> plain, std::span<const core::Module> modules) {
  CacheHead head{.key = key, .label = std::string(label.substr(0, cache_label_bytes_max)), .parts = {}};
  if (modules.size() >= cache_parts_max)
    return fail(ErrorKind::LimitExceeded, fmt::format("{} modules, the cache takes {}", modules.size(), cache_parts_max - 1));
  std::vector<Buffer> codes(modules.size());
  std::vector<std::span<const std::byte>> parts{plain};
  for (size_t i = 0; i < modules.size(); ++i) {
    if (tn_error* error = tn_module_serialize(Access::native(modules[i]), codes[i].out()); error != nullptr) return std::unexpected(take_error(error));
    parts.push_back(codes[i].bytes());
  }
  uint64_t end = cache_head_bytes(parts.size());
  for (std::span<const std::byte> part : parts) {
    uint64_t offset = (end + page_bytes - 1) / page_bytes * page_bytes;
    head.parts.push_back({.offset = offset, .size = part.size(), .digest = digest(secret_, part)});
    end = offset + part.size();
  }
  if (end > bytes_max_) return fail(ErrorKind::LimitExceeded, fmt::format("an entry of {} bytes, the cache takes {}", end, bytes_max_));
  std::vector<std::byte> bytes = write_cache_head(head);
  Digest seal = digest(secret_, bytes);
  bytes.insert(bytes.end(), reinterpret_cast<const std::byte*>(seal.data()), reinterpret_cast<const std::byte*>(seal.data()) + seal.size());

  evict(bytes_max_ - end);
  NewFile file(folder_);
  if (!file) return system_failure("a new cache file", errno);
  TENON_CHECK_OK(write_all(file.fd(), bytes));
  uint64_t at = bytes.size();
  static constexpr std::array<std::byte, page_bytes> padding{};
  for (size_t i = 0; i < parts.size(); ++i) {
    TENON_CHECK_OK(write_all(file.fd(), std::span(padding).first(head.parts[i].offset - at)));
    TENON_CHECK_OK(write_all(file.fd(), parts[i]));
    at = head.parts[i].offset + parts[i].size();
  }
  if (!file.move_to(file_name(key))) return system_failure("a new cache file", errno);
  return {};
}

Result<std::vector<CacheItem>> CodeCache::list(Check check) const {
  TENON_TRY(std::vector<std::string> names, names_in(folder_));
  std::vector<CacheItem> items;
  for (const std::string& name : names) {
    if (!name.ends_with(entry_suffix)) continue;
    File file = open_entry(folder_, name);
    if (!file) {
      if (errno == ENOENT) continue;
      items.push_back({.file = name, .label = "", .bytes = 0, .last_used = {}, .fault = reason(errno)});
      continue;
    }
    struct stat info{};
    if (fstat(file.get(), &info) != 0) continue;
    CacheItem item{.file = name, .label = "", .bytes = static_cast<uint64_t>(info.st_size), .last_used = time_of(info.st_mtim), .fault = ""};
    auto head = read_head(file.get(), secret_);
    if (!head) {
      item.fault = head.error().message();
    } else if (file_name(head->key) != name) {
      item.fault = "the entry is another's";
    } else {
      item.label = head->label;
      for (size_t i = 0; check == Check::Digests && i < head->parts.size() && item.fault.empty(); ++i) {
        if (auto bytes = private_copy(file.get(), head->parts[i], secret_); !bytes) item.fault = fmt::format("part {}: {}", i, bytes.error().message());
      }
    }
    items.push_back(std::move(item));
  }
  std::sort(items.begin(), items.end(), [](const CacheItem& a, const CacheItem& b) { return a.last_used > b.last_used; });
  return items;
}

Result<uint64_t> CodeCache::clean() {
  TENON_TRY(std::vector<std::string> names, names_in(folder_));
  uint64_t freed = 0;
  for (const std::string& name : names) {
    struct stat info{};
    if (fstatat(folder_, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) continue;
    if (unlinkat(folder_, name.c_str(), 0) == 0) freed += static_cast<uint64_t>(info.st_size);
  }
  return freed;
}

Result<size_t> CodeCache::remove_faulty() {
  TENON_TRY(std::vector<CacheItem> items, list(Check::Digests));
  size_t removed = 0;
  for (const CacheItem& item : items) {
    if (!item.fault.empty() && unlinkat(folder_, item.file.c_str(), 0) == 0) ++removed;
  }
  return removed;
}

void CodeCache::evict(uint64_t bytes_max) const {
  struct Entry {
    std::string name;
    uint64_t bytes;
    std::chrono::system_clock::time_point last_used;
  };
  auto names = names_in(folder_);
  if (!names) return;
  std::vector<Entry> entries;
  uint64_t total = 0;
  auto now = std::chrono::system_clock::now();
  for (std::string& name : *names) {
    struct stat info{};
    if (fstatat(folder_, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) continue;
    if (name.starts_with(temporary_prefix)) {
      if (now - time_of(info.st_mtim) > temporary_age_max) unlinkat(folder_, name.c_str(), 0);
      continue;
    }
    total += static_cast<uint64_t>(info.st_size);
    entries.push_back({std::move(name), static_cast<uint64_t>(info.st_size), time_of(info.st_mtim)});
  }
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) { return a.last_used < b.last_used; });
  for (const Entry& entry : entries) {
    if (total <= bytes_max) break;
    // Another process may have been faster; whoever has the file open keeps it.
    if (unlinkat(folder_, entry.name.c_str(), 0) == 0 || errno == ENOENT) total -= entry.bytes;
  }
}

}  // namespace tenon::engine
