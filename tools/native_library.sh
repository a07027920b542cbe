#!/usr/bin/env bash
# Builds the Rust static library into a cache outside the checkout and prints its path. The key is everything that it is built
# from: sources, manifest, lock file, compiler. Set TENON_CACHE_DIR to move the cache (default: ~/.cache/tenon).
#
# `native_library.sh --print-target-dir` prints the shared Cargo target folder instead, for tools that build the same dependencies.
set -euo pipefail
here=$(cd "$(dirname "$0")/../native" && pwd)
cache=${TENON_CACHE_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/tenon}/native
target=$cache/target
if [ "${1:-}" = --print-target-dir ]; then
  echo "$target"
  exit
fi

key() {
  { cd "$here" && find src Cargo.toml Cargo.lock -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum; rustc --version --verbose; } | sha256sum | cut -c1-32
}

# Libraries of other branches stay, up to a number; older ones only fill the disk.
forget_old() {
  find "$cache" -mindepth 1 -maxdepth 1 -type d ! -name target -printf "%T@ %p\n" | sort -rn | tail -n +33 | cut -d" " -f2- | xargs -r rm -rf
}

built=$(key)
if [ ! -f "$cache/$built/libtenon_native.a" ]; then
  mkdir -p "$target"
  exec 9> "$cache/lock"
  flock 9  # one build at a time: two checkouts share the target folder and its output
  while built=$(key) && [ ! -f "$cache/$built/libtenon_native.a" ]; do
    echo "building the Rust library (about four minutes the first time) …" >&2
    # Cargo tells a checkout from another by the age of its files alone, and would take the other's library for this one's.
    touch "$here/src/lib.rs"
    CARGO_TARGET_DIR=$target cargo build --release --locked --manifest-path "$here/Cargo.toml" >&2 9>&-
    [ "$(key)" = "$built" ] || continue  # edited meanwhile: what was built has no name
    mkdir -p "$cache/$built"
    cp "$target/release/libtenon_native.a" "$cache/$built/libtenon_native.a.$$"
    mv "$cache/$built/libtenon_native.a.$$" "$cache/$built/libtenon_native.a"
  done
  forget_old
fi
echo "$cache/$built/libtenon_native.a"
