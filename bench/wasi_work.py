"""What the rows of WASI need beside the two programs: guests, files, a server, and whole processes to time."""

import os
import pathlib
import shutil
import statistics
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
CACHE = pathlib.Path(os.environ.get("TENON_CACHE_DIR") or pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "tenon") / "bench"
TENON = ROOT / "build/release/bin/tenon"
OURS = ROOT / "build/release/bench/tenon_bench_wasi"
PROGRAMS = {"tests/wasi/programs/recipes.json": ["rust-hello.p2", "rust-cat.p2", "rust-sha256.p2", "rust-tool.p2"], "bench/programs/recipes.json": ["bench-http"]}
PEER = "tests/wasi_oracle"
# Rows of WASI are left out where what they run is not there.
NEEDED = [f"{PEER}/src/bench.rs", *PROGRAMS]
NEEDED_BY = {"wasi.http": ["src/wasi/http"]}
SMALL_FILES = 10_000
SMALL_BYTES = 100
MIB = 1 << 20


def missing(row):
    return [path for path in [*NEEDED, *NEEDED_BY.get(row, [])] if not (ROOT / path).exists()]


def peer_program():
    return subprocess.run([ROOT / "tools/peer_program.sh", PEER, "tenon_wasi_oracle"], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


def build_programs(folder):
    for recipes, names in PROGRAMS.items():
        command = ["python3", ROOT / "tools/guests/guests.py", "--tenon", TENON, "--out", folder, ROOT / recipes, *names]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
        if done.returncode or any(not (folder / f"{name}.wasm").exists() for name in names):
            raise SystemExit(f"the programs of the rows of WASI cannot be built:\n{done.stdout}")


def fill(folder):
    """Large files that are in the page cache, and many small ones."""
    piece = os.urandom(MIB)
    for name, mebibytes in (("1g", 1024), ("64m", 64)):
        with open(folder / name, "wb") as file:
            for _ in range(mebibytes):
                file.write(piece)
    small = folder / "small"
    small.mkdir()
    for i in range(SMALL_FILES):
        (small / str(i)).write_bytes(b"x" * SMALL_BYTES)


class Processes:
    """One of the two command lines: times whole processes, from start to exit."""

    TIMES = 15

    def __init__(self, command, environment):
        self.command = [os.fspath(part) for part in command]
        self.environment = {**os.environ, **environment}
        self.run()  # compiles, and keeps the code

    def run(self):
        start = time.perf_counter()
        process = os.posix_spawn(self.command[0], self.command, self.environment, file_actions=[(os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0)])
        status = os.waitpid(process, 0)[1]
        taken = time.perf_counter() - start
        if status:
            raise SystemExit(f"{' '.join(self.command)} ended with {os.waitstatus_to_exitcode(status)}")
        return taken * 1e3

    def measure(self, _row):
        return statistics.median(self.run() for _ in range(self.TIMES))

    def start(self):
        pass

    def stop(self):
        pass


class Work:
    """A folder with what the programs read, and the server, until `close`."""

    def __init__(self, guests):
        programs = CACHE / "programs"
        build_programs(programs)
        self.peer = peer_program()
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="tenon-bench-"))
        fill(self.folder)
        self.server = subprocess.Popen([OURS, "serve"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        arguments = [guests, programs, self.folder, self.server.stdout.readline().strip()]
        self.commands = [OURS, *arguments], [self.peer, "bench", *arguments]
        self.hello = programs / "rust-hello.p2.wasm"

    def processes(self):
        compiled = self.folder / "compiled"
        ours = Processes([TENON, "run", "--grant", "command", self.hello], {"TENON_CACHE_DIR": str(self.folder / "cache")})
        peer = Processes([self.peer, "run", "--compiled", compiled, self.hello], {})
        return ours, peer

    def close(self):
        self.server.stdin.close()
        self.server.wait()
        shutil.rmtree(self.folder)
