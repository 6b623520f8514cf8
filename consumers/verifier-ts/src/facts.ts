// Sections 8.3 and 8.6: each entry in its place, each event what its publisher signed, what is closed erased by order.

import { Refused, equal, fromBase64, hex, require, utf8 } from "./bytes.js";
import type { Erasure, Evidence, FileEntry, Part } from "./evidence.js";
import { commit, commitLeaves, decodeEntryOfLog, decodeEvent, segmentLeaf, type EventEntry, type LearnerEvent, type LogEntry } from "./log.js";
import { indicesHash, verifyMany } from "./merkle.js";
import { verifySignature, type Checkpoint } from "./note.js";
import { TYPES } from "./vocabulary.js";

export interface Fact {
  index: number;
  recorded: bigint;
  accepted: boolean;
  publisher: string;
  opening: "clear" | "full" | "type" | "closed";
  type?: string; // of all but what is closed
  event?: LearnerEvent; // of what is clear or full
}

export interface Log {
  entries: Map<number, LogEntry>;
  facts: Map<number, Fact>;
}

const at = (index: number): string => `entry ${index}`;

/** The type of an event of which only its segment `"type"` is shown. */
function typeAlone(segment: string, index: number): string {
  const match = /^"type"[ \t\r\n]*:[ \t\r\n]*"fi\.oppiloki\.([a-z_]+\.[a-z_]+)\.v1"/.exec(segment);
  if (!match || !TYPES.has(match[1]!)) throw new Refused(`${at(index)} shows no type of an event`);
  return match[1]!;
}

function commitmentOfPart(part: Part[]): Uint8Array {
  return commitLeaves(part.map((item) => (item instanceof Uint8Array ? item : segmentLeaf(item.salt, utf8(item.segment)))));
}

function readFact(file: FileEntry, entry: EventEntry, publisher: string): Fact {
  const fact: Fact = { index: file.index, recorded: entry.recorded, accepted: entry.accepted, publisher, opening: "closed" };
  require(!entry.clear || (!file.opened && !file.part), `${at(file.index)} is public and opened once more`);
  const shown = entry.clear ?? file.opened;
  if (shown) {
    require(equal(commit(shown.bytes, shown.json, shown.salt), entry.commitment), `the event shown for ${at(file.index)} is not the one that the log commits to`);
    require(shown.json, `${at(file.index)} is an event in FlatBuffers, which this verifier does not read`);
    fact.event = decodeEvent(shown.bytes);
    fact.type = fact.event.type;
    require(TYPES.has(fact.type), `${at(file.index)} has a type that is none`);
    fact.opening = entry.clear ? "clear" : "full";
  } else if (file.part) {
    require(equal(commitmentOfPart(file.part), entry.commitment), `the type shown for ${at(file.index)} is not the one that the log commits to`);
    const open = file.part.find((item): item is { salt: Uint8Array; segment: string } => !(item instanceof Uint8Array))!;
    fact.type = typeAlone(open.segment, file.index);
    fact.opening = "type";
  }
  return fact;
}

/** Every entry is in the tree of the checkpoint, and every event in the batch that its publisher signed. */
export function proveEntries(evidence: Evidence, checkpoint: Checkpoint): Log {
  const files = new Map(evidence.entries.map((entry) => [entry.index, entry]));
  const want = evidence.entries.map((entry) => entry.index);
  verifyMany(checkpoint.size, want, evidence.entries.map((entry) => entry.leaf), evidence.nodes, checkpoint.root, "the log");
  const log: Log = { entries: new Map(), facts: new Map() };
  for (const entry of evidence.entries) log.entries.set(entry.index, decodeEntryOfLog(entry.leaf));

  const ofBatch = new Map<number, { item: number; commitment: Uint8Array }[]>();
  for (const [index, entry] of log.entries) {
    const file = files.get(index)!;
    if (entry.kind !== "event") {
      require(!file.opened && !file.part, `${at(index)} is no event and is opened as one`);
      continue;
    }
    require(log.entries.get(entry.batch)?.kind === "batch", `the batch of ${at(index)} is missing`);
    ofBatch.set(entry.batch, [...(ofBatch.get(entry.batch) ?? []), entry]);
  }
  for (const [index, entry] of log.entries) {
    const items = ofBatch.get(index);
    const nodes = files.get(index)!.nodes;
    require((items !== undefined) === (nodes !== undefined), `${at(index)} has hashes that it may not have, or none where it must`);
    if (!items || !nodes || entry.kind !== "batch") continue;
    items.sort((a, b) => a.item - b.item);
    require(items.every(({ item }, i) => i === 0 || item > items[i - 1]!.item), `two entries are one item of the batch at ${at(index)}`);
    verifyMany(entry.header.count, items.map(({ item }) => item), items.map(({ commitment }) => commitment), nodes, entry.header.root, `the batch at ${at(index)}`);
  }

  const genesis = log.entries.get(0);
  if (genesis?.kind !== "genesis") throw new Refused("the first entry of the log is missing");
  require(genesis.origin === checkpoint.origin, "the first entry names another log");
  const keys = new Map<string, Uint8Array>([
    [`registrar ${genesis.registrar.id}`, genesis.registrar.key],
    [`ledger ${genesis.ledger.id}`, genesis.ledger.key],
  ]);
  for (const [index, entry] of log.entries) {
    if (entry.kind !== "event") continue;
    const batch = log.entries.get(entry.batch);
    if (batch?.kind !== "batch") throw new Refused(`the batch of ${at(index)} is missing`);
    const key = keys.get(`${batch.header.signer} ${batch.header.key}`);
    if (!key) throw new Refused(`the log does not say whose key signed ${at(index)}`);
    require(verifySignature(key, batch.header.bytes, batch.signature), `the publisher's signature over ${at(index)} does not verify`);
    const fact = readFact(files.get(index)!, entry, batch.header.publisher);
    log.facts.set(index, fact);
    if (fact.opening === "clear" && fact.accepted && fact.type === "registry.key_added") {
      const { publisher, key: id, public_key: bytes } = fact.event!.data;
      keys.set(`${String(publisher)} ${String(id)}`, fromBase64(String(bytes), "a publisher's key", 32));
    }
  }
  return log;
}

/** The last execution of the request that is asked about. */
export function executionAsked(evidence: Evidence, log: Log): number | undefined {
  if (evidence.claim.ask !== "erasure") return undefined;
  let last: number | undefined;
  for (const [index, fact] of log.facts)
    if (fact.opening === "full" && fact.accepted && fact.type === "erasure.executed" && fact.event!.data["request"] === evidence.claim.inputs["request"]) last = index;
  return last;
}

function checkErasure(erasure: Erasure, log: Log, streams: Set<number>, evidence: Evidence, asked: number | undefined): void {
  const fact = log.facts.get(erasure.execution);
  const where = `the erasure at ${at(erasure.execution)}`;
  require(fact?.opening === "full" && fact.type === "erasure.executed" && fact.accepted, `${where} is none`);
  const data = fact.event!.data;
  require(data["covered_count"] === erasure.covered.length, `${where} covers another number of entries`);
  require(data["covered_root"] === `sha256:${hex(indicesHash(erasure.covered))}`, `${where} covers other entries`);
  require(evidence.state === null || streams.has(erasure.execution), `${where} is not in the learner's stream`);
  let closed = false;
  for (const index of erasure.covered) {
    const covered = log.facts.get(index);
    closed ||= covered?.opening === "closed";
    require(covered?.opening !== "clear", `${where} covers a public entry`);
    require(!covered || covered.opening === "closed" || !streams.has(index), `${where} covers what is opened`);
  }
  require(closed || erasure.execution === asked, `${where} is in the file for nothing`);
}

export function checkErasures(evidence: Evidence, log: Log, streams: Set<number>): void {
  const asked = executionAsked(evidence, log);
  const covered = new Set<number>();
  for (const erasure of evidence.erasures) {
    checkErasure(erasure, log, streams, evidence, asked);
    for (const index of erasure.covered) covered.add(index);
  }
  for (const [index, fact] of log.facts)
    require(fact.opening !== "closed" || covered.has(index), `${at(index)} is closed, and no erasure took it: what it says is left out`);
}

/** No entry is there for nothing, and none is missing. */
export function checkNeeded(evidence: Evidence, log: Log, streams: Set<number>, checkpoint: Checkpoint): void {
  const { claim } = evidence;
  const needed = new Set<number>([0, ...streams]);
  if (evidence.state) needed.add(evidence.state.index);
  const asked = executionAsked(evidence, log);
  const ofRequest = evidence.erasures.find((erasure) => erasure.execution === asked);
  const mustBe = [...(ofRequest?.covered ?? [])];
  if ("known_at" in claim.inputs) mustBe.push(...[claim.size - 1, claim.size].filter((index) => index >= 0 && index < checkpoint.size));
  for (const [index, fact] of log.facts) {
    if (fact.opening === "clear" || evidence.identifiers.length === 0) needed.add(index);
    if (fact.opening === "full" && fact.event!.anchor !== undefined && fact.event!.anchor > 0) mustBe.push(fact.event!.anchor - 1);
    const entry = log.entries.get(index);
    if (entry?.kind === "event") needed.add(entry.batch);
  }
  for (const index of [...streams, ...mustBe]) {
    require(log.entries.has(index), `${at(index)} must be in the file, and is not`);
    needed.add(index);
  }
  for (const index of log.entries.keys()) require(needed.has(index), `${at(index)} is in the file for nothing`);
}
