#include "tests/events/schema_diff.h"

#include <flatbuffers/reflection.h>

#include <map>

namespace oppi::tests {
namespace {

using reflection::BaseType;

std::string Text(const flatbuffers::String* text) { return text == nullptr ? "" : text->str(); }

/// The type with names instead of indexes, which move when anything is added.
std::string TypeText(const reflection::Schema& schema, const reflection::Type& type) {
  const auto is_table = [](BaseType t) { return t == BaseType::Obj; };
  std::string text = reflection::EnumNameBaseType(type.base_type());
  if (type.element() != BaseType::None)
    text += std::string(" of ") + reflection::EnumNameBaseType(type.element());
  if (type.fixed_length() != 0) text += " x" + std::to_string(type.fixed_length());
  if (type.index() >= 0) {
    const auto index = static_cast<flatbuffers::uoffset_t>(type.index());
    text += ' ' + Text(is_table(type.base_type()) || is_table(type.element())
                           ? schema.objects()->Get(index)->name()
                           : schema.enums()->Get(index)->name());
  }
  return text;
}

template <class Owner>
std::string AttributesText(const Owner& owner) {
  std::string text;
  if (owner.attributes() == nullptr) return text;
  for (const reflection::KeyValue* pair : *owner.attributes()) {
    const std::string key = Text(pair->key());
    if (key != "deprecated" && key != "id") text += key + '=' + Text(pair->value()) + ' ';
  }
  return text;
}

template <class T>
std::map<std::string, const T*> ByName(const flatbuffers::Vector<flatbuffers::Offset<T>>* all) {
  std::map<std::string, const T*> map;
  if (all != nullptr)
    for (const T* one : *all) map.emplace(Text(one->name()), one);
  return map;
}

std::string Dotted(std::string owner, const std::string& member) {
  return owner.append(".").append(member);
}

class Diff {
 public:
  Diff(const reflection::Schema& before, const reflection::Schema& now)
      : before_(before), now_(now) {}

  std::vector<std::string> Run() {
    Same("file identifier", Text(before_.file_ident()), Text(now_.file_ident()));
    Same("root type", Root(before_), Root(now_));
    const auto objects = ByName(now_.objects());
    for (const auto& [name, object] : ByName(before_.objects())) {
      const auto found = objects.find(name);
      if (found == objects.end())
        breaks_.push_back(name + " is gone");
      else
        Object(name, *object, *found->second);
    }
    const auto enums = ByName(now_.enums());
    for (const auto& [name, values] : ByName(before_.enums())) {
      const auto found = enums.find(name);
      if (found == enums.end())
        breaks_.push_back(name + " is gone");
      else
        Enum(name, *values, *found->second);
    }
    return breaks_;
  }

 private:
  static std::string Root(const reflection::Schema& schema) {
    return schema.root_table() == nullptr ? "" : Text(schema.root_table()->name());
  }

  void Same(const std::string& what, const std::string& before, const std::string& now) {
    if (before != now) breaks_.push_back(what + ": was '" + before + "', is '" + now + "'");
  }

  void Object(const std::string& name, const reflection::Object& before,
              const reflection::Object& now) {
    Same(name + " struct", std::to_string(before.is_struct()), std::to_string(now.is_struct()));
    if (before.is_struct()) {
      Same(name + " size", std::to_string(before.bytesize()), std::to_string(now.bytesize()));
      Same(name + " members", std::to_string(before.fields()->size()),
           std::to_string(now.fields()->size()));
    }
    Same(name + " attributes", AttributesText(before), AttributesText(now));
    const auto fields = ByName(now.fields());
    const auto old_fields = ByName(before.fields());
    for (const auto& [field_name, field] : old_fields) {
      const std::string full = Dotted(name, field_name);
      const auto found = fields.find(field_name);
      if (found == fields.end())
        breaks_.push_back(full + " is gone or renamed");
      else
        Field(full, *field, *found->second);
    }
    for (const auto& [field_name, field] : fields) {
      if (old_fields.count(field_name) != 0) continue;
      const std::string full = Dotted(name, field_name);
      if (field->required()) breaks_.push_back(full + " is new and required");
      if (field->id() < before.fields()->size())
        breaks_.push_back(full + " is new and not at the end");
    }
  }

  void Field(const std::string& name, const reflection::Field& before,
             const reflection::Field& now) {
    Same(name + " id", std::to_string(before.id()), std::to_string(now.id()));
    Same(name + " offset", std::to_string(before.offset()), std::to_string(now.offset()));
    Same(name + " type", TypeText(before_, *before.type()), TypeText(now_, *now.type()));
    Same(name + " required", std::to_string(before.required()), std::to_string(now.required()));
    Same(name + " optional", std::to_string(before.optional()), std::to_string(now.optional()));
    Same(name + " key", std::to_string(before.key()), std::to_string(now.key()));
    Same(name + " default",
         std::to_string(before.default_integer()) + '/' + std::to_string(before.default_real()),
         std::to_string(now.default_integer()) + '/' + std::to_string(now.default_real()));
    Same(name + " attributes", AttributesText(before), AttributesText(now));
    if (before.deprecated() && !now.deprecated()) breaks_.push_back(name + " is in use again");
  }

  void Enum(const std::string& name, const reflection::Enum& before, const reflection::Enum& now) {
    Same(name + " union", std::to_string(before.is_union()), std::to_string(now.is_union()));
    Same(name + " type", TypeText(before_, *before.underlying_type()),
         TypeText(now_, *now.underlying_type()));
    Same(name + " attributes", AttributesText(before), AttributesText(now));
    const auto values = ByName(now.values());
    for (const auto& [value_name, value] : ByName(before.values())) {
      const std::string full = Dotted(name, value_name);
      const auto found = values.find(value_name);
      if (found == values.end()) {
        breaks_.push_back(full + " is gone or renamed");
        continue;
      }
      Same(full, std::to_string(value->value()), std::to_string(found->second->value()));
      if (before.is_union() && now.is_union())
        Same(full + " table", TypeText(before_, *value->union_type()),
             TypeText(now_, *found->second->union_type()));
    }
  }

  const reflection::Schema& before_;
  const reflection::Schema& now_;
  std::vector<std::string> breaks_;
};

}  // namespace

std::vector<std::string> SchemaBreaks(const reflection::Schema& before,
                                      const reflection::Schema& now) {
  return Diff(before, now).Run();
}

}  // namespace oppi::tests
