// Which kind of proof a text is, and whether it holds. Pure: no files, no network, no clock.

import { Reader, Refused, fromBase64, require, textOf, utf8 } from "./bytes.js";
import { recompute } from "./answers.js";
import { checkBearing, checkStreams, checkView, streamsOf } from "./complete.js";
import { decodeEvidence } from "./evidence.js";
import { checkErasures, checkNeeded, proveEntries } from "./facts.js";
import { decodeEntryOfLog, instantText } from "./log.js";
import { IDENTIFIER, decodeStateReceipt, foldOf, verifyLabelProof } from "./map.js";
import { leafHash, verifyConsistency, verifyInclusion } from "./merkle.js";
import { openByLog, openCheckpoint, parseNote, parseCheckpoint, type Policy, type Trusted } from "./note.js";

export interface Verdict {
  kind: "evidence" | "receipt" | "state" | "checkpoint" | "equivocation";
  /** "proved": all of the file but the answer, which this program cannot compute again. Not the same as "holds". */
  verdict: "holds" | "proved" | "failed";
  complete?: boolean; // of evidence: it shows that nothing is left out
  proved: string[];
  failed: string; // the first thing that did not hold, or what was not looked at
}

export interface Options {
  about?: string; // identifier that a state receipt must speak of
  incomplete?: boolean; // accept evidence that does not show that nothing is left out
}

const PROOF = "c2sp.org/tlog-proof@v1\n";
const EQUIVOCATION = "oppiloki/equivocation@v1\n";
const PROOF_MAX = 1 << 20;
const EQUIVOCATION_MAX = 512 * 1024;

function whoSigned(trusted: Trusted): string[] {
  const cosigned = trusted.witnesses.length > 0 ? [`cosigned by ${trusted.witnesses.join(", ")}`] : [];
  return [`the checkpoint of ${trusted.origin} at size ${trusted.size} is signed as the policy demands`, ...cosigned];
}

interface TlogProof {
  extra: Uint8Array | null;
  index: number;
  path: Uint8Array[];
  checkpoint: string;
}

function decimal(text: string, what: string): number {
  require(/^(0|[1-9][0-9]{0,15})$/.test(text) && Number.isSafeInteger(Number(text)), `${what} is malformed`);
  return Number(text);
}

/** C2SP tlog-proof. */
function parseProof(text: string): TlogProof {
  require(text.length <= PROOF_MAX, "the receipt is too long");
  const gap = text.indexOf("\n\n");
  require(gap >= 0, "the receipt has no checkpoint");
  const lines = text.slice(PROOF.length, gap).split("\n");
  const extra = lines[0]!.startsWith("extra ") ? fromBase64(lines.shift()!.slice(6), "the receipt's extra line") : null;
  const index = lines.shift() ?? "";
  require(index.startsWith("index ") && lines.length <= 64, "the receipt is malformed");
  const checkpoint = text.slice(gap + 2);
  parseCheckpoint(parseNote(checkpoint).text);
  return { extra, index: decimal(index.slice(6), "the receipt's index"), path: lines.map((line) => fromBase64(line, "a hash of the receipt", 32)), checkpoint };
}

function entryInWords(index: number, recorded: bigint): string {
  let when: string;
  try {
    when = instantText(recorded);
  } catch {
    when = `microsecond ${recorded}`;
  }
  return `entry ${index}, recorded ${when}, is in that log`;
}

function verifyState(proof: TlogProof, extra: Uint8Array, policy: Policy, about: string | undefined): string[] {
  const receipt = decodeStateReceipt(extra);
  const trusted = openCheckpoint(proof.checkpoint, policy);
  verifyInclusion(proof.index, trusted.size, leafHash(receipt.leaf), proof.path, trusted.root);
  const state = decodeEntryOfLog(receipt.leaf);
  require(state.kind === "state", "the state receipt is of an entry that is no state");
  require(Buffer.compare(state.fold, foldOf(receipt.key)) === 0, "the VRF key is not the one of the state entry");
  require(state.covers === proof.index, "the state entry covers another number of entries than come before it");
  const current = proof.index + 1 === trusted.size;
  const words = [
    ...whoSigned(trusted),
    entryInWords(proof.index, state.recorded),
    current ? "its map of streams covers all of that log" : `its map of streams covers the first ${state.covers} entries: of later ones it says nothing`,
  ];
  if (about === undefined) return [...words, `it brings ${receipt.proofs.length} proofs about names that it does not tell: not looked at without the name`];
  for (const bytes of receipt.proofs) {
    try {
      const { entry } = verifyLabelProof(bytes, IDENTIFIER, utf8(about), receipt.key, state.mapRoot);
      return [...words, !entry ? "the log never had anything of this identifier, up to there" : entry.state === 1 ? "the identifier has a stream" : "the identifier was erased: nobody can find its stream"];
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
    }
  }
  throw new Refused("the state receipt proves nothing of this identifier");
}

function verifyReceipt(text: string, policy: Policy, options: Options): [Verdict["kind"], string[]] {
  const proof = parseProof(text);
  if (!proof.extra) throw new Refused("the receipt does not hold the entry that it is about");
  // A state receipt begins with two versions; the second byte of an entry is the year, far in the future.
  if (proof.extra[0] === 1 && proof.extra[1] === 1) return ["state", verifyState(proof, proof.extra, policy, options.about)];
  const trusted = openCheckpoint(proof.checkpoint, policy);
  verifyInclusion(proof.index, trusted.size, leafHash(proof.extra), proof.path, trusted.root);
  const entry = decodeEntryOfLog(proof.extra);
  const words = [...whoSigned(trusted), entryInWords(proof.index, entry.recorded)];
  if (entry.kind === "event") words.push(`it is an event with the commitment ${Buffer.from(entry.commitment).toString("hex")}`);
  return ["receipt", words];
}

/** Section 10. */
function verifyEquivocation(text: string, policy: Policy): string[] {
  const bytes = utf8(text);
  require(bytes.length <= EQUIVOCATION_MAX, "the equivocation is too long");
  const gap = text.indexOf("\n\n");
  require(gap >= 0, "the equivocation is cut short");
  const lines = text.slice(EQUIVOCATION.length, gap + 1).split("\n").slice(0, -1);
  const prefix = lines[0]?.startsWith("prefix ") ? fromBase64(lines.shift()!.slice(7), "the prefix", 32) : null;
  require((prefix !== null || lines.length === 0) && lines.length <= 64, "the equivocation is malformed");
  const path = lines.map((line) => fromBase64(line, "a hash of the equivocation", 32));
  const r = new Reader(utf8(text.slice(gap + 2)), "the equivocation");
  const note = (): string => {
    let line = "";
    for (let c = r.u8(); c !== 10; c = r.u8()) {
      line += String.fromCharCode(c);
      require(line.length < 40, "the equivocation is malformed");
    }
    require(line.startsWith("checkpoint "), "the equivocation is malformed");
    return textOf(r.raw(decimal(line.slice(11), "a length of the equivocation")), "the equivocation");
  };
  const [first, second] = [openByLog(note(), policy), openByLog(note(), policy)];
  r.end();
  require(first.origin === second.origin, "the two checkpoints are of two logs");
  require(first.size <= second.size && (prefix !== null) === (first.size !== second.size), "the equivocation is malformed");
  if (!prefix) {
    require(Buffer.compare(first.root, second.root) !== 0, "the two checkpoints are the same tree");
    return [`${first.origin} signed two trees of size ${first.size}`];
  }
  verifyConsistency(first.size, second.size, prefix, second.root, path);
  require(Buffer.compare(prefix, first.root) !== 0, "the second tree goes on from the first");
  return [`${first.origin} signed a tree of size ${first.size} that its tree of size ${second.size} does not go on from`];
}

function verifyEvidence(file: Uint8Array, policy: Policy, options: Options): Omit<Verdict, "kind"> {
  const evidence = decodeEvidence(file);
  const checkpoint = openCheckpoint(evidence.checkpoint, policy);
  const log = proveEntries(evidence, checkpoint);
  const streams = streamsOf(evidence);
  checkNeeded(evidence, log, streams, checkpoint);
  checkErasures(evidence, log, streams);
  if (evidence.state) checkStreams(evidence, log);
  checkBearing(evidence, log, streams);
  checkView(evidence, checkpoint, log);
  const proved = [
    ...whoSigned(checkpoint),
    `${log.entries.size} entries are in that log`,
    `${log.facts.size} events are what their publishers signed, under keys that the log registers`,
  ];
  if (evidence.state) proved.push(`nothing of the learner is left out, up to entry ${evidence.state.index}: ${streams.size} entries in the streams of ${evidence.identifiers.length} identifiers`);
  else if (!options.incomplete) throw new Refused("the file does not show that nothing is left out; --incomplete accepts it nevertheless");
  else proved.push("that nothing is left out is NOT shown by this file");
  const again = recompute(evidence, log);
  const complete = evidence.state !== null;
  if (!again) return { verdict: "proved", complete, proved, failed: `the answer to '${evidence.claim.ask}' was not computed again: this verifier does not know how` };
  require(again.result === evidence.claim.result && again.count === evidence.claim.count, "the answer is not what these events give");
  proved.push(`the answer to '${evidence.claim.ask}' is what these events give, computed again here`);
  return { verdict: "holds", complete, proved, failed: "" };
}

export function kindOf(text: string): Verdict["kind"] {
  if (text.startsWith(PROOF)) return "receipt";
  if (text.startsWith("{")) return "evidence";
  return text.startsWith(EQUIVOCATION) ? "equivocation" : "checkpoint";
}

export function verify(file: Uint8Array, policy: Policy, options: Options = {}): Verdict {
  let kind: Verdict["kind"] = "checkpoint";
  try {
    kind = file[0] === 0x7b ? "evidence" : kindOf(textOf(file, "the file"));
    if (kind === "evidence") return { kind, ...verifyEvidence(file, policy, options) };
    const text = textOf(file, "the file");
    let proved: string[];
    if (kind === "receipt") [kind, proved] = verifyReceipt(text, policy, options);
    else if (kind === "equivocation") proved = verifyEquivocation(text, policy);
    else proved = whoSigned(openCheckpoint(text, policy));
    return { kind, verdict: "holds", proved, failed: "" };
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return { kind, verdict: "failed", proved: [], failed: error.message };
  }
}
