// The types of the vocabulary, as events/schema has them: a type alone that is shown must be one of these.

const GROUPS: Record<string, string> = {
  identity: "learner_registered attribute_changed pseudonyms_linked",
  guardianship: "established ended duties_divided",
  studyright: "granted state_changed transferred class_placed year_decided",
  teaching: "group_defined membership_set lesson_set",
  attendance: "marked register_taken absence_reported clarified leave_decided threshold_reached",
  grade: "item_created result_recorded course_assessed subject_final verbal_assessed reassessment_decided credit_recognised",
  activity: "xapi_statement caliper_event",
  support: "decision_made plan_recorded case_noted conduct_noted measure_decided",
  certificate: "issued revoked",
  consent: "notice_served requested given refused withdrawal_requested withdrawal_refused withdrawn revoked invalidated expired child_informed",
  restriction: "set cleared",
  access: "decision_made disclosed received read stop_acknowledged emergency_opened emergency_reviewed",
  erasure: "requested decided executed verified hold_set hold_released",
  registry: "publisher_registered key_added key_revoked delegation_granted delegation_ended policy_published notice_published basis_asserted basis_determined code_set_published",
  ledger: "fact_annulled quarantine_released reattested intake_refused ingest_conflict",
};

export const TYPES: ReadonlySet<string> = new Set(
  Object.entries(GROUPS).flatMap(([group, names]) => names.split(" ").map((name) => `${group}.${name}`)),
);
