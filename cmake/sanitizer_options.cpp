// What the sanitizers must know about this program, in one place. Linked into every executable of a sanitizer preset; the environment
// (ASAN_OPTIONS, …) still overrides it.
//
// Wasmtime turns SIGSEGV, SIGILL and SIGFPE of compiled guest code into traps and installs its own alternate signal stacks, so ASan
// leaves the signals and the stacks to it. Guests reserve gigabytes of address space each: nothing here limits mappings.

extern "C" {

const char* __asan_default_options();
const char* __ubsan_default_options();
const char* __tsan_default_options();
const char* __lsan_default_options();

__attribute__((used, visibility("default"))) const char* __asan_default_options() {
  return "handle_segv=0:handle_sigbus=0:handle_sigill=0:handle_sigfpe=0:allow_user_segv_handler=1:use_sigaltstack=0:"
         "detect_stack_use_after_return=0:strict_string_checks=1:allocator_may_return_null=1";
}

__attribute__((used, visibility("default"))) const char* __ubsan_default_options() { return "print_stacktrace=1"; }

__attribute__((used, visibility("default"))) const char* __tsan_default_options() {
  return "suppressions=" TENON_SOURCE_DIR "/tests/threads/tsan.supp:history_size=4:second_deadlock_stack=1:halt_on_error=0";
}

__attribute__((used, visibility("default"))) const char* __lsan_default_options() { return "print_suppressions=0"; }
}
