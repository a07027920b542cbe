#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "wasi/context.h"
#include "wasi/filesystem/descriptor.h"
#include "wasi/filesystem/directory.h"
#include "wasi/filesystem/error_code.h"
#include "wasi/filesystem/preopens.h"
#include "wasi/link.h"
#include "wasi/stream.h"

namespace tenon::wasi {
namespace {

using namespace filesystem;  // NOLINT(google-build-using-namespace): this file is its front

using Self = HostBorrow<Descriptor>;
using Path = std::string_view;

/// What a function of the interface returns.
template <class T = void>
using Returned = Result<FileResult<T>>;

Descriptor& at(Context& context, Self self) { return context.resources().get<Descriptor>(self.representation); }

/// A new handle for what an operation made.
template <class Tag, class T>
Returned<HostOwn<Tag>> owned(Context& context, FileResult<std::unique_ptr<T>> made) {
  if (!made) return FileResult<HostOwn<Tag>>(std::unexpect, made.error());
  TENON_TRY(const HostOwn<Tag> handle, context.own<Tag>(std::move(*made)));
  return FileResult<HostOwn<Tag>>(handle);
}

template <class Tag, class T>
Returned<HostOwn<Tag>> owned(Context& context, Answer<std::unique_ptr<T>> made) {
  if (!made) return std::unexpected(std::move(made).error());
  return owned<Tag>(context, std::move(*made));
}

Result<> define_streams(LinkerInstance& types) {
  TENON_CHECK_OK(define(types, "[method]descriptor.read-via-stream",
                        [](Context& context, Self self, uint64_t offset) { return owned<InputStream>(context, at(context, self).read_via_stream(offset)); }));
  TENON_CHECK_OK(define(types, "[method]descriptor.write-via-stream", [](Context& context, Self self, uint64_t offset) {
    return owned<OutputStream>(context, at(context, self).write_via_stream(context, offset));
  }));
  return define(types, "[method]descriptor.append-via-stream",
                [](Context& context, Self self) { return owned<OutputStream>(context, at(context, self).write_via_stream(context, std::nullopt)); });
}

Result<> define_file(LinkerInstance& types) {
  TENON_CHECK_OK(define(types, "[method]descriptor.advise", [](Context& context, Self self, uint64_t offset, uint64_t length, Advice advice) -> Returned<> {
    return at(context, self).advise(context, offset, length, advice);
  }));
  TENON_CHECK_OK(
      define(types, "[method]descriptor.sync-data", [](Context& context, Self self) -> Returned<> { return at(context, self).sync(context, true); }));
  TENON_CHECK_OK(define(types, "[method]descriptor.sync", [](Context& context, Self self) -> Returned<> { return at(context, self).sync(context, false); }));
  TENON_CHECK_OK(
      define(types, "[method]descriptor.get-flags", [](Context& context, Self self) -> FileResult<DescriptorFlags> { return at(context, self).flags(); }));
  TENON_CHECK_OK(
      define(types, "[method]descriptor.get-type", [](Context& context, Self self) -> FileResult<DescriptorType> { return at(context, self).kind(); }));
  TENON_CHECK_OK(define(types, "[method]descriptor.set-size",
                        [](Context& context, Self self, uint64_t size) -> Returned<> { return at(context, self).set_size(context, size); }));
  TENON_CHECK_OK(define(types, "[method]descriptor.set-times", [](Context& context, Self self, NewTimestamp access, NewTimestamp modification) -> Returned<> {
    return at(context, self).set_times(context, access, modification);
  }));
  TENON_CHECK_OK(define(types, "[method]descriptor.read",
                        [](Context& context, Self self, uint64_t length, uint64_t offset) -> Returned<std::tuple<HostList<std::byte>, bool>> {
                          return at(context, self).read(context, length, offset);
                        }));
  TENON_CHECK_OK(
      define(types, "[method]descriptor.write", [](Context& context, Self self, std::span<const std::byte> bytes, uint64_t offset) -> Returned<uint64_t> {
        return at(context, self).write(context, bytes, offset);
      }));
  TENON_CHECK_OK(define(types, "[method]descriptor.read-directory",
                        [](Context& context, Self self) { return owned<DirectoryEntryStream>(context, at(context, self).read_directory(context)); }));
  TENON_CHECK_OK(
      define(types, "[method]descriptor.stat", [](Context& context, Self self) -> Returned<DescriptorStat> { return at(context, self).stat(context); }));
  TENON_CHECK_OK(define(types, "[method]descriptor.is-same-object",
                        [](Context& context, Self self, Self other) { return at(context, self).is_same_object(at(context, other)); }));
  return define(types, "[method]descriptor.metadata-hash",
                [](Context& context, Self self) -> FileResult<MetadataHash> { return at(context, self).metadata_hash(); });
}

Result<> define_paths(LinkerInstance& types) {
  TENON_CHECK_OK(define(types, "[method]descriptor.open-at",
                        [](Context& context, Self self, PathFlags path_flags, Path path, OpenFlags open_flags, DescriptorFlags flags) {
                          return owned<Descriptor>(context, at(context, self).open_at(context, path_flags, path, open_flags, flags));
                        }));
  TENON_CHECK_OK(define(types, "[method]descriptor.stat-at", [](Context& context, Self self, PathFlags flags, Path path) -> Returned<DescriptorStat> {
    return at(context, self).stat_at(context, flags, path);
  }));
  TENON_CHECK_OK(define(types, "[method]descriptor.metadata-hash-at", [](Context& context, Self self, PathFlags flags, Path path) -> Returned<MetadataHash> {
    return at(context, self).metadata_hash_at(context, flags, path);
  }));
  TENON_CHECK_OK(define(types, "[method]descriptor.set-times-at",
                        [](Context& context, Self self, PathFlags flags, Path path, NewTimestamp access, NewTimestamp modification) -> Returned<> {
                          return at(context, self).set_times_at(context, flags, path, access, modification);
                        }));
  TENON_CHECK_OK(define(types, "[method]descriptor.readlink-at",
                        [](Context& context, Self self, Path path) -> Returned<std::string> { return at(context, self).readlink_at(context, path); }));
  TENON_CHECK_OK(define(types, "[method]descriptor.create-directory-at",
                        [](Context& context, Self self, Path path) -> Returned<> { return at(context, self).create_directory_at(context, path); }));
  TENON_CHECK_OK(define(types, "[method]descriptor.remove-directory-at",
                        [](Context& context, Self self, Path path) -> Returned<> { return at(context, self).remove_directory_at(context, path); }));
  TENON_CHECK_OK(define(types, "[method]descriptor.unlink-file-at",
                        [](Context& context, Self self, Path path) -> Returned<> { return at(context, self).unlink_file_at(context, path); }));
  TENON_CHECK_OK(define(types, "[method]descriptor.symlink-at", [](Context& context, Self self, Path old_path, Path new_path) -> Returned<> {
    return at(context, self).symlink_at(context, old_path, new_path);
  }));
  TENON_CHECK_OK(define(types, "[method]descriptor.link-at",
                        [](Context& context, Self self, PathFlags flags, Path old_path, Self new_folder, Path new_path) -> Returned<> {
                          return at(context, self).link_at(context, flags, old_path, at(context, new_folder), new_path);
                        }));
  return define(types, "[method]descriptor.rename-at", [](Context& context, Self self, Path old_path, Self new_folder, Path new_path) -> Returned<> {
    return at(context, self).rename_at(context, old_path, at(context, new_folder), new_path);
  });
}

Result<> add_types(Linker& linker) {
  TENON_TRY(LinkerInstance types, open_interface(linker, "wasi:filesystem/types"));
  TENON_CHECK_OK(define_resource<Descriptor>(types, "descriptor"));
  TENON_CHECK_OK(define_resource<DirectoryEntryStream>(types, "directory-entry-stream"));
  TENON_CHECK_OK(define_streams(types));
  TENON_CHECK_OK(define_file(types));
  TENON_CHECK_OK(define_paths(types));
  TENON_CHECK_OK(define(types, "[method]directory-entry-stream.read-directory-entry",
                        [](Context& context, HostBorrow<DirectoryEntryStream> self) -> Returned<std::optional<DirectoryEntry>> {
                          return context.resources().get<DirectoryEntryStream>(self.representation).next(context);
                        }));
  return define(types, "filesystem-error-code", [](Context& context, HostBorrow<IoError> self) {
    const std::optional<int> number = context.resources().get<IoError>(self.representation).number;
    return number ? std::optional(error_code(*number)) : std::nullopt;
  });
}

Result<> add_preopens(Linker& linker) {
  TENON_TRY(LinkerInstance preopens, open_interface(linker, "wasi:filesystem/preopens"));
  using Given = std::vector<std::tuple<HostOwn<Descriptor>, HostText>>;
  return define(preopens, "get-directories", [](Context& context) -> Result<Given> {
    TENON_CHECK_OK(open_preopens(context));
    Given given;
    for (const std::shared_ptr<Folder>& folder : context.part<Preopens>().folders()) {
      TENON_TRY(const HostOwn<Descriptor> handle, context.own<Descriptor>(std::make_unique<Descriptor>(context, folder)));
      given.emplace_back(handle, HostText(folder->name));
    }
    return given;
  });
}

}  // namespace

Result<> add_filesystem(Linker& linker) {
  TENON_CHECK_OK(add_types(linker));
  return add_preopens(linker);
}

}  // namespace tenon::wasi
