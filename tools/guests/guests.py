#!/usr/bin/env python3
"""Builds guests: components from sources in Rust, C, C++, JavaScript, TypeScript, Python, Go and WebAssembly text.

    guests.py --tenon build/tenon --out DIR RECIPES.json [NAME…]

A recipe names a language, a source, a world and the folder of its WIT. What a language's own tools leave as a core module is made a
component by `tenon component embed` and `tenon component new`. Each guest is kept in the cache under a key of everything that it is built from,
so that a second run only copies. A guest whose tools are missing is skipped, with what to install; the other guests are built all the same.

Prints a line a guest (`built`, `cached`, `skipped`, `failed`); the exit code is 1 when one failed.
"""

import argparse
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
CACHE = pathlib.Path(os.environ.get("TENON_CACHE_DIR") or pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "tenon") / "guests"
COMPONENTIZE_PY = "componentize-py==0.25.1"
IGNORED = {"target", "node_modules", "__pycache__"}


class Missing(Exception):
    """A tool that is not on this machine; the text says what to install."""


class Failed(Exception):
    """A tool that did not do its work; the text is what it printed."""


def need(program, package):
    path = shutil.which(program)
    if path is None:
        raise Missing(f"{program} is missing: install {package}")
    return path


def run(command, **options):
    done = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options)
    if done.returncode != 0:
        raise Failed(f"{' '.join(map(str, command))}\n{done.stdout}")
    return done.stdout


def digest(paths, *words):
    """One hash over the names and bytes of files and folders, and over words."""
    total = hashlib.sha256()
    for path in map(pathlib.Path, paths):
        if path.is_file():
            files = [path]
        else:
            files = sorted(file for file in path.rglob("*") if file.is_file() and not IGNORED & set(file.relative_to(path).parts))
        for file in files:
            total.update(f"{file.relative_to(path.parent)}\0".encode())
            total.update(file.read_bytes())
    for word in words:
        total.update(f"{word}\0".encode())
    return total.hexdigest()[:32]


def node_tools():
    """The folder of the npm packages that the lock file beside this script names, installed once."""
    need("node", "nodejs")
    npm = need("npm", "npm")
    folder = CACHE / "npm" / digest([HERE / "package.json", HERE / "package-lock.json"])
    if not (folder / "done").exists():
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(HERE / name, folder / name)
        run([npm, "install", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=folder)
        (folder / "done").touch()
    return folder / "node_modules"


def python_tools():
    folder = CACHE / "python" / digest([], COMPONENTIZE_PY)
    if not (folder / "done").exists():
        run([sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--target", folder, COMPONENTIZE_PY])
        (folder / "done").touch()
    return folder


class Builder:
    def __init__(self, tenon, base, recipe, work):
        self.tenon = tenon
        self.recipe = recipe
        self.source = base / recipe["source"]
        self.wit = base / recipe["wit"]
        self.world = recipe["world"]
        self.adapter = base / recipe["adapter"] if "adapter" in recipe else None
        self.work = work

    def inputs(self):
        found = [self.source, self.wit] + [self.wit.parent / extra for extra in self.recipe.get("inputs", [])]
        return found + ([self.adapter] if self.adapter else [])

    def new(self, core, embed=True):
        """A component from a core module; `embed` is off when its bindings have put the world into it already."""
        if embed:
            run([self.tenon, "component", "embed", self.wit, core, "--world", self.world, "-o", self.work / "embedded.wasm"])
            core = self.work / "embedded.wasm"
        command = [self.tenon, "component", "new", core, "-o", self.work / "component.wasm"]
        if self.adapter:
            command += ["--adapt", f"wasi_snapshot_preview1={self.adapter}"]
        run(command)

    def rust(self):
        need("cargo", "Rust (rustup)")
        targets = run(["rustc", "--print", "target-libdir", "--target", "wasm32-unknown-unknown"]).strip()
        if not pathlib.Path(targets).is_dir():
            need("rustup", "rustup, or Rust's target wasm32-unknown-unknown")
            run(["rustup", "target", "add", "wasm32-unknown-unknown"])
        target = CACHE / "cargo"
        run(["cargo", "build", "--release", "--locked", "--target", "wasm32-unknown-unknown", "--manifest-path", self.source / "Cargo.toml"],
            env={**os.environ, "CARGO_TARGET_DIR": str(target)})
        name = next(line.split('"')[1] for line in (self.source / "Cargo.toml").read_text().splitlines() if line.startswith("name"))
        self.new(target / "wasm32-unknown-unknown" / "release" / f"{name}.wasm", embed=False)

    def c(self, compiler="clang-19", flags=()):
        program = need(compiler, "clang-19 lld-19 libclang-rt-19-dev-wasm32" + ("" if self.recipe.get("freestanding") else " wasi-libc libc++-19-dev-wasm32"))
        if self.recipe.get("freestanding"):
            target = ["--target=wasm32", "-nostdlib", "-ffreestanding", "-fno-builtin", "-mbulk-memory", "-Wl,--no-entry"]
        else:
            target = ["--target=wasm32-wasi", "-mexec-model=reactor"]
        run([program, *target, *flags, "-Os", "-Wall", "-Wextra", "-Wl,-s", self.source, "-o", self.work / "core.wasm"])
        self.new(self.work / "core.wasm")

    def cpp(self):
        self.c("clang++-19", ["-std=c++20", "-fno-exceptions", "-fno-rtti"])

    def go(self):
        need("go", "golang-go (1.24 or later)")
        run(["go", "build", "-buildmode=c-shared", "-ldflags=-s -w -checklinkname=0", "-o", self.work / "core.wasm", "."], cwd=self.source,
            env={**os.environ, "GOOS": "wasip1", "GOARCH": "wasm", "GOFLAGS": "-mod=mod"})
        self.new(self.work / "core.wasm")

    def wat(self):
        self.new(self.source)

    def javascript(self):
        tools = node_tools()
        bundle = self.work / "bundle.js"
        run([tools / "@esbuild" / "linux-x64" / "bin" / "esbuild", self.source, "--bundle", "--format=esm", "--platform=neutral", "--main-fields=module,main",
             "--target=es2022", f"--outfile={bundle}"], env={**os.environ, "NODE_PATH": str(tools)})
        run([need("node", "nodejs"), tools / ".bin" / "componentize-qjs", "-w", self.wit, "-j", bundle, "-n", self.world, "--sync", "--opt-size",
             "--stub-wasi", "-o", self.work / "component.wasm"])

    def python(self):
        tools = python_tools()
        run([sys.executable, tools / "bin" / "componentize-py", "-d", self.wit, "-w", self.world, "componentize", "--stub-wasi", self.source.stem,
             "-p", self.source.parent, "-o", self.work / "component.wasm"], env={**os.environ, "PYTHONPATH": str(tools)}, cwd=self.work)

    def build(self):
        {"rust": self.rust, "c": self.c, "cpp": self.cpp, "go": self.go, "wat": self.wat, "javascript": self.javascript, "typescript": self.javascript,
         "python": self.python}[self.recipe["language"]]()
        return self.work / "component.wasm"


def tenon_version(tenon):
    # Whatever makes components is part of the key: its version, not its bytes, so that a change elsewhere builds no guest again.
    return run([tenon, "--version"]).strip()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tenon", required=True, type=pathlib.Path, help="the tenon program that makes components of core modules")
    parser.add_argument("--out", required=True, type=pathlib.Path, help="the folder for NAME.wasm")
    parser.add_argument("recipes", type=pathlib.Path)
    parser.add_argument("names", nargs="*", help="which guests (default: all of the recipes)")
    arguments = parser.parse_args()
    recipes = json.loads(arguments.recipes.read_text())
    unknown = set(arguments.names) - set(recipes)
    if unknown:
        parser.error(f"no recipe {', '.join(sorted(unknown))}; there are {', '.join(recipes)}")
    arguments.out.mkdir(parents=True, exist_ok=True)
    tenon = arguments.tenon.resolve()
    version = tenon_version(tenon)
    script = pathlib.Path(__file__).resolve()
    failures = 0
    for name in arguments.names or recipes:
        recipe = recipes[name]
        builder = Builder(tenon, arguments.recipes.resolve().parent, recipe, None)
        kept = CACHE / "built" / f"{name}-{digest([script, HERE / 'package-lock.json', *builder.inputs()], json.dumps(recipe, sort_keys=True), version)}.wasm"
        target = arguments.out / f"{name}.wasm"
        start = time.monotonic()
        state = "cached"
        try:
            if not kept.exists():
                state = "built"
                work = CACHE / "work" / f"{name}-{os.getpid()}"
                work.mkdir(parents=True)
                builder.work = work
                try:
                    kept.parent.mkdir(parents=True, exist_ok=True)
                    os.replace(builder.build(), kept)
                finally:
                    shutil.rmtree(work)
            shutil.copyfile(kept, target)
            print(f"{state:8} {name} ({recipe['language']}, {target.stat().st_size} bytes, {time.monotonic() - start:.1f} s)", flush=True)
        except Missing as missing:
            target.unlink(missing_ok=True)
            target.with_suffix(".skipped").write_text(str(missing))
            print(f"skipped  {name}: {missing}", flush=True)
        except Failed as failed:
            target.unlink(missing_ok=True)
            failures += 1
            print(f"failed   {name}: {failed}", flush=True)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
