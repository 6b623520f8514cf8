"""The program from the outside: what a publisher, an officer, an auditor and an operator type, with the
exit codes and answers they may build on.

Run by ctest; OPPILOKI names the program, OPPI_SHARED_DIR the folder of other people's data.
"""

import gzip
import json
import os
import pathlib
import re
import shutil
import stat
import sys
import tarfile
import unittest

import program
from program import ProgramTest, new_ledger, new_publisher, request, run, served

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "interop" / "exports"))
import check_exports  # noqa: E402

COMMANDS = [
    ["init"], ["serve"], ["demo"], ["key"], ["key", "new"], ["key", "show"], ["publisher"], ["publisher", "add"],
    ["publisher", "revoke"], ["publisher", "list"], ["token"], ["token", "issue"], ["publish"], ["generate"], ["record"],
    ["consents"], ["decide"], ["audit"], ["obligations"], ["findings"], ["checkpoint"], ["prove"], ["verify"], ["fsck"],
    ["rebuild"], ["doctor"], ["rotate"], ["rotate", "vault-master"], ["rotate", "log-key"], ["export"],
    ["rehearse"], ["erase"], ["hold"], ["hold", "set"], ["hold", "release"], ["hold", "list"],
    ["retention"], ["retention", "sign"], ["retention", "set"], ["retention", "show"], ["retention", "run"],
    ["backup"], ["backup", "list"], ["backup", "refresh"], ["backup", "forget"], ["restore"], ["witness"], ["monitor"],
]
NOBODY = "urn:oid:1.2.246.562.24.99999999990"


def data(name):
    """A file of other people's data, or a skip that says what is missing."""
    path = program.SHARED / "data" / name
    if not path.exists():
        raise unittest.SkipTest(f"no data at {path}")
    return path


def year(folder, *options):
    """A small generated year as a list of events."""
    path = folder / "year.ndjson"
    ran = run("generate", "--pupils", 45, "--days", 20, "--seed", 1, "--out", path, *options)
    assert ran.code == 0, ran
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def write_events(path, events):
    path.write_text("".join(json.dumps(e, ensure_ascii=False) + "\n" for e in events), encoding="utf-8")
    return path


class Usage(ProgramTest):
    def test_every_command_explains_itself_with_an_example(self):
        for command in [[], *COMMANDS]:
            text = self.done(*command, "--help").out
            self.assertRegex(text, r"Example:\n  oppiloki " + " ".join(command), command)

    def test_every_command_of_the_help_is_tried_here(self):
        listed = set(re.findall(r"^  ([a-z]+) ", self.done("--help").out, re.MULTILINE))
        self.assertEqual(listed - {"oppiloki"}, {c[0] for c in COMMANDS})

    def test_unknown_options_commands_and_values_are_bad_usage(self):
        for arguments in (["fsck", "--nonsense"], ["nonsense"], [], ["publish", "--batch", "many"], ["prove", "--index", "-1"]):
            self.assertNotEqual(self.exits(2, *arguments).err, "", arguments)

    def test_what_was_typed_in_the_wrong_place_is_not_repeated(self):
        # `exits` looks for person numbers in stderr.
        for arguments in (["record", NOBODY], ["fsck", "--data", "x", NOBODY], ["decide", "--min-size", NOBODY], ["prove", "--index", NOBODY], [NOBODY]):
            self.assertNotEqual(self.exits(2, *arguments).err, "", arguments)

    def test_a_ledger_that_is_not_there_is_named(self):
        ran = self.exits(2, "fsck", "--data", self.folder / "nowhere")
        self.assertIn("oppiloki init", ran.err)

    def test_a_ledger_is_never_made_twice(self):
        new_ledger(self.folder / "once")
        self.assertIn("already", self.exits(2, "init", "--data", self.folder / "once", "--origin", "other.example/log").err)

    def test_the_version_is_printed(self):
        self.assertRegex(self.done("--version").out, r"^oppiloki \d+\.\d+\.\d+\n$")


class Keys(ProgramTest):
    def test_a_key_is_made_once_and_shown_again(self):
        key = self.folder / "one.key"
        made = self.done("key", "new", "--out", key, "--name", "one")
        self.assertRegex(made.out, r"^one\+[0-9a-f]{8}\+[A-Za-z0-9+/=]+\n$")
        self.assertEqual(self.done("key", "show", key).out, made.out)
        self.assertEqual(stat.S_IMODE(key.stat().st_mode), 0o600)
        self.exits(2, "key", "new", "--out", key, "--name", "one")
        self.assertEqual(self.done("key", "show", key).out, made.out)

    def test_a_key_that_others_can_read_is_refused_with_the_command_that_mends_it(self):
        key = self.folder / "open.key"
        self.done("key", "new", "--out", key, "--name", "open")
        key.chmod(0o644)
        ran = self.exits(3, "key", "show", key)
        mend = re.search(r"chmod 600 \S+", ran.err)
        self.assertIsNotNone(mend, ran)
        os.system(mend.group())
        self.done("key", "show", key)

    def test_a_revoked_key_publishes_nothing_new_and_resends_what_was_accepted(self):
        ledger = self.folder / "revoked"
        new_ledger(ledger)
        sis = new_publisher(ledger, self.folder, "sis", "PROVIDER")
        events = [e for e in year(self.folder) if e["type"].startswith("fi.oppiloki.teaching.group_defined")][:20]
        first = write_events(self.folder / "first.ndjson", events[:10])
        second = write_events(self.folder / "second.ndjson", events[10:])
        self.assertEqual(self.done("publish", "--data", ledger, "--key", sis, "--json", first).json()["accepted"], 10)
        listed = {p["publisher"]: p for p in self.done("publisher", "list", "--data", ledger, "--json").json()}
        self.assertEqual(listed["sis"]["role"], "PROVIDER")
        self.assertEqual(listed["sis"]["revoked"], "")
        self.exits(2, "publisher", "revoke", "--data", ledger, "--key-id", "00000000")
        self.done("publisher", "revoke", "--data", ledger, "--key-id", listed["sis"]["key"])
        listed = {p["publisher"]: p for p in self.done("publisher", "list", "--data", ledger, "--json").json()}
        self.assertNotEqual(listed["sis"]["revoked"], "")
        refused = self.exits(2, "publish", "--data", ledger, "--key", sis, "--json", second).json()
        self.assertEqual([(r["index"], r["code"]) for r in refused["rejected"]], [(i, "KEY_REVOKED") for i in range(10)])
        self.assertEqual(self.done("publish", "--data", ledger, "--key", sis, "--json", first).json()["duplicates"], 10)

    def test_a_key_may_be_narrowed_to_types_and_sources(self):
        ledger = self.folder / "narrow"
        new_ledger(ledger)
        events = year(self.folder)
        group = next(e for e in events if e["type"] == "fi.oppiloki.teaching.group_defined.v1")
        pupil = next(e for e in events if e["type"] == "fi.oppiloki.identity.learner_registered.v1")
        pupil["source"] = group["source"]
        foreign = dict(group, id="019b1c00-0000-7000-8000-000000000001", source="urn:oid:1.2.246.562.10.99900000011/other")
        key = new_publisher(ledger, self.folder, "narrow", "PROVIDER", "--allow", "teaching.group_defined", "--source", group["source"])
        path = write_events(self.folder / "narrow.ndjson", [group, pupil, foreign])
        summary = self.exits(2, "publish", "--data", ledger, "--key", key, "--json", path).json()
        self.assertEqual(summary["accepted"], 1)
        self.assertEqual([(r["index"], r["code"]) for r in summary["rejected"]], [(1, "TYPE_NOT_ALLOWED"), (2, "SOURCE_NOT_YOURS")])
        self.exits(2, "publisher", "add", "--data", ledger, "--name", "narrow", "--key", run("key", "show", key).out.strip(), "--allow", "no.such_type")
        self.exits(2, "publisher", "add", "--data", ledger, "--name", "other", "--key", run("key", "show", key).out.strip())

    def test_an_unregistered_key_publishes_nothing(self):
        ledger = self.folder / "stranger"
        new_ledger(ledger)
        key = self.folder / "stranger.key"
        self.done("key", "new", "--out", key, "--name", "stranger")
        path = write_events(self.folder / "stranger.ndjson", year(self.folder)[:5])
        summary = self.exits(2, "publish", "--data", ledger, "--key", key, "--json", path).json()
        self.assertEqual(summary["accepted"], 0)
        self.assertEqual({r["code"] for r in summary["rejected"]}, {"KEY_UNKNOWN"})


class Generate(ProgramTest):
    def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(self):
        options = ["generate", "--pupils", 45, "--days", 5, "--out", "-"]
        first = self.done(*options, "--seed", 7).out
        self.assertEqual(first, self.done(*options, "--seed", 7).out)
        self.assertNotEqual(first, self.done(*options, "--seed", 8).out)

    def test_too_few_pupils_are_bad_usage(self):
        self.exits(2, "generate", "--pupils", 1, "--days", 5, "--out", "-")


class RealInput(ProgramTest):
    """Other people's records, with counts that anybody can count again in the files."""

    def publish(self, ledger, key, path, *options, code=0):
        return self.exits(code, "publish", "--data", ledger, "--key", key, "--json", *options, path).json()

    def test_22000_xapi_statements_are_accepted_once_and_altered_ones_conflict(self):
        path = data("xapi-stream/ralph-statements.json.gz")
        ledger = self.folder / "xapi"
        new_ledger(ledger)
        key = new_publisher(ledger, self.folder, "vendor-one", "VENDOR")
        first = self.publish(ledger, key, path)
        self.assertEqual((first["published"], first["accepted"], first["duplicates"], first["rejected_count"]), (22000, 22000, 0, 0))
        again = self.publish(ledger, key, path, "--format", "xapi", "--batch", 313)
        self.assertEqual((again["published"], again["accepted"], again["duplicates"], again["tree_size"]), (22000, 0, 22000, first["tree_size"]))

        statements = gzip.decompress(path.read_bytes()).decode().splitlines()
        for i in range(0, 22000, 110):
            statement = json.loads(statements[i])
            statement["verb"]["id"] += "-altered"
            statements[i] = json.dumps(statement)
        altered = self.folder / "altered.json"
        altered.write_text("\n".join(statements) + "\n", encoding="utf-8")
        third = self.publish(ledger, key, altered, code=2)
        self.assertEqual((third["accepted"], third["duplicates"], third["conflicts"], third["rejected_count"]), (0, 21800, 200, 0))
        self.assertEqual(self.publish(ledger, key, path)["duplicates"], 22000)
        self.done("fsck", "--data", ledger)

    def test_656_koski_documents_become_events_and_stay_as_evidence(self):
        path = data("koski/koski-backwardcompatibility-656.tar.xz")
        ledger = self.folder / "koski"
        new_ledger(ledger)
        key = new_publisher(ledger, self.folder, "koski-sis", "PROVIDER")
        first = self.publish(ledger, key, path)
        self.assertEqual((first["documents"], first["rejected_count"], first["conflicts"]), (656, 0, 0))
        self.assertEqual(first["accepted"] + first["duplicates"], first["published"])
        self.assertGreater(first["accepted"], 10_000)
        again = self.publish(ledger, key, path)
        self.assertEqual((again["accepted"], again["duplicates"]), (0, first["published"]))
        self.same_grades_as_the_document(ledger, path)

    def same_grades_as_the_document(self, ledger, path):
        """One learner, whose grades anybody can read in the documents about that learner."""
        grades = {}
        with tarfile.open(path) as archive:
            for member in archive.getmembers():
                if member.isfile():
                    document = json.load(archive.extractfile(member))
                    learner = document.get("henkilö", {}).get("oid")
                    if learner:
                        grades.setdefault(learner, set()).update(numeric_grades(document))
        learner = min(k for k, v in grades.items() if len(v) >= 3)
        record = self.done("record", "--data", ledger, "--learner", "urn:oid:" + learner, "--json").json()["result"]
        shown = set(re.findall(r'"grade": ?"([0-9HSO]+)"', json.dumps(record)))
        self.assertGreaterEqual(len(shown), 3)
        self.assertTrue(shown <= grades[learner], f"the record shows grades that no document has: {shown - grades[learner]}")

    def test_1246_audit_log_lines_are_accepted(self):
        path = data("audit-log/varda-audit-log-events.jsonl")
        ledger = self.folder / "audit"
        new_ledger(ledger)
        key = new_publisher(ledger, self.folder, "varda", "PROVIDER")
        first = self.publish(ledger, key, path)
        self.assertEqual((first["published"], first["accepted"], first["rejected_count"]), (1246, 1246, 0))
        again = self.publish(ledger, key, path, "--format", "audit")
        self.assertEqual((again["accepted"], again["duplicates"]), (0, 1246))


def numeric_grades(value):
    """Values of every `arvosana` of the general scale in a Koski document."""
    if isinstance(value, dict):
        grade = value.get("arvosana")
        if isinstance(grade, dict) and grade.get("koodistoUri") == "arviointiasteikkoyleissivistava":
            yield grade["koodiarvo"]
        for each in value.values():
            yield from numeric_grades(each)
    elif isinstance(value, list):
        for each in value:
            yield from numeric_grades(each)


class Answers(ProgramTest):
    """Questions to a ledger that holds a small year."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ledger = cls.folder / "demo"
        cls.demo = run("demo", "--data", cls.ledger, "--once", "--pupils", 45, "--days", 20)
        assert cls.demo.code == 0, cls.demo
        cls.trust = cls.ledger / "trust.policy"
        cls.events = year(cls.folder)
        cls.pupil = next(e["subject"] for e in cls.events if "grade.course_assessed" in e["type"] and "corrects" in e)
        cls.controller = next(e["controller"] for e in cls.events if e.get("subject") == cls.pupil)
        given = [e for e in cls.events if e["type"] == "fi.oppiloki.consent.given.v1" and e["data"]["purpose"] == "ADAPT"]
        cls.recipient = given[0]["data"]["recipients"][0]
        cls.asked = [e["subject"] for e in given]

    def decide(self, learner, *options, code):
        return self.exits(code, "decide", "--data", self.ledger, "--learner", learner, "--controller", self.controller, "--purpose", "ADAPT",
                          "--recipient", self.recipient, "--category", "LRN", "--json", *options).json()

    def test_the_main_job_ends_in_one_line_of_json(self):
        summary = json.loads(self.demo.out.strip().splitlines()[-1])
        self.assertEqual(list(summary), ["published", "accepted", "duplicates", "rejected", "tree_size", "verified_answers", "seconds"])
        self.assertEqual(summary["accepted"] + summary["rejected"], summary["published"])
        self.assertGreaterEqual(summary["verified_answers"], 5)
        self.assertGreater(summary["tree_size"], summary["accepted"])

    def test_the_main_job_again_publishes_no_fact_twice(self):
        copy = self.folder / "demo-again"
        shutil.copytree(self.ledger, copy)
        summary = json.loads(self.done("demo", "--data", copy, "--once", "--pupils", 45, "--days", 20).out.strip().splitlines()[-1])
        self.assertGreater(summary["duplicates"], 4000)
        self.assertLess(summary["accepted"], 500)

    def test_a_record_is_shown_to_people_and_to_machines(self):
        shown = self.done("record", "--data", self.ledger, "--learner", self.pupil)
        self.assertIn("Identity", shown.out)
        answer = self.done("record", "--data", self.ledger, "--learner", self.pupil, "--json").json()
        self.assertEqual(answer["result"]["learner"], self.pupil)
        self.assertEqual(answer["question"], "record")
        self.assertGreater(answer["count"], 0)

    def test_every_answer_with_evidence_verifies_offline(self):
        questions = {
            "record": ["--learner", self.pupil],
            "consents": ["--learner", self.asked[0]],
            "timeline": ["--learner", self.asked[0]],
            "audit": ["--learner", self.pupil],
            "obligations": ["--learner", self.asked[0]],
            "findings": ["--learner", self.asked[0]],
            "actor": ["--actor", "gateway"],
        }
        for name, options in questions.items():
            command = {"timeline": "consents", "actor": "audit"}.get(name, name)
            if name == "timeline":
                options = options + ["--timeline"]
            path = self.folder / f"{name}.evidence"
            self.done(command, "--data", self.ledger, *options, "--evidence", path)
            self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o600, "evidence holds learner data")
            if name == "actor":
                self.assertIn("does not show that nothing is left out", self.exits(1, "verify", path, "--trust", self.trust).out)
            verified = self.done("verify", path, "--trust", self.trust, *(["--incomplete"] if name == "actor" else []))
            self.assertIn("holds", verified.out)
            self.assertIn("NOT shown: that nothing is left out" if name == "actor" else "nothing is left out: among its first", verified.out)
            self.assertIn("computed again here", verified.out)
        refused = self.exits(3, "audit", "--data", self.ledger, "--publisher", "sis", "--evidence", self.folder / "publisher.evidence")
        self.assertIn("EVIDENCE_NOT_ALLOWED", refused.err)
        self.assertFalse((self.folder / "publisher.evidence").exists())
        path = self.folder / "decide.evidence"
        self.decide(self.pupil, "--evidence", path, code=1)
        self.done("verify", path, "--trust", self.trust)

    def test_tampered_evidence_is_refused_in_words(self):
        path = self.folder / "true.evidence"
        self.done("record", "--data", self.ledger, "--learner", self.pupil, "--evidence", path)
        evidence = json.loads(path.read_text(encoding="utf-8"))
        grade = next(e for e in evidence["entries"] if "course_assessed" in e.get("event", ""))
        grade["event"] = grade["event"].replace('"grade":"', '"grade":"1', 1)
        false = self.folder / "false.evidence"
        false.write_text(json.dumps(evidence, separators=(",", ":"), ensure_ascii=False), encoding="utf-8")
        ran = self.exits(1, "verify", path, false, "--trust", self.trust)
        self.assertRegex(ran.out, f"(?m)^holds +{path}")
        self.assertRegex(ran.out, f"(?m)^FAILED +{false}")
        self.assertIn("is not the one that the log commits to", ran.out)
        lines = [json.loads(line) for line in self.exits(1, "verify", path, false, "--trust", self.trust, "--json").out.splitlines()]
        self.assertEqual([line["holds"] for line in lines], [True, False])
        other = self.folder / "other"
        new_ledger(other)
        self.exits(1, "verify", path, "--trust", other / "trust.policy")
        self.exits(1, "verify", self.folder / "missing.evidence", "--trust", self.trust)
        self.exits(2, "verify", path, "--trust", self.folder / "missing.policy")

    def test_a_decision_exits_with_0_for_a_permit_and_1_for_a_denial(self):
        self.assertEqual(self.decide(NOBODY, code=1)["result"]["result"], "DENY")
        permitted = []
        for learner in self.asked:
            ran = run("decide", "--data", self.ledger, "--learner", learner, "--controller", self.controller, "--purpose", "ADAPT",
                      "--recipient", self.recipient, "--category", "LRN", "--json")
            self.assertIn(ran.code, (0, 1), ran)
            self.assertEqual(ran.code == 0, ran.json()["result"]["result"] == "PERMIT", ran)
            if ran.code == 0:
                permitted.append(learner)
        self.assertTrue(permitted, "nobody consents")
        at_genesis = self.decide(permitted[0], "--known-at", 1, code=1)
        self.assertEqual(at_genesis["view"]["size"], 1)
        stale = self.decide(permitted[0], "--min-size", 10**9, code=1)
        self.assertEqual(stale["result"]["result"], "STALE")

    def test_the_past_is_asked_by_instant_and_by_size(self):
        now = self.done("record", "--data", self.ledger, "--learner", self.pupil, "--json").json()
        first = now["result"]["identity"]["registrations"][0]
        before = self.done("record", "--data", self.ledger, "--learner", self.pupil, "--known-at", first["position"], "--json").json()
        self.assertFalse(before["result"].get("identity", {}).get("registrations"), "known before it was recorded")
        after = self.done("record", "--data", self.ledger, "--learner", self.pupil, "--known-at", first["position"] + 1, "--json").json()
        self.assertEqual(after["result"]["identity"]["registrations"][0]["event"], first["event"])
        same = self.done("record", "--data", self.ledger, "--learner", self.pupil, "--known-at", first["recorded"], "--json").json()
        self.assertEqual(same["view"]["size"], first["position"] + 1)
        self.exits(2, "record", "--data", self.ledger, "--learner", self.pupil, "--known-at", 10**9)
        self.exits(2, "record", "--data", self.ledger, "--learner", self.pupil, "--valid-at", "yesterday")

    def test_a_timeline_shows_when_each_state_began(self):
        text = self.done("consents", "--data", self.ledger, "--learner", self.asked[0], "--timeline", "--json").json()["result"]
        states = [segment for atom in text for segment in atom["segments"]]
        self.assertTrue({"GIVEN", "RENEWED"} & {s["state"] for s in states})
        self.assertTrue(all("from" in s for s in states))

    def test_duties_and_findings_of_a_controller_are_streamed_and_those_of_a_learner_shown(self):
        for command in ("obligations", "findings"):
            # Long after: what is open now is overdue then.
            then = ["--valid-at", "2099-01-01T00:00:00Z"]
            asked = [command, "--data", self.ledger, "--controller", self.controller, *then]
            rows = [json.loads(line) for line in self.done(*asked, "--json").out.splitlines()]
            self.assertTrue(rows, command)
            self.assertEqual({row["controller"] for row in rows}, {self.controller})
            learner = rows[0]["learner"]
            one = self.done(command, "--data", self.ledger, "--learner", learner, "--controller", self.controller, *then, "--json").json()["result"]
            self.assertEqual([row for row in rows if row["learner"] == learner], [{"learner": learner, **row} for row in one])
            self.assertIn(learner, self.done(*asked).out)
            first = self.done(*asked, "--limit", 1)
            self.assertIn("--after", first.err)
            self.assertIn("EVIDENCE_NOT_ALLOWED", self.exits(3, *asked, "--evidence", self.folder / "many.evidence").err)
            self.exits(2, command, "--data", self.ledger)
            self.exits(2, *asked, "--after", "nonsense")
            self.exits(3, *asked, "--role", "TEACHER")
        done = self.done("obligations", "--data", self.ledger, "--controller", self.controller, "--status", "DONE", "--json").out
        self.assertEqual({json.loads(line)["status"] for line in done.splitlines()}, {"DONE"})

    def test_each_question_is_in_the_audit_trail(self):
        learner = self.asked[-1]
        before = self.done("audit", "--data", self.ledger, "--learner", learner, "--json").json()["count"]
        self.done("record", "--data", self.ledger, "--learner", learner, "--reason", "a test of the trail", "--as", "officer-7")
        trail = self.done("audit", "--data", self.ledger, "--learner", learner, "--json").json()
        self.assertEqual(trail["count"], before + 2)  # the first audit, the record
        self.assertIn("officer-7", json.dumps(trail["result"]))
        self.assertIn("a test of the trail", json.dumps(trail["result"]))
        self.assertEqual(self.done("audit", "--data", self.ledger, "--actor", "officer-7", "--json").json()["count"], 1)

    def export(self, *options, code=0):
        return self.exits(code, "consents", "--data", self.ledger, "--learner", self.asked[0], *options)

    def test_consents_are_exported_in_three_formats(self):
        graph = self.export("--format", "ts27560").json()["@graph"]
        self.assertEqual({record["@type"] for record in graph}, {"dpv:ConsentRecord"})
        bundle = self.export("--format", "fhir").json()
        self.assertEqual([e["fullUrl"] for e in bundle["entry"]], [record["@id"] for record in graph])
        receipts = self.export("--format", "kantara").json()
        self.assertGreater(len(receipts), 0)
        for receipt in receipts:
            self.assertEqual(check_exports.check_receipt(receipt), [])
            self.assertEqual(receipt["piiPrincipalId"], self.asked[0])
            one = receipt["consentReceiptID"]
            self.assertEqual(self.export("--format", "kantara", "--consent", one).json(), receipt)
            self.assertEqual(self.export("--format", "fhir", "--consent", one).json()["resourceType"], "Consent")
            self.assertEqual(self.export("--format", "ts27560", "--consent", one).json()["@type"], "dpv:ConsentReceipt")
        answer = self.export("--format", "kantara", "--json").json()
        self.assertEqual((answer["result"], answer["count"]), (receipts, len(receipts)))

    def test_an_export_is_an_answer_like_any_other(self):
        before = self.done("audit", "--data", self.ledger, "--learner", self.asked[0], "--json").json()["count"]
        self.export("--format", "fhir", "--reason", "handed to the guardian")
        trail = self.done("audit", "--data", self.ledger, "--learner", self.asked[0], "--json").json()["result"]["entries"]
        self.assertEqual(len(trail), before + 2, "the audit before, and the export")
        self.assertEqual((trail[-1]["query"], trail[-1]["reason"]), ("CONSENT", "handed to the guardian"))
        refused = self.export("--format", "fhir", "--as", "t", "--role", "TEACHER", "--organisation", self.controller, code=3)
        self.assertIn("ROLE_NOT_ALLOWED", refused.err)
        self.assertEqual(refused.out, "")
        for name, arguments in {"consents": ["consents", "--format", "ts27560"], "audit": ["audit", "--format", "fhir"]}.items():
            path = self.folder / f"{name}-export.evidence"
            self.done(arguments[0], "--data", self.ledger, "--learner", self.asked[0], *arguments[1:], "--evidence", path)
            self.assertIn("computed again here", self.done("verify", path, "--trust", self.trust).out)

    def test_an_export_that_cannot_be_is_bad_usage(self):
        self.assertIn("CODE_UNKNOWN: format", self.export("--format", "xml", code=2).err)
        self.assertIn("FIELD_MISSING: format", self.export("--consent", "x", code=2).err)
        self.assertIn("UNKNOWN_FIELD: format", self.export("--timeline", "--format", "fhir", code=2).err)
        self.assertIn("CONSENT_UNKNOWN", self.export("--format", "fhir", "--consent", "x", code=2).err)
        self.assertIn("UNKNOWN_FIELD: format", self.exits(2, "audit", "--data", self.ledger, "--publisher", "sis", "--format", "fhir").err)

    def test_the_audit_trail_is_exported_as_audit_events(self):
        count = self.done("audit", "--data", self.ledger, "--learner", self.pupil, "--json").json()["count"]
        bundle = self.done("audit", "--data", self.ledger, "--learner", self.pupil, "--format", "fhir").json()
        events = check_exports.resources(bundle, "AuditEvent")
        self.assertEqual(len(events), count + 1, "the audit before is an entry, too")
        for event in events:
            self.assertEqual(check_exports.check_balp(event), [])

    def test_roles_that_may_not_ask_are_refused(self):
        for role in ("TEACHER", "VENDOR", "STAFF", "GUARDIAN", "LEARNER", "NOBODY"):
            ran = self.exits(3, "record", "--data", self.ledger, "--learner", self.pupil, "--as", "x", "--role", role,
                             "--organisation", "1.2.246.562.10.00000000001")
            self.assertIn(":", ran.err)
        self.assertIn("REASON_MISSING", self.exits(3, "record", "--data", self.ledger, "--learner", self.pupil, "--role", "AUDITOR").err)

    def test_a_learner_must_be_a_person(self):
        self.assertIn("learner", self.exits(2, "record", "--data", self.ledger, "--learner", "Aino").err)

    def test_checkpoints_and_proofs_verify(self):
        note = self.folder / "checkpoint"
        note.write_text(self.done("checkpoint", "--data", self.ledger).out, encoding="utf-8")
        self.done("verify", note, "--trust", self.trust)
        checkpoint = self.done("checkpoint", "--data", self.ledger, "--json").json()
        self.assertEqual(note.read_text(encoding="utf-8").splitlines()[1], str(checkpoint["size"]))
        receipt = self.folder / "receipt"
        for index in (0, 17, checkpoint["size"] - 1):
            receipt.write_text(self.done("prove", "--data", self.ledger, "--index", index).out, encoding="utf-8")
            self.assertIn(f"entry {index}", self.done("verify", receipt, "--trust", self.trust).out)
        broken = receipt.read_text(encoding="utf-8").replace(f"index {checkpoint['size'] - 1}", "index 3")
        receipt.write_text(broken, encoding="utf-8")
        self.exits(1, "verify", receipt, "--trust", self.trust)
        note.write_text(note.read_text(encoding="utf-8").replace(f"\n{checkpoint['size']}\n", f"\n{checkpoint['size'] + 1}\n"), encoding="utf-8")
        self.exits(1, "verify", note, "--trust", self.trust)
        consistency = self.done("prove", "--data", self.ledger, "--from", 100, "--to", 2000, "--json").json()
        self.assertEqual((consistency["from"], consistency["to"]), (100, 2000))
        self.assertTrue(consistency["proof"])
        earlier = self.done("prove", "--data", self.ledger, "--index", 17, "--size", 100, "--json").json()
        self.assertEqual(earlier["size"], 100)
        for wrong in (["--index", 10**9], ["--from", 100, "--to", 10**9], ["--from", 9, "--to", 3], ["--index", 3, "--from", 1], []):
            self.exits(2, "prove", "--data", self.ledger, *wrong)

    def test_receipts_say_where_each_event_is(self):
        ledger = self.folder / "receipts"
        new_ledger(ledger)
        key = new_publisher(ledger, self.folder, "sis-r", "PROVIDER")
        events = [e for e in self.events if e["type"] == "fi.oppiloki.teaching.group_defined.v1"][:7]
        path = write_events(self.folder / "receipts.ndjson", events)
        receipts = self.folder / "receipts.out"
        self.done("publish", "--data", ledger, "--key", key, "--receipts", receipts, path)
        lines = [json.loads(line) for line in receipts.read_text(encoding="utf-8").splitlines()]
        self.assertEqual([line["index"] for line in lines], list(range(7)))
        positions = [line["position"] for line in lines]
        self.assertEqual(positions, list(range(positions[0], positions[0] + 7)))

    def test_events_are_read_from_standard_input(self):
        ledger = self.folder / "stdin"
        new_ledger(ledger)
        key = new_publisher(ledger, self.folder, "sis-i", "PROVIDER")
        lines = "".join(json.dumps(e) + "\n" for e in self.events if e["type"] == "fi.oppiloki.teaching.group_defined.v1").encode()
        self.assertEqual(self.done("publish", "--data", ledger, "--key", key, "--json", "-", stdin=lines).json()["accepted"], lines.count(b"\n"))

    def test_bad_lines_are_refused_by_number_and_their_neighbours_accepted(self):
        ledger = self.folder / "lines"
        new_ledger(ledger)
        key = new_publisher(ledger, self.folder, "sis-l", "PROVIDER")
        good = [json.dumps(e) for e in self.events if e["type"] == "fi.oppiloki.teaching.group_defined.v1"][:3]
        secret = "Salaisuus"
        bad = [good[0][:-3], good[1].replace('"status":', f'"{secret}": 1, "status":'), json.dumps({"given_name": secret}), '{"a": "' + "x" * 70_000 + '"}']
        path = self.folder / "lines.ndjson"
        path.write_text("\n".join([good[0], *bad, good[1], good[2]]) + "\n", encoding="utf-8")
        ran = self.exits(2, "publish", "--data", ledger, "--key", key, "--json", path)
        summary = ran.json()
        self.assertEqual(summary["accepted"], 3, ran)
        self.assertEqual([r["index"] for r in summary["rejected"]], [1, 2, 3, 4])
        self.assertEqual((summary["rejected"][0]["code"], summary["rejected"][3]["code"]), ("MALFORMED", "TOO_LARGE"))
        self.assertNotIn(secret, ran.err)


class Rehearsals(ProgramTest):
    def test_the_last_line_counts_what_passed_and_what_failed(self):
        story = program.SHARED / "scenarios" / "01-grant.json"
        if not story.exists():
            raise unittest.SkipTest(f"no story at {story}")
        self.assertRegex(self.done("rehearse", story).out.splitlines()[-1], r"^[1-9]\d* passed, 0 failed$")
        self.assertNotEqual(run("rehearse", self.folder / "missing.json").code, 0)


class Damage(ProgramTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ledger = cls.folder / "whole"
        ran = run("demo", "--data", cls.ledger, "--once", "--pupils", 45, "--days", 5)
        assert ran.code == 0, ran

    def copy(self, name):
        path = self.folder / name
        shutil.copytree(self.ledger, path)
        return path

    def test_a_whole_ledger_is_clean_and_its_views_are_rebuilt_identically(self):
        report = self.done("fsck", "--data", self.ledger, "--json").json()
        self.assertTrue(report["clean"])
        self.assertGreater(report["entries"], 1000)
        rebuilt = self.done("rebuild", "--data", self.ledger, "--json").json()
        self.assertTrue(rebuilt["identical"])
        self.assertEqual(rebuilt["rows"], report["view_rows"])
        self.assertEqual(rebuilt["digest"], self.done("rebuild", "--data", self.ledger, "--json").json()["digest"])
        some = self.done("rebuild", "--data", self.ledger, "--json", "record", "consent").json()
        self.assertLess(some["rows"], rebuilt["rows"])
        self.exits(2, "rebuild", "--data", self.ledger, "nonsense")

    def test_damage_in_any_large_file_is_found_and_named(self):
        files = [p.relative_to(self.ledger) for folder in ("log", "views") for p in (self.ledger / folder).iterdir()
                 if p.suffix in (".sst", ".log") and p.stat().st_size > 20_000]
        self.assertTrue(files)
        for number, name in enumerate(files):
            with self.subTest(file=str(name)):
                copy = self.copy(f"damaged-{number}")
                content = bytearray((copy / name).read_bytes())
                content[len(content) // 2] ^= 1
                (copy / name).write_bytes(content)
                ran = self.exits(1, "fsck", "--data", copy)
                self.assertIn("damage: ", ran.out)
                self.assertTrue(ran.out.endswith("DAMAGED\n"), ran)

    def test_lost_views_are_made_again_from_the_log(self):
        copy = self.copy("no-views")
        shutil.rmtree(copy / "views")
        self.assertTrue(self.done("rebuild", "--data", copy, "--json").json()["identical"])

    def test_damaged_views_are_replaced_by_rebuilding(self):
        copy = self.copy("bad-views")
        damaged = max((p for p in (copy / "views").iterdir() if p.suffix in (".sst", ".log")), key=lambda p: p.stat().st_size)
        content = bytearray(damaged.read_bytes())
        content[len(content) // 2] ^= 1
        damaged.write_bytes(content)
        self.assertIn("views", self.exits(1, "fsck", "--data", copy).out)
        self.done("rebuild", "--data", copy, "--repair")
        self.done("fsck", "--data", copy)

    def test_a_log_put_back_from_an_older_copy_is_not_served(self):
        copy = self.copy("older")
        self.done("record", "--data", copy, "--learner", NOBODY)  # its access event makes the log longer
        for folder in ("log", "views"):
            shutil.rmtree(copy / folder)
            shutil.copytree(self.ledger / folder, copy / folder)
        self.assertIn("checkpoint", self.exits(5, "record", "--data", copy, "--learner", NOBODY).err)

    def test_another_master_key_opens_nothing(self):
        copy = self.copy("other-master")
        master = copy / "keys" / "master.key"
        master.write_text("00" * 32 + "\n", encoding="utf-8")
        self.exits(3, "checkpoint", "--data", copy)
        self.assertIn("master", self.exits(1, "fsck", "--data", copy).out)


class Served(ProgramTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ledger = cls.folder / "demo"
        ran = run("demo", "--data", cls.ledger, "--once", "--pupils", 45, "--days", 5)
        assert ran.code == 0, ran
        cls.events = year(cls.folder)
        cls.pupil = next(e["subject"] for e in cls.events if "learner_registered" in e["type"])
        cls.token = cls.folder / "dpo.token"
        issued = run("token", "issue", "--data", cls.ledger, "--principal", "dpo@example.fi", "--role", "DPO", "--organisation", "*",
                     "--purpose", "EDU", "--out", cls.token)
        assert issued.code == 0, issued
        context = served(cls.ledger)
        cls.url = context.__enter__()
        cls.addClassCleanup(context.__exit__, None, None, None)

    def groups(self, system, count):
        """Events under ids of their own."""
        groups = [e for e in self.events if e["type"] == "fi.oppiloki.teaching.group_defined.v1"]
        return [dict(e, source=e["source"].replace("/sis", "/" + system)) for e in groups[:count]]

    def entry(self, index, size):
        """The bytes of one log entry, out of its C2SP entry bundle."""
        tile = index // 256
        width = min(256, size - tile * 256)
        status, _, bundle = request(self.url, "GET", f"/tile/entries/{tile:03}" + ("" if width == 256 else f".p/{width}"))
        self.assertEqual(status, 200)
        for _ in range(index % 256):
            bundle = bundle[2 + int.from_bytes(bundle[:2], "big"):]
        return bundle[2:2 + int.from_bytes(bundle[:2], "big")]

    def test_a_token_file_is_readable_by_its_owner_alone(self):
        self.assertEqual(stat.S_IMODE(self.token.stat().st_mode), 0o600)

    def test_a_second_process_is_told_to_ask_the_first(self):
        for command in (["fsck"], ["checkpoint"], ["serve", "--listen", "127.0.0.1:0"], ["record", "--learner", self.pupil]):
            self.assertIn("--url", self.exits(4, command[0], "--data", self.ledger, *command[1:]).err)

    def test_questions_are_answered_over_http_as_on_disk(self):
        served_answer = self.done("record", "--url", self.url, "--token", self.token, "--learner", self.pupil, "--json").json()
        self.assertEqual(served_answer["result"]["learner"], self.pupil)
        path = self.folder / "served.evidence"
        self.done("record", "--url", self.url, "--token", self.token, "--learner", self.pupil, "--evidence", path)
        self.done("verify", path, "--trust", self.ledger / "trust.policy")
        self.exits(1, "decide", "--url", self.url, "--token", self.token, "--learner", NOBODY, "--controller", "1.2.246.562.10.99900000011",
                   "--purpose", "ADAPT", "--recipient", "V1", "--category", "LRN")
        self.done("findings", "--url", self.url, "--token", self.token, "--learner", self.pupil)
        self.done("obligations", "--url", self.url, "--token", self.token, "--controller", "1.2.246.562.10.99900000011", "--json")
        trail = self.done("audit", "--url", self.url, "--token", self.token, "--actor", "dpo@example.fi", "--json").json()
        self.assertGreaterEqual(trail["count"], 2)

    def test_exports_are_asked_for_by_a_member_of_the_question(self):
        headers = {"Authorization": "Bearer " + self.token.read_text(encoding="utf-8").strip(), "Content-Type": "application/json"}

        def ask(path, question):
            status, _, body = request(self.url, "POST", path, json.dumps(question), headers)
            return status, json.loads(body)

        for kind, wanted in {"ts27560": "@graph", "fhir": "resourceType"}.items():
            status, answer = ask("/v1/query/consents", {"learner": self.pupil, "format": kind})
            self.assertEqual((status, answer["question"]), (200, "consents"))
            self.assertIn(wanted, answer["result"])
        status, answer = ask("/v1/query/consents", {"learner": self.pupil, "format": "fhir", "consent": "none"})
        self.assertEqual((status, answer["result"], answer["count"]), (200, None, 0))
        status, answer = ask("/v1/query/audit", {"learner": self.pupil, "format": "fhir"})
        self.assertEqual((status, answer["result"]["resourceType"], answer["count"]), (200, "Bundle", len(answer["result"]["entry"])))
        self.assertGreaterEqual(answer["count"], 3, "the exports before were recorded")
        status, problem = ask("/v1/query/consents", {"learner": self.pupil, "format": "pdf"})
        self.assertEqual((status, problem["code"]), (400, "CODE_UNKNOWN"))
        shown = self.done("consents", "--url", self.url, "--token", self.token, "--learner", self.pupil, "--format", "kantara")
        self.assertIsInstance(shown.json(), list)

    def test_without_a_good_token_there_is_no_answer(self):
        ask = ["record", "--url", self.url, "--learner", self.pupil]
        self.assertIn("--token", self.exits(3, *ask).err)
        for name, text in {"garbage": "nonsense", "other": self.token.read_text(encoding="utf-8")[:-6] + "AAAAA"}.items():
            path = self.folder / f"{name}.token"
            path.write_text(text + "\n", encoding="utf-8")
            self.exits(3, *ask, "--token", path)
        teacher = self.folder / "teacher.token"
        self.done("token", "issue", "--data", self.ledger, "--principal", "teacher", "--role", "TEACHER", "--organisation", "1.2.246.562.10.00000000001",
                  "--purpose", "EDU", "--out", teacher)
        self.assertIn("ROLE_NOT_ALLOWED", self.exits(3, *ask, "--token", teacher).err)
        status, kind, body = request(self.url, "POST", "/v1/query/record", json.dumps({"learner": self.pupil}))
        self.assertEqual((status, kind), (401, "application/problem+json"))
        self.assertNotIn(self.pupil, body.decode())

    def test_events_are_published_over_http(self):
        sis = self.groups("http", 20)
        path = write_events(self.folder / "sis.ndjson", sis)
        key = self.ledger / "keys" / "publishers" / "sis.key"
        summary = self.done("publish", "--url", self.url, "--key", key, "--json", path).json()
        self.assertEqual(summary["published"], len(sis))
        self.assertEqual(summary["accepted"] + summary["duplicates"], len(sis))
        again = self.done("publish", "--url", self.url, "--key", key, "--json", path).json()
        self.assertEqual((again["accepted"], again["duplicates"]), (0, len(sis)))
        status, kind, body = request(self.url, "GET", "/v1/receipts/" + sis[0]["id"],
                                     headers={"Authorization": "Bearer " + self.token.read_text(encoding="utf-8").strip()})
        self.assertEqual(status, 200, body)
        receipt = self.folder / "http.receipt"
        receipt.write_bytes(body)
        self.done("verify", receipt, "--trust", self.ledger / "trust.policy")

    def test_unsigned_events_are_attested_and_never_signed_by_the_publisher(self):
        token = self.done("token", "issue", "--data", self.ledger, "--principal", "sis-server", "--role", "SYSTEM",
                          "--organisation", "*", "--purpose", "EDU", "--publisher", "sis").out.strip()
        events = self.groups("attested", 3)
        events[1]["type"] = "fi.oppiloki.no.such_type.v1"
        headers = {"Content-Type": "application/cloudevents-batch+json", "Authorization": "Bearer " + token}
        status, _, body = request(self.url, "POST", "/v1/events", json.dumps(events), headers)
        self.assertEqual(status, 200, body)
        items = json.loads(body)["items"]
        self.assertEqual([i["outcome"] for i in items], ["ACCEPTED", "REJECTED", "ACCEPTED"])
        self.assertEqual(items[1]["code"], "TYPE_UNKNOWN")
        # The entry before the first accepted event is its batch: it says for whom the gateway spoke.
        batch = self.entry(items[0]["position"] - 1, json.loads(body)["size"])
        self.assertIn(b"sis", batch)
        self.assertIn(b"ledger", batch, "the batch does not name the gateway")
        signed = self.folder / "signed.receipts"
        self.done("publish", "--url", self.url, "--key", self.ledger / "keys" / "publishers" / "sis.key", "--receipts", signed,
                  write_events(self.folder / "signed.ndjson", self.groups("signed", 1)))
        position = json.loads(signed.read_text(encoding="utf-8"))["position"]
        self.assertNotIn(b"ledger", self.entry(position - 1, position + 1))
        headers["Authorization"] = "Bearer " + self.token.read_text(encoding="utf-8").strip()
        self.assertIn(request(self.url, "POST", "/v1/events", json.dumps(events), headers)[0], (401, 403))

    def test_operations_are_open_and_name_nobody(self):
        for path, kind in (("/metrics", "text/plain"), ("/healthz", "application/json"), ("/readyz", "application/json"),
                           ("/checkpoint", "text/plain"), ("/tile/0/000", "application/octet-stream"), ("/openapi.json", "application/json")):
            status, shown, body = request(self.url, "GET", path)
            self.assertEqual(status, 200, path)
            self.assertTrue(shown.startswith(kind), (path, shown))
            self.assertIsNone(program.PERSON.search(body.decode("latin-1")), path)
        metrics = request(self.url, "GET", "/metrics")[2].decode()
        self.assertRegex(metrics, r"(?m)^ledger_tree_size \d+")
        self.assertEqual(len(request(self.url, "GET", "/tile/0/000")[2]), 256 * 32)
        self.assertEqual(request(self.url, "GET", "/tile/0/x999")[0], 404)
        self.assertEqual(request(self.url, "GET", "/no/such/page")[0], 404)

    def test_the_served_checkpoint_verifies(self):
        note = self.folder / "served.checkpoint"
        note.write_text(self.done("checkpoint", "--url", self.url).out, encoding="utf-8")
        self.done("verify", note, "--trust", self.ledger / "trust.policy")

    def test_a_server_that_is_not_there_is_unavailable(self):
        self.exits(4, "checkpoint", "--url", "http://127.0.0.1:1")
        self.exits(2, "checkpoint", "--url", "nonsense")


if __name__ == "__main__":
    program.main()
