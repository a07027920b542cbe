#!/usr/bin/env bash
# Measures Tenon beside Wasmtime's Rust API: run.sh [--rounds N] [--publish] [row …]. `./dev bench` builds our side
# first. --publish puts table and plot into docs/performance.md.
set -euo pipefail
cd "$(dirname "$0")/.."
cache=${TENON_CACHE_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/tenon}/bench
big=$cache/big-$(sha256sum bench/big.py | cut -c1-16).wasm
if [ ! -f "$big" ]; then
  mkdir -p "$cache"
  find "$cache" -name 'big-*' -exec rm -rf {} +
  python3 bench/big.py "$big.$$"
  mv "$big.$$" "$big"
fi
peer=$(tools/peer_program.sh bench/peer tenon_bench_peer)
exec python3 bench/run.py --ours build/release/bench/tenon_bench --peer "$peer" --guests bench/guests --big "$big" --out build/bench.json "$@"
