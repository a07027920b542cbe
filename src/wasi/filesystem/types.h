#pragma once

#include <array>
#include <cstdint>
#include <expected>
#include <optional>
#include <string_view>
#include <tuple>
#include <variant>

#include "tenon/typed.h"
#include "wasi/clocks/datetime.h"

/// The types of wasi:filesystem/types, in the order of the WIT text.
namespace tenon::wasi::filesystem {

enum class DescriptorType : uint8_t { Unknown, BlockDevice, CharacterDevice, Directory, Fifo, SymbolicLink, RegularFile, Socket };

/// A set of flags in one word.
template <class Self>
struct FlagWord {
  std::array<uint32_t, 1> bits{};
  constexpr bool has(uint32_t flag) const { return (bits[0] & flag) != 0; }
};

struct DescriptorFlags : FlagWord<DescriptorFlags> {
  static constexpr uint32_t read = 1, write = 2, file_integrity_sync = 4, data_integrity_sync = 8, requested_write_sync = 16, mutate_directory = 32;
};
struct PathFlags : FlagWord<PathFlags> {
  static constexpr uint32_t symlink_follow = 1;
};
struct OpenFlags : FlagWord<OpenFlags> {
  static constexpr uint32_t create = 1, directory = 2, exclusive = 4, truncate = 8;
};

struct DescriptorStat {
  DescriptorType type = DescriptorType::Unknown;
  uint64_t link_count = 0;
  uint64_t size = 0;
  std::optional<Datetime> data_access_timestamp;
  std::optional<Datetime> data_modification_timestamp;
  std::optional<Datetime> status_change_timestamp;
};

/// `no-change`, `now`, `timestamp`.
struct NewTimestamp {
  std::variant<std::monostate, std::monostate, Datetime> value;
};

struct DirectoryEntry {
  DescriptorType type = DescriptorType::Unknown;
  /// Lies in its stream, until that is read again.
  HostText name;
};

enum class ErrorCode : uint8_t {
  Access,
  WouldBlock,
  Already,
  BadDescriptor,
  Busy,
  Deadlock,
  Quota,
  Exist,
  FileTooLarge,
  IllegalByteSequence,
  InProgress,
  Interrupted,
  Invalid,
  Io,
  IsDirectory,
  Loop,
  TooManyLinks,
  MessageSize,
  NameTooLong,
  NoDevice,
  NoEntry,
  NoLock,
  InsufficientMemory,
  InsufficientSpace,
  NotDirectory,
  NotEmpty,
  NotRecoverable,
  Unsupported,
  NoTty,
  NoSuchDevice,
  Overflow,
  NotPermitted,
  Pipe,
  ReadOnly,
  InvalidSeek,
  TextFileBusy,
  CrossDevice,
};

enum class Advice : uint8_t { Normal, Sequential, Random, WillNeed, DontNeed, NoReuse };

struct MetadataHash {
  uint64_t lower = 0;
  uint64_t upper = 0;
  bool operator==(const MetadataHash&) const = default;
};

/// What an operation answers the guest.
template <class T = void>
using FileResult = std::expected<T, ErrorCode>;

}  // namespace tenon::wasi::filesystem

namespace tenon {

template <>
struct EnumTraits<wasi::filesystem::DescriptorType> {
  static constexpr std::array<std::string_view, 8> names = {"unknown", "block-device",  "character-device", "directory",
                                                            "fifo",    "symbolic-link", "regular-file",     "socket"};
};
template <>
struct FlagsTraits<wasi::filesystem::DescriptorFlags> {
  static constexpr std::array<std::string_view, 6> names = {
      "read", "write", "file-integrity-sync", "data-integrity-sync", "requested-write-sync", "mutate-directory"};
};
template <>
struct FlagsTraits<wasi::filesystem::PathFlags> {
  static constexpr std::array<std::string_view, 1> names = {"symlink-follow"};
};
template <>
struct FlagsTraits<wasi::filesystem::OpenFlags> {
  static constexpr std::array<std::string_view, 4> names = {"create", "directory", "exclusive", "truncate"};
};
template <>
struct RecordTraits<wasi::filesystem::DescriptorStat> {
  using T = wasi::filesystem::DescriptorStat;
  static constexpr auto fields = std::make_tuple(
      field("type", &T::type), field("link-count", &T::link_count), field("size", &T::size), field("data-access-timestamp", &T::data_access_timestamp),
      field("data-modification-timestamp", &T::data_modification_timestamp), field("status-change-timestamp", &T::status_change_timestamp));
};
template <>
struct VariantTraits<wasi::filesystem::NewTimestamp> {
  static constexpr std::array<std::string_view, 3> names = {"no-change", "now", "timestamp"};
};
template <>
struct RecordTraits<wasi::filesystem::DirectoryEntry> {
  using T = wasi::filesystem::DirectoryEntry;
  static constexpr auto fields = std::make_tuple(field("type", &T::type), field("name", &T::name));
};
template <>
struct EnumTraits<wasi::filesystem::ErrorCode> {
  static constexpr std::array<std::string_view, 37> names = {"access",
                                                             "would-block",
                                                             "already",
                                                             "bad-descriptor",
                                                             "busy",
                                                             "deadlock",
                                                             "quota",
                                                             "exist",
                                                             "file-too-large",
                                                             "illegal-byte-sequence",
                                                             "in-progress",
                                                             "interrupted",
                                                             "invalid",
                                                             "io",
                                                             "is-directory",
                                                             "loop",
                                                             "too-many-links",
                                                             "message-size",
                                                             "name-too-long",
                                                             "no-device",
                                                             "no-entry",
                                                             "no-lock",
                                                             "insufficient-memory",
                                                             "insufficient-space",
                                                             "not-directory",
                                                             "not-empty",
                                                             "not-recoverable",
                                                             "unsupported",
                                                             "no-tty",
                                                             "no-such-device",
                                                             "overflow",
                                                             "not-permitted",
                                                             "pipe",
                                                             "read-only",
                                                             "invalid-seek",
                                                             "text-file-busy",
                                                             "cross-device"};
};
template <>
struct EnumTraits<wasi::filesystem::Advice> {
  static constexpr std::array<std::string_view, 6> names = {"normal", "sequential", "random", "will-need", "dont-need", "no-reuse"};
};
template <>
struct RecordTraits<wasi::filesystem::MetadataHash> {
  using T = wasi::filesystem::MetadataHash;
  static constexpr auto fields = std::make_tuple(field("lower", &T::lower), field("upper", &T::upper));
};

}  // namespace tenon
