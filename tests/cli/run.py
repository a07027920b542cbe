#!/usr/bin/env python3
"""Runs the program `tenon` with arguments and compares output, messages and exit codes. Usage: run.py PROGRAM [name part]."""

import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
SUCCESS, GUEST, USAGE, INVALID, UNSUPPORTED, NOT_FOUND, DENIED, LIMIT, TIMEOUT, TRAP = range(10)
SECONDS_MAX = 120
CASES = []


def case(name, arguments, code, stdout="", stderr="", stdin=b"", check=None):
    """stdout is compared whole, or by the function `check`; stderr is a pattern that must be found."""
    CASES.append((name, arguments, code, stdout, stderr, stdin, check))


def call(name, invoke, code, stdout="", stderr="", options=(), file="values.wat", check=None):
    invokes = [invoke] if isinstance(invoke, str) else invoke
    case(name, ["run", file, *options, *(part for one in invokes for part in ("--invoke", one))], code, stdout, stderr, check=check)


def lines(expected):
    """Each line is a JSON object that has at least these members."""
    def matches(text):
        found = [json.loads(line) for line in text.splitlines()]
        return len(found) == len(expected) and all(want.items() <= have.items() for want, have in zip(expected, found))
    return matches


# Values.
call("strings come back", 'echo("a\\t☃")', SUCCESS, '"a\\t☃"\n')
call("control characters are shown escaped", 'echo("\\u{1b}[31m")', SUCCESS, '"\\u{1b}[31m"\n')
call("bytes come back", "bytes([1, 2, 255])", SUCCESS, "[1, 2, 255]\n")
call("records take options", ["point({x: 3, y: 4})", "point({y: 4})", "point({y: 4, x: none})"], SUCCESS, "(3, 4)\n(99, 4)\n(99, 4)\n")
call("json arguments by name", 'point {"p": {"y": 4}}', SUCCESS, "(99, 4)\n")
call("json arguments by position", 'divide [7, 2]', SUCCESS, "ok(3)\n")
call("an err is the guest's own failure", "divide(1, 0)", GUEST, 'err("division by zero")\n')
call("functions of interfaces", ["demo:test/calc@1.2.0/add(1, 2)", "demo:test/calc/add(1, 2)", "calc/add(1, 2)", "calc.add(1, 2)", "demo:test/calc@1.2.0#add(1, 2)",
                                 "demo:test/calc.add@1.2.0(1, 2)", "add(1, 2)"], SUCCESS, "3\n" * 7)
call("json output", ["echo(\"x\")", "divide(6, 2)", "divide(1, 0)", "bytes([0, 255])"], GUEST, options=["--json"],
     check=lines([{"call": 'echo("x")', "output": "x"}, {"output": 3}, {"error": {"kind": "guest", "value": "division by zero"}}, {"output": "AP8="}]))
call("fuel is counted and repeatable", ["add(1, 2)", "add(1, 2)"], SUCCESS, options=["--json", "--fuel", "100000"],
     check=lambda text: len({json.loads(line)["fuel"] for line in text.splitlines()}) == 1 and json.loads(text.splitlines()[0])["fuel"] > 0)

# Test scripts: a script that cannot be read has the code of what is wrong with it, a directive that fails has 1.
case("a script that passes", ["wast", "-"], SUCCESS, "-: 1 passed, 0 failed, 0 not run\n", stdin=b"(component)")
case("a directive that fails", ["wast", "-"], GUEST, check=lambda text: "1 failed" in text, stdin=b'(assert_invalid (component) "x")')
case("a result that is another one", ["wast", "-"], GUEST, check=lambda text: "result 0: expected i32 1, got i32 2" in text,
     stdin=b'(module (func (export "f") (result i32) i32.const 2))(assert_return (invoke "f") (i32.const 1))')
case("a script that is none", ["wast", "-"], INVALID, check=lambda text: "line 1, column 2" in text, stderr="error: -: .*line 1, column 2", stdin=b"(nonsense)")
case("a script that is no text", ["wast", "--json", "-"], INVALID, stdin=b"\xff\xfe",
     check=lambda text: json.loads(text)["failed"] == 1 and json.loads(text)["error"]["kind"] == "invalid-input")
case("a script whose messages would act on the terminal", ["wast", "-"], GUEST, check=lambda text: "\\u{1b}" in text and "\x1b" not in text,
     stdin=b'(module) (assert_return (invoke "\\1b[2J"))')
case("a script that is not there", ["wast", "nothing.wast"], NOT_FOUND, check=lambda text: "nothing.wast" in text, stderr="nothing.wast")
case("a script that is too large", ["wast", "-"], LIMIT, check=lambda text: "the limit is" in text, stderr="the limit is", stdin=b" " * (8 * 1024 * 1024 + 1))
case("other scripts run beside one that is not there", ["wast", "nothing.wast", "-"], NOT_FOUND, check=lambda text: "-: 1 passed" in text, stderr="nothing.wast",
     stdin=b"(component)")
case("a folder without scripts", ["wast", "."], NOT_FOUND, stderr="no script")

# Arguments that are refused.
call("an unknown function with a near name", "ehco(\"x\")", NOT_FOUND, stderr=r'there is no exported function "ehco"; did you mean "echo"\?')
call("an unknown function lists what there is", "zzzzzzzz()", NOT_FOUND, stderr=r'no exported function "zzzzzzzz"; there are: echo, bytes, divide')
call("a wrong type", "echo(5)", INVALID, stderr=r'line 1, column 1: text: expected string \("…"\), got number 5')
call("a number out of range", "divide(1, 4294967296)", INVALID, stderr=r"b: expected u32 \(0 to 4294967295\), got number 4294967296")
call("a huge number", "divide(" + "9" * 5000 + ", 1)", INVALID, stderr=r"a: expected u32 \(0 to 4294967295\), got number 9{30}")
call("too few arguments", "divide(1)", INVALID, stderr="b: expected u32, but there are only 1 of 2 arguments")
call("too many arguments", "divide(1, 2, 3)", INVALID, stderr="expected 2 arguments, got more")
call("bad WAVE", "divide(1,", INVALID, stderr=r'the call has no closing "\)"')
call("a string without end", 'echo("x)', INVALID, stderr="the string has no closing")
call("deep nesting", "echo(" + "[" * 100000 + ")", INVALID, stderr="expected string")
call("bad JSON", 'echo {"text": }', INVALID, stderr="not JSON: line 1, column 10")
call("an unknown parameter", 'echo {"txt": "x"}', INVALID, stderr="text: expected string, but it is not there")
call("deeply nested JSON", "echo " + "[" * 100000, LIMIT, stderr="nested deeper than")
call("a missing field", "point({x: 1})", INVALID, stderr='the field "y" of type u8 is missing')
call("an unknown field", "point({x: 1, z: 2})", INVALID, stderr='there is no field "z"')
call("text behind a call", "echo(\"x\") echo(\"y\")", INVALID, stderr="expected nothing behind the call")
call("an empty call", "", INVALID, stderr="expected the name of a function")
case("nothing to call lists the functions", ["run", "values.wat"], USAGE, stderr=r"nothing to call: give --invoke 'name\(arguments\)'\n  echo: func\(text: string\) -> string\n")

# What a guest may touch and spend.
case("a grant that is none", ["run", "values.wat", "--grant", "bogus"], INVALID, stderr=r'--grant: .*"bogus"|"bogus" is no capability')
case("a folder without a name", ["run", "values.wat", "--dir", "::/x"], INVALID, stderr=r"--dir ::/x: expected HOST")
case("a guest's path with dots", ["run", "values.wat", "--dir", ".."], INVALID, stderr=r'no "\.\."')
case("a variable without a name", ["run", "values.wat", "--env", "=x"], INVALID, stderr=r"--env =x: expected NAME")
case("a seed that is no number", ["run", "values.wat", "--deterministic", "x"], USAGE, stderr="deterministic")
case("an item without a package", ["run", "values.wat", "--item", "x"], USAGE, stderr="package")
case("a policy file that is not there", ["run", "values.wat", "--policy", "none.toml"], NOT_FOUND, stderr="none.toml")
case("a policy file that is wrong", ["run", "values.wat", "--policy", "wrong.toml"], INVALID, stderr=r"wrong\.toml:3:\d+: default\.allow\[0\]")
case("all that is wrong in a policy file", ["policy", "check", "wrong.toml"], INVALID, stderr=r"(?s)wrong\.toml:3.*default\.allow\[0\].*wrong\.toml:4.*colour")
case("a wrong policy file as JSON", ["policy", "check", "wrong.toml", "--json"], INVALID, stderr="wrong.toml:3",
     check=lambda text: [problem["line"] for problem in json.loads(text)["problems"]] == [3, 4])
case("a right policy file", ["policy", "check", "policy.toml"], SUCCESS, check=lambda text: "policy.toml: right" in text)
case("why something is allowed", ["policy", "why", "env:read:HOME", "--policy", "policy.toml"], SUCCESS, check=lambda text: "policy.toml:3" in text)
case("why something is denied", ["policy", "why", "env:read:USER", "--policy", "policy.toml"], DENIED, check=lambda text: "env:read:USER" in text and "[default]" in text)
case("a denial of a package", ["policy", "why", "args", "--policy", "policy.toml", "--package", "acme/tools"], DENIED, check=lambda text: "policy.toml:6" in text)
case("a denial beats --grant", ["policy", "why", "args", "--policy", "policy.toml", "--package", "acme/tools", "--grant", "args", "--json"], DENIED,
     check=lambda text: json.loads(text)["verdict"] == "denied")
case("what holds for a package", ["policy", "show", "--policy", "policy.toml", "--package", "acme/tools", "--json"], SUCCESS,
     check=lambda text: json.loads(text)["limits"]["time"] == "2s")
case("what has no one target", ["policy", "why", "env:read:*", "--policy", "policy.toml"], INVALID, stderr="env:read")
case("a policy learnt from no receipt", ["policy", "learn", "values.wat"], INVALID, stderr="values.wat")

# Guests that fail.
call("a trap", "trap()", TRAP, stderr="unreachable")
call("the instance is gone after a trap", ["trap()", "add(1, 2)"], TRAP, stderr="unreachable")
call("a lie about memory", "liar()", TRAP, stderr="out of bounds")
call("a trap as JSON", "trap()", TRAP, options=["--json"], stderr="unreachable", check=lambda text: json.loads(text)["error"]["kind"] == "trap")
call("fuel", "spin()", LIMIT, options=["--fuel", "10000"], stderr="fuel")
call("a deadline", "spin()", TIMEOUT, options=["--timeout", "100ms"], stderr="spin")
call("the stack", "deep()", LIMIT, stderr="stack")
call("memory growth fails in the guest", "grow(1000)", SUCCESS, "-1\n", options=["--max-memory", "1MiB"])
call("memory that does not fit at the start", "add(1, 2)", LIMIT, options=["--max-memory", "1KiB"], stderr="memory")

# Core modules.
call("a core module", ["add(1, 2)", "add(4294967295, 2)", "swap(-1, 2.5)", "swap(18446744073709551615, nan)"], SUCCESS, "3\n1\n(2.5, -1)\n(nan, -1)\n", file="core.wat")
call("a core argument out of range", "add(4294967296, 1)", INVALID, file="core.wat", stderr=r"p0: expected i32 \(-2147483648 to 4294967295\), got number 4294967296")
call("a core vector", "vector(1)", UNSUPPORTED, file="core.wat", stderr="v128")
call("a core trap", "trap()", TRAP, file="core.wat", stderr="unreachable")
call("core fuel", "spin()", LIMIT, file="core.wat", options=["--fuel", "10000"], stderr="fuel")
call("a core deadline", "spin()", TIMEOUT, file="core.wat", options=["--timeout", "0.1"], stderr="the deadline passed")
call("core memory", "grow(100)", SUCCESS, "-1\n", file="core.wat", options=["--max-memory", "1MiB"])

# Linking.
call("a missing import is named", "double(4)", NOT_FOUND, file="uses_calc.wat", stderr=r"not provided: demo:test/calc@1\.2\.0.*\n.*--link")
call("all missing imports are named", "run()", NOT_FOUND, file="missing.wat", stderr=r"not provided: .*wasi:keyvalue/store@0\.2\.0.*demo:host/exit@1\.0\.0|not provided: .*demo:host/exit@1\.0\.0.*wasi:keyvalue/store@0\.2\.0")
call("a missing import may trap", "double(4)", TRAP, file="uses_calc.wat", options=["--trap-missing-imports"])
call("two components are linked", "double(4)", SUCCESS, "8\n", file="uses_calc.wat", options=["--link", "values.wat"])
case("options may stand before the file", ["run", "--link", "values.wat", "--invoke", "double(4)", "uses_calc.wat"], SUCCESS, "8\n")
call("only components are linked", "double(4)", INVALID, file="uses_calc.wat", options=["--link", "core.wat"], stderr="core.wat: only components are linked, got a core module")
call("a core module's missing imports", "f()", NOT_FOUND, file="imports.wat", stderr=r"not provided: env.log \(.*\), env.other")
case("a program gets its own name and not where it lies", ["run", "--grant", "command", "./programs/arguments.wat", "one"], SUCCESS, "arguments.wat\0one\0")
case("programs may go deep", ["run", "-", "--invoke", "deep(30000)"], SUCCESS, "30000\n",
     stdin=b'(module (func $deep (export "deep") (param i32) (result i32) (if (result i32) (local.get 0)'
           b' (then (i32.add (i32.const 1) (call $deep (i32.sub (local.get 0) (i32.const 1))))) (else (i32.const 0)))))')
case("a program for WASI before preview 1 says so", ["run", "-"], NOT_FOUND, stdin=b'(module (import "wasi_unstable" "proc_exit" (func (param i32))) (func (export "_start")))',
     stderr=r"not provided: wasi_unstable\.proc_exit .*\nwasi_unstable is WASI before preview 1: .*wasm32-wasip1")
case("a program with threads says so", ["run", "-"], NOT_FOUND, stderr=r"not provided: wasi\.thread-spawn .*\nthreads of programs",
     stdin=b'(module (import "wasi" "thread-spawn" (func (param i32) (result i32))) (import "env" "memory" (memory 1 1 shared)) (func (export "_start")))')
case("names cannot play tricks on the terminal", ["run", "-", "--invoke", "f()"], NOT_FOUND, stderr=r"not provided: \\u\{1b\}\[2J\.x", stdin=b'(module (import "\\1b[2J" "x" (func)))')
case("a file that is refused, as JSON", ["run", "-", "--json", "--invoke", "f()"], INVALID, stdin=b"hello", stderr="got text", check=lambda text: json.loads(text)["error"]["kind"] == "invalid-input")
call("an async component says what is lacking", "run()", UNSUPPORTED, file="async.wat", stderr="run")

# Files.
case("a core module is inspected", ["inspect", "core.wat"], SUCCESS, check=lambda text: "core module" in text and "add: func (i32, i32) -> (i32)" in text and "memory of 1 or more pages" in text)
case("a component is inspected", ["inspect", "values.wat"], SUCCESS, check=lambda text: "  echo: func(text: string) -> string\n" in text and "  demo:test/calc@1.2.0\n    add: func(a: u32, b: u32) -> u32\n" in text)
case("inspect as JSON", ["inspect", "--json", "uses_calc.wat"], SUCCESS, check=lambda text: json.loads(text)["imports"][0]["items"][0]["type"] == "func(a: u32, b: u32) -> u32")
case("schemas", ["inspect", "--schema", "values.wat"], SUCCESS, check=lambda text: json.loads(text)["demo:test/calc@1.2.0#add"]["input"]["required"] == ["a", "b"] and json.loads(text)["divide"]["error"]["type"] == "string")
case("the plan", ["inspect", "--plan", "values.wat"], SUCCESS, check=lambda text: "options 0: utf8" in text)
case("what a program may ask for", ["inspect", "wasi.wat"], SUCCESS, check=lambda text: "may ask for: env:read:* args process:exit" in text)
case("what a program may ask for, as JSON", ["inspect", "wasi.wat", "--json"], SUCCESS,
     check=lambda text: [one["capability"] for one in json.loads(text)["capabilities"]] == ["env:read:*", "args", "process:exit"])
case("what is needed from WASI", ["inspect", "wasi.wat"], SUCCESS, check=lambda text: "needs from WASI: wasi:cli/environment@0.2.6, wasi:cli/exit@0.2.6" in text)
case("an async component can be inspected", ["inspect", "async.wat"], SUCCESS, check=lambda text: "cannot run here yet, because it uses:" in text)
case("valid files", ["validate", "values.wat"], SUCCESS, "values.wat: valid component\n")
case("a valid async component", ["validate", "async.wat"], SUCCESS, "async.wat: valid component\n")
case("validate looks into functions", ["validate", "-"], INVALID, stdin=b"(module (func (result i32)))", stderr="type mismatch")
case("validate looks into functions of components", ["validate", "-"], INVALID, stdin=b"(component (core module (func (result i32))))", stderr="type mismatch")
case("text with an error", ["validate", "-"], INVALID, stdin=b"(module (fnc))", stderr=r"standard input:1:10")
case("metadata that is no text", ["component", "metadata", "-", "--set", b"name=\xff"], INVALID, stdin=b"(component)", stderr="not UTF-8")
case("output to a device", ["wit", "-", "-o", "/dev/stderr"], SUCCESS, stdin=b"package a:b;", stderr="package a:b;")
case("standard input", ["run", "-", "--invoke", "f()"], SUCCESS, "7\n", stdin=b'(module (func (export "f") (result i32) (i32.const 7)))')
for command in ["run", "inspect", "validate", "compile"]:
    case(f"{command}: no file", [command, "missing.wasm"], NOT_FOUND, stderr="missing.wasm")
    case(f"{command}: a folder", [command, "."], INVALID, stderr="folder")
    case(f"{command}: an empty file", [command, "-"], INVALID, stderr="got an empty file")
    case(f"{command}: garbage", [command, "-"], INVALID, stdin=b"\x01\x02\x03\xff", stderr="got the bytes 01 02 03 ff")
    case(f"{command}: a text", [command, "-"], INVALID, stdin=b"hello world", stderr='got text that starts with "hello world"')
    case(f"{command}: another version", [command, "-"], INVALID, stdin=b"\0asm\x02\0\0\0", stderr="WebAssembly of version 2")
    case(f"{command}: cut off", [command, "-"], INVALID, stdin=b"\0asm\x0d\0\x01\0\x01\xff\xff\xff\xff\x0f", stderr="past the end|too large")
case("a WIT package does not run", ["run", "package.wasm", "--invoke", "f()"], INVALID, stderr="expected a component or core module, got a WIT package")
case("a WIT package is inspected", ["inspect", "package.wasm"], SUCCESS, check=lambda text: "WIT package" in text and "/// Adds." in text)

# The cache.
case("compile fills the cache", ["compile", "values.wat", "--cache-dir", "cache"], SUCCESS, check=lambda text: "kept in cache" in text)
case("the cache lists it", ["cache", "ls", "--cache-dir", "cache"], SUCCESS, check=lambda text: text.endswith("bytes\n") or text.endswith("kB\n"))
case("the cache is sound", ["cache", "verify", "--json", "--cache-dir", "cache"], SUCCESS, check=lambda text: all(json.loads(line)["fault"] == "" for line in text.splitlines()) and text != "")
case("a flipped byte is found", ["cache", "verify", "--cache-dir", "flipped"], INVALID, check=lambda text: "FAULTY" in text, stderr="faulty entries were removed")
case("a flipped byte is not run", ["run", "core.wat", "--cache-dir", "flipped2", "--invoke", "add(1, 2)"], SUCCESS, "3\n", stderr=r"warning cache: \w+\.code is not used and removed")
case("the log tells of the cache", ["run", "core.wat", "--log-level", "debug", "--cache-dir", "logged", "--invoke", "add(1, 2)"], SUCCESS, "3\n", stderr=r"debug cache: \w+\.code is written")
case("the cache is cleaned", ["cache", "clean", "--cache-dir", "cache"], SUCCESS, check=lambda text: text.endswith("freed\n"))
case("a cache that cannot be used is a notice", ["run", "core.wat", "--cache-dir", "core.wat", "--invoke", "add(1, 2)"], SUCCESS, "3\n", stderr="notice: ")
case("compile without a cache fails", ["compile", "core.wat", "--cache-dir", "core.wat"], 10, stderr="cannot be used")

# Receipts for people.
case("a receipt as text", ["run", "core.wat", "--fuel", "1000", "--receipt-text", "--invoke", "add(1, 2)"], SUCCESS, "3\n",
     stderr=r"\Areceipt: ok; [^\n]* units of fuel, [^\n]* of memory\n0 B in, 0 B out, 0 host calls, 0 denied\n\Z")
case("no receipt as text that nobody asked for", ["run", "core.wat", "--receipt", "-", "--invoke", "add(1, 2)"], SUCCESS, check=lambda text: json.loads(text.splitlines()[1])["outcome"] == "ok", stderr=r"\A\Z")
case("both receipts", ["run", "core.wat", "--receipt", "-", "--receipt-text", "--invoke", "add(1, 2)"], SUCCESS, check=lambda text: '"outcome":"ok"' in text, stderr=r"\Areceipt: ok; ")
case("a receipt as text of a run that never began", ["run", "missing.wasm", "--receipt-text"], NOT_FOUND, stderr=r"(?s)receipt: failed: not-found; .*error: .*missing.wasm")
case("a receipt as text of a run that was ended", ["run", "core.wat", "--timeout", "0s", "--receipt-text", "--invoke", "add(1, 2)"], TIMEOUT, stderr="receipt: failed: deadline; ")

# Usage.
case("no command", [], USAGE, stderr="try: tenon --help")
case("an unknown command", ["rnu"], USAGE, stderr="try: tenon --help")
case("an unknown option", ["run", "core.wat", "--fule", "3"], USAGE, stderr="try: tenon run --help")
case("no duration", ["run", "core.wat", "--timeout", "soon"], USAGE, stderr="is no duration such as 500ms")
case("no size", ["run", "core.wat", "--max-memory", "lots"], USAGE, stderr="is no size such as")
case("negative fuel", ["run", "core.wat", "--fuel", "-1"], USAGE)
case("a run that is told of", ["--log-level", "debug", "run", "core.wat", "--invoke", "add(1, 2)"], SUCCESS, "3\n",
     stderr=r"(?s) info core.wat: core module, \d+ bytes\n.* debug cache: .* info core.wat: compiled .* debug add returned after \d")
case("a run that nothing is told of", ["run", "core.wat", "--invoke", "add(1, 2)"], SUCCESS, "3\n", stderr=r"\A\Z")
case("a notice", ["run", "core.wat", "--cache-dir", "/proc/none", "--invoke", "add(1, 2)"], SUCCESS, "3\n", stderr="notice: compiled code is not cached")
case("a notice that nobody wants", ["run", "core.wat", "--cache-dir", "/proc/none", "--log-level", "error", "--invoke", "add(1, 2)"], SUCCESS, "3\n", stderr=r"\A\Z")
case("no time at all", ["run", "core.wat", "--timeout", "0s", "--invoke", "add(1, 2)"], TIMEOUT)
case("nothing to call, in JSON", ["run", "core.wat", "--json"], USAGE, stderr="nothing to call", check=lines([{}]))
case("a cache that is not there", ["cache", "ls", "--cache-dir", "none"], SUCCESS, "0 entries, 0 bytes\n")
case("a cache that was not made by looking", ["cache", "verify", "--cache-dir", "none/code"], SUCCESS, "0 entries, 0 bytes\n")
case("an action that takes all the time of its script", ["wast", "--timeout", "100ms", "-"], GUEST, check=lambda text: "1 failed" in text,
     stdin=b'(module (func (export "f") (loop (br 0)))) (invoke "f")')
case("standard input twice", ["component", "compose", "-", "-"], INVALID, stderr="standard input is named twice", stdin=b"(component)")
case("WIT where a module is wanted", ["component", "new", "-"], INVALID, stderr="text that looks like WIT", stdin=b"package a:b;")
case("WIT without a package", ["wit", "/dev/null"], INVALID, stderr="/dev/null: no `package` header")
case("no log level", ["--log-level", "loud", "validate", "core.wat"], USAGE, stderr="loud not in")
case("the version", ["--version"], SUCCESS, check=lambda text: re.fullmatch(r"tenon \d+\.\d+\.\d+\n", text))
case("help", ["run", "--help"], SUCCESS, check=lambda text: "--invoke" in text and "--max-memory" in text)
for shell in ["bash", "zsh", "fish"]:
    case(f"completion for {shell}", ["completion", shell], SUCCESS, check=lambda text: "inspect" in text and "max-memory" in text and "receipt-text" in text)


def prepare(program, folder, environment):
    """Files that are not in the tree: made by the program itself, or spoilt."""
    for source in HERE.glob("*.wat"):
        (folder / source.name).write_bytes(source.read_bytes())
    (folder / "policy.toml").write_text('version = 1\n[default]\nallow = ["env:read:HOME", "args"]\nbudget = { time = "2s" }\n[package."acme/tools"]\ndeny = ["args"]\n')
    (folder / "wrong.toml").write_text('version = 1\n[default]\nallow = ["nothing"]\ncolour = "red"\n')
    (folder / "missing.wat").write_text('(component (import "wasi:keyvalue/store@0.2.0" (instance (export "get" (func (result (list string))))))'
                                        ' (import "demo:host/exit@1.0.0" (instance (export "exit" (func (param "status" (result)))))))')
    (folder / "wasi.wat").write_text('(component (import "wasi:cli/environment@0.2.6" (instance (export "get-arguments" (func (result (list string))))))'
                                     ' (import "wasi:cli/exit@0.2.6" (instance (export "exit" (func (param "status" (result)))))))')
    (folder / "imports.wat").write_text('(module (import "env" "log" (func (param i32))) (import "env" "other" (memory 1)) (func (export "f")))')
    (folder / "programs").mkdir(exist_ok=True)
    (folder / "programs" / "arguments.wat").write_text(
        '(module (import "wasi_snapshot_preview1" "args_sizes_get" (func $sizes (param i32 i32) (result i32)))'
        ' (import "wasi_snapshot_preview1" "args_get" (func $get (param i32 i32) (result i32)))'
        ' (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32))) (memory (export "memory") 1)'
        ' (func (export "_start") (drop (call $sizes (i32.const 0) (i32.const 4))) (drop (call $get (i32.const 16) (i32.const 64)))'
        ' (i32.store (i32.const 8) (i32.const 64)) (i32.store (i32.const 12) (i32.load (i32.const 4)))'
        ' (drop (call $write (i32.const 1) (i32.const 8) (i32.const 1) (i32.const 0)))))')
    (folder / "async.wat").write_text('(component (core module $m (func (export "run") (result i32) (i32.const 0)) (func (export "cb") (param i32 i32 i32) (result i32) (i32.const 0)))'
                                      ' (core instance $i (instantiate $m)) (func (export "run") async (canon lift (core func $i "run") async (callback (func $i "cb")))))')
    (folder / "w.wit").write_text("package demo:test; interface i { /// Adds.\n add: func(a: u32) -> u32; } world w { export i; }")
    run = lambda *arguments: subprocess.run([program, *arguments], cwd=folder, env=environment, check=True, capture_output=True, timeout=SECONDS_MAX)
    run("wit", "w.wit", "--wasm", "-o", "package.wasm")
    for cache in ["flipped", "flipped2"]:
        run("compile", "core.wat", "--cache-dir", cache)
        entries = [path for path in (folder / cache).rglob("*.code")]
        assert entries, "the cache keeps an entry"
        for path in entries:
            content = bytearray(path.read_bytes())
            content[len(content) // 2] ^= 1
            path.write_bytes(content)


def is_as_described(matches, text):
    try:
        return bool(matches(text))
    except (ValueError, KeyError, IndexError, TypeError):
        return False


def check(program, folder, environment, one):
    name, arguments, code, stdout, stderr, stdin, matches = one
    done = subprocess.run([program, *arguments], cwd=folder, env=environment, input=stdin, capture_output=True, timeout=SECONDS_MAX)
    out, err = done.stdout.decode(), done.stderr.decode()
    problems = []
    if done.returncode != code:
        problems.append(f"exit code {done.returncode}, expected {code}")
    if matches is None and out != stdout:
        problems.append(f"wrong output, expected {stdout!r}")
    if matches is not None and not is_as_described(matches, out):
        problems.append("the output is not as described")
    if not re.search(stderr, err):
        problems.append(f"wrong message, expected {stderr!r}")
    if problems:
        print(f"FAILED {name}: {'; '.join(problems)}\n  arguments: {[text[:80] for text in arguments]}\n  stdout: {out[:600]!r}\n  stderr: {err[:600]!r}")
    return not problems


def main():
    program = os.path.abspath(sys.argv[1])
    wanted = [one for one in CASES if len(sys.argv) < 3 or sys.argv[2] in one[0]]
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        environment = {"PATH": os.environ.get("PATH", ""), "HOME": str(folder), "TENON_CACHE_DIR": str(folder / "shared-cache"), "LC_ALL": "C.UTF-8"}
        prepare(program, folder, environment)
        passed = sum(check(program, folder, environment, one) for one in wanted)
    print(f"{passed} passed, {len(wanted) - passed} failed")
    return 0 if passed == len(wanted) else 1


if __name__ == "__main__":
    sys.exit(main())
