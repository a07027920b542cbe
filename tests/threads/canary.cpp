// Two threads count without a lock: ThreadSanitizer must say so (CMakeLists.txt).

#include <cstdio>
#include <thread>

int main() {
  int count = 0;
  const auto run = [&count] {
    for (int i = 0; i < 1000; ++i) ++count;
  };
  std::thread first(run);
  std::thread second(run);
  first.join();
  second.join();
  std::printf("%d\n", count);
  return 0;
}
