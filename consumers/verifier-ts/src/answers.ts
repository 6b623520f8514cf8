// Section 8.8: answers computed again. Where this program does not know the rules of a question, it says so.

import { streamsOf } from "./complete.js";
import type { Evidence } from "./evidence.js";
import type { Fact, Log } from "./facts.js";
import { instantOf, instantText } from "./log.js";

export interface Answer {
  result: string;
  count: number;
}

/** When it is said to have been so. */
const validTime = (fact: Fact): bigint => instantOf(String(fact.event!.raw["validfrom"] ?? fact.event!.raw["time"]));

const NOT_LOOKS = ["access.decision_made", "access.emergency_reviewed"];
// Member of the answer, and the field of the event it comes from.
const MEMBERS = [
  ["actor", "actor"], ["actor_role", "actor_role"], ["organisation", "organisation"], ["purpose", "purpose"],
  ["recipient", "recipient"], ["query", "query"], ["reason", "reason_text"],
] as const;

function audit(evidence: Evidence, facts: Fact[]): Answer {
  const { at, inputs } = evidence.claim;
  const bound = (name: string): bigint | undefined => (inputs[name] === undefined ? undefined : instantOf(inputs[name] as string));
  const [from, until] = [bound("from"), bound("until")];
  const listed = facts.filter((fact) => {
    if (fact.event!.group !== "access" || NOT_LOOKS.includes(fact.type!)) return false;
    const v = validTime(fact);
    if (v > at || (from !== undefined && v < from) || (until !== undefined && v >= until)) return false;
    return inputs["actor"] === undefined || fact.event!.data["actor"] === inputs["actor"];
  });
  const entries = listed.map((fact) => {
    const { id, data, type } = fact.event!;
    const entry: Record<string, unknown> = { event: id, action: type.slice("access.".length) };
    for (const [name, field] of MEMBERS) if (typeof data[field] === "string" && data[field] !== "") entry[name] = data[field];
    return { ...entry, at: instantText(validTime(fact)), recorded: instantText(fact.recorded), position: fact.index };
  });
  return { result: JSON.stringify({ total: entries.length, redacted: 0, entries }), count: entries.length };
}

const OF_VIEW = ["learner", "valid_at", "known_size", "known_at", "min_size"];

/** The record of somebody of whom the log has nothing. */
function emptyRecord(evidence: Evidence): Answer {
  const { inputs, at, size } = evidence.claim;
  const record = {
    learner: inputs["learner"],
    view: { at: instantText(at), size },
    identity: {},
    attendance: { marks_by_code: {}, absences_by_class: {}, absences_not_clarified: 0 },
    activity: { count: 0 },
  };
  return { result: JSON.stringify(record), count: 0 };
}

/** undefined: this program does not know how. */
export function recompute(evidence: Evidence, log: Log): Answer | undefined {
  const { ask, inputs, size } = evidence.claim;
  if (!evidence.state || "format" in inputs) return undefined;
  const streams = streamsOf(evidence);
  const known = [...log.facts.values()].filter((fact) => streams.has(fact.index) && fact.index < size && fact.opening === "full");
  if (ask === "audit" && !("publisher" in inputs)) return audit(evidence, known);
  // That there is nothing: nobody ever said anything of the kind, which whole streams show.
  const nothing = { result: "[]", count: 0 };
  if ((ask === "consents" || ask === "timeline") && !known.some((fact) => fact.event!.group === "consent")) return nothing;
  if (ask === "holds" && !known.some((fact) => fact.type === "erasure.hold_set")) return nothing;
  if (ask === "record" && streams.size === 0 && Object.keys(inputs).every((name) => OF_VIEW.includes(name))) return emptyRecord(evidence);
  return undefined;
}
