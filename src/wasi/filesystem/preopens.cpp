#include "wasi/filesystem/preopens.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/vfs.h>

#include "wasi/filesystem/closing.h"
#include "wasi/filesystem/error_code.h"
#include "wasi/filesystem/mounts.h"

namespace tenon::wasi::filesystem {
namespace {

bool is_beneath(std::string_view path, std::string_view folder) {
  if (folder == "/") return true;
  return path.starts_with(folder) && (path.size() == folder.size() || path[folder.size()] == '/');
}

/// `path`, which is `folder` or beneath it, beneath `host` instead.
std::string moved_beneath(std::string_view path, std::string_view folder, std::string_view host) {
  std::string moved(host);
  const std::string_view rest = path.substr(folder == "/" ? 0 : folder.size());
  if (rest.empty() || rest == "/") return moved;
  while (moved.ends_with('/')) moved.pop_back();
  return moved.append(rest);
}

/// File systems of one folder that are remembered; more are asked each time.
constexpr size_t devices_max = 64;

std::string parent_of(const std::string& path) { return path.substr(0, std::max<size_t>(path.rfind('/'), 1)); }

ErrorKind kind_of(int number) {
  switch (number) {
    case ENOENT: return ErrorKind::NotFound;
    case ENOTDIR:
    case EINVAL:
    case ENAMETOOLONG:
    case ELOOP: return ErrorKind::InvalidInput;
    case EACCES:
    case EPERM: return ErrorKind::Denied;
    default: return ErrorKind::Unavailable;
  }
}

}  // namespace

DescriptorType descriptor_type(mode_t mode) {
  switch (mode & S_IFMT) {
    case S_IFBLK: return DescriptorType::BlockDevice;
    case S_IFCHR: return DescriptorType::CharacterDevice;
    case S_IFDIR: return DescriptorType::Directory;
    case S_IFIFO: return DescriptorType::Fifo;
    case S_IFLNK: return DescriptorType::SymbolicLink;
    case S_IFREG: return DescriptorType::RegularFile;
    case S_IFSOCK: return DescriptorType::Socket;
    default: return DescriptorType::Unknown;
  }
}

std::string read_only_reason(const Mount& mount) {
  return fmt::format("the folder {} is read-only{}{}", mount.guest_path, mount.read_only_advice.empty() ? "" : ": ", mount.read_only_advice);
}

std::shared_ptr<const policy::Rules> keep_read_only(std::shared_ptr<const policy::Rules> rules, const std::vector<Mount>& mounts) {
  constexpr std::array changes = {policy::Access::FilesystemWrite, policy::Access::FilesystemCreate, policy::Access::FilesystemDelete};
  const auto is_open = [&](const Mount& mount) {
    const auto may = [&](policy::Access change) { return rules->subtree(change, mount.guest_path) != policy::Subtree::Denied; };
    return mount.is_read_only && std::ranges::any_of(changes, may);
  };
  if (std::ranges::none_of(mounts, is_open)) return rules;
  std::vector<const Mount*> innermost_first;
  innermost_first.reserve(mounts.size());
  for (const Mount& mount : mounts) innermost_first.push_back(&mount);
  std::ranges::sort(innermost_first, [](const Mount* a, const Mount* b) {
    return a->guest_path.size() != b->guest_path.size() ? a->guest_path.size() > b->guest_path.size() : a < b;
  });
  policy::RuleLayer layer{.key = policy::RuleLayer::Key::Folders, .scopes = {}, .place = {}};
  for (const Mount* mount : innermost_first) {
    policy::RuleScope& scope = layer.scopes.emplace_back(policy::RuleScope{.name = mount->guest_path, .rules = {}});
    for (const policy::Access change : changes) {
      const policy::AccessName name = policy::name_of(change);
      scope.rules.push_back({.capability = policy::Capability{.domain = std::string(name.domain),
                                                              .action = std::string(name.action),
                                                              .target = policy::PathPattern::of_path(mount->guest_path)},
                             .effect = mount->is_read_only ? policy::Effect::Deny : policy::Effect::Allow,
                             .source = {.file = {}, .line = 0, .key = mount->is_read_only ? read_only_reason(*mount) : "mount"}});
    }
  }
  layer.scopes.push_back({.name = "all else", .rules = {{.capability = std::nullopt, .source = {.file = {}, .line = 0, .key = "mounts"}}}});
  return policy::Rules::narrowed(*rules, std::move(layer));
}

std::shared_ptr<const OpenFile> share(OpenFile file) {
  if (!file.may_hang) return std::make_shared<const OpenFile>(std::move(file));
  return {std::make_unique<OpenFile>(std::move(file)).release(), [](OpenFile* last) { Closing::shared().close(std::unique_ptr<OpenFile>(last)); }};
}

FileResult<bool> Folder::may_hang_on(dev_t device, int descriptor, std::optional<uint64_t> system) {
  if (device == file->device) return file->may_hang;
  for (const auto& [known, answer] : devices_) {
    if (known == device) return answer;
  }
  if (!system) {
    struct statfs found = {};
    if (fstatfs(descriptor, &found) != 0) return failed_with_errno();
    system = static_cast<uint64_t>(found.f_type);
  }
  FileResult<bool> answer = has_hanging_beneath_ || filesystem::may_hang(*system);
  if (is_proc(*system) && !is_on_proc_) answer = failed(ErrorCode::NotPermitted);
  if (devices_.size() < devices_max) devices_.emplace_back(device, answer);
  return answer;
}

Rights Folder::rights(const policy::Guard& guard) const {
  const Rights asked = Rights::of(guard, guest_path);
  return folds_names ? asked.without_mixed() : asked;
}

Result<std::shared_ptr<Folder>> Preopens::open_folder(const Wanted& wanted) {
  const Mount& mount = wanted.mount;
  const auto refuse = [&](int number) {
    return fail(kind_of(number), fmt::format("folder {} for the guest's {}: {}", mount.host_path, mount.guest_path, std::strerror(number)));
  };
  if (mount.host_path.find('\0') != std::string::npos) return refuse(EINVAL);
  std::string guest_path = mount.guest_path;
  Fd opened(::open(mount.host_path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!opened && errno == ENOTDIR && wanted.may_be_file) {
    guest_path = parent_of(guest_path);
    opened = Fd(::open(parent_of(mount.host_path).c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  }
  if (!opened) return refuse(errno);
  struct stat found = {};
  struct statfs system = {};
  if (fstat(opened.get(), &found) != 0 || fstatfs(opened.get(), &system) != 0) return refuse(errno);
  auto folder = std::make_shared<Folder>();
  const auto type = static_cast<uint64_t>(system.f_type);
  folder->is_on_proc_ = is_proc(type);
  folder->has_hanging_beneath_ = mount.crosses_mounts && has_hanging_mount_beneath(opened.get());
  folder->name = mount.name.empty() ? guest_path : mount.name;
  folder->guest_path = std::move(guest_path);
  folder->is_read_only = mount.is_read_only;
  if (mount.is_read_only) folder->read_only_reason = read_only_reason(mount);
  folder->mounts = mount.crosses_mounts ? Mounts::Cross : Mounts::Stay;
  folder->folds_names = filesystem::folds_names(type);
  folder->file = share({.fd = std::move(opened),
                        .type = DescriptorType::Directory,
                        .device = found.st_dev,
                        .inode = found.st_ino,
                        .may_hang = folder->has_hanging_beneath_ || filesystem::may_hang(type),
                        .is_writable = false});
  return folder;
}

Result<std::shared_ptr<Folder>> Preopens::open_mount(const Mount& mount) { return open_folder({.mount = mount, .may_be_file = false}); }

std::vector<Preopens::Wanted> Preopens::wanted(const policy::Guard& guard, const std::vector<Mount>& mounts) {
  // In the order of the mounts, because programs begin in the first folder that they get.
  std::vector<std::vector<Wanted>> by_mount(mounts.size() + 1);
  std::vector<bool> is_used(mounts.size());
  for (const policy::GrantedFolder& grant : guard.folders()) {
    // The mount that the folder lies in: the innermost.
    size_t over = mounts.size();
    for (size_t i = 0; i < mounts.size(); i++) {
      const std::string& path = mounts[i].guest_path;
      if (is_beneath(grant.guest_path, path) && (over == mounts.size() || path.size() > mounts[over].guest_path.size())) over = i;
    }
    Wanted part{.mount = {.host_path = grant.guest_path, .guest_path = grant.guest_path}, .may_be_file = true};
    if (over != mounts.size()) {
      part = {.mount = mounts[over], .may_be_file = mounts[over].guest_path != grant.guest_path};
      part.mount.host_path = moved_beneath(grant.guest_path, part.mount.guest_path, part.mount.host_path);
      part.mount.guest_path = grant.guest_path;
      if (part.may_be_file) part.mount.name.clear();
      is_used[over] = true;
    }
    by_mount[over].push_back(std::move(part));
    for (size_t i = 0; i < mounts.size(); i++) {
      if (i == over || !is_beneath(mounts[i].guest_path, grant.guest_path) || mounts[i].guest_path == grant.guest_path) continue;
      by_mount[i].push_back({.mount = mounts[i], .may_be_file = false});
      is_used[i] = true;
    }
  }
  std::vector<Wanted> wanted;
  for (size_t i = 0; i < by_mount.size(); i++) {
    wanted.insert(wanted.end(), by_mount[i].begin(), by_mount[i].end());
    // Rules that only observe name no folder.
    if (i < mounts.size() && !is_used[i] && Rights::of(guard, mounts[i].guest_path).allowed() != 0)
      wanted.push_back({.mount = mounts[i], .may_be_file = false});
  }
  return wanted;
}

Result<> Preopens::open(Context& context) {
  if (is_open_) return {};
  const policy::Guard& guard = context.guard();
  const std::vector<Wanted> folders = wanted(guard, context.config().mounts);
  if (!folders.empty()) TENON_CHECK_OK(check_openat2());
  folders_.clear();
  for (const Wanted& one : folders) {
    TENON_TRY(std::shared_ptr<Folder> folder, open_folder(one));
    // Rules that name two files of one folder open it once.
    const auto is_same = [&](const auto& other) { return other->guest_path == folder->guest_path; };
    if (std::none_of(folders_.begin(), folders_.end(), is_same)) folders_.push_back(std::move(folder));
  }
  is_open_ = true;
  return {};
}

Result<> open_preopens(Context& context) { return context.part<Preopens>().open(context); }

}  // namespace tenon::wasi::filesystem
