#!/usr/bin/env python3
"""Totals of ctest runs: test_report.py [--failed-steps N] PRESET…

Reads build/PRESET/results: ctest.xml (one entry a program) and what GTest wrote beside it (one entry a case). Lists what failed, what was
skipped and why, and the slowest; the last line is "N passed, N failed, N skipped". Exit code 1 when anything failed or nothing ran.
"""

import argparse
import collections
import pathlib
import re
import sys
import xml.etree.ElementTree as xml

TOTALS = re.compile(r"^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$")


class Counts:
    def __init__(self):
        self.passed = 0
        self.failed = []  # names
        self.skipped = []  # (name, reason)
        self.times = []  # (seconds, name)

    def read_gtest(self, report):
        """The cases of one GTest report; true when one of them failed."""
        before = len(self.failed)
        for case in xml.parse(report).getroot().iter("testcase"):
            name = f"{case.get('classname')}.{case.get('name')}"
            if case.get("status") == "notrun":  # filtered out, or of another shard
                continue
            self.times.append((float(case.get("time")), name))
            if case.find("failure") is not None:
                self.failed.append(name)
            elif case.find("skipped") is not None:
                reason = case.find("skipped").get("message") or ""
                self.skipped.append((name, " ".join(line for line in reason.splitlines() if not re.match(r".*\.(cpp|h):\d+$", line)).strip()))
            else:
                self.passed += 1
        return len(self.failed) > before

    def read_entry(self, case, results):
        name, status = case.get("name"), case.get("status")
        output = (case.findtext("system-out") or "").strip().splitlines()
        failed = status == "fail" or case.find("failure") is not None
        gtest = results / f"{name}.xml"
        if gtest.exists():
            if not self.read_gtest(gtest) and failed:  # a leak or a crash at exit
                self.failed.append(f"{name} (after its cases)")
            return
        self.times.append((float(case.get("time") or 0), name))
        totals = TOTALS.match(output[-1].strip()) if output else None
        if totals:
            passed, failures, skipped = (int(number or 0) for number in totals.groups())
            self.passed += passed
            self.failed += [name] * max(failures, 1 if failed else 0)
            self.skipped += [(name, "see its log")] * skipped
        elif failed:
            self.failed.append(name)
        elif case.find("skipped") is not None or status in ("notrun", "disabled"):
            reason = case.find("skipped")
            not_built = reason is not None and "Unable to find" in (reason.get("message") or "")
            if not_built:
                self.failed.append(f"{name} (not built)")
            else:
                self.skipped.append((name, output[-1] if output else "no reason given"))
        else:
            self.passed += 1


def read_preset(preset):
    counts = Counts()
    results = pathlib.Path("build", preset, "results")
    report = results / "ctest.xml"
    if not report.exists():
        counts.failed.append("ctest left no report")
        return counts
    for case in xml.parse(report).getroot().iter("testcase"):
        counts.read_entry(case, results)
    return counts


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--failed-steps", type=int, default=0, help="builds that failed: each counts as one failed test")
    arguments.add_argument("presets", nargs="*")
    arguments = arguments.parse_args()
    passed, failed, skipped = 0, arguments.failed_steps, 0
    for preset in arguments.presets:
        counts = read_preset(preset)
        print(f"\n== {preset}: {counts.passed} passed, {len(counts.failed)} failed, {len(counts.skipped)} skipped")
        for name in counts.failed:
            print(f"   FAILED  {name}")
        reasons = collections.Counter(reason for _, reason in counts.skipped)
        for reason, times in reasons.most_common():
            names = [name for name, why in counts.skipped if why == reason]
            print(f"   skipped {times}: {', '.join(names[:4])}{' …' if times > 4 else ''}: {reason}")
        for seconds, name in sorted(counts.times, reverse=True)[:8]:
            if seconds >= 1:
                print(f"   {seconds:7.1f} s  {name}")
        passed += counts.passed
        failed += len(counts.failed)
        skipped += len(counts.skipped)
    if arguments.failed_steps:
        print(f"\n{arguments.failed_steps} build steps failed")
    print(f"\n{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
