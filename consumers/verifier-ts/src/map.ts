// Section 7: vrf-r255, labels, values, the map's proofs, state entries.

import { ed25519, RistrettoPoint } from "@noble/curves/ed25519";
import { sha512 } from "@noble/hashes/sha2";

import { Reader, Refused, concat, equal, hex, require, sha256, utf8 } from "./bytes.js";

const SUITE = concat(new Uint8Array([0xff]), utf8("c2sp.org/vrf-r255"));
const ORDER = ed25519.CURVE.n;
const hash512 = (...parts: Uint8Array[]): Uint8Array => sha512(concat(SUITE, ...parts));
const byte = (value: number): Uint8Array => new Uint8Array([value]);

function littleEndian(bytes: Uint8Array): bigint {
  return BigInt(`0x${hex(Uint8Array.from(bytes).reverse())}`);
}

function element(bytes: Uint8Array): InstanceType<typeof RistrettoPoint> {
  try {
    return RistrettoPoint.fromHex(bytes);
  } catch {
    throw new Refused("the VRF proof holds something that is no element of the group");
  }
}

type Point = InstanceType<typeof RistrettoPoint>;
const times = (point: Point, scalar: bigint): Point => (scalar === 0n ? RistrettoPoint.ZERO : point.multiply(scalar));
const kept = new Map<string, Uint8Array>();

/** beta, 64 bytes: the output that `proof` shows for `input` under `key`. */
export function vrfOutput(key: Uint8Array, input: Uint8Array, proof: Uint8Array): Uint8Array {
  const name = hex(sha256(key, proof, input));
  let beta = kept.get(name);
  if (!beta) {
    const gamma = proof.subarray(0, 32);
    const challenge = littleEndian(proof.subarray(32, 48));
    const s = littleEndian(proof.subarray(48));
    require(s < ORDER, "the VRF proof holds a number that is too large");
    const y = element(key);
    const g = element(gamma);
    require(!y.equals(RistrettoPoint.ZERO), "the VRF key is the identity");
    const h = RistrettoPoint.hashToCurve(hash512(byte(0x82), key, input));
    const u = times(RistrettoPoint.BASE, s).subtract(times(y, challenge));
    const v = times(h, s).subtract(times(g, challenge));
    const again = hash512(byte(2), key, h.toBytes(), gamma, u.toBytes(), v.toBytes(), byte(0)).subarray(0, 16);
    require(equal(again, proof.subarray(32, 48)), "the VRF proof is for another name");
    beta = hash512(byte(3), gamma, byte(0));
    if (kept.size > 10_000) kept.clear();
    kept.set(name, beta);
  }
  return beta;
}

export const STREAM = 1;
export const IDENTIFIER = 2;

export interface Entry {
  state: number; // 1 has a stream, 2 erased
  number: number;
  handle: Uint8Array;
  previous: Uint8Array;
  bytes: Uint8Array;
}
export interface Head {
  count: number;
  root: Uint8Array;
}

const ZEROS = new Uint8Array(32);

export function decodeEntry(bytes: Uint8Array): Entry {
  const r = new Reader(bytes, "the entry of an identifier");
  const entry = { state: r.u8(), number: r.u32(), handle: r.raw(32), previous: r.raw(32), bytes };
  r.end();
  require((entry.state === 1 || entry.state === 2) && entry.number > 0, "the entry of an identifier is malformed");
  require((entry.number === 1) === equal(entry.previous, ZEROS), "the first entry of an identifier follows nothing, any other one does");
  require(entry.number > 1 || entry.state === 1, "the first entry of an identifier is an erasure");
  return entry;
}

export const entryValue = (entry: Entry, blind: Uint8Array): Uint8Array => sha256(utf8("oppiloki/entry/v1\n"), entry.bytes, blind);
export const handleCommitment = (salt: Uint8Array, handle: Uint8Array): Uint8Array => sha256(utf8("oppiloki/handle/v1\n"), salt, handle);

function bitOf(label: Uint8Array, bit: number): number {
  return (label[bit >> 3]! >> (7 - (bit & 7))) & 1;
}

export interface Step {
  bit: number;
  sibling: Uint8Array;
}

export function readPath(r: Reader): Step[] {
  const path: Step[] = [];
  while (r.rest() > 0) {
    const step = { bit: r.u8(), sibling: r.raw(32) };
    require(path.length === 0 || step.bit < path[path.length - 1]!.bit, "a path of the map does not descend");
    path.push(step);
  }
  return path;
}

export function climb(label: Uint8Array, value: Uint8Array, path: Step[]): Uint8Array {
  let hash = sha256(label, value);
  for (const { bit, sibling } of path) hash = bitOf(label, bit) === 0 ? sha256(hash, sibling, byte(bit)) : sha256(sibling, hash, byte(bit));
  return hash;
}

export interface Shown {
  blind: Uint8Array;
  entry?: Entry; // of an identifier that is there
  head?: Head; // of a stream that is there
}

/** What the map of this root holds under a name; neither entry nor head: nothing. */
export function verifyLabelProof(proof: Uint8Array, kind: number, name: Uint8Array, key: Uint8Array, root: Uint8Array): Shown {
  require(proof.length <= 8600, "a label proof is too long");
  const r = new Reader(proof, "a label proof");
  require(r.u8() === 1, "a label proof has an unknown version");
  require(r.u8() === kind, "a label proof is of another kind");
  const there = r.u8();
  require(there <= 1, "a label proof is malformed");
  const beta = vrfOutput(key, concat(utf8("oppiloki/alpha/v1\n"), byte(kind), name), r.raw(80));
  const label = sha256(utf8("oppiloki/label/v1\n"), beta);
  const blind = sha256(utf8("oppiloki/blind/v1\n"), beta);
  if (there === 0) {
    if (r.rest() === 0) {
      require(equal(root, sha256(new Uint8Array())), "a label proof says that the map is empty, and it is not");
      return { blind };
    }
    const [other, value] = [r.raw(32), r.raw(32)];
    const path = readPath(r);
    require(!equal(other, label), "a proof of absence ends at the very label");
    require(path.every(({ bit }) => bitOf(other, bit) === bitOf(label, bit)), "a proof of absence leads elsewhere");
    require(equal(climb(other, value, path), root), "a label proof does not lead to the root of the map");
    return { blind };
  }
  const shown: Shown = { blind };
  let value: Uint8Array;
  if (kind === IDENTIFIER) {
    shown.entry = decodeEntry(r.raw(69));
    value = entryValue(shown.entry, blind);
  } else {
    const bytes = r.raw(40);
    const head = new Reader(bytes, "the head of a stream");
    shown.head = { count: head.number(), root: head.raw(32) };
    require(shown.head.count > 0, "the head of a stream counts nothing");
    value = sha256(utf8("oppiloki/val/v1\n"), bytes, blind);
  }
  require(equal(climb(label, value, readPath(r)), root), "a label proof does not lead to the root of the map");
  return shown;
}

export const foldOf = (key: Uint8Array): Uint8Array => sha256(utf8("oppiloki/fold/streams/v1\n"), key);

export interface StateReceipt {
  leaf: Uint8Array;
  key: Uint8Array;
  proofs: Uint8Array[];
}

export function decodeStateReceipt(bytes: Uint8Array): StateReceipt {
  const r = new Reader(bytes, "the state receipt");
  require(r.u8() === 1, "the state receipt has an unknown version");
  const receipt: StateReceipt = { leaf: r.raw(90), key: r.raw(32), proofs: [] };
  const count = r.u8();
  require(count <= 16, "the state receipt has too many proofs");
  for (let i = 0; i < count; ++i) receipt.proofs.push(r.raw(r.u16()));
  r.end();
  require(!element(receipt.key).equals(RistrettoPoint.ZERO), "the VRF key is the identity");
  for (const proof of receipt.proofs) checkForm(proof);
  return receipt;
}

/** That the bytes are a label proof, whatever the name: its VRF proof says nothing without one. */
export function checkForm(proof: Uint8Array): void {
  require(proof.length <= 8600, "a label proof is too long");
  const r = new Reader(proof, "a label proof");
  require(r.u8() === 1, "a label proof has an unknown version");
  const kind = r.u8();
  const there = r.u8();
  require(kind >= 1 && kind <= 3 && there <= 1, "a label proof is malformed");
  r.raw(80);
  if (there === 1) {
    if (kind === IDENTIFIER) decodeEntry(r.raw(69));
    else require(new Reader(r.raw(40), "the head of a stream").u64() > 0n, "the head of a stream counts nothing");
    readPath(r);
  } else if (r.rest() > 0) {
    r.raw(64);
    readPath(r);
  }
}

