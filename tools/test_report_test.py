#!/usr/bin/env python3
"""The totals decide what the continuous integration says, so they are tested themselves."""

import pathlib
import subprocess
import sys
import tempfile
import unittest

REPORT = pathlib.Path(__file__).with_name("test_report.py")


class TestReport(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.results = pathlib.Path(self.folder.name, "build", "p", "results")
        self.results.mkdir(parents=True)

    def report(self, entries, *arguments):
        (self.results / "ctest.xml").write_text(f"<testsuite>{entries}</testsuite>")
        done = subprocess.run([sys.executable, REPORT, *arguments, "p"], cwd=self.folder.name, capture_output=True, text=True)
        self.assertEqual(done.stderr, "")
        return done.stdout.splitlines()[-1], done.returncode, done.stdout

    def gtest(self, name, cases):
        (self.results / f"{name}.xml").write_text(f'<testsuites><testsuite name="S">{cases}</testsuite></testsuites>')

    PASS = '<testcase name="a" status="run" result="completed" time="0" classname="S"/>'
    FAIL = '<testcase name="b" status="run" result="completed" time="0" classname="S"><failure message="x"/></testcase>'
    SKIP = '<testcase name="c" status="run" result="skipped" time="0" classname="S"><skipped message="/x/y_test.cpp:12&#x0A;install go"/></testcase>'
    OTHER_SHARD = '<testcase name="d" status="notrun" result="suppressed" time="0" classname="S"/>'

    def test_counts_the_cases_of_a_program(self):
        self.gtest("x_test", self.PASS + self.SKIP + self.OTHER_SHARD)
        last, code, text = self.report('<testcase name="x_test" status="run" time="1"/>')
        self.assertEqual((last, code), ("1 passed, 0 failed, 1 skipped", 0))
        self.assertIn("S.c: install go", text)

    def test_a_failed_case_fails_the_run_once(self):
        self.gtest("x_test", self.PASS + self.FAIL)
        self.assertEqual(self.report('<testcase name="x_test" status="fail" time="1"><failure/></testcase>')[:2], ("1 passed, 1 failed", 1))

    def test_a_program_that_fails_after_its_cases_passed_has_failed(self):
        self.gtest("x_test", self.PASS)
        self.assertEqual(self.report('<testcase name="x_test" status="fail" time="1"><failure/></testcase>')[:2], ("1 passed, 1 failed", 1))

    def test_a_program_that_left_no_report_has_failed(self):
        self.assertEqual(self.report('<testcase name="x_test" status="fail" time="1"><failure/></testcase>')[:2], ("0 passed, 1 failed", 1))

    def test_a_program_that_was_not_built_has_failed(self):
        entry = '<testcase name="x" status="notrun" time="0"><skipped message="Unable to find executable"/></testcase>'
        self.assertEqual(self.report(entry)[:2], ("0 passed, 1 failed", 1))

    def test_a_script_may_give_its_own_totals(self):
        entry = '<testcase name="wast" status="run" time="1"><system-out>lines\n7 passed, 0 failed, 2 skipped\n</system-out></testcase>'
        self.assertEqual(self.report(entry)[:2], ("7 passed, 0 failed, 2 skipped", 0))

    def test_a_script_that_says_all_is_well_and_fails_has_failed(self):
        entry = '<testcase name="wast" status="fail" time="1"><failure/><system-out>7 passed, 0 failed</system-out></testcase>'
        self.assertEqual(self.report(entry)[:2], ("7 passed, 1 failed", 1))

    def test_a_skipped_script_says_why(self):
        entry = '<testcase name="go" status="notrun" time="1"><skipped message="SKIP_RETURN_CODE=77"/><system-out>install golang-go\n</system-out></testcase>'
        last, code, text = self.report('<testcase name="y" status="run" time="1"/>' + entry)
        self.assertEqual((last, code), ("1 passed, 0 failed, 1 skipped", 0))
        self.assertIn("go: install golang-go", text)

    def test_a_build_that_failed_counts(self):
        self.assertEqual(self.report('<testcase name="y" status="run" time="1"/>', "--failed-steps", "2")[:2], ("1 passed, 2 failed", 1))

    def test_nothing_run_is_no_success(self):
        self.assertEqual(self.report("")[:2], ("0 passed, 0 failed", 1))


if __name__ == "__main__":
    unittest.main()
