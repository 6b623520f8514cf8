// The parts of the second verifier before vectors that nobody here wrote, and before the worked examples of
// docs/wire-format.md. The folder of the vectors is an argument of the environment; without it those tests skip.

import assert from "node:assert/strict";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { Reader, hex, sha256, utf8 } from "../../../consumers/verifier-ts/build/bytes.js";
import { commit, decodeEntryOfLog, decodeHeader, instantOf, instantText, segmentsOf } from "../../../consumers/verifier-ts/build/log.js";
import { climb, foldOf, handleCommitment, readPath, vrfOutput } from "../../../consumers/verifier-ts/build/map.js";
import { indicesHash, leafHash, nodeHash, treeHash, verifyConsistency, verifyInclusion, verifyMany } from "../../../consumers/verifier-ts/build/merkle.js";
import { openByLog, parseNote, parsePolicy, parseVerifierKey, verifySignature } from "../../../consumers/verifier-ts/build/note.js";

const SHARED = join(process.env.OPPI_SHARED_DIR ?? "shared", "vectors");
const options = { skip: existsSync(SHARED) ? false : `no vectors at ${SHARED}` };
const bytes = (text) => new Uint8Array(Buffer.from(text, "hex"));
const base64 = (text) => new Uint8Array(Buffer.from(text ?? "", "base64"));
const holds = (check) => {
  try {
    return check() !== false;
  } catch {
    return false;
  }
};
const files = (folder) => readdirSync(folder, { withFileTypes: true }).flatMap((e) => (e.isDirectory() ? files(join(folder, e.name)) : [join(folder, e.name)]));

test("proofs of transparency-dev/merkle", options, () => {
  const folder = join(SHARED, "transparency-dev-merkle", "testdata");
  let seen = 0;
  for (const path of files(folder)) {
    // Sizes up to 2^64 - 1 stand in these files, which no number of ours holds: such a proof fails either way.
    const v = JSON.parse(readFileSync(path, "utf8"));
    const proof = (v.proof ?? []).map(base64);
    const inclusion = () => verifyInclusion(v.leafIdx, v.treeSize, base64(v.leafHash), proof, base64(v.root));
    const consistency = () => verifyConsistency(v.size1, v.size2, base64(v.root1), base64(v.root2), proof);
    assert.equal(holds("leafIdx" in v ? inclusion : consistency), !v.wantErr, path);
    ++seen;
  }
  assert.ok(seen > 90);
});

test("Ed25519 as Wycheproof judges it", options, () => {
  const { testGroups } = JSON.parse(readFileSync(join(SHARED, "wycheproof", "testvectors_v1", "ed25519_test.json"), "utf8"));
  for (const group of testGroups)
    for (const t of group.tests)
      assert.equal(verifySignature(bytes(group.publicKey.pk), bytes(t.msg), bytes(t.sig)), t.result === "valid", `case ${t.tcId}`);
});

test("the vector of vrf-r255", options, () => {
  const text = readFileSync(join(SHARED, "c2sp-spec-examples", "vrf-r255-test-vector.txt"), "utf8");
  const value = (name) => bytes(new RegExp(`^${name} = ([0-9a-f\\s]+?)\\n\\n`, "m").exec(text.replace(/```/g, "\n"))[1].replace(/\s/g, ""));
  const [key, alpha, pi, beta] = [bytes(/^PK = Y = ([0-9a-f]+)/m.exec(text)[1]), value("alpha"), value("pi"), value("beta")];
  assert.equal(hex(vrfOutput(key, alpha, pi)), hex(beta));
  for (const at of [0, 31, 32, 47, 48, 79]) {
    const wrong = Uint8Array.from(pi);
    wrong[at] ^= 1;
    assert.equal(holds(() => vrfOutput(key, alpha, wrong)), false, `byte ${at}`);
  }
});

test("Merkle Patricia proofs of waict", options, () => {
  const lines = readFileSync(join(SHARED, "waict-mpt", "merkle-patricia-tree-tests", "mpt_inclusion_kats.jsonl"), "utf8").trim().split("\n");
  for (const line of lines) {
    const v = JSON.parse(line);
    const r = new Reader(base64(v.proof), "a proof");
    assert.equal(Buffer.from(r.raw(8)).toString(), "mptproof");
    assert.equal(r.u8(), 1, "inclusion");
    const value = r.raw(32);
    assert.equal(hex(climb(base64(v.leaves[v.target_index].key), value, readPath(r))), hex(base64(v.root)), v.label);
  }
});

test("signed notes of others", options, () => {
  const note = readFileSync(join(SHARED, "golang-note", "peter-enoch.note"), "utf8");
  const parsed = parseNote(note);
  for (const line of readFileSync(join(SHARED, "golang-note", "vkeys.txt"), "utf8").trim().split("\n")) {
    const key = parseVerifierKey(line.trim());
    const signature = parsed.signatures.find((s) => s.id === key.id);
    assert.ok(verifySignature(key.key, utf8(parsed.text), signature.bytes), key.name);
    assert.equal(verifySignature(key.key, utf8(`${parsed.text} `), signature.bytes), false);
  }
});

test("checkpoints of another log", options, () => {
  const policy = parsePolicy("log example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx\nquorum none\n");
  for (let size = 1; size <= 15; ++size) {
    const note = readFileSync(join(SHARED, "tessera-testdata", "testdata", "log", `checkpoint.${size}`), "utf8");
    assert.equal(openByLog(note, policy).size, size);
    assert.equal(holds(() => openByLog(note.replace(`\n${size}\n`, `\n${size + 1}\n`), policy)), false);
  }
});

const SALT = Uint8Array.from({ length: 32 }, (_, i) => i);
const EVENT = utf8('{"id":"a","data":{"grade":"9"}}');

test("the examples of sections 2 to 4", () => {
  assert.deepEqual(segmentsOf(EVENT, true).map((s) => Buffer.from(s).toString()), ["{", '"id":"a",', '"data":{', '"grade":"9"}}']);
  const commitment = commit(EVENT, true, SALT);
  assert.equal(hex(commitment), "15a52f2f32c5b3333acab1fa6df52c6044cd89fff6611edd0407996bfbbdf947");
  assert.equal(hex(treeHash([commitment])), "9cd6a82dae774362faba8e386a0ecb26898ffd8aefdddf01580c50bba7fe6a70");
  const entry = bytes(`01000648689c84a000020000000000000000010000010000${hex(commitment)}`);
  assert.equal(entry.length, 56);
  assert.equal(hex(leafHash(entry)), "17796af302cf6729d2ffc8a724865a22072f0cecc28f2c419334f6cedfa4a705");
  const decoded = decodeEntryOfLog(entry);
  assert.equal(instantText(decoded.recorded), "2026-01-15T08:00:00Z");
  assert.deepEqual([decoded.kind, decoded.batch, decoded.item, decoded.accepted], ["event", 1, 0, true]);
  for (let length = 0; length < entry.length; ++length) assert.equal(holds(() => decodeEntryOfLog(entry.subarray(0, length))), false);
  const short = (text) => [text.length, ...utf8(text)];
  const header = Uint8Array.from([...utf8("oppiloki/batch/v1\n"), ...short("example.fi/log"), ...short("sis"), ...short("01234567"), 0,
    ...SALT.subarray(0, 16), ...new Uint8Array(40), 0, 1, ...treeHash([commitment])]);
  assert.equal(header.length, 137);
  assert.equal(decodeHeader(header).signer, "sis");
});

test("the examples of section 7", () => {
  assert.equal(hex(handleCommitment(SALT, SALT.subarray(0, 16))), "3f577c8b08489fa10efd78c8da30cc32d66e25caf38c9b2cbe731418d49eefec");
  const key = bytes("54136cd90d99fbd1d4e855d9556efea87ba0337f2a6ce22028d0f5726fcb854e");
  assert.equal(hex(foldOf(key)), "511af515eb31c6d88267a7548ef5156be46270c54d67b0ae502b4c31fe4477a9");
  const blind = bytes("89a5a385edac44d739e493f0d51ef94587e7f866c916b884d6ec13dd4ce31bbd");
  const head = Uint8Array.from([0, 0, 0, 0, 0, 0, 0, 2, ...indicesHash([2, 5])]);
  assert.equal(hex(sha256(utf8("oppiloki/val/v1\n"), head, blind)), "084bda9c2471f4560f843f2d40678eb5d0ac85a46247101b1b0509a23c9bd999");
  const labels = ["265559f1d1d8c5a9abf9b6103fe3211565e8cbe9c91d020a87ee72efddb7fa3b", "f878ff279b23bc1d916b6cbddffc9541564397d4126aa759147762abc3f25770"].map(bytes);
  const values = ["dbea6df93247495086b570599060ac49b576e5b1625b9cd57b18c05bdf36317e", "084bda9c2471f4560f843f2d40678eb5d0ac85a46247101b1b0509a23c9bd999"].map(bytes);
  const root = climb(labels[0], values[0], [{ bit: 0, sibling: sha256(labels[1], values[1]) }]);
  assert.equal(hex(root), "bf3b4bfb8c976ca12af353835a1a0556a932621e89698a21133b34dd1ba4ccb5");
});

test("many entries under one root, of trees of every small size", () => {
  for (let size = 1; size <= 33; ++size) {
    const leaves = Array.from({ length: size }, (_, i) => utf8(`leaf ${i}`));
    const root = treeHash(leaves);
    for (let step = 1; step <= size; ++step) {
      const want = leaves.flatMap((_, i) => (i % step === 0 ? [i] : []));
      const hashes = [];
      const walk = (lo, hi) => {
        if (!want.some((i) => i >= lo && i < hi)) return void hashes.push(treeHash(leaves.slice(lo, hi)));
        if (hi - lo === 1) return;
        let k = 1;
        while (k * 2 < hi - lo) k *= 2;
        walk(lo, lo + k);
        walk(lo + k, hi);
      };
      walk(0, size);
      const shown = want.map((i) => leaves[i]);
      verifyMany(size, want, shown, hashes, root, "a tree");
      assert.equal(holds(() => verifyMany(size, want, shown, [...hashes, root], root, "a tree")), false);
      if (hashes.length > 0) assert.equal(holds(() => verifyMany(size, want, shown, hashes.slice(1), root, "a tree")), false);
      assert.equal(holds(() => verifyMany(size, [...want, size], [...shown, shown[0]], hashes, root, "a tree")), false);
      assert.equal(holds(() => verifyMany(size, want, shown, hashes, nodeHash(root, root), "a tree")), false);
    }
  }
});

test("instants have one form", () => {
  for (const text of ["1970-01-01T00:00:00Z", "2026-01-15T08:00:00.120Z", "2026-01-15T08:00:00.123456Z", "1969-12-31T23:59:59.999999Z"]) assert.equal(instantText(instantOf(text)), text);
  for (const text of ["2026-02-30T00:00:00Z", "2026-01-15T24:00:00Z", "2026-01-15T08:00:00", "2026-01-15T08:00:00+02:00"]) assert.equal(holds(() => instantOf(text)), false, text);
});
