#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "wasi/context.h"
#include "wasi/filesystem/beneath.h"
#include "wasi/filesystem/preopens.h"
#include "wasi/filesystem/run.h"
#include "wasi/filesystem/types.h"

namespace tenon::wasi::filesystem {

/// `directory-entry-stream`: the entries of a folder in the kernel's order, without `.` and `..`, read as the guest asks for them, some kilobytes at a time.
///
/// An entry whose name is not UTF-8 is answered with `illegal-byte-sequence`; the next call goes on behind it.
class DirectoryEntryStream final : public Resource {
 public:
  /// `file` is the folder, open for reading, and nobody else's.
  explicit DirectoryEntryStream(std::shared_ptr<const OpenFile> file) : file_(std::move(file)) {}

  /// The next entry; absent at the end. Its name is valid until the next call.
  Answer<std::optional<DirectoryEntry>> next(Context& context);

 private:
  Answer<> refill(Context& context);

  std::shared_ptr<const OpenFile> file_;
  std::vector<std::byte> entries_;
  size_t at_ = 0;
  bool is_at_end_ = false;
};

}  // namespace tenon::wasi::filesystem
