#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <sys/stat.h>
#include <sys/types.h>

#include "policy/rules.h"
#include "tenon/result.h"
#include "wasi/context.h"
#include "wasi/filesystem/beneath.h"
#include "wasi/filesystem/rights.h"
#include "wasi/filesystem/types.h"

namespace tenon::wasi::filesystem {

/// An open file or folder of the machine. Immutable, shared by a descriptor, its streams and calls that hang.
struct OpenFile {
  Fd fd;
  DescriptorType type = DescriptorType::Unknown;
  /// What it is, for good: the numbers of one object are those of no other while it is open.
  dev_t device = 0;
  ino_t inode = 0;
  /// Whether calls on it may hang, and so run on the pool.
  bool may_hang = false;
  /// Whether it was opened for writing.
  bool is_writable = true;
};

/// Shares a file that was opened. One that may hang is closed by `Closing`, because that may hang, too.
std::shared_ptr<const OpenFile> share(OpenFile file);

DescriptorType descriptor_type(mode_t mode);

/// Why nothing is changed in a read-only mount, and what has to be changed for that: "the folder /data is read-only: drop :ro from --dir data:ro".
std::string read_only_reason(const Mount& mount);
/// `rules` so that a read-only mount stays that by way of whatever a guest is given around it. Of mounts within mounts the innermost counts. The same object
/// where no rule opens such a mount for a change.
std::shared_ptr<const policy::Rules> keep_read_only(std::shared_ptr<const policy::Rules> rules, const std::vector<Mount>& mounts);

/// A folder that a guest was given, with what holds for everything beneath it. The thread of the store.
class Folder final {
 public:
  std::string guest_path;
  /// What the guest is told that it is called.
  std::string name;
  std::shared_ptr<const OpenFile> file;
  bool is_read_only = false;
  /// What a denial says then: `read_only_reason`.
  std::string read_only_reason;
  Mounts mounts = Mounts::Cross;
  /// Whether its file system takes several spellings of a name ("a", "A") for one: rules that are not of one mind about it deny then, because the guest could
  /// write around them.
  bool folds_names = false;

  Rights rights(const policy::Guard& guard) const;

  /// Whether calls on something beneath it may hang that is on `device`. `descriptor` is open on it; `system` is the type of its file system, where that is
  /// known. Answers `not-permitted` for files of /proc that were reached from elsewhere, because those of this very process are among them: its memory, its
  /// environment.
  FileResult<bool> may_hang_on(dev_t device, int descriptor, std::optional<uint64_t> system);

 private:
  friend class Preopens;
  /// Devices that were met, and the answers.
  std::vector<std::pair<dev_t, FileResult<bool>>> devices_;
  bool is_on_proc_ = false;
  /// Whether something beneath it may hang before it is known what it is.
  bool has_hanging_beneath_ = false;
};

/// The folders that the guest of a store is given: where the rules open something, on the mounts of the config, and otherwise at the same path of the machine.
/// For a rule that names a file, its folder.
class Preopens final : public Part {
 public:
  explicit Preopens(Context& /*context*/) {}

  /// Opens them, once. Errors: `NotFound`, `InvalidInput` (not a folder), `Denied` and `Unavailable`, naming the path; `Unsupported` without openat2.
  Result<> open(Context& context);

  const std::vector<std::shared_ptr<Folder>>& folders() const { return folders_; }

  /// Opens the folder of one mount, whatever the rules say. Errors as `open`.
  static Result<std::shared_ptr<Folder>> open_mount(const Mount& mount);

 private:
  struct Wanted {
    Mount mount;
    /// Whether a rule may have named a file.
    bool may_be_file = false;
  };
  /// What the guest is to be given, in order.
  static std::vector<Wanted> wanted(const policy::Guard& guard, const std::vector<Mount>& mounts);
  static Result<std::shared_ptr<Folder>> open_folder(const Wanted& wanted);

  bool is_open_ = false;
  std::vector<std::shared_ptr<Folder>> folders_;
};

/// Opens the folders of `context`'s guest. To be called before the guest starts, so that a folder that does not exist is an error then; otherwise it happens
/// when the guest first asks for them. Errors: those of `Preopens::open`.
Result<> open_preopens(Context& context);

}  // namespace tenon::wasi::filesystem
