#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <vector>

#include "wasi/context.h"
#include "wasi/io/quiet_descriptor.h"
#include "wasi/stream.h"

namespace tenon::wasi {

/// Input from a descriptor of the process, which stays open and as it is.
class DescriptorInput final : public InputStream {
 public:
  explicit DescriptorInput(int descriptor) : source_(descriptor, QuietDescriptor::Direction::In) {}
  StreamResult<size_t> read(Context& context, std::span<std::byte> to) override;
  bool is_ready(Context&) override { return has_ended_ || source_.is_ready(); }
  void prepare(Context&, WaitSet& set) override { set.add_descriptor(source_.descriptor(), POLLIN); }

 private:
  QuietDescriptor source_;
  bool has_ended_ = false;
};

/// Output to a descriptor of the process, which stays open and as it is. What does not go out at once is kept, at most `kept_bytes_max`, and goes out while the
/// guest waits for whatever it is. Ends before its context.
class DescriptorOutput final : public OutputStream {
 public:
  static constexpr size_t kept_bytes_max = size_t{64} << 10;

  DescriptorOutput(Context& context, int descriptor);
  ~DescriptorOutput() override;
  StreamResult<uint64_t> check_write(Context& context) override;
  StreamResult<void> write(Context& context, std::span<const std::byte> bytes) override;
  StreamResult<void> flush(Context& context) override;
  bool is_ready(Context& context) override;
  void prepare(Context&, WaitSet& set) override;

 private:
  class Pusher;

  /// Brings out what goes out without waiting.
  void push();
  bool is_empty() const { return sent_ == kept_.size(); }
  StreamResult<void> outcome();

  Context& context_;
  QuietDescriptor target_;
  std::vector<std::byte> kept_;
  size_t sent_ = 0;
  /// The errno that ended it.
  std::optional<int> error_;
  /// Pushes during the waits of the context, while something is kept.
  std::shared_ptr<Pusher> pusher_;
};

}  // namespace tenon::wasi
