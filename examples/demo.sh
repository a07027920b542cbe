#!/usr/bin/env bash
# demo.sh TENON [FOLDER]: builds the example components and runs them, as a person would on the command line. Each answer is checked: a demonstration
# that goes wrong ends with a failure. FOLDER (default build/demo) keeps the components.
set -euo pipefail
cd "$(dirname "$0")/.."
tenon=$(realpath "$1")
folder=${2:-build/demo}
mkdir -p "$folder"
folder=$(realpath "$folder")
if [ -t 1 ]; then bold=$'\e[1m' dim=$'\e[2m' plain=$'\e[0m'; else bold='' dim='' plain=''; fi

say() { printf '\n%s%s%s\n' "$bold" "$*" "$plain"; }

# quoted WORD…: as one would type them.
quoted() {
  local word
  for word in "$@"; do
    if [[ $word =~ ^[A-Za-z0-9_./=-]+$ ]]; then printf ' %s' "$word"; else printf " '%s'" "$word"; fi
  done
}

# expect CODE TEXT ARGUMENT…: runs `tenon ARGUMENT…`, shows it, and wants that exit code and that text in what it prints.
expect() {
  local code=$1 text=$2 output status=0
  shift 2
  printf '\n%s$ tenon%s%s\n' "$dim" "$(quoted "$@")" "$plain"
  output=$(cd "$folder" && "$tenon" "$@" 2>&1 < /dev/null) || status=$?
  printf '%s\n' "$output"
  if [ "$status" != "$code" ] || [[ $output != *"$text"* ]]; then
    printf '%s: expected exit code %s and the text: %s (exit code %s)\n' "${0##*/}" "$code" "$text" "$status" >&2
    exit 1
  fi
}

have() {
  [ -f "$folder/$1.wasm" ] && return 0
  say "(no $1.wasm on this machine: its tools are missing, see above)"
  return 1
}

say "Components from JavaScript, Rust and C"
python3 tools/guests/guests.py --tenon "$tenon" --out "$folder" examples/components/recipes.json
cp examples/components/broken/*.wat "$folder/"

if have markdown; then
  say "1. A Markdown renderer: the npm library marked, in a JavaScript engine, as one component"
  expect 0 'render: func(source: string) -> string' inspect markdown.wasm
  expect 0 '<h1>Tenon</h1>' run markdown.wasm --invoke 'render("# Tenon\n\nRuns *any* component.")'
  expect 0 '<del>' run markdown.wasm --invoke 'render-with("| a | b |\n|---|---|\n| 1 | ~~2~~ |", {breaks: false, gfm: true})'
fi
if have matcher; then
  say "2. A matcher: the Rust crate regex. Records, variants, options and results, typed in as WAVE"
  expect 0 'start: 5, end: 16, text: "ada@example"' run matcher.wasm --invoke 'find("(\\w+)@(\\w+)", "mail ada@example and bob@home")'
  say "   The guest says no: that is an answer of its own, with exit code 1"
  expect 1 'unclosed group' run matcher.wasm --invoke 'find("(", "text")'
fi
if have hash; then
  say "3. A hash, in C: 3 KB, called with a limit on each thing that it could use up"
  expect 0 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad' \
    run hash.wasm --invoke 'sha256-hex("abc")' --fuel 1000000 --max-memory 1MiB --timeout 1s
  expect 7 'fuel' run hash.wasm --invoke 'sha256-hex("abc")' --fuel 100
fi
if have outline && have markdown; then
  say "4. Two languages, one component: an outline in Rust that imports the renderer in JavaScript"
  expect 5 'markdown' run outline.wasm --invoke 'headings("# One")'
  expect 0 '' component compose outline.wasm markdown.wasm -o linked.wasm
  expect 0 '{level: 2, text: "Two"}' run linked.wasm --invoke 'headings("# One\n\n## Two\n\ntext")'
fi

say "5. A component that traps, and the next call that does not mind"
expect 9 'divide by zero' run trap.wat --invoke 'divide(1, 0)'
expect 0 '4' run trap.wat --invoke 'divide(12, 3)'

say "6. A component that lies about its memory: it returns a text of a gigabyte that it does not have"
expect 9 'out of bounds' run liar.wat --invoke 'say()'

say "What to try next"
cat << END
  cd ${folder#"$PWD"/}
  ${tenon#"$PWD"/} --help
  tenon inspect matcher.wasm --json        what it imports and exports, for programs; --schema for JSON Schema
  tenon wit linked.wasm                    its WIT
  tenon run FILE --invoke 'call'           any component of yours; what it would need is listed when it is not provided
  ./dev test                               every test;  ./dev help  the rest
END
