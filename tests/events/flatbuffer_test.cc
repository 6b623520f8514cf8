#include "events/codec/flatbuffer.h"

#include <flatbuffers/flatbuffers.h>
#include <gtest/gtest.h>

#include "attendance_generated.h"
#include "consent_generated.h"
#include "envelope_generated.h"
#include "events/event.h"
#include "events/limits.h"
#include "tests/support/sample_events.h"

namespace oppi::events {
namespace {

using tests::Fill;
using tests::SampleEvent;

ErrorCode ErrorOf(ByteView bytes) { return Decode(bytes, Encoding::kFlatBuffers).error; }

TEST(FlatBuffer, ReadsBackEveryTypeItWrites) {
  for (const TypeInfo& info : AllTypes()) {
    for (const Fill fill : {Fill::kRequired, Fill::kEverything}) {
      for (std::uint64_t number = 1; number <= 12; ++number) {
        const Event event = SampleEvent(info.type, fill, number);
        const Decoded decoded = Decode(EncodeFlatBuffer(event), Encoding::kFlatBuffers);
        ASSERT_EQ(ErrorName(decoded.error), "") << info.name << ' ' << decoded.member;
        ASSERT_EQ(decoded.event, event) << info.name;
        EXPECT_EQ(decoded.type, &info);
        EXPECT_EQ(decoded.id, event.id);
        EXPECT_EQ(decoded.source, event.source);
      }
    }
  }
}

TEST(FlatBuffer, ReadsTheTableOfEveryTypeInsideJson) {
  for (const TypeInfo& info : AllTypes()) {
    const Event event = SampleEvent(info.type, Fill::kEverything, 3);
    std::string json = EncodeJson(event);
    json.replace(json.find("\"data\":"), std::string::npos,
                 "\"data_base64\":\"" + ToBase64(WritePayload(event)) + "\"}");
    EXPECT_EQ(ErrorName(Decode(json, Encoding::kJson).error), "ENVELOPE_INVALID") << info.name;
    const std::string_view plain = "application/json";
    json.replace(json.find(plain), plain.size(), "application/vnd.oppiloki.flatbuffers");
    const Decoded decoded = Decode(json, Encoding::kJson);
    ASSERT_EQ(ErrorName(decoded.error), "") << info.name << ' ' << decoded.member;
    EXPECT_EQ(decoded.event, event) << info.name;
  }
}

TEST(FlatBuffer, ReadsTheBytesWhereverTheyLie) {
  const Event event = SampleEvent(EventType::kConsentGiven, Fill::kEverything);
  const Bytes bytes = EncodeFlatBuffer(event);
  for (std::size_t shift = 0; shift < 8; ++shift) {
    const Bytes shifted = Bytes(64 + shift, 'x') + bytes;
    EXPECT_EQ(Decode(ByteView(shifted).substr(64 + shift), Encoding::kFlatBuffers).event, event)
        << shift;
  }
}

TEST(FlatBuffer, ReadsWhatCodeGeneratedFromTheSchemasWrites) {
  const Event event = SampleEvent(EventType::kAttendanceMarked, Fill::kEverything, 5);
  flatbuffers::FlatBufferBuilder payload;
  const auto note_hash = payload.CreateString(std::string(event.text("note_hash")));
  payload.Finish(fbs::CreateAttendanceMarkedV1(
      payload, payload.CreateString(std::string(event.text("lesson"))),
      payload.CreateString(std::string(event.text("code"))), event.number("minutes_late"),
      note_hash));
  flatbuffers::FlatBufferBuilder out;
  const auto text = [&out](std::string_view value) {
    return out.CreateSharedString(value.data(), value.size());
  };
  const auto data = out.CreateVector(payload.GetBufferPointer(), payload.GetSize());
  const auto id = text(event.id);
  const auto source = text(event.source);
  const auto type = text(event.info().full_name);
  const auto subject = text(event.subject);
  const auto controller = text(event.controller);
  const auto on_behalf_of = text(event.on_behalf_of);
  const auto basis = text(event.basis);
  const auto purpose = text(event.purpose);
  const auto corrects = text(event.corrects);
  const auto causation = text(event.causation);
  const auto correlation = text(event.correlation);
  const auto root = text(event.anchor->root);
  const auto version = text("1.0");
  const auto sensitivity = text("S2");
  const auto content_type = text("application/vnd.oppiloki.flatbuffers");
  fbs::EnvelopeBuilder envelope(out);
  envelope.add_specversion(version);
  envelope.add_id(id);
  envelope.add_source(source);
  envelope.add_type(type);
  envelope.add_subject(subject);
  envelope.add_time(event.time.micros);
  envelope.add_controller(controller);
  envelope.add_onbehalfof(on_behalf_of);
  envelope.add_sensitivity(sensitivity);
  envelope.add_basis(basis);
  envelope.add_purpose(purpose);
  envelope.add_corrects(corrects);
  envelope.add_causation(causation);
  envelope.add_correlation(correlation);
  envelope.add_expectedcount(*event.expected_count);
  envelope.add_anchorsize(static_cast<std::int64_t>(event.anchor->size));
  envelope.add_anchorroot(root);
  envelope.add_datacontenttype(content_type);
  envelope.add_data(data);
  fbs::FinishEnvelopeBuffer(out, envelope.Finish());
  const Decoded decoded =
      Decode({reinterpret_cast<const char*>(out.GetBufferPointer()), out.GetSize()},
             Encoding::kFlatBuffers);
  EXPECT_EQ(ErrorName(decoded.error), "") << decoded.member;
  EXPECT_EQ(decoded.event, event);
}

TEST(FlatBuffer, CodeGeneratedFromTheSchemasReadsWhatItWrites) {
  const Event event = SampleEvent(EventType::kConsentGiven, Fill::kEverything, 4);
  const Bytes bytes = EncodeFlatBuffer(event);
  flatbuffers::Verifier verifier(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  ASSERT_TRUE(fbs::VerifyEnvelopeBuffer(verifier));
  const fbs::Envelope* envelope = fbs::GetEnvelope(bytes.data());
  EXPECT_EQ(envelope->id()->str(), event.id);
  EXPECT_EQ(envelope->othersubjects()->size(), event.other_subjects.size());
  EXPECT_EQ(envelope->time(), event.time.micros);
  EXPECT_EQ(envelope->expectedcount(), event.expected_count);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(envelope->data()->data()) % 8,
            reinterpret_cast<std::uintptr_t>(bytes.data()) % 8);
  flatbuffers::Verifier inner(envelope->data()->data(), envelope->data()->size());
  ASSERT_TRUE(inner.VerifyBuffer<fbs::ConsentGivenV1>());
  const auto* given = flatbuffers::GetRoot<fbs::ConsentGivenV1>(envelope->data()->data());
  EXPECT_EQ(given->by()->str(), event.text("by"));
  EXPECT_EQ(given->recipients()->size(), event.list("recipients").size());
  EXPECT_EQ(given->valid_until(), event.number("valid_until"));
  EXPECT_EQ(given->ui_build()->str(), event.text("ui_build"));
}

TEST(FlatBuffer, ARequiredNumberThatAWriterLeftOutIsZero) {
  Event event = SampleEvent(EventType::kRegistryBasisDetermined, Fill::kRequired);
  event.SetNumber("final", 0);
  EXPECT_EQ(Decode(EncodeFlatBuffer(event), Encoding::kFlatBuffers).event, event);
  Event birth = SampleEvent(EventType::kIdentityLearnerRegistered, Fill::kRequired);
  birth.SetNumber("birth_date", 0);
  EXPECT_EQ(Decode(EncodeFlatBuffer(birth), Encoding::kFlatBuffers).event, birth);
  Event late = SampleEvent(EventType::kAttendanceMarked, Fill::kRequired);
  late.SetNumber("minutes_late", 0);
  EXPECT_TRUE(Decode(EncodeFlatBuffer(late), Encoding::kFlatBuffers).event.has("minutes_late"));
}

TEST(FlatBuffer, RefusesEveryTruncationAndTrailingBytes) {
  const Bytes bytes = EncodeFlatBuffer(SampleEvent(EventType::kConsentGiven, Fill::kEverything));
  for (std::size_t size = 0; size < bytes.size(); ++size)
    ASSERT_EQ(ErrorOf(ByteView(bytes).substr(0, size)), ErrorCode::kMalformed) << size;
  for (std::size_t extra = 1; extra <= 64; ++extra) {
    EXPECT_EQ(ErrorOf(bytes + Bytes(extra, '\0')), ErrorCode::kMalformed) << extra;
    EXPECT_EQ(ErrorOf(bytes + Bytes(extra, 'x')), ErrorCode::kMalformed) << extra;
  }
}

/// Where a buffer says how long its table is: a length that may count padding or not.
std::size_t TableLengthPosition(const Bytes& buffer) {
  const auto* const root = flatbuffers::GetRoot<flatbuffers::Table>(buffer.data());
  return static_cast<std::size_t>(root->GetVTable() -
                                  reinterpret_cast<const std::uint8_t*>(buffer.data())) +
         2;
}

TEST(FlatBuffer, NoByteOfABufferIsOutOfSight) {
  // Whatever byte is changed: the buffer is refused, or the event reads differently.
  for (const EventType type : {EventType::kConsentGiven, EventType::kAttendanceMarked,
                               EventType::kRegistryNoticePublished}) {
    const Event event = SampleEvent(type, Fill::kEverything);
    const Bytes bytes = EncodeFlatBuffer(event);
    const Bytes payload = WritePayload(event);
    const std::size_t envelope_length = TableLengthPosition(bytes);
    const std::size_t payload_length = bytes.find(payload) + TableLengthPosition(payload);
    for (std::size_t at = 0; at < bytes.size(); ++at) {
      for (const int flip : {1, 2, 4, 8, 16, 32, 64, 128, 255}) {
        Bytes changed = bytes;
        changed[at] = static_cast<char>(changed[at] ^ flip);
        if ((at == envelope_length || at == payload_length) &&
            std::abs(changed[at] - bytes[at]) < 8)
          continue;
        const Decoded decoded = Decode(changed, Encoding::kFlatBuffers);
        ASSERT_FALSE(decoded.error == ErrorCode::kNone && decoded.event == event)
            << at << ' ' << flip;
      }
    }
  }
}

TEST(FlatBuffer, RefusesTextThatIsNotUtf8) {
  Event event = SampleEvent(EventType::kIdentityAttributeChanged, Fill::kRequired);
  event.SetText("value", "\xC3(");
  EXPECT_EQ(ErrorOf(EncodeFlatBuffer(event)), ErrorCode::kMalformed);
}

TEST(FlatBuffer, RefusesFieldsThatTheTypeDoesNotHave) {
  // A table of a type with more fields of the same kinds in front.
  Event event = SampleEvent(EventType::kConsentWithdrawn, Fill::kEverything);
  const Bytes wide = WritePayload(event);
  Event narrow = SampleEvent(EventType::kConsentWithdrawalRequested, Fill::kRequired);
  Findings findings;
  EXPECT_TRUE(ReadPayload(wide, narrow, findings));
  EXPECT_EQ(findings.error(), ErrorCode::kUnknownField);
}

TEST(FlatBuffer, ASmallBufferCannotUnfoldIntoALargeEvent) {
  flatbuffers::FlatBufferBuilder out;
  const auto text = out.CreateString(std::string(200, 'x'));
  const std::vector<flatbuffers::Offset<flatbuffers::String>> many(kCodeSetCodesMax, text);
  const auto codes = out.CreateVector(many);
  const auto start = out.StartTable();
  out.AddOffset(4 + 2 * 2, codes);
  out.Finish(flatbuffers::Offset<flatbuffers::Table>(out.EndTable(start)));
  ASSERT_LT(out.GetSize(), kEventBytesMax / 2);
  Event event = MakeEvent(EventType::kRegistryCodeSetPublished);
  Findings findings;
  EXPECT_FALSE(ReadPayload({reinterpret_cast<const char*>(out.GetBufferPointer()), out.GetSize()},
                           event, findings));
}

TEST(FlatBuffer, RefusesAnotherIdentifierVersionOrContentType) {
  const Bytes bytes = EncodeFlatBuffer(SampleEvent(EventType::kAttendanceMarked, Fill::kRequired));
  const auto with = [&bytes](std::string_view from, std::string_view to) {
    Bytes changed = bytes;
    return changed.replace(changed.find(from), to.size(), to);
  };
  EXPECT_EQ(ErrorOf(with("OPEV", "OPBA")), ErrorCode::kMalformed);
  EXPECT_EQ(ErrorOf(with("1.0", "1.1")), ErrorCode::kEnvelopeInvalid);
  EXPECT_EQ(ErrorOf(with("application/vnd.o", "application/vnd.p")), ErrorCode::kEnvelopeInvalid);
  EXPECT_EQ(ErrorOf(with("attendance.marked.v1", "attendance.marked.v2")), ErrorCode::kTypeUnknown);
  EXPECT_EQ(Decode(bytes, static_cast<Encoding>(3)).error, ErrorCode::kMalformed);
  EXPECT_EQ(ErrorOf(Bytes(kEventBytesMax + 8, '\0')), ErrorCode::kTooLarge);
}

}  // namespace
}  // namespace oppi::events
