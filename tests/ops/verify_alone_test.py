"""`oppiloki-verify`: that nothing of a store or a network is in it, that it says what `oppiloki verify` says of
every kind of file, and how it takes bad arguments. Python's standard library only.
"""

import json
import os
import pathlib
import re
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import program  # noqa: E402
from program import ProgramTest, new_ledger, run  # noqa: E402

ALONE = os.environ.get("OPPILOKI_VERIFY", "")
VECTORS = pathlib.Path(__file__).resolve().parents[1] / "vectors"
# What it may need at run time; the sanitizers' own libraries besides.
LIBRARIES = {"libsodium", "libcrypto", "libsimdjson", "libstdc++", "libgcc_s", "libc", "libm", "ld-linux-x86-64"}
SANITIZERS = {"libasan", "libubsan", "libtsan"}
# Words that only a store, a network or a thread of ours would bring into the symbol table.
FOREIGN = re.compile(r"rocksdb|rd_kafka|boost::(asio|beast)|prometheus|oppi::consumers|oppi::ledger::(Store|Vault|Sequencer|LogView)::"
                     r"|CLI::App|\b(socket|connect|bind|listen|getaddrinfo)@")


def verify(*arguments):
    arguments = [str(a) for a in arguments]
    done = subprocess.run([ALONE, *arguments], capture_output=True, timeout=120, check=False)
    return program.Ran(["oppiloki-verify", *arguments], done.returncode, done.stdout.decode(), done.stderr.decode())


def output_of(*command):
    return subprocess.run(command, capture_output=True, check=True, timeout=120).stdout.decode(errors="replace")


class Links(unittest.TestCase):
    def test_it_needs_no_library_but_those_it_names(self):
        needed = re.findall(r"\(NEEDED\).*\[([^\]]+)\]", output_of("readelf", "--dynamic", "--wide", ALONE))
        self.assertGreater(len(needed), 3)
        self.assertEqual({name.split(".so")[0] for name in needed} - LIBRARIES - SANITIZERS, set())

    def test_no_code_of_a_store_or_a_network_is_in_it(self):
        symbols = output_of("nm", "--demangle", "--undefined-only", ALONE) + output_of("nm", "--demangle", "--defined-only", ALONE)
        self.assertIn("oppi::projections::VerifyEvidence", symbols)
        self.assertEqual([line for line in symbols.splitlines() if FOREIGN.search(line)], [])

    def test_the_search_finds_a_store_where_there_is_one(self):
        self.assertIsNotNone(FOREIGN.search(output_of("nm", "--demangle", "--undefined-only", program.PROGRAM)))


class Verdicts(ProgramTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ledger = cls.folder / "ledger"
        year = cls.folder / "year.ndjson"
        for arguments in (["demo", "--data", cls.ledger, "--once", "--pupils", 45, "--days", 5],
                          ["generate", "--pupils", 45, "--days", 5, "--seed", 1, "--out", year]):
            ran = run(*arguments)
            assert ran.code == 0, ran
        cls.policy = cls.ledger / "trust.policy"
        events = [json.loads(line) for line in year.read_text(encoding="utf-8").splitlines()]
        pupil = next(e["subject"] for e in events if e["type"] == "fi.oppiloki.consent.given.v1")
        cls.files = {}
        for name, command in {"evidence": ["record", "--learner", pupil, "--evidence", cls.folder / "evidence"],
                              "receipt": ["prove", "--index", 3], "checkpoint": ["checkpoint"]}.items():
            ran = run(command[0], "--data", cls.ledger, *command[1:])
            assert ran.code == 0, ran
            cls.files[name] = cls.folder / name
            if name != "evidence":
                cls.files[name].write_text(ran.out, encoding="utf-8")

    def same(self, *arguments):
        """Both programs, word for word."""
        mine, theirs = verify(*arguments), run("verify", *arguments)
        self.assertEqual((mine.code, mine.out), (theirs.code, theirs.out))
        return mine

    def exits_alone(self, code, *arguments):
        ran = verify(*arguments)
        self.assertEqual(ran.code, code, ran)
        return ran

    def test_both_programs_say_the_same(self):
        for name, path in self.files.items():
            ran = self.same(path, "--policy", self.policy)
            self.assertEqual(ran.code, 0, ran)
            self.assertRegex(ran.out, rf"^holds .*\({name}\)")
            changed = self.folder / f"{name}.changed"
            changed.write_bytes(path.read_bytes().replace(b"a", b"b", 9))
            lines = self.same(path, changed, "--trust", self.policy, "--json").out.splitlines()
            self.assertEqual([json.loads(line)["holds"] for line in lines], [True, False])
        self.assertEqual(self.same(self.folder / "none", "--policy", self.policy).code, 1)

    def test_a_folder_is_sent_to_the_other_program(self):
        self.assertIn("oppiloki verify checks logs", self.exits_alone(1, self.folder, "--policy", self.policy).out)

    def test_a_state_receipt_tells_of_the_identifier_that_is_asked_about(self):
        receipt, policy = VECTORS / "state" / "absence.tlog-proof", VECTORS / "state" / "policy"
        self.assertIn("not looked at without the name", self.same(receipt, "--policy", policy).out)
        self.assertIn("never had anything", self.same(receipt, "--policy", policy, "--about", "nobody").out)
        self.assertEqual(self.same(receipt, "--policy", policy, "--about", "somebody").code, 1)
        self.assertEqual(self.same(receipt, "--policy", VECTORS / "tlog" / "policy").code, 1)

    def test_an_equivocation_is_told_from_a_checkpoint(self):
        note = (VECTORS / "tlog" / "checkpoint").read_text(encoding="utf-8")
        twice = self.folder / "twice"
        part = f"checkpoint {len(note.encode())}\n{note}"
        twice.write_text(f"oppiloki/equivocation@v1\n\n{part}{part}", encoding="utf-8")
        ran = self.same(twice, "--policy", VECTORS / "tlog" / "policy")
        self.assertEqual(ran.code, 1)
        self.assertIn("(equivocation)", ran.out)


class Usage(ProgramTest):
    def test_help_and_version(self):
        for flag in ("--help", "-h"):
            self.assertRegex(verify(flag).out, r"Example:\n  oppiloki-verify \S+ --policy \S+\n")
        self.assertRegex(verify("--version").out, r"^oppiloki-verify \d+\.\d+\.\d+\n$")

    def test_bad_arguments(self):
        policy = VECTORS / "tlog" / "policy"
        for arguments in ([], ["--policy", policy], ["file"], ["file", "--policy"], ["--nonsense", "file", "--policy", policy],
                          ["file", "--policy", self.folder / "none"], ["file", "--policy", VECTORS / "tlog" / "checkpoint"]):
            ran = verify(*arguments)
            self.assertEqual((ran.code, ran.out), (2, ""), ran)
            self.assertTrue(ran.err.startswith("oppiloki-verify: "), ran)

    def test_an_argument_that_was_not_expected_is_not_repeated(self):
        self.assertIsNone(program.PERSON.search(verify("--learner=1.2.246.562.24.00000000001").err))

    def test_after_two_dashes_everything_is_a_file(self):
        self.assertIn("--json (unknown)", verify("--policy", VECTORS / "tlog" / "policy", "--", "--json").out)


if __name__ == "__main__":
    program.main()
