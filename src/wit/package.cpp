#include "tenon/wit.h"

#include <algorithm>
#include <map>
#include <optional>
#include <system_error>

#include "base/files.h"
#include "wit/package_handle.h"

namespace tenon::wit {

namespace fs = std::filesystem;

namespace {

/// Same numbers as the native library's limits, checked here first so that nothing larger is read.
constexpr size_t files_max = 10'000;
constexpr uint64_t file_bytes_max = uint64_t{256} << 20;

/// A file that was read, and which package of the folder it belongs to: 0 is the main one.
struct Source {
  std::string path;
  std::string contents;
  uint32_t package;
};

enum class EntryKind { Wit, Wasm, Folder, Other };

EntryKind entry_kind(const fs::path& path) {
  std::error_code error;
  if (fs::is_directory(path, error)) {
    return EntryKind::Folder;
  }
  const fs::path extension = path.extension();
  if (extension == ".wit") {
    return EntryKind::Wit;
  }
  return extension == ".wasm" || extension == ".wat" ? EntryKind::Wasm : EntryKind::Other;
}

/// The folder's entries by name, so that messages do not depend on the file system's order.
Result<std::vector<fs::path>> list(const fs::path& folder) {
  std::error_code error;
  std::vector<fs::path> entries;
  fs::directory_iterator iterator(folder, error);
  while (!error && iterator != fs::directory_iterator()) {
    entries.push_back(iterator->path());
    if (entries.size() > files_max) {
      return fail(ErrorKind::LimitExceeded, folder.string() + " has more than " + std::to_string(files_max) + " entries");
    }
    iterator.increment(error);
  }
  if (error) {
    return fail(ErrorKind::Unavailable, folder.string() + ": " + error.message());
  }
  std::ranges::sort(entries);
  return entries;
}

Result<> read_into(std::vector<Source>& sources, const fs::path& path, uint32_t package) {
  if (sources.size() >= files_max) {
    return fail(ErrorKind::LimitExceeded, "more than " + std::to_string(files_max) + " WIT files");
  }
  TENON_TRY(std::string contents, base::read_file(path, file_bytes_max));
  sources.push_back({path.string(), std::move(contents), package});
  return {};
}

/// The WIT files directly in `folder`; answers how many.
Result<size_t> read_folder(std::vector<Source>& sources, const fs::path& folder, uint32_t package) {
  TENON_TRY(const std::vector<fs::path> entries, list(folder));
  size_t count = 0;
  for (const fs::path& entry : entries) {
    if (entry_kind(entry) == EntryKind::Wit) {
      TENON_CHECK_OK(read_into(sources, entry, package));
      ++count;
    }
  }
  return count;
}

/// A folder's own files are package 0; each entry of `deps/` is a package of its own: a folder of WIT files, or one file.
Result<std::vector<Source>> read_package(const fs::path& folder) {
  std::vector<Source> sources;
  TENON_TRY(const size_t own, read_folder(sources, folder, 0));
  if (own == 0) {
    return fail(ErrorKind::InvalidInput, folder.string() + " has no .wit file");
  }
  const fs::path dependencies = folder / "deps";
  if (entry_kind(dependencies) != EntryKind::Folder) {
    return sources;
  }
  TENON_TRY(const std::vector<fs::path> entries, list(dependencies));
  uint32_t package = 0;
  for (const fs::path& entry : entries) {
    ++package;
    switch (entry_kind(entry)) {
      case EntryKind::Folder: {
        TENON_TRY([[maybe_unused]] const size_t count, read_folder(sources, entry, package));
        break;
      }
      case EntryKind::Wit:
      case EntryKind::Wasm: TENON_CHECK_OK(read_into(sources, entry, package)); break;
      case EntryKind::Other: break;
    }
  }
  return sources;
}

Result<tn_wit*> parse_sources(std::span<const Source> sources, const ParseOptions& options) {
  std::vector<tn_wit_file> files;
  for (const Source& source : sources) {
    files.push_back({native_bytes(source.path), native_bytes(source.contents), source.package});
  }
  std::string features;
  for (const std::string& feature : options.features) {
    features += (features.empty() ? "" : ",") + feature;
  }
  tn_wit* wit = nullptr;
  TENON_CHECK_OK(native_result(tn_wit_parse(files.data(), files.size(), native_bytes(features), &wit)));
  return wit;
}

/// Most messages say where the fault is; to others the name of what was read is added.
Error located(Error error, std::string_view path) { return error.message().contains(path) ? std::move(error) : std::move(error).wrap(path); }

/// Whether contents are WebAssembly, binary or text: no WIT begins with a parenthesis or a semicolon.
bool looks_like_wasm(std::string_view contents) {
  if (contents.starts_with(std::string_view("\0asm", 4))) return true;
  const size_t start = contents.find_first_not_of(" \t\r\n");
  return start != std::string_view::npos && (contents[start] == '(' || contents[start] == ';');
}

}  // namespace

std::string_view to_string(Origin origin) {
  switch (origin) {
    case Origin::Package: return "package";
    case Origin::Component: return "component";
    case Origin::Module: return "module";
  }
  return "unknown";
}

Package::Package(std::unique_ptr<Handle> handle) : handle_(std::move(handle)) {}
Package::Package(Package&&) noexcept = default;
Package& Package::operator=(Package&&) noexcept = default;
Package::~Package() = default;

Result<Package> Package::load(const fs::path& path, const ParseOptions& options) {
  if (entry_kind(path) != EntryKind::Folder) {
    TENON_TRY(const std::string contents, base::read_file(path, file_bytes_max));
    return read(contents, path.string(), options);
  }
  TENON_TRY(const std::vector<Source> sources, read_package(path));
  auto wit = parse_sources(sources, options);
  if (!wit) return std::unexpected<Error>(located(std::move(wit).error(), path.string()));
  return Package(std::make_unique<Handle>(Handle{std::unique_ptr<tn_wit, Handle::Free>(*wit)}));
}

Result<Package> Package::read(std::string_view contents, std::string_view path, const ParseOptions& options) {
  if (!looks_like_wasm(contents)) {
    return parse(contents, path, options);
  }
  TENON_TRY(const std::vector<std::byte> binary, text_to_binary(contents, path));
  auto decoded = decode(binary);
  if (!decoded) {
    return std::unexpected<Error>(std::move(decoded).error().wrap(path));
  }
  return decoded;
}

Result<Package> Package::parse(std::string_view text, std::string_view path, const ParseOptions& options) {
  const Source source{std::string(path), std::string(text), 0};
  auto wit = parse_sources(std::span(&source, 1), options);
  if (!wit) return std::unexpected<Error>(located(std::move(wit).error(), path));
  return Package(std::make_unique<Handle>(Handle{std::unique_ptr<tn_wit, Handle::Free>(*wit)}));
}

Result<Package> Package::decode(std::span<const std::byte> bytes) {
  tn_wit* wit = nullptr;
  TENON_CHECK_OK(native_result(tn_wit_decode(native_bytes(bytes), &wit)));
  return Package(std::make_unique<Handle>(Handle{std::unique_ptr<tn_wit, Handle::Free>(wit)}));
}

Origin Package::origin() const { return static_cast<Origin>(tn_wit_origin(handle_->wit.get())); }

Result<std::string> Package::print(const PrintOptions& options) const {
  const uint32_t flags = (options.docs ? TN_WIT_PRINT_DOCS : 0U) | (options.dependencies ? TN_WIT_PRINT_DEPENDENCIES : 0U);
  NativeBuffer text;
  TENON_CHECK_OK(native_result(tn_wit_print(handle_->wit.get(), flags, text.out())));
  return text.text();
}

Result<std::string> Package::json(std::string_view world) const {
  NativeBuffer text;
  TENON_CHECK_OK(native_result(tn_wit_json(handle_->wit.get(), native_bytes(world), text.out())));
  return text.text();
}

Result<std::vector<std::byte>> Package::encode() const {
  NativeBuffer binary;
  TENON_CHECK_OK(native_result(tn_wit_encode(handle_->wit.get(), binary.out())));
  return binary.bytes();
}

}  // namespace tenon::wit
