#include "wasi/filesystem/directory.h"

#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/utf8.h"
#include "wasi/filesystem/error_code.h"

namespace tenon::wasi::filesystem {
namespace {

constexpr size_t buffer_bytes = size_t{32} << 10;

DescriptorType entry_type(unsigned char type) { return descriptor_type(static_cast<mode_t>(DTTOIF(type))); }

}  // namespace

Answer<> DirectoryEntryStream::refill(Context& context) {
  at_ = 0;
  TENON_TRY(auto read, run_on(context, file_, [](const OpenFile& folder) -> FileResult<std::vector<std::byte>> {
              std::vector<std::byte> bytes(buffer_bytes);
              const auto count = syscall(SYS_getdents64, folder.fd.get(), bytes.data(), bytes.size());
              // A folder that was removed has no entries.
              if (count < 0 && errno != ENOENT) return failed_with_errno();
              bytes.resize(count < 0 ? 0 : static_cast<size_t>(count));
              return bytes;
            }));
  if (!read) return FileResult<>(std::unexpect, read.error());
  entries_ = std::move(*read);
  is_at_end_ = entries_.empty();
  return FileResult<>();
}

Answer<std::optional<DirectoryEntry>> DirectoryEntryStream::next(Context& context) {
  using Entry = FileResult<std::optional<DirectoryEntry>>;
  while (!is_at_end_) {
    if (at_ >= entries_.size()) {
      TENON_TRY(FileResult<> filled, refill(context));
      if (!filled) return Entry(std::unexpect, filled.error());
      continue;
    }
    // The kernel's records: aligned, each with its length.
    const std::byte* const record = entries_.data() + at_;
    uint16_t size = 0;
    std::memcpy(&size, record + offsetof(dirent64, d_reclen), sizeof size);
    const auto type = static_cast<unsigned char>(record[offsetof(dirent64, d_type)]);
    const std::string_view name(reinterpret_cast<const char*>(record + offsetof(dirent64, d_name)));
    at_ += size;
    if (name == "." || name == "..") continue;
    DirectoryEntry entry{.type = entry_type(type), .name = HostText(name)};
    if (type == DT_UNKNOWN) {
      TENON_TRY(auto found, run_on(
                                context, file_,
                                [](const OpenFile& folder, std::string_view wanted) -> FileResult<struct stat> {
                                  return stat_beneath(folder.fd.get(), wanted, false, Resolution{});
                                },
                                name));
      if (!found) return Entry(std::unexpect, found.error());
      entry.type = descriptor_type(found->st_mode);
    }
    if (!base::is_utf8(name)) return Entry(std::unexpect, ErrorCode::IllegalByteSequence);
    return Entry(std::in_place, entry);
  }
  return Entry(std::in_place, std::nullopt);
}

}  // namespace tenon::wasi::filesystem
