#!/usr/bin/env python3
"""Runs the WIT and text commands on inputs made to exhaust a machine, with little memory: each must end by itself, with an exit code of the table."""

import pathlib
import resource
import subprocess
import sys
import tempfile

TENON = sys.argv[1]
ADDRESS_SPACE = 2 << 30  # bytes
STACK, SECONDS = 8 << 20, 120
ENDINGS = {0, 3, 4, 5, 7}
UNAVAILABLE = 10


def leb(n):
    out = bytearray()
    while True:
        byte, n = n & 0x7F, n >> 7
        out.append(byte | (0x80 if n else 0))
        if not n:
            return bytes(out)


def section(number, body):
    return bytes([number]) + leb(len(body)) + body


MODULE, COMPONENT = b"\0asm\1\0\0\0", b"\0asm\x0d\0\1\0"


def nested_components(depth):
    inner = COMPONENT
    for _ in range(depth):
        inner = COMPONENT + section(4, inner)
    return inner


def inputs():
    deep = 400_000
    yield "components.wat", "(component " * deep
    yield "parentheses.wat", "(" * deep
    yield "blocks.wat", "(module (func " + "block " * deep + "end " * deep + "))"
    yield "folded.wat", "(module (func " + "(drop (i32.eqz " * deep + "(i32.const 0)" + "))" * deep + "))"
    yield "types.wat", "(component (type " + "(list " * deep + "u8" + ")" * deep + "))"
    yield "comments.wat", "(;" * deep
    yield "memory.wat", '(module (memory 65536) (table 4294967295 funcref) (data (memory 0) (i32.const 0) "x"))'
    yield "instances.wat", "(component" + ' (type (instance (export "a" (func))))' * 200_000 + ")"
    yield "lists.wit", "package a:b; interface i { type t = " + "list<" * deep + "u8" + ">" * deep + "; }"
    yield "packages.wit", "package a:b { " * deep
    yield "aliases.wit", "package a:b; interface i { type t0 = u8; " + "".join(f"type t{i} = t{i - 1};" for i in range(1, 90_000)) + "}"
    yield "doubling.wit", "package a:b; interface i { type t0 = tuple<u8, u8>; " + "".join(f"type t{i} = tuple<t{i - 1}, t{i - 1}>;" for i in range(1, 90)) + "}"
    yield "fields.wit", "package a:b; interface i { record r { " + "".join(f"f{i}: u8, " for i in range(190_000)) + "} }"
    yield "worlds.wit", "package a:b; world w0 {} " + "".join(f"world w{i} {{ include w{i - 1}; }}" for i in range(1, 60_000))
    yield "comment.wit", "/*" * deep
    yield "fixed.wit", "package a:b; interface i { f: func(x: list<list<list<u64, 4294967295>, 4294967295>, 4294967295>); } world w { export i; }"
    for number in (1, 2, 3, 4, 5, 6, 7, 9, 10, 11):
        yield f"count{number}.wasm", MODULE + section(number, leb(0xFFFFFFFF))
    for number in (2, 5, 6, 7, 8, 10, 11):
        yield f"component{number}.wasm", COMPONENT + section(number, leb(0xFFFFFFFF))
    yield "name.wasm", MODULE + section(0, leb(0xFFFFFFFF))
    yield "locals.wasm", MODULE + section(1, b"\1\x60\0\0") + section(3, b"\1\0") + section(10, b"\1" + leb(8) + b"\1" + leb(0xFFFFFFFF) + b"\x7f\x0b")
    yield "nested.wasm", nested_components(10_000)
    yield "many.wasm", COMPONENT + section(4, COMPONENT) * 1_000_000


def limit():
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
    resource.setrlimit(resource.RLIMIT_STACK, (STACK, STACK))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def commands(path):
    yield ["wit", path]
    if path.endswith(".wit"):
        yield ["component", "embed", "--dummy", path, "-o", path + ".embedded"]
        yield ["bindgen", path, "-o", path + ".h"]
    else:
        yield ["component", "new", path, "-o", path + ".component"]
        yield ["component", "metadata", path]
        yield ["component", "compose", path, path, "-o", path + ".composed"]


def main():
    passed = failed = 0
    with tempfile.TemporaryDirectory() as folder:
        for name, content in inputs():
            path = pathlib.Path(folder, name)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
            for arguments in commands(str(path)):
                try:
                    code = subprocess.run([TENON, *arguments], preexec_fn=limit, capture_output=True, timeout=SECONDS).returncode
                except subprocess.TimeoutExpired:
                    code = "no end"
                if code in ENDINGS:
                    passed += 1
                else:
                    failed += 1
                    print(f"{name}: tenon {arguments[0]} {arguments[1] if arguments[0] == 'component' else ''} ended with {code}")
            path.unlink()
        # A memory reserves more address space than there is: the machine's refusal, not the module's fault.
        path = pathlib.Path(folder, "memory.wat")
        path.write_text('(module (memory 1) (func (export "f")))')
        ended = subprocess.run([TENON, "run", "--no-cache", path, "--invoke", "f()"], preexec_fn=limit, capture_output=True, timeout=SECONDS)
        if ended.returncode == UNAVAILABLE and b"mmap" in ended.stderr:
            passed += 1
        else:
            failed += 1
            print(f"a memory without room: tenon run ended with {ended.returncode}: {ended.stderr.decode()}")
    print(f"{passed} passed, {failed} failed")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
