#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "guest.h"
#include "process.h"
#include "random.h"
#include "tenon/engine.h"
#include "tenon/types.h"
#include "tenon/wit.h"
#include "tenon_side.h"
#include "trap_reason.h"
#include "types.h"
#include "values.h"

namespace tenon::oracle {

namespace {

/// Calls of `run` for each component; the first of them well behaved.
constexpr int calls_clean = 3;
constexpr int calls_misbehaving = 5;

struct Plan {
  uint64_t seed = 1;
  uint64_t cases = 2000;
};

Plan plan_of_environment() {
  Plan plan;
  if (const char* cases = std::getenv("TENON_ORACLE_CASES")) plan.cases = std::strtoull(cases, nullptr, 10);
  if (const char* seed = std::getenv("TENON_ORACLE_SEED")) {
    plan.seed = std::string_view(seed) == "random" ? std::random_device()() : std::strtoull(seed, nullptr, 10);
  }
  return plan;
}

std::string oracle_path() {
  std::ifstream file(TENON_ORACLE_PATH_FILE);
  std::string path;
  std::getline(file, path);
  return path;
}

Engine make_engine() {
  auto engine = Engine::create({.epoch = false, .opt_level = OptLevel::None});
  EXPECT_TRUE(engine) << engine.error().message();
  return *std::move(engine);
}

Json run_call(Random& random, const Guest& guest, const TypeTable& table, bool is_fresh) {
  Json arguments = Json::array();
  uint32_t next_handle = 1;
  for (const TypeIndex param : guest.params) arguments.push_back(random_value(random, Type(table, param), next_handle));
  return Json{{"func", "run"}, {"arguments", std::move(arguments)}, {"fresh", is_fresh}};
}

/// One thing that goes wrong in one of the components.
Json misbehaviour(Random& random, const Guest& guest, const TypeTable& table, bool is_fresh) {
  const auto what = static_cast<Misbehaviour>(random.below(8));
  const auto offset = [&](uint32_t size) { return random.between(0, std::max<int64_t>(0, static_cast<int64_t>(size) - 1)); };
  const uint32_t result_bytes = guest.result ? table.node(*guest.result).layout.size32 : 0;
  int64_t a = 0;
  auto b = static_cast<int64_t>(random.once_in(2) ? random.below(8) : random.next());
  switch (what) {
    case Misbehaviour::Flat: a = random.between(0, 15); break;
    case Misbehaviour::Result8: a = offset(result_bytes); break;
    case Misbehaviour::Result32: a = offset(result_bytes) & ~int64_t{3}; break;
    case Misbehaviour::Heap8: a = random.between(0, 200); break;
    case Misbehaviour::Heap32: a = random.between(0, 50) * 4; break;
    case Misbehaviour::Moved: a = random.once_in(2) ? random.between(-400, 400) * 4 : static_cast<int64_t>(random.once_in(2) ? 1 : random.next()); break;
    case Misbehaviour::Realloc:
      a = random.between(1, realloc_kinds);
      b = random.between(0, 4);
      break;
    case Misbehaviour::PostReturn: a = random.between(1, 2); break;
  }
  const std::string name = "set" + std::to_string(random.below(guest.levels.size()));
  return Json{{"func", name}, {"arguments", Json::array({static_cast<uint32_t>(what), a, b})}, {"fresh", is_fresh}};
}

Json make_calls(Random& random, const Guest& guest, const TypeTable& table) {
  Json calls = Json::array();
  for (int i = 0; i < calls_clean; i++) calls.push_back(run_call(random, guest, table, false));
  for (int i = 0; i < calls_misbehaving; i++) {
    calls.push_back(misbehaviour(random, guest, table, true));
    if (random.once_in(3)) calls.push_back(misbehaviour(random, guest, table, false));
    calls.push_back(run_call(random, guest, table, false));
  }
  // Whatever became of the last one: an instance that trapped refuses, another one answers.
  calls.push_back(run_call(random, guest, table, false));
  return calls;
}

/// A result without wording: a trap becomes its reason.
Json without_wording(Json result) {
  if (result.contains("trap")) result["trap"] = trap_reason(result["trap"].get<std::string>());
  result.erase("poisoned");
  return result;
}

/// After a call that trapped, ours ends the host's resources that the call had taken out of a guest's table; the reference leaves them. Both journals without
/// the drops that only one of them has at its end.
void leave_out_last_drops(Json& ours, const Json& theirs) {
  if (!ours.contains("trap") || !theirs.contains("trap")) return;
  Json& journal = ours["journal"];
  while (journal.size() > theirs["journal"].size() && journal.back()[0] == "drop") journal.erase(journal.size() - 1);
}

/// What differs between two answers to `calls`, or nothing.
///
/// Once a call trapped, ours refuses every call of that store; the reference refuses only the component instances that were inside, so what it answers
/// then is not looked at.
std::string difference(const Json& calls, const Json& ours, const Json& theirs) {
  if (ours.contains("error") || theirs.contains("error")) {
    return ours.contains("error") == theirs.contains("error") ? "" : "ours: " + ours.dump() + "\ntheirs: " + theirs.dump();
  }
  bool is_poisoned = false;
  for (size_t i = 0; i < calls.size(); i++) {
    if (calls[i].value("fresh", false)) is_poisoned = false;
    Json left = without_wording(ours["results"][i]);
    leave_out_last_drops(left, theirs["results"][i]);
    const bool was_poisoned = std::exchange(is_poisoned, is_poisoned || ours["results"][i]["poisoned"].get<bool>());
    if (left == without_wording(theirs["results"][i])) continue;
    // A handle that a refused call would have given is missing then, too.
    const std::string refusal = left.value("trap", "");
    if (was_poisoned && left["journal"].empty() && (refusal == "may not enter" || refusal == "oracle: no such kept handle")) continue;
    return "call " + std::to_string(i) + " " + calls[i].dump() + (i > 0 ? "\nafter " + calls[i - 1].dump() : "") + "\nours:   " + ours["results"][i].dump() +
           "\ntheirs: " + theirs["results"][i].dump();
  }
  return "";
}

/// Both sides, started once.
class OracleTest : public testing::Test {
 protected:
  void SetUp() override {
    auto oracle = Oracle::start(oracle_path());
    ASSERT_TRUE(oracle) << oracle.error().message();
    oracle_ = *std::move(oracle);
    std::cout << "seed " << plan_.seed << ", " << plan_.cases << " cases\n";
  }

  /// Lets both sides run `calls`; false when they differ.
  bool compare(uint64_t seed, const std::vector<std::byte>& binary, const Json& calls, const std::string& source) {
    auto theirs = oracle_->ask({reinterpret_cast<const char*>(binary.data()), binary.size()}, calls);
    if (!theirs || theirs->contains("error")) {
      ADD_FAILURE() << "seed " << seed << ": the oracle gives no answer: " << (theirs ? theirs->dump() : theirs.error().message()) << "\n" << source;
      return false;
    }
    for (const Json& result : (*theirs)["results"]) traps_ += result.contains("trap") ? 1 : 0;
    const std::string found = difference(calls, tenon_.answer(binary, calls), *theirs);
    if (found.empty()) return true;
    ADD_FAILURE() << found << "\nrepeat with TENON_ORACLE_SEED=" << seed << " TENON_ORACLE_CASES=1" << (plan_.cases == 1 ? "\n" + source : std::string());
    return false;
  }

  Plan plan_ = plan_of_environment();
  std::unique_ptr<Oracle> oracle_;
  TenonSide tenon_{make_engine()};
  uint64_t traps_ = 0;
};

/// A function of resources.wat and what it takes: 'n' a number, 'r' an owned handle of the guest's resource, 'b' a lent one, 't' and 'u' the same of the
/// host's. `gives` says whether a handle of the guest's comes back.
struct Operation {
  std::string_view name;
  std::string_view takes;
  bool gives = false;
};

constexpr std::array operations = {
    Operation{"new", "n", true},        Operation{"new", "n", true},
    Operation{"rep-of", "b"},           Operation{"take", "r"},
    Operation{"pass", "r", true},       Operation{"leak", "r"},
    Operation{"drop-twice", "r"},       Operation{"guess-rep", "n"},
    Operation{"guess-drop", "n"},       Operation{"guess-give", "n", true},
    Operation{"fail-in-dtor", ""},      Operation{"b-use", "b"},
    Operation{"b-use-kept", "b"},       Operation{"b-steal", "b"},
    Operation{"b-make-and-take", "n"},  Operation{"b-forward", "r", true},
    Operation{"b-drop", "r"},           Operation{"b-take-after-use", "r"},
    Operation{"b-use-after-take", "r"}, Operation{"b-guess-drop", "n"},
    Operation{"b-guess-thing", "n"},    Operation{"thing-life", "n"},
    Operation{"thing-forward", "t"},    Operation{"thing-look", "u"},
    Operation{"thing-look-kept", "u"},  Operation{"thing-give-lent", "u"},
    Operation{"thing-both", "tu"},      Operation{"drop", ""},
};

/// A life of some handles: made, lent, given away, dropped, and now and then used after that.
Json resource_calls(Random& random) {
  Json calls = Json::array();
  uint64_t handles = 0;
  const int64_t count = random.between(3, 14);
  for (int64_t i = 0; i < count; i++) {
    const Operation& operation = random.pick(std::span<const Operation>(operations));
    const bool needs_handle = operation.takes == "r" || operation.takes == "b" || operation.name == "drop";
    if (needs_handle && handles == 0) continue;
    // The newest handle most of the time: an older one has usually been given away.
    const uint64_t handle = handles == 0 ? 0 : random.once_in(4) ? random.below(handles) : handles - 1;
    if (operation.name == "drop") {
      calls.push_back(Json{{"drop", handle}});
      continue;
    }
    Json arguments = Json::array();
    for (const char kind : operation.takes) {
      if (kind == 'n')
        arguments.push_back(random.below(6));
      else if (kind == 'r' || kind == 'b')
        arguments.push_back(Json{{"kept", handle}});
      else
        arguments.push_back(Json{{kind == 't' ? "own" : "borrow", random.below(1000)}});
    }
    calls.push_back(Json{{"func", operation.name}, {"arguments", std::move(arguments)}, {"fresh", false}});
    if (operation.gives) handles++;
  }
  return calls;
}

}  // namespace

TEST(TrapReason, IsTheSameForBothWordings) {
  EXPECT_EQ(trap_reason("list pointer is not aligned"), trap_reason("string pointer not aligned to 2"));
  EXPECT_EQ(trap_reason("wasm trap: wasm `unreachable` instruction executed"), "unreachable");
  EXPECT_EQ(trap_reason("something new"), "something new");
}

TEST_F(OracleTest, AgreesOnRandomComponents) {
  uint64_t cases = 0;
  uint64_t components = 0;
  int differences = 0;
  for (uint64_t seed = plan_.seed; cases < plan_.cases && differences < 5; seed++, components++) {
    Random random(seed);
    TypeTable table;
    const Guest guest = random_guest(random, table);
    const Json calls = make_calls(random, guest, table);
    const std::string source = text(guest, table);
    auto binary = wit::text_to_binary(source);
    ASSERT_TRUE(binary) << "seed " << seed << ": " << binary.error().message() << "\n" << source;
    cases += calls_clean + calls_misbehaving + 1;
    differences += compare(seed, *binary, calls, source) ? 0 : 1;
  }
  std::cout << cases << " cases in " << components << " components, " << traps_ << " traps\n";
}

TEST_F(OracleTest, AgreesOnTheLifeOfHandles) {
  std::ifstream file(TENON_SOURCE_DIR "/tests/oracle/resources.wat");
  const std::string source{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  auto binary = wit::text_to_binary(source);
  ASSERT_TRUE(binary) << binary.error().message();
  uint64_t cases = 0;
  int differences = 0;
  // Compiling is most of the work here: many lives for each compilation.
  for (uint64_t seed = plan_.seed; cases < plan_.cases / 4 + 1 && differences < 5; seed++) {
    Random random(seed);
    Json calls = Json::array();
    for (int lives = 0; lives < 40; lives++) {
      Json life = resource_calls(random);
      if (life.empty()) continue;
      life[0]["fresh"] = true;
      calls.insert(calls.end(), life.begin(), life.end());
    }
    cases += calls.size();
    differences += compare(seed, *binary, calls, "") ? 0 : 1;
  }
  std::cout << cases << " calls, " << traps_ << " traps\n";
}

}  // namespace tenon::oracle
