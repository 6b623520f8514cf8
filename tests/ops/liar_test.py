"""A server that lies about a log, between an honest one and `oppiloki monitor`: what is said of it. Python's
standard library only.
"""

import contextlib
import http.server
import pathlib
import shutil
import sys
import threading
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from program import ProgramTest, new_ledger, request, run, served  # noqa: E402


@contextlib.contextmanager
def liar(honest, lie):
    """Gives everything as the honest server does, after `lie(path, body)`; its URL."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            status, media_type, body = request(honest, "GET", self.path)
            if status == 200:
                body = lie(self.path, body)
            self.send_response(status)
            self.send_header("Content-Type", media_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def without_entry(bundle, hidden):
    """The bundle with one entry gone and the one before it in its place."""
    out, at, before, number = b"", 0, b"", 0
    while at < len(bundle):
        entry = bundle[at:at + 2 + int.from_bytes(bundle[at:at + 2], "big")]
        at += len(entry)
        out += before if number == hidden else entry
        before, number = entry, number + 1
    return out


class Lies(ProgramTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ledger = cls.folder / "ledger"
        new_ledger(cls.ledger)
        cls.trust = cls.ledger / "trust.policy"
        cls.number = 0
        cls.say(cls.ledger)
        cls.old = run("checkpoint", "--data", cls.ledger).out.encode()
        cls.receipt = cls.folder / "early.tlog-proof"
        cls.receipt.write_text(run("prove", "--data", cls.ledger, "--index", 2).out, encoding="utf-8")
        cls.fork = cls.folder / "fork"
        shutil.copytree(cls.ledger, cls.fork)
        cls.say(cls.ledger)
        cls.say(cls.fork)
        cls.say(cls.fork)

    @classmethod
    def say(cls, ledger):
        cls.number += 1
        vkey = run("key", "new", "--out", cls.folder / f"p{cls.number}.key", "--name", f"p{cls.number}").out.strip()
        added = run("publisher", "add", "--data", ledger, "--name", f"p{cls.number}", "--key", vkey)
        assert added.code == 0, added

    def looks(self, url, state, code, *more):
        return self.exits(code, "monitor", "--url", url, "--trust", self.trust, "--state", self.folder / state, "--alarms", self.folder, "--once",
                          "--json", *more).json()

    def alarm(self, lie, state="never.state", ledger=None):
        with served(ledger or self.ledger) as honest, liar(honest, lie) as url:
            alarms = self.looks(url, state, 1)["alarms"]
        self.assertEqual(len(alarms), 1, alarms)
        return alarms[0]

    def seen(self, name):
        """A monitor that saw the log as it is."""
        with served(self.ledger) as honest, liar(honest, lambda _, body: body) as url:
            self.assertEqual(self.looks(url, name, 0, "--receipt", self.receipt)["alarms"], [], "a liar that tells the truth")
        return name

    def test_a_hidden_event(self):
        alarm = self.alarm(lambda path, body: without_entry(body, 3) if path.startswith("/tile/entries") else body)
        self.assertEqual(alarm["kind"], "ENTRIES")
        self.assertIn("entry 3 ", alarm["words"])

    def test_an_old_root(self):
        alarm = self.alarm(lambda path, body: self.old if path == "/checkpoint" else body, self.seen("rollback.state"))
        self.assertEqual(alarm["kind"], "ROLLBACK")

    def test_a_forked_tree(self):
        alarm = self.alarm(lambda _, body: body, self.seen("fork.state"), self.fork)
        self.assertEqual(alarm["kind"], "EQUIVOCATION")
        self.assertIn("signed a tree of size", self.done("verify", alarm["proof"], "--trust", self.trust).out)

    def test_a_checkpoint_that_nobody_signed(self):
        def lie(path, body):
            lines = body.split(b"\n")
            return b"\n".join([lines[0], str(int(lines[1]) - 1).encode(), *lines[2:]]) if path == "/checkpoint" else body

        self.assertEqual(self.alarm(lie)["kind"], "UNTRUSTED")

    def test_a_tile_that_is_not_the_trees(self):
        """Hash tiles are needed for proofs alone: a witness that fetches is not deceived by one."""
        state = self.seen("tile.state")
        self.say(self.ledger)
        with served(self.ledger) as honest, liar(honest, lambda path, body: bytes(len(body)) if path.startswith("/tile/0") else body) as url:
            self.assertEqual(self.looks(url, state, 0)["alarms"], [], "entries are what a monitor hashes")


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[1:]], verbosity=2)
