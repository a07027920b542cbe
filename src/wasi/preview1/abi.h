#pragma once

#include <cstdint>

#include "wasi/filesystem/types.h"

/// Numbers of the preview 1 ABI (`wasi_snapshot_preview1.witx`), by the names that they have there.
namespace tenon::wasi::preview1 {

enum class Errno : uint16_t {
  Success = 0,
  TooBig = 1,
  Access = 2,
  Again = 6,
  BadDescriptor = 8,
  Busy = 10,
  Exist = 20,
  Fault = 21,
  IllegalByteSequence = 25,
  Invalid = 28,
  Io = 29,
  IsDirectory = 31,
  NameTooLong = 37,
  NoEntry = 44,
  NoMemory = 48,
  NoSystemCall = 52,
  NotDirectory = 54,
  NotSocket = 57,
  NotSupported = 58,
  Overflow = 61,
  NotPermitted = 63,
  Pipe = 64,
  Range = 68,
  SeekPipe = 70,
  NotCapable = 76,
};

/// The errno of a case of wasi:filesystem's `error-code`.
inline Errno errno_of(filesystem::ErrorCode code) {
  // In the order of the WIT text.
  constexpr uint16_t numbers[] = {2,  6,  7,  8,  10, 16, 19, 20, 22, 25, 26, 27, 28, 29, 31, 32, 34, 35, 37,
                                  43, 44, 46, 48, 51, 54, 55, 56, 58, 59, 60, 61, 63, 64, 69, 70, 74, 75};
  return static_cast<Errno>(numbers[static_cast<size_t>(code)]);
}

enum class FileType : uint8_t { Unknown = 0, BlockDevice = 1, CharacterDevice = 2, Directory = 3, RegularFile = 4, SocketStream = 6, SymbolicLink = 7 };

inline FileType filetype_of(filesystem::DescriptorType type) {
  using filesystem::DescriptorType;
  switch (type) {
    case DescriptorType::BlockDevice: return FileType::BlockDevice;
    case DescriptorType::CharacterDevice: return FileType::CharacterDevice;
    case DescriptorType::Directory: return FileType::Directory;
    case DescriptorType::RegularFile: return FileType::RegularFile;
    case DescriptorType::Socket: return FileType::SocketStream;
    case DescriptorType::SymbolicLink: return FileType::SymbolicLink;
    default: return FileType::Unknown;
  }
}

namespace fdflags {
constexpr uint16_t append = 1, dsync = 2, nonblock = 4, rsync = 8, sync = 16;
}
namespace oflags {
constexpr uint16_t creat = 1, directory = 2, excl = 4, trunc = 8;
}
namespace lookup {
constexpr uint32_t symlink_follow = 1;
}
namespace fstflags {
constexpr uint16_t atim = 1, atim_now = 2, mtim = 4, mtim_now = 8;
}
namespace rights {
constexpr uint64_t fd_read = 1U << 1, fd_write = 1U << 6, all = (1U << 30) - 1;
/// fd_filestat_get and fd_filestat_set_times.
constexpr uint64_t of_both = (1U << 21) | (1U << 23);
/// What is only for folders: fd_readdir and path_* but path_filestat_set_size, which no function asks for.
constexpr uint64_t of_folders = 0x7FFFE00U & ~((1U << 19) | (1U << 21) | (1U << 22) | (1U << 23));
}  // namespace rights
namespace whence {
constexpr uint8_t set = 0, cur = 1, end = 2;
}
namespace clockid {
constexpr uint32_t realtime = 0, monotonic = 1;
}
namespace eventtype {
constexpr uint8_t clock = 0, fd_read = 1, fd_write = 2;
}
constexpr uint16_t subclock_abstime = 1;

// Sizes of records in guest memory, in bytes.
constexpr uint32_t iovec_bytes = 8, prestat_bytes = 8, fdstat_bytes = 24, filestat_bytes = 64, dirent_bytes = 24, subscription_bytes = 48, event_bytes = 32;

}  // namespace tenon::wasi::preview1
