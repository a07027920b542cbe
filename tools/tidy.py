#!/usr/bin/env python3
"""House rules that a machine can check (CONTRIBUTING.md has the words): tidy.py [CHECKOUT]. Prints each break and exits 1 when there is one."""

import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent.parent).resolve()
FOLDERS_WITH_README = ["native", "include/tenon", "cmake", "tools", "tests", "bench", "docs", "docs/decisions", "examples"]
LINES_MAX, README_LINES_MAX, HEAD_LINES = 800, 20, 40
ABSOLUTE = re.compile(r"(?<![\w.~$}])/(?:work|home|root)/[\w.]")
INCLUDE = re.compile(r'^\s*#\s*include\s+(["<])([^">]+)[">]', re.M)
TODO_NOW = "TODO" + "(now)"
problems = []


def report(path, text):
    problems.append(f"{path}: {text}")


def declared_layers():
    """tenon_module calls: layer -> (every layer that it may include, the public headers that it owns, may it call native, the text)."""
    layers = {}
    for cmake in sorted(ROOT.glob("src/*/CMakeLists.txt")):
        for name, body in re.findall(r"^tenon_module\((\w+)([^)]*)\)", cmake.read_text(), re.M):
            fields = dict(re.findall(r"\b(UNITS|DEPENDS|LIBRARIES|HEADERS)\s+((?:(?!UNITS|DEPENDS|LIBRARIES|HEADERS|INTERNAL)\S+\s*)*)", body))
            units, headers = fields.get("UNITS", "").split(), fields.get("HEADERS", "").split()
            layers[name] = {"above": fields.get("DEPENDS", "").split(), "public": {*units, *headers, *(f"detail/{unit}" for unit in units)}, "native": "tenon_native" in body, "units": units, "text": cmake.read_text()}

    def allowed(name):
        return {name}.union(*(allowed(above) for above in layers[name]["above"] if above in layers))

    for name, layer in layers.items():
        layer["allowed"] = allowed(name)
    return layers


def check_includes(path, text, layers):
    includes = [(kind, target) for kind, target in INCLUDE.findall(text)]
    owner = path.parts[1] if path.parts[0] == "src" else None
    for kind, target in includes:
        folder, _, rest = target.partition("/")
        if path.parts[0] == "include":
            if kind == '"' and folder != "tenon" or folder in layers:
                report(path, f"a public header includes {target}")
            continue
        if owner not in layers:
            continue
        if folder in layers and folder not in layers[owner]["allowed"]:
            report(path, f"includes {target}, but {owner} does not depend on {folder}")
        if folder == "tenon" and not any(rest.removesuffix(".h") in layers[layer]["public"] for layer in layers[owner]["allowed"]):
            report(path, f"includes {target}, which no layer that {owner} depends on declares")
        if rest.startswith("tenon_native") or target.startswith("tenon_native"):
            if not layers[owner]["native"]:
                report(path, f"includes {target}, but {owner} does not list tenon_native")
    own = {f"{owner}/{path.stem}.h", f"{path.stem}.h", f"tenon/{path.stem}.h"}
    if path.suffix == ".cpp" and owner and own & {target for _, target in includes} and includes[0][1] not in own:
        report(path, f"includes {includes[0][1]} before its own header")


def check_file(path, layers):
    try:
        text = (ROOT / path).read_text()
    except UnicodeDecodeError:
        return
    if TODO_NOW in text:
        report(path, f"has a {TODO_NOW}")
    if ABSOLUTE.search(text):
        report(path, f"names a folder of somebody's machine: {ABSOLUTE.search(text).group(0)}…")
    if path.suffix in (".h", ".cpp", ".rs", ".py"):
        lines = text.splitlines()
        if len(lines) > LINES_MAX and "Long because" not in "\n".join(lines[:HEAD_LINES]):
            report(path, f"has {len(lines)} lines; split it, or say 'Long because …' at its head")
    if path.suffix == ".h" and "#pragma once" not in text:
        report(path, "lacks #pragma once")
    if path.suffix in (".h", ".cpp") and path.parts[0] in ("src", "include"):
        check_includes(path, text, layers)
    if path.parts[0] == "src" and path.suffix == ".cpp" and path.parts[1] in layers:
        unit = re.sub(r"_(test|fuzz|bench)$", "", path.stem)
        if not re.search(rf"\b{re.escape(unit)}\b", layers[path.parts[1]]["text"]):
            report(path, "is in no unit of its CMakeLists.txt")
    if path.parts[:2] == ("include", "tenon") and path.suffix == ".h" and not any("/".join(path.parts[2:]).removesuffix(".h") in layer["public"] for layer in layers.values()):
        report(path, "is declared by no layer: a unit of that name, or HEADERS")


def check_readmes(files):
    folders = FOLDERS_WITH_README + sorted({"/".join(path.parts[:2]) for path in files if path.parts[0] == "src" and len(path.parts) > 2})
    for folder in folders:
        if not any(str(path).startswith(folder + "/") for path in files):
            continue
        readme = ROOT / folder / "README.md"
        if not readme.exists():
            report(folder, "has no README.md")
        elif folder != "docs/decisions" and len(readme.read_text().splitlines()) > README_LINES_MAX:  # that one lists every record
            report(f"{folder}/README.md", f"has more than {README_LINES_MAX} lines")


def main():
    listed = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode != 0:
        print("not a git checkout: there is no list of files to check")
        return 77
    files = [pathlib.Path(line) for line in listed.stdout.splitlines() if (ROOT / line).is_file()]
    layers = declared_layers()
    for path in files:
        check_file(path, layers)
    check_readmes(files)
    print("\n".join(sorted(problems)) or f"{len(files)} files keep the rules")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
