#include "wasi/io/descriptor_stream.h"

#include <cerrno>
#include <cstring>
#include <string>

#include "wasi/signals.h"

namespace tenon::wasi {

namespace {

/// A reader that went away closes the stream: programs end quietly then, where other errors are worth a message.
StreamFailure failure_of(int number) {
  if (number == EPIPE) return StreamFailure::closed();
  return StreamFailure::failed(std::strerror(number), number);
}

}  // namespace

StreamResult<size_t> DescriptorInput::read(Context&, std::span<std::byte> to) {
  if (has_ended_) return std::unexpected(StreamFailure::closed());
  if (to.empty()) return 0;
  const auto got = source_.read(to);
  if (!got) return std::unexpected(failure_of(got.error()));
  if (!*got) return 0;
  if (**got == 0) {
    has_ended_ = true;
    return std::unexpected(StreamFailure::closed());
  }
  return **got;
}

class DescriptorOutput::Pusher final : public Background {
 public:
  explicit Pusher(DescriptorOutput& output) : output_(&output) {}
  bool advance() override {
    if (output_ == nullptr) return false;
    output_->push();
    if (!output_->is_empty()) return true;
    output_->pusher_.reset();
    return false;
  }
  void prepare(WaitSet& set) override { set.add_descriptor(output_->target_.descriptor(), POLLOUT); }
  void forget() { output_ = nullptr; }

 private:
  DescriptorOutput* output_;
};

DescriptorOutput::DescriptorOutput(Context& context, int descriptor) : context_(context), target_(descriptor, QuietDescriptor::Direction::Out) {}

DescriptorOutput::~DescriptorOutput() {
  if (pusher_ != nullptr) pusher_->forget();
}

void DescriptorOutput::push() {
  if (is_empty()) return;
  const SignalGuard guard(context_);
  while (!is_empty() && !error_) {
    const auto put = target_.write(std::span(kept_).subspan(sent_));
    if (put && *put == 0) return;
    if (put) {
      sent_ += *put;
    } else {
      error_ = put.error();
    }
  }
  kept_.clear();
  sent_ = 0;
}

StreamResult<void> DescriptorOutput::outcome() {
  if (error_) return std::unexpected(failure_of(*error_));
  return {};
}

StreamResult<uint64_t> DescriptorOutput::check_write(Context&) {
  push();
  if (error_) return std::unexpected(failure_of(*error_));
  return is_empty() ? kept_bytes_max : 0;
}

StreamResult<void> DescriptorOutput::write(Context& context, std::span<const std::byte> bytes) {
  if (is_empty() && !error_) {
    const SignalGuard guard(context_);
    while (!bytes.empty() && !error_) {
      const auto put = target_.write(bytes);
      if (put && *put == 0) break;
      if (put) {
        bytes = bytes.subspan(*put);
      } else {
        error_ = put.error();
      }
    }
  }
  if (error_) return outcome();
  kept_.insert(kept_.end(), bytes.begin(), bytes.end());
  if (!is_empty() && pusher_ == nullptr) {
    pusher_ = std::make_shared<Pusher>(*this);
    context.add_background(pusher_);
  }
  return {};
}

StreamResult<void> DescriptorOutput::flush(Context&) {
  push();
  return outcome();
}

bool DescriptorOutput::is_ready(Context&) {
  push();
  return error_ || is_empty();
}

void DescriptorOutput::prepare(Context&, WaitSet& set) { set.add_descriptor(target_.descriptor(), POLLOUT); }

}  // namespace tenon::wasi
