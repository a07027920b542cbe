#!/usr/bin/env bash
# run.sh BUILD_FOLDER COMPILER: installs the library of a build, and builds and runs project/ against it and nothing else of this tree.
set -euo pipefail
build=$1 compiler=$2 here=$(cd "$(dirname "$0")" && pwd)
work=$build/consumer
rm -rf "$work"
cmake --install "$build" --component library --prefix "$work/prefix" > /dev/null
cmake -G Ninja -S "$here/project" -B "$work/build" -DCMAKE_CXX_COMPILER="$compiler" -DCMAKE_PREFIX_PATH="$work/prefix" -DCMAKE_BUILD_TYPE=Release > "$work/configure.log" ||
  { cat "$work/configure.log"; exit 1; }
cmake --build "$work/build"
"$work/build/consumer"
