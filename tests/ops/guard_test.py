"""What the program does so that nobody finds a secret lying about: core dumps, other processes of the same
user, file modes, master keys outside the directory; and what `doctor` sees when it is not so.
"""

import json
import os
import pathlib
import resource
import shutil
import signal
import stat
import subprocess
import time
import unittest

import program
from program import ProgramTest, new_ledger, new_publisher, run, served

NOBODY = 65534
HEX = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n"
MODULE = pathlib.Path("/usr/lib/softhsm/libsofthsm2.so")
PIN = "246813"


def is_open(path):
    """Whether others than the owner may do anything with it."""
    return stat.S_IMODE(path.lstat().st_mode) & 0o077 != 0


def allow_core_dumps():
    try:
        resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    except (ValueError, PermissionError):
        hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
        resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))


def start_serving(test, data, cwd, prepare):
    """`oppiloki serve` with something done between fork and exec; and the lines until it serves."""
    process = subprocess.Popen([program.PROGRAM, "serve", "--data", str(data), "--listen", "127.0.0.1:0"],
                               stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, cwd=cwd, preexec_fn=prepare)
    test.addCleanup(lambda: process.returncode is None and end(process, signal.SIGKILL))
    lines = []
    for line in process.stderr:
        lines.append(line)
        if "http://" in line:
            return process, "".join(lines)
    raise AssertionError(f"serve did not start: {''.join(lines)}")


def end(process, number):
    """Its wait status after the signal."""
    process.send_signal(number)
    status = os.waitpid(process.pid, 0)[1]
    process.returncode = status
    process.stderr.close()
    return status


class Guarded(ProgramTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.data = cls.folder / "ledger"
        new_ledger(cls.data)

    def test_a_crash_leaves_no_core_dump_even_where_they_are_allowed(self):
        place = self.folder / "crash"
        place.mkdir()
        process, _ = start_serving(self, self.data, place, allow_core_dumps)
        limits = pathlib.Path(f"/proc/{process.pid}/limits").read_text(encoding="ascii")
        self.assertRegex(limits, r"Max core file size +0 +0 ")
        status = end(process, signal.SIGABRT)
        self.assertTrue(os.WIFSIGNALED(status))
        self.assertEqual(os.WTERMSIG(status), signal.SIGABRT)
        self.assertFalse(os.WCOREDUMP(status))
        self.assertEqual(list(place.iterdir()), [])
        # The same crash of a program that does nothing about it, so that this test could fail.
        other = subprocess.Popen(["sleep", "60"], cwd=place, preexec_fn=allow_core_dumps)
        other.send_signal(signal.SIGABRT)
        dumped = os.WCOREDUMP(os.waitpid(other.pid, 0)[1])
        other.returncode = -signal.SIGABRT
        if not dumped:
            self.skipTest("this machine writes no core dumps at all, so the comparison is missing")

    def as_nobody(self, memlock):
        """What a service under its own user is: no rights of root."""
        if os.geteuid() != 0:
            self.skipTest("only root can start a program as somebody else")
        data = self.folder / "of-nobody"
        if not data.exists():
            self.folder.chmod(0o755)
            shutil.copytree(self.data, data, ignore=shutil.ignore_patterns("control"))
            for path in [data, *data.rglob("*")]:
                os.chown(path, NOBODY, NOBODY)

        def prepare():
            resource.setrlimit(resource.RLIMIT_MEMLOCK, (memlock, memlock))
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)

        try:
            subprocess.run([program.PROGRAM, "--version"], preexec_fn=prepare, check=True, capture_output=True)
        except (PermissionError, OSError):
            self.skipTest("another user may not run the program from here")
        return start_serving(self, data, "/", prepare)

    def test_another_process_of_the_same_user_cannot_look_into_its_memory(self):
        process, _ = self.as_nobody(1 << 20)
        # The files of a process that may be looked into belong to its user.
        self.assertEqual(os.stat(f"/proc/{process.pid}/mem").st_uid, 0)
        as_nobody = {"user": NOBODY, "group": NOBODY, "extra_groups": [], "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}

        def look(pid):
            return subprocess.run(["cat", f"/proc/{pid}/environ"], check=False, cwd="/", **as_nobody).returncode

        other = subprocess.Popen(["sleep", "60"], cwd="/", **as_nobody)
        self.addCleanup(lambda: (other.kill(), other.wait()))
        self.assertEqual(look(other.pid), 0)  # so that this test could fail
        self.assertNotEqual(look(process.pid), 0)

    def test_a_low_limit_of_locked_memory_is_said_at_the_start_with_what_mends_it(self):
        _, said = self.as_nobody(1 << 20)
        self.assertRegex(said, r"warning: only 1 MiB of memory may be locked.*LimitMEMLOCK=1G.*ulimit -l")

    def test_nothing_it_writes_can_be_read_by_others_whatever_the_umask_is(self):
        before = os.umask(0)
        try:
            data = self.folder / "open"
            new_ledger(data)
            key = new_publisher(data, self.folder, "open-school", "PROVIDER")
            events = self.folder / "year.ndjson"
            self.done("generate", "--pupils", 45, "--days", 20, "--seed", 1, "--out", events)
            receipts = self.folder / "receipts"
            run("publish", "--data", data, "--key", key, "--receipts", receipts, events)
            self.done("rebuild", "--data", data, "--repair")
        finally:
            os.umask(before)
        public = data / "trust.policy"
        self.assertEqual(stat.S_IMODE(public.stat().st_mode), 0o644)
        for path in [data, *data.rglob("*"), key, events, receipts]:
            if path != public:
                self.assertFalse(is_open(path), path)


class Doctor(ProgramTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.whole = cls.folder / "whole"
        new_ledger(cls.whole)

    def setUp(self):
        self.data = self.folder / self.id().rsplit(".", 1)[-1]
        shutil.copytree(self.whole, self.data)

    def found(self, check, code):
        """The findings of one check."""
        report = self.exits(code, "doctor", "--data", self.data, "--json").json()
        self.assertEqual(report["healthy"], code == 0)
        return [f for f in report["findings"] if f["check"] == check]

    def test_a_new_ledger_is_healthy(self):
        report = self.done("doctor", "--data", self.data, "--json").json()
        self.assertEqual(report["wrong"], 0)
        checks = {f["check"] for f in report["findings"]}
        self.assertLessEqual({"version", "core dumps", "locked memory", "swap", "clock", "permissions", "owner", "settings", "keys",
                              "master key", "disk", "clock and files"}, checks)
        text = self.done("doctor", "--data", self.data).out
        self.assertRegex(text, r"(?m)^good +master key +the file keys/master.key: there and usable$")
        self.assertRegex(text, r"(?m)^0 wrong, \d warnings$")

    def test_the_machine_is_examined_without_a_ledger(self):
        self.assertIn("core dumps", self.done("doctor").out)

    def test_a_ledger_that_is_served_is_examined_too(self):
        with served(self.data):
            self.done("doctor", "--data", self.data)

    def test_what_is_open_to_others_is_found_and_the_command_that_is_shown_mends_it(self):
        (self.data / "log" / "CURRENT").chmod(0o644)
        (finding,) = self.found("permissions", 0)
        self.assertEqual(finding["level"], "warning")
        self.data.chmod(0o755)
        (finding,) = self.found("permissions", 1)
        self.assertEqual(finding["level"], "wrong")
        self.assertIn("2 of ", finding["message"])
        subprocess.run(finding["mend"], shell=True, check=True)
        (finding,) = self.found("permissions", 0)
        self.assertEqual(finding["level"], "good")

    def test_a_public_file_that_others_can_change_is_found(self):
        (self.data / "trust.policy").chmod(0o666)
        self.assertEqual(self.found("permissions", 0)[0]["level"], "warning")

    def test_a_file_of_another_user_is_found(self):
        if os.geteuid() != 0:
            self.skipTest("only root can give a file away")
        os.chown(self.data / "log" / "CURRENT", NOBODY, NOBODY)
        (finding,) = self.found("owner", 1)
        subprocess.run(finding["mend"], shell=True, check=True)
        self.done("doctor", "--data", self.data)
        os.chown(self.data, NOBODY, NOBODY)
        self.assertIn(f"sudo -u '#{NOBODY}'", self.exits(3, "doctor", "--data", self.data).err)

    def test_each_key_that_is_open_missing_or_anothers_is_named(self):
        keys = self.data / "keys"
        (keys / "registrar.key").chmod(0o640)
        (keys / "ledger.key").unlink()
        shutil.copy2(self.whole / "keys" / "registrar.key", keys / "operator.key")
        findings = self.found("keys", 1)
        self.assertEqual([f["level"] for f in findings], ["wrong"] * 3)
        self.assertEqual(findings[0]["mend"], f"chmod 600 {keys / 'registrar.key'}")
        self.assertIn("ledger.key", findings[1]["message"])
        self.assertIn("operator.key is the key of another name", findings[2]["message"])

    def test_a_master_key_that_cannot_be_used_is_wrong(self):
        (self.data / "keys" / "master.key").write_text("nonsense\n", encoding="ascii")
        self.assertIn("64 hex digits", self.found("master key", 1)[0]["message"])
        (self.data / "keys" / "master.key").unlink()
        self.assertIn("no key file", self.found("master key", 1)[0]["message"])

    def test_settings_that_cannot_be_read_are_wrong(self):
        with open(self.data / "ledger.toml", "a", encoding="ascii") as settings:
            settings.write("colour = 1\n")
        self.assertIn("colour", self.found("settings", 1)[0]["message"])

    def test_a_file_from_the_future_shows_that_the_clock_went_back(self):
        ahead = time.time() + 3600
        os.utime(self.data / "lock" / "checkpoint", (ahead, ahead))
        (finding,) = self.found("clock and files", 1)
        self.assertRegex(finding["message"], r"written 3[56]\d\d seconds in the future")

    def test_where_there_is_no_ledger_there_is_none_to_examine(self):
        self.exits(2, "doctor", "--data", self.folder / "nowhere")
        (self.data / "ledger.toml").unlink()
        self.exits(2, "doctor", "--data", self.data)


class MasterKeys(ProgramTest):
    def init(self, name, master, code=0, **environment):
        before = dict(os.environ)
        os.environ.update({k: str(v) for k, v in environment.items()})
        try:
            data = self.folder / name
            ran = self.exits(code, "init", "--data", data, "--origin", "test.oppiloki.example/log", "--master", master)
            if code == 0:
                self.done("fsck", "--data", data)
                self.done("doctor", "--data", data)
            return data, ran
        finally:
            os.environ.clear()
            os.environ.update(before)

    def test_a_file_outside_the_ledger_directory(self):
        key = self.folder / "elsewhere.key"
        data, ran = self.init("file", f"file:{key}")
        self.assertIn(f"Keep the file {key} apart", ran.err)
        self.assertFalse((data / "keys" / "master.key").exists())
        self.assertEqual(stat.S_IMODE(key.stat().st_mode), 0o600)
        key.chmod(0o644)
        self.assertIn(f"chmod 600 {key}", self.exits(3, "fsck", "--data", data).err)

    def test_a_credential_of_systemd(self):
        credentials = self.folder / "credentials"
        credentials.mkdir()
        _, ran = self.init("credential", "systemd", code=2, CREDENTIALS_DIRECTORY=credentials)
        self.assertIn("systemd-creds encrypt --name=oppiloki-master", ran.err)
        (credentials / "oppiloki-master").write_text(HEX, encoding="ascii")
        (credentials / "oppiloki-master").chmod(0o400)
        data, _ = self.init("credential", "systemd", CREDENTIALS_DIRECTORY=credentials)
        self.assertIn("LoadCredentialEncrypted=oppiloki-master", self.exits(2, "fsck", "--data", data).err)
        self.assertNotIn(HEX.strip().encode(), b"".join(p.read_bytes() for p in data.rglob("*") if p.is_file()))

    def test_a_token(self):
        if not MODULE.exists() or not shutil.which("softhsm2-util"):
            self.skipTest("SoftHSM is not installed; run: ops/setup")
        (self.folder / "tokens").mkdir()
        conf = self.folder / "softhsm2.conf"
        conf.write_text(f"directories.tokendir = {self.folder / 'tokens'}\n", encoding="ascii")
        pin = self.folder / "pin"
        pin.write_text(PIN + "\n", encoding="ascii")
        pin.chmod(0o600)
        subprocess.run(["softhsm2-util", "--init-token", "--free", "--label", "vault", "--so-pin", "97531975", "--pin", PIN],
                       env=dict(os.environ, SOFTHSM2_CONF=str(conf)), check=True, capture_output=True)
        uri = f"pkcs11:token=vault;object=master?module-path={MODULE}&pin-source=file:{pin}"
        data, ran = self.init("token", uri, SOFTHSM2_CONF=conf)
        self.assertIn("the key master on the token vault", ran.err)
        settings = (data / "ledger.toml").read_text(encoding="utf-8")
        self.assertIn('master = "pkcs11"', settings)
        self.assertNotIn(PIN, settings)
        self.assertIn("no token called vault is present", self.exits(4, "fsck", "--data", data).err)

    def test_a_move_to_another_place(self):
        data = self.folder / "moving"
        new_ledger(data)
        key = self.folder / "moved.key"
        with served(data):
            self.exits(4, "rotate", "vault-master", "--data", data, "--to", f"file:{key}")
        moved = self.done("rotate", "vault-master", "--data", data, "--to", f"file:{key}", "--json").json()
        self.assertEqual(moved, {"master": f"the file {key}", "before": "the file keys/master.key"})
        (data / "keys" / "master.key").unlink()
        self.done("fsck", "--data", data)
        self.done("doctor", "--data", data)
        self.assertIn("already", self.exits(2, "rotate", "vault-master", "--data", data, "--to", f"file:{key}").err)
        with open(data / "ledger.toml", "a", encoding="ascii") as settings:
            settings.write('[vault_before]\nmaster = "file"\n')
        self.assertIn("unfinished", self.done("doctor", "--data", data).out)
        # Interrupted before its last step: the old key is not needed to finish it.
        self.done("rotate", "vault-master", "--data", data, "--to", f"file:{key}")
        self.assertNotIn("unfinished", self.done("doctor", "--data", data).out)

    def test_a_pin_on_the_command_line_is_refused_and_not_repeated(self):
        _, ran = self.init("pin", f"pkcs11:token=vault;object=master?module-path={MODULE}&pin-value={PIN}", code=2)
        self.assertNotIn(PIN, ran.err)
        self.init("what", "cloud", code=2)


if __name__ == "__main__":
    program.main()
