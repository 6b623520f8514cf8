"""The house tests themselves can fail: each is shown a small tree with one fault of each kind."""

import pathlib
import tempfile
import unittest

import budgets
import documents
import layers
import words


class HouseTestsFindWhatTheyLookFor(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.root = pathlib.Path(directory.name)

    def put(self, name, body):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(body, encoding="utf-8")

    def test_an_upward_include_is_found(self):
        self.put("events/a.h", '#pragma once\n#include "ledger/store.h"\n')
        self.assertEqual(layers.check(self.root), ['events/a.h: upward include "ledger/store.h"'])

    def test_a_downward_include_is_fine(self):
        self.put("ops/a.cc", '#include "consumers/ask.h"\n#include <vector>\n')
        self.put("consumers/b.cc", '#include <boost/beast.hpp>\n')
        self.assertEqual(layers.check(self.root), [])

    def test_a_library_in_the_wrong_layer_is_found(self):
        self.put("projections/a.cc", "#include <boost/beast.hpp>\n")
        self.assertEqual(layers.check(self.root), ["projections/a.cc: boost is not for projections/"])

    def test_a_third_party_header_in_a_header_is_found(self):
        self.put("ledger/a.h", "#pragma once\n#include <rocksdb/db.h>\n")
        self.assertEqual(layers.check(self.root), ["ledger/a.h: rocksdb in a header; keep it in the .cc"])

    def test_an_unknown_library_is_found(self):
        self.put("ledger/a.cc", "#include <left/pad.h>\n")
        self.assertEqual(layers.check(self.root), ["ledger/a.cc: unknown third-party header <left/pad.h>"])

    def test_input_and_output_in_a_pure_layer_is_found(self):
        self.put("projections/a.cc", "#include <unistd.h>\n")
        self.assertEqual(len(layers.check(self.root)), 1)

    def test_an_include_that_is_not_from_the_root_is_found(self):
        self.put("ledger/a.cc", '#include "store.h"\n')
        self.assertEqual(len(layers.check(self.root)), 1)

    def test_unfinished_work_is_found(self):
        self.put("docs/a.md", "This is a pla" + "ceholder.\n")
        self.put("events/a.cc", "// TO" + "DO: more\n")
        self.assertEqual(len(words.check(self.root)), 2)

    def test_a_clock_read_outside_ops_is_found(self):
        read = "auto t = std::chrono::system_clock::now();\n"
        self.put("ledger/a.cc", read)
        self.put("ops/a.cc", read)
        self.assertEqual(len(words.check(self.root)), 1)

    def test_a_file_of_two_budgets_is_found_and_one_slightly_over_is_not(self):
        self.put("events/a.cc", "int a;\n" * 1201)
        self.put("events/b.cc", "int b;\n" * 601)
        self.assertEqual(budgets.check(self.root), ["events/a.cc: 1201 lines, budget 600"])

    def test_a_dead_link_and_a_dead_heading_are_found(self):
        self.put("docs/a.md", "# One thing\n[x](b.md) [y](#one-thing) [z](#two)\n")
        self.assertEqual(documents.check(self.root), ["docs/a.md: dead link b.md", "docs/a.md: no heading for #two"])

    def test_a_command_that_is_not_there_is_found(self):
        self.put("README.md", "```sh\nops/fly --once\n```\n")
        self.assertEqual(documents.check(self.root), ["README.md: no script ops/fly"])


if __name__ == "__main__":
    unittest.main()
