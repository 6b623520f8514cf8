// Whatever a server sends as a problem document, what the client makes of it is short plain text.

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "consumers/http_client.h"
#include "events/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  oppi::consumers::HttpReply reply;
  reply.status = 400 + static_cast<unsigned>(size % 200);
  reply.media_type = "application/problem+json";
  reply.body.assign(reinterpret_cast<const char*>(data), size);
  const std::string text = oppi::consumers::ProblemText(reply);
  OPPI_CHECK(!text.empty() && text.size() <= 402);
  OPPI_CHECK(std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7f; }));
  OPPI_CHECK(oppi::consumers::ErrorOf(reply).message == text);
  return 0;
}
