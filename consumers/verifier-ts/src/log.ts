// Sections 2 to 4: commitments, batch headers, entries of the log, instants.

import { Reader, Refused, require, sha256, textOf, u16, utf8 } from "./bytes.js";
import { parseVerifierKey, type VerifierKey } from "./note.js";

/** Microseconds since 1970 as `YYYY-MM-DDThh:mm:ssZ`, with three or six digits if there is a fraction. */
export function instantText(micros: bigint): string {
  const fraction = ((micros % 1_000_000n) + 1_000_000n) % 1_000_000n;
  const seconds = Number((micros - fraction) / 1_000_000n);
  const whole = new Date(seconds * 1000).toISOString().slice(0, 19);
  if (fraction === 0n) return `${whole}Z`;
  if (fraction % 1000n === 0n) return `${whole}.${String(fraction / 1000n).padStart(3, "0")}Z`;
  return `${whole}.${String(fraction).padStart(6, "0")}Z`;
}

/** RFC 3339 in UTC with up to six digits of a fraction. */
export function instantOf(text: string): bigint {
  const match = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(?:\.(\d{1,6}))?Z$/.exec(text);
  const at = match ? Date.parse(`${match[1]}Z`) : NaN;
  if (!match || Number.isNaN(at) || new Date(at).toISOString().slice(0, 19) !== match[1]) throw new Refused("an instant is malformed");
  return BigInt(at) * 1000n + BigInt((match[2] ?? "").padEnd(6, "0"));
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN = 0x7b;

/** Where the text is cut: before each member name of the object, and of its `data` object. Valid JSON is required. */
function cuts(json: Uint8Array): number[] {
  const found: number[] = [];
  let depth = 0;
  let inData = false; // `data` is an object, and we are in it at depth 2
  const stack: number[] = [];
  let name = "";
  let atName = false;
  for (let i = 0; i < json.length; ++i) {
    const c = json[i]!;
    if (c === QUOTE) {
      let end = i + 1;
      while (end < json.length && json[end] !== QUOTE) end += json[end] === BACKSLASH ? 2 : 1;
      if (atName && stack[depth - 1] === OPEN) {
        if (depth === 1) {
          name = nameOf(json.subarray(i, end + 1));
          found.push(i);
        } else if (depth === 2 && inData) {
          found.push(i);
        }
      }
      atName = false;
      i = end;
    } else if (c === OPEN || c === 0x5b) {
      if (depth === 1) inData = c === OPEN && stack[0] === OPEN && name === "data";
      stack[depth++] = c;
      atName = c === OPEN;
    } else if (c === 0x7d || c === 0x5d) {
      depth -= 1;
      atName = false;
    } else if (c === 0x2c) {
      atName = stack[depth - 1] === OPEN;
    }
  }
  return found;
}

function nameOf(quoted: Uint8Array): string {
  try {
    return JSON.parse(textOf(quoted, "a member name")) as string;
  } catch {
    throw new Refused("an event is not JSON");
  }
}

const SEGMENTS_MAX = 128;

export function segmentsOf(bytes: Uint8Array, json: boolean): Uint8Array[] {
  const at = json ? cuts(bytes).filter((cut) => cut > 0).slice(0, SEGMENTS_MAX - 1) : [];
  const edges = [0, ...at, bytes.length];
  return edges.slice(1).map((end, i) => bytes.subarray(edges[i]!, end));
}

/** Blocks of the ChaCha20 key stream of RFC 8439, nonce 0, from counter 0. */
export function keyStream(key: Uint8Array, length: number): Uint8Array {
  const out = new Uint8Array(Math.ceil(length / 64) * 64);
  const view = new DataView(out.buffer);
  const keyView = new DataView(key.buffer, key.byteOffset, 32);
  const start = new Uint32Array(16);
  start.set([0x61707865, 0x3320646e, 0x79622d32, 0x6b206574]);
  for (let i = 0; i < 8; ++i) start[4 + i] = keyView.getUint32(4 * i, true);
  const turn = (x: Uint32Array, a: number, b: number, c: number, d: number): void => {
    const rotate = (to: number, by: number, bits: number): void => {
      const value = x[to]! ^ x[by]!;
      x[to] = (value << bits) | (value >>> (32 - bits));
    };
    x[a]! += x[b]!;
    rotate(d, a, 16);
    x[c]! += x[d]!;
    rotate(b, c, 12);
    x[a]! += x[b]!;
    rotate(d, a, 8);
    x[c]! += x[d]!;
    rotate(b, c, 7);
  };
  for (let block = 0; block * 64 < length; ++block) {
    start[12] = block;
    const x = Uint32Array.from(start);
    for (let round = 0; round < 10; ++round) {
      for (const [a, b, c, d] of [[0, 4, 8, 12], [1, 5, 9, 13], [2, 6, 10, 14], [3, 7, 11, 15]] as const) turn(x, a, b, c, d);
      for (const [a, b, c, d] of [[0, 5, 10, 15], [1, 6, 11, 12], [2, 7, 8, 13], [3, 4, 9, 14]] as const) turn(x, a, b, c, d);
    }
    for (let i = 0; i < 16; ++i) view.setUint32(block * 64 + 4 * i, (x[i]! + start[i]!) >>> 0, true);
  }
  return out.subarray(0, length);
}

export const segmentLeaf = (salt: Uint8Array, segment: Uint8Array): Uint8Array => sha256(utf8("oppiloki/segment/v1\n"), salt, segment);
export const commitLeaves = (leaves: Uint8Array[]): Uint8Array => sha256(utf8("oppiloki/commitment/v1\n"), u16(leaves.length), ...leaves);

export function commit(bytes: Uint8Array, json: boolean, salt: Uint8Array): Uint8Array {
  const segments = segmentsOf(bytes, json);
  const salts = keyStream(salt, segments.length * 16);
  return commitLeaves(segments.map((segment, i) => segmentLeaf(salts.subarray(16 * i, 16 * i + 16), segment)));
}

export interface Header {
  bytes: Uint8Array;
  publisher: string;
  signer: string; // attested_by, else publisher
  key: string;
  count: number;
  root: Uint8Array;
}

const HEADER = utf8("oppiloki/batch/v1\n");

export function decodeHeader(bytes: Uint8Array): Header {
  const r = new Reader(bytes, "the header of a batch");
  require(textOf(r.raw(HEADER.length), "the header of a batch") === "oppiloki/batch/v1\n", "the header of a batch is none");
  r.short();
  const publisher = r.short();
  const key = r.short();
  const attested = r.short();
  r.raw(16 + 8 + 32);
  const header = { bytes, publisher, signer: attested === "" ? publisher : attested, key, count: r.u16(), root: r.raw(32) };
  r.end();
  require(/^[0-9a-f]{8}$/.test(key) && header.count > 0, "the header of a batch is malformed");
  return header;
}

export interface Genesis {
  kind: "genesis";
  recorded: bigint;
  origin: string;
  registrar: VerifierKey;
  ledger: VerifierKey;
}
export interface BatchEntry {
  kind: "batch";
  recorded: bigint;
  signature: Uint8Array;
  header: Header;
}
export interface EventEntry {
  kind: "event";
  recorded: bigint;
  batch: number;
  item: number;
  accepted: boolean;
  commitment: Uint8Array;
  clear?: { json: boolean; salt: Uint8Array; bytes: Uint8Array };
}
export interface StateEntry {
  kind: "state";
  recorded: bigint;
  covers: number;
  mapRoot: Uint8Array;
  fold: Uint8Array;
  previous: number;
}
export type LogEntry = Genesis | BatchEntry | EventEntry | StateEntry;

export const JSON_ENCODING = 1;
const FLATBUFFERS_ENCODING = 2;

export function decodeEntryOfLog(bytes: Uint8Array): LogEntry {
  const r = new Reader(bytes, "an entry of the log");
  require(r.u8() === 1, "an entry of the log has an unknown version");
  const recorded = r.i64();
  const kind = r.u8();
  let entry: LogEntry;
  if (kind === 0) {
    const origin = r.short();
    const [, registrar, ledger] = [r.long(), r.long(), r.long()].map((key) => parseVerifierKey(textOf(key, "a key of the first entry")));
    entry = { kind: "genesis", recorded, origin, registrar: registrar!, ledger: ledger! };
  } else if (kind === 1) {
    entry = { kind: "batch", recorded, signature: r.raw(64), header: decodeHeader(r.long()) };
  } else if (kind === 2) {
    const flags = r.u8();
    require(flags <= 1, "an event entry has unknown flags");
    const [batch, item] = [r.number(), r.u16()];
    r.u8();
    const outcome = r.u8();
    require(outcome <= 1, "an event entry has an unknown outcome");
    r.u8();
    entry = { kind: "event", recorded, batch, item, accepted: outcome === 0, commitment: r.raw(32) };
    if (flags === 1) {
      const encoding = r.u8();
      require(encoding === JSON_ENCODING || encoding === FLATBUFFERS_ENCODING, "an event entry has an unknown encoding");
      entry.clear = { json: encoding === JSON_ENCODING, salt: r.raw(32), bytes: r.long() };
    }
  } else if (kind === 4) {
    entry = { kind: "state", recorded, covers: r.number(), mapRoot: r.raw(32), fold: r.raw(32), previous: r.number() };
    require(entry.previous < entry.covers || (entry.previous === 0 && entry.covers === 0), "a state entry follows one that comes later");
  } else {
    throw new Refused("an entry of the log is of an unknown kind");
  }
  r.end();
  return entry;
}

export interface LearnerEvent {
  id: string;
  group: string;
  type: string; // group.name
  raw: Record<string, unknown>;
  data: Record<string, unknown>;
  anchor?: number;
}

/** An event in JSON. What the ledger takes is well-formed; here only what is used is looked at. */
export function decodeEvent(bytes: Uint8Array): LearnerEvent {
  let raw: Record<string, unknown>;
  try {
    raw = JSON.parse(textOf(bytes, "an event")) as Record<string, unknown>;
  } catch {
    throw new Refused("an event is not JSON");
  }
  require(typeof raw === "object" && raw !== null && typeof raw["type"] === "string" && typeof raw["id"] === "string", "an event is malformed");
  const match = /^fi\.oppiloki\.([a-z]+)\.([a-z_]+)\.v1$/.exec(raw["type"] as string);
  const data = raw["data"];
  if (!match || typeof data !== "object" || data === null) throw new Refused("an event is malformed");
  const event: LearnerEvent = { id: raw["id"] as string, group: match[1]!, type: `${match[1]}.${match[2]}`, raw, data: data as Record<string, unknown> };
  const anchor = raw["anchorsize"];
  if (typeof anchor === "number") event.anchor = anchor;
  return event;
}

