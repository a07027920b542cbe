#include <fcntl.h>

#include "cli/program.h"

/// Takes the places of standard streams that were closed, before anything else is opened: a file of the program's own must not become the guest's. Input is at
/// its end then, and writing fails.
static void fill_standard_streams() {
  for (int number = 0; number <= 2; number++) {
    if (fcntl(number, F_GETFD) < 0) static_cast<void>(open("/dev/null", O_RDONLY));
  }
}

int main(int argc, char** argv) {
  fill_standard_streams();
  return static_cast<int>(tenon::cli::run_program(argc, argv));
}
