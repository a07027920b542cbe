#!/usr/bin/env python3
"""Writes the component of the rows compile.12mb and load.12mb: `big.py OUT.wasm`.

Twelve megabytes of WebAssembly made from a fixed seed: thousands of functions with locals, arithmetic of all four types, loads and stores, loops,
branches, br_table, direct and indirect calls, in about the proportions of compiled C. It is made rather than kept in the repository.
"""
import struct
import sys

TARGET_BYTES = 12 << 20
BODIES = 384  # different function bodies; each function is one of them with constants of its own
I32, I64, F64, VOID = 0x7F, 0x7E, 0x7C, 0x40
LOCALS = [(3, I32), (2, I64), (2, F64)]  # after the two i32 parameters
I32_LOCALS, I64_LOCALS, F64_LOCALS = range(0, 5), range(5, 7), range(7, 9)


def unsigned(n):
    out = bytearray()
    while True:
        byte = n & 0x7F
        n >>= 7
        if not n:
            out.append(byte)
            return bytes(out)
        out.append(byte | 0x80)


def signed(n):
    out = bytearray()
    while True:
        byte = n & 0x7F
        n >>= 7
        if (n == 0 and not byte & 0x40) or (n == -1 and byte & 0x40):
            out.append(byte)
            return bytes(out)
        out.append(byte | 0x80)


def sized(body):
    return unsigned(len(body)) + body


def section(number, body):
    return bytes([number]) + sized(body)


def name(text):
    return sized(text.encode())


class Random:
    """splitmix64: the same numbers with every Python."""

    def __init__(self, seed):
        self.state = seed

    def below(self, n):
        self.state = (self.state + 0x9E3779B97F4A7C15) & (2**64 - 1)
        z = self.state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & (2**64 - 1)
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & (2**64 - 1)
        return (z ^ (z >> 31)) % n

    def pick(self, items):
        return items[self.below(len(items))]


class Body:
    """One function body, (i32, i32) -> i32. Calls go to functions before it, so that nothing recurses."""

    def __init__(self, random, functions):
        self.random = random
        self.functions = functions

    def get(self, locals_):
        return b"\x20" + unsigned(self.random.pick(locals_))

    def address(self):
        return self.i32(1) + b"\x41" + signed(0xFFF8) + b"\x71"  # and 0xfff8: inside the first page

    def i32(self, depth):
        r = self.random.below(10) if depth else self.random.below(2)
        if r == 0:
            return b"\x41" + signed(self.random.below(1 << 16) - (1 << 15))
        if r < 3:
            return self.get(I32_LOCALS)
        if r < 5:
            return self.address() + b"\x28\x02" + unsigned(self.random.below(64) * 4)
        if r == 5:
            return self.i64(depth - 1) + b"\xa7"
        if r == 6:
            return self.f64(depth - 1) + self.f64(depth - 1) + bytes([0x61 + self.random.below(6)])
        operator = self.random.pick([0x6A, 0x6B, 0x6C, 0x71, 0x72, 0x73, 0x74, 0x75, 0x76, 0x46, 0x48, 0x4A, 0x4D, 0x4F])
        return self.i32(depth - 1) + self.i32(depth - 1) + bytes([operator])

    def i64(self, depth):
        r = self.random.below(6) if depth else 0
        if r < 2:
            return self.get(I64_LOCALS)
        if r == 2:
            return self.i32(depth - 1) + b"\xad"
        if r == 3:
            return self.address() + b"\x29\x03" + unsigned(self.random.below(64) * 8)
        return self.i64(depth - 1) + self.i64(depth - 1) + bytes([self.random.pick([0x7C, 0x7D, 0x7E, 0x83, 0x84, 0x85, 0x86, 0x88])])

    def f64(self, depth):
        r = self.random.below(5) if depth else 0
        if r < 2:
            return self.get(F64_LOCALS)
        if r == 2:
            return b"\x44" + struct.pack("<d", self.random.below(1000) / 8)
        return self.f64(depth - 1) + self.f64(depth - 1) + bytes([self.random.pick([0xA0, 0xA1, 0xA2, 0xA3])])

    def call(self):
        arguments = self.i32(1) + self.i32(1)
        if self.functions and self.random.below(5):
            return arguments + b"\x10" + unsigned(self.random.below(self.functions)) + b"\x21" + unsigned(self.random.pick(I32_LOCALS))
        return arguments + b"\x41" + signed(self.random.below(64)) + b"\x11\x00\x00" + b"\x21" + unsigned(self.random.pick(I32_LOCALS))

    def statement(self, depth):
        r = self.random.below(12 if depth else 7)
        if r < 2:
            return self.i32(3) + b"\x21" + unsigned(self.random.pick(I32_LOCALS))
        if r == 2:
            return self.i64(2) + b"\x21" + unsigned(self.random.pick(I64_LOCALS))
        if r == 3:
            return self.f64(2) + b"\x21" + unsigned(self.random.pick(F64_LOCALS))
        if r < 6:
            return self.address() + self.i32(2) + b"\x36\x02" + unsigned(self.random.below(64) * 4)
        if r == 6:
            return self.call()
        if r < 9:
            return self.i32(2) + b"\x04\x40" + self.block(depth - 1) + b"\x05" + self.block(depth - 1) + b"\x0b"
        if r == 9:  # block { … br_if 0 … }
            return b"\x02\x40" + self.block(depth - 1) + self.i32(1) + b"\x0d\x00" + self.block(depth - 1) + b"\x0b"
        if r == 10:  # a loop that counts the first local down
            count = b"\x41" + signed(self.random.below(30) + 1) + b"\x21\x02"
            step = b"\x20\x02\x41\x01\x6b\x22\x02\x0d\x00"
            return count + b"\x03\x40" + self.block(0) + step + b"\x0b"
        table = b"\x20\x01\x41\x03\x71\x0e\x03\x00\x01\x02\x02"
        return b"\x02\x40\x02\x40\x02\x40" + table + b"\x0b" + self.block(0) + b"\x0b" + self.block(0) + b"\x0b"

    def block(self, depth):
        return b"".join(self.statement(depth) for _ in range(1 + self.random.below(4)))

    def bytes(self):
        return b"".join(self.statement(3) for _ in range(4 + self.random.below(8))) + b"\x20\x01\x20\x02\x6a\x0b"


def core_module():
    random = Random(12)
    declarations = unsigned(len(LOCALS)) + b"".join(unsigned(n) + bytes([kind]) for n, kind in LOCALS)
    bodies = [Body(random, 64 if i else 0).bytes() for i in range(BODIES)]
    code, size = [], 0
    while size < TARGET_BYTES or len(code) < 65:
        number = len(code)
        own = b"\x41" + signed(number * 7919 % 100003) + b"\x20\x00\x6c\x21\x03"  # local 3 = parameter * a constant of its own
        # The first functions are called by the others and call nothing themselves.
        rest = b"\x20\x00\x20\x03\x73\x0b" if number < 64 else bodies[number % BODIES]
        entry = sized(declarations + own + rest)
        code.append(entry)
        size += len(entry)
    count = len(code)
    kind = b"\x60\x02\x7f\x7f\x01\x7f"
    elements = b"\x01\x00\x41\x00\x0b" + unsigned(64) + b"".join(unsigned(i) for i in range(64))
    return b"\0asm\1\0\0\0" + b"".join([
        section(1, b"\x01" + kind),
        section(3, unsigned(count) + b"\0" * count),
        section(4, b"\x01\x70\x00" + unsigned(64)),
        section(5, b"\x01\x00\x02"),
        section(7, b"\x01" + name("run") + b"\x00" + unsigned(count - 1)),
        section(9, elements),
        section(10, unsigned(count) + b"".join(code)),
    ])


def component():
    module = core_module()
    return b"\0asm\x0d\0\x01\0" + b"".join([
        section(1, module),
        section(2, b"\x01\x00\x00\x00"),  # instantiate module 0 with nothing
        section(6, b"\x01\x00\x00\x01\x00" + name("run")),  # alias core export 0 "run" as a core function
        section(7, b"\x01\x40\x02" + name("a") + b"\x79" + name("b") + b"\x79" + b"\x00\x79"),  # func(a: u32, b: u32) -> u32
        section(8, b"\x01\x00\x00\x00\x00\x00"),  # canon lift core function 0 as type 0
        section(11, b"\x01\x00" + name("run") + b"\x01\x00\x00"),
    ])


if __name__ == "__main__":
    data = component()
    with open(sys.argv[1], "wb") as out:
        out.write(data)
