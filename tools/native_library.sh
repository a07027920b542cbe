#!/usr/bin/env bash
# Builds the Rust static library into a cache outside the checkout and prints its path. The key is everything that it is built
# from: sources, manifest, lock file, compiler. Set TENON_CACHE_DIR to move the cache (default: ~/.cache/tenon).
set -euo pipefail
here=$(cd "$(dirname "$0")/../native" && pwd)
cache=${TENON_CACHE_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/tenon}/native
key=$( { cd "$here" && find src Cargo.toml Cargo.lock -type f | LC_ALL=C sort | xargs sha256sum; rustc --version --verbose; } | sha256sum | cut -c1-32)
library=$cache/$key/libtenon_native.a
if [ ! -f "$library" ]; then
  mkdir -p "$cache/$key"
  echo "building the Rust library (about three minutes the first time) …" >&2
  CARGO_TARGET_DIR=$cache/target cargo build --release --locked --manifest-path "$here/Cargo.toml" >&2
  cp "$cache/target/release/libtenon_native.a" "$library.$$"
  mv "$library.$$" "$library"
fi
echo "$library"
