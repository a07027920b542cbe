#include "wasi/filesystem/closing.h"

#include <utility>

namespace tenon::wasi::filesystem {

class Closing::Task final : public BlockingTask {
 public:
  explicit Task(Closing& closing) : closing_(closing) {}

  void run() override {
    while (const auto file = closing_.next()) {
    }
  }

 private:
  Closing& closing_;
};

Closing& Closing::shared() {
  static auto* const closing = new Closing(BlockingPool::shared());  // threads may outlive everything that ends with the process
  return *closing;
}

void Closing::close(std::unique_ptr<OpenFile> file) {
  {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(std::move(file));
    if (threads_ == threads_max) return;
    ++threads_;
  }
  if (pool_.start(std::make_shared<Task>(*this))) return;
  const std::lock_guard lock(mutex_);
  --threads_;
}

std::unique_ptr<OpenFile> Closing::next() {
  const std::lock_guard lock(mutex_);
  if (waiting_.empty()) {
    --threads_;
    return nullptr;
  }
  auto file = std::move(waiting_.back());
  waiting_.pop_back();
  return file;
}

}  // namespace tenon::wasi::filesystem
