"""`oppiloki export`, read back by a program that shares no code with ours (tests/interop/read_log.py)."""

import pathlib
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import program  # noqa: E402
from program import ProgramTest, new_ledger, run, served  # noqa: E402

READER = pathlib.Path(__file__).resolve().parents[1] / "interop" / "read_log.py"
PYTHON = next((p for p in ("/usr/bin/python3", sys.executable)
               if pathlib.Path(p).exists() and subprocess.run([p, "-c", "import cryptography"], capture_output=True, check=False).returncode == 0),
              None)


class StaticLog(ProgramTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ledger = cls.folder / "ledger"
        ran = run("demo", "--data", cls.ledger, "--once", "--pupils", "45", "--days", "3")
        assert ran.code == 0, ran
        cls.trust = cls.ledger / "trust.policy"
        cls.vkey = cls.trust.read_text(encoding="utf-8").split()[1]
        cls.out = cls.folder / "public"
        cls.report = run("export", "--data", cls.ledger, "--out", cls.out, "--json").json()

    def read(self, folder, key=None):
        """The verdict of the other program."""
        if PYTHON is None:
            self.skipTest("needs the Debian package python3-cryptography")
        return subprocess.run([PYTHON, "-B", str(READER), "--key", key or self.vkey, str(folder)], capture_output=True, text=True, check=False)

    def test_another_reader_verifies_every_entry(self):
        self.assertGreater(self.report["size"], 256, "more than one tile")
        read = self.read(self.out)
        self.assertEqual(read.returncode, 0, read.stdout)
        self.assertIn(f"{self.report['size']} entries", read.stdout)
        stranger = self.done("key", "new", "--out", self.folder / "s.key", "--name", self.vkey.split("+")[0]).out.strip()
        self.assertEqual(self.read(self.out, stranger).returncode, 1)

    def test_a_byte_that_is_wrong_is_found_by_both(self):
        for path in ("checkpoint", "tile/0/000", "tile/entries/000"):
            file = self.out / path
            good = file.read_bytes()
            try:
                file.write_bytes(good[:40] + bytes([good[40] ^ 1]) + good[41:])
                self.assertEqual(self.read(self.out).returncode, 1, path)
                verdict = self.exits(1, "verify", self.out, "--trust", self.trust, "--json").json()
                self.assertEqual(verdict["kind"], "log")
            finally:
                file.write_bytes(good)
        missing = self.out / "tile/entries/000"
        missing.rename(self.out / "aside")
        self.exits(1, "verify", self.out, "--trust", self.trust)
        (self.out / "aside").rename(missing)
        self.assertIn("entries are here and make that tree", self.done("verify", self.out, "--trust", self.trust).out)

    def test_a_served_log_is_exported_from_afar(self):
        with served(self.ledger) as url:
            afar = self.folder / "afar"
            report = self.done("export", "--url", url, "--trust", self.trust, "--out", afar, "--json").json()
            self.assertEqual(report["size"], self.report["size"])
            self.exits(2, "export", "--url", url, "--trust", self.folder / "none", "--out", afar)
        self.assertEqual(self.read(afar).returncode, 0)
        self.assertEqual({p.relative_to(afar): p.read_bytes() for p in afar.rglob("*") if p.is_file()},
                         {p.relative_to(self.out): p.read_bytes() for p in self.out.rglob("*") if p.is_file()})

    def test_it_grows_and_refuses_what_is_not_its_own(self):
        grown = self.folder / "grown"
        self.done("export", "--data", self.ledger, "--out", grown)
        self.assertEqual(self.done("export", "--data", self.ledger, "--out", grown, "--json").json()["files_written"], 0)
        key = self.folder / "late.key"
        vkey = self.done("key", "new", "--out", key, "--name", "late").out.strip()
        self.done("publisher", "add", "--data", self.ledger, "--name", "late", "--key", vkey, "--allow", "grade")
        report = self.done("export", "--data", self.ledger, "--out", grown, "--json").json()
        self.assertGreater(report["files_kept"], 0)
        read = self.read(grown)
        self.assertEqual(read.returncode, 0, read.stdout)
        other = self.folder / "other"
        new_ledger(other)
        self.assertIn("something else", self.exits(2, "export", "--data", other, "--out", grown).err)
        self.exits(2, "export", "--out", grown)
        self.exits(2, "export", "--data", self.ledger, "--url", "http://127.0.0.1:1", "--out", grown)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[1:]], verbosity=2)
