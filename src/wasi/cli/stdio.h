#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "wasi/context.h"

namespace tenon::wasi {

enum class StandardStream : uint8_t { Input, Output, Error };

/// Where stdin, stdout and stderr of one store lead, made when the guest asks for them. All handles of one of them share what is here: their bytes come and go
/// in one order, and an error of one is the error of all.
///
/// What the guard does not allow is an input that is at its end, and outputs that fail with EACCES. A decision is noted when bytes are first asked for or sent:
/// programs get all three handles when they start, and may never use them.
class StandardStreams final : public Part {
 public:
  explicit StandardStreams(Context& context) : context_(context) {}

  InputStream& input();
  /// Not for `Input`.
  OutputStream& output(StandardStream which);
  /// Whether it is allowed and leads to a terminal.
  bool is_terminal(StandardStream which);

  /// Notes that the guest uses the stream.
  void note(StandardStream which) {
    if (noted_[static_cast<size_t>(which)]) [[likely]]
      return;
    noted_[static_cast<size_t>(which)] = true;
    ask(which);
  }

  /// Waits until all that the guest wrote is out, or cannot go out. Error: `Timeout`.
  Result<> finish();

 private:
  const Stdio& config_of(StandardStream which) const;
  bool is_allowed(StandardStream which) const;
  void ask(StandardStream which);

  Context& context_;
  std::array<bool, 3> noted_{};
  std::unique_ptr<InputStream> input_;
  std::array<std::unique_ptr<OutputStream>, 3> outputs_;
};

/// For whoever ran a guest: brings out what its stdout and stderr still keep, also after a trap or an exit. Error: `Timeout` when the deadline passes or the
/// store is interrupted before that.
Result<> finish_stdio(Context& context);

}  // namespace tenon::wasi
