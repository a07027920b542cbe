#!/usr/bin/env python3
"""Attempts to get at what was not granted, and to use up the machine, each under `tenon run`: none may succeed, and the program must live on.

    escapes.py --tenon PROGRAM --programs FOLDER [name part]

Each attempt runs in a folder of its own, with a secret beside it. Prints what went wrong, and last "N passed, N failed, N skipped".
"""

import argparse
import concurrent.futures
import http.server
import json
import os
import pathlib
import re
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

SECRET = "the secret that lies outside"
DENIED, LIMIT, TIMEOUT, TRAP = 6, 7, 8, 9
MEMORY_MAX = 2 << 30  # resident bytes of the host, the machine code of the largest guest included
ATTEMPTS = []


def attempt(name):
    def add(body):
        ATTEMPTS.append((name, body))
        return body
    return add


class World:
    """The folder of one attempt: `work` is what guests are given, `outside` lies beside it."""

    def __init__(self, options, base):
        self.tenon = options.tenon
        self.programs = options.programs
        self.base = base
        self.work = base / "work"
        self.outside = base / "outside"
        self.work.mkdir()
        self.outside.write_text(SECRET)
        (self.work / "a.txt").write_text("inside")
        (self.work / "inner").mkdir()
        (self.work / "empty").mkdir()
        (self.work / "inner" / "b.txt").write_text("inner")

    def run(self, program, *arguments, grants=("command",), folder=True, read_only=False, options=(), stdin=b"", seconds=60):
        command = [self.tenon, "run"]
        for grant in grants:
            command += ["--grant", grant]
        if folder:
            command += ["--dir", f"{self.work}::/w" + (":ro" if read_only else "")]
        command += [*map(str, options), self.programs / f"{program}.wasm", "--", *map(str, arguments)]

        def limit():
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        begin = time.monotonic()
        done = subprocess.run(command, input=stdin, capture_output=True, timeout=seconds, preexec_fn=limit)
        self.seconds = time.monotonic() - begin
        self.code, self.out, self.err = done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")
        assert self.code >= 0, f"ended by signal {-self.code}: {self.err[-500:]}"
        assert SECRET not in self.out and "ESCAPED" not in self.out, f"escaped: {self.out[:500]}"
        assert self.outside.read_text() == SECRET, "the file outside was changed"
        assert sorted(path.name for path in self.base.iterdir()) == ["outside", "work"], "something was made outside"
        return self

    def escape(self, *arguments, **options):
        return self.run("rust-escape.p2", *arguments, **options)


def expect(condition, world):
    assert condition, f"exit code {world.code}, {world.seconds:.1f} s, output {world.out[-600:]!r}, errors {world.err[-600:]!r}"


def expect_refusals(world, count):
    """So many lines, each with a refusal."""
    lines = world.out.splitlines()
    expect(world.code == 0 and len(lines) >= count and all(re.search(r": [a-z-]+$", line) for line in lines), world)


# Paths that lead outside: sixteen operations each.
for path in ("..", "../", "inner/../..", "./../.", "/", "//", "/etc", "inner/../../../.."):
    attempt(f"every operation at {path!r}")(lambda world, path=path: expect_refusals(world.escape("paths", path), 16))


for target, name in (("..", "a link to the parent"), ("/", "a link to the root"), ("../outside", "a link to a file outside"), ("/proc/self/root", "a link to a magic link"),
                     ("/proc/self/cwd", "a link to the working folder"), ("link", "a link to itself"), ("inner/../..", "a link through a folder")):
    @attempt(f"every operation through {name}")
    def _(world, target=target):
        (world.work / "link").symlink_to(target)
        expect_refusals(world.escape("paths", "link/."), 16)


@attempt("links that the guest makes itself")
def _(world):
    expect_refusals(world.escape("own-links"), 7)


@attempt("links that the guest makes in preview 1")
def _(world):
    (world.work / "l").symlink_to("../outside")
    expect(world.run("rust-cat.p1", "/w/l", "/w/../outside", "/outside").code == 1, world)


@attempt("odd paths")
def _(world):
    expect_refusals(world.escape("odd-paths"), 9)


@attempt("hard links to what lies outside")
def _(world):
    os.link(world.outside, world.base / "work" / "hard")
    # A hard link that the host made is the host's word; the guest cannot make one.
    (world.work / "hard").unlink()
    expect_refusals(world.escape("own-links"), 7)


@attempt("every change of a read-only folder")
def _(world):
    expect_refusals(world.escape("changes", read_only=True), 18)
    expect((world.work / "a.txt").read_text() == "inside" and len(list(world.work.iterdir())) == 3, world)


@attempt("a read-only folder by way of the writable one around it")
def _(world):
    options = ["--dir", f"{world.work}/inner::/w/inner:ro"]
    for path in ("/w/inner", "/w/empty/../inner"):
        expect("refused after 0" in world.run("rust-tool.p2", "open", path, 1, options=options).out, world)
    expect("opened 1" in world.run("rust-tool.p2", "open", "/w/empty", 1, options=options).out, world)


@attempt("a read-only mount of the policy file by way of the writable one around it")
def _(world):
    policy = world.work / "policy.toml"
    rules = 'version = 1\n[default]\nallow = ["command", "filesystem:*:/w"]\n'
    inner = f'"/w/inner" = {{ host = "{world.work}/inner", read-only = true }}\n'
    for mounts, folder in ((f'[mounts]\n"/w" = "{world.work}"\n{inner}', False), (f"[mounts]\n{inner}", True)):
        policy.write_text(rules + mounts)
        for path in ("/w/inner", "/w/empty/../inner"):
            world.run("rust-tool.p2", "open", path, 1, grants=(), folder=folder, options=["--policy", policy])
            expect("refused after 0" in world.out and f'set read-only = false for "/w/inner" in [mounts] of {policy}\n' in world.err, world)
        expect("opened 1" in world.run("rust-tool.p2", "open", "/w/empty", 1, grants=(), folder=folder, options=["--policy", policy]).out, world)


@attempt("a writable folder in a read-only one in a writable one")
def _(world):
    (world.work / "inner" / "own").mkdir()
    options = ["--dir", f"{world.work}/inner::/w/inner:ro", "--dir", f"{world.work}/inner/own::/w/inner/own"]
    for path, said in (("/w/empty/../inner/own", "opened 1"), ("/w/inner/own", "opened 1"), ("/w/empty/../inner", "refused after 0")):
        expect(said in world.run("rust-tool.p2", "open", path, 1, options=options).out, world)


@attempt("a change in a read-only folder: the receipt and one line say what to do")
def _(world):
    receipt = world.work / "receipt"
    world.run("rust-tool.p2", "open", "/w", 1, read_only=True, options=["--receipt", receipt])
    said = f"the folder /w is read-only: drop :ro from --dir {world.work}::/w:ro"
    expect("refused after 0" in world.out and [line for line in world.err.splitlines() if line.endswith(said)] != [], world)
    denied = [one for one in json.loads(receipt.read_text())["decisions"] if one["verdict"] == "denied"]
    expect([one["rule"] for one in denied] == [said] and denied[0]["capability"].startswith("filesystem:"), world)


@attempt("a mount that no rule opens: one line says which rule would")
def _(world):
    policy = world.work / "policy.toml"
    for package, options, place, name in (("", [], "[default]", "rust-cat"), ("", ["--package", 'a"b', "--item", "cat"], '[package."a\\"b".item."cat"]', 'a"b/cat:')):
        policy.write_text(f'version = 1\n[default]\nallow = ["command"]\n[mounts]\n"/m" = "{world.work}"\n')
        world.run("rust-cat.p2", "/m/a.txt", grants=(), folder=False, options=["--policy", policy, *options])
        lines = [line for line in world.err.splitlines() if line.startswith("not given: ")]
        expect(world.code != 0 and len(lines) == 1 and name in lines[0] and lines[0].endswith(f'add "filesystem:read:/m" to allow in {place} of {policy}'), world)


@attempt("a denial names the package, the item and where the line goes")
def _(world):
    policy = world.work / "policy.toml"
    section, lines = '[package."acme/\\"odd\\"".item."tool"]', []
    for _ in range(8):
        policy.write_text(f'version = 1\n[default]\nallow = ["args"]\n{section}\nallow = [{", ".join(lines)}]\n')
        world.run("rust-tool.p2", "exit", "0", grants=(), folder=False, options=["--policy", policy, "--package", 'acme/"odd"', "--item", "tool"])
        denied = re.findall(r'^denied: acme/"odd"/tool: .*: add ("[^"]*") to allow in (\[.*\]) of (.*)$', world.err, re.MULTILINE)
        if not denied:
            break
        expect({place for _, place, _ in denied} == {section} and {file for _, _, file in denied} == {str(policy)}, world)
        lines += [line for line, _, _ in denied]
    expect(world.code == 0 and lines and "denied" not in world.err, world)


@attempt("every change with a grant of reading alone")
def _(world):
    world.escape("changes", folder=False, grants=("command", f"filesystem:read:{world.work}", f"filesystem:list:{world.work}"))
    expect((world.work / "a.txt").read_text() == "inside" and len(list(world.work.iterdir())) == 3, world)


@attempt("a folder that is swapped for a link, again and again")
def _(world):
    swapped, kept = world.work / "swapped", world.work / "kept"
    kept.mkdir()
    (kept / "outside").write_text("inside")
    swapped.symlink_to("kept")
    stop = threading.Event()

    def swap():
        flip = world.base / "work" / "flip"
        while not stop.is_set():
            for target in ("..", "kept", str(world.base)):
                flip.unlink(missing_ok=True)
                flip.symlink_to(target)
                os.replace(flip, swapped)
    thread = threading.Thread(target=swap)
    thread.start()
    try:
        world.escape("race", 20_000, seconds=110)
    finally:
        stop.set()
        thread.join()
    expect(world.code == 0 and "held: true" in world.out, world)


@attempt("a rule for a part, and a link in it to the rest")
def _(world):
    (world.work / "public").mkdir()
    (world.work / "public" / "link").symlink_to("../a.txt")
    (world.work / "public" / "b.txt").write_text("public")
    grants = ("command", f"filesystem:read:{world.work}/public/*.txt", f"filesystem:read:{world.work}/public/link")
    for path, code in (("public/b.txt", 0), ("public/link", 1), ("a.txt", 1), ("public/../a.txt", 1)):
        expect(world.run("rust-cat.p2", world.work / path, folder=False, grants=grants).code == code, world)


@attempt("a name that begins as a granted one does")
def _(world):
    (world.work / "data").mkdir()
    (world.work / "database").mkdir()
    (world.work / "database" / "x").write_text(SECRET)
    expect(world.run("rust-cat.p2", world.work / "database" / "x", folder=False, grants=("command", f"filesystem:read:{world.work}/data")).code == 1, world)


@attempt("another spelling of a granted name")
def _(world):
    (world.work / "DATA").mkdir()
    (world.work / "DATA" / "x").write_text(SECRET)
    (world.work / "data").mkdir()
    expect(world.run("rust-cat.p2", world.work / "DATA" / "x", folder=False, grants=("command", f"filesystem:read:{world.work}/data")).code == 1, world)


@attempt("this process's memory and variables through /proc")
def _(world):
    world.run("rust-cat.p2", "/proc/self/environ", "/proc/self/mem", "/proc/self/root/etc/passwd", "/proc/self/fd/0", folder=False, grants=("command", "filesystem:read:/"))
    expect(world.code != 0 and "PATH=" not in world.out and "root:" not in world.out, world)


@attempt("a FIFO that nobody writes")
def _(world):
    os.mkfifo(world.work / "fifo")
    world.run("rust-cat.p2", "/w/fifo", options=["--timeout", "2s"])
    expect(world.seconds < 20, world)


@attempt("variables that were not granted")
def _(world):
    os.environ["TENON_SECRET"] = SECRET
    expect(world.run("rust-tool.p2", "environment", folder=False).out == "", world)


@attempt("arguments that were not granted")
def _(world):
    expect("[]" in world.run("rust-tool.p2", "arguments", "x", grants=("process:exit", "clock:wall", "random:*"), folder=False).out or world.code != 0, world)


@attempt("random numbers without a grant, in WASI 0.2")
def _(world):
    world.run("rust-escape.p2", "random", 8, grants=("args", "process:exit", "clock:*"), folder=False)
    expect(world.code == DENIED and "wasi:random/random" in world.err and "--grant" in world.err, world)


@attempt("random numbers without a grant, in preview 1")
def _(world):
    world.run("rust-tool.p1", "hash", grants=("args", "process:exit", "clock:*"), folder=False)
    expect(world.code == DENIED and "random_get" in world.err and "--grant" in world.err, world)


# The network.

class Server:
    """A listener that counts who comes."""

    def __init__(self, kind=socket.SOCK_STREAM):
        self.socket = socket.socket(socket.AF_INET, kind)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.settimeout(0.3)
        if kind == socket.SOCK_STREAM:
            self.socket.listen()
        self.port = self.socket.getsockname()[1]
        self.kind = kind

    def was_reached(self):
        try:
            if self.kind == socket.SOCK_STREAM:
                self.socket.accept()[0].close()
            else:
                self.socket.recvfrom(100)
            return True
        except TimeoutError:
            return False


for name, grants in (("no grant", ()), ("a grant of another port", ("network:outbound:127.0.0.1:1",)), ("a grant of all hosts", ("network:outbound:*",)),
                     ("a grant of another address", ("network:outbound:127.0.0.2",)), ("a grant of HTTP alone", ("http:GET:127.0.0.1/",)),
                     ("a grant of listening", ("network:listen:127.0.0.1",)), ("a grant of UDP", ("network:outbound:udp://127.0.0.1",))):
    @attempt(f"a connection with {name}")
    def _(world, grants=grants):
        server = Server()
        world.run("rust-net.p2", "tcp-client", f"127.0.0.1:{server.port}", "x", grants=("command", *grants), folder=False, options=["--timeout", "5s"])
        expect(world.code != 0 and not server.was_reached(), world)


for form in ("[::ffff:127.0.0.1]", "0.0.0.0", "[::]"):
    @attempt(f"a connection to {form}")
    def _(world, form=form):
        server = Server()
        world.run("rust-net.p2", "tcp-client", f"{form}:{server.port}", "x", grants=("command", "network:outbound:*"), folder=False, options=["--timeout", "5s"])
        expect(world.code != 0 and not server.was_reached(), world)


@attempt("a datagram without a grant")
def _(world):
    server = Server(socket.SOCK_DGRAM)
    world.run("rust-net.p2", "udp-client", f"127.0.0.1:{server.port}", "x", folder=False, options=["--timeout", "3s"])
    expect(world.code != 0 and not server.was_reached(), world)


@attempt("listening without a grant")
def _(world):
    world.run("rust-net.p2", "tcp-server", "127.0.0.1:0", folder=False, options=["--timeout", "3s"])
    expect(world.code == 1 and "127.0.0.1" not in world.out, world)


@attempt("names without a grant")
def _(world):
    expect(world.run("rust-net.p2", "resolve", "localhost", folder=False, options=["--timeout", "5s"]).code != 0, world)


class Web(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.seen.append((self.path, dict(self.headers)))
        if self.path.startswith("/v1/redirect"):
            self.send_response(302)
            self.send_header("Location", f"http://127.0.0.1:{self.server.server_port}/secret")
            self.end_headers()
            return
        self.send_response(200)
        self.end_headers()
        self.wfile.write(SECRET.encode() if "secret" in self.path else b"fine")

    def log_message(self, *_):
        pass


def web():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Web)
    server.seen = []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def get(world, server, url, *headers, method="GET", grants=None):
    grants = grants if grants is not None else (f"http:GET:http://127.0.0.1:{server.server_port}/v1",)
    return world.run("rust-http.p2", method, url.replace("PORT", str(server.server_port)), *headers, grants=("command", *grants), folder=False, options=["--timeout", "10s"])


@attempt("HTTP that is granted works")
def _(world):
    server = web()
    get(world, server, "http://127.0.0.1:PORT/v1/x")
    expect(world.code == 0 and "fine" in world.out and len(server.seen) == 1, world)


for url in ("http://127.0.0.1:PORT/secret", "http://127.0.0.1:PORT/v1secret", "http://127.0.0.1:PORT/v1/../secret", "http://127.0.0.1:PORT/v1/%2e%2e/secret",
            "http://127.0.0.1:PORT/v1/..%2fsecret", "http://127.0.0.1:PORT//secret", "http://127.0.0.1@127.0.0.1:PORT/secret", "http://user:pass@127.0.0.1:PORT/secret",
            "http://localhost:PORT/secret", "https://127.0.0.1:PORT/v1/x", "http://169.254.169.254/latest/meta-data"):
    @attempt(f"a request to {url}")
    def _(world, url=url):
        server = web()
        get(world, server, url)
        expect(world.code != 0 and not any("secret" in path for path, _ in server.seen) and world.seconds < 30, world)


# Other ways to write the address of this machine: with a grant of every host, which does not open it.
for host in ("127.0.0.1", "2130706433", "0177.0.0.1", "0x7f.1", "127.1", "[::ffff:127.0.0.1]", "[::1]", "localhost", "localhost.", "LOCALHOST", "0.0.0.0"):
    @attempt(f"a request to {host} with a grant of all hosts")
    def _(world, host=host):
        server = web()
        get(world, server, f"http://{host}:PORT/v1/x", grants=("http:GET:*",))
        expect(world.code != 0 and not server.seen, world)


@attempt("a request with another method")
def _(world):
    server = web()
    expect(get(world, server, "http://127.0.0.1:PORT/v1/x", method="DELETE").code != 0 and not server.seen, world)


@attempt("a redirect to what is not granted")
def _(world):
    server = web()
    get(world, server, "http://127.0.0.1:PORT/v1/redirect")
    expect("302" in world.out and len(server.seen) == 1, world)


@attempt("a header with a line break")
def _(world):
    server = web()
    get(world, server, "http://127.0.0.1:PORT/v1/x", "x-a: b\r\nx-injected: yes")
    expect(not any("x-injected" in headers for _, headers in server.seen), world)


@attempt("a host that ends as a granted one does")
def _(world):
    server = web()
    expect(get(world, server, "http://evilexample.com:PORT/", grants=("http:GET:*.example.com/",)).code != 0 and not server.seen, world)


# What uses up the machine.

def limits(world, code, seconds=30):
    expect(world.code == code and world.seconds < seconds, world)


attempt("a busy loop")(lambda world: limits(world.run("rust-tool.p2", "spin", options=["--timeout", "1s"]), TIMEOUT))
attempt("a busy loop in preview 1")(lambda world: limits(world.run("rust-tool.p1", "spin", options=["--timeout", "1s"]), TIMEOUT))
attempt("a busy loop with fuel")(lambda world: limits(world.run("rust-tool.p2", "spin", options=["--fuel", 10_000_000]), LIMIT))
attempt("a loop of cheap host calls")(lambda world: limits(world.run("rust-tool.p2", "clocks", 10 ** 12, options=["--timeout", "1s"]), TIMEOUT))
attempt("a sleep of a year")(lambda world: limits(world.run("rust-tool.p2", "sleep", 31_536_000_000, options=["--timeout", "1s"]), TIMEOUT))
attempt("a sleep of a year in preview 1")(lambda world: limits(world.run("rust-tool.p1", "sleep", 31_536_000_000, options=["--timeout", "1s"]), TIMEOUT))
attempt("recursion without end")(lambda world: limits(world.run("rust-tool.p2", "recurse", 10 ** 9), LIMIT) if world.run("rust-tool.p2", "recurse", 10 ** 9).code == LIMIT else expect(world.code == TRAP, world))
attempt("memory past its limit")(lambda world: expect("refused after" in world.run("rust-tool.p2", "memory", 4000, options=["--max-memory", "64MiB"]).out or world.code in (LIMIT, TRAP), world))
attempt("a read of all there could be")(lambda world: expect(world.escape("huge-read", "a.txt").out == "read 6 bytes\nread 0 bytes far out\nstreamed 6 bytes\n", world))
attempt("a poll list of ten million")(lambda world: expect(world.escape("poll", 10_000_000, options=["--timeout", "20s"]).code in (0, LIMIT, TIMEOUT, TRAP), world))
attempt("a million pollables")(lambda world: expect(world.escape("pollables", 3_000_000, options=["--timeout", "30s"]).code in (0, LIMIT, TIMEOUT, TRAP), world))
attempt("random numbers of 3 GiB")(lambda world: expect(world.escape("random", 3 << 30, options=["--timeout", "20s"]).code in (LIMIT, TIMEOUT, TRAP), world))
attempt("a parent that is dropped first")(lambda world: limits(world.escape("drop-parent"), TRAP))
attempt("a thousand open files")(lambda world: expect("opened 1000" in world.run("rust-tool.p2", "open", "/w", 1000).out or "refused after" in world.out, world))


@attempt("files without end: the receipt can still be written")
def _(world):
    receipt = world.work / "receipt"
    world.run("rust-tool.p2", "open", "/w/empty", 100_000, options=["--receipt", receipt])
    expect("refused after" in world.out and json.loads(receipt.read_text())["outcome"] == "error", world)


@attempt("standard input that never comes")
def _(world):
    read, write = os.pipe()
    try:
        done = subprocess.run([world.tenon, "run", "--grant", "command", "--grant", "stdio:stdin", "--timeout", "1s", world.programs / "rust-cat.p2.wasm"], stdin=read, capture_output=True, timeout=30)
    finally:
        os.close(read)
        os.close(write)
    assert done.returncode == TIMEOUT, done


@attempt("output that nobody takes")
def _(world):
    read, write = os.pipe()
    try:
        done = subprocess.run([world.tenon, "run", "--grant", "command", "--timeout", "1s", world.programs / "rust-tool.p2.wasm", "yes"], stdout=write, stderr=subprocess.PIPE, timeout=30)
    finally:
        os.close(read)
        os.close(write)
    assert done.returncode == TIMEOUT, done


@attempt("output to a pipe that was closed")
def _(world):
    read, write = os.pipe()
    os.close(read)
    try:
        done = subprocess.run([world.tenon, "run", "--grant", "command", "--timeout", "10s", world.programs / "rust-tool.p2.wasm", "yes"], stdout=write, stderr=subprocess.PIPE, timeout=30)
    finally:
        os.close(write)
    # The program notices it and ends with a status of its own; WASI 0.2 makes 1 of it.
    assert done.returncode == 1 and b"nobody reads" in done.stderr, done


@attempt("a signal while the guest waits leaves a receipt")
def _(world):
    receipt = world.work / "receipt"
    running = subprocess.Popen([world.tenon, "run", "--grant", "command", "--receipt", receipt, world.programs / "rust-tool.p2.wasm", "sleep", "100000"], stderr=subprocess.PIPE)
    time.sleep(2)
    running.send_signal(signal.SIGTERM)
    assert running.wait(timeout=20) == 128 + signal.SIGTERM, running.returncode
    assert json.loads(receipt.read_text())["error"]["reason"] == "cancelled", receipt.read_text()


@attempt("standard streams that were closed: none becomes a file of the program's own")
def _(world):
    tool = f"{world.tenon} run --grant command --grant stdio:stdin {world.programs}/rust-tool"
    done = subprocess.run(["sh", "-c", f"{tool}.p1.wasm count <&-"], capture_output=True, timeout=30)
    assert done.returncode == 0 and done.stdout == b"0 bytes, 0 lines\n", done
    done = subprocess.run(["sh", "-c", f"{tool}.p2.wasm arguments x >&-"], capture_output=True, timeout=30)
    assert done.returncode == TRAP and b"failed printing to stdout" in done.stderr, done


@attempt("a denial names the line that allows it, which then does")
def _(world):
    server = web()
    policy = world.work / "policy.toml"
    for program, arguments in (("rust-net.p2", ("tcp-client", f"127.0.0.1:{server.server_port}", "GET /v1 HTTP/1.0\r\n\r\n")), ("rust-tool.p1", ("count",)),
                               ("rust-http.p2", ("GET", f"http://127.0.0.1:{server.server_port}/v1?key=1")), ("rust-tool.p2", ("exit", "0"))):
        lines = []
        for _ in range(8):
            policy.write_text(f"version = 1\n[default]\nallow = [{', '.join(lines)}]\n")
            world.run(program, *arguments, grants=(), folder=False, options=["--policy", policy, "--timeout", "10s"], stdin=b"x")
            denied = re.findall(r'^denied: .*: add ("[^"]*") to allow in \[default\] of ', world.err, re.MULTILINE)
            if not denied:
                break
            lines += denied
        expect(world.code == 0 and "denied" not in world.err and lines, world)


@attempt("a policy that was learned of a run allows that run")
def _(world):
    policy, receipt, learned = world.work / "policy.toml", world.work / "receipt.json", world.work / "learned.toml"
    mounts = f'[mounts]\n"/w" = "{world.work}"\n'
    for program, arguments in (("rust-tool.p1", ("count",)), ("rust-tool.p2", ("hash",)), ("rust-cat.p2", ("/w/a.txt", "/w/inner/b.txt"))):
        for options in (["--observe", "--dir", f"{world.work}::/w"], ["--policy", policy]):
            policy.write_text("version = 1\n[default]\nobserve = true\n" + mounts)
            world.run(program, *arguments, grants=(), folder=False, options=[*options, "--receipt", receipt], stdin=b"x")
            expect(world.code == 0, world)
            done = subprocess.run([world.tenon, "policy", "learn", receipt], capture_output=True, timeout=30)
            learned.write_bytes(done.stdout + mounts.encode())
            world.run(program, *arguments, grants=(), folder=False, options=["--policy", learned], stdin=b"x")
            expect(world.code == 0 and "denied" not in world.err, world)


@attempt("what the host holds for a guest that takes all it can")
def _(world):
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    world.run("rust-tool.p2", "memory", 300, options=["--max-memory", "128MiB"])
    assert max(before, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss) * 1024 < MEMORY_MAX


def run_attempt(options, name, body):
    with tempfile.TemporaryDirectory(prefix="tenon-escape-") as base:
        world = World(options, pathlib.Path(base))
        try:
            body(world)
        except AssertionError as problem:
            return str(problem)
        except subprocess.TimeoutExpired as problem:
            return f"took longer than {problem.timeout} s"
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tenon", required=True)
    parser.add_argument("--programs", required=True, type=pathlib.Path)
    parser.add_argument("part", nargs="?", default="")
    options = parser.parse_args()
    chosen = [(name, body) for name, body in ATTEMPTS if options.part in name]
    if not (options.programs / "rust-escape.p2.wasm").exists():
        print(f"the programs were not built: install Rust (rustup) with the targets wasm32-wasip1 and wasm32-wasip2\n0 passed, 0 failed, {len(chosen)} skipped")
        return 0
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
        for (name, _), problem in zip(chosen, pool.map(lambda each: run_attempt(options, *each), chosen)):
            if problem is not None:
                failed += 1
                print(f"FAILED  {name}\n  {problem}")
    print(f"{len(chosen) - failed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
