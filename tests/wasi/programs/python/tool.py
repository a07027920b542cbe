"""tool WORD …: an ordinary program in Python, as a component that exports wasi:cli/run."""

import hashlib
import os
import sys

from wit_world import exports


def work(arguments):
    word = arguments[0] if arguments else "hello"
    if word == "hello":
        print("Hello from Python")
    elif word == "arguments":
        print(arguments[1:])
    elif word == "environment":
        for name in sorted(os.environ):
            print(f"{name}={os.environ[name]}")
    elif word == "walk":
        for folder, folders, files in os.walk(arguments[1]):
            folders.sort()
            print(folder, sorted(files))
    elif word == "digest":
        with open(arguments[1], "rb") as file:
            print(hashlib.sha256(file.read()).hexdigest())
    elif word == "write":
        with open(arguments[1], "w", encoding="utf-8") as file:
            file.write(arguments[2])
    elif word == "exit":
        sys.exit(int(arguments[1]))
    else:
        print(f"tool: unknown word {word}", file=sys.stderr)
        sys.exit(2)


class Run(exports.Run):
    def run(self):
        try:
            work(sys.argv[1:])
        except OSError as error:
            print(f"tool: {error}", file=sys.stderr)
            sys.exit(1)
