// Sections 8.2, 8.4 and 8.5: that nothing is left out, and that what stays closed cannot bear on the answer.

import { equal, require, utf8 } from "./bytes.js";
import type { Ask, Evidence, Identifier } from "./evidence.js";
import type { Fact, Log } from "./facts.js";
import { instantOf } from "./log.js";
import { IDENTIFIER, STREAM, decodeEntry, entryValue, foldOf, handleCommitment, verifyLabelProof, type Entry } from "./map.js";
import { indicesHash } from "./merkle.js";
import type { Checkpoint } from "./note.js";

const CONSENT_GROUPS = ["consent", "guardianship", "restriction", "erasure"];
const CONSENT_TYPES = [
  "identity.learner_registered", "access.emergency_opened", "access.emergency_reviewed", "access.stop_acknowledged",
  "ledger.fact_annulled", "ledger.quarantine_released", "ledger.reattested",
];

/** Whether answers to this kind of question read events of this type (the table of section 8.5). */
function reads(ask: Ask, type: string): boolean {
  const group = type.slice(0, type.indexOf("."));
  const ofConsent = CONSENT_GROUPS.includes(group) || CONSENT_TYPES.includes(type);
  switch (ask) {
    case "record":
      return !["access", "consent", "ledger"].includes(group) || type === "ledger.fact_annulled";
    case "audit":
      return group === "access";
    case "holds":
      return group === "erasure";
    case "erasure":
      return group === "erasure" || type === "access.stop_acknowledged";
    case "findings":
      return ofConsent || type === "access.disclosed" || type === "access.decision_made";
    default:
      return ofConsent;
  }
}

const bears = (ask: Ask, fact: Fact, size: number): boolean =>
  fact.type === "identity.pseudonyms_linked" || fact.type === "erasure.executed" || (fact.index < size && reads(ask, fact.type!));

export function streamsOf(evidence: Evidence): Set<number> {
  return new Set(evidence.identifiers.flatMap((identifier) => identifier.streams.flatMap((stream) => stream.entries)));
}

export function checkView(evidence: Evidence, checkpoint: Checkpoint, log: Log): void {
  const { claim } = evidence;
  const { valid_at, known_size, known_at } = claim.inputs;
  require(valid_at === undefined || instantOf(valid_at as string) === claim.at, "the answer is for another instant than was asked");
  require(claim.size <= checkpoint.size, "the answer claims to know more than the checkpoint covers");
  require(known_size === undefined || known_size === claim.size, "the answer is for another size than was asked");
  if (known_at !== undefined) {
    const instant = instantOf(known_at as string);
    if (claim.size > 0) require(log.entries.get(claim.size - 1)!.recorded <= instant, "the answer knows more than was known then");
    if (claim.size < checkpoint.size) require(log.entries.get(claim.size)!.recorded > instant, "the answer knows less than was known then");
  }
  if (known_size === undefined && known_at === undefined) require(claim.size === checkpoint.size, "the answer is of an older view than the newest");
}

function checkIdentifier(identifier: Identifier, key: Uint8Array, root: Uint8Array, covers: number): void {
  const shown = verifyLabelProof(identifier.proof, IDENTIFIER, utf8(identifier.name), key, root);
  if (!shown.entry) {
    require(identifier.earlier.length === 0 && identifier.streams.length === 0, "an identifier that the map does not have has a history or a stream");
    return;
  }
  const entries: Entry[] = [shown.entry, ...identifier.earlier.map(decodeEntry)];
  entries.slice(1).forEach((earlier, i) => {
    const later = entries[i]!;
    require(later.number === earlier.number + 1, "an identifier's entries do not follow one another");
    require(equal(later.previous, entryValue(earlier, shown.blind)), "an identifier's entry does not name the one before");
  });
  require(entries[entries.length - 1]!.number === 1, "an identifier's earlier entries are missing");

  let last = -1;
  const opened = new Set<number>();
  identifier.streams.forEach((stream, i) => {
    const commitment = handleCommitment(stream.salt, stream.handle);
    const newest = entries.findIndex((entry) => equal(entry.handle, commitment));
    require(newest >= 0, "a stream is not one of its identifier");
    require(newest > last && !identifier.streams.slice(0, i).some((other) => equal(other.handle, stream.handle)), "the streams of an identifier are not in their order");
    last = newest;
    entries.forEach((entry, n) => {
      if (equal(entry.handle, commitment)) opened.add(n);
    });
    const { head } = verifyLabelProof(stream.proof, STREAM, stream.handle, key, root);
    require(head !== undefined, "the map does not have a stream that the file shows");
    require(head.count === stream.entries.length && equal(head.root, indicesHash(stream.entries)), "the entries of a stream are not those that the map counts");
    require(stream.entries.every((index) => index < covers), "a stream goes further than the map");
  });
  entries.forEach((entry, n) => {
    if (entry.state !== 1 || opened.has(n)) return;
    const newer = entries[n - 1];
    require(newer !== undefined && newer.state === 2 && equal(newer.handle, entry.handle), "a stream of an identifier is left out");
  });
}

/** The state entry, and what the map says of each identifier and stream. */
export function checkStreams(evidence: Evidence, log: Log): void {
  const { claim, identifiers } = evidence;
  const { index, key } = evidence.state!;
  require(claim.controller === "" && claim.special && "learner" in claim.inputs, "completeness is claimed for an answer that hides something");
  const state = log.entries.get(index);
  require(state?.kind === "state", "the state entry is missing");
  require(state.covers === index, "the state entry covers another number of entries than come before it");
  require(equal(state.fold, foldOf(key)), "the VRF key is not the one of the state entry");
  require(claim.size <= index + 1, "the answer claims to know more than the map of streams covers");
  for (const identifier of identifiers) checkIdentifier(identifier, key, state.mapRoot, state.covers);
  for (const entry of streamsOf(evidence)) require(log.facts.has(entry), `entry ${entry} is in the learner's stream, and not in the file`);
  checkLinks(evidence, log);
}

/** The identifiers are the learner's and all that links lead to. */
function checkLinks(evidence: Evidence, log: Log): void {
  const links: [string, string][] = [];
  for (const index of streamsOf(evidence)) {
    const fact = log.facts.get(index)!;
    if (fact.opening !== "full" || fact.type !== "identity.pseudonyms_linked") continue;
    links.push([String(fact.event!.data["kept"]), String(fact.event!.data["merged"])]);
  }
  const first = evidence.claim.inputs["learner"] as string;
  const reached = new Set([first]);
  for (let grown = true; grown; ) {
    grown = false;
    for (const [a, b] of links)
      if (reached.has(a) !== reached.has(b)) {
        reached.add(a).add(b);
        grown = true;
      }
  }
  reached.delete(first);
  const others = [...reached].sort((a, b) => Buffer.compare(utf8(a), utf8(b)));
  const names = evidence.identifiers.map((identifier) => identifier.name);
  require(JSON.stringify(names) === JSON.stringify([first, ...others]), "the identifiers are not exactly those that links lead to");
}

/** Of what is in a stream, only what cannot bear on the answer is shown by its type alone. */
export function checkBearing(evidence: Evidence, log: Log, streams: Set<number>): void {
  for (const fact of log.facts.values()) {
    if (fact.opening !== "type") continue;
    require(streams.has(fact.index), `entry ${fact.index} shows its type alone, and is in no stream`);
    require(!bears(evidence.claim.ask, fact, evidence.claim.size), `entry ${fact.index} bears on the answer, and is not opened`);
  }
}
