#include "base/shared_library.h"

#include <gtest/gtest.h>

#include <cmath>

namespace tenon::base {
namespace {

using Cosine = double(double);

TEST(SharedLibrary, GivesAFunctionOfALibrary) {
  const auto library = SharedLibrary::load("libm.so.6");
  ASSERT_TRUE(library) << library.error().message();
  Cosine* cosine = nullptr;
  ASSERT_TRUE(library->find("cos", cosine));
  EXPECT_EQ(cosine(0), 1);
}

TEST(SharedLibrary, SaysWhichLibraryIsMissing) {
  const auto library = SharedLibrary::load("libnobody-has-this.so.1");
  ASSERT_FALSE(library);
  EXPECT_EQ(library.error().kind(), ErrorKind::Unavailable);
  EXPECT_NE(library.error().message().find("libnobody-has-this.so.1"), std::string::npos) << library.error().message();
}

TEST(SharedLibrary, SaysWhichFunctionIsMissing) {
  const auto library = SharedLibrary::load("libm.so.6");
  ASSERT_TRUE(library) << library.error().message();
  Cosine* cosine = nullptr;
  const auto found = library->find("nobody_has_this", cosine);
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().kind(), ErrorKind::Unavailable);
  EXPECT_NE(found.error().message().find("nobody_has_this"), std::string::npos) << found.error().message();
  EXPECT_EQ(cosine, nullptr);
}

}  // namespace
}  // namespace tenon::base
