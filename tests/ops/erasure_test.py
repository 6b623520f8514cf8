"""Erasure from the outside: what two officers, and whoever may not, get from the program.

Run by ctest; OPPILOKI names the program.
"""

import json
import re
import shutil

import program
from program import ProgramTest, new_publisher, run

NOBODY = "urn:oid:1.2.246.562.24.99999999990"
NO_ID = "019b1c00-0000-7000-8000-000000000011"


class Erasures(ProgramTest):
    """A small demo ledger with two officers, anna and bertta, copied for each test."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.demo = cls.folder / "demo"
        size = ("--pupils", 45, "--days", 10)
        ran = run("demo", "--data", cls.demo, "--once", *size)
        assert ran.code == 0, ran
        for officer in ("anna", "bertta"):
            new_publisher(cls.demo, cls.folder, officer, "DPO", "--allow", "all")
        ran = run("generate", *size, "--out", cls.folder / "year.ndjson")
        assert ran.code == 0, ran
        counts = {}
        for line in (cls.folder / "year.ndjson").read_text(encoding="utf-8").splitlines():
            event = json.loads(line)
            if event.get("sensitivity") == "S2" and "subject" in event and event["type"].startswith("fi.oppiloki.attendance"):
                counts[event["subject"]] = counts.get(event["subject"], 0) + 1
        cls.learner = max(sorted(counts), key=counts.get)

    def setUp(self):
        self.data = self.folder / self.id().rsplit(".", 1)[-1]
        shutil.copytree(self.demo, self.data)
        self.addCleanup(shutil.rmtree, self.data)
        self.settings(delay_hours=0)

    def settings(self, **values):
        path = self.data / "ledger.toml"
        text = path.read_text(encoding="utf-8")
        for name, value in values.items():
            text, found = re.subn(rf"^{name} = \d+$", f"{name} = {value}", text, flags=re.M)
            self.assertEqual(found, 1, name)
        path.write_text(text, encoding="utf-8")


class BadInput(Erasures):
    """Each mistake has an answer of its own, on stderr, and its exit code."""

    def erase(self, *arguments):
        return self.done("erase", "--data", self.data, "--json", *arguments).json()

    def refused(self, code, said, *arguments):
        ran = self.exits(code, *arguments, "--data", self.data)
        self.assertIn(f"{said}:", ran.err, ran)
        self.assertEqual(ran.out, "")
        return ran

    def ask(self, learner=None, classes="S2", ground="REQUEST", who="anna"):
        return ("erase", "--learner", learner or self.learner, "--class", classes, "--ground", ground, "--as", who)

    def requested(self, **more):
        return self.done(*self.ask(**more), "--data", self.data, "--json").json()["request"]

    def intake_refusals(self):
        answer = self.done("audit", "--data", self.data, "--publisher", "ledger", "--json").out
        return answer.count("ledger.intake_refused")

    def test_one_principal_alone(self):
        request = self.requested()
        self.refused(3, "NEEDS_SECOND_PRINCIPAL", "erase", "--decide", request, "--accept", "--as", "anna")
        self.assertEqual(self.erase("--run")["executed"], [])
        self.assertEqual(self.erase("--status", request)["status"], "REQUESTED")

    def test_an_unknown_principal_and_one_without_the_right(self):
        for who, said in (("nobody", "PUBLISHER_UNKNOWN"), ("vendor-one", "TYPE_NOT_ALLOWED")):
            self.refused(3, said, *self.ask(who=who))
            self.refused(3, said, "hold", "set", "--learner", self.learner, "--class", "S2", "--ground", "LITIGATION", "--case", "1/2026", "--as", who)
        self.assertEqual(self.erase("--list")["requests"], [])

    def test_a_class_under_hold(self):
        hold = self.done("hold", "set", "--data", self.data, "--json", "--learner", self.learner, "--class", "S2", "--ground", "LITIGATION",
                         "--case", "1/2026", "--as", "anna").json()["hold"]
        request = self.requested()
        self.assertEqual(self.erase("--learner", self.learner, "--class", "S2", "--dry-run")["hold"], hold)
        state = self.erase("--decide", request, "--accept", "--as", "bertta")
        self.assertEqual((state["status"], state["hold"]), ("DEFERRED", hold))
        ran = self.exits(1, "erase", "--data", self.data, "--run", "--json").json()
        self.assertEqual(ran["executed"], [])
        [skipped] = ran["skipped"]
        self.assertEqual(skipped["request"], request)
        self.assertTrue(skipped["why"].startswith("LEGAL_HOLD:"), skipped)

    def test_an_unknown_learner(self):
        for learner, code, said in ((NOBODY, 2, "LEARNER_UNKNOWN"), ("somebody", 2, "FIELD_TYPE")):
            self.refused(code, said, *self.ask(learner))
            self.refused(code, said, *self.ask(learner), "--dry-run")
            self.refused(code, said, "hold", "set", "--learner", learner, "--class", "S2", "--ground", "LITIGATION", "--case", "1/2026", "--as", "anna")
            self.refused(code, said, "hold", "list", "--learner", learner)

    def test_twice(self):
        request = self.requested()
        self.refused(2, "ALREADY_REQUESTED", *self.ask())
        self.refused(2, "ALREADY_REQUESTED", *self.ask(classes="S2,S3"))
        self.erase("--decide", request, "--accept", "--as", "bertta")
        self.refused(2, "ALREADY_DECIDED", "erase", "--decide", request, "--accept", "--as", "bertta")
        self.refused(2, "ALREADY_REQUESTED", *self.ask())
        self.assertEqual(len(self.erase("--run")["executed"]), 1)
        self.refused(2, "ALREADY_ERASED", *self.ask())
        for decision in (("--decide", request, "--accept"), ("--decide", request, "--refuse"), ("--cancel", request)):
            self.refused(2, "ALREADY_EXECUTED", "erase", *decision, "--as", "bertta")
        self.assertEqual(self.erase("--run")["executed"], [])

    def test_a_statutory_type(self):
        before = self.intake_refusals()
        self.refused(2, "STATUTORY_RECORD", *self.ask(), "--type", "grade.course_assessed")
        self.refused(2, "STATUTORY_RECORD", *self.ask(), "--type", "activity.xapi_statement,certificate.issued")
        self.assertEqual(self.intake_refusals(), before + 2)
        self.assertEqual(self.erase("--list")["requests"], [])

    def test_an_unknown_id(self):
        request = self.requested()
        for order in (("--status", NO_ID), ("--decide", NO_ID, "--accept", "--as", "bertta"), ("--cancel", NO_ID, "--as", "bertta")):
            self.refused(2, "REQUEST_UNKNOWN", "erase", *order)
        # An id of another thing is no hold's id.
        for hold in (NO_ID, request):
            self.refused(2, "HOLD_UNKNOWN", "hold", "release", "--hold", hold, "--as", "anna")

    def test_a_hold_that_is_over(self):
        hold = self.done("hold", "set", "--data", self.data, "--json", "--learner", self.learner, "--class", "S3", "--ground", "BREACH",
                         "--case", "2/2026", "--as", "anna").json()["hold"]
        self.done("hold", "release", "--data", self.data, "--hold", hold, "--as", "bertta")
        self.refused(2, "ALREADY_RELEASED", "hold", "release", "--hold", hold, "--as", "anna")
        self.refused(2, "REQUEST_UNKNOWN", "erase", "--status", hold)

    def test_what_is_no_request(self):
        self.refused(2, "CODE_UNKNOWN", *self.ask(classes="S9"))
        self.refused(2, "CODE_UNKNOWN", *self.ask(classes="S2,S9"), "--dry-run")
        self.refused(2, "CODE_UNKNOWN", *self.ask(ground="BECAUSE"))
        self.refused(2, "FIELD_MISSING", "erase", "--learner", self.learner, "--ground", "REQUEST", "--as", "anna")
        self.refused(2, "CODE_UNKNOWN", "hold", "set", "--learner", self.learner, "--class", "S2", "--ground", "BECAUSE", "--case", "1", "--as", "anna")
        self.exits(2, "erase", "--data", self.data, *self.ask()[1:-2])  # nobody acts
        self.exits(2, "erase", "--data", self.data, "--decide", NO_ID, "--as", "anna")
        self.exits(2, "erase", "--data", self.data, "--list", "--run")
        self.assertEqual(self.erase("--list")["requests"], [])


if __name__ == "__main__":
    program.main()
