#include "wasi/cli/stdio.h"

#include <cerrno>

#include <unistd.h>

#include "base/check.h"
#include "wasi/cli/cli.h"
#include "wasi/io/descriptor_stream.h"
#include "wasi/io/memory_stream.h"
#include "wasi/link.h"
#include "wasi/refusal.h"

namespace tenon::wasi {

namespace {

policy::Access access_of(StandardStream which) {
  switch (which) {
    case StandardStream::Input: return policy::Access::StdioStdin;
    case StandardStream::Output: return policy::Access::StdioStdout;
    case StandardStream::Error: return policy::Access::StdioStderr;
  }
  return policy::Access::StdioStdin;
}

/// A handle of stdin.
class SharedInput final : public InputStream {
 public:
  explicit SharedInput(StandardStreams& streams) : streams_(streams), shared_(streams.input()) {}
  StreamResult<size_t> read(Context& context, std::span<std::byte> to) override {
    streams_.note(StandardStream::Input);
    return shared_.read(context, to);
  }
  StreamResult<std::span<const std::byte>> read_view(Context& context, size_t size) override {
    streams_.note(StandardStream::Input);
    return shared_.read_view(context, size);
  }
  bool is_ready(Context& context) override { return shared_.is_ready(context); }
  void prepare(Context& context, WaitSet& set) override { shared_.prepare(context, set); }

 private:
  StandardStreams& streams_;
  InputStream& shared_;
};

/// A handle of stdout or stderr.
class SharedOutput final : public OutputStream {
 public:
  SharedOutput(StandardStreams& streams, StandardStream which) : streams_(streams), shared_(streams.output(which)), which_(which) {}
  StreamResult<uint64_t> check_write(Context& context) override {
    streams_.note(which_);
    return shared_.check_write(context);
  }
  StreamResult<void> write(Context& context, std::span<const std::byte> bytes) override {
    streams_.note(which_);
    return shared_.write(context, bytes);
  }
  StreamResult<void> flush(Context& context) override { return shared_.flush(context); }
  bool is_ready(Context& context) override { return shared_.is_ready(context); }
  void prepare(Context& context, WaitSet& set) override { shared_.prepare(context, set); }

 private:
  StandardStreams& streams_;
  OutputStream& shared_;
  StandardStream which_;
};

/// An output that the guest may not write to: each write is an error that says what to grant. A flush of nothing is none.
class DeniedOutput final : public OutputStream {
 public:
  explicit DeniedOutput(policy::Access access) : access_(access) {}
  StreamResult<uint64_t> check_write(Context& context) override { return std::unexpected(failure(context)); }
  StreamResult<void> write(Context& context, std::span<const std::byte>) override { return std::unexpected(failure(context)); }
  StreamResult<void> flush(Context&) override { return {}; }
  bool is_ready(Context&) override { return true; }
  void prepare(Context&, WaitSet&) override {}

 private:
  StreamFailure failure(Context& context) const { return StreamFailure::failed(denial(context.guard(), access_), EACCES); }

  policy::Access access_;
};

/// The `terminal-input` and `terminal-output` of a terminal: they have no functions.
class TerminalInput final : public Resource {};
class TerminalOutput final : public Resource {};

template <class T>
Result<std::optional<HostOwn<T>>> terminal(Context& context, StandardStream which) {
  if (!context.part<StandardStreams>().is_terminal(which)) return std::nullopt;
  TENON_TRY(HostOwn<T> made, context.own<T>(std::make_unique<T>()));
  return made;
}

Result<HostOwn<OutputStream>> output_handle(Context& context, StandardStream which) {
  return context.own<OutputStream>(std::make_unique<SharedOutput>(context.part<StandardStreams>(), which));
}

Result<> add_terminals(Linker& linker) {
  TENON_TRY(LinkerInstance input, open_interface(linker, "wasi:cli/terminal-input"));
  TENON_CHECK_OK(define_resource<TerminalInput>(input, "terminal-input"));
  TENON_TRY(LinkerInstance output, open_interface(linker, "wasi:cli/terminal-output"));
  TENON_CHECK_OK(define_resource<TerminalOutput>(output, "terminal-output"));
  TENON_TRY(LinkerInstance of_input, open_interface(linker, "wasi:cli/terminal-stdin"));
  TENON_CHECK_OK(define(of_input, "get-terminal-stdin", [](Context& context) { return terminal<TerminalInput>(context, StandardStream::Input); }));
  TENON_TRY(LinkerInstance of_output, open_interface(linker, "wasi:cli/terminal-stdout"));
  TENON_CHECK_OK(define(of_output, "get-terminal-stdout", [](Context& context) { return terminal<TerminalOutput>(context, StandardStream::Output); }));
  TENON_TRY(LinkerInstance of_error, open_interface(linker, "wasi:cli/terminal-stderr"));
  return define(of_error, "get-terminal-stderr", [](Context& context) { return terminal<TerminalOutput>(context, StandardStream::Error); });
}

}  // namespace

const Stdio& StandardStreams::config_of(StandardStream which) const {
  const Config& config = context_.config();
  if (which == StandardStream::Input) return config.standard_input;
  return which == StandardStream::Output ? config.standard_output : config.standard_error;
}

bool StandardStreams::is_allowed(StandardStream which) const { return context_.guard().would_allow(access_of(which)); }

void StandardStreams::ask(StandardStream which) { static_cast<void>(context_.guard().allow(access_of(which))); }

bool StandardStreams::is_terminal(StandardStream which) {
  const Stdio& config = config_of(which);
  return config.kind == Stdio::Kind::Descriptor && isatty(config.descriptor) == 1 && is_allowed(which);
}

InputStream& StandardStreams::input() {
  if (input_ != nullptr) return *input_;
  const Stdio& config = config_of(StandardStream::Input);
  const bool allowed = is_allowed(StandardStream::Input);
  if (allowed && config.kind == Stdio::Kind::Descriptor) {
    input_ = std::make_unique<DescriptorInput>(config.descriptor);
  } else if (allowed && config.kind == Stdio::Kind::Memory && config.bytes != nullptr) {
    input_ = std::make_unique<MemoryInput>(config.bytes);
  } else {
    input_ = std::make_unique<EmptyInput>();
  }
  return *input_;
}

OutputStream& StandardStreams::output(StandardStream which) {
  TENON_CHECK(which != StandardStream::Input, "stdin is no output");
  std::unique_ptr<OutputStream>& made = outputs_[static_cast<size_t>(which)];
  if (made != nullptr) return *made;
  const Stdio& config = config_of(which);
  if (!is_allowed(which)) {
    made = std::make_unique<DeniedOutput>(access_of(which));
  } else if (config.kind == Stdio::Kind::Descriptor) {
    made = std::make_unique<DescriptorOutput>(context_, config.descriptor);
  } else if (config.kind == Stdio::Kind::Memory && config.bytes != nullptr) {
    made = std::make_unique<MemoryOutput>(config.bytes, config.bytes_max);
  } else {
    made = std::make_unique<SinkOutput>();
  }
  return *made;
}

Result<> StandardStreams::finish() {
  for (const std::unique_ptr<OutputStream>& output : outputs_) {
    if (output != nullptr) TENON_CHECK_OK(context_.wait_for(*output));
  }
  return {};
}

Result<> finish_stdio(Context& context) { return context.part<StandardStreams>().finish(); }

Result<> add_stdio(Linker& linker) {
  TENON_TRY(LinkerInstance input, open_interface(linker, "wasi:cli/stdin"));
  TENON_CHECK_OK(define(input, "get-stdin", [](Context& context) -> Result<HostOwn<InputStream>> {
    return context.own<InputStream>(std::make_unique<SharedInput>(context.part<StandardStreams>()));
  }));
  TENON_TRY(LinkerInstance output, open_interface(linker, "wasi:cli/stdout"));
  TENON_CHECK_OK(define(output, "get-stdout", [](Context& context) { return output_handle(context, StandardStream::Output); }));
  TENON_TRY(LinkerInstance error, open_interface(linker, "wasi:cli/stderr"));
  TENON_CHECK_OK(define(error, "get-stderr", [](Context& context) { return output_handle(context, StandardStream::Error); }));
  return add_terminals(linker);
}

}  // namespace tenon::wasi
