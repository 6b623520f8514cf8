#!/usr/bin/env python3
"""Exported documents, judged by what other people wrote (ctest: exports.*).

    check_exports.py {jsonld|kantara|fhir|balp} EXPORT_SAMPLES

EXPORT_SAMPLES (tests/projections/export_samples.cc) writes a document of every format for every state of a
consent, plain and hostile, redacted or not, and for random histories. Then

    jsonld   PyLD expands TS 27560 documents; every term must be one of dpv_terms.txt, and a record must have
             the fields that the W3C guide to ISO/IEC TS 27560 calls mandatory
    kantara  no schema is packaged anywhere: the field rules of Consent Receipt 1.1.0, section 4, are here
    fhir     HAPI FHIR validates Consent resources against the definitions of R5
    balp     HAPI FHIR validates AuditEvent resources against R4; the rules of the BALP profiles are here, from
             github IHE/ITI.BasicAudit at 09fe729, input/fsh

Each kind is also shown documents that are wrong, and must find that. Exit code 77, with a loud word, when the
tool is not installed (ops/setup exports installs it); with CI=true that is a failure.
"""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
HISTORIES = 25
DEBIAN_PYTHON = "/usr/bin/python3"
HOSTILE = "hostile-"


class ToolMissing(Exception):
    pass


def load(path):
    return json.loads(path.read_text(encoding="utf-8"))


def resources(document, kind):
    """The resources of a kind in a Bundle, or the one that it is."""
    if document.get("resourceType") == kind:
        return [document]
    return [entry["resource"] for entry in document.get("entry", [])]


# --- TS 27560 ---------------------------------------------------------------------------------------------

DPV = "https://w3id.org/dpv#"
DCT = "http://purl.org/dc/terms/"
OURS = re.compile(r"(urn:oppiloki|urn:uuid|urn:oid|ni):")
# The guide's tables 8.1-8.3: property, how many at least.
OF_RECORD = [(DCT + "conformsTo", 1), (DCT + "identifier", 1), (DPV + "hasDataSubject", 1), (DPV + "hasProcess", 1),
             (DPV + "hasDataController", 1), (DPV + "hasJurisdiction", 1), (DPV + "hasConsentStatus", 1)]
OF_PROCESS = [(DPV + "hasPurpose", 1), (DPV + "hasPersonalData", 1), (DPV + "hasRecipient", 1),
              (DPV + "hasStorageCondition", 1), (DPV + "hasConsentStatus", 1)]
OF_CONSENT = [(DPV + "hasNotice", 1), (DPV + "hasConsentControl", 1), (DPV + "hasRight", 1)]


def dpv_terms():
    lines = (HERE / "dpv_terms.txt").read_text(encoding="utf-8").splitlines()
    return dict(line.split() for line in lines if line and not line.startswith("#"))


def walk(node, terms, findings):
    """Every IRI of an expanded document is ours or a known term, in the place for its kind."""
    for name, values in node.items():
        if name == "@type":
            findings += [f"{t} is no class" for t in values if terms.get(t) != "class"]
        elif name == "@id":
            if not OURS.match(values) and terms.get(values) != "individual":
                findings.append(f"{values} is no individual")
            if re.search(r"[\s\"<>{}|\\^`]", values):
                findings.append(f"{values!r} is no IRI")
        elif name.startswith("@"):
            findings.append(f"{name} is not expected")
        else:
            if terms.get(name) != "property":
                findings.append(f"{name} is no property")
            for value in values:
                if "@value" not in value:
                    walk(value, terms, findings)


def has(node, wanted, what, findings):
    findings += [f"{what} lacks {name}" for name, least in wanted if len(node.get(name, [])) < least]


def check_record(record, findings):
    has(record, OF_RECORD, "a record", findings)
    given = any(DPV + "ExpressedConsent" in status.get("@type", []) for status in record.get(DPV + "hasConsentStatus", []))
    if given:
        has(record, OF_CONSENT, "a record of a consent", findings)
    for notice in record.get(DPV + "hasNotice", []):
        if "@id" in notice and DCT + "language" not in notice:
            findings.append("a notice lacks its language")
    for process in record.get(DPV + "hasProcess", []):
        has(process, OF_PROCESS, "a process", findings)


def check_jsonld(document, terms):
    from pyld import jsonld

    def nothing_is_fetched(url, _options):
        raise AssertionError(f"the document needs {url}")

    findings = []
    expanded = jsonld.expand(document, {"documentLoader": nothing_is_fetched})
    for node in expanded:
        walk(node, terms, findings)
        types = node.get("@type", [])
        if DPV + "ConsentReceipt" in types:
            has(node, [(DCT + "conformsTo", 1), (DCT + "identifier", 1), (DCT + "created", 1), (DPV + "hasRecordOfActivity", 1)], "a receipt", findings)
            for record in node.get(DPV + "hasRecordOfActivity", []):
                check_record(record, findings)
        elif DPV + "ConsentRecord" in types:
            check_record(node, findings)
        else:
            findings.append(f"neither a record nor a receipt: {types}")
    if "@graph" in document and len(expanded) != len(document["@graph"]):
        findings.append("a record was lost on the way")
    if expanded and not jsonld.to_rdf(document, {"format": "application/n-quads", "documentLoader": nothing_is_fetched}):
        findings.append("no statement in RDF")
    return findings


def run_jsonld(folder):
    try:
        import pyld  # noqa: F401
    except ImportError as missing:
        if os.path.exists(DEBIAN_PYTHON) and os.path.realpath(sys.executable) != os.path.realpath(DEBIAN_PYTHON):
            os.execv(DEBIAN_PYTHON, [DEBIAN_PYTHON, "-B", *sys.argv])
        raise ToolMissing("PyLD (Debian: python3-pyld)") from missing
    terms = dpv_terms()
    paths = sorted(folder.glob("*.ts27560*.json"))
    findings = [f"{path.name}: {f}" for path in paths for f in check_jsonld(load(path), terms)]

    good = load(folder / "plain-given.ts27560-one.json")
    for change in ({"dpv:hasNothing": "x"}, {"@type": "dpv:Consentt"}, {"dpv:hasRight": {"@id": "eu-gdpr:A99"}}, {"dct:conformsTo": []},
                   {"dpv:hasRecordOfActivity": []}):
        if not check_jsonld({**good, **change}, terms):
            findings.append(f"not noticed: {change}")
    return len(paths), findings


# --- Kantara ----------------------------------------------------------------------------------------------

TEXT, FLAG, NUMBER, LIST, OBJECT = str, bool, int, list, dict
# Member: type, required. Sections 4.3-4.5 of the specification and its schema in section 4.8.
RECEIPT = {"version": (TEXT, True), "jurisdiction": (TEXT, True), "consentTimestamp": (NUMBER, True), "collectionMethod": (TEXT, True),
           "consentReceiptID": (TEXT, True), "publicKey": (TEXT, False), "language": (TEXT, False), "piiPrincipalId": (TEXT, True),
           "piiControllers": (LIST, True), "policyUrl": (TEXT, True), "services": (LIST, True), "sensitive": (FLAG, True), "spiCat": (LIST, True)}
CONTROLLER = {"piiController": (TEXT, True), "onBehalf": (FLAG, False), "contact": (TEXT, True), "address": (OBJECT, True), "email": (TEXT, True),
              "phone": (TEXT, True), "piiControllerUrl": (TEXT, False)}
SERVICE = {"service": (TEXT, True), "purposes": (LIST, True)}
PURPOSE = {"purpose": (TEXT, False), "purposeCategory": (LIST, True), "consentType": (TEXT, True), "piiCategory": (LIST, True),
           "primaryPurpose": (FLAG, False), "termination": (TEXT, True), "thirdPartyDisclosure": (FLAG, True), "thirdPartyName": (TEXT, False)}


def members(value, table, where):
    if not isinstance(value, dict):
        return [f"{where} is no object"]
    findings = [f"{where}.{name} is not in the specification" for name in value if name not in table]
    for name, (kind, required) in table.items():
        if name not in value:
            findings += [f"{where}.{name} is missing"] if required else []
        elif type(value[name]) is not kind:
            findings.append(f"{where}.{name} has the wrong type")
        elif kind is TEXT and not value[name]:
            findings.append(f"{where}.{name} is empty")
    return findings


def texts(value, where, least=1):
    good = isinstance(value, list) and len(value) >= least and all(isinstance(v, str) and v for v in value)
    return [] if good else [f"{where} is no list of texts"]


def check_receipt(receipt):
    findings = members(receipt, RECEIPT, "receipt")
    if findings:
        return findings
    if receipt["version"] != "KI-CR-v1.1.0":
        findings.append("receipt.version is not KI-CR-v1.1.0")
    if receipt["consentTimestamp"] < 0 or receipt["consentTimestamp"] > 253402300799:
        findings.append("receipt.consentTimestamp is not in seconds")
    if not receipt["piiControllers"] or not receipt["services"]:
        findings.append("receipt names no controller or no service")
    for controller in receipt["piiControllers"]:
        findings += members(controller, CONTROLLER, "controller")
    for service in receipt["services"]:
        findings += members(service, SERVICE, "service")
        for purpose in service.get("purposes", []):
            findings += members(purpose, PURPOSE, "purpose")
            findings += texts(purpose.get("purposeCategory"), "purpose.purposeCategory") + texts(purpose.get("piiCategory"), "purpose.piiCategory")
            if purpose.get("thirdPartyDisclosure") and not purpose.get("thirdPartyName"):
                findings.append("purpose discloses to a third party without a name")
    findings += texts(receipt["spiCat"], "receipt.spiCat", 1 if receipt["sensitive"] else 0)
    return findings


def run_kantara(folder):
    paths = sorted(folder.glob("*.kantara*.json"))
    findings = []
    for path in paths:
        document = load(path)
        for receipt in document if isinstance(document, list) else [document]:
            findings += [f"{path.name}: {f}" for f in check_receipt(receipt)]

    good = load(folder / "plain-given.kantara-one.json")
    for change in ({"version": "KI-CR-v1.0.0"}, {"consentTimestamp": "1510592400"}, {"jurisdiction": ""}, {"extra": 1}, {"services": []},
                   {"sensitive": True, "spiCat": []}):
        if not check_receipt({**good, **change}):
            findings.append(f"not noticed: {change}")
    for name in RECEIPT:
        broken = {k: v for k, v in good.items() if k != name}
        if RECEIPT[name][1] and not check_receipt(broken):
            findings.append(f"not noticed: no {name}")
    return len(paths), findings


# --- FHIR -------------------------------------------------------------------------------------------------

# Warnings that say what docs/exports.md says: our own code systems, no narrative, profiles checked below.
EXPECTED = [
    r"Constraint failed: dom-6",
    r"(was not found in the value set|are in the value set).*(urn:oppiloki|urn:ietf:rfc:3986|iso-21089-lifecycle)",
    r"Profile reference 'https://profiles\.ihe\.net/ITI/BALP/",
]
EXPECTED_OF_HOSTILE = [r"value should not start or finish with whitespace", r"looks like embedded HTML"]


def class_path():
    """The validator's jars as Maven keeps them; never fetched here."""
    for tool in ("mvn", "java", "javac"):
        if shutil.which(tool) is None:
            raise ToolMissing(tool)
    with tempfile.NamedTemporaryFile(suffix=".path") as out:
        done = subprocess.run(["mvn", "-o", "-q", "-B", "-f", HERE / "pom.xml", "dependency:build-classpath", f"-Dmdep.outputFile={out.name}"],
                              capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise ToolMissing("HAPI FHIR in Maven's local repository")
        return pathlib.Path(out.name).read_text(encoding="utf-8").strip()


def messages(release, paths):
    done = subprocess.run(["java", "-XX:TieredStopAtLevel=1", "-cp", class_path(), HERE / "ValidateFhir.java", release, *paths],
                          capture_output=True, text=True, check=False)
    lines = done.stdout.splitlines()
    if done.returncode != 0 or not lines or lines[-1] != f"{len(paths)} files":
        raise RuntimeError(f"the validator failed: {done.stderr[-2000:]}")
    return [line.split("\t", 3) for line in lines[:-1] if line.count("\t") == 3]


def validate(folder, release, pattern, broken):
    """Findings of the validator; each broken document must have an error."""
    for name, document in broken.items():
        (folder / f"broken-{name}.json").write_text(json.dumps(document), encoding="utf-8")
    paths = sorted(folder.glob(pattern))
    wrong = {str(folder / f"broken-{name}.json") for name in broken}
    noticed = set()
    findings = []
    for path, severity, place, text in messages(release, [*paths, *sorted(wrong)]):
        if path in wrong:
            noticed |= {path} if severity in ("ERROR", "FATAL") else set()
            continue
        name = pathlib.Path(path).name
        expected = EXPECTED + (EXPECTED_OF_HOSTILE if name.startswith(HOSTILE) else [])
        if severity in ("ERROR", "FATAL") or not any(re.search(e, text) for e in expected):
            findings.append(f"{name}: {severity} {place}: {text}")
    return len(paths), findings + [f"not noticed: {path}" for path in sorted(wrong - noticed)]


def run_fhir(folder):
    good = load(folder / "plain-given.fhir-one.json")
    broken = {"status": {**good, "status": "approved"}, "member": {**good, "performer": []}, "decision": {**good, "decision": "maybe"},
              "grantor": {**good, "grantor": "somebody"}, "period": {**good, "period": {"start": "yesterday"}}}
    broken["no-status"] = {k: v for k, v in good.items() if k != "status"}
    return validate(folder, "R5", "*.fhir*.json", broken)


# --- BALP -------------------------------------------------------------------------------------------------

PROFILE = "https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit."
DCM = "http://dicom.nema.org/resources/ontology/DCM"
SOURCE, DESTINATION = (DCM, "110153"), (DCM, "110152")
USER = ("http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "IRCP")
ENTITY = "http://terminology.hl7.org/CodeSystem/audit-entity-type"
ROLE = "http://terminology.hl7.org/CodeSystem/object-role"
REST = ("http://terminology.hl7.org/CodeSystem/audit-event-type", "rest")
DISCLOSE = ("http://terminology.hl7.org/CodeSystem/iso-21089-lifecycle", "disclose")
# Profile: type, subtypes of which one must stand there, action, the agent that is also the source.
BALP = {
    "PatientRead": (REST, [("http://hl7.org/fhir/restful-interaction", c) for c in ("read", "vread")], "R", None),
    "PrivacyDisclosure.Source": ((DCM, "110106"), [DISCLOSE], "R", SOURCE),
    "PrivacyDisclosure.Recipient": ((DCM, "110107"), [DISCLOSE], "C", DESTINATION),
}


def code_of(coding):
    return (coding.get("system"), coding.get("code"))


def agents_of(event, kind):
    return [a for a in event.get("agent", []) if any(code_of(c) == kind for c in a.get("type", {}).get("coding", []))]


def check_balp(event):
    profiles = event.get("meta", {}).get("profile", [])
    if not profiles:
        return []
    kind, subtypes, action, observer = BALP[profiles[0].removeprefix(PROFILE)]
    findings = []

    def rule(holds, text):
        if not holds:
            findings.append(text)

    rule(code_of(event.get("type", {})) == kind, "type")
    rule(sum(code_of(s) in subtypes for s in event.get("subtype", [])) == 1, "subtype")
    rule(event.get("action") == action, "action")
    rule("recorded" in event or "_recorded" in event, "recorded 1..1")
    rule(event.get("outcome") == "0", "outcome")
    for role in (SOURCE, DESTINATION):
        machines = agents_of(event, role)
        rule(len(machines) == 1, f"agent {role[1]} 1..1")
        rule(all("who" in m and "network" in m and "media" not in m for m in machines), f"agent {role[1]}: who, network, no media")
    users = agents_of(event, USER)
    rule(len(users) <= 1 or observer is not None, "user 0..1")
    rule(all("who" in u and u.get("requestor") is True and "network" not in u for u in users), "user: who, requestor, no network")
    if observer is not None:
        rule(all(a.get("who") == event["source"].get("observer") for a in agents_of(event, observer)), "val-audit-source")
    entities = event.get("entity", [])
    patients = [e for e in entities if code_of(e.get("type", {})) == (ENTITY, "1")]
    rule(len(entities) >= 2, "entity 2..*")
    rule(len(patients) == 1, "patient 1..1")
    rule(all(code_of(p.get("role", {})) == (ROLE, "1") and p.get("what", {}).get("type") == "Patient" for p in patients), "patient: role, Reference(Patient)")
    if observer is None:
        data = [e for e in entities if code_of(e.get("type", {})) == (ENTITY, "2")]
        rule(len(data) == 1 and "what" in data[0], "data 1..1")
        rule(all(d.get("role", {}).get("system") == ROLE and d["role"]["code"] in ("3", "4", "20") for d in data), "data: role")
    return [f"{profiles[0]}: {f}" for f in findings]


def run_balp(folder):
    findings = []
    profiles = set()
    for path in sorted(folder.glob("*.balp.json")):
        for event in resources(load(path), "AuditEvent"):
            profiles.update(event.get("meta", {}).get("profile", []))
            findings += [f"{path.name}: {f}" for f in check_balp(event)]
    if profiles != {PROFILE + name for name in BALP}:
        findings.append(f"the samples have other profiles: {sorted(profiles)}")

    events = resources(load(folder / "plain-audit-learner.balp.json"), "AuditEvent")
    for event in [e for e in events if e.get("meta")]:
        for name in ("type", "subtype", "action", "recorded", "outcome", "agent", "entity"):
            if not check_balp({k: v for k, v in event.items() if k != name}):
                findings.append(f"not noticed: no {name}")
    if not check_balp({**events[2], "source": {"observer": {"display": "somebody else"}}}):
        findings.append("not noticed: another observer")
    broken = {"outcome": {**events[0], "outcome": "fine"}, "type": {k: v for k, v in events[0].items() if k != "type"}}
    count, said = validate(folder, "R4", "*.balp.json", broken)
    return count, findings + said


# ----------------------------------------------------------------------------------------------------------

KINDS = {"jsonld": run_jsonld, "kantara": run_kantara, "fhir": run_fhir, "balp": run_balp}


def main():
    if len(sys.argv) != 3 or sys.argv[1] not in KINDS:
        print(__doc__, file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="oppiloki-exports-") as name:
        folder = pathlib.Path(name)
        subprocess.run([sys.argv[2], folder, str(HISTORIES)], check=True, stdout=subprocess.DEVNULL)
        try:
            count, findings = KINDS[sys.argv[1]](folder)
        except ToolMissing as missing:
            print(f"SKIPPED, NOTHING WAS CHECKED: {missing} is not installed; ops/setup exports installs it", file=sys.stderr)
            return 1 if os.environ.get("CI") == "true" else 77
    for finding in findings[:50]:
        print(finding)
    print(f"{count} documents, {len(findings)} findings")
    return 1 if findings or count == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
