#include "engine/cache.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <string>

#include "base/encoding.h"
#include "base/files.h"
#include "engine/test_guests.h"

namespace {

using namespace tenon::engine;

/// A cache in a folder of its own with one sound entry, kept for the process.
struct Setup {
  Setup() {
    std::string name = std::filesystem::temp_directory_path() / "tenon-cache-fuzz-XXXXXX";
    folder = mkdtemp(name.data());
    cache = *CodeCache::open(folder, 1 << 20);
    tenon::core::Module module = make_module(engine, "(module (func (export \"f\")))");
    if (!cache->save(key, "fuzz", {}, std::span(&module, 1))) std::abort();
    file = folder / "code" / (tenon::base::encode_hex(std::as_bytes(std::span(key))) + ".code");
    sound = *tenon::base::read_file(file, 1 << 20);
  }
  ~Setup() { std::filesystem::remove_all(folder); }

  tenon::Engine engine = make_engine();
  std::filesystem::path folder;
  std::unique_ptr<CodeCache> cache;
  CacheKey key = CodeCache::key(engine, "fuzz", {});
  std::filesystem::path file;
  std::string sound;
};

}  // namespace

/// A sound file with bytes changed, cut or replaced as the input says: it is taken only when it is what it was where a digest looks.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static Setup setup;
  if (size < 4) return 0;
  std::string bytes = setup.sound;
  size_t at = (size_t{data[0]} << 8 | data[1]) % bytes.size();
  std::string_view patch(reinterpret_cast<const char*>(data) + 3, size - 3);
  switch (data[2] % 3) {
    case 0: bytes.replace(at, patch.size(), patch); break;
    case 1: bytes.resize(at); break;
    default: bytes = patch; break;
  }
  if (!tenon::base::write_file(setup.file, bytes, 0600)) return 0;
  auto entry = setup.cache->load(setup.engine, setup.key);
  if (!entry) return 0;
  // Only the padding between the parts is nobody's.
  std::string_view before = setup.sound;
  size_t head = 80 + 2 * 48 + 32;
  if (bytes.size() != before.size() || bytes.compare(0, head, before.substr(0, head)) != 0 || bytes.compare(4096, std::string::npos, before.substr(4096)) != 0)
    std::abort();
  return 0;
}
