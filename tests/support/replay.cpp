#include "replay.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <vector>

namespace tenon::tests {
namespace {

using Input = std::vector<uint8_t>;

constexpr int mutations_per_seed = 20;
constexpr std::chrono::seconds mutation_time{5};

std::vector<Input> read_corpus(const std::string& folder) {
  std::vector<std::filesystem::path> files;
  std::error_code error;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder, error)) {
    if (entry.is_regular_file()) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  std::vector<Input> inputs{Input{}};
  for (const auto& file : files) {
    std::ifstream stream(file, std::ios::binary);
    inputs.emplace_back(std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>());
  }
  return inputs;
}

/// One of: a byte changed, a range cut out, a range repeated, the end cut off.
Input mutate(Input input, std::mt19937& random) {
  if (input.empty()) return {static_cast<uint8_t>(random())};
  const size_t at = random() % input.size();
  const size_t length = std::min<size_t>(1 + random() % 16, input.size() - at);
  const auto begin = input.begin() + static_cast<std::ptrdiff_t>(at);
  const auto end = begin + static_cast<std::ptrdiff_t>(length);
  switch (random() % 4) {
    case 0: *begin = static_cast<uint8_t>(random()); break;
    case 1: input.erase(begin, end); break;
    case 2: {
      const Input copy(begin, end);
      input.insert(begin, copy.begin(), copy.end());
      break;
    }
    default: input.resize(at); break;
  }
  return input;
}

}  // namespace

void replay_corpus(const std::string& folder, FuzzEntry entry) {
  const std::vector<Input> inputs = read_corpus(folder);
  for (const Input& input : inputs) entry(input.data(), input.size());

  std::mt19937 random(1);
  const auto stop = std::chrono::steady_clock::now() + mutation_time;
  for (int round = 0; round < mutations_per_seed; ++round) {
    for (const Input& input : inputs) {
      if (std::chrono::steady_clock::now() > stop) return;
      const Input mutated = mutate(input, random);
      entry(mutated.data(), mutated.size());
    }
  }
}

}  // namespace tenon::tests
