// Sections 8.1 and 8.2: the evidence file, in its one form. Whatever else is refused.

import { Refused, equal, fromBase64, require, sha256, textOf, utf8 } from "./bytes.js";
import { instantOf, instantText } from "./log.js";

export const ASKS = ["record", "consents", "timeline", "decide", "audit", "obligations", "findings", "erasure", "holds"] as const;
export type Ask = (typeof ASKS)[number];

export interface Inputs {
  [name: string]: string | number | string[] | undefined;
}
export interface Claim {
  ask: Ask;
  inputs: Inputs;
  controller: string;
  special: boolean;
  at: bigint;
  size: number;
  result: string;
  count: number;
}
export type Part = Uint8Array | { salt: Uint8Array; segment: string };
export interface FileEntry {
  index: number;
  leaf: Uint8Array;
  nodes?: Uint8Array[];
  opened?: { salt: Uint8Array; bytes: Uint8Array; json: boolean };
  part?: Part[];
}
export interface Stream {
  handle: Uint8Array;
  salt: Uint8Array;
  proof: Uint8Array;
  entries: number[];
}
export interface Identifier {
  name: string;
  proof: Uint8Array;
  earlier: Uint8Array[];
  streams: Stream[];
}
export interface Erasure {
  execution: number;
  covered: number[];
}
export interface Evidence {
  claim: Claim;
  checkpoint: string;
  nodes: Uint8Array[];
  state: { index: number; key: Uint8Array } | null;
  identifiers: Identifier[];
  erasures: Erasure[];
  entries: FileEntry[];
}

const BYTES_MAX = 2 ** 28;
const ENTRIES_MAX = 2_000_000;
const FORMAT = "oppiloki-evidence/2";

type Json = unknown;
type Members = Record<string, Json>;

/** An object with these members in this order; a name that ends in "?" may be left out. */
function members(value: Json, what: string, names: string[]): Members {
  require(typeof value === "object" && value !== null && !Array.isArray(value), `evidence: ${what} is no object`);
  const found = Object.keys(value as object);
  let at = 0;
  for (const name of names) {
    const wanted = name.endsWith("?") ? name.slice(0, -1) : name;
    if (found[at] === wanted) ++at;
    else require(name !== wanted, `evidence: ${what} has no ${wanted} in its place`);
  }
  require(at === found.length, `evidence: ${what} has a member that it may not have`);
  return value as Members;
}

function text(value: Json, what: string): string {
  if (typeof value !== "string" || /[\uD800-\uDFFF]/u.test(value)) throw new Refused(`evidence: ${what} is no text`);
  return value;
}

function number(value: Json, what: string): number {
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0) throw new Refused(`evidence: ${what} is no number`);
  return value;
}

function list<T>(value: Json, what: string, each: (item: Json, what: string) => T): T[] {
  if (!Array.isArray(value)) throw new Refused(`evidence: ${what} is no array`);
  return value.map((item) => each(item, what));
}

const bytes = (value: Json, what: string, length?: number): Uint8Array => fromBase64(text(value, what), `evidence: ${what}`, length);
const hash = (value: Json, what: string): Uint8Array => bytes(value, what, 32);

function instant(value: Json, what: string): bigint {
  const micros = instantOf(text(value, what));
  require(instantText(micros) === value, `evidence: ${what} is not written as instants are`);
  return micros;
}

function indices(value: Json, what: string): number[] {
  const found = list(value, what, number);
  require(found.length > 0 && found.every((index, i) => i === 0 || index > found[i - 1]!), `evidence: ${what} does not ascend`);
  return found;
}

const TEXTS = ["learner", "controller", "purpose", "recipient"];
const MORE_TEXTS = ["op", "principal", "actor", "publisher", "status", "format", "consent", "request"];
const INSTANTS = ["valid_at", "known_at", "from", "until"];
const NUMBERS = ["known_size", "min_size"];
const INPUTS = [...TEXTS, "categories", ...MORE_TEXTS, "valid_at", "known_size", "known_at", "min_size", "from", "until"];

function readInputs(value: Json): Inputs {
  const found = members(value, "inputs", INPUTS.map((name) => `${name}?`));
  const inputs: Inputs = {};
  for (const [name, input] of Object.entries(found)) {
    if (INSTANTS.includes(name)) {
      instant(input, name);
      inputs[name] = input as string;
    } else if (NUMBERS.includes(name)) {
      inputs[name] = number(input, name);
    } else if (name === "categories") {
      inputs[name] = list(input, name, text);
      require((inputs[name] as string[]).length > 0, "evidence: categories are empty");
    } else {
      inputs[name] = text(input, name);
      require(inputs[name] !== "", `evidence: ${name} is empty`);
    }
  }
  return inputs;
}

/** The answer: one JSON text, whatever it says. */
function answerText(value: Json): string {
  const result = text(value, "result");
  try {
    JSON.parse(result);
  } catch {
    throw new Refused("evidence: result is not JSON");
  }
  return result;
}

function readClaim(value: Json): Claim {
  const claim = members(value, "claim", ["ask", "inputs", "access", "view", "result", "count"]);
  const access = members(claim["access"], "access", ["controller", "special_category"]);
  const view = members(claim["view"], "view", ["at", "size"]);
  require(ASKS.includes(claim["ask"] as Ask), "evidence: ask is none that there is");
  require(typeof access["special_category"] === "boolean", "evidence: special_category is neither true nor false");
  return {
    ask: claim["ask"] as Ask,
    inputs: readInputs(claim["inputs"]),
    controller: text(access["controller"], "controller"),
    special: access["special_category"],
    at: instant(view["at"], "at"),
    size: number(view["size"], "size"),
    result: answerText(claim["result"]),
    count: number(claim["count"], "count"),
  };
}

function readPart(value: Json): Part[] {
  const part = list(value, "part", (item): Part => {
    if (!Array.isArray(item)) return hash(item, "part");
    require(item.length === 2, "evidence: part has something else than a salt and a segment");
    return { salt: bytes(item[0], "part", 16), segment: text(item[1], "part") };
  });
  const open = part.flatMap((item, i) => (item instanceof Uint8Array ? [] : [i]));
  require(part.length >= 2 && part.length <= 128 && open.length === 1 && open[0]! > 0, "evidence: part does not open one segment that is not the first");
  return part;
}

function readEntry(value: Json): FileEntry {
  const found = members(value, "an entry", ["index", "leaf", "nodes?", "salt?", "event?", "event_base64?", "part?"]);
  const entry: FileEntry = { index: number(found["index"], "index"), leaf: bytes(found["leaf"], "leaf") };
  if ("nodes" in found) entry.nodes = list(found["nodes"], "nodes", hash);
  const shown = Number("event" in found) + Number("event_base64" in found);
  require(shown === Number("salt" in found) && shown + Number("part" in found) <= 1, "evidence: an entry is opened by halves, or twice");
  if ("part" in found) entry.part = readPart(found["part"]);
  if (shown === 1) {
    const json = "event" in found;
    const event = json ? utf8(text(found["event"], "event")) : bytes(found["event_base64"], "event_base64");
    entry.opened = { salt: bytes(found["salt"], "salt", 32), bytes: event, json };
  }
  return entry;
}

function readStream(value: Json): Stream {
  const found = members(value, "a stream", ["handle", "salt", "proof", "entries"]);
  return {
    handle: bytes(found["handle"], "handle", 16),
    salt: bytes(found["salt"], "salt", 32),
    proof: bytes(found["proof"], "proof"),
    entries: indices(found["entries"], "the entries of a stream"),
  };
}

function readIdentifier(value: Json): Identifier {
  const found = members(value, "an identifier", ["name", "proof", "earlier", "streams"]);
  const name = text(found["name"], "name");
  const length = utf8(name).length;
  require(length >= 1 && length <= 1024, "evidence: a name is empty or too long");
  return {
    name,
    proof: bytes(found["proof"], "proof"),
    earlier: list(found["earlier"], "earlier", (item) => bytes(item, "earlier", 69)),
    streams: list(found["streams"], "streams", readStream),
  };
}

export function decodeEvidence(file: Uint8Array): Evidence {
  require(file.length <= BYTES_MAX, "evidence: the file is too large");
  const json = textOf(file, "evidence: the file");
  let parsed: Json;
  try {
    parsed = JSON.parse(json);
  } catch {
    throw new Refused("evidence: the file is not JSON");
  }
  require(JSON.stringify(parsed) === json, "evidence: the file is not written in its one form");
  const found = members(parsed, "the file", ["format", "claim", "claim_hash", "checkpoint", "nodes", "state", "identifiers", "erasures", "entries"]);
  require(found["format"] === FORMAT, "evidence: the file has another format");
  const evidence: Evidence = {
    claim: readClaim(found["claim"]),
    checkpoint: text(found["checkpoint"], "checkpoint"),
    nodes: list(found["nodes"], "nodes", hash),
    state: null,
    identifiers: list(found["identifiers"], "identifiers", readIdentifier),
    erasures: list(found["erasures"], "erasures", (item) => {
      const erasure = members(item, "an erasure", ["execution", "covered"]);
      return { execution: number(erasure["execution"], "execution"), covered: indices(erasure["covered"], "covered") };
    }),
    entries: list(found["entries"], "entries", readEntry),
  };
  if (found["state"] !== null) {
    const state = members(found["state"], "state", ["index", "vrf_key"]);
    evidence.state = { index: number(state["index"], "index"), key: bytes(state["vrf_key"], "vrf_key", 32) };
  }
  require((evidence.state === null) === (evidence.identifiers.length === 0), "evidence: there are identifiers without a state, or a state without identifiers");
  require(evidence.entries.length <= ENTRIES_MAX, "evidence: too many entries");
  const ascend = (numbers: number[], what: string): void =>
    require(numbers.every((n, i) => i === 0 || n > numbers[i - 1]!), `evidence: ${what} do not ascend`);
  ascend(evidence.entries.map((entry) => entry.index), "the entries");
  ascend(evidence.erasures.map((erasure) => erasure.execution), "the erasures");
  for (const { execution, covered } of evidence.erasures)
    require(covered[covered.length - 1]! < execution, "evidence: an erasure covers what came after it");
  const claimed = sha256(utf8("oppiloki/claim/v1\n"), utf8(JSON.stringify(found["claim"])));
  require(equal(claimed, hash(found["claim_hash"], "claim_hash")), "evidence: claim_hash is not that of the claim");
  return evidence;
}
