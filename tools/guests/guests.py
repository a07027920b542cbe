#!/usr/bin/env python3
"""Builds guests: components from sources in Rust, C, C++, JavaScript, TypeScript, Python, Go and WebAssembly text.

    guests.py --tenon build/tenon --out DIR RECIPES.json [NAME…]

A recipe names a language, a source, a world and the folder of its WIT. What a language's own tools leave as a core module is made a
component by `tenon component embed` and `tenon component new`. A recipe with `program` is of an ordinary program: it stays what its
language's tools make of it, a module of preview 1 or a component that exports wasi:cli/run; with `target` one in C is for WASI 0.2. Each guest is kept in the cache under a key of everything that it is built from,
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
        self.base = base
        self.source = base / recipe.get("source", "")
        self.wit = base / recipe["wit"] if "wit" in recipe else None
        self.world = recipe.get("world")
        self.program = recipe.get("program")
        self.adapter = base / recipe["adapter"] if "adapter" in recipe else None
        self.work = work

    def inputs(self):
        found = ([self.source] if "source" in self.recipe else []) + ([self.wit] if self.wit else []) + [self.base / extra for extra in self.recipe.get("inputs", [])]
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

    def rust_libraries(self, triple):
        """The folder of Rust's libraries for a target, which is added where it is not there."""
        libraries = pathlib.Path(run(["rustc", "--print", "target-libdir", "--target", triple]).strip())
        if not libraries.is_dir():
            need("rustup", f"rustup, or Rust's target {triple}")
            run(["rustup", "target", "add", triple])
        return libraries

    def rust(self):
        need("cargo", "Rust (rustup)")
        triple = self.recipe.get("target", "wasm32-unknown-unknown")
        self.rust_libraries(triple)
        target = CACHE / "cargo"
        run(["cargo", "build", "--release", "--locked", "--target", triple, "--manifest-path", self.source / "Cargo.toml"],
            env={**os.environ, "CARGO_TARGET_DIR": str(target)})
        made = target / triple / "release"
        if self.program:
            shutil.copy(made / f"{self.program}.wasm", self.work / "component.wasm")
            return
        name = next(line.split('"')[1] for line in (self.source / "Cargo.toml").read_text().splitlines() if line.startswith("name"))
        self.new(made / f"{name}.wasm", embed=False)

    def c_of_wasi(self, program):
        """A program for WASI 0.2: the C library that Rust brings, the headers of the system's for preview 1, which know nothing of sockets."""
        need("rustc", "Rust (rustup)")
        need("wasm-ld-19", "lld-19")
        triple = self.recipe["target"]
        libraries = self.rust_libraries(triple) / "self-contained"
        linker = pathlib.Path(run(["rustc", "--print", "target-libdir"]).strip()).parent / "bin" / "wasm-component-ld"
        builtins = run([program, "--target=wasm32-wasi", "-print-libgcc-file-name"]).strip()
        for file, package in ((pathlib.Path("/usr/include/wasm32-wasi/stdio.h"), "wasi-libc"), (pathlib.Path(builtins), "libclang-rt-19-dev-wasm32"), (linker, "Rust by rustup")):
            if not file.exists():
                raise Missing(f"{file} is missing: install {package}")
        run([program, "--target=wasm32-wasi", "-Os", "-Wall", "-Wextra", "-c", self.source, "-o", self.work / "program.o"])
        run([linker, "--wasm-ld-path", shutil.which("wasm-ld-19"), "-s", libraries / "crt1-command.o", self.work / "program.o", libraries / "libc.a", builtins,
             "-o", self.work / "component.wasm"])

    def c(self, compiler="clang-19", flags=()):
        program = need(compiler, "clang-19 lld-19 libclang-rt-19-dev-wasm32" + ("" if self.recipe.get("freestanding") else " wasi-libc libc++-19-dev-wasm32"))
        if "target" in self.recipe:
            self.c_of_wasi(program)
            return
        if self.recipe.get("freestanding"):
            target = ["--target=wasm32", "-nostdlib", "-ffreestanding", "-fno-builtin", "-mbulk-memory", "-Wl,--no-entry"]
        else:
            target = ["--target=wasm32-wasi"] + ([] if self.program else ["-mexec-model=reactor"])
        made = self.work / ("component.wasm" if self.program else "core.wasm")
        run([program, *target, *flags, "-Os", "-Wall", "-Wextra", "-Wl,-s", self.source, "-o", made])
        if not self.program:
            self.new(made)

    def cpp(self):
        self.c("clang++-19", ["-std=c++20", "-fno-exceptions", "-fno-rtti"])

    def go(self):
        need("go", "golang-go (1.24 or later)")
        made = self.work / ("component.wasm" if self.program else "core.wasm")
        mode = ["-ldflags=-s -w"] if self.program else ["-buildmode=c-shared", "-ldflags=-s -w -checklinkname=0"]
        run(["go", "build", *mode, "-o", made, "."], cwd=self.source, env={**os.environ, "GOOS": "wasip1", "GOARCH": "wasm", "GOFLAGS": "-mod=mod"})
        if not self.program:
            self.new(made)

    def wat(self):
        self.new(self.source)

    def javascript(self):
        tools = node_tools()
        bundle = self.work / "bundle.js"
        run([tools / "@esbuild" / "linux-x64" / "bin" / "esbuild", self.source, "--bundle", "--format=esm", "--platform=neutral", "--main-fields=module,main",
             "--target=es2022", "--external:wasi:*", f"--outfile={bundle}"], env={**os.environ, "NODE_PATH": str(tools)})
        run([need("node", "nodejs"), tools / ".bin" / "componentize-qjs", "-w", self.wit, "-j", bundle, "-n", self.world, "--sync", "--opt-size",
             *([] if self.program else ["--stub-wasi"]), "-o", self.work / "component.wasm"])

    def python(self):
        tools = python_tools()
        run([sys.executable, tools / "bin" / "componentize-py", "-d", self.wit, "-w", self.world, "componentize", *([] if self.program else ["--stub-wasi"]),
             self.source.stem, "-p", self.source.parent, "-o", self.work / "component.wasm"], env={**os.environ, "PYTHONPATH": str(tools)}, cwd=self.work)

    def crate(self):
        """A program out of the registry of Rust, unchanged."""
        need("cargo", "Rust (rustup)")
        name = self.recipe["program"]
        run(["cargo", "install", "--locked", "--no-track", "--target", self.recipe["target"], "--root", self.work, "--version", self.recipe["version"],
             self.recipe["crate"]], env={**os.environ, "CARGO_TARGET_DIR": str(CACHE / "cargo")})
        os.replace(self.work / "bin" / f"{name}.wasm", self.work / "component.wasm")

    def go_module(self):
        """A binary that lies in a Go module."""
        need("go", "golang-go (1.24 or later)")
        fetched = run(["go", "mod", "download", "-json", self.recipe["module"]], env={**os.environ, "GOFLAGS": "-mod=mod"}, cwd=self.work)
        shutil.copyfile(pathlib.Path(json.loads(fetched)["Dir"]) / self.recipe["file"], self.work / "component.wasm")

    def npm(self):
        """A binary that lies in an npm package."""
        archive = run([need("npm", "npm"), "pack", "--silent", self.recipe["package"]], cwd=self.work).strip().splitlines()[-1]
        run(["tar", "xzf", archive, f"package/{self.recipe['file']}"], cwd=self.work)
        os.replace(self.work / "package" / self.recipe["file"], self.work / "component.wasm")

    def build(self):
        {"crate": self.crate, "go module": self.go_module, "npm": self.npm, "rust": self.rust, "c": self.c, "cpp": self.cpp, "go": self.go, "wat": self.wat, "javascript": self.javascript, "typescript": self.javascript,
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
