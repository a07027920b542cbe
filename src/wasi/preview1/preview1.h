#pragma once

#include <cstdint>
#include <cstring>
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tenon/core.h"
#include "tenon/result.h"
#include "wasi/context.h"
#include "wasi/filesystem/descriptor.h"
#include "wasi/filesystem/directory.h"
#include "wasi/preview1/abi.h"

/// WASI preview 1 for core modules, over the same descriptors, streams, clocks and rules as WASI 0.2.
///
/// Not through the published adapters: those put their own memory into the program's, which programs that count their pages by themselves (all that are written
/// in Go) take for theirs; they hold 128 descriptors and lose the status of an exit. Modules that carry a component type are made components with them as ever.
namespace tenon::wasi::preview1 {

/// The function behind an import of a module, made in a store that has a `Context`. Absent when the import is none of preview 1. Errors: those of
/// `core::Func::create`.
Result<std::optional<core::Func>> make_import(Store& store, const core::ImportType& import);

/// What keeps `module` from being instantiated: `random_get` without a grant of random numbers, because programs do not expect it to fail. Error: `Denied`,
/// with what to add.
Result<> check_imports(const core::Module& module, policy::Guard& guard);

/// Tells where the instance's memory is, before anything of it is called. Error: `InvalidInput` when it exports no memory named `memory`.
Result<> bind_memory(Context& context, const core::Instance& instance);

/// What a function answers: an errno for the guest, or an error that ends it.
using Answer = Result<Errno>;

/// An open file, folder or standard stream of a guest.
struct File {
  enum class Kind : uint8_t { Input, Output, Error, Descriptor };
  Kind kind = Kind::Descriptor;
  std::unique_ptr<filesystem::Descriptor> descriptor;
  /// Of a folder that was given: its name.
  std::optional<std::string> given_name;
  uint64_t position = 0;
  uint16_t flags = 0;
  /// Of a folder that is being listed: the stream, and the cookie that its next entry has.
  std::unique_ptr<filesystem::DirectoryEntryStream> listing;
  uint64_t listing_next = 0;
  /// The entry that did not fit into the last answer.
  std::optional<filesystem::DirectoryEntry> listing_held;
};

/// The guest's table of descriptors, and its memory. The thread of the store.
class State final : public Part {
 public:
  explicit State(Context& context) : context_(context) {}
  ~State() override;

  /// Opens standard streams and given folders, once.
  Result<> open();
  /// Null when there is none.
  File* find(uint32_t fd) const { return fd < files_.size() ? files_[fd].get() : nullptr; }
  /// The lowest number that is free. Errors: `LimitExceeded` when open handles are used up.
  Result<uint32_t> add(std::unique_ptr<File> file);
  void remove(uint32_t fd);
  void move(uint32_t from, uint32_t to);

  void set_memory(const core::Memory& memory) { memory_ = memory; }
  /// Empty before the memory is bound.
  std::span<std::byte> memory() const { return memory_ ? memory_->data() : std::span<std::byte>(); }

 private:
  Context& context_;
  std::vector<std::unique_ptr<File>> files_;
  std::optional<core::Memory> memory_;
  bool is_open_ = false;
};

/// One call of a guest: its arguments and its memory.
class Call final {
 public:
  Call(Context& context, State& state, std::span<const core::Val> arguments) : context_(context), state_(state), arguments_(arguments) {}

  Context& context() { return context_; }
  State& state() { return state_; }

  uint32_t u32(size_t i) const { return static_cast<uint32_t>(std::get<int32_t>(arguments_[i])); }
  uint64_t u64(size_t i) const { return static_cast<uint64_t>(std::get<int64_t>(arguments_[i])); }

  /// A range of the guest's memory; absent when it is not all inside. Valid until the guest runs.
  std::optional<std::span<std::byte>> bytes(uint32_t address, uint64_t size) const {
    const std::span<std::byte> memory = state_.memory();
    if (address > memory.size() || size > memory.size() - address) return std::nullopt;
    return memory.subspan(address, size);
  }
  /// Text: absent when it is not all inside.
  std::optional<std::string_view> text(uint32_t address, uint32_t size) const {
    const auto range = bytes(address, size);
    if (!range) return std::nullopt;
    return std::string_view(reinterpret_cast<const char*>(range->data()), range->size());
  }
  template <class T>
  bool store(uint32_t address, T value) const {
    const auto range = bytes(address, sizeof(T));
    if (!range) return false;
    std::memcpy(range->data(), &value, sizeof(T));
    return true;
  }
  template <class T>
  std::optional<T> load(uint32_t address) const {
    const auto range = bytes(address, sizeof(T));
    if (!range) return std::nullopt;
    T value;
    std::memcpy(&value, range->data(), sizeof(T));
    return value;
  }

 private:
  Context& context_;
  State& state_;
  std::span<const core::Val> arguments_;
};

/// A function's row in the tables of files.cpp and process.cpp. `type` is a letter a parameter, `i` for i32 and `I` for i64; all but proc_exit answer an errno.
struct Function {
  std::string_view name;
  std::string_view type;
  Answer (*body)(Call& call);
};
std::span<const Function> file_functions();
std::span<const Function> process_functions();

}  // namespace tenon::wasi::preview1
