// verify_wasm.mjs VERIFIER FOLDER POLICY [--incomplete | --about IDENTIFIER]: what the WebAssembly build says of each file, a JSON text a line.

import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [verifier, folder, policy, option, about] = process.argv.slice(2);
const { loadVerifier } = await import(pathToFileURL(verifier).href);
const verify = await loadVerifier();
for (const file of readdirSync(folder)) {
  const verdict = verify(readFileSync(join(folder, file)), readFileSync(policy), { about, incomplete: option === "--incomplete" });
  process.stdout.write(`${JSON.stringify({ file, ...verdict })}\n`);
}
