#include <flatbuffers/idl.h>
#include <flatbuffers/reflection.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

#include "events/vocabulary.h"
#include "tests/events/schema_diff.h"

namespace oppi::events {
namespace {

namespace fs = std::filesystem;
using reflection::BaseType;

constexpr std::string_view kNamespace = "oppi.events.fbs.";

std::string Read(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  EXPECT_TRUE(in.good()) << path;
  return {std::istreambuf_iterator<char>(in), {}};
}

const reflection::Schema* SchemaOf(const std::string& bfbs) {
  flatbuffers::Verifier verifier(reinterpret_cast<const std::uint8_t*>(bfbs.data()), bfbs.size());
  return reflection::VerifySchemaBuffer(verifier) ? reflection::GetSchema(bfbs.data()) : nullptr;
}

/// Reflection of a schema text; includes are looked for in `folder`.
std::string Compile(const std::string& text, const fs::path& folder = fs::path(OPPI_SCHEMA_DIR)) {
  flatbuffers::IDLOptions options;
  options.binary_schema_builtins = true;  // else nested_flatbuffer and force_align are left out
  flatbuffers::Parser parser(options);
  const std::string where = folder.string();
  const char* include[] = {where.c_str(), nullptr};
  EXPECT_TRUE(parser.Parse(text.c_str(), include)) << parser.error_ << '\n' << text;
  parser.Serialize();
  return {reinterpret_cast<const char*>(parser.builder_.GetBufferPointer()),
          parser.builder_.GetSize()};
}

std::vector<std::string> Breaks(const std::string& before, const std::string& now) {
  const std::string old_schema = Compile(before);
  const std::string new_schema = Compile(now);
  return tests::SchemaBreaks(*SchemaOf(old_schema), *SchemaOf(new_schema));
}

struct Wire {
  BaseType type;
  BaseType element = BaseType::None;
};

/// The encoding rules of the vocabulary, section 1.
Wire WireOf(FieldType type) {
  switch (type) {
    case FieldType::kInt:
    case FieldType::kTime:
      return {BaseType::Long};
    case FieldType::kBool:
      return {BaseType::Bool};
    case FieldType::kDate:
      return {BaseType::Int};
    case FieldType::kStrList:
    case FieldType::kRefList:
    case FieldType::kCodeList:
      return {BaseType::Vector, BaseType::String};
    default:
      return {BaseType::String};
  }
}

/// "consent.given" -> "ConsentGivenV1"
std::string TableName(const TypeInfo& info) {
  std::string name;
  bool upper = true;
  for (const char c : info.name) {
    if (c == '.' || c == '_') {
      upper = true;
    } else {
      name.push_back(upper ? static_cast<char>(std::toupper(c)) : c);
      upper = false;
    }
  }
  return name + "V1";
}

template <class T>
const T* Named(const flatbuffers::Vector<flatbuffers::Offset<T>>& all, std::string_view name) {
  for (const T* one : all)
    if (one->name()->str() == name) return one;
  return nullptr;
}

TEST(Schema, HasOneTableForEveryTypeAsTheVocabularySays) {
  const std::string bfbs = Read(OPPI_EVENTS_BFBS);
  const reflection::Schema* schema = SchemaOf(bfbs);
  ASSERT_NE(schema, nullptr);
  std::set<std::string> expected{std::string(kNamespace) + "Envelope"};
  for (const TypeInfo& info : AllTypes()) {
    const std::string name = std::string(kNamespace) + TableName(info);
    expected.insert(name);
    const reflection::Object* table = Named(*schema->objects(), name);
    ASSERT_NE(table, nullptr) << name;
    EXPECT_FALSE(table->is_struct());
    EXPECT_EQ(fs::path(table->declaration_file()->str()).filename(),
              std::string(info.group) + ".fbs")
        << name;
    ASSERT_EQ(table->fields()->size(), info.fields.size()) << name;
    for (std::size_t i = 0; i < info.fields.size(); ++i) {
      const FieldInfo& field = info.fields[i];
      const reflection::Field* slot = Named(*table->fields(), field.name);
      ASSERT_NE(slot, nullptr) << name << '.' << field.name;
      const bool number = IsNumber(field.type);
      EXPECT_EQ(slot->id(), i) << name << '.' << field.name;
      EXPECT_EQ(slot->type()->base_type(), WireOf(field.type).type) << name << '.' << field.name;
      EXPECT_EQ(slot->type()->element(), WireOf(field.type).element) << name << '.' << field.name;
      EXPECT_EQ(slot->required(), field.required && !number) << name << '.' << field.name;
      EXPECT_EQ(slot->optional(), !field.required) << name << '.' << field.name;
      EXPECT_FALSE(slot->deprecated()) << name << '.' << field.name;
    }
  }
  std::set<std::string> found;
  for (const reflection::Object* table : *schema->objects()) found.insert(table->name()->str());
  EXPECT_EQ(found, expected);
  EXPECT_EQ(schema->enums()->size(), 0U);
}

TEST(Schema, KeepsEverythingThatTheBaselinePromised) {
  const fs::path baseline = fs::path(OPPI_SCHEMA_BASELINE_DIR);
  int files = 0;
  for (const auto& entry : fs::directory_iterator(baseline)) {
    const fs::path current = fs::path(OPPI_SCHEMA_DIR) / entry.path().filename();
    ASSERT_TRUE(fs::exists(current)) << current;
    const std::string before = Compile(Read(entry.path()), baseline);
    const std::string now = Compile(Read(current));
    for (const std::string& broken : tests::SchemaBreaks(*SchemaOf(before), *SchemaOf(now)))
      ADD_FAILURE() << entry.path().filename() << ": " << broken;
    ++files;
  }
  EXPECT_EQ(files, std::distance(fs::directory_iterator(OPPI_SCHEMA_DIR), fs::directory_iterator()))
      << "a schema file without a baseline";
}

// One of everything that a schema of ours could hold.
constexpr const char* kModel = R"(
namespace model;
enum Colour : ubyte { Red = 0, Green = 1, Blue = 2 }
struct Point { x:int; y:int; }
table Leaf { name:string (id: 0, required); weight:int64 = null (id: 1); }
table Other { n:int (id: 0); }
union Any { Leaf, Other }
table Root {
  at:Point (id: 0);
  colour:Colour = Green (id: 1);
  leaves:[Leaf] (id: 2);
  any:Any (id: 4);
  blob:[ubyte] (id: 5, nested_flatbuffer: "Leaf");
  count:int = 7 (id: 6);
  last:string (id: 7);
}
root_type Root;
file_identifier "MODL";
)";

struct Change {
  const char* name;
  const char* from;
  const char* to;
};

class BreakingChange : public testing::TestWithParam<Change> {};

TEST_P(BreakingChange, IsFound) {
  std::string changed = kModel;
  const auto at = changed.find(GetParam().from);
  ASSERT_NE(at, std::string::npos);
  changed.replace(at, std::string(GetParam().from).size(), GetParam().to);
  EXPECT_FALSE(Breaks(kModel, changed).empty());
}

INSTANTIATE_TEST_SUITE_P(
    Schema, BreakingChange,
    testing::Values(
        Change{"LastFieldRemoved", "last:string (id: 7);", ""},
        Change{"FieldMadeRequired", "last:string (id: 7)", "last:string (id: 7, required)"},
        Change{"RequiredDropped", "(id: 0, required)", "(id: 0)"},
        Change{"OtherFileIdentifier", "MODL", "MODM"},
        Change{"OtherRoot", "root_type Root", "root_type Leaf"},
        Change{"StructGrown", "y:int; }", "y:int; z:int; }"},
        Change{"StructMembersSwapped", "x:int; y:int;", "y:int; x:int;"},
        Change{"EnumMemberRemoved", ", Blue = 2", ""},
        Change{"EnumMemberRenumbered", "Blue = 2", "Blue = 3"},
        Change{"EnumWidened", "Colour : ubyte", "Colour : ushort"},
        Change{"UnionMemberRemoved", "Leaf, Other", "Leaf"},
        Change{"UnionMembersSwapped", "Leaf, Other", "Other, Leaf"},
        Change{"FieldRenamed", "count:int", "number:int"},
        Change{"NestedBufferDropped", ", nested_flatbuffer: \"Leaf\"", ""},
        Change{"DefaultChanged", "count:int = 7", "count:int = 8"},
        Change{"EnumDefaultChanged", "= Green", "= Blue"},
        Change{"OptionalDropped", "weight:int64 = null", "weight:int64"},
        Change{"TypeChanged", "weight:int64", "weight:int32"},
        Change{"SignChanged", "count:int = 7", "count:uint = 7"},
        Change{"NewFieldRequired", "last:string (id: 7);",
               "last:string (id: 7); more:string (id: 8, required);"},
        Change{"AlignmentForced", "blob:[ubyte] (id: 5,", "blob:[ubyte] (id: 5, force_align: 8,"}),
    [](const auto& test) { return test.param.name; });

TEST(Schema, AllowsWhatOldReadersDoNotNotice) {
  EXPECT_TRUE(Breaks(kModel, kModel).empty());
  const auto with = [](const std::string& from, const std::string& to) {
    std::string changed = kModel;
    return changed.replace(changed.find(from), from.size(), to);
  };
  EXPECT_TRUE(
      Breaks(kModel, with("last:string (id: 7);", "last:string (id: 7); more:[string] (id: 8);"))
          .empty());
  EXPECT_TRUE(Breaks(kModel, with("Blue = 2", "Blue = 2, White = 3")).empty());
  EXPECT_TRUE(Breaks(kModel, with("Leaf, Other", "Leaf, Other, Root")).empty());
  EXPECT_TRUE(Breaks(kModel, with("table Other", "table Newer { n:int; }\ntable Other")).empty());
  EXPECT_TRUE(
      Breaks(kModel, with("count:int = 7 (id: 6)", "count:int = 7 (id: 6, deprecated)")).empty());
}

TEST(Schema, FindsAnyFieldThatARealTableLoses) {
  const std::string before = Read(fs::path(OPPI_SCHEMA_DIR) / "consent.fbs");
  int removed = 0;
  for (std::size_t begin = 0, end = 0; (end = before.find('\n', begin)) != std::string::npos;
       begin = end + 1) {
    // Only the last field of a table can be taken out and leave a schema that compiles.
    if (before.compare(end + 1, 1, "}") != 0 || before.compare(begin, 2, "  ") != 0) continue;
    std::string now = before;
    EXPECT_FALSE(Breaks(before, now.erase(begin, end - begin)).empty())
        << before.substr(begin, end - begin);
    ++removed;
  }
  EXPECT_EQ(removed, 11);
}

}  // namespace
}  // namespace oppi::events
