#include "consumers/file_input.h"

#include <archive.h>
#include <archive_entry.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "consumers/json_splitter.h"
#include "tests/support/shared_data.h"

namespace oppi::consumers {
namespace {

using tests::DataPath;

class FileInputTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "oppi-input-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string Write(const std::string& name, const std::string& bytes) const {
    std::ofstream(folder_ / name, std::ios::binary) << bytes;
    return (folder_ / name).string();
  }
  std::string Pack(const std::string& name, const std::vector<tests::StoredFile>& files) const {
    const std::string path = (folder_ / name).string();
    const std::unique_ptr<struct archive, int (*)(struct archive*)> a(archive_write_new(),
                                                                      archive_write_free);
    archive_write_add_filter_gzip(a.get());
    archive_write_set_format_pax_restricted(a.get());
    EXPECT_EQ(archive_write_open_filename(a.get(), path.c_str()), ARCHIVE_OK);
    for (const auto& file : files) {
      const std::unique_ptr<struct archive_entry, void (*)(struct archive_entry*)> entry(
          archive_entry_new(), archive_entry_free);
      archive_entry_set_pathname(entry.get(), file.name.c_str());
      archive_entry_set_size(entry.get(), static_cast<la_int64_t>(file.bytes.size()));
      archive_entry_set_filetype(entry.get(), file.name.back() == '/' ? AE_IFDIR : AE_IFREG);
      archive_entry_set_perm(entry.get(), 0644);
      archive_write_header(a.get(), entry.get());
      archive_write_data(a.get(), file.bytes.data(), file.bytes.size());
    }
    return path;
  }

  std::filesystem::path folder_;
};

struct Outcome {
  std::vector<InputRecord> records;
  std::string error;
};

Outcome ReadAll(const std::string& path, FileInputOptions options = {}) {
  Outcome outcome;
  auto input = FileInput::Open(path, std::move(options));
  if (!input.ok()) {
    outcome.error = input.error().message;
    return outcome;
  }
  for (;;) {
    auto record = (*input)->Next();
    if (!record.ok()) {
      outcome.error = record.error().message;
      return outcome;
    }
    if (!*record) return outcome;
    outcome.records.push_back(std::move(**record));
  }
}

std::vector<std::string> Texts(const Outcome& outcome) {
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < outcome.records.size(); ++i) {
    EXPECT_EQ(outcome.records[i].number, i);
    texts.push_back(outcome.records[i].bytes);
  }
  return texts;
}

using Strings = std::vector<std::string>;

TEST_F(FileInputTest, CutsLines) {
  EXPECT_EQ(Texts(ReadAll(Write("a", "{\"a\":1}\n\n{\"b\":[\"}\"]}\r\n  \nnot json\n{\"c\":3}"))),
            (Strings{"{\"a\":1}", "{\"b\":[\"}\"]}", "not json", "{\"c\":3}"}));
}

TEST_F(FileInputTest, CutsElementsOfAnArray) {
  EXPECT_EQ(Texts(ReadAll(Write("a", " [ {\"a\":\"],[\\\"\"} ,\n[1,2], 3 , \"x,y\" ]\n"))),
            (Strings{"{\"a\":\"],[\\\"\"}", "[1,2]", "3", "\"x,y\""}));
  EXPECT_TRUE(ReadAll(Write("b", "[]")).records.empty());
}

TEST_F(FileInputTest, KeepsADocumentOverManyLinesWhole) {
  EXPECT_EQ(Texts(ReadAll(Write("a", "{\n \"a\": 1\n}\n"))), (Strings{"{\n \"a\": 1\n}\n"}));
  EXPECT_EQ(Texts(ReadAll(Write("b", "{\"a\": 1}"))), (Strings{"{\"a\": 1}"}));
  EXPECT_EQ(Texts(ReadAll(Write("c", "sourcedId,x\n1,2\n"))), (Strings{"sourcedId,x\n1,2\n"}));
}

TEST_F(FileInputTest, NamesADocumentAfterItsFile) {
  EXPECT_EQ(ReadAll(Write("users.csv", "sourcedId\n")).records.at(0).name, "users.csv");
  EXPECT_EQ(ReadAll(Write("users.csv.gz", "sourcedId\n")).records.at(0).name, "users.csv");
  EXPECT_EQ(ReadAll(Write("a.json", "{}\n{}\n")).records.at(0).name, "");
}

TEST_F(FileInputTest, ReadsTheStandardInput) {
  int ends[2] = {};
  ASSERT_EQ(::pipe(ends), 0);
  const std::string text = "{\"a\":1}\n{\"b\":2}\n";
  ASSERT_EQ(::write(ends[1], text.data(), text.size()), static_cast<ssize_t>(text.size()));
  ::close(ends[1]);
  const int before = ::dup(STDIN_FILENO);
  ASSERT_GE(::dup2(ends[0], STDIN_FILENO), 0);
  ::close(ends[0]);
  const Outcome outcome = ReadAll("-");
  if (before >= 0) {
    ::dup2(before, STDIN_FILENO);
    ::close(before);
  }
  EXPECT_EQ(Texts(outcome), (Strings{"{\"a\":1}", "{\"b\":2}"}));
}

TEST_F(FileInputTest, GivesNothingForAnEmptyFile) {
  const Outcome outcome = ReadAll(Write("a", ""));
  EXPECT_TRUE(outcome.records.empty());
  EXPECT_EQ(outcome.error, "");
  EXPECT_TRUE(ReadAll(Write("b", " \n ")).records.empty());
}

TEST_F(FileInputTest, SaysWhereAnArrayBreaksOff) {
  for (const std::string text : {"[{\"a\":1},{\"b\":2}", "[1,2", "[1,,2]", "[1]]", "[1] x"}) {
    const Outcome outcome = ReadAll(Write("a", text));
    EXPECT_TRUE(outcome.error.starts_with("input: not one whole JSON array, after record "))
        << text;
  }
  // An element counts once its comma or bracket was seen.
  EXPECT_EQ(ReadAll(Write("a", "[{\"a\":1},{\"b\":2}")).records.size(), 1u);
}

TEST_F(FileInputTest, GoesOnAfterARecordThatIsTooLarge) {
  FileInputOptions options;
  options.record_bytes_max = 10;
  const std::string large(300'000, 'x');
  for (const std::string& text :
       {"{\"a\":1}\n\"" + large + "\"\n{\"b\":2}\n", "[{\"a\":1},\"" + large + "\",{\"b\":2}]"}) {
    const Outcome outcome = ReadAll(Write("a", text), options);
    ASSERT_EQ(outcome.records.size(), 3u) << outcome.error;
    EXPECT_FALSE(outcome.records[0].too_large);
    EXPECT_TRUE(outcome.records[1].too_large);
    EXPECT_EQ(outcome.records[1].bytes, "");
    EXPECT_EQ(outcome.records[2].bytes, "{\"b\":2}");
  }
}

TEST_F(FileInputTest, ReadsTheFilesOfAnArchiveAsDocuments) {
  const std::string path = Pack("a.tar.gz", {{"d/", ""},
                                             {"d/1.json", "{\"a\":1}\n{\"b\":2}\n"},
                                             {"d/2.json", "[1,2]"},
                                             {"d/3.json", ""}});
  const Outcome outcome = ReadAll(path);
  EXPECT_EQ(Texts(outcome), (Strings{"{\"a\":1}\n{\"b\":2}\n", "[1,2]"}));
  EXPECT_EQ(outcome.records[1].name, "d/2.json");
}

TEST_F(FileInputTest, ReadsAFolderInTheOrderOfItsNames) {
  std::filesystem::create_directory(folder_ / "in");
  Write("in/b.csv", "b\n");
  Write("in/a.csv", "a\n");
  const Outcome outcome = ReadAll((folder_ / "in").string());
  EXPECT_EQ(Texts(outcome), (Strings{"a\n", "b\n"}));
  EXPECT_EQ(outcome.records[0].name, "a.csv");
}

TEST_F(FileInputTest, RefusesWhatItCannotRead) {
  EXPECT_EQ(ReadAll((folder_ / "absent").string()).error, "input: no such file");
  std::string document;
  for (int i = 0; i < 1000; ++i) document += std::to_string(i * i);
  const std::string path = Pack("a.tar.gz", {{"a.json", document}});
  std::filesystem::resize_file(path, std::filesystem::file_size(path) / 2);
  const Outcome outcome = ReadAll(path);
  EXPECT_EQ(outcome.error, "input: damaged or unknown compression");
  EXPECT_TRUE(outcome.records.empty());
}

TEST_F(FileInputTest, SaysHowFarItHasCome) {
  std::uint64_t last_read = 0;
  std::uint64_t last_total = 0;
  FileInputOptions options;
  options.progress = [&](std::uint64_t read, std::uint64_t total) {
    EXPECT_GE(read, last_read);
    last_read = read;
    last_total = total;
  };
  std::string text;
  for (int i = 0; i < 100'000; ++i) text += "{\"a\":1}\n";
  EXPECT_EQ(ReadAll(Write("a", text), options).records.size(), 100'000u);
  EXPECT_EQ(last_read, text.size());
  EXPECT_EQ(last_total, text.size());
}

TEST(FileInput, ReadsTheSharedDataAsTheyAre) {
  const struct {
    std::string name;
    std::size_t records;
  } inputs[] = {{"xapi-stream/ralph-statements.json.gz", 22'000},
                {"xapi-stream/datasim-tccc_dev.json.gz", 2'814},
                {"koski/koski-backwardcompatibility-656.tar.xz", 656},
                {"koski/examples", 77},
                {"koski/examples/dia_2020-10-08.json", 1},
                {"audit-log/varda-audit-log-events.jsonl", 1'246},
                {"oneroster-sds/csv/sds-v2.1", 10}};
  for (const auto& input : inputs) {
    OPPI_NEEDS_DATA(input.name);
    const Outcome outcome = ReadAll(DataPath(input.name).string());
    EXPECT_EQ(outcome.error, "") << input.name;
    EXPECT_EQ(outcome.records.size(), input.records) << input.name;
    for (const InputRecord& record : outcome.records) EXPECT_FALSE(record.too_large);
  }
}

TEST(JsonSplitter, GivesTheSameRecordsHoweverTheBytesArrive) {
  using Step = JsonSplitter::Step;
  const std::string array = "[ {\"a\":\"\\\\\"}, [\"\\\"]\"] ,7]";
  const std::string lines = "{\"a\":\"\\\\\"}\n\n[\"x\"]\n7";
  for (const auto& [shape, text] : {std::pair{JsonSplitter::Shape::kArray, array},
                                    std::pair{JsonSplitter::Shape::kLines, lines},
                                    std::pair{JsonSplitter::Shape::kWhole, lines}}) {
    std::vector<Strings> outcomes;
    for (std::size_t block = 1; block <= text.size(); ++block) {
      JsonSplitter splitter(shape, 1000);
      Strings records;
      for (std::size_t at = 0; at < text.size(); at += block) {
        ByteView input = ByteView(text).substr(at, block);
        for (Step step = splitter.Next(input); step != Step::kMore; step = splitter.Next(input)) {
          ASSERT_EQ(step, Step::kRecord);
          records.push_back(splitter.record());
        }
      }
      Step step = splitter.Finish();
      for (; step == Step::kRecord; step = splitter.Finish()) records.push_back(splitter.record());
      EXPECT_EQ(step, Step::kEnd);
      outcomes.push_back(records);
    }
    for (const Strings& outcome : outcomes) EXPECT_EQ(outcome, outcomes[0]);
    EXPECT_EQ(outcomes[0].size(), shape == JsonSplitter::Shape::kWhole ? 1u : 3u);
  }
}

}  // namespace
}  // namespace oppi::consumers
