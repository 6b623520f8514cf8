"""Two verifiers that share no code - `oppiloki-verify` in C++, consumers/verifier-ts in TypeScript - must say the same of
every file: the goldens, what a small ledger gives, and thousands of mutants of all of them, made from a seed.

    verifiers_agree.py PART       vectors | goldens | mutants | evidence | wasm

wasm: the C++ verifier compiled to WebAssembly must say what the program says, word for word. It is built on demand
(ops/setup wasm; ops/build wasm), so this part runs where that was done, and skips elsewhere, in CI as well.

Environment: OPPILOKI, OPPILOKI_VERIFY, OPPI_SHARED_DIR; OPPI_MUTANTS=N of each file (default 150), OPPI_SEED; OPPI_TESTS_OPS,
which writes evidence files and mutants of them. Exit code 77: node or the packages are not there
(ops/setup verifier-ts); with CI=true that fails.
"""

import json
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "consumers" / "verifier-ts"
VECTORS = ROOT / "tests" / "vectors"
SKIPPED = 77
NOT_RECOMPUTED = "proved"


def skip(why):
    print(f"SKIPPED: {why} (ops/setup verifier-ts)")
    sys.exit(1 if os.environ.get("CI") == "true" else SKIPPED)


def build():
    """The TypeScript compiled; type errors fail."""
    node = shutil.which("node")
    if node is None:
        skip("node is not installed")
    if int(subprocess.run([node, "-p", "process.versions.node"], capture_output=True, check=True).stdout.split(b".")[0]) < 18:
        skip("node is older than 18")
    compiler = PACKAGE / "node_modules" / "typescript" / "bin" / "tsc"
    if not compiler.exists():
        skip("the packages of consumers/verifier-ts are not installed")
    subprocess.run([node, str(compiler), "-p", str(PACKAGE)], check=True)
    return node


def lines_of(command):
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode not in (0, 1, 6):
        raise AssertionError(f"exit code {done.returncode}: {' '.join(map(str, command[:4]))}\n{done.stderr.decode()[-2000:]}")
    return [json.loads(line) for line in done.stdout.decode().splitlines()]


def cpp(files, policy, *options):
    verdicts = {}
    for at in range(0, len(files), 500):
        for line in lines_of([os.environ["OPPILOKI_VERIFY"], "--json", "--policy", str(policy), *options, "--", *map(str, files[at:at + 500])]):
            verdicts[pathlib.Path(line["file"]).name] = line
    return verdicts


def typescript(node, folder, policy, *options):
    command = [node, str(PACKAGE / "build" / "main.js"), "--json", "--policy", str(policy), "--batch", str(folder), *options]
    return {pathlib.Path(line["file"]).name: line for line in lines_of(command)}


def compare(node, folder, policy, *options):
    """Verdicts of both; fails where one holds what the other refuses."""
    files = sorted(path for path in pathlib.Path(folder).iterdir() if path.is_file())
    ours, theirs = cpp(files, policy, *options), typescript(node, folder, policy, *options)
    assert set(ours) == set(theirs) and len(ours) == len(files), "not every file got a verdict from both"
    apart = [name for name in ours if ours[name]["holds"] != (theirs[name]["verdict"] != "failed")]
    for name in apart[:20]:
        print(f"{name}: C++ {ours[name]['holds']} {ours[name]['failed']!r}; TypeScript {theirs[name]['verdict']} {theirs[name]['failed']!r}")
    assert not apart, f"{len(apart)} of {len(files)} files: the verifiers disagree"
    return ours, theirs


def run(*arguments):
    done = subprocess.run([os.environ["OPPILOKI"], *map(str, arguments)], capture_output=True, check=False)
    assert done.returncode == 0, (arguments, done.stderr.decode())
    return done.stdout


def equivocation(note):
    part = b"checkpoint %d\n%s" % (len(note), note)
    return b"oppiloki/equivocation@v1\n\n" + part + part


def originals(folder):
    """(name, bytes, policy, options): what the vectors and a small ledger give; whether each holds is known."""
    tlog, state = VECTORS / "tlog" / "policy", VECTORS / "state" / "policy"
    checkpoint = (VECTORS / "tlog" / "checkpoint").read_bytes()
    absence = (VECTORS / "state" / "absence.tlog-proof").read_bytes()
    yield "checkpoint", checkpoint, tlog, [], True
    yield "foreign-receipt", (VECTORS / "tlog" / "receipt.tlog-proof").read_bytes(), tlog, [], False
    yield "equal-notes", equivocation(checkpoint), tlog, [], False
    yield "state", absence, state, [], True
    yield "absence", absence, state, ["--about", "nobody"], True
    yield "absence-of-another", absence, state, ["--about", "somebody"], False
    ledger = folder / "ledger"
    run("demo", "--data", ledger, "--once", "--pupils", 45, "--days", 5)
    yield "newest", run("checkpoint", "--data", ledger), ledger / "trust.policy", [], True
    for index in (0, 1, 2, 3, 40, 1000):
        yield f"receipt-{index}", run("prove", "--data", ledger, "--index", index), ledger / "trust.policy", [], True


def mutants(name, body, count, rng):
    """Named changes of a text: a bit, a byte, a line."""
    lines = body.split(b"\n")
    for number in range(count):
        how = rng.choice(["flip", "drop", "insert", "truncate", "line-drop", "line-twice", "line-swap", "digit", "join"])
        at = rng.randrange(len(body))
        row, other = rng.randrange(len(lines)), rng.randrange(len(lines))
        changed = bytearray(body)
        rows = list(lines)
        if how == "flip":
            changed[at] ^= 1 << rng.randrange(8)
        elif how == "drop":
            del changed[at]
        elif how == "insert":
            changed.insert(at, rng.choice(b" \n\tA0=+\r"))
        elif how == "truncate":
            del changed[at:]
        elif how == "digit":
            digits = [i for i, c in enumerate(body) if 48 <= c <= 57]
            changed[rng.choice(digits)] = rng.randrange(48, 58)
        else:
            if how == "line-drop":
                del rows[row]
            elif how == "line-twice":
                rows.insert(row, rows[row])
            elif how == "line-swap":
                rows[row], rows[other] = rows[other], rows[row]
            else:
                rows[row:row + 2] = [b"".join(rows[row:row + 2])]
            changed = bytearray(b"\n".join(rows))
        if bytes(changed) != body:
            yield f"{name}.{number:05}.{how}", bytes(changed)


def vectors(node):
    done = subprocess.run([node, "--test", str(ROOT / "tests" / "interop" / "verifier-ts" / "vectors.test.mjs")], check=False)
    assert done.returncode == 0, "see above"


def goldens(node):
    with tempfile.TemporaryDirectory() as temp:
        for name, body, policy, options, holds in originals(pathlib.Path(temp)):
            folder = pathlib.Path(temp) / name
            folder.mkdir()
            (folder / name).write_bytes(body)
            ours, _ = compare(node, folder, policy, *options)
            assert ours[name]["holds"] == holds, (name, ours)
            print(f"{name}: {'holds' if holds else 'refused'} by both")


def mutated(node):
    count = int(os.environ.get("OPPI_MUTANTS", "150"))
    seed = int(os.environ.get("OPPI_SEED", "1"))
    print(f"OPPI_SEED={seed} OPPI_MUTANTS={count}")
    rng = random.Random(seed)
    total = accepted = 0
    with tempfile.TemporaryDirectory() as temp:
        for name, body, policy, options, _ in originals(pathlib.Path(temp)):
            folder = pathlib.Path(temp) / f"mutants-{name}"
            folder.mkdir()
            for mutant, changed in mutants(name, body, count, rng):
                (folder / mutant).write_bytes(changed)
            ours, _ = compare(node, folder, policy, *options)
            total += len(ours)
            accepted += sum(line["holds"] for line in ours.values())
    print(f"{total} mutants, {accepted} of them accepted by both (a note with a signature line more or less is the same note)")
    assert accepted < total / 20, "the mutations change too little"


def evidence(node):
    """Every file and mutant that EvidenceTest.EveryMutantIsRefused tries, with the verdict of C++ in expected.json."""
    with tempfile.TemporaryDirectory() as temp:
        folder = pathlib.Path(temp)
        tests = os.environ["OPPI_TESTS_OPS"]
        environment = dict(os.environ, OPPI_MUTANTS_DIR=temp)
        subprocess.run([tests, "--gtest_filter=EvidenceTest.EveryMutantIsRefused"], env=environment, check=True, stdout=subprocess.DEVNULL)
        if not (folder / "expected.json").exists():
            print("SKIPPED: the tests write no evidence files")
            sys.exit(SKIPPED)
        expected = json.loads((folder / "expected.json").read_text(encoding="utf-8"))
        said = {}
        (folder / "answers").mkdir(exist_ok=True)
        for part in (folder, folder / "answers"):
            for name, line in typescript(node, part, folder / "trust.policy", "--incomplete").items():
                said[str((part / name).relative_to(folder))] = line
    # Where the answer alone is false, who does not compute it cannot know; but must not call it true.
    apart = [name for name, e in expected.items()
             if said[name]["verdict"] != ("holds" if e["holds"] else "failed") and said[name]["verdict"] != NOT_RECOMPUTED
             or said[name]["verdict"] == NOT_RECOMPUTED and not e["holds"] and not name.startswith("answers/")]
    for name in apart[:20]:
        print(f"{name} ({expected[name]['name']}): C++ {expected[name]['holds']}; TypeScript {said[name]['verdict']} {said[name]['failed']!r}")
    assert expected and not apart, f"{len(apart)} of {len(expected)} files: the verifiers disagree"
    verdicts = [(e["holds"], said[name]["verdict"]) for name, e in expected.items()]
    print(f"{len(verdicts)} files; originals: {verdicts.count((True, 'holds'))} computed again, {verdicts.count((True, NOT_RECOMPUTED))} proved but for the answer; "
          f"mutants: {verdicts.count((False, 'failed'))} refused by both, {verdicts.count((False, NOT_RECOMPUTED))} with another answer, not recomputed")
    assert (True, "holds") in verdicts and (False, "failed") in verdicts


def wasm(node):
    if not (ROOT / "build" / "wasm" / "build.ninja").exists():
        print("SKIPPED: the WebAssembly build is made on demand (ops/setup wasm; ops/build wasm)")
        sys.exit(SKIPPED)
    subprocess.run([str(ROOT / "ops" / "build"), "wasm"], check=True)
    rng = random.Random(1)
    total = 0
    with tempfile.TemporaryDirectory() as temp:
        temp = pathlib.Path(temp)
        sources = [*originals(temp), *whole_answers(temp)]
        for name, body, policy, options, holds in sources:
            folder = temp / f"wasm-{name}"
            folder.mkdir()
            (folder / "original").write_bytes(body)
            for mutant, changed in mutants(name, body, 20, rng):
                (folder / mutant).write_bytes(changed)
            ours = cpp(sorted(folder.iterdir()), policy, *options)
            assert ours["original"]["holds"] == holds, ours["original"]
            command = [node, str(ROOT / "tests" / "interop" / "verify_wasm.mjs"), str(ROOT / "build" / "wasm" / "bin" / "verify.mjs"), str(folder), str(policy)]
            for line in lines_of(command + options):
                expected = ours.pop(line["file"])
                said = (line["ok"], line["kind"], line["lines"] if line["ok"] else line["error"])
                assert said == (expected["holds"], expected["kind"], expected["proved"] if expected["holds"] else expected["failed"]), (expected, line)
                total += 1
            assert not ours, "files without a verdict"
    print(f"{total} files: the same words from both")


def whole_answers(folder):
    """Evidence of a small ledger, which `originals` made: the answer is computed again."""
    ledger = folder / "ledger"
    year = folder / "year.ndjson"
    run("generate", "--pupils", 45, "--days", 5, "--seed", 1, "--out", year)
    given = next(e for e in map(json.loads, year.read_text(encoding="utf-8").splitlines()) if e["type"] == "fi.oppiloki.consent.given.v1")
    for ask in ("record", "consents", "audit"):
        path = folder / f"{ask}.evidence"
        run(ask, "--data", ledger, "--learner", given["subject"], "--evidence", path)
        yield ask, path.read_bytes(), ledger / "trust.policy", [], True
    path = folder / "actor.evidence"
    run("audit", "--data", ledger, "--actor", "gateway", "--evidence", path)
    yield "actor", path.read_bytes(), ledger / "trust.policy", [], False
    yield "actor-incomplete", path.read_bytes(), ledger / "trust.policy", ["--incomplete"], True


if __name__ == "__main__":
    parts = {"vectors": vectors, "goldens": goldens, "mutants": mutated, "evidence": evidence, "wasm": wasm}
    part = parts[sys.argv[1]]
    part(shutil.which("node") or skip("node is not installed") if part is wasm else build())
