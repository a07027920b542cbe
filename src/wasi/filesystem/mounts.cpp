#include "wasi/filesystem/mounts.h"

#include <algorithm>
#include <array>
#include <climits>
#include <mutex>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include "wasi/filesystem/beneath.h"

namespace tenon::wasi::filesystem {
namespace {

struct HangingType {
  uint64_t number;
  /// As in /proc/self/mountinfo; `fuse` stands for `fuse.sshfs` and the like, too.
  std::string_view name;
};

constexpr auto hanging_types = std::to_array<HangingType>({
    {0x6969, "nfs"},      {0x6969, "nfs4"},        {0x517B, "smb"},          {0xFE534D42, "smb3"},   {0xFF534D42, "cifs"},
    {0x65735546, "fuse"}, {0x65735546, "fuseblk"}, {0x65735546, "virtiofs"}, {0x01021997, "9p"},     {0x00C36400, "ceph"},
    {0x5346414F, "afs"},  {0x73757245, "coda"},    {0x7461636F, "ocfs2"},    {0x01161970, "gfs2"},   {0x0BD00BD0, "lustre"},
    {0x47504653, "gpfs"}, {0x0187, "autofs"},      {0x19830326, "beegfs"},   {0x786F4256, "vboxsf"}, {0x20030528, "orangefs"},
});

/// The next field of a line of mountinfo, which it takes off.
std::string_view take_field(std::string_view& line) {
  const size_t end = std::min(line.find(' '), line.size());
  const std::string_view field = line.substr(0, end);
  line.remove_prefix(std::min(end + 1, line.size()));
  return field;
}

/// Space, tab, newline and backslash are written as three octal digits there.
std::string unescaped(std::string_view text) {
  std::string plain;
  for (size_t i = 0; i < text.size(); i++) {
    if (text[i] == '\\' && i + 3 < text.size() && std::all_of(text.begin() + i + 1, text.begin() + i + 4, [](char c) { return c >= '0' && c <= '7'; })) {
      plain.push_back(static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 + (text[i + 3] - '0')));
      i += 3;
    } else {
      plain.push_back(text[i]);
    }
  }
  return plain;
}

std::string read_all(int descriptor) {
  std::string text;
  std::array<char, 4096> piece;
  for (off_t at = 0;;) {
    const ssize_t count = pread(descriptor, piece.data(), piece.size(), at);
    if (count <= 0) return text;
    text.append(piece.data(), static_cast<size_t>(count));
    at += count;
  }
}

/// The process's mounts, read again when the kernel says that they changed.
class MountTable final {
 public:
  std::vector<std::string> hanging() {
    const std::lock_guard lock(mutex_);
    if (!file_) {
      file_ = Fd(open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC));
      if (file_) points_ = hanging_mount_points(read_all(file_.get()));
      return points_;
    }
    pollfd changed = {file_.get(), POLLPRI, 0};
    if (poll(&changed, 1, 0) > 0 && (changed.revents & (POLLPRI | POLLERR)) != 0) points_ = hanging_mount_points(read_all(file_.get()));
    return points_;
  }

 private:
  std::mutex mutex_;
  Fd file_;
  std::vector<std::string> points_;
};

}  // namespace

bool may_hang(uint64_t file_system_type) {
  return std::any_of(hanging_types.begin(), hanging_types.end(), [&](const HangingType& type) { return type.number == file_system_type; });
}

bool is_proc(uint64_t file_system_type) { return file_system_type == 0x9FA0; }

bool folds_names(uint64_t file_system_type) {
  switch (file_system_type) {
    case 0x4D44:  // vfat
    case 0x2011BAB0:  // exfat
    case 0x7366746E:  // ntfs3
    case 0x5346544E:  // ntfs
    case 0x482B:  // hfsplus
    case 0x4244:  // hfs
    case 0x9660:  // iso9660
    case 0x517B:  // smb
    case 0xFE534D42:  // smb3
    case 0xFF534D42:  // cifs
    case 0x786F4256:  // vboxsf
      return true;
    default: return false;
  }
}

std::vector<std::string> hanging_mount_points(std::string_view mountinfo) {
  std::vector<std::string> points;
  while (!mountinfo.empty()) {
    const size_t end = std::min(mountinfo.find('\n'), mountinfo.size());
    std::string_view line = mountinfo.substr(0, end);
    mountinfo.remove_prefix(std::min(end + 1, mountinfo.size()));
    // Mount and parent ids, device, root, mount point, options, any number of tags, a dash, the type.
    for (int i = 0; i < 4; i++) take_field(line);
    const std::string_view point = take_field(line);
    while (!line.empty() && take_field(line) != "-") continue;
    const std::string_view type = take_field(line);
    const std::string_view family = type.substr(0, type.find('.'));
    if (std::any_of(hanging_types.begin(), hanging_types.end(), [&](const HangingType& known) { return known.name == family; })) {
      points.push_back(unescaped(point));
    }
  }
  return points;
}

bool has_hanging_mount_beneath(int descriptor) {
  static MountTable table;
  const std::vector<std::string> points = table.hanging();
  if (points.empty()) return false;
  std::array<char, PATH_MAX> buffer;
  const ssize_t length = readlink(fmt::format("/proc/self/fd/{}", descriptor).c_str(), buffer.data(), buffer.size());
  if (length <= 0 || static_cast<size_t>(length) == buffer.size()) return true;
  std::string folder(buffer.data(), static_cast<size_t>(length));
  if (folder != "/") folder.push_back('/');
  // What is mounted into /proc (binfmt_misc, lxcfs) is out of reach, because nothing leads onto /proc from elsewhere.
  return std::any_of(points.begin(), points.end(),
                     [&](const std::string& point) { return point.starts_with(folder) && (!point.starts_with("/proc/") || folder.starts_with("/proc/")); });
}

}  // namespace tenon::wasi::filesystem
