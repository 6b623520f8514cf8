// Answers computed again. Where this program does not know the rules of a question, it says so.

import type { Evidence } from "./evidence.js";
import type { Log } from "./facts.js";

export interface Answer {
  result: string;
  count: number;
}

/** undefined: this program does not know how. */
export function recompute(evidence: Evidence, log: Log): Answer | undefined {
  void evidence;
  void log;
  return undefined;
}
