#include "component/host_resources.h"

#include <utility>

namespace tenon::component {

HeldResources::~HeldResources() {
  // Each holds itself.
  while (newest_ != nullptr) {
    const std::shared_ptr<HostResource> last = std::move(newest_->held);
    newest_ = last->older;
  }
}

void HeldResources::add(HandleCounter& counter, std::shared_ptr<HostResource> resource) {
  counter.take_again();
  HostResource& added = *resource;
  added.older = newest_;
  if (newest_ != nullptr) newest_->newer = &added;
  newest_ = &added;
  added.held = std::move(resource);
}

void HeldResources::remove(HandleCounter& counter, HostResource& resource) {
  if (!resource.held) return;
  counter.give_back();
  if (resource.older != nullptr) resource.older->newer = resource.newer;
  (resource.newer != nullptr ? resource.newer->older : newest_) = resource.older;
  resource.older = resource.newer = nullptr;
  // The last thing that is done with it, because nobody else may hold it.
  const std::shared_ptr<HostResource> held = std::move(resource.held);
}

}  // namespace tenon::component
