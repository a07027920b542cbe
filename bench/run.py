#!/usr/bin/env python3
"""Lets Tenon and its peer measure the same rows in turns and writes the medians. Started by run.sh."""

import argparse
import json
import os
import statistics
import subprocess
import sys

import report
import wasi_work
from rows import FRESH, LIMITS, PROCESSES, ROUNDS_MAX, ROWS, WASI


class Side:
    """One of the two programs: it answers a row's name with a number. Idle while the other one measures."""

    def __init__(self, command):
        self.command = command
        self.process = None
        self.settings = None

    def start(self):
        self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        if not line:
            sys.exit(f"{self.command[0]} ended before it said its settings")
        self.settings = json.loads(line)

    def stop(self):
        if self.process:
            self.process.stdin.close()
            self.process.wait()
            self.process = None

    def measure(self, row):
        if row in FRESH:
            self.stop()
        if self.process is None:
            self.start()
        self.process.stdin.write(row + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            sys.exit(f"{self.command[0]} ended in row {row}")
        value = json.loads(line)["value"]
        if row in FRESH:
            self.stop()
        return value


class Pairs:
    """Our side and the peer of each row, started when a row first needs them."""

    def __init__(self, options):
        self.options = options
        self.work = None
        self.pairs = {}

    def sides(self, row):
        kind = "processes" if row in PROCESSES else "wasi" if row.startswith(WASI) else "components"
        if kind not in self.pairs:
            self.pairs[kind] = self.make(kind)
        return self.pairs[kind]

    def make(self, kind):
        if kind == "components":
            options = self.options
            pair = [Side([os.path.abspath(program), options.guests, options.big]) for program in (options.ours, options.peer)]
        else:
            self.work = self.work or wasi_work.Work(self.options.guests)
            if kind == "processes":
                return self.work.processes()
            pair = [Side(command) for command in self.work.commands]
        for side in pair:
            side.start()
        ours, peer = (side.settings for side in pair)
        differ = {key for key in ours.keys() & peer.keys() if ours[key] != peer[key]}
        if differ:
            sys.exit(f"the sides run with different settings: {sorted(differ)}")
        return pair

    def stop(self):
        for pair in self.pairs.values():
            for side in pair:
                side.stop()
        if self.work:
            self.work.close()


def machine():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        models = [line.split(":")[1].strip() for line in file if line.startswith("model name")]
    return {"processor": models[0] if models else os.uname().machine, "processors": os.cpu_count(), "system": f"Linux {os.uname().release}"}


def measure(pairs, chosen, rounds):
    settings = None
    rows = []
    for name, unit, _, bar, peer_name in chosen:
        ours, peer = pairs.sides(name)
        if settings is None and name not in PROCESSES:
            settings = {**machine(), "rounds": rounds, **ours.settings}
            print("settings:", json.dumps(settings, ensure_ascii=False), flush=True)
        values = {ours: [], peer: []}
        for turn in range(min(rounds, ROUNDS_MAX.get(name, rounds))):
            for side in (ours, peer) if turn % 2 == 0 else (peer, ours):
                values[side].append(side.measure(name))
        left, right = (None if None in values[side] else statistics.median(values[side]) for side in (ours, peer))
        if left is None:
            sys.exit(f"our side has no row {name}")
        ratio = left / right if right else None
        rows.append({"name": name, "unit": unit, "ours": left, "peer": right, "peer_name": peer_name if right is not None else None, "ratio": ratio,
                     "bar": bar, "limit": LIMITS.get(name)})
        print(f"{name:24} {report.number(left, unit):>14} {report.number(right, unit):>14} {'' if ratio is None else f'{ratio:6.2f}'}", flush=True)
    return settings or {**machine(), "rounds": rounds}, rows


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    for option in ("ours", "peer", "guests", "big", "out"):
        parser.add_argument(f"--{option}", required=True)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--publish", action="store_true", help="update docs/performance.md and its plot")
    parser.add_argument("rows", nargs="*")
    options = parser.parse_args()
    chosen = [row for row in ROWS if not options.rows or any(row[0] == name or row[0].startswith(name + ".") for name in options.rows)]
    if not chosen:
        sys.exit("no such row; there are: " + " ".join(row[0] for row in ROWS))
    for row in [row for row in chosen if row[0].startswith(WASI)]:
        if missing := wasi_work.missing(row[0]):
            print(f"{row[0]:24} left out: there is no {', '.join(missing)}")
            chosen.remove(row)

    pairs = Pairs(options)
    try:
        settings, rows = measure(pairs, chosen, options.rounds)
    finally:
        pairs.stop()

    os.makedirs(os.path.dirname(options.out), exist_ok=True)
    with open(options.out, "w", encoding="utf-8") as file:
        json.dump(rows, file, indent=1)
        file.write("\n")
    print("\n" + report.table(rows))
    if options.publish:
        report.publish("docs/performance.md", rows, settings)


if __name__ == "__main__":
    main()
