#include "tests/support/shared_data.h"

#include <archive.h>
#include <archive_entry.h>

#include <memory>
#include <set>

#include "events/ids.h"
#include "events/limits.h"

namespace oppi::tests {

std::vector<StoredFile> ReadStored(const std::filesystem::path& path) {
  const std::unique_ptr<struct archive, int (*)(struct archive*)> a(archive_read_new(),
                                                                    archive_read_free);
  archive_read_support_filter_all(a.get());
  archive_read_support_format_tar(a.get());
  archive_read_support_format_raw(a.get());
  EXPECT_EQ(archive_read_open_filename(a.get(), path.c_str(), 65536), ARCHIVE_OK) << path;
  std::vector<StoredFile> files;
  struct archive_entry* entry = nullptr;
  while (archive_read_next_header(a.get(), &entry) == ARCHIVE_OK) {
    if (archive_format(a.get()) != ARCHIVE_FORMAT_RAW && archive_entry_filetype(entry) != AE_IFREG)
      continue;
    StoredFile file{archive_entry_pathname(entry), {}};
    char block[65536];
    la_ssize_t n = 0;
    while ((n = archive_read_data(a.get(), block, sizeof block)) > 0)
      file.bytes.append(block, static_cast<std::size_t>(n));
    EXPECT_EQ(n, 0) << path;
    files.push_back(std::move(file));
  }
  return files;
}

events::TranslateOptions TestPublisher() {
  events::TranslateOptions options;
  options.controller = events::OrganisationOid(3464839101);
  options.source = "urn:oid:" + options.controller + "/import";
  options.pseudonym_key = "a secret of the tests";
  options.decode.check_digits = false;
  return options;
}

void ExpectPublishable(const std::vector<events::Event>& events) {
  events::DecodeOptions options;
  options.check_digits = false;
  std::set<std::string> ids;
  for (const events::Event& event : events) {
    const std::string json = events::EncodeJson(event);
    EXPECT_LE(json.size(), kEventBytesMax);
    const events::Decoded decoded = events::Decode(json, events::Encoding::kJson, options);
    ASSERT_EQ(events::ErrorName(decoded.error), "") << decoded.member << '\n' << json;
    ASSERT_EQ(decoded.event, event) << json;
    ASSERT_TRUE(ids.insert(event.id).second) << "twice: " << json;
  }
}

void ExpectSame(const events::Translated& a, const events::Translated& b) {
  ASSERT_EQ(a.events.size(), b.events.size());
  for (std::size_t i = 0; i < a.events.size(); ++i)
    ASSERT_EQ(events::EncodeJson(a.events[i]), events::EncodeJson(b.events[i]));
  ASSERT_EQ(a.attachments.size(), b.attachments.size());
  for (std::size_t i = 0; i < a.attachments.size(); ++i) {
    EXPECT_EQ(a.attachments[i].subject, b.attachments[i].subject);
    EXPECT_EQ(a.attachments[i].bytes, b.attachments[i].bytes);
  }
  EXPECT_EQ(a.refused, b.refused);
}

}  // namespace oppi::tests
