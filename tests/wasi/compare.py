#!/usr/bin/env python3
"""Ordinary programs under `tenon run` and under Wasmtime's own WASI: output, exit code and the files left behind must be equal.

    compare.py --tenon PROGRAM --oracle PROGRAM --programs FOLDER [name part]

Each scenario runs twice, in folders that are set up alike. Where there is no oracle the expectations of the scenario itself are all that is checked. Prints what
differs, and last "N passed, N failed, N skipped".
"""

import argparse
import concurrent.futures
import dataclasses
import hashlib
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import threading

import servers

SECONDS_MAX = 120
TIMEOUT = 8
TRAP = 9
ORACLE_TRAP = 134
SCENARIOS = []


@dataclasses.dataclass
class Scenario:
    name: str
    program: str
    arguments: list
    stdin: bytes = b""
    env: dict = dataclasses.field(default_factory=dict)
    # Guest path of the working folder; None: no folder is given.
    folder: str | None = None
    read_only: bool = False
    # Servers that the arguments name, as `{http}`, are started for each side; what they saw is compared as output is.
    network: bool = False
    # Of a program that is a server: who talks to it once it has printed its address. Takes that, returns text that is compared.
    client: object = None
    # More options for Tenon alone, of a scenario that has no peer.
    options: tuple = ()
    # Files of the folder before: text, None for a folder, ("link", target).
    files: dict = dataclasses.field(default_factory=dict)
    # What is expected where the oracle is not asked, or also: exit code, output.
    code: int | None = None
    stdout: bytes | None = None
    # Programs print paths of their own machine, times and addresses: compared after this.
    normalise: object = None
    # Why the oracle's answer is another one and not compared.
    differs: str | None = None


def scenario(name, program, *arguments, **options):
    SCENARIOS.append(Scenario(name, program, [str(argument) for argument in arguments], **options))


# Modules of preview 1 run in Tenon as they are, in the oracle by the published adapter.
LOSES_STATUS = "the adapter makes 1 of every status but 0"
BREAKS_GO = "the adapter's memory and Go's heap get into each other's way"
TREE = {"a.txt": "alpha\nbeta\n", "inner": None, "inner/b.txt": "gamma\n", "inner/deep": None, "inner/deep/c.bin": "\0\1\2", "link": ("link", "a.txt"),
        "up": ("link", "../outside"), "away": ("link", "/etc/passwd"), "round": ("link", "round"), "inner/back": ("link", "../a.txt")}
BIG = {"big.txt": "".join(f"{number} bottles of beer\n" for number in range(200_000))}


def both(program):
    """The names of a Rust program for preview 1 and for WASI 0.2."""
    return [f"rust-{program}.p1", f"rust-{program}.p2"]


for rust in both("hello"):
    scenario("says hello", rust, code=0, stdout=b"Hello, world!\n")
for rust in both("cat"):
    scenario("copies a file", rust, "/w/a.txt", folder="/w", files=TREE, code=0, stdout=b"alpha\nbeta\n")
    scenario("copies a large file", rust, "/w/big.txt", folder="/w", files=BIG, code=0)
    scenario("copies standard input", rust, stdin=b"x\n" * 100_000, code=0)
    scenario("tells of a missing file", rust, "/w/missing", "/w/a.txt", folder="/w", files=TREE, code=1)
    scenario("follows a link inside", rust, "/w/link", "/w/inner/back", folder="/w", files=TREE, code=0)
    scenario("does not follow links outside", rust, "/w/up", "/w/away", folder="/w", files=TREE, code=1, stdout=b"")
    scenario("does not go round", rust, "/w/round", folder="/w", files=TREE, code=1)
    scenario("does not leave by dots", rust, "/w/../outside", "/w/inner/../../outside", folder="/w", files=TREE, code=1, stdout=b"")
    scenario("has no folder", rust, "/etc/passwd", code=1, stdout=b"")
    scenario("reads in a folder of its own name", rust, "a.txt", folder=".", files=TREE, code=0)
    scenario("refuses a folder", rust, "/w/inner", folder="/w", files=TREE, code=1)
for rust in both("grep"):
    scenario("finds lines", rust, "199", "/w/big.txt", folder="/w", files=BIG, code=0)
    scenario("finds none", rust, "wine", "/w/big.txt", folder="/w", files=BIG, code=1)
for rust in both("sha256"):
    scenario("takes a digest", rust, "/w/big.txt", folder="/w", files=BIG, code=0,
             stdout=hashlib.sha256("".join(BIG.values()).encode()).hexdigest().encode() + b"  /w/big.txt\n")
for rust in both("walk"):
    scenario("walks", rust, "/w", folder="/w", files=TREE, code=0)
    scenario("walks read-only", rust, "/w", folder="/w", files=TREE, read_only=True, code=0)
for rust in both("files"):
    scenario("does all that can be done to files", rust, "/w", folder="/w", code=0)
    scenario("does nothing to a read-only folder", rust, "/w", folder="/w", files=TREE, read_only=True, code=0)
for rust in both("tool"):
    scenario("gets arguments", rust, "arguments", "one", "two words", "ünï", "", "[a,b]", "[]", "[::1]", "[[x]]", "{}", "-x", "--", "--fuel", "a,b", '"q"', "[\x7f]\x7f", code=0)
    scenario("gets variables", rust, "environment", env={"ONE": "1", "TWO": "a=b", "EMPTY": ""}, code=0, stdout=b"EMPTY=\nONE=1\nTWO=a=b\n")
    scenario("gets no variables", rust, "environment", code=0, stdout=b"")
    # Only preview 1 has statuses: what Rust calls in WASI 0.2 tells success from failure alone.
    exits = {"differs": LOSES_STATUS} if rust.endswith(".p1") else {}
    scenario("exits with 3", rust, "exit", 3, code=3 if exits else 1, **exits)
    scenario("exits with 0", rust, "exit", 0, code=0)
    scenario("exits with 255", rust, "exit", 255, code=255 if exits else 1, **exits)
    scenario("panics", rust, "panic", code=TRAP)
    scenario("aborts", rust, "abort", code=TRAP)
    scenario("sleeps", rust, "sleep", 30, code=0, stdout=b"slept long enough: true\n")
    scenario("counts standard input", rust, "count", stdin=b"a\nb\nc" * 10_000, code=0)
    scenario("counts no input", rust, "count", code=0, stdout=b"0 bytes, 0 lines\n")
    scenario("reads clocks", rust, "clocks", 1000, code=0)
    scenario("takes memory", rust, "memory", 64, code=0)
    scenario("recurses", rust, "recurse", 1000, code=0)
    scenario("opens many files", rust, "open", "/w", 100, folder="/w", code=0)
    scenario("opens more files", rust, "open", "/w", 500, folder="/w", code=0, differs="the adapter holds 128 descriptors" if exits else None)

scenario("speaks C", "c-tool", code=0, stdout=b"Hello from C\n")
scenario("gets arguments in C", "c-tool", "arguments", "one", "", "ü", code=0)
scenario("gets variables in C", "c-tool", "environment", env={"A": "1", "B": "2"}, code=0)
scenario("copies in C", "c-tool", "copy", "/w/big.txt", "/w/copy", folder="/w", files=BIG, code=0)
scenario("cannot copy to a read-only folder in C", "c-tool", "copy", "/w/big.txt", "/w/copy", folder="/w", files=BIG, read_only=True, code=1)
scenario("looks at files in C", "c-tool", "stat", "/w/inner", folder="/w", files=TREE, code=0, stdout=b"folder 0\n", normalise=lambda text: re.sub(rb"folder \d+", b"folder 0", text))
scenario("misses files in C", "c-tool", "stat", "/w/none", folder="/w", files=TREE, code=1)
scenario("exits in C", "c-tool", "exit", 7, code=7, differs=LOSES_STATUS)
scenario("sleeps in C", "c-tool", "sleep", 20, code=0)
scenario("aborts in C", "c-tool", "abort", code=TRAP)
scenario("counts words in C++", "cpp-words", stdin=b"The cat and the hat and the bat", code=0, stdout=b"3 the\n2 and\n1 bat\n1 cat\n1 hat\n")
scenario("finds no words in C++", "cpp-words", code=1, stdout=b"")
scenario("speaks Go", "go-tool", code=0, stdout=b"Hello from Go\n")
scenario("gets arguments in Go", "go-tool", "arguments", "one", "two words", code=0)
scenario("gets variables in Go", "go-tool", "environment", env={"A": "1"}, code=0)
scenario("walks in Go", "go-tool", "walk", "/w", folder="/w", files=TREE, code=0)
scenario("takes a digest in Go", "go-tool", "digest", "/w/big.txt", folder="/w", files=BIG, code=0, differs=BREAKS_GO,
         stdout=hashlib.sha256("".join(BIG.values()).encode()).hexdigest().encode() + b"\n")
scenario("writes in Go", "go-tool", "write", "/w/new", "text", folder="/w", code=0)
scenario("counts lines in Go", "go-tool", "count", stdin=b"a\nb\nc\n", code=0, stdout=b"3 lines\n")
scenario("sleeps in Go", "go-tool", "sleep", 20, code=0, stdout=b"awake\n")
scenario("exits in Go", "go-tool", "exit", 9, code=9, differs=LOSES_STATUS)
scenario("panics in Go", "go-tool", "panic", code=2, differs=LOSES_STATUS)
scenario("speaks Python", "python-tool", code=0, stdout=b"Hello from Python\n")
scenario("gets arguments in Python", "python-tool", "arguments", "one", "two words", code=0)
scenario("gets variables in Python", "python-tool", "environment", env={"A": "1"}, code=0)
scenario("walks in Python", "python-tool", "walk", "/w", folder="/w", files=TREE, code=0)
scenario("takes a digest in Python", "python-tool", "digest", "/w/big.txt", folder="/w", files=BIG, code=0)
scenario("writes in Python", "python-tool", "write", "/w/new", "text", folder="/w", code=0)
scenario("misses files in Python", "python-tool", "digest", "/w/none", folder="/w", code=1)
scenario("exits in Python", "python-tool", "exit", 5, code=1)
scenario("speaks JavaScript", "js-tool", code=0, stdout=b"Hello from JavaScript\n")
scenario("gets arguments in JavaScript", "js-tool", "arguments", "one", "two words", code=0, stdout=b'["one","two words"]\n')
scenario("gets variables in JavaScript", "js-tool", "environment", env={"A": "1"}, code=0, stdout=b"A=1\n")
scenario("fails in JavaScript", "js-tool", "fail", code=1)

# The network. Servers are on this machine, one for each side.

def network(name, program, *arguments, **options):
    scenario(name, program, *arguments, network=True, **options)


def asks_tcp(*contents):
    return lambda address: servers.ask_tcp(address, contents)


def asks_udp(*contents):
    return lambda address: servers.ask_udp(address, contents)


LARGE = servers.BLOCK * 20
NO_DEADLINE = "it has no deadline"
# What WASI's functions answer, one by one: nothing of it may be another answer than Wasmtime's, but for what is said there.
for word in ("tcp-states", "tcp-refused", "tcp-addresses", "tcp-options", "tcp-shutdown", "udp-states", "udp-addresses", "udp-datagrams"):
    network(f"gets the answers of {word}", "rust-sockets.p2", word, code=0)
network("looks up names", "rust-sockets.p2", "names", "localhost", "127.0.0.1", "::1", "[::1]", "127.1", "0x7f.1", "", " ", "a.b:80", "256.1.1.1", "nowhere.invalid", "x_y.invalid", code=0)
network("looks up odd names", "rust-sockets.p2", "names", "LOCALHOST.", "::ffff:10.0.0.1", "-x.y", "a..b", "ü.de", code=0,
        differs="it asks for names that are none, and gives IPv4 in IPv6, against what the interface says",
        stdout=b"LOCALHOST.: 127.0.0.1\nLOCALHOST.: end, again true\n::ffff:10.0.0.1: 10.0.0.1\n::ffff:10.0.0.1: end, again true\n-x.y: invalid-argument\na..b: invalid-argument\n"
               + "ü.de: invalid-argument\n".encode())
for network_program, word_once in (("rust-net.p2", ()), ("c-net", ("1",)), ("python-net", ("1",))):
    network("echoes over TCP", network_program, "tcp-client", "{echo}", "hello", *word_once, code=0)
    network("is refused", network_program, "tcp-client", "{closed}", "hello", *word_once, code=1)
    network("serves TCP", network_program, "tcp-server", "127.0.0.1:0", *word_once, client=asks_tcp(b"hello"), code=0)
    network("serves a large text over TCP", network_program, "tcp-server", "127.0.0.1:0", *word_once, client=asks_tcp(LARGE), code=0)
    network("echoes over UDP", network_program, "udp-client", "{datagrams}", "hello", code=0)
    network("serves UDP", network_program, "udp-server", "127.0.0.1:0", *word_once, client=asks_udp(b"hello"), code=0)
    network("looks up localhost", network_program, "resolve", "localhost", code=0)
    network("looks up a name that is not there", network_program, "resolve", "nowhere.invalid", code=1)
    network("waits for a peer that is silent", network_program, "tcp-client", "{quiet}", "hello", *word_once, code=TIMEOUT, options=("--timeout", "2s"), differs=NO_DEADLINE)
network("has several connections", "rust-net.p2", "tcp-clients", "{echo}", "20", code=0)
network("sends a large text", "rust-net.p2", "tcp-client", "{echo}", "x" * 100_000, code=0)
network("waits for a datagram that never comes", "rust-net.p2", "udp-server", "127.0.0.1:0", code=TIMEOUT, options=("--timeout", "1s"), differs=NO_DEADLINE, stdout=None)
for c_program in ("c-net", "python-net"):
    network("echoes much over TCP", c_program, "tcp-client", "{echo}", "hello\n", "30000", code=0)
    network("serves several clients", c_program, "tcp-server", "127.0.0.1:0", "3", client=asks_tcp(b"one", b"two", LARGE), code=0)
    network("serves several datagrams", c_program, "udp-server", "127.0.0.1:0", "4", client=asks_udp(b"one", b"", b"x" * 1400, b"four"), code=0)
network("connects a socket of UDP", "c-net", "udp-connected", "{datagrams}", "hello", code=0)
network("polls", "c-net", "poll", "{echo}", code=0)
network("sets options", "c-net", "options", code=0)

WEB = "rust-http.p2"
for method in ("GET", "HEAD", "DELETE", "OPTIONS", "ODD"):
    network(f"asks with {method}", WEB, method, "http://{http}/hello", code=0)
for method in ("POST", "PUT", "PATCH"):
    network(f"sends a body with {method}", WEB, method, "http://{http}/echo", "content-type: text/x", stdin=b"some text\n" * 1000, code=0)
network("sends no body", WEB, "POST", "http://{http}/echo", code=0)
network("sends a large body", WEB, "POST", "http://{http}/digest", stdin=LARGE, code=0)
for status in (200, 201, 204, 206, 301, 304, 400, 401, 403, 404, 418, 429, 500, 503, 599):
    network(f"gets status {status}", WEB, "GET", f"http://{{http}}/status/{status}", code=0)
for path in ("hello", "headers", "large/0", "large/64", "chunks/0", "chunks/50", "trailers", "slow", "until-close", "hello?a=1&b=%20", "nowhere", "a/very/long/" + "path" * 500):
    network(f"gets /{path[:30]}", WEB, "GET", f"http://{{http}}/{path}", code=0)
network("sends headers", WEB, "GET", "http://{http}/hello", "X-One: 1", "X-Two: two words", "X-One: again", "x-empty: ", "Accept: text/*", "Cookie: a=b", "User-Agent: me", code=0)
network("asks for a name", WEB, "GET", "http://localhost:{http.port}/hello", code=0)
network("follows redirects", WEB, "follow", "http://{http}/redirect/redirect/redirect/hello", code=0)
network("has several requests under way", WEB, "together", "10", "http://{http}/slow", code=0)
network("is refused", WEB, "GET", "http://{closed}/", code=1)
network("asks for a name that is not there", WEB, "GET", "http://nowhere.invalid/", code=1, differs="it says \"address not available\" where the servers' code belongs",
        stdout=b'http: ErrorCode::DnsError(DnsErrorPayload { rcode: Some("NXDOMAIN"), info-code: None })\n')
network("is told of /garbage", WEB, "GET", "http://{http}/garbage", code=1)
for path, told in (("early", "ConnectionTerminated"), ("half", "HttpResponseIncomplete"), ("half-chunks", "HttpResponseIncomplete"), ("many-headers", "HttpResponseHeaderSectionSize")):
    network(f"is told of /{path}", WEB, "GET", f"http://{{http}}/{path}", code=1, differs="it says HTTP-protocol-error of all that breaks off, or nothing",
            normalise=lambda text, told=told: told.encode() if told.encode() in text else text, stdout=told.encode())
network("waits for an answer that never comes", WEB, "GET", "http://{http}/silent", code=TIMEOUT, options=("--timeout", "2s"), differs=NO_DEADLINE)
network("skips interim answers", WEB, "GET", "http://{http}/interim", code=0)
network("gets a page in Python", "python-net", "get", "http://{http}/hello", code=0)
network("gets much in Python", "python-net", "get", "http://{http}/large/16", code=0)
network("posts in Python", "python-net", "post", "http://{http}/echo", "hello" * 1000, code=0)
network("gets an error in Python", "python-net", "get", "http://{http}/nowhere", code=0)
network("is refused in Python", "python-net", "get", "http://{closed}/", code=1)
network("follows a redirect in Python", "python-net", "get", "http://{http}/redirect/hello", code=0)

# Programs that others have made, unmodified.
for maker in ("cargo-wasi", "zig-cc", "tinygo", "zig"):
    scenario("prints a file", f"others-cat-{maker}", "a.txt", folder=".", files=TREE, code=0, stdout=b"alpha\nbeta\n", differs=BREAKS_GO if maker == "tinygo" else None)
scenario("lists a folder", "others-wasi-cargo-wasi", "ls", "/w", folder="/w", files=TREE)
scenario("lists a folder", "others-wasi-tinygo", "ls", "/w", folder="/w", files=TREE)
scenario("lists a folder", "others-wasi-zig", "ls", "/w", folder="/w", files=TREE)
scenario("lists a folder", "others-wasi-zig-cc", "ls", "/w", folder="/w", files=TREE)
scenario("says its version", "others-esbuild", "--version", code=0, stdout=b"0.27.2\n", differs=BREAKS_GO)
scenario("bundles", "others-esbuild", "/main.ts", "--bundle", folder="/", files={"main.ts": 'import { two } from "./two";\nconsole.log(two + 1 as number);\n', "two.ts": "export const two: number = 2;\n"},
         code=0, differs=BREAKS_GO, stdout=b"(() => {\n  // two.ts\n  var two = 2;\n\n  // main.ts\n  console.log(two + 1);\n})();\n")
scenario("searches a tree", "others-ripgrep", "--sort", "path", "--no-heading", "-n", "a", "/w", folder="/w", files=TREE, code=0)
scenario("searches for what is not there", "others-ripgrep", "nothing", "/w", folder="/w", files=TREE, code=1)


def populate(base, files):
    (base / "outside").write_text("not for guests")
    work = base / "work"
    work.mkdir()
    for name, content in files.items():
        path = work / name
        if content is None:
            path.mkdir(parents=True, exist_ok=True)
        elif isinstance(content, tuple):
            path.symlink_to(content[1])
        else:
            path.write_bytes(content.encode())
    return work


def left_behind(base):
    """Every path with its kind and content."""
    found = {}
    for path in sorted(base.rglob("*")):
        name = str(path.relative_to(base))
        if path.is_symlink():
            found[name] = ("link", os.readlink(path))
        elif path.is_dir():
            found[name] = ("folder",)
        else:
            found[name] = ("file", hashlib.sha256(path.read_bytes()).hexdigest())
    return found


def execute(command, stdin, client=None):
    if client is not None:
        return execute_server(command, client)
    try:
        done = subprocess.run(command, input=stdin, capture_output=True, timeout=SECONDS_MAX)
    except subprocess.TimeoutExpired:
        return None, b"", b"took too long"
    return done.returncode, done.stdout, done.stderr


def execute_server(command, client):
    """Runs a program that first prints its address; what the client says comes after what the program prints."""
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        # Also ends a program that prints nothing.
        timer = threading.Timer(SECONDS_MAX, process.kill)
        timer.start()
        try:
            host, _, port = process.stdout.readline().decode().strip().rpartition(":")
            said = client((host, int(port))) if port else "no address\n"
            out, err = process.communicate()
        except OSError as error:
            process.kill()
            said, (out, err) = f"client: {error}\n", process.communicate()
        finally:
            timer.cancel()
    return process.returncode, out + said.encode(), err


def run_tenon(tenon, case, file, work, arguments):
    command = [tenon, "run", "--grant", "command", "--grant", "stdio:stdin"]
    if case.folder is not None:
        command += ["--dir", f"{work}::{case.folder}" + (":ro" if case.read_only else "")]
    for name, value in case.env.items():
        command += ["--env", f"{name}={value}"]
    if case.network:
        command += ["--inherit-network"]
    return execute([*command, *case.options, file, "--", *arguments], case.stdin, case.client)


def run_oracle(oracle, case, file, work, arguments):
    command = [oracle, "run", "--compiled", file.with_suffix(".compiled")]
    if case.folder is not None:
        command += ["--dir", f"{work}::{case.folder}" + (":ro" if case.read_only else "")]
    for name, value in case.env.items():
        command += ["--env", f"{name}={value}"]
    if case.network:
        command += ["--inherit-network"]
    code, stdout, stderr = execute([*command, file, *arguments], case.stdin, case.client)
    return TRAP if code == ORACLE_TRAP else code, stdout, stderr


def check(case, options, components):
    """What is wrong with a scenario, as lines; empty when nothing is; None when its program was not built."""
    file = options.programs / f"{case.program}.wasm"
    if not file.exists():
        return None
    normalise = case.normalise or (lambda text: text)
    with tempfile.TemporaryDirectory(prefix="tenon-compare-") as base:
        base = pathlib.Path(base)
        sides = {}
        for side in ("ours", "theirs"):
            (base / side).mkdir()
            if side == "theirs" and (options.oracle is None or case.differs):
                continue
            work = populate(base / side, case.files)
            with servers.Servers(case.arguments if case.network else []) as started:
                arguments = [started.fill(argument) for argument in case.arguments]
                if side == "ours":
                    outcome = run_tenon(options.tenon, case, file, work, arguments)
                else:
                    # Programs see their own name, which is the file's.
                    outcome = run_oracle(options.oracle, case, components[case.program], work, arguments)
                output = started.without_ports(outcome[1] + started.seen())
            sides[side] = (outcome[0], normalise(output), left_behind(base / side), outcome[2])
    problems = []
    ours = sides["ours"]
    if case.code is not None and ours[0] != case.code:
        problems.append(f"exit code {ours[0]}, expected {case.code}")
    if case.stdout is not None and ours[1] != normalise(case.stdout):
        problems.append(f"output {ours[1][:300]!r}, expected {case.stdout[:300]!r}")
    if "theirs" in sides:
        theirs = sides["theirs"]
        for what, have, want in (("exit code", ours[0], theirs[0]), ("output", ours[1], theirs[1]), ("files left behind", ours[2], theirs[2])):
            if have == want:
                continue
            if what == "output":
                pairs = [(a, b) for a, b in zip(have.splitlines(), want.splitlines()) if a != b][:5]
                problems.append(f"output differs: ours {len(have)} bytes, theirs {len(want)}; first lines {pairs!r}")
            elif what == "files left behind":
                names = {name for name in have.keys() | want.keys() if have.get(name) != want.get(name)}
                problems.append(f"files differ: {[(name, have.get(name), want.get(name)) for name in sorted(names)][:5]}")
            else:
                problems.append(f"{what} {have!r}, theirs {want!r}")
    if problems:
        problems += ["ours says: " + ours[3].decode(errors="replace")[-600:].strip()]
        if "theirs" in sides:
            problems += ["theirs says: " + sides["theirs"][3].decode(errors="replace")[-600:].strip()]
    return problems


def componentize(tenon, file, target):
    """What the oracle runs: a component, also of what is a module of preview 1."""
    if file.read_bytes()[4:8] == b"\x0d\x00\x01\x00":
        shutil.copyfile(file, target)
    else:
        subprocess.run([tenon, "component", "new", file, "-o", target], check=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tenon", required=True)
    parser.add_argument("--oracle", help="the program, or a file that holds its path")
    parser.add_argument("--programs", required=True, type=pathlib.Path)
    parser.add_argument("part", nargs="?", default="")
    options = parser.parse_args()
    if options.oracle and options.oracle.endswith(".txt"):
        options.oracle = pathlib.Path(options.oracle).read_text().strip()
    chosen = [case for case in SCENARIOS if options.part in f"{case.program} {case.name}"]
    passed = failed = skipped = 0
    with tempfile.TemporaryDirectory(prefix="tenon-components-") as folder:
        components = {}
        for name in sorted({case.program for case in chosen}):
            file = options.programs / f"{name}.wasm"
            if file.exists():
                components[name] = pathlib.Path(folder) / f"{name}.wasm"
                componentize(options.tenon, file, components[name])
        with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
            for case, problems in zip(chosen, pool.map(lambda case: check(case, options, components), chosen)):
                if problems is None:
                    skipped += 1
                    reason = options.programs / f"{case.program}.skipped"
                    print(f"skipped {case.program}: {case.name}: {reason.read_text() if reason.exists() else 'not built'}")
                elif problems:
                    failed += 1
                    print(f"FAILED  {case.program}: {case.name}\n  " + "\n  ".join(problems))
                else:
                    passed += 1
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
