#!/usr/bin/env python3
"""Lets Tenon and its peer measure the same rows in turns and writes the medians. Started by run.sh."""

import argparse
import json
import os
import statistics
import subprocess
import sys

import report
from rows import FRESH, ROWS


class Side:
    """One of the two programs: it answers a row's name with a number. Idle while the other one measures."""

    def __init__(self, program, guests, big):
        self.command = [program, guests, big]
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


def machine():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        models = [line.split(":")[1].strip() for line in file if line.startswith("model name")]
    return {"processor": models[0] if models else os.uname().machine, "processors": os.cpu_count(), "system": f"Linux {os.uname().release}"}


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

    ours, peer = (Side(os.path.abspath(program), options.guests, options.big) for program in (options.ours, options.peer))
    for side in (ours, peer):
        side.start()
    settings = {**machine(), "rounds": options.rounds, **ours.settings}
    differ = {key for key in ours.settings.keys() & peer.settings.keys() if ours.settings[key] != peer.settings[key]}
    if differ:
        sys.exit(f"the sides run with different settings: {sorted(differ)}")
    print("settings:", json.dumps(settings, ensure_ascii=False), flush=True)

    rows = []
    for name, unit, _, _, peer_name in chosen:
        values = {ours: [], peer: []}
        for turn in range(options.rounds):
            for side in (ours, peer) if turn % 2 == 0 else (peer, ours):
                values[side].append(side.measure(name))
        left, right = (None if None in values[side] else statistics.median(values[side]) for side in (ours, peer))
        if left is None:
            sys.exit(f"our side has no row {name}")
        ratio = left / right if right else None
        rows.append({"name": name, "unit": unit, "ours": left, "peer": right, "peer_name": peer_name if right is not None else None, "ratio": ratio})
        print(f"{name:24} {report.number(left, unit):>14} {report.number(right, unit):>14} {'' if ratio is None else f'{ratio:6.2f}'}", flush=True)
    for side in (ours, peer):
        side.stop()

    os.makedirs(os.path.dirname(options.out), exist_ok=True)
    with open(options.out, "w", encoding="utf-8") as file:
        json.dump(rows, file, indent=1)
        file.write("\n")
    print("\n" + report.table(rows))
    if options.publish:
        report.publish("docs/performance.md", rows, settings)


if __name__ == "__main__":
    main()
