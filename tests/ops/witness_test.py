"""Who watches the log from outside, as a person runs them: `oppiloki witness` and `oppiloki monitor`.
Python's standard library only.
"""

import base64
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
def witness(data, *logs, name="witness.example.fi", options=()):
    """A witness on a free port: its verifier key and URL."""
    arguments = [program.PROGRAM, "witness", "--data", str(data), "--name", name, "--listen", "127.0.0.1:0", *map(str, options)]
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


def cosignature_key(vkey):
    """The same Ed25519 key as a witness's."""
    name, _, key = vkey.split("+", 2)
    public = b"\x04" + base64.b64decode(key)[1:]
    identity = hashlib.sha256(name.encode() + b"\n" + public).hexdigest()[:8]
    return f"{name}+{identity}+{base64.b64encode(public).decode()}"


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

    def test_a_served_log_collects_cosignatures(self):
        ledger = self.folder / "cosigned"
        vkey = self.done("init", "--data", ledger, "--origin", "cosigned.example.fi/log").out.strip()
        with contextlib.ExitStack() as stack:
            witnesses = [stack.enter_context(witness(self.folder / f"pushed-{n}", vkey, name=f"w{n}.example")) for n in (1, 2)]
            policy = f"log {vkey}\n"
            for n, (key, url) in enumerate(witnesses, 1):
                policy += f"witness w{n} {key} {url}\n"
            down = self.done("key", "new", "--out", self.folder / "w3.key", "--name", "w3.example").out.strip()
            policy += f"witness w3 {cosignature_key(down)} http://127.0.0.1:1\ngroup enough 2 w1 w2 w3\nquorum enough\n"
            trust = ledger / "trust.policy"
            trust.write_text(policy, encoding="utf-8")
            self.say(ledger)
            # Before anybody was asked: everything is as it was, and says that it lacks the quorum.
            bare = self.done("prove", "--data", ledger, "--index", 2)
            self.assertIn("not yet as trust.policy demands", bare.err)
            receipt = self.folder / "cosigned.tlog-proof"
            receipt.write_text(bare.out, encoding="utf-8")
            self.assertIn("not the quorum", self.exits(1, "verify", receipt, "--trust", trust).out)
            with served(ledger) as url:
                note = self.folder / "cosigned-by-two.checkpoint"
                self.waits_for(url, note, trust)
                said = self.done("verify", note, "--trust", trust).out
                self.assertIn("cosigned by w1, which says it was 20", said)
                self.assertIn("2 of 3 witnesses have cosigned it; the quorum is enough", said)
                metrics = request(url, "GET", "/metrics")[2].decode()
                self.assertIn("ledger_shown_quorum 1", metrics)
                self.assertRegex(metrics, r'witness_answers{witness="w3",kind="unavailable"} [1-9]|witness_answers{kind="unavailable",witness="w3"} [1-9]')
                self.assertRegex(metrics, r'witness_cosigned_size{witness="w1"} [1-9]')
                status, _, ready = request(url, "GET", "/readyz")
                self.assertEqual(status, 200, "a witness that is down is no reason not to serve")
                self.assertIn(b'"remarks":["witness w3: connect', ready)
                self.evidence_is_cosigned(ledger, url, trust)
                look = self.exits(0, "monitor", "--url", url, "--trust", trust, "--once", "--json").json()
                self.assertEqual((look["alarms"], sorted(look["witnesses"])), ([], ["w1", "w2"]))
            # Kept: without anybody to ask, and without serving.
            receipt.write_text(self.done("prove", "--data", ledger, "--index", 2).out, encoding="utf-8")
            self.assertIn("2 of 3", self.done("verify", receipt, "--trust", trust).out)
            plain = self.folder / "plain.policy"
            plain.write_text(f"log {vkey}\nquorum none\n", encoding="utf-8")
            with served(ledger, "--policy", str(plain)) as url:
                self.assertNotIn(b"remarks", request(url, "GET", "/readyz")[2])
        foreign = self.folder / "foreign.policy"
        foreign.write_text(policy.replace(vkey, self.vkey), encoding="utf-8")
        self.assertIn("does not name this log", self.exits(2, "serve", "--data", ledger, "--listen", "127.0.0.1:0", "--policy", foreign).err)

    def test_the_log_changes_its_key(self):
        ledger = self.folder / "rotated"
        old = self.done("init", "--data", ledger, "--origin", "rotated.example.fi/log").out.strip()
        old_policy = self.folder / "old.policy"
        old_policy.write_text(f"log {old}\nquorum none\n", encoding="utf-8")
        state = self.folder / "rotated.state"
        self.say(ledger)
        early = self.folder / "early.tlog-proof"
        early.write_text(self.done("prove", "--data", ledger, "--index", 2).out, encoding="utf-8")
        backup = self.folder / "before-rotation"
        self.done("backup", "--data", ledger, "--out", backup)
        with served(ledger) as url:
            self.exits(4, "rotate", "log-key", "--data", ledger)
            self.exits(0, "monitor", "--url", url, "--trust", old_policy, "--state", state, "--alarms", self.folder, "--once")
        ran = self.done("rotate", "log-key", "--data", ledger)
        new = ran.out.strip()
        self.assertNotEqual(new, old)
        self.assertIn("overlap lasts", self.exits(2, "rotate", "log-key", "--data", ledger).err)
        successions = ledger / "keys" / "log.successions"
        self.say(ledger)
        self.done("fsck", "--data", ledger)
        # In the overlap old clients go on as if nothing had happened, and so do those who know only the new key.
        with witness(self.folder / "old-witness", old, name="old.example") as (vkey, wurl), served(ledger) as url:
            both = self.folder / "both.checkpoint"
            both.write_bytes(request(url, "GET", "/checkpoint")[2])
            self.done("verify", both, "--trust", old_policy)
            self.done("verify", both, "--trust", ledger / "trust.policy")
            self.assertEqual(request(wurl, "POST", "/add-checkpoint", b"old 0\n\n" + both.read_bytes())[0], 200)
            self.exits(0, "monitor", "--url", url, "--trust", old_policy, "--state", state, "--alarms", self.folder, "--once")
        self.assertIn(new, (ledger / "trust.policy").read_text(encoding="utf-8"))
        self.done("rotate", "log-key", "--end-overlap", "--data", ledger)
        self.exits(2, "rotate", "log-key", "--end-overlap", "--data", ledger)
        self.assertFalse((ledger / "keys" / "log-before.key").exists())
        self.say(ledger)
        late = self.folder / "late.tlog-proof"
        late.write_text(self.done("prove", "--data", ledger, "--index", 2).out, encoding="utf-8")
        self.exits(1, "verify", late, "--trust", old_policy)
        self.done("verify", late, early, "--trust", old_policy, "--succession", successions)
        self.done("verify", late, early, "--trust", ledger / "trust.policy", "--succession", successions)
        self.exits(1, "verify", early, "--trust", ledger / "trust.policy")
        with witness(self.folder / "old-witness", old, name="old.example", options=("--succession", successions)) as (_, wurl), served(ledger) as url:
            note = request(url, "GET", "/checkpoint")[2]
            self.assertEqual(request(wurl, "POST", "/add-checkpoint", b"old 0\n\n" + note)[0], 409, "it knows the key")
            self.assertIn("UNTRUSTED", self.exits(1, "monitor", "--url", url, "--trust", old_policy, "--once", "--json").out)
            look = self.exits(0, "monitor", "--url", url, "--trust", old_policy, "--succession", successions, "--state", state, "--alarms", self.folder,
                              "--once", "--json").json()
            self.assertEqual(look["alarms"], [])
        # A second rotation, and a backup from before the first: what survived leads to today's key.
        self.done("rotate", "log-key", "--data", ledger)
        self.done("verify", early, "--trust", ledger / "trust.policy", "--succession", successions)
        restored = self.folder / "restored"
        restored.mkdir()
        for survived in ("keys", "vault", "erasures"):
            shutil.copytree(ledger / survived, restored / survived)
        self.done("restore", "--from", backup, "--data", restored)
        self.done("fsck", "--data", restored)
        self.assertIn(self.done("checkpoint", "--data", restored).out.split("\n")[0], "rotated.example.fi/log")
        # Damage is said.
        successions.write_text("x", encoding="utf-8")
        self.exits(5, "checkpoint", "--data", ledger)
        self.exits(2, "verify", early, "--trust", old_policy, "--succession", successions)

    def test_an_interrupted_rotation_is_finished(self):
        ledger = self.folder / "interrupted"
        old = self.done("init", "--data", ledger, "--origin", "interrupted.example.fi/log").out.strip()
        self.say(ledger)
        keys = ledger / "keys"
        whole = self.folder / "whole"
        shutil.copytree(ledger, whole)
        new = self.done("rotate", "log-key", "--data", whole).out.strip()
        # What each step leaves behind: the new key; the succession and the checkpoint by both; the old key aside.
        shutil.copy(whole / "keys" / "log.key", keys / "log-next.key")
        self.done("verify", self.checkpoint(ledger), "--trust", ledger / "trust.policy")
        shutil.copy(whole / "keys" / "log.successions", keys)
        shutil.rmtree(ledger / "log")
        shutil.copytree(whole / "log", ledger / "log")
        self.done("verify", self.checkpoint(ledger), "--trust", ledger / "trust.policy")
        shutil.copy(keys / "log.key", keys / "log-before.key")
        self.say(ledger)  # in use meanwhile, by the old key
        self.assertEqual(self.done("rotate", "log-key", "--data", ledger).out.strip(), new, "the key that was made")
        self.assertFalse((keys / "log-next.key").exists())
        self.say(ledger)
        both = self.checkpoint(ledger)
        self.done("verify", both, "--trust", ledger / "trust.policy")
        policy = self.folder / "interrupted.policy"
        policy.write_text(f"log {old}\nquorum none\n", encoding="utf-8")
        self.done("verify", both, "--trust", policy, "--succession", keys / "log.successions")

    def checkpoint(self, ledger):
        file = self.folder / "some.checkpoint"
        file.write_text(self.done("checkpoint", "--data", ledger).out, encoding="utf-8")
        return file

    def test_a_replaying_witness_cosigns_what_it_computed_again(self):
        ledger = self.folder / "replayed"
        vkey = self.done("init", "--data", ledger, "--origin", "replayed.example.fi/log").out.strip()
        token = self.folder / "auditor.token"
        self.done("token", "issue", "--data", ledger, "--principal", "auditor@example.fi", "--role", "AUDITOR", "--organisation", "*",
                  "--purpose", "EDU", "--out", token)
        self.say(ledger)
        data = self.folder / "replaying"
        said = self.exits(2, "witness", "--data", data, "--name", "replay.example.fi", "--listen", "127.0.0.1:0", "--log", vkey, "--replay",
                          "--token", token)
        self.assertIn("its URL is needed", said.err)
        path = f"/{hashlib.sha256(b'replayed.example.fi/log').hexdigest()}/checkpoint"
        with served(ledger) as url, witness(data, f"{vkey}={url}", name="replay.example.fi", options=("--replay", "--token", token)) as (key, at):
            note = self.folder / "replayed.checkpoint"
            for _ in range(100):
                status, _, body = request(at, "GET", path)
                if status == 200:
                    break
                time.sleep(0.1)
            self.assertEqual(status, 200)
            note.write_bytes(body)
            demanding = self.folder / "replayed.policy"
            demanding.write_text(f"log {vkey}\nwitness replay {key}\nquorum replay\n", encoding="utf-8")
            self.assertIn("cosigned by replay", self.done("verify", note, "--trust", demanding).out)
            # Whoever may not know which entries belong together is not told.
            dpo = self.folder / "not-an-auditor.token"
            self.done("token", "issue", "--data", ledger, "--principal", "dpo@example.fi", "--role", "DPO", "--organisation", "*", "--purpose", "EDU",
                      "--out", dpo)
            for bearer, expected in ((token, 200), (dpo, 403)):
                headers = {"Authorization": "Bearer " + bearer.read_text(encoding="utf-8").strip()}
                self.assertEqual(request(url, "GET", "/v1/transitions/0", headers=headers)[0], expected)
            self.assertEqual(request(url, "GET", "/v1/transitions/0")[0], 401)

    def waits_for(self, url, note, trust):
        for _ in range(100):
            note.write_bytes(request(url, "GET", "/checkpoint")[2])
            if run("verify", note, "--trust", trust).code == 0:
                return
            time.sleep(0.1)
        self.fail("no quorum in ten seconds")

    def evidence_is_cosigned(self, ledger, url, trust):
        token = self.folder / "dpo.token"
        self.done("token", "issue", "--data", ledger, "--principal", "dpo@example.fi", "--role", "DPO", "--organisation", "*", "--purpose", "EDU",
                  "--out", token)
        for name in ("first", "second"):
            evidence = self.folder / f"{name}.evidence"
            self.done("audit", "--url", url, "--token", token, "--actor", "nobody@example.fi", "--evidence", evidence)
            self.done("verify", evidence, "--trust", trust, "--incomplete")

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
