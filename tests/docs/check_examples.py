#!/usr/bin/env python3
"""check_examples.py compare: each ```cpp block of the documents stands, line by line, in a compiled file of this folder.
check_examples.py run TENON COMPONENTS: each command of README.md that starts with `tenon ` works in the folder of the example components.
"""

import os
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent


def blocks(document, language):
    return [match.group(1) for match in re.finditer(rf"^```{language}\n(.*?)^```", document.read_text(), re.M | re.S)]


def plain(text):
    return [line.strip() for line in text.splitlines() if line.strip()]


def contains(lines, part):
    return any(lines[at : at + len(part)] == part for at in range(len(lines) - len(part) + 1))


def compare():
    sources = [plain(path.read_text()) for path in sorted(HERE.glob("*.cpp"))]
    failed = passed = 0
    for document in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]:
        for block in blocks(document, "cpp"):
            if any(contains(source, plain(block)) for source in sources):
                passed += 1
            else:
                failed += 1
                print(f"{document.relative_to(ROOT)}: no file in tests/docs has this example:\n{block}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


def run(tenon, components):
    commands = [line for block in blocks(ROOT / "README.md", "sh") for line in block.splitlines() if line.startswith("tenon ")]
    missing = {name for command in commands for name in re.findall(r"\S+\.wasm", command) if not pathlib.Path(components, name).exists()}
    if missing:
        print(f"not built: {', '.join(sorted(missing))}")
        return 77
    failed = 0
    path = f"{pathlib.Path(tenon).resolve().parent}:{os.environ['PATH']}"
    for command in commands:
        done = subprocess.run(["bash", "-c", command], cwd=components, env={**os.environ, "PATH": path}, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if done.returncode != 0:
            failed += 1
            print(f"$ {command}\n{done.stdout}{done.stderr}exit code {done.returncode}")
    print(f"{len(commands) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(compare() if sys.argv[1:] == ["compare"] else run(*sys.argv[2:4]))
