#include "consumers/json_splitter.h"

#include <algorithm>

namespace oppi::consumers {
namespace {

bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

ByteView Trimmed(ByteView text) {
  while (!text.empty() && IsSpace(text.front())) text.remove_prefix(1);
  while (!text.empty() && IsSpace(text.back())) text.remove_suffix(1);
  return text;
}

/// Every bracket outside strings is closed again, and there was one.
bool IsBalanced(ByteView text) {
  std::size_t depth = 0;
  bool any = false;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\')
        ++i;
      else if (c == '"')
        in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      ++depth;
      any = true;
    } else if (c == '}' || c == ']') {
      if (depth == 0) return false;
      --depth;
    }
  }
  return any && depth == 0 && !in_string;
}

}  // namespace

void JsonSplitter::Keep(ByteView bytes) {
  if (too_large_) return;
  if (bytes.size() > record_bytes_max_ - record_.size()) {
    too_large_ = true;
    record_.clear();
    return;
  }
  record_.append(bytes);
}

JsonSplitter::Step JsonSplitter::Complete() {
  complete_ = true;
  if (too_large_) return Step::kTooLarge;
  return Step::kRecord;
}

JsonSplitter::Step JsonSplitter::Next(ByteView& input) {
  if (broken_) return Step::kBroken;
  if (complete_) {
    record_.clear();
    complete_ = false;
    too_large_ = false;
  }
  switch (shape_) {
    case Shape::kLines:
      return NextLine(input);
    case Shape::kArray:
      return NextElement(input);
    case Shape::kWhole:
      break;
  }
  Keep(input);
  input = {};
  return Step::kMore;
}

JsonSplitter::Step JsonSplitter::NextLine(ByteView& input) {
  while (!input.empty()) {
    const std::size_t end = input.find('\n');
    Keep(input.substr(0, end));
    if (end == ByteView::npos) {
      input = {};
      return Step::kMore;
    }
    input.remove_prefix(end + 1);
    if (too_large_) return Complete();
    record_ = Bytes(Trimmed(record_));
    if (!record_.empty()) return Complete();
  }
  return Step::kMore;
}

/// Moves to the end of the element or of the input; true at the end of the element.
bool JsonSplitter::TakeElement(ByteView& input) {
  std::size_t at = 0;
  for (; at < input.size(); ++at) {
    const char c = input[at];
    if (in_string_) {
      if (escaped_)
        escaped_ = false;
      else if (c == '\\')
        escaped_ = true;
      else if (c == '"')
        in_string_ = false;
      continue;
    }
    if (c == '"') {
      in_string_ = true;
    } else if (c == '{' || c == '[') {
      ++depth_;
    } else if (depth_ > 0 && (c == '}' || c == ']')) {
      --depth_;
    } else if (depth_ == 0 && (c == ',' || c == ']')) {
      break;
    }
  }
  Keep(input.substr(0, at));
  const bool ended = at < input.size();
  input.remove_prefix(at);
  return ended;
}

JsonSplitter::Step JsonSplitter::NextElement(ByteView& input) {
  while (!input.empty()) {
    if (place_ == Place::kElement) {
      if (!TakeElement(input)) return Step::kMore;
      place_ = Place::kBetween;
      record_ = Bytes(Trimmed(record_));
      if (record_.empty() && !too_large_) {
        broken_ = true;
        return Step::kBroken;
      }
      return Complete();
    }
    const char c = input.front();
    if (IsSpace(c)) {
      input.remove_prefix(1);
      continue;
    }
    if (place_ == Place::kBefore && c == '[') {
      place_ = Place::kFirst;
    } else if (place_ == Place::kFirst && c != ']') {
      place_ = Place::kElement;
      continue;
    } else if (place_ == Place::kBetween && c == ',') {
      place_ = Place::kElement;
    } else if ((place_ == Place::kFirst || place_ == Place::kBetween) && c == ']') {
      place_ = Place::kAfter;
    } else {
      broken_ = true;
      return Step::kBroken;
    }
    input.remove_prefix(1);
  }
  return Step::kMore;
}

JsonSplitter::Step JsonSplitter::Finish() {
  if (broken_) return Step::kBroken;
  if (complete_) {
    record_.clear();
    complete_ = false;
    too_large_ = false;
    if (shape_ == Shape::kWhole) return Step::kEnd;
  }
  if (shape_ == Shape::kArray) {
    if (place_ == Place::kAfter) return Step::kEnd;
    broken_ = true;  // cut off before its closing bracket
    return Step::kBroken;
  }
  if (shape_ == Shape::kLines) record_ = Bytes(Trimmed(record_));
  if (record_.empty() && !too_large_) return Step::kEnd;
  return Complete();
}

JsonSplitter::Shape ShapeOf(ByteView head, bool complete) {
  const std::size_t first = head.find_first_not_of(" \t\r\n");
  if (first == ByteView::npos) return JsonSplitter::Shape::kLines;
  head.remove_prefix(first);
  if (head.front() == '[') return JsonSplitter::Shape::kArray;
  if (head.front() != '{') return JsonSplitter::Shape::kWhole;
  const std::size_t end = head.find('\n');
  if (end == ByteView::npos)
    // A first line longer than what was looked at: a document on one line would have ended.
    return complete ? JsonSplitter::Shape::kWhole : JsonSplitter::Shape::kLines;
  return IsBalanced(head.substr(0, end)) ? JsonSplitter::Shape::kLines
                                         : JsonSplitter::Shape::kWhole;
}

}  // namespace oppi::consumers
