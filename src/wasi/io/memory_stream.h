#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <utility>

#include "wasi/stream.h"

namespace tenon::wasi {

/// Input from bytes of the host, which do not change while it lives.
class MemoryInput final : public InputStream {
 public:
  explicit MemoryInput(std::shared_ptr<const std::string> bytes) : bytes_(std::move(bytes)) {}
  StreamResult<size_t> read(Context& context, std::span<std::byte> to) override;
  StreamResult<std::span<const std::byte>> read_view(Context& context, size_t size) override;
  bool is_ready(Context&) override { return true; }
  void prepare(Context&, WaitSet&) override {}

 private:
  std::shared_ptr<const std::string> bytes_;
  size_t position_ = 0;
};

/// Output appended to bytes of the host until they are `bytes_max`; more is an error of the guest's, ENOSPC.
class MemoryOutput final : public OutputStream {
 public:
  MemoryOutput(std::shared_ptr<std::string> bytes, size_t bytes_max) : bytes_(std::move(bytes)), bytes_max_(bytes_max) {}
  StreamResult<uint64_t> check_write(Context& context) override;
  StreamResult<void> write(Context& context, std::span<const std::byte> bytes) override;
  StreamResult<void> flush(Context&) override { return {}; }
  bool is_ready(Context&) override { return true; }
  void prepare(Context&, WaitSet&) override {}

 private:
  std::shared_ptr<std::string> bytes_;
  size_t bytes_max_;
};

/// Input that is at its end.
class EmptyInput final : public InputStream {
 public:
  StreamResult<size_t> read(Context&, std::span<std::byte>) override { return std::unexpected(StreamFailure::closed()); }
  bool is_ready(Context&) override { return true; }
  void prepare(Context&, WaitSet&) override {}
};

/// Output that is taken and forgotten.
class SinkOutput final : public OutputStream {
 public:
  StreamResult<uint64_t> check_write(Context&) override { return UINT64_MAX; }
  StreamResult<void> write(Context&, std::span<const std::byte>) override { return {}; }
  StreamResult<void> flush(Context&) override { return {}; }
  bool is_ready(Context&) override { return true; }
  void prepare(Context&, WaitSet&) override {}
};

}  // namespace tenon::wasi
