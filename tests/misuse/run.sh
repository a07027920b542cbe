#!/usr/bin/env bash
# run.sh COMPILER FILE…: see CMakeLists.txt.
set -uo pipefail
compiler=$1
cd "$(dirname "$0")" || exit 1
shift
passed=0 failed=0
compile() { "$compiler" -std=c++23 -fsyntax-only -Wall -Wextra -Werror -fdiagnostics-color=never -I../../include "$@" 2>&1; }
for file in "$@"; do
  words=$(sed -n 's|^// error: ||p' "$file")
  if ! output=$(compile "$file"); then
    echo "$file: the correct use does not compile:"$'\n'"$output"
  elif output=$(compile -DMISUSE "$file"); then
    echo "$file: the misuse compiles"
  elif ! grep -qE -- "$words" <<< "$output"; then
    echo "$file: the misuse is refused, but not with '$words':"$'\n'"$output"
  else
    passed=$((passed + 1))
    continue
  fi
  failed=$((failed + 1))
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
