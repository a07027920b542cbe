#include "engine/cache.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <fstream>
#include <random>
#include <string>
#include <thread>

#include "base/encoding.h"
#include "engine/cache_format.h"
#include "engine/test_guests.h"

namespace tenon::engine {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view seven = R"((module $seven (memory 1) (data (i32.const 0) "seven") (func (export "answer") (result i32) i32.const 7)))";
constexpr std::string_view eight = R"((module $eight (memory 1) (data (i32.const 0) "eight") (func (export "answer") (result i32) i32.const 8)))";

/// A module of some hundred kilobytes of code: large enough to be mapped instead of read.
std::string large_module() {
  std::string text = "(module (func (export \"answer\") (result i32) i32.const 9)";
  for (int i = 0; i < 4000; ++i)
    text += "(func (param i32) (result i32) (i32.mul (i32.add (local.get 0) (i32.const " + std::to_string(i) + ")) (i32.const 77)))";
  return text + ")";
}

class CacheTest : public testing::Test {
 protected:
  CacheTest() {
    std::string name = fs::temp_directory_path() / "tenon-cache-XXXXXX";
    folder_ = mkdtemp(name.data());
  }
  ~CacheTest() override { fs::remove_all(folder_); }

  std::unique_ptr<CodeCache> open(uint64_t bytes_max = 1 << 30) {
    auto cache = CodeCache::open(folder_, bytes_max);
    EXPECT_TRUE(cache) << cache.error().message();
    return *std::move(cache);
  }

  CacheKey save(CodeCache& cache, std::string_view text, std::string_view plain = "plan") {
    core::Module module = make_module(engine_, text);
    CacheKey key = CodeCache::key(engine_, "test", std::as_bytes(std::span(text)));
    auto saved = cache.save(key, "test", std::as_bytes(std::span(plain)), std::span(&module, 1));
    EXPECT_TRUE(saved) << saved.error().message();
    return key;
  }

  int32_t answer(const core::Module& module) { return answer(module, engine_); }
  static int32_t answer(const core::Module& module, const Engine& engine) {
    auto store = *Store::create(engine);
    return *core::Instance::create(*store, module)->get_func("answer")->typed<int32_t()>()->call();
  }

  static int32_t answer_in(const Engine& engine) {
    auto store = *Store::create(engine);
    return *core::Instance::create(*store, make_module(engine, seven))->get_func("answer")->typed<int32_t()>()->call();
  }

  static std::string base_name(const CacheKey& key) { return base::encode_hex(std::as_bytes(std::span(key))) + ".code"; }

  /// The entries' files, in the order of their names.
  std::vector<fs::path> files() {
    std::vector<fs::path> found;
    for (const auto& entry : fs::directory_iterator(folder_ / "code")) {
      if (entry.path().extension() == ".code") found.push_back(entry.path());
    }
    std::sort(found.begin(), found.end());
    return found;
  }

  static std::string read(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  static void write(const fs::path& path, const std::string& bytes) { std::ofstream(path, std::ios::binary) << bytes; }

  fs::path folder_;
  Engine engine_ = make_engine();
};

TEST_F(CacheTest, GivesBackWhatWasSaved) {
  auto cache = open();
  CacheKey key = save(*cache, seven);
  auto entry = cache->load(engine_, key);
  ASSERT_TRUE(entry);
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(entry->plain.data()), entry->plain.size()), "plan");
  ASSERT_EQ(entry->modules.size(), 1U);
  EXPECT_EQ(answer(entry->modules[0]), 7);
  EXPECT_EQ(entry->modules[0].name(), "seven");
}

TEST_F(CacheTest, MapsLargeModulesFromASealedCopy) {
  auto cache = open();
  CacheKey key = save(*cache, large_module());
  ASSERT_GT(fs::file_size(files()[0]), size_t{256} << 10);
  auto entry = cache->load(engine_, key);
  ASSERT_TRUE(entry);
  // What happens to the file afterwards does not reach the code.
  write(files()[0], std::string(fs::file_size(files()[0]), '\0'));
  EXPECT_EQ(answer(entry->modules[0]), 9);
}

TEST_F(CacheTest, IsReadByAnotherProcessWithTheSameFolder) {
  CacheKey key = save(*open(), seven);
  auto entry = open()->load(engine_, key);
  ASSERT_TRUE(entry);
  EXPECT_EQ(answer(entry->modules[0]), 7);
}

TEST_F(CacheTest, KeysDifferByContentLabelAndEngine) {
  auto bytes = [](std::string_view text) { return std::as_bytes(std::span(text)); };
  CacheKey key = CodeCache::key(engine_, "module", bytes("a"));
  EXPECT_EQ(key, CodeCache::key(make_engine(), "module", bytes("a")));
  EXPECT_NE(key, CodeCache::key(engine_, "module", bytes("b")));
  EXPECT_NE(key, CodeCache::key(engine_, "component", bytes("a")));
  EXPECT_NE(key, CodeCache::key(make_engine({.fuel = true}), "module", bytes("a")));
}

TEST_F(CacheTest, CodeThatCountsFuelIsAnEntryOfItsOwn) {
  for (int round = 0; round < 2; ++round) {
    const Engine plain = make_engine({.cache_folder = folder_});
    EXPECT_EQ(answer(make_module(plain, seven), plain), 7);
    const Engine metered = make_engine({.fuel = true, .cache_folder = folder_});
    const core::Module module = make_module(metered, seven);
    auto store = *Store::create(metered);
    const auto call = [&] { return core::Instance::create(*store, module)->get_func("answer")->typed<int32_t()>()->call(); };
    EXPECT_EQ(call().error().kind(), ErrorKind::LimitExceeded) << "it counts, also out of the cache";
    ASSERT_TRUE(store->set_fuel(1000));
    EXPECT_EQ(*call(), 7);
    EXPECT_LT(*store->fuel(), 1000U);
    EXPECT_EQ(files().size(), 2U);
  }
}

TEST_F(CacheTest, RefusesAFileWithAnyByteFlipped) {
  auto cache = open();
  CacheKey key = save(*cache, seven);
  std::string whole = read(files()[0]);
  // Every byte of the head, and bytes of the parts; the padding between them is not covered by a digest and holds nothing.
  size_t head = cache_head_bytes(2);
  size_t plain_end = 4096 + 4;
  for (size_t at = 0; at < whole.size(); at += at < head ? 1 : 509) {
    bool padding = (at >= head && at < 4096) || (at >= plain_end && at < 8192);
    if (padding) continue;
    std::string broken = whole;
    broken[at] = static_cast<char>(broken[at] ^ 0x40);
    write(folder_ / "code" / base_name(key), broken);
    EXPECT_FALSE(cache->load(engine_, key)) << "byte " << at;
    EXPECT_TRUE(files().empty()) << "a file that is not sound is removed, byte " << at;
  }
}

TEST_F(CacheTest, RefusesAFileCutAnywhereOrLengthened) {
  auto cache = open();
  CacheKey key = save(*cache, seven);
  std::string whole = read(files()[0]);
  for (size_t size = 0; size < whole.size(); size += 331) {
    write(folder_ / "code" / base_name(key), whole.substr(0, size));
    EXPECT_FALSE(cache->load(engine_, key)) << size;
  }
  write(folder_ / "code" / base_name(key), whole + "x");
  EXPECT_FALSE(cache->load(engine_, key));
}

TEST_F(CacheTest, RefusesTheFileOfAnotherKey) {
  auto cache = open();
  CacheKey first = save(*cache, seven);
  CacheKey second = save(*cache, eight);
  fs::path a = folder_ / "code" / base_name(first);
  fs::path b = folder_ / "code" / base_name(second);
  std::string swapped = read(a);
  write(a, read(b));
  write(b, swapped);
  EXPECT_FALSE(cache->load(engine_, first));
  EXPECT_FALSE(cache->load(engine_, second));
}

TEST_F(CacheTest, RefusesTheFileOfAnotherFolder) {
  CacheKey key = save(*open(), seven);
  std::string file = read(files()[0]);
  fs::remove_all(folder_ / "code");
  auto cache = open();
  write(folder_ / "code" / base_name(key), file);
  EXPECT_FALSE(cache->load(engine_, key)) << "the secret is another";
}

TEST_F(CacheTest, RefusesALinkAndAFolder) {
  auto cache = open();
  CacheKey key = save(*cache, seven);
  fs::path file = folder_ / "code" / base_name(key);
  fs::rename(file, folder_ / "elsewhere");
  fs::create_symlink(folder_ / "elsewhere", file);
  EXPECT_FALSE(cache->load(engine_, key));
  fs::remove(file);
  fs::create_directory(file);
  EXPECT_FALSE(cache->load(engine_, key));
  fs::remove(file);
  ASSERT_EQ(mkfifo(file.c_str(), 0600), 0);
  EXPECT_FALSE(cache->load(engine_, key)) << "a pipe must not be waited for";
}

TEST_F(CacheTest, WritesPrivateFilesInAPrivateFolder) {
  auto cache = open();
  save(*cache, seven);
  EXPECT_EQ(fs::status(folder_ / "code").permissions(), fs::perms::owner_all);
  for (const auto& entry : fs::directory_iterator(folder_ / "code"))
    EXPECT_EQ(entry.status().permissions(), fs::perms::owner_read | fs::perms::owner_write) << entry.path();
}

TEST_F(CacheTest, IsRefusedInAFolderThatOthersMayEnter) {
  open();
  fs::permissions(folder_ / "code", fs::perms::owner_all | fs::perms::others_read | fs::perms::others_exec);
  EXPECT_EQ(CodeCache::open(folder_, 1 << 20).error().kind(), ErrorKind::Denied);
}

TEST_F(CacheTest, IsRefusedWhenTheFolderIsALinkOrAFile) {
  fs::create_directory(folder_ / "real");
  fs::create_symlink(folder_ / "real", folder_ / "code");
  EXPECT_FALSE(CodeCache::open(folder_, 1 << 20));
  fs::remove(folder_ / "code");
  write(folder_ / "code", "");
  EXPECT_FALSE(CodeCache::open(folder_, 1 << 20));
}

TEST_F(CacheTest, FolderThatCannotBeWrittenIsANotice) {
  write(folder_ / "file", "");
  Engine engine = make_engine({.cache_folder = folder_ / "file"});
  EXPECT_NE(engine.notice(), "");
  EXPECT_EQ(answer_in(engine), 7);
}

TEST_F(CacheTest, EntryThatCannotBeWrittenIsANotice) {
  Engine engine = make_engine({.cache_folder = folder_, .cache_bytes_max = 1});
  EXPECT_EQ(engine.notice(), "");
  EXPECT_EQ(answer_in(engine), 7);
  EXPECT_TRUE(engine.notice().starts_with("compiled code is not cached: an entry of ")) << engine.notice();
}

TEST_F(CacheTest, DamagedSecretIsRefusedWithWhatToDo) {
  save(*open(), seven);
  write(folder_ / "code" / "secret", "short");
  auto cache = CodeCache::open(folder_, 1 << 20);
  ASSERT_FALSE(cache);
  EXPECT_TRUE(cache.error().message().ends_with("expected 32; remove the folder")) << cache.error().message();
}

/// What opening the cache answers to a user who is neither the owner nor root.
std::optional<ErrorKind> open_as_nobody(const fs::path& folder) {
  pid_t child = fork();
  if (child == 0) {
    constexpr uid_t nobody = 65534;
    if (geteuid() == 0 && setresuid(nobody, nobody, nobody) != 0) _exit(100);
    auto cache = CodeCache::open(folder, 1 << 20);
    _exit(cache ? 101 : static_cast<int>(cache.error().kind()));
  }
  int status = 0;
  waitpid(child, &status, 0);
  if (!WIFEXITED(status) || WEXITSTATUS(status) >= 100) return std::nullopt;
  return static_cast<ErrorKind>(WEXITSTATUS(status));
}

TEST_F(CacheTest, IsDeniedInAFolderWithoutThePermission) {
  fs::permissions(folder_, fs::perms::owner_read | fs::perms::owner_exec | fs::perms::others_read | fs::perms::others_exec);
  EXPECT_EQ(open_as_nobody(folder_), ErrorKind::Denied);
  fs::permissions(folder_, fs::perms::owner_all);
}

TEST_F(CacheTest, IsDeniedInAnotherUsersFolder) {
  if (geteuid() != 0) GTEST_SKIP() << "only a superuser can act as two users";
  open();
  fs::permissions(folder_, fs::perms::all);
  EXPECT_EQ(open_as_nobody(folder_), ErrorKind::Denied);
}

TEST_F(CacheTest, EntriesNotUsedForLongestGoFirst) {
  std::vector<CacheKey> keys;
  uint64_t one = 0;
  {
    auto cache = open();
    for (int i = 0; i < 3; ++i) {
      keys.push_back(save(*cache, "(module (func (export \"answer\") (result i32) i32.const " + std::to_string(i) + "))"));
      one = std::max<uint64_t>(one, fs::file_size(folder_ / "code" / base_name(keys.back())));
      fs::last_write_time(folder_ / "code" / base_name(keys.back()), fs::file_time_type::clock::now() - std::chrono::hours(10 - i));
    }
    // The oldest is used again, so the second is now the one to go.
    EXPECT_TRUE(cache->load(engine_, keys[0]));
  }
  auto cache = open(3 * one + one / 2);
  save(*cache, "(module (func (export \"answer\") (result i32) i32.const 4))");
  EXPECT_TRUE(cache->load(engine_, keys[0]));
  EXPECT_FALSE(cache->load(engine_, keys[1]));
  EXPECT_TRUE(cache->load(engine_, keys[2]));
}

TEST_F(CacheTest, AnEntryLargerThanTheCacheIsNotWritten) {
  auto cache = open(100);
  core::Module module = make_module(engine_, seven);
  EXPECT_EQ(cache->save({}, "test", {}, std::span(&module, 1)).error().kind(), ErrorKind::LimitExceeded);
  EXPECT_TRUE(files().empty());
}

TEST_F(CacheTest, ListsVerifiesAndCleans) {
  auto cache = open();
  save(*cache, seven);
  CacheKey broken = save(*cache, eight);
  std::string bytes = read(folder_ / "code" / base_name(broken));
  bytes[bytes.size() - 1] = static_cast<char>(bytes[bytes.size() - 1] ^ 1);
  write(folder_ / "code" / base_name(broken), bytes);
  write(folder_ / "code" / "junk.code", "junk");
  auto quick = *cache->list(CodeCache::Check::Headers);
  ASSERT_EQ(quick.size(), 3U);
  EXPECT_EQ(std::count_if(quick.begin(), quick.end(), [](const CacheItem& item) { return item.fault.empty() && item.label == "test"; }), 2);
  auto thorough = *cache->list(CodeCache::Check::Digests);
  EXPECT_EQ(std::count_if(thorough.begin(), thorough.end(), [](const CacheItem& item) { return item.fault.empty(); }), 1);
  EXPECT_EQ(*cache->remove_faulty(), 2U);
  EXPECT_EQ(files().size(), 1U);
  EXPECT_GT(*cache->clean(), 0U);
  EXPECT_TRUE(files().empty());
}

TEST_F(CacheTest, ManyWritersAndReadersAgree) {
  std::vector<std::thread> threads;
  core::Module module = make_module(engine_, seven);
  CacheKey key = CodeCache::key(engine_, "test", std::as_bytes(std::span(seven)));
  std::atomic<int> wrong = 0;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      auto cache = CodeCache::open(folder_, 1 << 20);
      if (!cache) ++wrong;
      for (int round = 0; cache && round < 50; ++round) {
        if (!(*cache)->save(key, "test", {}, std::span(&module, 1))) ++wrong;
        auto entry = (*cache)->load(engine_, key);
        if (!entry || entry->modules.size() != 1 || entry->modules[0].name() != "seven") ++wrong;
        if (round % 10 == 9 && !(*cache)->list(CodeCache::Check::Digests)) ++wrong;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(files().size(), 1U);
}

/// Runs `body` in a process of its own that is killed after `delay`, if it has not ended by then.
template <class Body>
void run_and_kill(std::chrono::nanoseconds delay, Body&& body) {
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    body();
    _exit(0);
  }
  const auto end = std::chrono::steady_clock::now() + delay;
  while (std::chrono::steady_clock::now() < end) std::this_thread::yield();
  kill(child, SIGKILL);
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
}

TEST_F(CacheTest, AWriterThatIsKilledAnywhereLeavesNothingThatWouldBeRun) {
  const std::string text = large_module();
  const core::Module module = make_module(engine_, text);
  const std::string plain(200'000, 'p');
  const CacheKey key = CodeCache::key(engine_, "test", std::as_bytes(std::span(text)));
  const auto write = [&] {
    const auto cache = CodeCache::open(folder_, 1 << 30);
    if (cache) (void)(*cache)->save(key, "test", std::as_bytes(std::span(plain)), std::span(&module, 1));
  };
  // How long a whole write takes, in a folder that is there and in one that is not.
  const auto start = std::chrono::steady_clock::now();
  run_and_kill(std::chrono::seconds(0), [] {});
  write();
  const auto whole = std::chrono::steady_clock::now() - start;
  std::mt19937_64 random(48);
  size_t found = 0;
  size_t missing = 0;
  for (int round = 0; round < 150; round++) {
    // Every third time the folder and its secret are new as well.
    if (round % 3 == 0) {
      fs::remove_all(folder_);
      fs::create_directory(folder_);
    } else {
      open()->clean().value();
    }
    run_and_kill(std::chrono::nanoseconds(random() % static_cast<uint64_t>(2 * whole.count())), write);
    const auto cache = open();
    const auto items = cache->list(CodeCache::Check::Digests).value();
    for (const CacheItem& item : items) EXPECT_EQ(item.fault, "") << item.file;
    if (const auto entry = cache->load(engine_, key)) {
      found++;
      EXPECT_EQ(entry->plain.size(), plain.size());
      EXPECT_EQ(answer(entry->modules[0]), 9);
    } else {
      missing++;
      EXPECT_TRUE(items.empty());
      // What the writer left is in nobody's way.
      ASSERT_TRUE(cache->save(key, "test", std::as_bytes(std::span(plain)), std::span(&module, 1)));
      EXPECT_EQ(answer(cache->load(engine_, key)->modules[0]), 9);
    }
  }
  EXPECT_GT(found, 0u) << "no writer came to its end";
  EXPECT_GT(missing, 0u) << "no writer was killed before its end";
  open()->clean().value();
  size_t left = 0;
  for (const auto& file : fs::recursive_directory_iterator(folder_)) left += file.is_regular_file() ? 1 : 0;
  EXPECT_LE(left, 1u) << "only the secret stays";
}

TEST_F(CacheTest, EngineWithACacheFolderCompilesOnce) {
  Engine engine = make_engine({.cache_folder = folder_});
  EXPECT_EQ(engine.notice(), "");
  EXPECT_EQ(answer_in(engine), 7);
  ASSERT_EQ(files().size(), 1U);
  auto before = read(files()[0]);
  EXPECT_EQ(answer_in(engine), 7);
  EXPECT_EQ(read(files()[0]), before);
}

}  // namespace
}  // namespace tenon::engine
