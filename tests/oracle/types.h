#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "random.h"
#include "tenon/types.h"

namespace tenon::oracle {

enum class Resources : uint8_t { No, Owned };

/// Makes random types in one table; now and then an earlier one again.
class TypeMaker {
 public:
  TypeMaker(Random& random, TypeTable& table, Resources resources) : random_(&random), table_(&table), resources_(resources) {}

  /// A type of at most `depth` levels whose layout takes at most 2 KiB.
  TypeIndex make(int depth);
  /// The host's resource `thing`.
  TypeIndex own();
  TypeIndex borrow();

 private:
  TypeIndex compound(int depth);
  std::optional<TypeIndex> maybe(int depth);
  std::vector<TypeField> fields(int depth, std::string_view prefix, size_t count);

  Random* random_;
  TypeTable* table_;
  Resources resources_;
  std::vector<TypeIndex> made_;
};

/// A core value type.
enum class Flat : uint8_t { I32, I64, F32, F64 };
std::string_view to_string(Flat flat);

/// `flatten_type` of `CanonicalABI.md`, written a second time so that the product's is not its own judge.
std::vector<Flat> flatten(Type type);

/// Types in the notation of component text. Records, variants, enums and flags need names: each is declared once and imported with an `eq` bound.
class TypeText {
 public:
  /// How `type` is written where it is used: "u32", "(list $t3)".
  std::string use(Type type);
  /// The declarations for all uses so far.
  const std::string& declarations() const { return declarations_; }
  /// The names of the declared types, in order: "t0" is `$t0`.
  size_t count() const { return names_.size(); }
  bool uses_resource() const { return uses_resource_; }

 private:
  std::string body(Type type);
  std::map<TypeIndex, std::string> names_;
  std::string declarations_;
  bool uses_resource_ = false;
};

}  // namespace tenon::oracle
