"""The real program, run the way a person or a script runs it: arguments in, exit code, stdout and stderr
out. Python's standard library only.
"""

import contextlib
import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import unittest

PROGRAM = os.environ.get("OPPILOKI", "")
SHARED = pathlib.Path(os.environ.get("OPPI_SHARED_DIR", "shared"))
SECONDS_MAX = 300

# Person numbers. No message, log line or file name may hold one.
PERSON = re.compile(r"1\.2\.246\.562\.24\.\d+")


class Ran:
    """What a run left behind."""

    def __init__(self, arguments, code, out, err):
        self.arguments, self.code, self.out, self.err = arguments, code, out, err

    def json(self):
        return json.loads(self.out)

    def __str__(self):
        return f"oppiloki {' '.join(self.arguments)}\nexit code {self.code}\nstderr: {self.err[-2000:]}\nstdout: {self.out[-2000:]}"


def run(*arguments, stdin=None, cwd=None, seconds=SECONDS_MAX):
    arguments = [str(a) for a in arguments]
    done = subprocess.run([PROGRAM, *arguments], input=stdin, capture_output=True, cwd=cwd, timeout=seconds, check=False)
    return Ran(arguments, done.returncode, done.stdout.decode(), done.stderr.decode())


class ProgramTest(unittest.TestCase):
    """A folder of its own for each class, and words for what a run should have done."""

    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="oppiloki-cli-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder)

    def exits(self, code, *arguments, **options):
        """Runs, expects the exit code, and that stderr names no person."""
        ran = run(*arguments, **options)
        self.assertEqual(ran.code, code, ran)
        self.assertIsNone(PERSON.search(ran.err), f"a person number in stderr of {ran.arguments[:1]}")
        return ran

    def done(self, *arguments, **options):
        return self.exits(0, *arguments, **options)


def new_ledger(data, *options):
    """A ledger for test data; returns its verifier key."""
    ran = run("init", "--data", data, "--origin", "test.oppiloki.example/log", "--no-check-digits", *options)
    assert ran.code == 0, ran
    return ran.out.strip()


def new_publisher(data, folder, name, role, *options):
    """A key file of a registered publisher."""
    key = folder / f"{name}.key"
    made = run("key", "new", "--out", key, "--name", name)
    assert made.code == 0, made
    added = run("publisher", "add", "--data", data, "--name", name, "--role", role, "--key", made.out.strip(), *options)
    assert added.code == 0, added
    return key


@contextlib.contextmanager
def served(data, *options):
    """`oppiloki serve` on a free port; gives its URL and ends it with the signal of Ctrl-C."""
    process = subprocess.Popen([PROGRAM, "serve", "--data", str(data), "--listen", "127.0.0.1:0", *options],
                               stderr=subprocess.PIPE, text=True)
    lines = []
    try:
        url = None
        for line in process.stderr:
            lines.append(line)
            found = re.search(r"http://[0-9.]+:\d+", line)
            if found:
                url = found.group()
                break
        assert url, f"serve printed no address: {''.join(lines)}"
        yield url
    finally:
        process.send_signal(signal.SIGINT)
        try:
            rest = process.communicate(timeout=60)[1]
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            raise
    assert process.returncode == 0, f"serve ended with {process.returncode}: {''.join(lines)}{rest}"
    assert PERSON.search("".join(lines) + rest) is None, "a person number in the log of serve"


def request(url, method, path, body=None, headers=None):
    """Status, content type and body of one HTTP request."""
    host, port = url.removeprefix("http://").split(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=60)
    try:
        connection.request(method, path, body=body, headers=headers or {})
        response = connection.getresponse()
        return response.status, response.getheader("Content-Type", ""), response.read()
    finally:
        connection.close()


def main():
    unittest.main(verbosity=2)
