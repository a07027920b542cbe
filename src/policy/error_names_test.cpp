#include "policy/error_names.h"

#include <gtest/gtest.h>

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "base/files.h"

namespace tenon::policy {
namespace {

std::vector<Reason> all_reasons() {
  std::vector<Reason> reasons;
  for (size_t i = 0; i < reason_count; ++i) reasons.push_back(static_cast<Reason>(i));
  return reasons;
}

TEST(Reason, NamesAreInKebabCaseAndEachIsFoundAgain) {
  for (Reason reason : all_reasons()) {
    const std::string name(to_string(reason));
    EXPECT_EQ(name.find_first_not_of("abcdefghijklmnopqrstuvwxyz-"), std::string::npos) << name;
    EXPECT_EQ(find_reason(name), reason) << name;
  }
  EXPECT_EQ(find_reason("nothing"), std::nullopt);
  EXPECT_EQ(find_reason(""), std::nullopt);
}

TEST(Reason, EveryKindIsOneByItself) {
  for (ErrorKind kind : {ErrorKind::InvalidInput, ErrorKind::Unsupported, ErrorKind::NotFound, ErrorKind::Denied, ErrorKind::LimitExceeded, ErrorKind::Timeout,
                         ErrorKind::Trap, ErrorKind::Exit, ErrorKind::Unavailable}) {
    EXPECT_EQ(to_string(reason_of(kind)), to_string(kind));
    EXPECT_EQ(names_of(reason_of(kind)).kind, kind);
  }
}

TEST(Reason, EveryLimitHasOneOfItsOwn) {
  std::set<Reason> seen;
  for (size_t i = 0; i < limit_count; ++i) {
    const Reason reason = reason_of(static_cast<Limit>(i));
    EXPECT_TRUE(seen.insert(reason).second) << to_string(reason);
    EXPECT_EQ(names_of(reason).kind, i == 0 ? ErrorKind::Timeout : ErrorKind::LimitExceeded);
  }
}

TEST(Reason, ReachesEveryErrorOfTheOtherSystems) {
  std::set<SentinelError> sentinel;
  std::set<AirsWasmError> wasm;
  std::set<AirsComponentError> component;
  std::set<AirsExecutionError> execution;
  std::set<AirsMessagingError> messaging;
  std::set<DagwoodError> dagwood;
  for (Reason reason : all_reasons()) {
    const ReasonNames& names = names_of(reason);
    sentinel.insert(names.sentinel);
    wasm.insert(names.wasm);
    component.insert(names.component);
    execution.insert(names.execution);
    messaging.insert(names.messaging);
    dagwood.insert(names.dagwood);
    dagwood.insert(to_c_style(names.dagwood));
  }
  EXPECT_EQ(sentinel.size(), 14U);
  EXPECT_EQ(wasm.size(), 7U);
  EXPECT_EQ(component.size(), 5U);
  EXPECT_EQ(execution.size(), 4U);
  EXPECT_EQ(messaging.size(), 5U);
  EXPECT_EQ(dagwood.size(), 13U);
}

TEST(Reason, LimitsAndTimeAreWhatSentinelPromises) {
  EXPECT_EQ(to_string(names_of(Reason::Fuel).sentinel), "ResourceLimit");
  EXPECT_EQ(to_string(names_of(Reason::Memory).sentinel), "ResourceLimit");
  EXPECT_EQ(to_string(names_of(Reason::PoolFull).sentinel), "ResourceLimit");
  EXPECT_EQ(to_string(names_of(Reason::Deadline).sentinel), "Timeout");
  EXPECT_EQ(to_string(names_of(Reason::MissingImport).sentinel), "Instantiation");
  EXPECT_EQ(to_string(names_of(Reason::MemoryAccess).dagwood), "ComponentError(MemoryAccessFailed)");
  EXPECT_EQ(to_string(names_of(Reason::QueueFull).messaging), "queue-full");
  for (Reason reason : all_reasons()) {
    const ReasonNames& names = names_of(reason);
    EXPECT_EQ(names.kind == ErrorKind::Timeout, names.sentinel == SentinelError::Timeout) << names.name;
  }
}

TEST(Reason, IsOneOfTheCStyleErrorsWhereTheNodeIs) {
  EXPECT_EQ(to_string(to_c_style(DagwoodError::ComponentInterfaceNotFound)), "CStyleError(FunctionNotFound)");
  EXPECT_EQ(to_string(to_c_style(DagwoodError::ComponentMemoryAllocationFailed)), "CStyleError(AllocationFailed)");
  EXPECT_EQ(to_string(to_c_style(DagwoodError::ComponentMemoryAccessFailed)), "CStyleError(FunctionExecutionFailed)");
  EXPECT_EQ(to_string(to_c_style(DagwoodError::InputError)), "InputError");
}

TEST(Reason, TheDocumentSaysTheSameAsTheTable) {
  const auto document = base::read_file(TENON_SOURCE_DIR "/docs/errors.md", uint64_t{1} << 20);
  ASSERT_TRUE(document) << document.error().message();
  for (Reason reason : all_reasons()) {
    const ReasonNames& names = names_of(reason);
    const std::string start = fmt::format("\n| `{}` | ", names.name);
    const std::string end =
        fmt::format(" | {} | {} | {} | {} | {} | {} | {} | {} |\n", to_string(names.kind), names.http_status, to_string(names.sentinel), to_string(names.wasm),
                    to_string(names.component), to_string(names.execution), to_string(names.messaging), to_string(names.dagwood));
    const size_t row = document->find(start);
    ASSERT_NE(row, std::string::npos) << start;
    const std::string line = document->substr(row, document->find('\n', row + 1) - row + 1);
    EXPECT_TRUE(line.ends_with(end)) << line << "should end with" << end;
  }
  EXPECT_EQ(static_cast<size_t>(std::ranges::count(*document, '\n')),
            reason_count + static_cast<size_t>(std::ranges::count(document->substr(0, document->find("\n| `")), '\n')) + 3)
      << "rows that the table does not have";
}

}  // namespace
}  // namespace tenon::policy
