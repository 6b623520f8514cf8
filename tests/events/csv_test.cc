#include "events/codec/csv.h"

#include <gtest/gtest.h>

#include <string>

namespace oppi::events {
namespace {

TEST(Csv, ReadsCellsByTheNameOfTheirColumn) {
  const auto table = CsvTable::Parse(
      "\xef\xbb\xbf"
      "a,b,c\r\n1,\"x, \"\"y\"\"\r\nz\",\r\n\r\n2,,3");
  ASSERT_TRUE(table);
  ASSERT_EQ(table->rows(), 2u);
  EXPECT_EQ(table->At(0, {"a"}), "1");
  EXPECT_EQ(table->At(0, {"b"}), "x, \"y\"\r\nz");
  EXPECT_EQ(table->At(0, {"c"}), "");
  EXPECT_EQ(table->At(1, {"no", "c"}), "3");
  EXPECT_EQ(table->At(1, {"no"}), "");
}

TEST(Csv, TakesAHeaderAloneForAnEmptyTable) {
  EXPECT_EQ(CsvTable::Parse("a,b\n")->rows(), 0u);
  EXPECT_EQ(CsvTable::Parse("a")->rows(), 0u);
}

TEST(Csv, RefusesWhatCannotBeReadInOneWay) {
  for (const std::string text : {"", "\n", "a,a\n", "a,b\n1\n", "a,b\n1,2,3\n", "a,b\n1,\"2\n",
                                 "a,b\n1,x\"2\"\n", "a,b\n1,\"2\"x\n", "a,b\n1,\xff\n"})
    EXPECT_FALSE(CsvTable::Parse(text)) << text;
}

TEST(Csv, StopsAtItsLimits) {
  const CsvLimits limits{.columns_max = 2, .rows_max = 1, .cell_bytes_max = 3};
  EXPECT_TRUE(CsvTable::Parse("a,b\n123,\"4\"\"5\"\n", limits));
  EXPECT_FALSE(CsvTable::Parse("a,b,c\n", limits));
  EXPECT_FALSE(CsvTable::Parse("a,b\n1,2\n3,4\n", limits));
  EXPECT_FALSE(CsvTable::Parse("a,b\n1234,5\n", limits));
  EXPECT_FALSE(CsvTable::Parse("a,b\n\"1234\",5\n", limits));
  EXPECT_FALSE(CsvTable::Parse("a,b\n\"123\"\"\",5\n", limits));
}

}  // namespace
}  // namespace oppi::events
