// C2SP signed-note, tlog-checkpoint, tlog-cosignature and tlog-policy.

import { ed25519 } from "@noble/curves/ed25519";

import { Refused, concat, equal, fromBase64, hex, remember, require, sha256, utf8 } from "./bytes.js";

/** Ed25519 over exactly these bytes; strict encodings, no small-order keys. */
export const verifySignature: (key: Uint8Array, message: Uint8Array, signature: Uint8Array) => boolean = remember(
  (key, message, signature) => {
    try {
      return ed25519.verify(signature!, message!, key!, { zip215: false });
    } catch {
      return false;
    }
  },
);

const NOTE = 1;
const COSIGNATURE = 4;
const TEXT_MAX = 1 << 20;

export interface VerifierKey {
  name: string;
  id: string; // 8 hex digits
  type: number;
  key: Uint8Array;
}

const goodName = (name: string): boolean => name.length > 0 && !/[\s+]/u.test(name);

/** `<name>+<id>+<base64>`; the id is checked. */
export function parseVerifierKey(text: string): VerifierKey {
  const match = /^([^+]+)\+([0-9a-f]{8})\+(.+)$/.exec(text);
  if (!match || !goodName(match[1]!)) throw new Refused("a verifier key is malformed");
  const bytes = fromBase64(match[3]!, "a verifier key", 33);
  require(hex(sha256(utf8(`${match[1]}\n`), bytes).subarray(0, 4)) === match[2], "the id of a verifier key is not its own");
  return { name: match[1]!, id: match[2]!, type: bytes[0]!, key: bytes.subarray(1) };
}

interface Signature {
  name: string;
  id: string;
  bytes: Uint8Array;
}

export interface Note {
  text: string;
  signatures: Signature[];
}

export function parseNote(note: string): Note {
  require(note.length <= TEXT_MAX, "note: too long");
  require(!/[\u0000-\u0009\u000b-\u001f]/.test(note) && !/[\uD800-\uDFFF]/u.test(note), "note: characters that it may not have");
  const cut = note.lastIndexOf("\n\n");
  require(cut >= 0 && note.endsWith("\n"), "note: no signatures");
  const lines = note.slice(cut + 2, -1).split("\n");
  require(cut + 2 < note.length && lines.length <= 100, "note: no signatures, or too many");
  const signatures = lines.map((line): Signature => {
    const match = /^\u2014 (\S+) (\S+)$/u.exec(line);
    if (!match || !goodName(match[1]!)) throw new Refused("note: a malformed signature line");
    const bytes = fromBase64(match[2]!, "note: a signature");
    require(bytes.length > 4, "note: a signature is too short");
    return { name: match[1]!, id: hex(bytes.subarray(0, 4)), bytes: bytes.subarray(4) };
  });
  return { text: note.slice(0, cut + 1), signatures };
}

export interface Checkpoint {
  origin: string;
  size: number;
  root: Uint8Array;
}

export function parseCheckpoint(text: string): Checkpoint {
  const lines = text.split("\n");
  require(lines.pop() === "" && lines.length >= 3 && lines.every((line) => line !== ""), "checkpoint: malformed");
  const [origin, size, root] = lines as [string, string, string];
  require(/^(0|[1-9][0-9]{0,15})$/.test(size) && Number.isSafeInteger(Number(size)), "checkpoint: a malformed size");
  const checkpoint = { origin, size: Number(size), root: fromBase64(root, "checkpoint: the root", 32) };
  require(checkpoint.size > 0 || equal(checkpoint.root, sha256(new Uint8Array())), "checkpoint: an empty tree has another root");
  return checkpoint;
}

interface Group {
  needs: number;
  members: string[];
}

export interface Policy {
  logs: VerifierKey[];
  witnesses: Map<string, VerifierKey>;
  groups: Map<string, Group>;
  quorum: string; // "none", or the name of a witness or a group
}

/** C2SP tlog-policy. */
export function parsePolicy(text: string): Policy {
  require(!/[\u0000-\u0008\u000b-\u001f\u007f]/.test(text), "policy: characters that it may not have");
  const policy: Policy = { logs: [], witnesses: new Map(), groups: new Map(), quorum: "" };
  const used = new Set<string>();
  const known = (name: string): boolean => policy.witnesses.has(name) || policy.groups.has(name);
  for (const line of text.split("\n")) {
    const words = line.split(/[ \t]+/).filter((word) => word !== "");
    if (words.length === 0 || words[0]!.startsWith("#")) continue;
    if (words[0] === "log" && (words.length === 2 || words.length === 3)) {
      const key = parseVerifierKey(words[1]!);
      require(key.type === NOTE, "policy: the key of a log has another algorithm than Ed25519");
      policy.logs.push(key);
    } else if (words[0] === "witness" && (words.length === 3 || words.length === 4)) {
      const key = parseVerifierKey(words[2]!);
      require(key.type === COSIGNATURE && words[1] !== "none" && !known(words[1]!), "policy: a malformed witness");
      policy.witnesses.set(words[1]!, key);
    } else if (words[0] === "group" && words.length >= 4) {
      const members = words.slice(3);
      const needs = words[2] === "all" ? members.length : words[2] === "any" ? 1 : Number(words[2]);
      require(/^(all|any|[1-9][0-9]*)$/.test(words[2]!) && needs <= members.length, "policy: a malformed group");
      require(words[1] !== "none" && !known(words[1]!), "policy: a name is taken twice");
      for (const member of members) {
        require(known(member) && !used.has(member), "policy: a group has a member that it may not have");
        used.add(member);
      }
      policy.groups.set(words[1]!, { needs, members });
    } else if (words[0] === "quorum" && words.length === 2) {
      require(policy.quorum === "" && (words[1] === "none" || known(words[1]!)), "policy: a malformed quorum");
      policy.quorum = words[1]!;
    } else {
      throw new Refused("policy: a line that is none of its own");
    }
  }
  require(policy.logs.length > 0 && policy.quorum !== "", "policy: a log or the quorum is missing");
  return policy;
}

export interface Trusted extends Checkpoint {
  witnesses: string[];
}

function reached(policy: Policy, name: string, signed: Set<string>): boolean {
  const group = policy.groups.get(name);
  if (!group) return signed.has(name);
  return group.members.filter((member) => reached(policy, member, signed)).length >= group.needs;
}

/** A known key with a bad signature refuses the whole note; the first line of a key counts. */
function verifiedBy(note: Note, key: VerifierKey, cosigned: boolean): boolean {
  const signature = note.signatures.find((s) => s.name === key.name && s.id === key.id);
  if (!signature) return false;
  let message = utf8(note.text);
  let bytes = signature.bytes;
  if (cosigned) {
    require(bytes.length === 72, "a cosignature has a wrong length");
    const time = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0);
    require(time < 1n << 63n, "a cosignature has a time out of range");
    message = concat(utf8(`cosignature/v1\ntime ${time}\n`), message);
    bytes = bytes.subarray(8);
  }
  require(bytes.length === 64 && verifySignature(key.key, message, bytes), `the signature of ${cosigned ? "a witness" : "the log"} does not verify`);
  return true;
}

/** The log alone: what convicts it in an equivocation. */
export function openByLog(note: string, policy: Policy): Checkpoint {
  const parsed = parseNote(note);
  const checkpoint = parseCheckpoint(parsed.text);
  const logs = policy.logs.filter((key) => key.name === checkpoint.origin && verifiedBy(parsed, key, false));
  require(logs.length > 0, "the checkpoint is not signed by a log of the policy");
  return checkpoint;
}

export function openCheckpoint(note: string, policy: Policy): Trusted {
  const checkpoint = openByLog(note, policy);
  const parsed = parseNote(note);
  const witnesses = [...policy.witnesses].filter(([, key]) => verifiedBy(parsed, key, true)).map(([name]) => name);
  require(policy.quorum === "none" || reached(policy, policy.quorum, new Set(witnesses)), "too few witnesses have cosigned the checkpoint");
  return { ...checkpoint, witnesses };
}
