#!/usr/bin/env bash
# The native library's own tests. They depend on nothing but its sources, so a state that passed once is not tested again.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
PATH=$PATH:$HOME/.cargo/bin
cache=${TENON_CACHE_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/tenon}/native
report=$(dirname "$("$root/tools/native_library.sh")")/tests
if [ ! -f "$report" ]; then
  exec 9> "$cache/lock"
  flock 9
  touch "$root/native/src/lib.rs"  # cargo tells one checkout from another by the age of its files alone
  # CTest keeps the first kilobyte of what a test says, so that only failures say more than the total.
  CARGO_TARGET_DIR=$cache/target cargo test --release --locked --lib --manifest-path "$root/native/Cargo.toml" > "$report.$$" 2>&1 ||
    { cat "$report.$$" >&2; rm "$report.$$"; exit 1; }
  sed -n 's/^test result: ok\. \([0-9]*\) passed; \([0-9]*\) failed; \([0-9]*\) ignored.*/\1 passed, \2 failed, \3 skipped/p' "$report.$$" > "$report.new"
  mv "$report.new" "$report"
  rm "$report.$$"
fi
cat "$report"
