#!/usr/bin/env bash
# The generated C header is current.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
PATH=$PATH:$HOME/.cargo/bin
cache=${TENON_CACHE_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/tenon}/native
mkdir -p "$cache"
exec 9> "$cache/header.lock"
flock 9
touch "$root/native/header/src/main.rs"  # cargo tells one checkout from another by the age of its files alone
CARGO_TARGET_DIR=$cache/header cargo run --quiet --release --locked --manifest-path "$root/native/header/Cargo.toml" -- --check
