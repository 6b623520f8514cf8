"""The commands that README.md and docs/*.md show are run, so that they stay true.

Each document is read as one session in a folder of its own that holds a small demo ledger in var/demo, as
`ops/run --once` leaves one. Every command of its ```sh blocks must end with exit code 0, or with the one that its
comment announces ("# exit code 1"). A command that serves is kept running for as long as the blocks that
follow talk to it, then ended as Ctrl-C would. Scripts of the repository (ops/..., build/...) install and build,
which is not done here: house.documents checks that they are there.
"""

import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import unittest

from program import PROGRAM, run

ROOT = pathlib.Path(__file__).resolve().parents[2]
BLOCK = re.compile(r"^```sh\n(.*?)^```\s*$", re.MULTILINE | re.DOTALL)
SETTINGS = re.compile(r"^(\$ )?([A-Z_]+=\S* )*")
NOT_HERE = ("ops/", ".ci/", "build/", "apt-get ", "sudo ", "npx ", "node ")  # the last two: tests/interop
ADDRESS = "127.0.0.1:8080"
SECONDS_MAX = 120


def commands(block):
    """Commands of a block: continued lines and here-documents belong to the line that began them."""
    lines = block.splitlines()
    while lines:
        command = lines.pop(0)
        while command.endswith("\\"):
            command += "\n" + lines.pop(0)
        here = re.search(r"<<'?(\w+)'?", command)
        while here and not command.endswith("\n" + here.group(1)):
            command += "\n" + lines.pop(0)
        if command.strip() and not command.startswith("#"):
            yield command


def expected_code(command):
    announced = re.search(r"#.*exit code (\d)", command)
    return int(announced.group(1)) if announced else 0


class Session:
    """One document's shell: variables that were set stay set, a server lives as long as it is talked to."""

    def __init__(self, folder):
        self.folder, self.assignments, self.server = folder, [], None
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.address = f"127.0.0.1:{free.getsockname()[1]}"
        self.environment = dict(os.environ, PATH=f"{pathlib.Path(PROGRAM).parent}:{os.environ['PATH']}")

    def script(self, command):
        return "\n".join(["set -u", *self.assignments, command.replace(ADDRESS, self.address)])

    def run(self, command):
        if re.match(r"oppiloki serve\b|oppiloki demo(?!.*--once)", command):
            return self.serve(command)
        if re.match(r"(export )?[A-Z_]+=", command):
            self.assignments.append(command)
        done = subprocess.run(["bash", "-c", self.script(command)], cwd=self.folder, env=self.environment, capture_output=True, text=True,
                              timeout=SECONDS_MAX, check=False)
        wanted = expected_code(command)
        if done.returncode == wanted:
            return None
        return f"exit code {done.returncode}, expected {wanted}: {command}\n{done.stdout[-1500:]}{done.stderr[-1500:]}"

    def serve(self, command):
        self.stop()
        self.server = subprocess.Popen(["bash", "-c", self.script("exec " + command)], cwd=self.folder, env=self.environment,
                                       stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        said = ""
        for line in self.server.stderr:
            said += line
            if "http://" in line:
                return None
        return f"did not serve: {command}\n{said}"

    def stop(self):
        if self.server is None:
            return None
        server, self.server = self.server, None
        server.send_signal(signal.SIGINT)
        try:
            server.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            server.kill()
            server.communicate()
            return "the server did not end"
        return None if server.returncode == 0 else f"the server ended with {server.returncode}"


class DocumentsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="oppiloki-docs-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        ran = run("demo", "--data", cls.folder / "demo", "--once", "--pupils", 45, "--days", 20)
        assert ran.code == 0, ran

    def test_every_command_that_a_document_shows_does_what_it_says(self):
        tried = 0
        for document in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]:
            blocks = BLOCK.findall(document.read_text(encoding="utf-8"))
            folder = self.folder / document.parent.name / document.stem
            (folder / "var").mkdir(parents=True)
            shutil.copytree(self.folder / "demo", folder / "var" / "demo")
            session = Session(folder)
            with self.subTest(document=document.name):
                try:
                    for block in blocks:
                        if ADDRESS not in block:
                            self.assertIsNone(session.stop())
                        for command in commands(block):
                            if not SETTINGS.sub("", command).startswith(NOT_HERE):
                                tried += 1
                                problem = session.run(command)
                                self.assertIsNone(problem, problem)
                finally:
                    self.assertIsNone(session.stop())
        self.assertGreater(tried, 30)


class CommandsTest(unittest.TestCase):
    def test_continued_lines_and_here_documents_are_one_command(self):
        block = "one \\\n  two\ncat > f <<'END'\n{}\nEND\nthree   # exit code 1\n# a remark\n"
        self.assertEqual(list(commands(block)), ["one \\\n  two", "cat > f <<'END'\n{}\nEND", "three   # exit code 1"])

    def test_a_comment_announces_the_exit_code(self):
        self.assertEqual([expected_code(c) for c in ("a", "a  # fails, exit code 1", "a # done")], [0, 1, 0])

    def test_a_wrong_command_is_noticed(self):
        with tempfile.TemporaryDirectory() as folder:
            session = Session(pathlib.Path(folder))
            self.assertIsNone(session.run("WORD=seen"))
            self.assertIsNone(session.run("test $WORD = seen"))
            self.assertIsNone(session.run("false  # exit code 1"))
            self.assertIn("exit code 2", session.run("oppiloki fsck --nonsense"))
            self.assertIn("exit code", session.run("no-such-program"))


if __name__ == "__main__":
    sys.exit(unittest.main(verbosity=2))
