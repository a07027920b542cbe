#include "wasi/filesystem/directory.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "wasi/filesystem/sandbox.h"

namespace tenon::wasi::filesystem {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace): what the tests are written in

std::string type_name(DescriptorType type) { return std::string(EnumTraits<DescriptorType>::names[static_cast<size_t>(type)]); }

/// "name type" of each entry, or the error code in its place.
std::multiset<std::string> list(Context& context, DirectoryEntryStream& stream) {
  std::multiset<std::string> entries;
  while (true) {
    const auto entry = stream.next(context);
    if (!entry || !*entry) {
      entries.insert(outcome(entry));
      if (!entry) return entries;
    } else if (!**entry) {
      return entries;
    } else {
      entries.insert(std::string((**entry)->name.view()) + " " + type_name((**entry)->type));
    }
  }
}

class Directory : public ::testing::TestWithParam<bool> {
 protected:
  void SetUp() override { box_ = std::make_unique<Sandbox>(SandboxOptions{.may_hang = GetParam()}); }
  std::unique_ptr<DirectoryEntryStream> read(Descriptor& folder) { return std::move(**folder.read_directory(box_->context())); }

  std::unique_ptr<Sandbox> box_;
};
INSTANTIATE_TEST_SUITE_P(ThreadAndPool, Directory, ::testing::Bool(), [](const auto& which) { return which.param ? "OnPool" : "OnThread"; });

TEST_P(Directory, NamesEachEntryWithItsType) {
  const fs::path data = box_->data();
  put(data / "file", "");
  fs::create_directory(data / "dir");
  fs::create_symlink("../outside", data / "link");
  ASSERT_EQ(mkfifo((data / "fifo").c_str(), 0600), 0);
  const Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = {}};
  (data / "socket").string().copy(address.sun_path, sizeof address.sun_path - 1);
  ASSERT_EQ(bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  const std::multiset<std::string> expected = {"dir directory", "fifo fifo", "file regular-file", "link symbolic-link", "socket socket"};
  EXPECT_EQ(list(box_->context(), *read(box_->root())), expected);
}

TEST_P(Directory, ReadsAHugeFolderPieceByPiece) {
  for (int i = 0; i < 400; i++) put(box_->data() / (std::string(200, 'n') + std::to_string(i)), "");
  auto first = read(box_->root());
  auto second = read(box_->root());
  ASSERT_TRUE(second->next(box_->context()));
  EXPECT_EQ(list(box_->context(), *first).size(), 400U);
  // Each begins at the beginning.
  EXPECT_EQ(list(box_->context(), *second).size(), 399U);
  EXPECT_EQ(list(box_->context(), *second).size(), 0U);
}

TEST_P(Directory, GoesOnBehindANameThatIsNotUtf8) {
  put(box_->data() / "a", "");
  put(box_->data() / "\xff", "");
  put(box_->data() / "b", "");
  const std::multiset<std::string> expected = {"a regular-file", "b regular-file", "illegal-byte-sequence"};
  EXPECT_EQ(list(box_->context(), *read(box_->root())), expected);
}

TEST_P(Directory, IsEmptyAfterItsFolderWasRemoved) {
  fs::create_directory(box_->data() / "dir");
  auto folder = box_->open("dir");
  auto stream = read(*folder);
  fs::remove(box_->data() / "dir");
  EXPECT_EQ(list(box_->context(), *stream).size(), 0U);
  EXPECT_EQ(list(box_->context(), *read(*folder)).size(), 0U);
}

TEST_P(Directory, LivesOnWithoutTheDescriptor) {
  put(box_->data() / "file", "");
  auto folder = box_->open(".");
  auto stream = read(*folder);
  folder.reset();
  EXPECT_EQ(list(box_->context(), *stream).size(), 1U);
}

}  // namespace
}  // namespace tenon::wasi::filesystem
