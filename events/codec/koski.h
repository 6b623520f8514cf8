#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "events/bytes.h"
#include "events/codec/foreign.h"
#include "events/time.h"

/// Study-right documents of Finland's national register of study achievements (Koski): one JSON
/// object with `henkilö` and `opiskeluoikeudet`.

namespace oppi::events {

/// One document becomes, for its learner:
///
/// - `henkilö` with a birth date (said, or in a sound identity code): identity.learner_registered
/// - `opiskeluoikeus` with a start: studyright.granted
/// - each `opiskeluoikeusjakso`: studyright.state_changed from its first day
/// - `luokka`: studyright.class_placed; `ryhmä`: teaching.membership_set in "<site>/<ryhmä>"
/// - confirmed school year with `jääLuokalle`: studyright.year_decided
/// - `arviointi` on the general scale (4-10, H, S, O): of a subject grade.subject_final, else
///   grade.course_assessed
/// - `arviointi` with `kuvaus`: grade.verbal_assessed
/// - `tunnustettu`: grade.credit_recognised, and then no grade event of the same unit
/// - `vahvistus`, at any depth: certificate.issued, resting on the grades below it
///
/// The document itself is kept as an attachment, and each event carries its SHA-256 as correlation:
/// what has no place in the vocabulary (other scales, support decisions, work periods) is there.
///
/// How:
/// - Identity of a fact: `oid` and `versionumero` of its study right where both are given, else the
///   document's SHA-256; then the place in the document. So a changed document is a new statement.
/// - Learner: `oid`; else a pseudonym of a sound identity code; else one of the document itself.
///   The identity code never gets into an event.
/// - Controller: `koulutustoimija`, else `oppilaitos`, else the option. Days begin at midnight in
///   Helsinki. `time` is `aikaleima`, else the latest day on which the document says that something
///   happened; granted, certificate, credit and year events take their own day instead, for they
///   have no period to say it in.
/// - Assessors and signers are given by name only: pseudonyms of school and name, where nobody is
///   named, of the school.
///
/// Refusals: TOO_LARGE (attachment limit), MALFORMED, FIELD_MISSING (`henkilö`, `opiskeluoikeudet`,
/// `aikaleima`), FIELD_TYPE, CODE_UNKNOWN (a state), and whatever Validate says.
[[nodiscard]] Translated TranslateKoski(ByteView document, std::uint64_t number,
                                        const TranslateOptions& options);

/// Birth date in a Finnish personal identity code. nullopt unless form, date and check character
/// are right.
[[nodiscard]] std::optional<Date> BirthDateOfPersonalCode(std::string_view code);

}  // namespace oppi::events
