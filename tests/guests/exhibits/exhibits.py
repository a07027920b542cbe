#!/usr/bin/env python3
"""Inspects WebAssembly binaries that others made, out of registry packages.

    exhibits.py TENON FOLDER

Each binary must be told apart rightly (component, core module, WIT package) and be valid. The packages are fetched, not compiled; where a
package manager is missing or a package cannot be had, its binaries are skipped with the reason.
"""

import json
import os
import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
CACHE = pathlib.Path(os.environ.get("TENON_CACHE_DIR") or pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "tenon") / "exhibits"

# file → kind; {version} and folders are resolved below.
CRATES = {
    "wit-bindgen-0.63.0/wasi-cli@0.2.0.wasm": "WIT package",
    "wasm-pkg-client-0.16.1/tests/testdata/binary_wit.wasm": "WIT package",
    "componentize-qjs-0.5.0/prebuilt/runtime.wasm": "core module",
    "componentize-qjs-0.5.0/prebuilt/runtime-sync.wasm": "core module",
    "componentize-qjs-0.5.0/prebuilt/runtime-opt-size.wasm": "core module",
    "componentize-qjs-0.5.0/prebuilt/runtime-opt-size-sync.wasm": "core module",
    "walrus-0.27.3/benches/fixtures/dodrio-todomvc.wasm": "core module",
}
WAZERO = "github.com/tetratelabs/wazero@v1.9.0"
WAZERO_FILES = ["imports/wasi_snapshot_preview1/example/testdata/*/*.wasm", "imports/wasi_snapshot_preview1/testdata/*/*.wasm",
                "examples/allocation/*/testdata/greet.wasm"]
NPM = {
    "@esbuild/wasi-preview1/esbuild.wasm": "core module",
    "@bytecodealliance/componentize-js/lib/starlingmonkey_embedding.wasm": "core module",
    "@bytecodealliance/jco-transpile/vendor/wasm-tools.core.wasm": "core module",
    "@bytecodealliance/jco-transpile/vendor/js-component-bindgen-component.core.wasm": "core module",
    "source-map/lib/mappings.wasm": "core module",
    "quickjs-wasi/quickjs.wasm": "core module",
}


# Components that Wasmtime 48 does not take as it comes either, with a part of the reason that must be given.
REFUSED = {"custom-page-sizes": "custom page sizes"}


class Report:
    def __init__(self):
        self.passed = self.failed = self.skipped = 0

    def ok(self):
        self.passed += 1

    def fail(self, what):
        self.failed += 1
        print(f"failed: {what}", flush=True)

    def skip(self, what):
        self.skipped += 1
        print(f"skipped: {what}", flush=True)


def run(command, **options):
    return subprocess.run([str(part) for part in command], capture_output=True, text=True, **options)


def crates(report):
    if not shutil.which("cargo"):
        report.skip("the crates: cargo is missing, install Rust (rustup)")
        return None
    fetched = run(["cargo", "fetch", "--locked", "--manifest-path", HERE / "Cargo.toml"])
    if fetched.returncode != 0:
        report.skip(f"the crates cannot be had: {fetched.stderr.strip().splitlines()[-1:]}")
        return None
    home = pathlib.Path(os.environ.get("CARGO_HOME", pathlib.Path.home() / ".cargo"))
    return list((home / "registry" / "src").iterdir())


def npm(report):
    program = shutil.which("npm")
    if not program:
        report.skip("the npm packages: npm is missing, install it")
        return None
    folder = CACHE / "npm"
    stamp = (HERE / "package-lock.json").read_text()
    done = folder / "done"
    if not done.exists() or done.read_text() != stamp:
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(HERE / name, folder / name)
        installed = run([program, "install", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=folder)
        if installed.returncode != 0:
            report.skip(f"the npm packages cannot be had: {installed.stderr.strip().splitlines()[-1:]}")
            return None
        done.write_text(stamp)
    return folder / "node_modules"


def wazero(report):
    if not shutil.which("go"):
        report.skip("the Go module: go is missing, install golang-go")
        return None
    fetched = run(["go", "mod", "download", "-json", WAZERO], env={**os.environ, "GOFLAGS": "-mod=mod"}, cwd=CACHE)
    if fetched.returncode != 0:
        report.skip(f"the Go module cannot be had: {fetched.stderr.strip()[-200:]}")
        return None
    return pathlib.Path(json.loads(fetched.stdout)["Dir"])


class Inspector:
    def __init__(self, tenon, report):
        self.tenon = tenon
        self.report = report

    def refuse(self, path, reason):
        seen = run([self.tenon, "validate", path])
        if seen.returncode != 0 and reason in seen.stderr:
            self.report.ok()
        else:
            self.report.fail(f"{path}: expected to be refused for {reason}, got {seen.stderr.strip() or 'taken'}")

    def check(self, path, kind, label):
        """What the file is, and that it is valid."""
        seen = run([self.tenon, "inspect", "--json", path])
        if seen.returncode != 0:
            return self.report.fail(f"{label}: inspect: {seen.stderr.strip()}")
        record = json.loads(seen.stdout)
        if record["kind"] != kind:
            return self.report.fail(f"{label}: is a {record['kind']}, expected {kind}")
        valid = run([self.tenon, "validate", path])
        if valid.returncode != 0:
            return self.report.fail(f"{label}: validate: {valid.stderr.strip()}")
        self.report.ok()


def main():
    tenon = pathlib.Path(sys.argv[1]).resolve()
    CACHE.mkdir(parents=True, exist_ok=True)
    report = Report()
    inspector = Inspector(tenon, report)
    for folder in crates(report) or []:
        for name, kind in CRATES.items():
            if (folder / name).exists():
                inspector.check(folder / name, kind, name)
        for path in sorted(folder.glob("wit-component-0.254.2/tests/components/*/component.wat")):
            if path.parent.name in REFUSED:
                inspector.refuse(path, REFUSED[path.parent.name])
                continue
            inspector.check(path, "component", f"wit-component {path.parent.name}")
    packages = npm(report)
    for name, kind in NPM.items() if packages else ():
        inspector.check(packages / name, kind, name)
    module = wazero(report)
    for pattern in WAZERO_FILES if module else ():
        for path in sorted(module.glob(pattern)):
            inspector.check(path, "core module", str(path.relative_to(module)))
    print(f"{report.passed} passed, {report.failed} failed, {report.skipped} skipped")
    return 1 if report.failed else 0


if __name__ == "__main__":
    sys.exit(main())
