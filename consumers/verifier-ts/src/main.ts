// oppiloki-verify-ts: files in, verdicts out.

import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";

import { Refused, textOf } from "./bytes.js";
import { parsePolicy } from "./note.js";
import { verify, type Options, type Verdict } from "./verify.js";

const HELP = `Checks evidence, receipts, state receipts, checkpoints and equivocations offline.
Usage: node build/main.js [OPTIONS] FILE...

Options:
  --policy FILE   C2SP tlog-policy: the log and its witnesses
  --about NAME    identifier that state receipts must speak of
  --incomplete    accept evidence that does not show that nothing is left out
  --batch DIR     every file of a folder, in one process
  --json          one JSON document a file
  --help          print this

Exit code 0: every file holds; 1: one does not; 2: bad usage; 6: all that this verifier looks at holds, but it did not
compute every answer again.

Example:
  node build/main.js answer.evidence --policy trust.policy
`;

class Usage extends Error {}

const HOLDS = 0;
const FALSE = 1;
const USAGE = 2;
const NOT_RECOMPUTED = 6;

function show(file: string, verdict: Verdict, json: boolean): void {
  if (json) {
    process.stdout.write(`${JSON.stringify({ file, ...verdict, holds: verdict.verdict === "holds" })}\n`);
    return;
  }
  const proved = verdict.complete ? "PROVED COMPLETE, ANSWER NOT RECOMPUTED" : "PROVED, NOT COMPLETE, ANSWER NOT RECOMPUTED";
  const word = { holds: "holds ", proved, failed: "FAILED" }[verdict.verdict];
  process.stdout.write(`${word}  ${file} (${verdict.kind})\n`);
  for (const line of verdict.proved) process.stdout.write(`  proved: ${line}\n`);
  if (verdict.failed !== "") process.stdout.write(`  ${verdict.verdict === "failed" ? "failed" : "not looked at"}: ${verdict.failed}\n`);
}

function read(path: string): Uint8Array | null {
  try {
    return new Uint8Array(readFileSync(path));
  } catch {
    return null;
  }
}

function run(words: string[]): number {
  const options: Options = {};
  const files: string[] = [];
  let policyFile: string | undefined;
  let json = false;
  while (words.length > 0) {
    const word = words.shift()!;
    const value = (): string => {
      const next = words.shift();
      if (next === undefined) throw new Usage(`${word} needs a value`);
      return next;
    };
    if (word === "--help" || word === "-h") {
      process.stdout.write(HELP);
      return HOLDS;
    }
    if (word === "--json") json = true;
    else if (word === "--incomplete") options.incomplete = true;
    else if (word === "--about") options.about = value();
    else if (word === "--policy" || word === "--trust") policyFile = value();
    else if (word === "--batch") {
      const folder = value();
      try {
        files.push(...readdirSync(folder, { withFileTypes: true }).filter((e) => e.isFile()).map((e) => join(folder, e.name)).sort());
      } catch {
        throw new Usage("there is no such folder");
      }
    } else if (word.startsWith("-")) throw new Usage("an argument was not expected; see --help");
    else files.push(word);
  }
  if (policyFile === undefined) throw new Usage("--policy is required");
  if (files.length === 0) throw new Usage("FILE is required");
  const bytes = read(policyFile);
  if (!bytes) throw new Usage(`no policy at ${policyFile}`);
  const policy = parsePolicy(textOf(bytes, "the policy"));
  let code = HOLDS;
  for (const path of files) {
    const file = read(path);
    const verdict: Verdict = file ? verify(file, policy, options) : { kind: "checkpoint", verdict: "failed", proved: [], failed: "there is no such file" };
    show(path, verdict, json);
    if (verdict.verdict === "failed") code = FALSE;
    else if (verdict.verdict === "proved" && code === HOLDS) code = NOT_RECOMPUTED;
  }
  return code;
}

try {
  process.exitCode = run(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof Usage) && !(error instanceof Refused)) throw error;
  process.stderr.write(`oppiloki-verify-ts: ${error.message}\n`);
  process.exitCode = USAGE;
}
