#include <gtest/gtest.h>

#include <string>

#include "events/bytes.h"

namespace oppi {
namespace {

constexpr std::string_view kCommon =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

TEST(Base64, TakesItsAlphabetAndNoOtherByteAtAnyPlace) {
  for (int value = 0; value < 256; ++value) {
    const char c = static_cast<char>(value);
    const bool common = kCommon.find(c) != kCommon.npos;
    for (std::size_t place = 0; place < 4; ++place) {
      std::string text = "AAAA";
      text[place] = c;
      // A single "=" at the end is padding, and then the third character has no bits to spare.
      const bool padding = c == '=' && place == 3;
      EXPECT_EQ(FromBase64(text).has_value(), common || c == '+' || c == '/' || padding)
          << value << " at " << place;
      EXPECT_EQ(FromBase64Url(text).has_value(), common || c == '-' || c == '_')
          << value << " at " << place;
    }
  }
}

TEST(Base64, HasOneSpellingOfEveryByteString) {
  for (std::size_t length = 0; length < 10; ++length) {
    const Bytes bytes(length, '\xfe');
    const std::string text = ToBase64(bytes);
    EXPECT_EQ(FromBase64(text), bytes);
    EXPECT_EQ(FromBase64Url(ToBase64Url(bytes)), bytes);
    for (const std::string& other : {text + "=", text + "\n", " " + text, text + " ", text + "A"})
      EXPECT_EQ(FromBase64(other), std::nullopt) << other;
    if (text.ends_with('=')) {
      EXPECT_EQ(FromBase64(text.substr(0, text.size() - 1)), std::nullopt);
    }
  }
  // Bits beyond the last byte must be zero.
  EXPECT_EQ(FromBase64("AA=="), Bytes(1, '\0'));
  EXPECT_EQ(FromBase64("AB=="), std::nullopt);
  EXPECT_EQ(FromBase64("AAA="), Bytes(2, '\0'));
  EXPECT_EQ(FromBase64("AAB="), std::nullopt);
  EXPECT_EQ(FromBase64Url("AB"), std::nullopt);
}

}  // namespace
}  // namespace oppi
