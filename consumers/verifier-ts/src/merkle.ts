// RFC 6962 trees, and RFC 9162 sections 2.1.3.2 and 2.1.4.2 for what proves them.

import { Refused, equal, require, sha256, u64 } from "./bytes.js";

const ZERO = new Uint8Array([0]);
const ONE = new Uint8Array([1]);

export const leafHash = (leaf: Uint8Array): Uint8Array => sha256(ZERO, leaf);
export const nodeHash = (left: Uint8Array, right: Uint8Array): Uint8Array => sha256(ONE, left, right);
export const emptyRoot = (): Uint8Array => sha256(new Uint8Array());

/** The greatest power of two below n. n > 1. */
function split(n: number): number {
  let k = 1;
  while (k * 2 < n) k *= 2;
  return k;
}

export function treeHash(leaves: Uint8Array[]): Uint8Array {
  if (leaves.length === 0) return emptyRoot();
  const root = (lo: number, hi: number): Uint8Array => {
    if (hi - lo === 1) return leafHash(leaves[lo]!);
    const k = split(hi - lo);
    return nodeHash(root(lo, lo + k), root(lo + k, hi));
  };
  return root(0, leaves.length);
}

/** Section 6: the tree over the 8-byte indices. */
export const indicesHash = (indices: number[]): Uint8Array => treeHash(indices.map((index) => u64(index)));

export function verifyInclusion(index: number, size: number, leaf: Uint8Array, path: Uint8Array[], root: Uint8Array): void {
  require(index < size, "the index is not in the tree");
  require(leaf.length === 32 && root.length === 32, "a hash has a wrong length");
  let fn = BigInt(index);
  let sn = BigInt(size - 1);
  let hash = leaf;
  for (const sibling of path) {
    require(sn !== 0n, "the inclusion proof is too long");
    if ((fn & 1n) === 1n || fn === sn) {
      hash = nodeHash(sibling, hash);
      while ((fn & 1n) === 0n && fn !== 0n) {
        fn >>= 1n;
        sn >>= 1n;
      }
    } else {
      hash = nodeHash(hash, sibling);
    }
    fn >>= 1n;
    sn >>= 1n;
  }
  require(sn === 0n && equal(hash, root), "the entry is not in the tree that the checkpoint signs");
}

export function verifyConsistency(from: number, to: number, first: Uint8Array, second: Uint8Array, proof: Uint8Array[]): void {
  require(from > 0 && from <= to, "there is no consistency proof between these sizes");
  if (from === to) {
    require(proof.length === 0 && equal(first, second), "the consistency proof does not hold");
    return;
  }
  require(proof.length > 0, "the consistency proof is empty");
  let fn = BigInt(from - 1);
  let sn = BigInt(to - 1);
  const hashes = (fn & (fn + 1n)) === 0n ? [first, ...proof] : proof;
  while ((fn & 1n) === 1n) {
    fn >>= 1n;
    sn >>= 1n;
  }
  let fr = hashes[0]!;
  let sr = hashes[0]!;
  for (const c of hashes.slice(1)) {
    require(sn !== 0n, "the consistency proof is too long");
    if ((fn & 1n) === 1n || fn === sn) {
      fr = nodeHash(c, fr);
      sr = nodeHash(c, sr);
      while ((fn & 1n) === 0n && fn !== 0n) {
        fn >>= 1n;
        sn >>= 1n;
      }
    } else {
      sr = nodeHash(sr, c);
    }
    fn >>= 1n;
    sn >>= 1n;
  }
  require(sn === 0n && equal(fr, first) && equal(sr, second), "the consistency proof does not hold");
}

/** Section 8.3: many entries under one root; every hash is taken, none is missing. `want` ascends. */
export function verifyMany(size: number, want: number[], leaves: Uint8Array[], hashes: Uint8Array[], root: Uint8Array, what: string): void {
  let taken = 0;
  let next = 0;
  const walk = (lo: number, hi: number): Uint8Array => {
    if (next >= want.length || want[next]! >= hi) {
      const hash = hashes[taken++];
      if (hash === undefined) throw new Refused(`${what}: hashes are missing`);
      return hash;
    }
    if (hi - lo === 1) return leafHash(leaves[next++]!);
    const k = split(hi - lo);
    return nodeHash(walk(lo, lo + k), walk(lo + k, hi));
  };
  require(size > 0, `${what}: an empty tree holds nothing`);
  const computed = walk(0, size);
  require(next === want.length, `${what}: an index is not in the tree`);
  require(taken === hashes.length, `${what}: there are hashes that nothing needs`);
  require(equal(computed, root), `${what}: the hashes and entries do not make the root`);
}

