#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "guest.h"
#include "process.h"
#include "tenon/engine.h"
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
    case Misbehaviour::Realloc: a = random.between(1, realloc_kinds); b = random.between(0, 4); break;
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

/// An answer without wording: traps become their reasons.
Json reasons(Json answer) {
  for (Json& result : answer["results"]) {
    if (result.contains("trap")) result["trap"] = trap_reason(result["trap"].get<std::string>());
  }
  return answer;
}

/// What differs between two answers to `calls`, or nothing.
std::string difference(const Json& calls, const Json& ours, const Json& theirs) {
  if (ours.contains("error") || theirs.contains("error")) {
    return ours.contains("error") == theirs.contains("error") ? "" : "ours: " + ours.dump() + "\ntheirs: " + theirs.dump();
  }
  const Json left = reasons(ours);
  const Json right = reasons(theirs);
  for (size_t i = 0; i < calls.size(); i++) {
    if (left["results"][i] == right["results"][i]) continue;
    return "call " + std::to_string(i) + " " + calls[i].dump() + (i > 0 ? "\nafter " + calls[i - 1].dump() : "") + "\nours:   " +
           ours["results"][i].dump() + "\ntheirs: " + theirs["results"][i].dump();
  }
  if (left["journal"] != right["journal"]) return "journals differ\nours:   " + left["journal"].dump() + "\ntheirs: " + right["journal"].dump();
  return "";
}

}  // namespace

TEST(TrapReason, IsTheSameForBothWordings) {
  EXPECT_EQ(trap_reason("list pointer is not aligned"), trap_reason("string pointer not aligned to 2"));
  EXPECT_EQ(trap_reason("wasm trap: wasm `unreachable` instruction executed"), "unreachable");
  EXPECT_EQ(trap_reason("something new"), "something new");
}

TEST(Oracle, AgreesOnRandomComponents) {
  const Plan plan = plan_of_environment();
  std::cout << "seed " << plan.seed << ", " << plan.cases << " cases\n";
  auto oracle = Oracle::start(oracle_path());
  ASSERT_TRUE(oracle) << oracle.error().message();
  const TenonSide tenon(make_engine());
  uint64_t cases = 0;
  uint64_t components = 0;
  uint64_t traps = 0;
  int differences = 0;
  for (uint64_t seed = plan.seed; cases < plan.cases && differences < 5; seed++, components++) {
    Random random(seed);
    TypeTable table;
    const Guest guest = random_guest(random, table);
    const Json calls = make_calls(random, guest, table);
    const std::string source = text(guest, table);
    auto binary = wit::text_to_binary(source);
    ASSERT_TRUE(binary) << "seed " << seed << ": " << binary.error().message() << "\n" << source;
    auto theirs = (*oracle)->ask({reinterpret_cast<const char*>(binary->data()), binary->size()}, calls);
    ASSERT_TRUE(theirs) << "seed " << seed << ": " << theirs.error().message();
    ASSERT_FALSE(theirs->contains("error")) << "seed " << seed << ": the oracle refuses the component: " << theirs->dump() << "\n" << source;
    const Json ours = tenon.answer(*binary, calls);
    for (const Json& result : (*theirs)["results"]) traps += result.contains("trap") ? 1 : 0;
    cases += calls_clean + calls_misbehaving + 1;
    if (const std::string found = difference(calls, ours, *theirs); !found.empty()) {
      differences++;
      ADD_FAILURE() << found << "\nrepeat with TENON_ORACLE_SEED=" << seed << " TENON_ORACLE_CASES=1"
                    << (plan.cases == 1 ? "\n" + source : std::string());
    }
  }
  std::cout << cases << " cases in " << components << " components, " << traps << " traps\n";
}

}  // namespace tenon::oracle
