"""Retention from the outside, over a generated year: two officers sign a table, runs order what is due, the
eraser carries it out. Most learners are still at school and lose nothing.

Run by ctest; OPPILOKI names the program.
"""

import json
import time
import unittest

import program
from program import ProgramTest, new_publisher, request, run, served

SIZE = ("--pupils", 45, "--days", 20)
ACTIVITY = "fi.oppiloki.activity."
STATE = "fi.oppiloki.studyright.state_changed.v1"
TABLE = {"retention": "school", "version": 1, "rules": [
    {"class": "S2", "types": ["activity.xapi_statement", "activity.caliper_event"], "trigger": "STUDYRIGHT_ENDED", "days": 1, "law_ref": "test"},
    {"class": "S3", "types": ["support.conduct_noted"], "trigger": "MAJORITY", "days": 36500, "law_ref": "test"}]}


class Year(ProgramTest):
    """A demo ledger of a generated year in which three learners with activity have left school."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ledger = cls.folder / "ledger"
        ran = run("demo", "--data", cls.ledger, "--once", *SIZE)
        assert ran.code == 0, ran
        ran = run("generate", *SIZE, "--out", cls.folder / "year.ndjson")
        assert ran.code == 0, ran
        events = [json.loads(line) for line in (cls.folder / "year.ndjson").read_text(encoding="utf-8").splitlines()]
        cls.activity = {}
        for event in events:
            if event["type"].startswith(ACTIVITY):
                cls.activity[event["subject"]] = cls.activity.get(event["subject"], 0) + 1
        states = {}
        for event in events:
            if event["type"] == STATE:
                states.setdefault(event["subject"], []).append(event)
        # Pupils of one school from the first day on, until now.
        cls.steady = sorted(learner for learner, told in states.items() if len(told) == 1 and told[0]["data"]["state"] == "lasna")
        cls.gone = [learner for learner in cls.steady if learner in cls.activity][:3]
        assert len(cls.gone) == 3
        cls.anna = new_publisher(cls.ledger, cls.folder, "anna", "DPO")
        cls.bertta = new_publisher(cls.ledger, cls.folder, "bertta", "DPO")
        cls.table = cls.folder / "table.json"
        ends = []
        for number, learner in enumerate(cls.gone):
            end = json.loads(json.dumps(states[learner][0]))
            end["id"] = end["id"][:-4] + f"{number:04x}"
            end["validfrom"] = end["time"] = "2026-07-01T09:00:00Z"
            end.pop("validto", None)
            end["data"]["state"] = "eronnut"
            ends.append(json.dumps(end))
        (cls.folder / "ends.ndjson").write_text("\n".join(ends) + "\n", encoding="utf-8")

    def leave_school(self):
        sis = self.ledger / "keys" / "publishers" / "sis.key"
        self.assertEqual(self.done("publish", "--data", self.ledger, "--key", sis, "--json", self.folder / "ends.ndjson").json()["accepted"], 3)

    def write_table(self, **changes):
        self.table.write_text(json.dumps({**TABLE, **changes}), encoding="utf-8")
        return self.table

    def retention(self, *arguments):
        return self.done("retention", *arguments, "--data", self.ledger, "--json").json()

    def without_delay(self):
        settings = self.ledger / "ledger.toml"
        settings.write_text(settings.read_text(encoding="utf-8").replace("delay_hours = 24", "delay_hours = 0"), encoding="utf-8")

    def activity_left(self, learner):
        record = self.done("record", "--data", self.ledger, "--learner", learner, "--json").json()["result"]
        return record.get("activity", {"count": 0})["count"]


class Signed(Year):
    def test_a_table_is_in_force_when_two_officers_have_signed_it(self):
        table = self.write_table()
        self.assertIn("NO_TABLE", self.exits(2, "retention", "show", "--data", self.ledger).err)
        self.assertIn("NO_TABLE", self.exits(2, "retention", "run", "--data", self.ledger).err)
        set_both = ("retention", "set", "--data", self.ledger, "--table", table)
        self.assertIn("NEEDS_SECOND_PRINCIPAL", self.exits(3, *set_both, "--key", self.anna, "--second-key", self.anna).err)
        sis = self.ledger / "keys" / "publishers" / "sis.key"
        self.assertIn("TYPE_NOT_ALLOWED", self.exits(3, *set_both, "--key", self.anna, "--second-key", sis).err)
        self.exits(2, *set_both, "--key", self.anna)
        once, twice = self.folder / "once.note", self.folder / "twice.note"
        self.retention("sign", "--table", table, "--key", self.anna, "--out", once)
        self.assertIn("NEEDS_SECOND_PRINCIPAL", self.exits(3, "retention", "set", "--data", self.ledger, "--note", once).err)
        self.retention("sign", "--note", once, "--key", self.bertta, "--out", twice)
        self.assertEqual(self.retention("set", "--note", twice)["decided_by"], "bertta")
        shown = self.retention("show")
        self.assertEqual((shown["version"], shown["usable"], len(shown["rules"])), (1, True, 2))
        self.assertIn("VERSION_NOT_NEWER", self.exits(2, *set_both, "--key", self.anna, "--second-key", self.bertta).err)

    def test_tables_that_say_something_wrong_are_refused_in_words(self):
        for changes, words in (({"colour": 1}, "colour"), ({"rules": []}, "rules"), ({"version": 0}, "version"),
                               ({"rules": [{**TABLE["rules"][0], "types": ["grade.course_assessed"]}]}, "STATUTORY_RECORD"),
                               ({"rules": [TABLE["rules"][0], TABLE["rules"][0]]}, "two rules")):
            wrong = self.folder / "wrong.json"
            wrong.write_text(json.dumps({**TABLE, "version": 9, **changes}), encoding="utf-8")
            ran = self.exits(2, "retention", "set", "--data", self.ledger, "--table", wrong, "--key", self.anna, "--second-key", self.bertta)
            self.assertIn(words, ran.err)

    def test_the_example_of_the_documents_can_be_signed(self):
        example = program.pathlib.Path(__file__).resolve().parents[2] / "docs" / "examples" / "retention-fi.json"
        self.retention("sign", "--table", example, "--key", self.anna, "--out", self.folder / "example.note")


class Runs(Year):
    def test_a_run_orders_what_a_dry_run_says_and_the_eraser_carries_it_out(self):
        self.retention("set", "--table", self.write_table(), "--key", self.anna, "--second-key", self.bertta)
        before = self.retention("run", "--dry-run", "--rate", 0)["rules"][0]
        self.assertLess(before["learners"], 10)  # most are still at school
        self.leave_school()
        counted = self.retention("run", "--dry-run", "--rate", 0)
        rule = counted["rules"][0]
        self.assertEqual(rule["learners"] - before["learners"], 3)
        self.assertEqual(rule["events"] - before["events"], sum(self.activity[learner] for learner in self.gone))
        self.assertEqual(counted["rules"][1]["learners"], 0)
        self.assertIn("learners", self.done("retention", "run", "--data", self.ledger, "--dry-run", "--rate", 0).out)

        # In pieces, each a process of its own.
        pieces = [self.retention("run", "--rate", 0, "--chunk", 20, "--chunks", 1)]
        while not pieces[-1]["finished"]:
            pieces.append(self.retention("run", "--rate", 0, "--chunk", 20, "--chunks", 1))
        self.assertGreater(len(pieces), 3)
        self.assertEqual([p["resumed"] for p in pieces], [False] + [True] * (len(pieces) - 1))
        self.assertEqual(sum(p["persons"] for p in pieces), counted["persons"])
        self.assertEqual(sum(p["rules"][0]["learners"] for p in pieces), rule["learners"])

        again = self.retention("run", "--rate", 0)
        self.assertEqual((again["rules"][0]["learners"], again["rules"][0]["waiting"]), (0, rule["learners"]))
        self.assertEqual(self.done("erase", "--data", self.ledger, "--run", "--json").json()["executed"], [])
        self.without_delay()
        erased = self.done("erase", "--data", self.ledger, "--run", "--json").json()["executed"]
        self.assertEqual(sum(e["covered"] for e in erased), rule["events"])
        for learner in self.gone:
            self.assertEqual(self.activity_left(learner), 0)
        other = next(learner for learner in self.steady if learner in self.activity and learner not in self.gone)
        self.assertEqual(self.activity_left(other), self.activity[other])
        self.done("fsck", "--data", self.ledger)
        self.assertEqual(self.retention("run", "--dry-run", "--rate", 0)["rules"][0]["learners"], 0)


class Served(Year):
    """The same through a running server."""

    def token(self, principal, role):
        path = self.folder / f"{principal}.token"
        self.done("token", "issue", "--data", self.ledger, "--principal", principal, "--role", role, "--organisation", "*", "--purpose", "EDU",
                  "--out", path)
        return path

    def call(self, url, method, token, body=None):
        headers = {"Authorization": "Bearer " + token.read_text(encoding="utf-8").strip(), "Content-Type": "application/json"}
        status, _, text = request(url, method, "/v1/retention/run", None if body is None else json.dumps(body), headers if body else {"Authorization": headers["Authorization"]})
        return status, json.loads(text)

    def test_a_run_goes_on_in_the_server_and_can_be_asked_about(self):
        anna, teacher, auditor = (self.token(*who) for who in (("anna", "DPO"), ("t", "TEACHER"), ("v", "AUDITOR")))
        with served(self.ledger) as url:
            common = ("--url", url, "--token", anna, "--json")
            self.assertIn("NO_TABLE", self.exits(2, "retention", "run", *common).err)
            self.assertIn("NO_TABLE", self.exits(2, "retention", "show", *common).err)
        self.retention("set", "--table", self.write_table(), "--key", self.anna, "--second-key", self.bertta)
        self.leave_school()
        counted = self.retention("run", "--dry-run", "--rate", 0)
        with served(self.ledger) as url:
            common = ("--url", url, "--token", anna, "--json")
            self.assertEqual((self.call(url, "GET", anna)[0], self.call(url, "GET", anna)[1]["code"]), (404, "NO_RUN"))
            for token in (teacher, auditor):
                status, problem = self.call(url, "POST", token, {"dry_run": True})
                self.assertEqual((status, problem["code"]), (403, "ROLE_NOT_ALLOWED"))
            for body, code in (({"rate": -1}, "FIELD_TYPE"), ({"chunk": 0}, "FIELD_TYPE"), ({"speed": 1}, "UNKNOWN_FIELD")):
                status, problem = self.call(url, "POST", anna, body)
                self.assertEqual((status, problem["code"]), (400, code))
            self.assertEqual(self.done("retention", "show", *common).json()["decided_by"], "bertta")
            self.assertEqual(self.done("retention", "run", *common, "--dry-run", "--rate", 0).json(), counted)
            self.assertEqual(self.call(url, "GET", auditor)[1]["report"], counted)
            # A slow one: others wait, and the end of the service does not wait for it.
            status, state = self.call(url, "POST", anna, {"rate": 1, "chunk": 1})
            self.assertEqual((status, state["running"], state["report"]), (200, True, None))
            self.exits(4, "retention", "run", *common, "--rate", 0)
            while self.call(url, "GET", auditor)[1]["persons"] == 0:
                time.sleep(0.05)
        with served(self.ledger) as url:
            common = ("--url", url, "--token", anna, "--json")
            ran = self.done("retention", "run", *common, "--rate", 0).json()
            self.assertEqual((ran["finished"], ran["resumed"]), (True, True))
            again = self.done("retention", "run", *common, "--rate", 0).json()
            self.assertEqual((again["rules"][0]["learners"], again["rules"][0]["waiting"]), (0, counted["rules"][0]["learners"]))


if __name__ == "__main__":
    program.main()
