#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace tenon::tests {

using FuzzEntry = int (*)(const uint8_t* data, size_t size);

/// Feeds every file under `folder`, the empty input and a repeatable number of mutations of each to `entry`. A crash, a sanitizer report
/// or an abort is the failure; a folder that does not exist has only the empty input.
void replay_corpus(const std::string& folder, FuzzEntry entry);

}  // namespace tenon::tests
