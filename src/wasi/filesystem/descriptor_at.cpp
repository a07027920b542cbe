#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <string>
#include <utility>

#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/utf8.h"
#include "wasi/descriptor_limit.h"
#include "wasi/filesystem/beneath.h"
#include "wasi/filesystem/descriptor.h"
#include "wasi/filesystem/error_code.h"
#include "wasi/filesystem/times.h"

/// The operations of a folder's descriptor on paths beneath it.
namespace tenon::wasi::filesystem {
namespace {

constexpr mode_t file_mode = 0666;
constexpr mode_t folder_mode = 0777;

bool follows(PathFlags flags) { return flags.has(PathFlags::symlink_follow); }

/// What was opened, and what that is.
struct Opened {
  Fd fd;
  struct stat found = {};
  /// Where it had to be asked for on the pool.
  std::optional<uint64_t> system;
};

FileResult<Opened> open_and_look(const OpenFile& base, std::string_view path, int flags, Resolution resolution) {
  Opened opened;
  auto fd = open_beneath(base.fd.get(), path, flags, resolution, file_mode);
  if (!fd) return failed(fd.error());
  opened.fd = std::move(*fd);
  if (!may_have_descriptor(opened.fd.get())) return failed(error_code(EMFILE));
  if (fstat(opened.fd.get(), &opened.found) != 0) return failed_with_errno();
  if (base.may_hang && opened.found.st_dev != base.device) {
    struct statfs system = {};
    if (fstatfs(opened.fd.get(), &system) != 0) return failed_with_errno();
    opened.system = static_cast<uint64_t>(system.f_type);
  }
  return opened;
}

/// How a guest wants something opened.
struct Wish {
  bool reads = false;
  bool writes = false;
  bool creates = false;
  bool is_exclusive = false;
  bool truncates = false;
  bool wants_folder = false;
  bool follows = false;

  Wish(PathFlags path_flags, OpenFlags open_flags, DescriptorFlags flags)
      : reads(flags.has(DescriptorFlags::read) || !flags.has(DescriptorFlags::write)),
        writes(flags.has(DescriptorFlags::write) || open_flags.has(OpenFlags::create | OpenFlags::truncate)),
        creates(open_flags.has(OpenFlags::create)),
        is_exclusive(open_flags.has(OpenFlags::exclusive)),
        truncates(open_flags.has(OpenFlags::truncate)),
        wants_folder(open_flags.has(OpenFlags::directory)),
        follows(filesystem::follows(path_flags)) {}

  int kernel_flags() const {
    int flags = writes ? (reads ? O_RDWR : O_WRONLY) : O_RDONLY;
    if (creates) flags |= O_CREAT;
    if (creates && is_exclusive) {
      flags |= O_EXCL;
    } else if (truncates) {
      flags |= O_TRUNC;
    }
    // With O_NOFOLLOW a symlink would be answered with `not-directory` instead of `loop`: it is looked at after it was opened.
    if (wants_folder && follows) flags |= O_DIRECTORY;
    if (!follows) flags |= O_NOFOLLOW;
    return flags;
  }

  Needs needs() const {
    Needs needs;
    const auto add = [&](Right right) {
      needs.all |= needs_of(right).all;
      needs.any |= needs_of(right).any;
    };
    if (wants_folder) {
      add(Right::OpenDirectory);
    } else if (reads) {
      add(Right::OpenRead);
    }
    if (writes) add(Right::OpenWrite);
    if (creates) add(Right::OpenCreate);
    return needs;
  }
};

}  // namespace

Answer<std::shared_ptr<const OpenFile>> Descriptor::open_file(Context& context, std::string_view path, int flags, Resolution resolution) {
  FileResult<Opened> opened;
  if (!file_->may_hang) [[likely]] {
    opened = open_and_look(*file_, path, flags, resolution);
  } else {
    // Shared because what runs on the pool is copied.
    TENON_TRY(auto brought, run_on(
                                context, file_,
                                [](const OpenFile& base, std::string_view at, int how, Resolution within) -> FileResult<std::shared_ptr<Opened>> {
                                  auto result = open_and_look(base, at, how, within);
                                  if (!result) return failed(result.error());
                                  return std::make_shared<Opened>(std::move(*result));
                                },
                                path, flags, resolution));
    if (!brought) return failed(brought.error());
    opened = std::move(**brought);
  }
  if (!opened) return failed(opened.error());
  const struct stat& found = opened->found;
  const FileResult<bool> may_hang = folder_->may_hang_on(found.st_dev, opened->fd.get(), opened->system);
  if (!may_hang) return failed(may_hang.error());
  const DescriptorType type = descriptor_type(found.st_mode);
  const bool is_device = type == DescriptorType::CharacterDevice || type == DescriptorType::BlockDevice;
  return share({.fd = std::move(opened->fd),
                .type = type,
                .device = found.st_dev,
                .inode = found.st_ino,
                .may_hang = *may_hang || is_device,
                .is_writable = (flags & O_ACCMODE) != O_RDONLY});
}

Answer<std::unique_ptr<Descriptor>> Descriptor::open_at(Context& context, PathFlags path_flags, std::string_view path, OpenFlags open_flags,
                                                        DescriptorFlags flags) {
  if (!is_folder()) return failed(ErrorCode::NotDirectory);
  const Wish wish(path_flags, open_flags, flags);
  if (flags.has(DescriptorFlags::file_integrity_sync | DescriptorFlags::data_integrity_sync | DescriptorFlags::requested_write_sync)) {
    return failed(ErrorCode::Unsupported);
  }
  if (wish.wants_folder && (wish.creates || wish.is_exclusive || wish.truncates)) return failed(ErrorCode::Invalid);
  if (wish.writes && refuses_change(context, wish.needs())) return failed(ErrorCode::NotPermitted);
  const std::optional<Resolution> resolution = allow(context, wish.needs(), path);
  if (!resolution) return failed(ErrorCode::NotPermitted);

  // Where the rules leave something to the path, it must be the path that leads to what is opened: first without symlinks, and if one is in the way, what lies
  // behind it has only the rights that hold everywhere.
  const bool is_uncertain = resolution->links == Links::Follow && rights_.mixed() != 0;
  Rights rights = rights_;
  TENON_TRY(auto opened, open_file(context, path, wish.kernel_flags(), {is_uncertain ? Links::Refuse : resolution->links, resolution->mounts}));
  if (is_uncertain && !opened && opened.error() == ErrorCode::Loop) {
    TENON_TRY(opened, open_file(context, path, wish.kernel_flags(), *resolution));
    rights = rights_.without_mixed();
  }
  if (!opened) return failed(opened.error());
  const std::shared_ptr<const OpenFile>& file = *opened;
  const bool is_a_folder = file->type == DescriptorType::Directory;
  if (wish.wants_folder && !is_a_folder) return failed(ErrorCode::NotDirectory);

  std::string at;
  if (is_a_folder || rights.allowed() != access::every) at = filesystem::guest_path(guest_path_, path).value_or(guest_path_);
  if (rights.mixed() != 0) rights = rights.beneath(context.guard(), at);
  if (folder_->folds_names) rights = rights.without_mixed();
  std::unique_ptr<Descriptor> descriptor(
      new Descriptor(file, folder_, rights, std::move(at), Mode{.reads = wish.reads, .writes = wish.writes}));  // NOLINT: the constructor is private
  // The use was noted for the folder.
  if (!is_a_folder) descriptor->noted_ = access::every;
  return descriptor;
}

Answer<struct stat> Descriptor::look_at(Context& context, Right right, PathFlags path_flags, std::string_view path) {
  if (!is_folder()) return failed(ErrorCode::NotDirectory);
  const std::optional<Resolution> resolution = allow(context, right, path);
  if (!resolution) return failed(ErrorCode::NotPermitted);
  return look_beneath(context, path, follows(path_flags), *resolution);
}

Answer<struct stat> Descriptor::look_beneath(Context& context, std::string_view path, bool follows_symlink, Resolution resolution) {
  return run_on(
      context, file_,
      [](const OpenFile& base, std::string_view at, bool is_followed, Resolution within) { return stat_beneath(base.fd.get(), at, is_followed, within); }, path,
      follows_symlink, resolution);
}

Answer<DescriptorStat> Descriptor::stat_at(Context& context, PathFlags path_flags, std::string_view path) {
  TENON_TRY(const auto found, look_at(context, Right::StatAt, path_flags, path));
  if (!found) return failed(found.error());
  return descriptor_stat(*found);
}

Answer<MetadataHash> Descriptor::metadata_hash_at(Context& context, PathFlags path_flags, std::string_view path) {
  TENON_TRY(const auto found, look_at(context, Right::MetadataHashAt, path_flags, path));
  if (!found) return failed(found.error());
  return filesystem::metadata_hash(found->st_dev, found->st_ino);
}

Answer<> Descriptor::set_times_at(Context& context, PathFlags path_flags, std::string_view path, const NewTimestamp& access, const NewTimestamp& modification) {
  if (!is_folder()) return failed(ErrorCode::NotDirectory);
  const auto times = new_times(access, modification);
  if (!times) return failed(times.error());
  if (refuses_change(context, needs_of(Right::SetTimesAt))) return failed(ErrorCode::NotPermitted);
  const std::optional<Resolution> resolution = allow(context, Right::SetTimesAt, path);
  if (!resolution) return failed(ErrorCode::NotPermitted);
  return run_on(
      context, file_,
      [](const OpenFile& base, std::string_view at, bool is_followed, Resolution within, const NewTimes& wanted) -> FileResult<> {
        const auto opened = open_beneath(base.fd.get(), at, O_PATH | (is_followed ? 0 : O_NOFOLLOW), within);
        if (!opened) return failed(opened.error());
        if (utimensat(opened->get(), "", wanted.data(), AT_EMPTY_PATH) != 0) return failed_with_errno();
        return {};
      },
      path, follows(path_flags), *resolution, *times);
}

Answer<std::string> Descriptor::readlink_at(Context& context, std::string_view path) {
  if (!is_folder()) return failed(ErrorCode::NotDirectory);
  const std::optional<Resolution> resolution = allow(context, Right::ReadlinkAt, path);
  if (!resolution) return failed(ErrorCode::NotPermitted);
  return run_on(
      context, file_,
      [](const OpenFile& base, std::string_view at, Resolution within) -> FileResult<std::string> {
        const auto parent = open_parent(base.fd.get(), at, within);
        if (!parent) return failed(parent.error());
        std::array<char, PATH_MAX> target;
        const ssize_t size = ::readlinkat(parent->folder, parent->name.c_str(), target.data(), target.size());
        if (size < 0) return failed_with_errno();
        std::string text(target.data(), static_cast<size_t>(size));
        // Where something lies on the machine is not the guest's business.
        if (text.starts_with('/')) return failed(ErrorCode::NotPermitted);
        if (!base::is_utf8(text)) return failed(ErrorCode::IllegalByteSequence);
        return text;
      },
      path, *resolution);
}

template <class F>
Answer<> Descriptor::change_at(Context& context, Right right, std::string_view path, const F& body) {
  if (!is_folder()) return failed(ErrorCode::NotDirectory);
  if (refuses_change(context, needs_of(right))) return failed(ErrorCode::NotPermitted);
  const std::optional<Resolution> resolution = allow(context, right, path);
  if (!resolution) return failed(ErrorCode::NotPermitted);
  return run_on(
      context, file_,
      [body](const OpenFile& base, std::string_view at, Resolution within) -> FileResult<> {
        const auto parent = open_parent(base.fd.get(), at, within);
        if (!parent) return failed(parent.error());
        if (body(parent->folder, parent->name.c_str()) != 0) return failed_with_errno();
        return {};
      },
      path, *resolution);
}

Answer<> Descriptor::create_directory_at(Context& context, std::string_view path) {
  return change_at(context, Right::CreateDirectoryAt, without_slashes(path), [](int folder, const char* name) { return mkdirat(folder, name, folder_mode); });
}

Answer<> Descriptor::remove_directory_at(Context& context, std::string_view path) {
  return change_at(context, Right::RemoveDirectoryAt, path, [](int folder, const char* name) { return unlinkat(folder, name, AT_REMOVEDIR); });
}

Answer<> Descriptor::unlink_file_at(Context& context, std::string_view path) {
  return change_at(context, Right::UnlinkFileAt, path, [](int folder, const char* name) { return unlinkat(folder, name, 0); });
}

Answer<> Descriptor::symlink_at(Context& context, std::string_view old_path, std::string_view new_path) {
  if (is_folder() && old_path.starts_with('/')) return failed(ErrorCode::NotPermitted);
  if (is_folder() && old_path.find('\0') != std::string_view::npos) return failed(ErrorCode::Invalid);
  if (is_folder() && old_path.size() >= PATH_MAX) return failed(ErrorCode::NameTooLong);
  return change_at(context, Right::SymlinkAt, new_path,
                   [target = std::string(old_path)](int folder, const char* name) { return symlinkat(target.c_str(), folder, name); });
}

Descriptor::Naming Descriptor::naming(Context& context, std::string_view old_path, const Descriptor& new_folder, std::string_view new_path) const {
  if ((~rights_.allowed() & ~new_folder.rights_.denied() & content_accesses) == 0) return {};
  const std::optional<std::string> from = filesystem::guest_path(guest_path_, old_path);
  const std::optional<std::string> to = filesystem::guest_path(new_folder.guest_path_, new_path);
  if (!from || !to) return {.may_file = false, .may_folder = false};
  return {.may_file = may_move_file(context.guard(), *from, *to), .may_folder = may_move_folder(context.guard(), *from, *to)};
}

Answer<> Descriptor::link_at(Context& context, PathFlags old_path_flags, std::string_view old_path, Descriptor& new_folder, std::string_view new_path) {
  if (!is_folder() || !new_folder.is_folder()) return failed(ErrorCode::NotDirectory);
  constexpr Needs writing = {.all = access::write, .any = 0};
  // Through a link what is read-only could be written.
  if (refuses_change(context, writing) || new_folder.refuses_change(context, needs_of(Right::LinkTarget))) return failed(ErrorCode::NotPermitted);
  if (follows(old_path_flags)) return failed(ErrorCode::Invalid);
  const std::optional<Resolution> from = allow(context, Right::LinkSource, old_path);
  const std::optional<Resolution> to = from ? new_folder.allow(context, Right::LinkTarget, new_path) : std::nullopt;
  // The kernel links no folders.
  if (!to || !naming(context, old_path, new_folder, new_path).may_file) return failed(ErrorCode::NotPermitted);
  return run_on(
      context, file_->may_hang ? file_ : new_folder.file_,
      [](const OpenFile& /*carrier*/, const std::shared_ptr<const OpenFile>& old_base, std::string_view old_at, Resolution old_within,
         const std::shared_ptr<const OpenFile>& new_base, std::string_view new_at, Resolution new_within) -> FileResult<> {
        const auto old_parent = open_parent(old_base->fd.get(), old_at, old_within);
        if (!old_parent) return failed(old_parent.error());
        const auto new_parent = open_parent(new_base->fd.get(), new_at, new_within);
        if (!new_parent) return failed(new_parent.error());
        if (linkat(old_parent->folder, old_parent->name.c_str(), new_parent->folder, new_parent->name.c_str(), 0) != 0) return failed_with_errno();
        return {};
      },
      file_, old_path, *from, new_folder.file_, new_path, *to);
}

Answer<> Descriptor::rename_at(Context& context, std::string_view old_path, Descriptor& new_folder, std::string_view new_path) {
  if (!is_folder() || !new_folder.is_folder()) return failed(ErrorCode::NotDirectory);
  if (refuses_change(context, needs_of(Right::RenameSource)) || new_folder.refuses_change(context, needs_of(Right::RenameTarget))) {
    return failed(ErrorCode::NotPermitted);
  }
  const std::optional<Resolution> from = allow(context, Right::RenameSource, old_path);
  const std::optional<Resolution> to = from ? new_folder.allow(context, Right::RenameTarget, new_path) : std::nullopt;
  const Naming may = to ? naming(context, old_path, new_folder, new_path) : Naming{.may_file = false, .may_folder = false};
  if (!may.may_file) return failed(ErrorCode::NotPermitted);
  if (!may.may_folder) {
    TENON_TRY(const auto found, look_beneath(context, old_path, false, *from));
    if (!found) return failed(found.error());
    if (S_ISDIR(found->st_mode)) return failed(ErrorCode::NotPermitted);
  }
  const auto rename = [&](unsigned flags) {
    return run_on(
        context, file_->may_hang ? file_ : new_folder.file_,
        [](const OpenFile& /*carrier*/, const std::shared_ptr<const OpenFile>& old_base, std::string_view old_at, Resolution old_within,
           const std::shared_ptr<const OpenFile>& new_base, std::string_view new_at, Resolution new_within, unsigned how) -> FileResult<> {
          auto old_parent = open_parent(old_base->fd.get(), without_slashes(old_at), old_within);
          if (!old_parent) return failed(old_parent.error());
          const auto new_parent = open_parent(new_base->fd.get(), without_slashes(new_at), new_within);
          if (!new_parent) return failed(new_parent.error());
          // A slash at either end asks for a folder.
          if (old_at.ends_with('/') || new_at.ends_with('/')) old_parent->name.push_back('/');
          if (renameat2(old_parent->folder, old_parent->name.c_str(), new_parent->folder, new_parent->name.c_str(), how) != 0) return failed_with_errno();
          return {};
        },
        file_, old_path, *from, new_folder.file_, new_path, *to, flags);
  };
  // What the new name stood for is deleted by this. Whether it stands for something only the kernel can tell, so the rules are asked when it does.
  const Needs replacing = {.all = access::remove, .any = 0};
  if (new_folder.rights_.allows(replacing)) return rename(0);
  TENON_TRY(FileResult<> renamed, rename(RENAME_NOREPLACE));
  if (renamed || (renamed.error() != ErrorCode::Exist && renamed.error() != ErrorCode::Invalid)) return renamed;
  if (!new_folder.allow(context, replacing, new_path)) return failed(ErrorCode::NotPermitted);
  return rename(0);
}

}  // namespace tenon::wasi::filesystem
