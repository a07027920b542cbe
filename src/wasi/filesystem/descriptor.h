#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>

#include "wasi/context.h"
#include "wasi/filesystem/preopens.h"
#include "wasi/filesystem/rights.h"
#include "wasi/filesystem/run.h"
#include "wasi/filesystem/types.h"
#include "wasi/stream.h"

namespace tenon::wasi::filesystem {

class DirectoryEntryStream;

/// `descriptor`: an open file or folder of a guest. Each operation first asks the read-only flag and the rules, then the kernel. The answers are those of
/// wasmtime's wasi:filesystem, except where README.md says so. The thread of the store.
class Descriptor final : public Resource {
 public:
  /// How it was opened.
  struct Mode {
    bool reads = false;
    bool writes = false;
  };

  /// One of the folders that the guest was given.
  Descriptor(Context& context, std::shared_ptr<Folder> folder);

  const std::shared_ptr<const OpenFile>& file() const { return file_; }
  DescriptorType kind() const { return file_->type; }
  bool is_folder() const { return file_->type == DescriptorType::Directory; }
  DescriptorFlags flags() const;
  bool is_same_object(const Descriptor& other) const { return file_->device == other.file_->device && file_->inode == other.file_->inode; }
  MetadataHash metadata_hash() const;

  FileResult<std::unique_ptr<InputStream>> read_via_stream(uint64_t offset) const;
  /// Writes at `offset` and on, or at the file's end when there is none.
  FileResult<std::unique_ptr<OutputStream>> write_via_stream(Context& context, std::optional<uint64_t> offset);
  Answer<> advise(Context& context, uint64_t offset, uint64_t length, Advice advice);
  Answer<> sync(Context& context, bool data_only);
  Answer<> set_size(Context& context, uint64_t size);
  Answer<> set_times(Context& context, const NewTimestamp& access, const NewTimestamp& modification);
  /// The bytes lie in the context's scratch. Errors: `LimitExceeded` when bytes in are used up.
  Answer<std::tuple<HostList<std::byte>, bool>> read(Context& context, uint64_t length, uint64_t offset);
  /// Errors: `LimitExceeded` when bytes out are used up, after writing those that were left.
  Answer<uint64_t> write(Context& context, std::span<const std::byte> bytes, uint64_t offset);
  Answer<DescriptorStat> stat(Context& context);
  Answer<std::unique_ptr<DirectoryEntryStream>> read_directory(Context& context);

  Answer<std::unique_ptr<Descriptor>> open_at(Context& context, PathFlags path_flags, std::string_view path, OpenFlags open_flags, DescriptorFlags flags);
  Answer<DescriptorStat> stat_at(Context& context, PathFlags path_flags, std::string_view path);
  Answer<MetadataHash> metadata_hash_at(Context& context, PathFlags path_flags, std::string_view path);
  Answer<> set_times_at(Context& context, PathFlags path_flags, std::string_view path, const NewTimestamp& access, const NewTimestamp& modification);
  Answer<std::string> readlink_at(Context& context, std::string_view path);
  Answer<> create_directory_at(Context& context, std::string_view path);
  Answer<> remove_directory_at(Context& context, std::string_view path);
  Answer<> unlink_file_at(Context& context, std::string_view path);
  Answer<> symlink_at(Context& context, std::string_view old_path, std::string_view new_path);
  Answer<> link_at(Context& context, PathFlags old_path_flags, std::string_view old_path, Descriptor& new_folder, std::string_view new_path);
  Answer<> rename_at(Context& context, std::string_view old_path, Descriptor& new_folder, std::string_view new_path);

 private:
  Descriptor(std::shared_ptr<const OpenFile> file, std::shared_ptr<Folder> folder, Rights rights, std::string guest_path, Mode mode)
      : file_(std::move(file)), folder_(std::move(folder)), rights_(rights), guest_path_(std::move(guest_path)), mode_(mode) {}

  /// How `path` may be resolved for an operation that needs `needs` there; absent when that is not permitted.
  std::optional<Resolution> allow(Context& context, Needs needs, std::string_view path);
  std::optional<Resolution> allow(Context& context, Right right, std::string_view path) { return allow(context, needs_of(right), path); }
  /// The same for the file or folder itself.
  bool allow_self(Context& context, Right right);
  /// Whether the folder is read-only, which refuses what needs `needs`; noted as a denial of the first of them.
  bool refuses_change(Context& context, Needs needs) const;
  /// Whether what is at `old_path` here may be known as `new_path` in `new_folder`: the answer for a file, and for a folder with all beneath it.
  struct Naming {
    bool may_file = true;
    bool may_folder = true;
  };
  Naming naming(Context& context, std::string_view old_path, const Descriptor& new_folder, std::string_view new_path) const;
  /// An operation on the last component of `path`: `body(parent, arguments…)`.
  template <class F>
  Answer<> change_at(Context& context, Right right, std::string_view path, const F& body);
  /// Opens, and looks at what that is.
  Answer<std::shared_ptr<const OpenFile>> open_file(Context& context, std::string_view path, int flags, Resolution resolution);
  Answer<struct stat> look_beneath(Context& context, std::string_view path, bool follows_symlink, Resolution resolution);
  Answer<struct stat> look_at(Context& context, Right right, PathFlags path_flags, std::string_view path);

  std::shared_ptr<const OpenFile> file_;
  std::shared_ptr<Folder> folder_;
  Rights rights_;
  /// Accesses whose use was noted for the receipt.
  Accesses noted_ = 0;
  /// Of files, kept only where the rules are not of one mind.
  std::string guest_path_;
  Mode mode_;
};

/// The parts of `stat` that a guest gets.
DescriptorStat descriptor_stat(const struct stat& found);
/// 128 bits that stand for one object of the machine, today and tomorrow.
MetadataHash metadata_hash(dev_t device, ino_t inode);

}  // namespace tenon::wasi::filesystem
