#pragma once

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <vector>

namespace tenon::bench {

using Clock = std::chrono::steady_clock;

/// As in peer/src/timing.rs: batches of at least 0.3 ms, the median over the batches of one run.
inline constexpr auto batch_min = std::chrono::microseconds(300);
inline constexpr auto run_min = std::chrono::milliseconds(60);
inline constexpr size_t batches_min = 15;
inline constexpr size_t batches_max = 200;

/// To be looked at with a profiler a row can go on for longer: TENON_BENCH_BATCHES is the number of batches.
inline size_t batches_asked() {
  const char* asked = std::getenv("TENON_BENCH_BATCHES");
  return asked == nullptr ? 0 : std::strtoul(asked, nullptr, 10);
}

inline double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

inline double milliseconds_since(Clock::time_point start) { return std::chrono::duration<double, std::milli>(Clock::now() - start).count(); }

/// Median nanoseconds of one iteration; `body(n)` does `n` of them.
template <class Body>
double nanoseconds(Body&& body) {
  const auto time = [&body](uint32_t n) {
    const auto start = Clock::now();
    body(n);
    return Clock::now() - start;
  };
  uint32_t n = 1;
  while (time(n) < batch_min) n *= 2;
  std::vector<double> batches;
  const auto start = Clock::now();
  const size_t at_least = std::max(batches_min, batches_asked());
  while (batches.size() < at_least || (Clock::now() - start < run_min && batches.size() < batches_max)) {
    batches.push_back(std::chrono::duration<double, std::nano>(time(n)).count() / n);
  }
  return median(std::move(batches));
}

/// The compiler may not drop what computed `value`.
template <class T>
void keep(const T& value) {
  asm volatile("" : : "g"(&value) : "memory");
}

/// Resident bytes of this process.
inline double resident_bytes() {
  std::FILE* file = std::fopen("/proc/self/statm", "r");
  unsigned long size = 0;
  unsigned long resident = 0;
  const int read = file == nullptr ? 0 : std::fscanf(file, "%lu %lu", &size, &resident);
  if (file != nullptr) std::fclose(file);
  return read == 2 ? static_cast<double>(resident) * static_cast<double>(sysconf(_SC_PAGESIZE)) : 0;
}

}  // namespace tenon::bench
