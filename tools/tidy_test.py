#!/usr/bin/env python3
"""Each rule of tidy.py, broken in a small tree of its own."""

import pathlib
import subprocess
import sys
import tempfile
import unittest

TIDY = pathlib.Path(__file__).with_name("tidy.py")
TREE = {
    "src/low/CMakeLists.txt": "tenon_module(low UNITS leaf)\n",
    "src/low/README.md": "# low\n",
    "src/low/leaf.h": "#pragma once\n",
    "src/low/leaf.cpp": '#include "low/leaf.h"\n',
    "src/top/CMakeLists.txt": "tenon_module(top\n  UNITS\n    crown\n  DEPENDS low\n  HEADERS api)\n",
    "src/top/README.md": "# top\n",
    "src/top/crown.h": '#pragma once\n#include "low/leaf.h"\n#include "tenon/api.h"\n',
    "src/top/crown.cpp": '#include "top/crown.h"\n',
    "include/tenon/README.md": "# api\n",
    "include/tenon/api.h": "#pragma once\n#include <vector>\n",
}


class TestTidy(unittest.TestCase):
    def tidy(self, **changes):
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run(["git", "init", "-q", folder], check=True)
            for name, text in {**TREE, **changes.get("files", {})}.items():
                path = pathlib.Path(folder, name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
            done = subprocess.run([sys.executable, TIDY, folder], capture_output=True, text=True)
            self.assertEqual(done.stderr, "")
            return done.returncode, done.stdout

    def refused(self, name, text, reason):
        code, output = self.tidy(files={name: text})
        self.assertEqual(code, 1, output)
        self.assertIn(f"{name}: {reason}", output)
        self.assertEqual(len(output.splitlines()), 1, output)

    def test_a_tree_that_keeps_the_rules_passes(self):
        self.assertEqual(self.tidy()[0], 0, self.tidy()[1])

    def test_includes_go_down_only(self):
        self.refused("src/low/leaf.h", '#pragma once\n#include "top/crown.h"\n', "includes top/crown.h, but low does not depend on top")

    def test_public_headers_belong_to_layers_too(self):
        self.refused("src/low/leaf.h", '#pragma once\n#include "tenon/api.h"\n', "includes tenon/api.h, which no layer")
        self.refused("include/tenon/lost.h", "#pragma once\n", "is declared by no layer")

    def test_a_public_header_includes_nothing_of_src(self):
        self.refused("include/tenon/api.h", '#pragma once\n#include "low/leaf.h"\n', "a public header includes low/leaf.h")

    def test_only_layers_that_say_so_call_native(self):
        self.refused("src/low/leaf.cpp", '#include "low/leaf.h"\n#include "tenon_native.h"\n', "includes tenon_native.h, but low does not list")

    def test_the_own_header_comes_first(self):
        self.refused("src/low/leaf.cpp", '#include <vector>\n#include "low/leaf.h"\n', "includes vector before its own header")

    def test_every_source_is_in_a_unit(self):
        self.refused("src/low/stray_test.cpp", "", "is in no unit")

    def test_headers_are_included_once(self):
        self.refused("src/low/leaf.h", "", "lacks #pragma once")

    def test_what_must_be_done_now_is_not_left(self):
        self.refused("src/low/leaf.cpp", '#include "low/leaf.h"\n// TODO' + "(now): this\n", "has a TODO")

    def test_folders_of_a_machine_are_not_named(self):
        self.refused("notes.md", "see /" + "home/somebody/x\n", "names a folder of somebody's machine")

    def test_long_files_say_why(self):
        self.refused("src/low/leaf.cpp", '#include "low/leaf.h"\n' + "\n" * 800, "has 801 lines")
        self.assertEqual(self.tidy(files={"src/low/leaf.cpp": '#include "low/leaf.h"\n// Long because of a table.\n' + "\n" * 800})[0], 0)

    def test_readmes_are_short(self):
        self.refused("src/low/README.md", "\n" * 21, "has more than 20 lines")

    def test_every_layer_has_a_readme(self):
        code, output = self.tidy(files={"tools/x.sh": ""})
        self.assertEqual((code, output), (1, "tools: has no README.md\n"))


if __name__ == "__main__":
    unittest.main()
