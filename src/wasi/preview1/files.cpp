#include <algorithm>
#include <limits>
#include <string_view>

#include "base/utf8.h"
#include "wasi/cli/stdio.h"
#include "wasi/filesystem/error_code.h"
#include "wasi/io/streams.h"
#include "wasi/preview1/preview1.h"

namespace tenon::wasi::preview1 {
namespace {

using filesystem::Descriptor;
using filesystem::DescriptorFlags;
using filesystem::DescriptorStat;
using filesystem::NewTimestamp;
using filesystem::OpenFlags;
using filesystem::PathFlags;

// At -O3 gcc 12 takes the inside of an expected for used although the code asks before.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
/// The errno of an answer without a value.
template <class T>
Answer errno_answer(Result<filesystem::FileResult<T>> answer) {
  if (!answer) return std::unexpected(std::move(answer).error());
  return *answer ? Errno::Success : errno_of(answer->error());
}
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif

/// Takes the value out of an answer, or returns its errno from the function around.
#define TENON_FILE(declaration, ...)                                                                                \
  auto TENON_CONCAT(answer_, __LINE__) = (__VA_ARGS__);                                                             \
  if (!TENON_CONCAT(answer_, __LINE__)) return std::unexpected(std::move(TENON_CONCAT(answer_, __LINE__)).error()); \
  if (!*TENON_CONCAT(answer_, __LINE__)) return errno_of(TENON_CONCAT(answer_, __LINE__)->error());                 \
  declaration = **std::move(TENON_CONCAT(answer_, __LINE__))

/// A file or folder; null for numbers that are not open and for standard streams.
Descriptor* descriptor_of(uint32_t fd, const State& state) {
  const File* const file = state.find(fd);
  return file != nullptr ? file->descriptor.get() : nullptr;
}

/// What an operation of paths answers for a number that has no descriptor.
Errno no_folder(Call& call, uint32_t fd) { return call.state().find(fd) == nullptr ? Errno::BadDescriptor : Errno::NotDirectory; }

PathFlags path_flags(uint32_t flags) { return {{{(flags & lookup::symlink_follow) != 0 ? PathFlags::symlink_follow : 0}}}; }

/// A path: absent outside of the memory.
struct Path {
  std::string_view text;
  Errno error = Errno::Success;
};
Path path_at(const Call& call, uint32_t address, uint32_t size) {
  constexpr uint32_t path_bytes_max = 65'536;
  if (size > path_bytes_max) return {{}, Errno::NameTooLong};
  const auto text = call.text(address, size);
  if (!text) return {{}, Errno::Fault};
  if (!base::is_utf8(*text)) return {{}, Errno::IllegalByteSequence};
  return {*text};
}

// Reading and writing.

/// The pieces of memory of a vector; absent when one is not inside. Their number is cut: what is left is read or written by the next call.
std::optional<std::vector<std::span<std::byte>>> load_vector(const Call& call, uint32_t address, uint32_t count) {
  constexpr uint32_t pieces_max = 1024;
  std::vector<std::span<std::byte>> pieces;
  if (!call.bytes(address, uint64_t{count} * iovec_bytes)) return std::nullopt;
  for (uint32_t i = 0; i < std::min(count, pieces_max); i++) {
    const auto piece = call.bytes(*call.load<uint32_t>(address + i * iovec_bytes), *call.load<uint32_t>(address + i * iovec_bytes + 4));
    if (!piece) return std::nullopt;
    if (!piece->empty()) pieces.push_back(*piece);
  }
  return pieces;
}

Errno errno_of_failure(const StreamFailure& failure) {
  if (failure.error == nullptr || !failure.error->number) return failure.error == nullptr ? Errno::Pipe : Errno::Io;
  return errno_of(filesystem::error_code(*failure.error->number));
}

/// One piece from standard input: 0 bytes is the end.
Answer read_input(Call& call, std::span<std::byte> to, uint32_t& size) {
  Context& context = call.context();
  auto& streams = context.part<StandardStreams>();
  streams.note(StandardStream::Input);
  InputStream& input = streams.input();
  size = 0;
  if (input.is_over || to.empty()) return Errno::Success;
  TENON_CHECK_OK(context.wait_for(input));
  TENON_TRY(const StreamResult<std::span<const std::byte>> read, charged_read(context, input, to.size()));
  if (!read) return read.error().error == nullptr ? Errno::Success : errno_of_failure(read.error());
  // The guest did not run in between, so its memory is where it was.
  std::memcpy(to.data(), read->data(), read->size());
  size = static_cast<uint32_t>(read->size());
  return Errno::Success;
}

/// Fills the pieces from an offset on, until one comes short.
Answer read_file(Call& call, Descriptor& descriptor, std::span<const std::span<std::byte>> pieces, uint64_t offset, uint64_t& done) {
  done = 0;
  for (std::span<std::byte> piece : pieces) {
    while (!piece.empty()) {
      auto answer = descriptor.read(call.context(), piece.size(), offset + done);
      if (!answer) return std::unexpected(std::move(answer).error());
      if (!*answer) return done > 0 ? Errno::Success : errno_of(answer->error());
      const auto& [bytes, is_end] = **answer;
      const std::span<const std::byte> view = bytes.view();
      std::memcpy(piece.data(), view.data(), view.size());
      piece = piece.subspan(view.size());
      done += view.size();
      if (is_end || view.empty()) return Errno::Success;
    }
  }
  return Errno::Success;
}

Answer write_output(Call& call, const File& file, std::span<const std::span<std::byte>> pieces, uint64_t& done) {
  Context& context = call.context();
  auto& streams = context.part<StandardStreams>();
  const StandardStream which = file.kind == File::Kind::Output ? StandardStream::Output : StandardStream::Error;
  streams.note(which);
  OutputStream& output = streams.output(which);
  done = 0;
  for (const std::span<std::byte> piece : pieces) {
    if (output.is_over) return done > 0 ? Errno::Success : Errno::Pipe;
    TENON_TRY(const StreamResult<void> written, charged_write_all(context, output, piece));
    if (!written) return done > 0 ? Errno::Success : errno_of_failure(written.error());
    done += piece.size();
  }
  return Errno::Success;
}

Answer write_file(Call& call, Descriptor& descriptor, std::span<const std::span<std::byte>> pieces, std::optional<uint64_t> offset, uint64_t& done) {
  done = 0;
  if (!offset) {
    auto stream = descriptor.write_via_stream(call.context(), std::nullopt);
    if (!stream) return errno_of(stream.error());
    for (const std::span<std::byte> piece : pieces) {
      TENON_TRY(const StreamResult<void> written, charged_write_all(call.context(), **stream, piece));
      if (!written) return done > 0 ? Errno::Success : errno_of_failure(written.error());
      done += piece.size();
    }
    return Errno::Success;
  }
  for (const std::span<std::byte> piece : pieces) {
    auto answer = descriptor.write(call.context(), piece, *offset + done);
    if (!answer) return std::unexpected(std::move(answer).error());
    if (!*answer) return done > 0 ? Errno::Success : errno_of(answer->error());
    done += **answer;
    if (**answer < piece.size()) break;
  }
  return Errno::Success;
}

Answer store_size(const Call& call, Answer answer, uint32_t address, uint64_t size) {
  if (!answer || *answer != Errno::Success) return answer;
  return call.store(address, static_cast<uint32_t>(size)) ? Errno::Success : Errno::Fault;
}

Answer fd_read(Call& call) {
  File* const file = call.state().find(call.u32(0));
  if (file == nullptr || file->kind == File::Kind::Output || file->kind == File::Kind::Error) return Errno::BadDescriptor;
  const auto pieces = load_vector(call, call.u32(1), call.u32(2));
  if (!pieces) return Errno::Fault;
  if (file->kind == File::Kind::Input) {
    uint32_t size = 0;
    const Answer answer = read_input(call, pieces->empty() ? std::span<std::byte>() : pieces->front(), size);
    return store_size(call, answer, call.u32(3), size);
  }
  if (file->descriptor->is_folder()) return Errno::BadDescriptor;
  uint64_t done = 0;
  const Answer answer = read_file(call, *file->descriptor, *pieces, file->position, done);
  file->position += done;
  return store_size(call, answer, call.u32(3), done);
}

Answer fd_write(Call& call) {
  File* const file = call.state().find(call.u32(0));
  if (file == nullptr || file->kind == File::Kind::Input) return Errno::BadDescriptor;
  const auto pieces = load_vector(call, call.u32(1), call.u32(2));
  if (!pieces) return Errno::Fault;
  uint64_t done = 0;
  if (file->kind != File::Kind::Descriptor) {
    const Answer answer = write_output(call, *file, *pieces, done);
    return store_size(call, answer, call.u32(3), done);
  }
  if (file->descriptor->is_folder()) return Errno::BadDescriptor;
  const bool appends = (file->flags & fdflags::append) != 0;
  const Answer answer = write_file(call, *file->descriptor, *pieces, appends ? std::nullopt : std::optional(file->position), done);
  file->position += done;
  if (appends && done > 0) {
    // The position of who appends is the file's end, wherever it was before.
    TENON_FILE(const DescriptorStat found, file->descriptor->stat(call.context()));
    file->position = found.size;
  }
  return store_size(call, answer, call.u32(3), done);
}

Answer fd_pread(Call& call) {
  Descriptor* const descriptor = descriptor_of(call.u32(0), call.state());
  if (descriptor == nullptr) return call.state().find(call.u32(0)) == nullptr ? Errno::BadDescriptor : Errno::SeekPipe;
  const auto pieces = load_vector(call, call.u32(1), call.u32(2));
  if (!pieces) return Errno::Fault;
  uint64_t done = 0;
  const Answer answer = read_file(call, *descriptor, *pieces, call.u64(3), done);
  return store_size(call, answer, call.u32(4), done);
}

Answer fd_pwrite(Call& call) {
  Descriptor* const descriptor = descriptor_of(call.u32(0), call.state());
  if (descriptor == nullptr) return call.state().find(call.u32(0)) == nullptr ? Errno::BadDescriptor : Errno::SeekPipe;
  const auto pieces = load_vector(call, call.u32(1), call.u32(2));
  if (!pieces) return Errno::Fault;
  uint64_t done = 0;
  const Answer answer = write_file(call, *descriptor, *pieces, call.u64(3), done);
  return store_size(call, answer, call.u32(4), done);
}

Answer fd_seek(Call& call) {
  File* const file = call.state().find(call.u32(0));
  if (file == nullptr) return Errno::BadDescriptor;
  if (file->kind != File::Kind::Descriptor) return Errno::SeekPipe;
  if (file->descriptor->is_folder()) return Errno::BadDescriptor;
  uint64_t base = 0;
  if (call.u32(2) == whence::cur) {
    base = file->position;
  } else if (call.u32(2) == whence::end) {
    TENON_FILE(const DescriptorStat found, file->descriptor->stat(call.context()));
    base = found.size;
  } else if (call.u32(2) != whence::set) {
    return Errno::Invalid;
  }
  const auto offset = static_cast<int64_t>(call.u64(1));
  constexpr auto most = static_cast<uint64_t>(std::numeric_limits<int64_t>::max());
  if (offset < 0 ? uint64_t{0} - static_cast<uint64_t>(offset) > base : static_cast<uint64_t>(offset) > most - std::min(base, most)) return Errno::Invalid;
  const uint64_t position = base + static_cast<uint64_t>(offset);
  if (!call.store<uint64_t>(call.u32(3), position)) return Errno::Fault;
  file->position = position;
  return Errno::Success;
}

Answer fd_tell(Call& call) {
  const File* const file = call.state().find(call.u32(0));
  if (file == nullptr) return Errno::BadDescriptor;
  if (file->kind != File::Kind::Descriptor) return Errno::SeekPipe;
  if (file->descriptor->is_folder()) return Errno::BadDescriptor;
  return call.store<uint64_t>(call.u32(1), file->position) ? Errno::Success : Errno::Fault;
}

// What is known of files.

Errno store_fdstat(const Call& call, uint32_t address, FileType type, uint16_t flags, uint64_t base, uint64_t inheriting) {
  const auto range = call.bytes(address, fdstat_bytes);
  if (!range) return Errno::Fault;
  std::ranges::fill(*range, std::byte{0});
  (*range)[0] = std::byte{std::to_underlying(type)};
  std::memcpy(range->data() + 2, &flags, 2);
  std::memcpy(range->data() + 8, &base, 8);
  std::memcpy(range->data() + 16, &inheriting, 8);
  return Errno::Success;
}

Answer fd_fdstat_get(Call& call) {
  File* const file = call.state().find(call.u32(0));
  if (file == nullptr) return Errno::BadDescriptor;
  if (file->kind != File::Kind::Descriptor) {
    const auto which = file->kind == File::Kind::Input    ? StandardStream::Input
                       : file->kind == File::Kind::Output ? StandardStream::Output
                                                          : StandardStream::Error;
    const bool is_terminal = call.context().part<StandardStreams>().is_terminal(which);
    return store_fdstat(call, call.u32(1), is_terminal ? FileType::CharacterDevice : FileType::Unknown, file->flags,
                        file->kind == File::Kind::Input ? rights::fd_read : rights::fd_write, 0);
  }
  const Descriptor& descriptor = *file->descriptor;
  if (descriptor.is_folder()) return store_fdstat(call, call.u32(1), FileType::Directory, file->flags, rights::of_folders | rights::of_both, rights::all);
  uint64_t base = rights::all & ~rights::of_folders & ~(rights::fd_read | rights::fd_write);
  if (descriptor.flags().has(DescriptorFlags::read)) base |= rights::fd_read;
  if (descriptor.flags().has(DescriptorFlags::write)) base |= rights::fd_write;
  return store_fdstat(call, call.u32(1), filetype_of(descriptor.kind()), file->flags, base, 0);
}

Answer fd_fdstat_set_flags(Call& call) {
  File* const file = call.state().find(call.u32(0));
  // Standard streams are this process's own, which others hold, too.
  if (file == nullptr || file->kind != File::Kind::Descriptor) return Errno::BadDescriptor;
  const uint32_t flags = call.u32(1);
  if ((flags & ~uint32_t{fdflags::append | fdflags::nonblock}) != 0) return Errno::NotSupported;
  file->flags = static_cast<uint16_t>(flags);
  return Errno::Success;
}

/// What a program may do is the rules' business. It is not told that it gave up what it still has.
Answer fd_fdstat_set_rights(Call& call) { return call.state().find(call.u32(0)) == nullptr ? Errno::BadDescriptor : Errno::NotSupported; }

uint64_t nanoseconds_of(const std::optional<Datetime>& time) { return time ? time->seconds * 1'000'000'000 + time->nanoseconds : 0; }

Errno store_filestat(const Call& call, uint32_t address, const DescriptorStat& found, uint64_t inode) {
  const auto range = call.bytes(address, filestat_bytes);
  if (!range) return Errno::Fault;
  std::ranges::fill(*range, std::byte{0});
  const uint64_t device = 1;
  const uint64_t times[] = {nanoseconds_of(found.data_access_timestamp), nanoseconds_of(found.data_modification_timestamp),
                            nanoseconds_of(found.status_change_timestamp)};
  std::memcpy(range->data(), &device, 8);
  std::memcpy(range->data() + 8, &inode, 8);
  (*range)[16] = std::byte{std::to_underlying(filetype_of(found.type))};
  std::memcpy(range->data() + 24, &found.link_count, 8);
  std::memcpy(range->data() + 32, &found.size, 8);
  std::memcpy(range->data() + 40, times, sizeof times);
  return Errno::Success;
}

Answer fd_filestat_get(Call& call) {
  const File* const file = call.state().find(call.u32(0));
  if (file == nullptr) return Errno::BadDescriptor;
  if (file->kind != File::Kind::Descriptor) return store_filestat(call, call.u32(1), {}, 0);
  TENON_FILE(const DescriptorStat found, file->descriptor->stat(call.context()));
  return store_filestat(call, call.u32(1), found, file->descriptor->metadata_hash().lower);
}

Answer path_filestat_get(Call& call) {
  Descriptor* const folder = descriptor_of(call.u32(0), call.state());
  if (folder == nullptr) return no_folder(call, call.u32(0));
  const Path path = path_at(call, call.u32(2), call.u32(3));
  if (path.error != Errno::Success) return path.error;
  TENON_FILE(const DescriptorStat found, folder->stat_at(call.context(), path_flags(call.u32(1)), path.text));
  TENON_FILE(const filesystem::MetadataHash hash, folder->metadata_hash_at(call.context(), path_flags(call.u32(1)), path.text));
  return store_filestat(call, call.u32(4), found, hash.lower);
}

/// Absent for flags that contradict each other.
std::optional<NewTimestamp> new_time(uint64_t nanoseconds, bool is_given, bool is_now) {
  if (is_given && is_now) return std::nullopt;
  NewTimestamp time;
  if (is_now) time.value.emplace<1>();
  if (is_given) time.value.emplace<2>(Datetime{nanoseconds / 1'000'000'000, static_cast<uint32_t>(nanoseconds % 1'000'000'000)});
  return time;
}

struct NewTimes {
  NewTimestamp access;
  NewTimestamp modification;
};
std::optional<NewTimes> new_times(uint64_t access, uint64_t modification, uint32_t flags) {
  const auto first = new_time(access, (flags & fstflags::atim) != 0, (flags & fstflags::atim_now) != 0);
  const auto second = new_time(modification, (flags & fstflags::mtim) != 0, (flags & fstflags::mtim_now) != 0);
  if (!first || !second) return std::nullopt;
  return NewTimes{*first, *second};
}

Answer fd_filestat_set_times(Call& call) {
  Descriptor* const descriptor = descriptor_of(call.u32(0), call.state());
  if (descriptor == nullptr) return Errno::BadDescriptor;
  const auto times = new_times(call.u64(1), call.u64(2), call.u32(3));
  if (!times) return Errno::Invalid;
  return errno_answer<void>(descriptor->set_times(call.context(), times->access, times->modification));
}

Answer path_filestat_set_times(Call& call) {
  Descriptor* const folder = descriptor_of(call.u32(0), call.state());
  if (folder == nullptr) return no_folder(call, call.u32(0));
  const Path path = path_at(call, call.u32(2), call.u32(3));
  if (path.error != Errno::Success) return path.error;
  const auto times = new_times(call.u64(4), call.u64(5), call.u32(6));
  if (!times) return Errno::Invalid;
  return errno_answer<void>(folder->set_times_at(call.context(), path_flags(call.u32(1)), path.text, times->access, times->modification));
}

Answer fd_filestat_set_size(Call& call) {
  Descriptor* const descriptor = descriptor_of(call.u32(0), call.state());
  if (descriptor == nullptr) return Errno::BadDescriptor;
  return errno_answer<void>(descriptor->set_size(call.context(), call.u64(1)));
}

Answer fd_advise(Call& call) {
  Descriptor* const descriptor = descriptor_of(call.u32(0), call.state());
  if (descriptor == nullptr) return Errno::BadDescriptor;
  // Preview 1 numbers them in another order.
  constexpr filesystem::Advice advices[] = {filesystem::Advice::Normal,   filesystem::Advice::Sequential, filesystem::Advice::Random,
                                            filesystem::Advice::WillNeed, filesystem::Advice::DontNeed,   filesystem::Advice::NoReuse};
  if (call.u32(3) >= std::size(advices)) return Errno::Invalid;
  return errno_answer<void>(descriptor->advise(call.context(), call.u64(1), call.u64(2), advices[call.u32(3)]));
}

/// WASI has taken it out of preview 1: the file systems of many hosts cannot.
Answer fd_allocate(Call& call) {
  const Descriptor* const descriptor = descriptor_of(call.u32(0), call.state());
  return descriptor == nullptr || descriptor->is_folder() ? Errno::BadDescriptor : Errno::NotSupported;
}

Answer synchronise(Call& call, bool data_only) {
  Descriptor* const descriptor = descriptor_of(call.u32(0), call.state());
  if (descriptor == nullptr) return Errno::BadDescriptor;
  return errno_answer<void>(descriptor->sync(call.context(), data_only));
}
Answer fd_sync(Call& call) { return synchronise(call, false); }
Answer fd_datasync(Call& call) { return synchronise(call, true); }

// The table of descriptors.

Answer fd_close(Call& call) {
  if (call.state().find(call.u32(0)) == nullptr) return Errno::BadDescriptor;
  call.state().remove(call.u32(0));
  return Errno::Success;
}

Answer fd_renumber(Call& call) {
  if (call.state().find(call.u32(0)) == nullptr || call.state().find(call.u32(1)) == nullptr) return Errno::BadDescriptor;
  call.state().move(call.u32(0), call.u32(1));
  return Errno::Success;
}

Answer fd_prestat_get(Call& call) {
  const File* const file = call.state().find(call.u32(0));
  if (file == nullptr || !file->given_name) return Errno::BadDescriptor;
  const bool stored = call.bytes(call.u32(1), prestat_bytes) && call.store<uint32_t>(call.u32(1), 0) &&
                      call.store(call.u32(1) + 4, static_cast<uint32_t>(file->given_name->size()));
  return stored ? Errno::Success : Errno::Fault;
}

Answer fd_prestat_dir_name(Call& call) {
  const File* const file = call.state().find(call.u32(0));
  if (file == nullptr || !file->given_name) return Errno::BadDescriptor;
  if (call.u32(2) < file->given_name->size()) return Errno::NameTooLong;
  const auto range = call.bytes(call.u32(1), file->given_name->size());
  if (!range) return Errno::Fault;
  std::memcpy(range->data(), file->given_name->data(), range->size());
  return Errno::Success;
}

// Folders.

/// The entry with cookie `next` and those behind it. `.` and `..` have the first cookies.
class Lister {
 public:
  Lister(Call& call, File& file, uint32_t buffer, uint32_t size) : call_(call), file_(file), buffer_(buffer), size_(size) {}

  Answer list(uint64_t cookie) {
    // From the beginning means what is there now.
    if (cookie < 2) file_.listing.reset();
    for (uint64_t dots = cookie; dots < 2; dots++) {
      const std::string_view name = dots == 0 ? "." : "..";
      if (!put(dots + 1, file_.descriptor->metadata_hash().lower, FileType::Directory, name)) return Errno::Success;
    }
    const uint64_t wanted = std::max<uint64_t>(cookie, 2);
    if (file_.listing == nullptr || file_.listing_next != wanted) {
      TENON_TRY(const Errno begun, begin(wanted));
      if (begun != Errno::Success) return begun;
    }
    while (true) {
      auto next = take();
      if (!next) return std::unexpected(std::move(next).error());
      if (!*next) return errno_of(next->error());
      if (!**next) {
        // Whoever asks behind the last entry again gets what has come since.
        file_.listing.reset();
        return Errno::Success;
      }
      const filesystem::DirectoryEntry& entry = ***next;
      auto hash = file_.descriptor->metadata_hash_at(call_.context(), {}, entry.name.view());
      if (!hash) return std::unexpected(std::move(hash).error());
      const bool fits = put(file_.listing_next + 1, *hash ? (*hash)->lower : 0, filetype_of(entry.type), entry.name.view());
      if (!fits) {
        file_.listing_held = entry;
        return Errno::Success;
      }
      file_.listing_next++;
    }
  }

  uint32_t used() const { return used_; }

 private:
  using Next = Result<filesystem::FileResult<std::optional<filesystem::DirectoryEntry>>>;

  Next take() {
    if (file_.listing_held) return std::exchange(file_.listing_held, std::nullopt);
    return file_.listing->next(call_.context());
  }

  /// Opens the folder anew and goes to the entry.
  Result<Errno> begin(uint64_t wanted) {
    auto stream = file_.descriptor->read_directory(call_.context());
    if (!stream) return std::unexpected(std::move(stream).error());
    if (!*stream) return errno_of(stream->error());
    file_.listing = std::move(**stream);
    file_.listing_held.reset();
    for (file_.listing_next = 2; file_.listing_next < wanted; file_.listing_next++) {
      auto next = file_.listing->next(call_.context());
      if (!next) return std::unexpected(std::move(next).error());
      if (!*next || !**next) break;
    }
    return Errno::Success;
  }

  /// Writes an entry, cut where the buffer ends. Whether all of it fitted.
  bool put(uint64_t next, uint64_t inode, FileType type, std::string_view name) {
    std::byte head[dirent_bytes] = {};
    const auto length = static_cast<uint32_t>(name.size());
    std::memcpy(head, &next, 8);
    std::memcpy(head + 8, &inode, 8);
    std::memcpy(head + 16, &length, 4);
    head[20] = std::byte{std::to_underlying(type)};
    return append(head) && append(std::as_bytes(std::span(name)));
  }
  bool append(std::span<const std::byte> bytes) {
    const auto fitting = std::min<size_t>(bytes.size(), size_ - used_);
    const auto range = call_.bytes(buffer_ + used_, fitting);
    if (range) std::memcpy(range->data(), bytes.data(), fitting);
    used_ += static_cast<uint32_t>(fitting);
    return fitting == bytes.size();
  }

  Call& call_;
  File& file_;
  uint32_t buffer_;
  uint32_t size_;
  uint32_t used_ = 0;
};

Answer fd_readdir(Call& call) {
  File* const file = call.state().find(call.u32(0));
  if (file == nullptr) return Errno::BadDescriptor;
  if (file->kind != File::Kind::Descriptor || !file->descriptor->is_folder()) return Errno::NotDirectory;
  if (!call.bytes(call.u32(1), call.u32(2))) return Errno::Fault;
  Lister lister(call, *file, call.u32(1), call.u32(2));
  const Answer answer = lister.list(call.u64(3));
  return store_size(call, answer, call.u32(4), lister.used());
}

// Paths.

Answer path_open(Call& call) {
  Descriptor* const folder = descriptor_of(call.u32(0), call.state());
  if (folder == nullptr) return no_folder(call, call.u32(0));
  const Path path = path_at(call, call.u32(2), call.u32(3));
  if (path.error != Errno::Success) return path.error;
  const uint32_t wanted = call.u32(4);
  const uint64_t base = call.u64(5);
  const uint32_t flags = call.u32(7);
  OpenFlags open_flags;
  if ((wanted & oflags::creat) != 0) open_flags.bits[0] |= OpenFlags::create;
  if ((wanted & oflags::directory) != 0) open_flags.bits[0] |= OpenFlags::directory;
  if ((wanted & oflags::excl) != 0) open_flags.bits[0] |= OpenFlags::exclusive;
  if ((wanted & oflags::trunc) != 0) open_flags.bits[0] |= OpenFlags::truncate;
  DescriptorFlags descriptor_flags;
  if ((base & rights::fd_read) != 0 || (base & (1U << 14)) != 0) descriptor_flags.bits[0] |= DescriptorFlags::read;
  if ((base & rights::fd_write) != 0) descriptor_flags.bits[0] |= DescriptorFlags::write;
  if ((flags & fdflags::sync) != 0) descriptor_flags.bits[0] |= DescriptorFlags::file_integrity_sync;
  if ((flags & fdflags::dsync) != 0) descriptor_flags.bits[0] |= DescriptorFlags::data_integrity_sync;
  if ((flags & fdflags::rsync) != 0) descriptor_flags.bits[0] |= DescriptorFlags::requested_write_sync;
  TENON_FILE(std::unique_ptr<Descriptor> opened, folder->open_at(call.context(), path_flags(call.u32(1)), path.text, open_flags, descriptor_flags));
  auto file = std::make_unique<File>();
  file->descriptor = std::move(opened);
  file->flags = static_cast<uint16_t>(flags & (fdflags::append | fdflags::nonblock));
  TENON_TRY(const uint32_t fd, call.state().add(std::move(file)));
  if (call.store(call.u32(8), fd)) return Errno::Success;
  call.state().remove(fd);
  return Errno::Fault;
}

/// An operation on one path of a folder: fd, path, length.
template <auto Operation>
Answer path_operation(Call& call) {
  Descriptor* const folder = descriptor_of(call.u32(0), call.state());
  if (folder == nullptr) return no_folder(call, call.u32(0));
  const Path path = path_at(call, call.u32(1), call.u32(2));
  if (path.error != Errno::Success) return path.error;
  return errno_answer<void>((folder->*Operation)(call.context(), path.text));
}

Answer path_readlink(Call& call) {
  Descriptor* const folder = descriptor_of(call.u32(0), call.state());
  if (folder == nullptr) return no_folder(call, call.u32(0));
  const Path path = path_at(call, call.u32(1), call.u32(2));
  if (path.error != Errno::Success) return path.error;
  TENON_FILE(const std::string target, folder->readlink_at(call.context(), path.text));
  // As POSIX has it, what does not fit is cut off.
  const auto size = std::min<uint32_t>(call.u32(4), static_cast<uint32_t>(target.size()));
  const auto range = call.bytes(call.u32(3), size);
  if (!range || !call.store(call.u32(5), size)) return Errno::Fault;
  std::memcpy(range->data(), target.data(), size);
  return Errno::Success;
}

Answer path_link(Call& call) {
  Descriptor* const from = descriptor_of(call.u32(0), call.state());
  Descriptor* const to = descriptor_of(call.u32(4), call.state());
  if (from == nullptr || to == nullptr) return no_folder(call, from == nullptr ? call.u32(0) : call.u32(4));
  const Path old_path = path_at(call, call.u32(2), call.u32(3));
  const Path new_path = path_at(call, call.u32(5), call.u32(6));
  if (old_path.error != Errno::Success) return old_path.error;
  if (new_path.error != Errno::Success) return new_path.error;
  return errno_answer<void>(from->link_at(call.context(), path_flags(call.u32(1)), old_path.text, *to, new_path.text));
}

Answer path_rename(Call& call) {
  Descriptor* const from = descriptor_of(call.u32(0), call.state());
  Descriptor* const to = descriptor_of(call.u32(3), call.state());
  if (from == nullptr || to == nullptr) return no_folder(call, from == nullptr ? call.u32(0) : call.u32(3));
  const Path old_path = path_at(call, call.u32(1), call.u32(2));
  const Path new_path = path_at(call, call.u32(4), call.u32(5));
  if (old_path.error != Errno::Success) return old_path.error;
  if (new_path.error != Errno::Success) return new_path.error;
  return errno_answer<void>(from->rename_at(call.context(), old_path.text, *to, new_path.text));
}

Answer path_symlink(Call& call) {
  Descriptor* const folder = descriptor_of(call.u32(2), call.state());
  if (folder == nullptr) return no_folder(call, call.u32(2));
  const Path target = path_at(call, call.u32(0), call.u32(1));
  const Path path = path_at(call, call.u32(3), call.u32(4));
  if (target.error != Errno::Success) return target.error;
  if (path.error != Errno::Success) return path.error;
  return errno_answer<void>(folder->symlink_at(call.context(), target.text, path.text));
}

/// Preview 1 makes no sockets, and no host gives any.
Answer no_socket(Call& call) { return call.state().find(call.u32(0)) == nullptr ? Errno::BadDescriptor : Errno::NotSocket; }

constexpr Function functions[] = {
    {"fd_advise", "iIIi", fd_advise},
    {"fd_allocate", "iII", fd_allocate},
    {"fd_close", "i", fd_close},
    {"fd_datasync", "i", fd_datasync},
    {"fd_fdstat_get", "ii", fd_fdstat_get},
    {"fd_fdstat_set_flags", "ii", fd_fdstat_set_flags},
    {"fd_fdstat_set_rights", "iII", fd_fdstat_set_rights},
    {"fd_filestat_get", "ii", fd_filestat_get},
    {"fd_filestat_set_size", "iI", fd_filestat_set_size},
    {"fd_filestat_set_times", "iIIi", fd_filestat_set_times},
    {"fd_pread", "iiiIi", fd_pread},
    {"fd_prestat_get", "ii", fd_prestat_get},
    {"fd_prestat_dir_name", "iii", fd_prestat_dir_name},
    {"fd_pwrite", "iiiIi", fd_pwrite},
    {"fd_read", "iiii", fd_read},
    {"fd_readdir", "iiiIi", fd_readdir},
    {"fd_renumber", "ii", fd_renumber},
    {"fd_seek", "iIii", fd_seek},
    {"fd_sync", "i", fd_sync},
    {"fd_tell", "ii", fd_tell},
    {"fd_write", "iiii", fd_write},
    {"path_create_directory", "iii", path_operation<&Descriptor::create_directory_at>},
    {"path_filestat_get", "iiiii", path_filestat_get},
    {"path_filestat_set_times", "iiiiIIi", path_filestat_set_times},
    {"path_link", "iiiiiii", path_link},
    {"path_open", "iiiiiIIii", path_open},
    {"path_readlink", "iiiiii", path_readlink},
    {"path_remove_directory", "iii", path_operation<&Descriptor::remove_directory_at>},
    {"path_rename", "iiiiii", path_rename},
    {"path_symlink", "iiiii", path_symlink},
    {"path_unlink_file", "iii", path_operation<&Descriptor::unlink_file_at>},
    {"sock_accept", "iii", no_socket},
    {"sock_recv", "iiiiii", no_socket},
    {"sock_send", "iiiii", no_socket},
    {"sock_shutdown", "ii", no_socket},
};

}  // namespace

std::span<const Function> file_functions() { return functions; }

}  // namespace tenon::wasi::preview1
