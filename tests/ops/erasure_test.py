"""Erasure from the outside: what two officers, and whoever may not, get from the program.

Run by ctest; OPPILOKI names the program.
"""

import json
import re
import shutil
import time

import program
from program import ProgramTest, new_publisher, request, run, served

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
        self.settings(delay_hours=0, every_hours=0)

    def settings(self, **values):
        path = self.data / "ledger.toml"
        text = path.read_text(encoding="utf-8")
        for name, value in values.items():
            text, found = re.subn(rf"^{name} = \d+$", f"{name} = {value}", text, flags=re.M)
            self.assertEqual(found, 1, name)
        path.write_text(text, encoding="utf-8")

    def intake_refusals(self):
        answer = self.done("audit", "--data", self.data, "--publisher", "ledger", "--json").out
        return answer.count("ledger.intake_refused")

    def token(self, principal, role="DPO", *options):
        path = self.folder / f"{self.data.name}-{principal}-{role}.token"
        if not path.exists():
            self.done("token", "issue", "--data", self.data, "--principal", principal, "--role", role, "--organisation", "*",
                      "--purpose", "EDU", "--out", path, *options)
        return path

    def call(self, url, method, path, token, body=None):
        headers = {"Authorization": "Bearer " + token.read_text(encoding="utf-8").strip()}
        if body is not None:
            headers["Content-Type"] = "application/json"
        status, media, text = request(url, method, path, None if body is None else json.dumps(body), headers)
        answer = json.loads(text)
        if status >= 400:
            self.assertEqual(media, "application/problem+json")
            self.assertNotIn(self.learner.rsplit(".", 1)[-1], text.decode())
            return status, answer["code"]
        return status, answer

    def trail(self, learner=None):
        answer = self.done("audit", "--data", self.data, "--learner", learner or self.learner, "--json").json()
        return answer["count"]

    def request_over(self, url, learner=None, **more):
        ask = {"learner": learner or self.learner, "classes": ["S2"], "ground": "REQUEST", **more}
        return self.call(url, "POST", "/v1/erasures", self.token("anna"), ask)


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


class OverHttp(Erasures):
    def test_two_officers_erase_and_the_certificate_holds(self):
        tokens = {n: self.token(n) for n in ("anna", "bertta")}
        with served(self.data) as url:
            status, preview = self.request_over(url, dry_run=True)
            self.assertEqual(status, 200)
            [s2] = preview["classes"]
            self.assertGreater(s2["would_erase"], 0)
            status, state = self.request_over(url)
            self.assertEqual((status, state["status"], state["requested_by"]), (200, "REQUESTED", "anna"))
            self.assertNotIn("would_erase", state)
            one = "/v1/erasures/" + state["request"]
            self.assertEqual(self.request_over(url), (409, "ALREADY_REQUESTED"))
            self.assertEqual(self.call(url, "POST", one + "/decision", tokens["anna"], {"decision": "ACCEPT"}), (403, "NEEDS_SECOND_PRINCIPAL"))
            self.assertEqual([r["request"] for r in self.call(url, "GET", "/v1/erasures", tokens["bertta"])[1]["requests"]], [state["request"]])
            status, state = self.call(url, "POST", one + "/decision", tokens["bertta"], {"decision": "ACCEPT", "law_ref": "GDPR 17"})
            self.assertEqual((status, state["status"]), (200, "DUE"))
            status, ran = self.call(url, "POST", "/v1/erasures/run", tokens["anna"])
            self.assertEqual((status, len(ran["executed"]), ran["executed"][0]["covered"]), (200, 1, s2["would_erase"]))
            status, state = self.call(url, "GET", one, tokens["anna"])
            self.assertEqual((state["status"], state["covered"]), ("VERIFIED", s2["would_erase"]))
            self.assertEqual(len(state["positions"]), state["covered"])
            self.assertEqual(self.request_over(url), (409, "ALREADY_ERASED"))
            self.assertEqual(self.call(url, "POST", one + "/decision", tokens["bertta"], {"decision": "CANCEL"}), (409, "ALREADY_EXECUTED"))
            certificate = self.folder / "http.certificate"
            self.done("erase", "--url", url, "--token", tokens["bertta"], "--status", state["request"], "--evidence", certificate)
        proved = self.done("verify", certificate, "--trust", self.data / "trust.policy").out
        self.assertIn(f"events of classes S2 of this learner, {state['covered']} entries", proved)
        self.assertIn("by order of anna decided by bertta", proved)

    def test_who_may_not_is_told_nothing_about_the_learner(self):
        self.token("t", "TEACHER")
        self.token("v", "AUDITOR")
        with served(self.data) as url:
            teacher, auditor = self.token("t", "TEACHER"), self.token("v", "AUDITOR")
            ask = {"learner": self.learner, "classes": ["S2"], "ground": "REQUEST"}
            for learner in (self.learner, NOBODY):
                ask["learner"] = learner
                self.assertEqual(self.call(url, "POST", "/v1/erasures", teacher, ask), (403, "PUBLISHER_UNKNOWN"))
                self.assertEqual(self.call(url, "POST", "/v1/erasures", teacher, {**ask, "dry_run": True}), (403, "ROLE_NOT_ALLOWED"))
                self.assertEqual(self.call(url, "POST", "/v1/holds", teacher, {"learner": learner, "classes": ["S2"], "ground": "LITIGATION", "case_ref": "1"}),
                                 (403, "PUBLISHER_UNKNOWN"))
                self.assertEqual(self.call(url, "POST", "/v1/query/holds", teacher, {"learner": learner}), (403, "ROLE_NOT_ALLOWED"))
            for method, path in (("GET", "/v1/erasures"), ("POST", "/v1/erasures/run")):
                self.assertEqual(self.call(url, method, path, teacher), (403, "ROLE_NOT_ALLOWED"))
            self.assertEqual(self.call(url, "POST", "/v1/erasures/run", auditor), (403, "ROLE_NOT_ALLOWED"))
            self.assertEqual(self.call(url, "POST", "/v1/erasures", auditor, {**ask, "learner": self.learner, "dry_run": True}), (403, "REASON_MISSING"))
            status, _ = self.call(url, "POST", "/v1/erasures", auditor, {**ask, "learner": self.learner, "dry_run": True, "reason": "audit 3/2026"})
            self.assertEqual(status, 200)

    def test_bad_input_has_its_own_answer(self):
        refused_before = self.intake_refusals()
        anna = self.token("anna")
        with served(self.data) as url:
            for ask, code in (({}, "FIELD_MISSING"), ({"learner": 1}, "FIELD_TYPE"), ({"learner": "x", "classes": "S2"}, "FIELD_TYPE"),
                              ({"learner": self.learner, "classes": ["S2"]}, "FIELD_MISSING"), ({"learner": self.learner, "class": ["S2"]}, "UNKNOWN_FIELD"),
                              ({"learner": "x", "classes": ["S2"], "ground": "REQUEST"}, "FIELD_TYPE"), ([], "MALFORMED")):
                self.assertEqual(self.call(url, "POST", "/v1/erasures", anna, ask), (400, code), ask)
            self.assertEqual(self.request_over(url, NOBODY), (404, "LEARNER_UNKNOWN"))
            self.assertEqual(self.request_over(url, types=["grade.course_assessed"]), (400, "STATUTORY_RECORD"))
            self.assertEqual(self.request_over(url, classes=["S9"]), (400, "CODE_UNKNOWN"))
            for path in ("/v1/erasures/" + NO_ID, "/v1/erasures/x"):
                self.assertEqual(self.call(url, "GET", path, anna), (404, "REQUEST_UNKNOWN"))
                self.assertEqual(self.call(url, "POST", path + "/decision", anna, {"decision": "ACCEPT"}), (404, "REQUEST_UNKNOWN"))
            self.assertEqual(self.call(url, "POST", "/v1/erasures/" + NO_ID + "/decision", anna, {"decision": "PERHAPS"}), (400, "CODE_UNKNOWN"))
            self.assertEqual(self.call(url, "POST", "/v1/holds/" + NO_ID + "/release", anna), (404, "HOLD_UNKNOWN"))
        self.assertEqual(self.intake_refusals(), refused_before + 1, "what the law keeps was asked for, and that stays visible")

    def test_each_look_is_in_the_trail(self):
        before = self.trail()
        anna = self.token("anna")
        with served(self.data) as url:
            self.request_over(url, dry_run=True)
            one = "/v1/erasures/" + self.request_over(url)[1]["request"]
            self.call(url, "GET", one, anna)
            self.call(url, "POST", "/v1/query/holds", anna, {"learner": self.learner})
            self.call(url, "GET", "/v1/erasures", anna)  # names nobody
        # The audit that counted `before` is one of them.
        self.assertEqual(self.trail(), before + 1 + 3)

    def test_a_hold_defers_and_its_end_makes_due(self):
        anna, bertta = self.token("anna"), self.token("bertta")
        with served(self.data) as url:
            common = ("--url", url, "--token", anna, "--json")
            hold = self.done("hold", "set", *common, "--learner", self.learner, "--class", "S2", "--ground", "LITIGATION", "--case", "1/2026").json()["hold"]
            request_id = self.done("erase", *common, "--learner", self.learner, "--class", "S2", "--ground", "REQUEST").json()["request"]
            state = self.done("erase", "--url", url, "--token", bertta, "--json", "--decide", request_id, "--accept").json()
            self.assertEqual((state["status"], state["hold"]), ("DEFERRED", hold))
            skipped = self.exits(1, "erase", *common, "--run").json()["skipped"]
            self.assertTrue(skipped[0]["why"].startswith("LEGAL_HOLD"))
            self.done("hold", "release", *common, "--hold", hold)
            self.exits(2, "hold", "release", *common, "--hold", hold)
            [listed] = self.done("hold", "list", *common, "--learner", self.learner).json()["holds"]
            self.assertIsNotNone(listed["released"])
            state = self.done("erase", *common, "--status", request_id).json()
            self.assertEqual(state["status"], "DUE")
            self.assertEqual(self.done("erase", *common, "--cancel", request_id).json()["status"], "REFUSED")
            self.assertEqual(self.done("erase", *common, "--list").json()["requests"], [])
            self.exits(2, "erase", *common, "--as", "anna", "--learner", self.learner, "--class", "S2", "--ground", "REQUEST")


class ByItself(Erasures):
    def test_a_served_ledger_carries_out_what_is_due(self):
        erase = ("erase", "--data", self.data, "--json")
        request_id = self.done(*erase, "--learner", self.learner, "--class", "S2", "--ground", "REQUEST", "--as", "anna").json()["request"]
        self.done(*erase, "--decide", request_id, "--accept", "--as", "bertta")
        anna = self.token("anna")

        def status_after(seconds):
            with served(self.data) as url:
                until = time.monotonic() + seconds
                while True:
                    status = self.call(url, "GET", "/v1/erasures/" + request_id, anna)[1]["status"]
                    if status == "VERIFIED" or time.monotonic() > until:
                        return status
                    time.sleep(0.2)

        self.assertEqual(status_after(1), "DUE")  # every_hours = 0: never by itself
        self.settings(every_hours=24)
        self.assertEqual(status_after(60), "VERIFIED")


if __name__ == "__main__":
    program.main()
