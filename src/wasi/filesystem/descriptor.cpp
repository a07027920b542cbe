#include "wasi/filesystem/descriptor.h"

#include <algorithm>
#include <bit>
#include <cerrno>
#include <climits>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "wasi/descriptor_limit.h"
#include "wasi/filesystem/directory.h"
#include "wasi/filesystem/error_code.h"
#include "wasi/filesystem/file_stream.h"
#include "wasi/filesystem/times.h"
#include "wasi/io/streams.h"

namespace tenon::wasi::filesystem {
namespace {

/// What `write` hands to the kernel at a time; the deadline is looked at in between.
constexpr size_t write_piece_bytes = size_t{16} << 20;
/// The longest path that is looked at; the kernel's limit is for what is left after its last component.
constexpr size_t path_bytes_max = size_t{2} * PATH_MAX;

/// The folder again, for calls that take no O_PATH descriptor.
Fd reopen_folder(const OpenFile& folder) { return Fd(openat(folder.fd.get(), ".", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)); }

std::optional<Datetime> datetime(const timespec& time) {
  if (time.tv_sec < 0) return std::nullopt;
  return Datetime{.seconds = static_cast<uint64_t>(time.tv_sec), .nanoseconds = static_cast<uint32_t>(time.tv_nsec)};
}

/// SipHash-1-3 of two numbers.
uint64_t sip_hash(uint64_t key0, uint64_t key1, uint64_t first, uint64_t second) {
  uint64_t v0 = key0 ^ 0x736f6d6570736575;
  uint64_t v1 = key1 ^ 0x646f72616e646f6d;
  uint64_t v2 = key0 ^ 0x6c7967656e657261;
  uint64_t v3 = key1 ^ 0x7465646279746573;
  const auto round = [&] {
    v0 += v1;
    v1 = std::rotl(v1, 13) ^ v0;
    v0 = std::rotl(v0, 32);
    v2 += v3;
    v3 = std::rotl(v3, 16) ^ v2;
    v0 += v3;
    v3 = std::rotl(v3, 21) ^ v0;
    v2 += v1;
    v1 = std::rotl(v1, 17) ^ v2;
    v2 = std::rotl(v2, 32);
  };
  constexpr uint64_t length_word = uint64_t{16} << 56;
  for (const uint64_t word : {first, second, length_word}) {
    v3 ^= word;
    round();
    v0 ^= word;
  }
  v2 ^= 0xff;
  for (int i = 0; i < 3; i++) round();
  return v0 ^ v1 ^ v2 ^ v3;
}

}  // namespace

DescriptorStat descriptor_stat(const struct stat& found) {
  return {.type = descriptor_type(found.st_mode),
          .link_count = found.st_nlink,
          .size = static_cast<uint64_t>(found.st_size),
          .data_access_timestamp = datetime(found.st_atim),
          .data_modification_timestamp = datetime(found.st_mtim),
          .status_change_timestamp = datetime(found.st_ctim)};
}

MetadataHash metadata_hash(dev_t device, ino_t inode) {
  // The lower half is what wasmtime makes of the same object, so that programs see the same inode numbers under both. The keys are fixed because programs
  // keep such numbers from one run to the next (an index of files and their inodes).
  return {.lower = sip_hash(0, 0, device, inode), .upper = sip_hash(0x243f6a8885a308d3, 0x13198a2e03707344, device, inode)};
}

Descriptor::Descriptor(Context& context, std::shared_ptr<Folder> folder)
    : file_(folder->file),
      folder_(std::move(folder)),
      rights_(folder_->rights(context.guard())),
      guest_path_(folder_->guest_path),
      mode_{.reads = true, .writes = !folder_->is_read_only && (~rights_.denied() & (access::write | access::create | access::remove)) != 0} {}

std::optional<Resolution> Descriptor::allow(Context& context, Needs needs, std::string_view path) {
  if (rights_.allows(needs)) [[likely]] {
    const auto any = static_cast<Accesses>(needs.any & rights_.allowed());
    const auto used = static_cast<Accesses>(needs.all | (any & -any));
    if ((used & ~noted_) != 0) {
      note_use(context.guard(), static_cast<Accesses>(used & ~noted_), guest_path_);
      noted_ |= used;
    }
    if ((used & rights_.observed()) != 0) [[unlikely]] {
      if (const auto observed = filesystem::guest_path(guest_path_, path)) note_use(context.guard(), used & rights_.observed(), *observed);
    }
    return Resolution{.links = Links::Follow, .mounts = folder_->mounts};
  }
  if (path.size() > path_bytes_max) return std::nullopt;
  // The rules speak of this path, so no symlink may make another of it.
  const std::optional<std::string> asked = filesystem::guest_path(guest_path_, path);
  if (!asked || !ask_rules(context.guard(), rights_, needs, *asked)) return std::nullopt;
  return Resolution{.links = Links::Refuse, .mounts = folder_->mounts};
}

bool Descriptor::allow_self(Context& context, Right right) { return !refuses_change(context, needs_of(right)) && allow(context, right, {}).has_value(); }

bool Descriptor::refuses_change(Context& context, Needs needs) const {
  if (!folder_->is_read_only) [[likely]]
    return false;
  // Only the changing ones: an open for reading and writing needs more.
  const auto changes = static_cast<Accesses>(needs.all & ~(access::read | access::list));
  if (changes != 0) context.guard().note_read_only(access_of(static_cast<unsigned>(std::countr_zero(changes))), folder_->guest_path, folder_->read_only_reason);
  return true;
}

DescriptorFlags Descriptor::flags() const {
  DescriptorFlags flags;
  if (mode_.reads) flags.bits[0] |= DescriptorFlags::read;
  if (mode_.writes) flags.bits[0] |= is_folder() ? DescriptorFlags::mutate_directory : DescriptorFlags::write;
  return flags;
}

MetadataHash Descriptor::metadata_hash() const { return filesystem::metadata_hash(file_->device, file_->inode); }

FileResult<std::unique_ptr<InputStream>> Descriptor::read_via_stream(uint64_t offset) const {
  if (is_folder()) return failed(ErrorCode::IsDirectory);
  return std::make_unique<FileInputStream>(file_, offset);
}

FileResult<std::unique_ptr<OutputStream>> Descriptor::write_via_stream(Context& context, std::optional<uint64_t> offset) {
  if (is_folder()) return failed(ErrorCode::BadDescriptor);
  if (!mode_.writes && !allow_self(context, Right::WriteFile)) return failed(ErrorCode::NotPermitted);
  return std::make_unique<FileOutputStream>(file_, offset);
}

Answer<> Descriptor::advise(Context& context, uint64_t offset, uint64_t length, Advice advice) {
  if (is_folder()) return failed(ErrorCode::BadDescriptor);
  constexpr std::array<int, 6> kernels = {POSIX_FADV_NORMAL,   POSIX_FADV_SEQUENTIAL, POSIX_FADV_RANDOM,
                                          POSIX_FADV_WILLNEED, POSIX_FADV_DONTNEED,   POSIX_FADV_NOREUSE};
  return run_on(
      context, file_,
      [](const OpenFile& file, uint64_t at, uint64_t size, int how) -> FileResult<> {
        if (const int error = posix_fadvise(file.fd.get(), static_cast<off_t>(at), static_cast<off_t>(size), how); error != 0) return failed(error_code(error));
        return {};
      },
      offset, length, kernels[static_cast<size_t>(advice)]);
}

Answer<> Descriptor::sync(Context& context, bool data_only) {
  return run_on(
      context, file_,
      [](const OpenFile& file, bool without_metadata) -> FileResult<> {
        Fd folder;
        int descriptor = file.fd.get();
        if (file.type == DescriptorType::Directory) {
          folder = reopen_folder(file);
          if (!folder) return failed_with_errno();
          descriptor = folder.get();
        }
        if ((without_metadata ? fdatasync(descriptor) : fsync(descriptor)) != 0) return failed_with_errno();
        return {};
      },
      data_only);
}

Answer<> Descriptor::set_size(Context& context, uint64_t size) {
  if (is_folder()) return failed(ErrorCode::BadDescriptor);
  if (refuses_change(context, needs_of(Right::WriteFile)) || (!mode_.writes && !allow_self(context, Right::WriteFile))) return failed(ErrorCode::NotPermitted);
  return run_on(
      context, file_,
      [](const OpenFile& file, uint64_t wanted) -> FileResult<> {
        if (wanted > static_cast<uint64_t>(std::numeric_limits<off_t>::max())) return failed(ErrorCode::Invalid);
        if (ftruncate(file.fd.get(), static_cast<off_t>(wanted)) != 0) return failed_with_errno();
        return {};
      },
      size);
}

Answer<> Descriptor::set_times(Context& context, const NewTimestamp& access, const NewTimestamp& modification) {
  const auto times = new_times(access, modification);
  if (!times) return failed(times.error());
  if (!allow_self(context, Right::SetTimes)) return failed(ErrorCode::NotPermitted);
  return run_on(
      context, file_,
      [](const OpenFile& file, const NewTimes& wanted) -> FileResult<> {
        if (utimensat(file.fd.get(), "", wanted.data(), AT_EMPTY_PATH) != 0) return failed_with_errno();
        return {};
      },
      *times);
}

Answer<std::tuple<HostList<std::byte>, bool>> Descriptor::read(Context& context, uint64_t length, uint64_t offset) {
  using Read = std::tuple<HostList<std::byte>, bool>;
  if (is_folder()) return failed(ErrorCode::BadDescriptor);
  policy::Budget& budget = context.guard().budget();
  // With nothing left one byte is tried all the same: a read at the end of the file is free.
  const auto size = static_cast<size_t>(std::min({length, uint64_t{read_bytes_max}, std::max<uint64_t>(budget.left_in(), 1)}));
  const std::span<std::byte> to = context.scratch(size);
  size_t count = 0;
  if (!file_->may_hang) [[likely]] {
    const auto moved = read_some(*file_, to, offset);
    if (!moved) return failed(error_code(moved.error()));
    count = *moved;
  } else {
    TENON_TRY(const auto bytes, run_on(
                                    context, file_,
                                    [](const OpenFile& file, size_t wanted, uint64_t at) -> FileResult<std::vector<std::byte>> {
                                      std::vector<std::byte> piece(wanted);
                                      const auto moved = read_some(file, piece, at);
                                      if (!moved) return failed(error_code(moved.error()));
                                      piece.resize(*moved);
                                      return piece;
                                    },
                                    size, offset));
    if (!bytes) return failed(bytes.error());
    count = bytes->size();
    if (count != 0) std::memcpy(to.data(), bytes->data(), count);
  }
  TENON_CHECK_OK(budget.charge_in(count));
  return FileResult<Read>(std::in_place, HostList<std::byte>(to.first(count)), count == 0);
}

Answer<uint64_t> Descriptor::write(Context& context, std::span<const std::byte> bytes, uint64_t offset) {
  if (is_folder()) return failed(ErrorCode::BadDescriptor);
  if (!mode_.writes && !allow_self(context, Right::WriteFile)) return failed(ErrorCode::NotPermitted);
  policy::Budget& budget = context.guard().budget();
  const std::span<const std::byte> paid = bytes.first(static_cast<size_t>(std::min<uint64_t>(bytes.size(), budget.left_out())));
  const size_t piece_bytes = file_->may_hang ? pool_bytes_max : write_piece_bytes;
  uint64_t done = 0;
  do {
    const std::span<const std::byte> piece = paid.subspan(done, std::min<size_t>(piece_bytes, paid.size() - done));
    TENON_TRY(
        const FileResult<Written> written,
        run_on(
            context, file_, [](const OpenFile& file, std::span<const std::byte> part, uint64_t at) -> FileResult<Written> { return write_all(file, part, at); },
            piece, offset + done));
    if (!written) return failed(written.error());
    done += written->bytes;
    if (written->error != 0) {
      TENON_CHECK_OK(budget.charge_out(done));
      if (done == 0) return failed(error_code(written->error));
      return FileResult<uint64_t>(done);
    }
    if (done < paid.size()) TENON_CHECK_OK(context.check_time());
  } while (done < paid.size());
  TENON_CHECK_OK(budget.charge_out(bytes.size()));
  return FileResult<uint64_t>(done);
}

Answer<DescriptorStat> Descriptor::stat(Context& context) {
  return run_on(context, file_, [](const OpenFile& file) -> FileResult<DescriptorStat> {
    struct stat found = {};
    if (fstat(file.fd.get(), &found) != 0) return failed_with_errno();
    return descriptor_stat(found);
  });
}

Answer<std::unique_ptr<DirectoryEntryStream>> Descriptor::read_directory(Context& context) {
  if (!is_folder()) return failed(ErrorCode::NotDirectory);
  if (!allow(context, Right::ReadDirectory, {})) return failed(ErrorCode::NotPermitted);
  TENON_TRY(auto opened, run_on(context, file_, [](const OpenFile& folder) -> FileResult<std::shared_ptr<Fd>> {
              Fd fd = reopen_folder(folder);
              if (!fd) return failed_with_errno();
              if (!may_have_descriptor(fd.get())) return failed(error_code(EMFILE));
              return std::make_shared<Fd>(std::move(fd));
            }));
  if (!opened) return failed(opened.error());
  return std::make_unique<DirectoryEntryStream>(share({.fd = std::move(**opened),
                                                       .type = DescriptorType::Directory,
                                                       .device = file_->device,
                                                       .inode = file_->inode,
                                                       .may_hang = file_->may_hang,
                                                       .is_writable = false}));
}

}  // namespace tenon::wasi::filesystem
