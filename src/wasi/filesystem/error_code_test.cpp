#include "wasi/filesystem/error_code.h"

#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <string_view>
#include <utility>

namespace tenon::wasi::filesystem {
namespace {

std::string_view name_of(ErrorCode code) { return EnumTraits<ErrorCode>::names[static_cast<size_t>(code)]; }

TEST(FilesystemErrorCode, NamesEachErrnoThatHasACase) {
  const std::array<std::pair<int, std::string_view>, 37> cases = {{{EACCES, "access"},
                                                                   {EAGAIN, "would-block"},
                                                                   {EALREADY, "already"},
                                                                   {EBADF, "bad-descriptor"},
                                                                   {EBUSY, "busy"},
                                                                   {EDEADLK, "deadlock"},
                                                                   {EDQUOT, "quota"},
                                                                   {EEXIST, "exist"},
                                                                   {EFBIG, "file-too-large"},
                                                                   {EILSEQ, "illegal-byte-sequence"},
                                                                   {EINPROGRESS, "in-progress"},
                                                                   {EINTR, "interrupted"},
                                                                   {EINVAL, "invalid"},
                                                                   {EIO, "io"},
                                                                   {EISDIR, "is-directory"},
                                                                   {ELOOP, "loop"},
                                                                   {EMLINK, "too-many-links"},
                                                                   {EMSGSIZE, "message-size"},
                                                                   {ENAMETOOLONG, "name-too-long"},
                                                                   {ENODEV, "no-device"},
                                                                   {ENOENT, "no-entry"},
                                                                   {ENOLCK, "no-lock"},
                                                                   {ENOMEM, "insufficient-memory"},
                                                                   {ENOSPC, "insufficient-space"},
                                                                   {ENOTDIR, "not-directory"},
                                                                   {ENOTEMPTY, "not-empty"},
                                                                   {ENOTRECOVERABLE, "not-recoverable"},
                                                                   {ENOTSUP, "unsupported"},
                                                                   {ENOTTY, "no-tty"},
                                                                   {ENXIO, "no-such-device"},
                                                                   {EOVERFLOW, "overflow"},
                                                                   {EPERM, "not-permitted"},
                                                                   {EPIPE, "pipe"},
                                                                   {EROFS, "read-only"},
                                                                   {ESPIPE, "invalid-seek"},
                                                                   {ETXTBSY, "text-file-busy"},
                                                                   {EXDEV, "cross-device"}}};
  for (const auto& [number, name] : cases) EXPECT_EQ(name_of(error_code(number)), name) << number;
}

TEST(FilesystemErrorCode, IsIoForWhatHasNoCase) {
  EXPECT_EQ(error_code(EMFILE), ErrorCode::Io);
  EXPECT_EQ(error_code(EHOSTUNREACH), ErrorCode::Io);
}

}  // namespace
}  // namespace tenon::wasi::filesystem
