#!/usr/bin/env bash
# Builds a Rust program that has Wasmtime's own component runtime in it and prints its path: `peer_program.sh bench/peer tenon_bench_peer`.
# These are workspaces of their own, with a target folder of their own, so that their features never get into the product. The first of
# them takes about five minutes, the second a few seconds: they have the same dependencies.
set -euo pipefail
here=$(cd "$(dirname "$0")/../$1" && pwd)
program=$2
cache=${TENON_CACHE_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/tenon}/peer
target=${TENON_CACHE_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/tenon}/peer-target
# A file of another folder that `#[path]` names counts too.
key=$( { cd "$here" && find src Cargo.toml Cargo.lock -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum; { grep -rhoP '#\[path = "\K[^"]+' src || true; } | LC_ALL=C sort | sed "s,^,src/," | xargs -r sha256sum; rustc --version --verbose; } | sha256sum | cut -c1-32)
built=$cache/$program-$key
if [ ! -x "$built" ]; then
  mkdir -p "$cache" "$target"
  exec 9> "$cache/lock"
  flock 9  # one build at a time: the target folder is shared
  if [ ! -x "$built" ]; then
    echo "building $program (about five minutes the first time) …" >&2
    CARGO_TARGET_DIR=$target cargo build --release --locked --manifest-path "$here/Cargo.toml" >&2 9>&-
    cp "$target/release/$program" "$built.$$"
    mv "$built.$$" "$built"
    # Programs of other branches stay, up to a number.
    find "$cache" -maxdepth 1 -name "$program-*" -printf '%T@ %p\n' | sort -rn | tail -n +9 | cut -d' ' -f2- | xargs -r rm -f
  fi
fi
echo "$built"
