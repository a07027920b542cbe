#include "wasi/filesystem/error_code.h"

#include <cerrno>

namespace tenon::wasi::filesystem {

ErrorCode error_code(int number) {
  switch (number) {
    case EACCES: return ErrorCode::Access;
    case EAGAIN: return ErrorCode::WouldBlock;
    case EALREADY: return ErrorCode::Already;
    case EBADF: return ErrorCode::BadDescriptor;
    case EBUSY: return ErrorCode::Busy;
    case EDEADLK: return ErrorCode::Deadlock;
    case EDQUOT: return ErrorCode::Quota;
    case EEXIST: return ErrorCode::Exist;
    case EFBIG: return ErrorCode::FileTooLarge;
    case EILSEQ: return ErrorCode::IllegalByteSequence;
    case EINPROGRESS: return ErrorCode::InProgress;
    case EINTR: return ErrorCode::Interrupted;
    case EINVAL: return ErrorCode::Invalid;
    case EISDIR: return ErrorCode::IsDirectory;
    case ELOOP: return ErrorCode::Loop;
    case EMLINK: return ErrorCode::TooManyLinks;
    case EMSGSIZE: return ErrorCode::MessageSize;
    case ENAMETOOLONG: return ErrorCode::NameTooLong;
    case ENODEV: return ErrorCode::NoDevice;
    case ENOENT: return ErrorCode::NoEntry;
    case ENOLCK: return ErrorCode::NoLock;
    case ENOMEM: return ErrorCode::InsufficientMemory;
    case ENOSPC: return ErrorCode::InsufficientSpace;
    case ENOTDIR: return ErrorCode::NotDirectory;
    case ENOTEMPTY: return ErrorCode::NotEmpty;
    case ENOTRECOVERABLE: return ErrorCode::NotRecoverable;
    case ENOTSUP:
    case ENOSYS: return ErrorCode::Unsupported;
    case ENOTTY: return ErrorCode::NoTty;
    case ENXIO: return ErrorCode::NoSuchDevice;
    case EOVERFLOW: return ErrorCode::Overflow;
    case EPERM: return ErrorCode::NotPermitted;
    case EPIPE: return ErrorCode::Pipe;
    case EROFS: return ErrorCode::ReadOnly;
    case ESPIPE: return ErrorCode::InvalidSeek;
    case ETXTBSY: return ErrorCode::TextFileBusy;
    case EXDEV: return ErrorCode::CrossDevice;
    default: return ErrorCode::Io;
  }
}

std::unexpected<ErrorCode> failed_with_errno() { return std::unexpected(error_code(errno)); }

}  // namespace tenon::wasi::filesystem
