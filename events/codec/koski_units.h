#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "events/codec/json_tree.h"
#include "events/codec/translation.h"
#include "events/digest.h"

/// The part of a Koski document below one study right: completed units (`suoritus`) in units, with
/// their grades, recognitions and confirmations. Used by koski.cc alone.

namespace oppi::events {

/// What all events of one study right share.
struct KoskiStudyRight {
  std::string identity;  // of the facts of this study right, in this document
  std::string subject;   // the learner
  std::string controller;
  std::string studyright;  // key of the study right
  std::string school;      // organisation OID
  Instant time;            // of events that have a period of their own
  std::optional<Date> start;
  std::string correlation;    // SHA-256 of the document, hex
  std::string document_hash;  // the same, as `hash` text
  std::string fallback_ref;   // event that a certificate rests on when nothing below it was graded
};

/// An event of the study right, named by its place in the document.
[[nodiscard]] Event MakeKoskiEvent(const Translation& translation, const KoskiStudyRight& right,
                                   EventType type, std::string_view place);

/// Translates the units of `studyright_json["suoritukset"]`.
void TranslateKoskiUnits(const Json& studyright_json, const KoskiStudyRight& right,
                         Translation& translation);

}  // namespace oppi::events
