"""Who watches the log from outside, as a person runs them: `oppiloki witness` and `oppiloki monitor`.
Python's standard library only.
"""

import contextlib
import hashlib
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import program  # noqa: E402
from program import ProgramTest, request, run, served  # noqa: E402

ORIGIN = "watched.example.fi/log"


@contextlib.contextmanager
def witness(data, *logs, name="witness.example.fi"):
    """A witness on a free port: its verifier key and URL."""
    arguments = [program.PROGRAM, "witness", "--data", str(data), "--name", name, "--listen", "127.0.0.1:0"]
    for log in logs:
        arguments += ["--log", log]
    process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        vkey = process.stdout.readline().strip()
        yield vkey, re.search(r"http://[0-9.]+:\d+", process.stderr.readline()).group()
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    assert process.returncode == 0, f"witness ended with {process.returncode}"


class Watched(ProgramTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ledger = cls.folder / "ledger"
        made = run("init", "--data", cls.ledger, "--origin", ORIGIN)
        assert made.code == 0, made
        cls.vkey = made.out.strip()
        cls.trust = cls.ledger / "trust.policy"
        cls.number = 0

    def say(self, ledger):
        """One more event in this ledger."""
        type(self).number += 1
        key = self.folder / f"publisher-{self.number}.key"
        vkey = self.done("key", "new", "--out", key, "--name", f"sis-{self.number}").out.strip()
        self.done("publisher", "add", "--data", ledger, "--name", f"sis-{self.number}", "--key", vkey, "--allow", "grade")

    def look(self, url, state, code=0, *more):
        return self.exits(code, "monitor", "--url", url, "--trust", self.trust, "--state", state, "--alarms", self.folder, "--once", "--json",
                          *more).json()

    def test_a_witness_cosigns_what_continues(self):
        data = self.folder / "witness"
        path = f"/{hashlib.sha256(ORIGIN.encode()).hexdigest()}/checkpoint"
        self.say(self.ledger)
        with served(self.ledger) as log, witness(data, f"{self.vkey}={log}") as (vkey, url):
            for _ in range(100):
                status, _, note = request(url, "GET", path)
                if status == 200:
                    break
                time.sleep(0.1)
            self.assertEqual(status, 200)
            cosigned = self.folder / "cosigned.checkpoint"
            cosigned.write_bytes(note)
            demanding = self.folder / "demanding.policy"
            demanding.write_text(f"log {self.vkey}\nwitness one {vkey}\nquorum one\n", encoding="utf-8")
            self.assertIn("cosigned by one", self.done("verify", cosigned, "--trust", demanding).out)
            plain = self.folder / "plain.checkpoint"
            plain.write_bytes(request(log, "GET", "/checkpoint")[2])
            self.done("verify", plain, "--trust", self.trust)
            self.exits(1, "verify", plain, "--trust", demanding)
            size = int(note.split(b"\n")[1])
            # As any log would ask, and out of turn: the witness says where it stands.
            status, media_type, body = request(url, "POST", "/add-checkpoint", b"old 0\n\n" + plain.read_bytes())
            self.assertEqual((status, body), (409, f"{size}\n".encode()))
            self.assertEqual(media_type, "text/x.tlog.size")
            for wrong, status in {b"": 400, b"old 0\n\nnothing": 400}.items():
                self.assertEqual(request(url, "POST", "/add-checkpoint", wrong)[0], status)
            self.assertEqual(request(url, "GET", "/" + "0" * 64 + "/checkpoint")[0], 404)
        again = run("witness", "--data", data, "--name", "another", "--listen", "127.0.0.1:0", "--log", self.vkey)
        self.assertEqual(again.code, 2, again)

    def test_a_monitor_convicts_a_log_that_forks(self):
        state = self.folder / "monitor.state"
        self.say(self.ledger)
        receipt = self.folder / "entry-2.tlog-proof"
        receipt.write_text(self.done("prove", "--data", self.ledger, "--index", 2).out, encoding="utf-8")
        fork = self.folder / "fork"
        shutil.copytree(self.ledger, fork)
        self.say(self.ledger)
        with served(self.ledger) as url:
            look = self.look(url, state, 0, "--receipt", receipt)
            self.assertEqual(look["alarms"], [])
            self.assertEqual(look["entries_read"], look["size"])
            self.assertEqual(self.look(url, state)["entries_read"], 0)
        self.say(fork)
        with served(fork) as url:
            look = self.look(url, state, 1)
            self.assertEqual([a["kind"] for a in look["alarms"]], ["EQUIVOCATION"])
            proof = look["alarms"][0]["proof"]
            self.assertIn("two different trees", self.done("verify", proof, "--trust", self.trust).out)
            self.reads_the_alarm(url, state)
        text = pathlib.Path(proof).read_text(encoding="utf-8")
        altered = self.folder / "altered.equivocation"
        altered.write_text(text.replace(ORIGIN, "other.example.fi/log"), encoding="utf-8")
        self.exits(1, "verify", altered, "--trust", self.trust)

    def reads_the_alarm(self, url, state):
        """A person reads the alarm in words."""
        ran = self.exits(1, "monitor", "--url", url, "--trust", self.trust, "--state", state, "--alarms", self.folder, "--once")
        self.assertIn("ALARM   EQUIVOCATION", ran.out)

    def test_what_is_missing_is_said(self):
        self.exits(2, "monitor", "--url", "nowhere", "--trust", self.trust, "--once")
        self.exits(4, "monitor", "--url", "http://127.0.0.1:1", "--trust", self.trust, "--once")
        self.assertIn("no trust file", run("monitor", "--url", "http://127.0.0.1:1", "--trust", self.folder / "none", "--once").err)
        damaged = self.folder / "damaged.state"
        damaged.write_text("x", encoding="utf-8")
        self.exits(5, "monitor", "--url", "http://127.0.0.1:1", "--trust", self.trust, "--state", damaged, "--once")
        self.exits(2, "witness", "--data", self.folder / "nameless", "--log", self.vkey)
        self.exits(2, "witness", "--data", self.folder / "nameless", "--name", "w", "--log", "not a key")


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[1:]], verbosity=2)
