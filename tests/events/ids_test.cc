#include "events/ids.h"

#include <gtest/gtest.h>

#include "events/entropy.h"

namespace oppi::events {
namespace {

TEST(Ids, ChecksPersonsByTheirWeights) {
  for (const std::string number : {"10482013375", "10482013388", "10482000016"}) {
    const std::string person = "urn:oid:1.2.246.562.24." + number;
    EXPECT_EQ(CheckPerson(person, true), IdCheck::kOk) << number;
    for (char digit = '0'; digit <= '9'; ++digit) {
      std::string changed = person;
      changed.back() = digit;
      EXPECT_EQ(CheckPerson(changed, true),
                changed == person ? IdCheck::kOk : IdCheck::kCheckDigit);
      EXPECT_EQ(CheckPerson(changed, false), IdCheck::kOk);
    }
  }
}

TEST(Ids, ChecksOrganisationsAndStudyRightsByLuhn) {
  EXPECT_EQ(CheckOrganisation("1.2.246.562.10.34648391018", true), IdCheck::kOk);
  EXPECT_EQ(CheckOrganisation("1.2.246.562.10.34648391019", true), IdCheck::kCheckDigit);
  EXPECT_EQ(CheckOrganisation("1.2.246.562.10.34648391019", false), IdCheck::kOk);
  EXPECT_EQ(CheckOrganisation("1.2.246.562.10.00000000001", true), IdCheck::kCheckDigit);
  EXPECT_EQ(CheckStudyRight("1.2.246.562.15.63498210010", true), IdCheck::kOk);
  EXPECT_EQ(CheckStudyRight("1.2.246.562.15.63498210011", true), IdCheck::kCheckDigit);
}

TEST(Ids, ACheckDigitCatchesEverySingleWrongDigitOfAnOrganisation) {
  const std::string good = OrganisationOid(3'464'839'101);
  EXPECT_EQ(good, "1.2.246.562.10.34648391018");
  for (std::size_t at = good.size() - 11; at < good.size(); ++at) {
    for (char digit = '0'; digit <= '9'; ++digit) {
      std::string changed = good;
      changed[at] = digit;
      const IdCheck expected = changed == good ? IdCheck::kOk : IdCheck::kCheckDigit;
      EXPECT_EQ(CheckOrganisation(changed, true), expected) << changed;
    }
  }
}

TEST(Ids, RefusesOtherForms) {
  for (const std::string_view text :
       {"", "urn:oid:", "1.2.246.562.24.10482013375", "urn:oid:1.2.246.562.24.1048201337",
        "urn:oid:1.2.246.562.24.104820133750", "urn:oid:1.2.246.562.10.34648391018",
        "urn:oid:1.2.246.562.24.1048201337x", "URN:OID:1.2.246.562.24.10482013375",
        "urn:oid:1.2.246.562.24.10482013375 ",
        "urn:uuid:", "urn:uuid:9f0f2d1e-6a53-7c0a-8e0e-3f8f5d1c2b3a",
        "urn:uuid:9F0F2D1E-6A53-4C0A-8E0E-3F8F5D1C2B3A",
        "urn:uuid:9f0f2d1e6a534c0a8e0e3f8f5d1c2b3a"})
    EXPECT_EQ(CheckPerson(text, false), IdCheck::kForm) << text;
  EXPECT_EQ(CheckPerson("urn:uuid:9f0f2d1e-6a53-4c0a-8e0e-3f8f5d1c2b3a", true), IdCheck::kOk);
  for (const std::string_view text :
       {"", "1.2.246.562.10.", "1.2.246.562.10.1", "1.2.246.562.24.34648391018",
        "1.2.246.562.10.3464839101x", "urn:oid:1.2.246.562.10.34648391018",
        "1.2.246.562.10.1234567890123456789012345678901"})
    EXPECT_EQ(CheckOrganisation(text, false), IdCheck::kForm) << text;
  EXPECT_EQ(CheckStudyRight("own-right-7", true), IdCheck::kForm);
}

TEST(Ids, ChecksSources) {
  const std::string organisation = "urn:oid:1.2.246.562.10.34648391018";
  EXPECT_EQ(CheckSource(organisation + "/sis", true), IdCheck::kOk);
  EXPECT_EQ(CheckSource(organisation + "/vendor-1", true), IdCheck::kOk);
  EXPECT_EQ(CheckSource(organisation + "/" + std::string(32, 'a'), true), IdCheck::kOk);
  for (const std::string& system :
       {std::string(), std::string("/"), std::string("/Sis"), std::string("/a/b"),
        std::string("/a_b"), "/" + std::string(33, 'a'), std::string("/\xC3\xA4")})
    EXPECT_EQ(CheckSource(organisation + system, true), IdCheck::kForm) << system;
  EXPECT_EQ(CheckSource("1.2.246.562.10.34648391018/sis", true), IdCheck::kForm);
  EXPECT_EQ(CheckSource("urn:oid:1.2.246.562.10.34648391017/sis", true), IdCheck::kCheckDigit);
  EXPECT_EQ(CheckSource("urn:oid:1.2.246.562.10.34648391017/sis", false), IdCheck::kOk);
}

TEST(Ids, MakesIdentifiersThatPassTheirOwnCheck) {
  for (const std::uint64_t number : {0ULL, 1ULL, 7ULL, 42ULL, 1'048'201'337ULL, 9'999'999'999ULL}) {
    EXPECT_EQ(CheckPerson("urn:oid:" + PersonOid(number), true), IdCheck::kOk) << number;
    EXPECT_EQ(CheckOrganisation(OrganisationOid(number), true), IdCheck::kOk) << number;
    EXPECT_EQ(CheckStudyRight(StudyRightOid(number), true), IdCheck::kOk) << number;
  }
  EXPECT_EQ(PersonOid(1'048'201'337), "1.2.246.562.24.10482013375");
}

TEST(Ids, KnowsUuidsByVersionAndVariant) {
  const std::string seven = "019b1c00-0000-7000-8000-000000000001";
  EXPECT_TRUE(IsUuid(seven));
  EXPECT_TRUE(IsUuidV7(seven));
  EXPECT_FALSE(IsUuidV4(seven));
  EXPECT_TRUE(IsUuidV4("019b1c00-0000-4000-b000-000000000001"));
  for (const char* text :
       {"", "019b1c00-0000-7000-c000-000000000001", "019b1c00-0000-7000-7000-000000000001",
        "019B1C00-0000-7000-8000-000000000001", "019b1c00-0000-7000-8000-00000000000",
        "019b1c00-0000-7000-8000-0000000000011", "019b1c0000000-7000-8000-000000000001",
        "019b1c00-0000-7000-8000-00000000000g"})
    EXPECT_FALSE(IsUuidV7(text)) << text;
}

TEST(Ids, MakesUuidsOfTheGivenMillisecond) {
  SeededEntropy entropy(7);
  const std::string id = MakeUuidV7({1'768'464'000'123'456}, entropy);
  EXPECT_TRUE(IsUuidV7(id)) << id;
  EXPECT_EQ(id.substr(0, 13), "019bc0ab-247b");
  EXPECT_NE(MakeUuidV7({1'768'464'000'123'456}, entropy), id);
  EXPECT_EQ(MakeUuidV7({-5}, entropy).substr(0, 13), "00000000-0000");
}

TEST(Ids, MakesTheSameUuidFromTheSameName) {
  EXPECT_EQ(UuidV7FromName("koski", "a"), UuidV7FromName("koski", "a"));
  EXPECT_NE(UuidV7FromName("koski", "a"), UuidV7FromName("koski", "b"));
  EXPECT_NE(UuidV7FromName("koski", "a"), UuidV7FromName("xapi", "a"));
  EXPECT_NE(UuidV7FromName("ab", "c"), UuidV7FromName("a", "bc"));
  EXPECT_TRUE(IsUuidV7(UuidV7FromName("koski", "a")));
  EXPECT_TRUE(IsUuidV4(UuidV4FromName("koski", "a")));
}

TEST(Ids, TurnsUuidsIntoBytesAndBack) {
  for (int i = 0; i < 100; ++i) {
    const std::string id = UuidV7FromName("bytes", std::to_string(i));
    const auto bytes = UuidBytes(id);
    EXPECT_EQ(UuidText({bytes.data(), bytes.size()}), id);
  }
  EXPECT_EQ(
      UuidText(std::string("\x01\x9b\x1c\x00\x00\x00\x70\x00\x80\x00\x00\x00\x00\x00\x00\xff", 16)),
      "019b1c00-0000-7000-8000-0000000000ff");
}

}  // namespace
}  // namespace oppi::events
