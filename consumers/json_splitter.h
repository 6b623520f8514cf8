#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "events/bytes.h"

/// Cuts a stream of bytes into records as it arrives, without reading a whole file into memory.
/// Pure: bytes in, records out; whether a record is sound JSON is for its codec to say.

namespace oppi::consumers {

class JsonSplitter {
 public:
  enum class Shape : std::uint8_t {
    kLines,  // one record a line (NDJSON); empty lines are none
    kArray,  // the elements of one JSON array
    kWhole,  // everything is one record
  };
  enum class Step : std::uint8_t {
    kMore,      // give more bytes (or Finish)
    kRecord,    // `record()` is complete
    kTooLarge,  // a record over the limit went by; `record()` is empty
    kBroken,    // an array that is none: nothing after this place can be trusted
    kEnd,       // nothing more will come
  };

  JsonSplitter(Shape shape, std::size_t record_bytes_max)
      : shape_(shape), record_bytes_max_(record_bytes_max) {}

  /// Takes bytes off the front of `input` until something is known.
  [[nodiscard]] Step Next(ByteView& input);
  /// The input has ended: the last record, if there is one, then kEnd.
  [[nodiscard]] Step Finish();

  /// Valid after kRecord until the next call.
  [[nodiscard]] const Bytes& record() const { return record_; }

 private:
  enum class Place : std::uint8_t { kBefore, kFirst, kElement, kBetween, kAfter };

  void Keep(ByteView bytes);
  [[nodiscard]] Step Complete();
  [[nodiscard]] Step NextLine(ByteView& input);
  [[nodiscard]] Step NextElement(ByteView& input);
  [[nodiscard]] bool TakeElement(ByteView& input);

  Shape shape_;
  std::size_t record_bytes_max_;
  Bytes record_;
  bool complete_ = false;   // record_ has been handed out
  bool too_large_ = false;  // the record that is being read went over the limit
  bool broken_ = false;
  Place place_ = Place::kBefore;  // kArray
  std::size_t depth_ = 0;         // kArray: brackets open inside the element
  bool in_string_ = false;
  bool escaped_ = false;
};

/// Which shape a text has, from its beginning: `[` an array; a first line that closes every bracket
/// it opens, lines; anything else is whole. `complete`: `head` is all there is.
[[nodiscard]] JsonSplitter::Shape ShapeOf(ByteView head, bool complete);

}  // namespace oppi::consumers
