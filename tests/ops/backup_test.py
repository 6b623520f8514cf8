"""Backups and restores from the outside: round trips, erasures that came after the backup, damage, copies
that still open what was erased.

Run by ctest; OPPILOKI names the program.
"""

import json
import os
import pathlib
import pty
import re
import shutil
import signal
import socket
import stat
import subprocess
import time
import unittest

import program
from program import ProgramTest, new_publisher, request, run, served

LEARNER = re.compile(r"urn:oid:1\.2\.246\.562\.24\.\d+")
# What a ledger loses that nothing but keys, vault, erasures and lock survives of.
LOST = ("ledger.toml", "log", "views", "trust.policy", "demo.now")
GIVEN_NAME = re.compile(r'"given_name": ?"([^"]+)"')


def bytes_below(folder):
    return b"".join(p.read_bytes() for p in sorted(pathlib.Path(folder).rglob("*")) if p.is_file())


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


class BackupTest(ProgramTest):
    """A small year in `ledger`, of which each test takes a copy of its own."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.made = cls.folder / "made"
        ran = run("demo", "--data", cls.made, "--once", "--pupils", 45, "--days", 5)
        assert ran.code == 0, ran
        settings = cls.made / "ledger.toml"
        settings.write_text(settings.read_text().replace("delay_hours = 24", "delay_hours = 0"))
        for name in ("anna", "bertta"):
            new_publisher(cls.made, cls.folder, name, "DPO", "--allow", "all")
        year = cls.folder / "year.ndjson"
        assert run("generate", "--pupils", 45, "--days", 5, "--seed", 1, "--out", year).code == 0
        cls.year = [json.loads(line) for line in year.read_text(encoding="utf-8").splitlines()]
        counted = {}
        for event in cls.year:
            found = LEARNER.match(event.get("subject", ""))
            if found:
                counted[found.group()] = counted.get(found.group(), 0) + 1
        cls.learners = sorted(counted, key=lambda learner: (-counted[learner], learner))

    def setUp(self):
        self.home = self.folder / self.id().rsplit(".", 1)[-1]
        self.home.mkdir()
        self.data = self.home / "ledger"
        shutil.copytree(self.made, self.data)
        (self.data / "lock" / "checkpoint").chmod(0o600)
        self.backup = self.home / "backup"

    def back_up(self, *options, to=None):
        return self.done("backup", "--data", self.data, "--out", to or self.backup, "--json", *options).json()

    def erase(self, learner, run_code=0):
        self.done("erase", "--data", self.data, "--learner", learner, "--class", "S2", "--ground", "REQUEST", "--as", "anna")
        waiting = self.done("erase", "--data", self.data, "--list", "--json").json()["requests"]
        for one in waiting:
            self.done("erase", "--data", self.data, "--decide", one["request"], "--accept", "--as", "bertta")
        ran = self.exits(run_code, "erase", "--data", self.data, "--run", "--json").json()
        self.assertEqual(len(ran["executed"]), 1, ran)
        self.request = ran["executed"][0]["request"]
        return ran

    def record(self, learner, data=None):
        """What is known, without the moment and the size it was asked at."""
        result = self.done("record", "--data", data or self.data, "--learner", learner, "--json").json()["result"]
        return {name: value for name, value in result.items() if name != "view"}

    def lose(self, *names):
        for name in names:
            path = self.data / name
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()

    def restored(self, *options, to=None):
        return self.done("restore", "--from", self.backup, "--data", to or self.data, "--json", *options).json()

    def is_clean(self, data):
        self.assertTrue(self.done("fsck", "--data", data, "--json").json()["clean"])
        self.assertTrue(self.done("rebuild", "--data", data, "--json").json()["identical"])

    def executions(self, data):
        """Of the request, as the learner's record of erasures shows them."""
        return self.done("erase", "--data", data, "--status", self.request, "--json").json()


class RoundTrip(BackupTest):
    def test_what_comes_back_is_what_was_there(self):
        learner = self.learners[0]
        before = self.record(learner)
        backup = self.back_up()
        self.assertEqual((backup["keys"], backup["master_key"], backup["erasures"]), (True, True, 0))
        again = self.home / "again"
        report = self.restored(to=again)
        self.assertEqual((report["size"], report["lost_entries"], report["erasures_done_again"]), (backup["size"], 0, 0))
        self.assertIn("no lock/checkpoint survived", report["warnings"][0])
        self.is_clean(again)
        self.assertEqual(self.record(learner, again), before)
        # Both take in more: neither depends on the other.
        for data in (self.data, again):
            self.done("publisher", "list", "--data", data)
            new_publisher(data, self.home, f"later-{data.name}", "PROVIDER")
        self.is_clean(again)
        self.is_clean(self.data)

    def test_nobody_else_can_read_a_backup_and_no_name_is_in_it(self):
        self.back_up()
        everything = [self.backup, *self.backup.rglob("*")]
        for path in everything:
            wanted = 0o700 if path.is_dir() else 0o644 if path.name == "trust.policy" else 0o600
            self.assertEqual(stat.S_IMODE(path.stat().st_mode), wanted, path)
        self.assertFalse([p for p in everything if p.name in ("views", "lock")])
        names = {m for e in self.year for m in GIVEN_NAME.findall(json.dumps(e, ensure_ascii=False)) if len(m) > 5}
        held = bytes_below(self.backup)
        self.assertGreater(len(names), 3)
        self.assertEqual([n for n in names if n.encode() in held], [])
        self.assertNotIn(self.learners[0].encode(), held)
        subprocess.run(["sha256sum", "--check", "--quiet", "log.sha256", "state-1.sha256"], cwd=self.backup, check=True)

    def test_without_keys_it_needs_the_keys_that_survived(self):
        backup = self.back_up("--without-keys")
        self.assertEqual((backup["keys"], backup["master_key"]), (False, False))
        self.assertFalse([p for p in self.backup.rglob("*.key") if not p.name.startswith("generation-")])
        again = self.home / "again"
        self.assertIn("without keys", self.exits(2, "restore", "--from", self.backup, "--data", again).err)
        shutil.copytree(self.data / "keys", again / "keys", dirs_exist_ok=True)
        (again / "keys" / "master.key").unlink()
        self.assertIn("master", self.exits(2, "restore", "--from", self.backup, "--data", again).err)
        shutil.copy2(self.data / "keys" / "master.key", again / "keys" / "master.key")
        self.restored(to=again)
        self.is_clean(again)

    def test_a_directory_is_used_once(self):
        self.back_up()
        self.assertIn("already", self.exits(2, "backup", "--data", self.data, "--out", self.backup).err)
        self.assertIn("own directory", self.exits(2, "backup", "--data", self.data, "--out", self.data / "b").err)
        self.assertIn("a ledger in", self.exits(2, "restore", "--from", self.backup, "--data", self.data).err)
        self.assertIn("--out", self.exits(2, "backup", "--data", self.data).err)

    def test_paths_are_as_seen_from_where_one_stands(self):
        made = self.done("backup", "--data", "ledger", "--out", "new", "--json", cwd=self.home).json()
        self.assertEqual(made["backup"], str(self.home.resolve() / "new"))
        self.done("backup", "refresh", "--data", "ledger", "./new/", cwd=self.home)
        self.assertEqual(len(self.done("backup", "list", "--data", self.data, "--json").json()["backups"]), 1)
        self.done("restore", "--from", "new", "--data", "again", cwd=self.home)
        self.is_clean(self.home / "again")

    def test_a_lost_log_comes_back_beside_what_survived(self):
        self.back_up()
        self.lose(*LOST)
        report = self.restored()
        self.assertEqual((report["vault"], report["warnings"]), ("the one that survived", []))
        self.is_clean(self.data)


class Erasures(BackupTest):
    def test_an_erasure_after_the_backup_is_done_again_before_anybody_can_ask(self):
        learner, other = self.learners[:2]
        kept = self.record(other)
        self.back_up()
        execution = self.erase(learner)["executed"][0]["execution"]
        erased = self.record(learner)
        self.assertIn("ERASED", json.dumps(erased))
        self.lose(*LOST)
        refused = self.exits(5, "restore", "--from", self.backup, "--data", self.data)
        named = re.search(r"--lost-entries (\d+)", refused.err)
        self.assertIsNotNone(named, refused)
        self.assertIn("contradicts", refused.err)
        self.assertFalse((self.data / "ledger.toml").exists())
        self.assertFalse((self.data / "restoring").exists())
        self.exits(5, "restore", "--from", self.backup, "--data", self.data, "--lost-entries", int(named.group(1)) + 1)
        report = self.restored("--lost-entries", named.group(1))
        self.assertEqual(report["erasures_done_again"], 1)
        self.assertEqual(report["lost_entries"], int(named.group(1)))
        self.assertTrue(list((self.data / "lock").glob("abandoned-*")))
        self.is_clean(self.data)
        self.assertEqual(self.record(other), kept)
        # The execution was recorded again, under its own id: every item says so as it did before.
        self.assertEqual(self.record(learner), erased)
        self.assertIn(execution, json.dumps(erased))
        self.nothing_erased_is_taken_in_again(learner)

    def nothing_erased_is_taken_in_again(self, learner):
        """What the school sends once more is a duplicate or barred; nothing opens again."""
        erased = json.dumps(self.record(learner)).count("ERASED")
        shutil.copy2(self.made / "demo.now", self.data)  # the same year again, not another
        # What is barred is rejected, and the demonstration says so by its exit code.
        sent = json.loads(self.exits(1, "demo", "--data", self.data, "--once", "--pupils", 45, "--days", 5).out.strip().splitlines()[-1])
        self.assertEqual(sent["accepted"], 0)
        self.assertGreater(sent["rejected"], 10)
        self.assertGreaterEqual(json.dumps(self.record(learner)).count("ERASED"), erased)
        self.assertTrue(self.done("fsck", "--data", self.data, "--json").json()["clean"])

    def test_the_same_from_the_backup_alone_when_it_was_refreshed(self):
        learner, other = self.learners[:2]
        kept = self.record(other)
        self.back_up()
        old_key = next(self.backup.rglob("generation-1.key")).read_bytes()
        self.assertNotIn("copies", self.erase(learner))
        self.assertFalse(list(self.backup.rglob("generation-1.key")))
        self.assertNotIn(old_key, bytes_below(self.backup))
        self.assertTrue(list(self.backup.rglob("generation-2.key")))
        self.assertTrue(self.executions(self.data)["verified"])
        again = self.home / "again"
        report = self.restored(to=again)
        self.assertEqual((report["vault"], report["erasures"], report["erasures_done_again"]), ("from the backup", 1, 1))
        self.assertIn("the erasure list shows", " ".join(report["warnings"]))
        self.is_clean(again)
        self.assertIn("ERASED", json.dumps(self.record(learner, again)))
        self.assertEqual(self.record(other, again), kept)

    def test_a_list_with_a_missing_or_damaged_record_is_refused(self):
        self.back_up()
        for learner in self.learners[:2]:
            self.erase(learner)
        first = sorted((self.data / "erasures").glob("*.erasure"))[0]
        whole = first.read_bytes()
        self.lose(*LOST, "lock/checkpoint")
        shutil.rmtree(self.backup / "erasures")
        first.unlink()
        self.assertIn("record 1 is missing", self.exits(5, "restore", "--from", self.backup, "--data", self.data).err)
        first.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
        first.chmod(0o600)
        self.assertIn("record 1 does not open", self.exits(5, "restore", "--from", self.backup, "--data", self.data).err)
        first.write_bytes(whole)
        self.assertEqual(self.restored()["erasures_done_again"], 2)

    def test_an_old_vault_is_not_taken_for_later_erasures(self):
        self.back_up()
        away = self.home / "away"
        shutil.copytree(self.backup, away)
        self.erase(self.learners[0])
        self.erase(self.learners[1])
        self.lose(*LOST, "vault", "lock")
        # The copy that nobody refreshed: its vault is two generations behind the list.
        ran = self.exits(5, "restore", "--from", away, "--data", self.data)
        self.assertIn("older than an erasure", ran.err)


class Copies(BackupTest):
    def test_a_copy_out_of_reach_is_named_and_nothing_is_certified(self):
        self.back_up()
        away = self.home / "away"
        self.backup.rename(away)
        ran = self.erase(self.learners[0], run_code=1)
        self.assertEqual(len(ran["copies"]), 1)
        self.assertIn(str(self.backup), ran["copies"][0])
        status = self.executions(self.data)
        self.assertIsNone(status["verified"])
        self.assertIn(str(self.backup), status["copies"][0])
        listed = self.exits(1, "backup", "list", "--data", self.data, "--json").json()["backups"]
        self.assertEqual([(b["path"], b["up_to_date"]) for b in listed], [(str(self.backup), False)])
        doctor = self.done("doctor", "--data", self.data, "--json").json()
        found = [f for f in doctor["findings"] if f["check"] == "backups"]
        self.assertEqual([f["level"] for f in found], ["warning"])
        self.assertIn(str(self.backup), found[0]["message"])
        # It comes back; the next run refreshes it by itself and certifies.
        away.rename(self.backup)
        self.assertNotIn("copies", self.done("erase", "--data", self.data, "--run", "--json").json())
        self.assertTrue(self.executions(self.data)["verified"])
        self.done("backup", "list", "--data", self.data)
        self.assertFalse(list(self.backup.rglob("generation-1.key")))

    def test_a_copy_that_was_destroyed_is_forgotten(self):
        self.back_up()
        self.assertIn("still in", self.exits(2, "backup", "forget", "--data", self.data, self.backup).err)
        shutil.rmtree(self.backup)
        self.erase(self.learners[0], run_code=1)
        self.done("backup", "forget", "--data", self.data, self.backup)
        self.assertIn("no backup", self.exits(2, "backup", "forget", "--data", self.data, self.backup).err)
        self.done("erase", "--data", self.data, "--run")
        self.assertTrue(self.executions(self.data)["verified"])

    def test_a_copy_of_a_backup_is_refreshed_where_it_is(self):
        self.back_up()
        away = self.home / "away"
        shutil.copytree(self.backup, away)
        self.erase(self.learners[0])
        self.assertTrue(list(away.rglob("generation-1.key")))
        self.assertEqual(self.done("backup", "refresh", "--data", self.data, away, "--json").json()["generation"], 2)
        self.assertFalse(list(away.rglob("generation-1.key")))
        self.assertEqual(len(self.done("backup", "list", "--data", self.data, "--json").json()["backups"]), 2)
        self.exits(2, "backup", "refresh", "--data", self.data, self.home / "nowhere")


class Damaged(BackupTest):
    def test_each_damage_is_named(self):
        self.back_up()
        again = self.home / "again"
        table = max(self.backup.glob("log/*.sst"), key=lambda p: p.stat().st_size)
        for path in (table, self.backup / "log.sha256", self.backup / "manifest", next(self.backup.rglob("generation-1.key")),
                     self.backup / "state-1" / "ledger.toml"):
            whole = path.read_bytes()
            os.unlink(path)  # tables are shared with the ledger
            path.write_bytes(whole[:50] + bytes([whole[50] ^ 1]) + whole[51:])
            path.chmod(0o600)
            said = self.exits(5, "restore", "--from", self.backup, "--data", again).err
            self.assertIn("manifest" if path.name == "manifest" else path.name, said)
            self.assertFalse((again / "ledger.toml").exists())
            path.write_bytes(whole)
        os.unlink(table)
        self.assertIn("missing", self.exits(5, "restore", "--from", self.backup, "--data", again).err)

    def test_two_backups_do_not_mix(self):
        self.back_up()
        new_publisher(self.data, self.home, "more", "PROVIDER")
        later = self.home / "later"
        self.back_up(to=later)
        shutil.rmtree(later / "log")
        shutil.copytree(self.backup / "log", later / "log")
        again = self.home / "again"
        self.assertIn("mixed", self.exits(5, "restore", "--from", later, "--data", again).err)
        shutil.copy2(self.backup / "log.sha256", later / "log.sha256")
        self.assertIn("of another backup", self.exits(5, "restore", "--from", later, "--data", again).err)
        self.exits(2, "restore", "--from", self.home, "--data", again)

    def test_another_ledgers_backup_is_refused(self):
        other = self.home / "other"
        program.new_ledger(other)
        theirs = self.home / "theirs"
        self.done("backup", "--data", other, "--out", theirs)
        self.lose(*LOST)
        self.assertIn("another ledger", self.exits(5, "restore", "--from", theirs, "--data", self.data).err)
        self.back_up_of_other_is_not_refreshed(theirs)

    def back_up_of_other_is_not_refreshed(self, theirs):
        again = self.home / "again"
        shutil.copytree(self.made, again)
        self.exits(5, "backup", "refresh", "--data", again, theirs)


class Killed(BackupTest):
    """kill -9, at moments spread over the whole of it: what is left is found, said, and never taken for more."""

    def killed(self, begun, after, *arguments):
        """Runs, and kills so many seconds after the path `begun` is there (None: never). How long it ran from then on."""
        process = subprocess.Popen([program.PROGRAM, *(str(a) for a in arguments)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while not begun.exists() and process.poll() is None:
            pass
        start = time.monotonic()
        if after is not None:
            time.sleep(after)
            process.kill()
        process.wait(timeout=120)
        return time.monotonic() - start

    def test_a_backup(self):
        whole = self.home / "whole"
        seconds = self.killed(whole / "unfinished", None, "backup", "--data", self.data, "--out", whole)
        unfinished = 0
        for step in range(10):
            out = self.home / f"backup-{step}"
            self.killed(out / "unfinished", seconds * step / 10, "backup", "--data", self.data, "--out", out)
            listed = run("backup", "list", "--data", self.data, "--json")
            known = {b["path"]: b for b in listed.json()["backups"]}
            again = self.home / f"again-{step}"
            if not (out / "manifest").exists():
                unfinished += 1
                refused = self.exits(2, "restore", "--from", out, "--data", again)
                self.assertIn("never finished", refused.err)
                self.assertFalse(again.exists())
                if os.listdir(out) != ["unfinished"]:
                    self.assertEqual((listed.code, known[str(out)]["whole"]), (1, False))
                    found = [f for f in self.done("doctor", "--data", self.data, "--json").json()["findings"] if f["check"] == "backups"]
                    self.assertIn("was interrupted", found[0]["message"])
                    self.assertIn("forget", found[0]["mend"])
                # The same command again begins anew.
                self.done("backup", "--data", self.data, "--out", out)
            self.done("restore", "--from", out, "--data", again)
            if step % 5 == 0:
                self.is_clean(again)
            shutil.rmtree(again)
        self.assertGreater(unfinished, 0, "it was never killed half-way")
        # One more that is left lying: an erasure run destroys what is in it, and certifies.
        self.killed(self.backup / "state-1", 0, "backup", "--data", self.data, "--out", self.backup)
        self.erase(self.learners[0])
        self.assertTrue(self.executions(self.data)["verified"])
        self.assertFalse(list(self.home.rglob("generation-1.key")))
        self.assertFalse((self.data / "backup.stage").exists())

    def test_a_restore(self):
        learner = self.learners[0]
        self.back_up()
        self.erase(learner)
        erased = self.record(learner)
        self.lose(*LOST)
        survived = self.home / "survived"
        self.data.rename(survived)
        lost = re.search(r"--lost-entries (\d+)", self.exits(5, "restore", "--from", self.backup, "--data", survived).err).group(1)
        kept = {p: p.read_bytes() for p in survived.rglob("*") if p.is_file() and "vault/rows" not in str(p)}
        half, placed = 0, 0
        for begun in ("restoring", "restoring/placing"):
            seconds = None
            for step in range(-1, 8):
                data = self.home / "data"
                shutil.copytree(survived, data)
                command = ("restore", "--from", self.backup, "--data", data, "--lost-entries", lost)
                took = self.killed(data / begun, None if seconds is None else seconds * step / 8, *command)
                seconds = seconds or took
                if (data / "ledger.toml").exists():
                    placed += 1
                    self.assertIn("a ledger in", self.exits(2, *command).err)
                else:
                    half += 1
                    # Nobody takes it for a ledger.
                    self.assertIn("interrupted", self.exits(2, "doctor", "--data", data).err)
                    self.assertIn("interrupted", self.exits(2, "serve", "--data", data, "--listen", "127.0.0.1:0").err)
                    self.assertIn("interrupted", self.exits(2, "init", "--data", data, "--origin", "other.example/log").err)
                    for path, content in kept.items():
                        still = data / path.relative_to(survived)
                        self.assertTrue(path.name == "checkpoint" or still.read_bytes() == content, path)
                    self.assertEqual(self.done(*command, "--json").json()["lost_entries"], int(lost))
                # The erasure came later than the backup; no moment of the restore may have lost it.
                self.assertEqual(self.record(learner, data), erased)
                self.assertFalse((data / "restoring").exists())
                if step == 4:
                    self.is_clean(data)
                shutil.rmtree(data)
        self.assertGreater(half, 1)
        self.assertGreater(placed, 2)


class Served(BackupTest):
    def test_a_served_ledger_is_backed_up_without_a_pause(self):
        with served(self.data) as url:
            before = request(url, "GET", "/checkpoint")[2]
            made = self.back_up()
            self.assertEqual(made["size"], int(before.split(b"\n")[1]))
            self.assertIn("already", self.exits(2, "backup", "--data", self.data, "--out", self.backup).err)
            self.done("backup", "refresh", "--data", self.data, self.backup)
            listed = self.done("backup", "list", "--data", self.data, "--json").json()
            self.assertEqual([b["path"] for b in listed["backups"]], [str(self.backup)])
            self.assertEqual(stat.S_IMODE((self.data / "lock" / "control").stat().st_mode), 0o600)
        self.assertFalse((self.data / "lock" / "control").exists())
        again = self.home / "again"
        self.restored(to=again)
        self.is_clean(again)

    def test_progress_is_shown_of_a_backup_that_the_server_makes(self):
        with served(self.data):
            ours, theirs = pty.openpty()
            done = subprocess.run([program.PROGRAM, "backup", "--data", str(self.data), "--out", str(self.backup)], stdout=subprocess.DEVNULL,
                                  stderr=theirs, timeout=60, check=False)
            os.close(theirs)
            said = os.read(ours, 65536).decode()
            os.close(ours)
        self.assertEqual(done.returncode, 0, said)
        self.assertRegex(said, r"backup  \[[#.]+\] +\d+ %  copying, \d+ MiB")

    def test_an_old_log_beside_a_newer_erasure_list_is_not_ready_before_it_forgot(self):
        learner = self.learners[0]
        backup = self.back_up()
        self.erase(learner)
        erased = self.record(learner)
        self.lose("log", "views", "lock/checkpoint")
        shutil.copytree(self.backup / "log", self.data / "log")
        seen = self.ask_until_ready()
        self.assertGreater(seen[-1][2], backup["size"], "the erasure had not been recorded again when it said that it was ready")
        self.assertEqual([size for status, _, size in seen if status == 503 and size is not None], [])
        self.assertEqual(self.record(learner), erased)

    def ask_until_ready(self):
        """Status, reasons and size of the log as a stranger sees them, from the first moment on."""
        port = free_port()
        process = subprocess.Popen([program.PROGRAM, "serve", "--data", str(self.data), "--listen", f"127.0.0.1:{port}"],
                                   stderr=subprocess.DEVNULL)
        url = f"http://127.0.0.1:{port}"
        seen = []
        try:
            until = time.monotonic() + 60
            while time.monotonic() < until and process.poll() is None and not (seen and seen[-1][0] == 200):
                try:
                    checkpoint = request(url, "GET", "/checkpoint")
                    alive = request(url, "GET", "/healthz")[0]
                    status, _, body = request(url, "GET", "/readyz")
                except OSError:  # not yet, or just between the two who answer
                    time.sleep(0.005)
                    continue
                size = int(checkpoint[2].split(b"\n")[1]) if checkpoint[0] == 200 else None
                self.assertEqual(alive, 200)
                seen.append((status, json.loads(body), size))
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(timeout=60)
        self.assertEqual(process.returncode, 0)
        self.assertEqual(seen[-1][:2], (200, {"ready": True, "reasons": []}))
        return seen

    def test_a_server_is_not_ready_before_everything_is_done(self):
        self.lose("views")
        waiting = [answer for status, answer, _ in self.ask_until_ready() if status == 503]
        self.assertTrue(waiting, "it was never asked before it was ready")
        for answer in waiting:
            self.assertFalse(answer["ready"])
            self.assertRegex(answer["reasons"][0], "being opened|views are being made|being done again")


if __name__ == "__main__":
    program.main()
